/* model_view.c - what a model concluded, judged. */
#include "planner/model_view.h"

#include <string.h>

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/verify.h"
#include "common/wire/wire.h"

enum {
	STATE_MAX = 24 << 20,
	CITED_MAX = 6,
	FAILED_MAX = 2000,
	WRONG_MAX = 2 * FAILED_MAX,
};

/* ---- a cause that its own evidence shows ---- */

static bool
is_among(const cJSON *list, const char *text)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, list)
		if (cJSON_IsString(one) && strcmp(one->valuestring, text) == 0)
			return true;
	return false;
}

/* Whether the conclusion says of that service that it is likely the cause, by
 * that evidence. */
static bool
shows(const cJSON *conclusion, const char *service, const char *evidence)
{
	const cJSON *incidents = tree_at(conclusion, "incidents"), *f,
		    *incident;

	cJSON_ArrayForEach (f, tree_at(conclusion, "findings")) {
		incident = cJSON_GetArrayItem(
		    incidents, (int)tree_num(f, "incident", -1));
		if (tree_is(f, "role", "cause") &&
		    tree_is(tree_at(f, "says"), "service", service) &&
		    tree_is(incident, "confidence", "likely") &&
		    is_among(tree_at(f, "evidence"), evidence))
			return true;
	}
	return false;
}

/* false: no answer of that id that would do; what was tried is cleaned up. */
static bool
adopt(struct model_view *v, const struct model_answer *a, const char *name,
    const char *id)
{
	struct err why = {""};

	if (baseline_adopt(&v->adopted, a->wire, a->lang, id, &why) == RC_OK) {
		if (shows(v->adopted.conclusion, name, id)) {
			v->conclusion = v->adopted.conclusion;
			v->evidence = id;
			return true;
		}
		err_set(&why, RC_DENIED,
		    "by %.8s %.80s is not likely the cause either", id, name);
	}
	baseline_done(&v->adopted);
	buf_addf(&v->wrong, "%s%s", v->wrong.len > 0 ? "; " : "", why.text);
	return false;
}

static bool
is_cause_of(const cJSON *conclusion, const char *service)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(conclusion, "findings"))
		if (tree_is(f, "role", "cause") &&
		    tree_is(tree_at(f, "says"), "service", service))
			return true;
	return false;
}

static void
find_adopted(
    struct model_view *v, const struct model_answer *a, const cJSON *findings)
{
	const cJSON *f, *id;

	cJSON_ArrayForEach (f, findings) {
		const char *name = tree_str(f, "name");

		if (!tree_is(f, "role", "cause") || name[0] == '\0' ||
		    is_cause_of(v->conclusion, name))
			continue;
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (adopt(v, a, name, id->valuestring))
				return;
	}
}

/* ---- what it claims ---- */

/* What it sums up is the first of its causes. */
static cJSON *
summary_of(const cJSON *plan)
{
	cJSON *claim = cJSON_CreateObject();
	cJSON *ids = cJSON_AddArrayToObject(claim, "evidence");
	const cJSON *f, *id;

	json_add_span(claim, "text", tree_span(plan, "summary"));
	cJSON_ArrayForEach (f, tree_at(plan, "findings")) {
		if (!tree_is(f, "role", "cause"))
			continue;
		if (!tree_has(claim, "role")) {
			cJSON_AddStringToObject(claim, "role", "cause");
			json_add_span(claim, "name", tree_span(f, "name"));
		}
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (cJSON_GetArraySize(ids) < CITED_MAX)
				cJSON_AddItemToArray(
				    ids, cJSON_Duplicate(id, true));
	}
	return claim;
}

