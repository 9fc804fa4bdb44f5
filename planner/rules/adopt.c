/* adopt.c - another's answer of find_causes in the place of the rules' own. */
#include "planner/rules/adopt.h"

#include <math.h>
#include <string.h>

#include "common/base/when.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/rules/promql_scan.h"

enum { SHOWN_MAX = 300 };

static bool
lacks(const cJSON *answer, const char *what)
{
	const cJSON *m;

	cJSON_ArrayForEach (m, tree_at(tree_at(answer, "data"), "missing"))
		if (tree_is(m, "what", what))
			return true;
	return false;
}

static const char *
first_of(const cJSON *answer)
{
	return tree_str(
	    cJSON_GetArrayItem(tree_at(tree_at(answer, "data"), "causes"), 0),
	    "service");
}

/* ---- whose alert it is about ---- */

static bool
is_same_but(const cJSON *args, const cJSON *own, const char *const *free)
{
	const cJSON *m;
	int i;

	cJSON_ArrayForEach (m, args) {
		for (i = 0; free[i] != NULL && strcmp(free[i], m->string) != 0;
		     i++)
			;
		if (free[i] == NULL &&
		    !cJSON_Compare(m, tree_at(own, m->string), true))
			return false;
	}
	cJSON_ArrayForEach (m, own)
		if (tree_at(args, m->string) == NULL)
			return false;
	return true;
}

static const struct study *
study_of(const struct kase *k, const cJSON *args)
{
	static const char *const beside[] = {"alert", "onset", "limit", NULL};
	static const char *const within[] = {"labels", NULL};
	const cJSON *alert = tree_at(args, "alert");
	int i;

	for (i = 0; i < k->n_studies; i++) {
		const struct study *s = &k->studies[i];
		const cJSON *own = tree_at(s->causes.args, "alert"), *l;
		bool same = s->causes.tool != NULL &&
			    is_same_but(args, s->causes.args, beside) &&
			    is_same_but(alert, own, within);

		cJSON_ArrayForEach (l, tree_at(own, "labels"))
			same = same &&
			       cJSON_Compare(l,
				   tree_at(tree_at(alert, "labels"), l->string),
				   true);
		if (same)
			return s;
	}
	return NULL;
}

static void
no_such(const struct kase *k, struct err *why)
{
	auto_buf own = {.max = SHOWN_MAX};

	if (k->n_studies > 0 && k->studies[0].causes.args != NULL)
		json_print(&own, k->studies[0].causes.args);
	err_set(why, RC_DENIED,
	    "its question is about another alert, or chooses a window, a scope "
	    "or a moment of its own; ask with the arguments %s, and \"onset\" "
	    "at most",
	    buf_str(&own));
}

/* ---- a label more ---- */

/* Whether a selector of the expression demands it, and none another value. */
static bool
is_demanded(const char *expr, const char *key, const char *value)
{
	struct scan s = scan_of(span_of(expr));
	struct token name = {.kind = T_END}, op = name, t;
	bool found = false;

	while ((t = scan_next(&s)).kind != T_END && t.kind != T_BAD) {
		if (t.kind == T_STRING && t.n >= 2 && op.kind == T_OP &&
		    token_is(op, "=") && name.kind == T_NAME &&
		    name.n == strlen(key) && memcmp(name.p, key, name.n) == 0) {
			if (t.n - 2 != strlen(value) ||
			    memcmp(t.p + 1, value, t.n - 2) != 0)
				return false;
			found = true;
		}
		name = op;
		op = t;
	}
	return found;
}

/* Whether the alert's own evidence names that label. */
static bool
is_named(const struct study *s, const cJSON *label)
{
	const struct looked *x = study_own(s);

	if (!cJSON_IsString(label))
		return false;
	if (x != NULL && x->found &&
	    tree_is(x->series.labels, label->string, label->valuestring))
		return true;
	return is_demanded(
	    rule_expr(s->rule), label->string, label->valuestring);
}

static enum rc
check_labels(
    const struct study *s, const cJSON *args, bool *ret_more, struct err *why)
{
	const cJSON *own = tree_at(tree_at(s->causes.args, "alert"), "labels");
	const cJSON *l;

	cJSON_ArrayForEach (l, tree_at(tree_at(args, "alert"), "labels")) {
		if (tree_at(own, l->string) != NULL)
			continue;
		*ret_more = true;
		if (!is_named(s, l))
			return err_set(why, RC_DENIED,
			    "the label %.60s, which it adds, is neither in the "
			    "alert's expression nor in the series it measures",
			    l->string);
	}
	return RC_OK;
}

/* ---- a moment ---- */

static double
moment_of(const cJSON *v)
{
	int64_t ms;

	if (cJSON_IsNumber(v))
		return v->valuedouble;
	return cJSON_IsString(v) &&
		       when_rfc3339(span_of(v->valuestring), &ms, NULL) == RC_OK
		   ? (double)ms / 1000
		   : NAN;
}

static bool
is_near(double t, double moment)
{
	return moment > 0 && fabs(t - moment) <= STUDY_AGREE_S;
}

static enum rc
check_onset(const struct study *s, const cJSON *onset, struct err *why)
{
	double t = moment_of(onset);

	if (onset == NULL || is_near(t, study_symptom_since(s)) ||
	    is_near(t, facts_since(s->alert)))
		return RC_OK;
	return err_set(why, RC_DENIED,
	    "at the \"onset\" it chooses nothing of the alert was seen to "
	    "begin; that was at %.0f",
	    study_symptom_since(s) > 0 ? study_symptom_since(s)
				       : facts_since(s->alert));
}

/* ---- what the rules' own answer says to it ---- */

/* Where it says nothing, the same question again; where it did not know whose
 * alert it is, the same with that; else the same but for the moment. */
static enum rc
check_own(const struct study *s, const cJSON *feedback, bool more_labels,
    struct err *why)
{
	const cJSON *own = s->causes.answer;
	bool moment = tree_at(tree_at(feedback, "args"), "onset") != NULL;
	bool nameless = lacks(own, "entity");

	if ((!answer_ok(own) || nameless) && moment)
		return err_set(why, RC_DENIED,
		    "no \"onset\" may be chosen for this alert");
	if (!answer_ok(own) ? more_labels : more_labels != nameless)
		return err_set(why, RC_DENIED,
		    nameless ? "no label of the alert names a service; add "
			       "the one that its expression names"
			     : "no label may be added to this alert's own");
	if (answer_ok(own) && !nameless &&
	    (strcmp(first_of(own), first_of(feedback)) != 0 ||
		lacks(own, "order")))
		return err_set(why, RC_DENIED,
		    "asked without an \"onset\", find_causes puts another "
		    "first, or found that the symptom came before");
	return RC_OK;
}

const cJSON *
adopt_question(const struct kase *k, const cJSON *feedback, struct err *why)
{
	const cJSON *args = tree_at(feedback, "args");
	const struct study *s = study_of(k, args);
	bool more = false;

	if (!answer_ok(feedback)) {
		err_set(why, RC_DENIED, "what it cites has failed");
		return NULL;
	}
	if (s == NULL) {
		no_such(k, why);
		return NULL;
	}
	if (check_labels(s, args, &more, why) != RC_OK ||
	    check_onset(s, tree_at(args, "onset"), why) != RC_OK ||
	    check_own(s, feedback, more, why) != RC_OK)
		return NULL;
	return s->causes.args;
}