static cJSON *
opinion_of(const struct model_answer *a, const cJSON *plan)
{
	cJSON *o = cJSON_CreateObject(), *claims, *claim;
	const cJSON *f;

	json_add_span(o, "by", span_of(a->by));
	cJSON_AddStringToObject(o, "confidence", tree_str(plan, "confidence"));
	claims = cJSON_AddArrayToObject(o, "claims");
	if (!tree_has(plan, "summary"))
		return o;
	cJSON_AddItemToArray(claims, summary_of(plan));
	cJSON_ArrayForEach (f, tree_at(plan, "findings"))
		cJSON_AddItemToArray(claims, cJSON_Duplicate(f, true));
	if (!tree_has(plan, "next"))
		return o;
	claim = cJSON_CreateObject();
	cJSON_AddStringToObject(claim, "role", "open");
	json_add_span(claim, "text", tree_span(plan, "next"));
	cJSON_AddItemToArray(claims, claim);
	return o;
}

/* The state with that conclusion; what else it holds is not looked into. */
static void
put_state_with(struct buf *b, struct span state, const cJSON *conclusion)
{
	struct wire_r r = wire_reader(state);
	uint32_t n = wire_map(&r);

	wire_put_map(b, n + (wire_find(state, "conclusion").n == 0 ? 1 : 0));
	while (n-- > 0) {
		struct span key = wire_str(&r), value = wire_raw(&r);

		if (span_is(key, "conclusion"))
			continue;
		wire_put_span(b, key);
		wire_put_raw(b, value);
	}
	wire_put_str(b, "conclusion");
	wire_put_tree(b, conclusion);
}

/* A link that nobody vouches for is none. */
static void
put_unlinked(struct buf *b, const char *text)
{
	const char *end;

	for (; *text != '\0'; text = end) {
		size_t n = strcspn(text, " \t\r\n");
		bool link = memmem(text, n, "://", 3) != NULL ||
			    memmem(text, n, "www.", 4) != NULL;

		end = text + n + strspn(text + n, " \t\r\n");
		if (link)
			buf_adds(b, "(…) ");
		else
			buf_add(b, text, (size_t)(end - text));
	}
}

static void
tell_apart(struct model_view *v, const char *text)
{
	if (v->unverified.len > 0)
		buf_addc(&v->unverified, ' ');
	put_unlinked(&v->unverified, text);
}

static void
put_failed(struct model_view *v, const struct verdict *verdict)
{
	auto_buf failed = {.max = STATE_MAX};

	verdict_put_failed(&failed, verdict);
	if (v->wrong.len > 0)
		buf_adds(&v->wrong, "; ");
	buf_add_span(&v->wrong, utf8_cut(buf_span(&failed), FAILED_MAX));
}

static void
drop(struct model_view *v, int i)
{
	cJSON *claims = cJSON_GetObjectItem(v->opinion, "claims");

	tell_apart(v, tree_str(cJSON_GetArrayItem(claims, i), "text"));
	cJSON_DeleteItemFromArray(claims, i);
}

/* What cites nothing is nothing to be checked. */
static void
drop_uncited(struct model_view *v)
{
	const cJSON *claims = tree_at(v->opinion, "claims");
	int i = 0;

	while (i < cJSON_GetArraySize(claims)) {
		const cJSON *c = cJSON_GetArrayItem(claims, i);

		if (cJSON_GetArraySize(tree_at(c, "evidence")) == 0)
			drop(v, i);
		else
			i++;
	}
}

/* Leaves of an opinion what is borne out, as far as can be told from what
 * tools told of their evidence. */
static void
sift(struct model_view *v, const struct model_answer *a)
{
	AUTO(tree) conclusion = cJSON_Duplicate(v->conclusion, true);
	AUTO(verdict) verdict = NULL;
	auto_buf wire = {.max = STATE_MAX};
	const cJSON *judged = NULL;
	bool any = false;
	int i = 0;

	drop_uncited(v);
	cJSON_AddItemToObject(
	    conclusion, "opinion", cJSON_Duplicate(v->opinion, true));
	put_state_with(&wire, a->wire, conclusion);
	while (wire.full && tree_at(v->opinion, "claims")->child != NULL)
		drop(v, 0);
	if (wire.full)
		return;
	verdict = verify_report(&(struct verify_in){.state = buf_span(&wire)});
	cJSON_ArrayForEach (
	    judged, tree_at(tree_at(verdict_conclusion(verdict), "opinion"),
			"claims")) {
		if (!cJSON_IsTrue(tree_at(judged, REPORT_UNVERIFIED))) {
			i++;
			continue;
		}
		any = true;
		drop(v, i);
	}
	if (any)
		put_failed(v, verdict);
}

/* ---- whom it leaves out ---- */

static bool
is_spoken_of(const cJSON *claims, const char *service)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, claims)
		if (tree_is(c, "name", service) &&
		    (tree_is(c, "role", "cause") ||
			tree_is(c, "role", "contributing") ||
			tree_is(c, "role", "ruled_out")))
			return true;
	return false;
}

/* Whom find_causes holds likely is not dropped in silence. */
static void
miss_likely(struct model_view *v)
{
	const cJSON *claims = tree_at(v->opinion, "claims"), *f;

	cJSON_ArrayForEach (f, tree_at(v->conclusion, "findings")) {
		const cJSON *says = tree_at(f, "says");

		if (!tree_is(f, "role", "cause") ||
		    !tree_is(says, "kind", "cause") ||
		    is_spoken_of(claims, tree_str(says, "service")))
			continue;
		buf_addf(&v->wrong,
		    "%sfind_causes holds %.80s likely: name it as the cause, "
		    "or rule it out by evidence against it",
		    v->wrong.len > 0 ? "; " : "", tree_str(says, "service"));
	}
}

/* ---- the verdict ---- */

/* What became of its cause. */
static const char *
fate(const struct model_view *v, const cJSON *plan)
{
	const cJSON *c;
	bool named = false;

	if (v->evidence != NULL)
		return "adopted";
	cJSON_ArrayForEach (c, tree_at(v->opinion, "claims"))
		if (tree_is(c, "role", "cause"))
			return "agrees";
	cJSON_ArrayForEach (c, tree_at(plan, "findings"))
		named |= tree_is(c, "role", "cause");
	return named ? "unverified" : "none";
}

/* No surer than what holds of it bears. */
static void
cap(cJSON *opinion)
{
	AUTO(tree) conclusion = cJSON_CreateObject();
	enum report_confidence least;

	cJSON_AddItemToObject(conclusion, "findings",
	    cJSON_Duplicate(tree_at(opinion, "claims"), true));
	least = MIN(report_confidence_cap(conclusion),
	    report_confidence_of(tree_str(opinion, "confidence")));
	cJSON_ReplaceItemInObjectCaseSensitive(opinion, "confidence",
	    cJSON_CreateString(report_confidence_name(least)));
}

void
model_view_init(
    struct model_view *v, const struct model_answer *a, const cJSON *plan)
{
	cJSON *verdict;

	*v = (struct model_view){.conclusion = a->base->conclusion,
	    .unverified = {.max = REPORT_BYTES_MAX},
	    .wrong = {.max = WRONG_MAX}};
	find_adopted(v, a, tree_at(plan, "findings"));
	v->opinion = opinion_of(a, plan);
	if (tree_has(plan, "summary")) {
		sift(v, a);
		miss_likely(v);
	} else {
		tell_apart(v, tree_str(plan, "report"));
		buf_adds(&v->wrong,
		    "it is no json object; what it claims cannot be checked");
	}
	cap(v->opinion);
	verdict = cJSON_AddObjectToObject(v->opinion, "verdict");
	json_add_span(verdict, "by", span_of(a->by));
	cJSON_AddBoolToObject(verdict, "ok", v->wrong.len == 0);
	cJSON_AddStringToObject(verdict, "cause", fate(v, plan));
	json_add_span(verdict, "wrong", buf_span(&v->wrong));
}

void
model_view_done(struct model_view *v)
{
	baseline_done(&v->adopted);
	cJSON_Delete(v->opinion);
	buf_done(&v->unverified);
	buf_done(&v->wrong);
}
