/*
 * statements.c - what a finding states, held against the answers it cites.
 *
 * One row of the table for each kind. Invariant: a predicate reads nothing
 * but the finding and answers that succeeded and that it cites.
 */
#include "common/report/statements.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/base/when.h"
#include "common/json/tree.h"
#include "common/report/tool_role.h"

struct stated {
	const cJSON *says;
	const cJSON *ids; /* evidence cited */
	const cJSON *feedback;
};

/* ---- what is cited ---- */

static bool
is_cited(const struct stated *s, const cJSON *answer)
{
	const cJSON *id = cJSON_GetArrayItem(tree_at(answer, "evidence"), 0);
	const cJSON *cited;

	cJSON_ArrayForEach (cited, s->ids)
		if (cJSON_IsString(cited) && cJSON_IsString(id) &&
		    strcmp(cited->valuestring, id->valuestring) == 0)
			return true;
	return false;
}

/* The next answer of a role that is cited, after one of them (NULL: the
 * first); NULL when there is none. */
static const cJSON *
next_answer(const struct stated *s, enum tool_role role, const cJSON *after)
{
	const cJSON *a =
	    after != NULL ? after->next
			  : (s->feedback != NULL ? s->feedback->child : NULL);

	for (; a != NULL; a = a->next)
		if (tool_role_of_feedback(a) == role &&
		    tree_is(a, "status", "SUCCESS") && is_cited(s, a))
			return a;
	return NULL;
}

static const cJSON *
causes_data(const struct stated *s)
{
	return tree_at(next_answer(s, TOOL_ROLE_CAUSES, NULL), "data");
}

/* ---- what find_causes says ---- */

static const cJSON *
cause_of(const struct stated *s)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, tree_at(causes_data(s), "causes"))
		if (tree_is(c, "service", tree_str(s->says, "service")))
			return c;
	return NULL;
}

static bool
is_first(const struct stated *s)
{
	return cause_of(s) != NULL && cause_of(s)->prev->next == NULL;
}

static bool
is_complete(const cJSON *data)
{
	return cJSON_GetArraySize(tree_at(data, "missing")) == 0;
}

/* The first suspect, that a path leads to from the alert, nothing missing. */
static bool
is_cause(const struct stated *s)
{
	const cJSON *data = causes_data(s);

	return is_first(s) && is_complete(data) &&
	       cJSON_GetArraySize(tree_at(cause_of(s), "on_path")) > 0 &&
	       (tree_is(data, "confidence", "likely") ||
		   tree_is(data, "confidence", "confirmed"));
}

static bool
is_suspect(const struct stated *s)
{
	const cJSON *data = causes_data(s);

	return is_first(s) && tree_has(data, "confidence") &&
	       !tree_is(data, "confidence", "undetermined");
}

static bool
is_lead(const struct stated *s)
{
	return cJSON_GetArraySize(tree_at(cause_of(s), "series")) > 0;
}

/* Undetermined although enough could be compared. */
static bool
is_none(const struct stated *s)
{
	const cJSON *data = causes_data(s);

	return tree_is(data, "confidence", "undetermined") &&
	       is_complete(data) && tree_num(data, "compared", 1) > 0;
}

static bool
is_missing(const cJSON *data, const char *what)
{
	const cJSON *m;

	cJSON_ArrayForEach (m, tree_at(data, "missing"))
		if (tree_is(m, "what", what))
			return true;
	return false;
}

/* The same answer tells of no change of it, and looked well enough. */
static bool
is_unusual_nowhere(const struct stated *s)
{
	const cJSON *data = causes_data(s), *x;
	const cJSON *services = tree_at(s->says, "services"), *one;

	/* Of several it is said of each. */
	cJSON_ArrayForEach (one, services) {
		AUTO(tree) says = cJSON_CreateObject();
		struct stated each = *s;

		if (!cJSON_IsString(one))
			return false;
		cJSON_AddStringToObject(says, "service", one->valuestring);
		each.says = says;
		if (!is_unusual_nowhere(&each))
			return false;
	}
	if (services != NULL)
		return cJSON_GetArraySize(services) > 0;
	if (data == NULL || is_lead(s))
		return false;
	cJSON_ArrayForEach (x, tree_at(data, "series"))
		if (tree_is(x, "service", tree_str(s->says, "service")))
			return false;
	return !is_missing(data, "queries") && !is_missing(data, "history");
}

/* A release or a new label set is told of it. */
static bool
is_changed(const struct stated *s)
{
	return tree_num(cause_of(s), "changed", 0) > 0;
}

/* The edge to what explains it is known, and that did change. */
static bool
is_explained(const struct stated *s)
{
	const cJSON *data = causes_data(s), *r, *e;
	const char *service = tree_str(s->says, "service"), *by = "";

	cJSON_ArrayForEach (r, tree_at(data, "ruled_out"))
		if (tree_is(r, "service", service))
			by = tree_str(r, "by");
	cJSON_ArrayForEach (e, tree_at(data, "topology"))
		if (by[0] != '\0' && tree_is(e, "client", service) &&
		    tree_is(e, "server", by))
			return true;
	return false;
}

/* ---- what a series did ---- */

double
statement_slack_s(double window_s)
{
	return fmax(15, window_s / 80);
}

bool
statement_is_flat(double min, double max)
{
	/* Infinite ones differ from all but themselves. */
	return min == max || max - min <= 0.001 * fmin(fabs(min), fabs(max));
}

static double
time_of(const cJSON *series, const char *key)
{
	int64_t ms;

	if (tree_num(series, key, 0) > 0)
		return tree_num(series, key, 0);
	return when_rfc3339(tree_span(series, key), &ms, NULL) == RC_OK
		   ? (double)ms / 1000
		   : 0;
}

/* The series with the labels that are spoken of, in the answers cited. */
static const cJSON *
series_of(const struct stated *s)
{
	const cJSON *a = NULL, *x;

	while ((a = next_answer(s, TOOL_ROLE_METRICS, a)) != NULL)
		cJSON_ArrayForEach (x, tree_at(tree_at(a, "data"), "series"))
			if (cJSON_Compare(tree_at(x, "labels"),
				tree_at(s->says, "labels"), true))
				return x;
	return NULL;
}

/* Samples from the one end that is spoken of to the other, and no hole. */
static bool
is_whole(const struct stated *s)
{
	const cJSON *x = series_of(s);
	double from = tree_num(s->says, "from", 0);
	double to = tree_num(s->says, "to", 0);
	double slack = statement_slack_s(to - from);

	return time_of(x, "from") > 0 && time_of(x, "from") <= from + slack &&
	       time_of(x, "to") >= to - slack &&
	       time_of(x, "hole_to") - time_of(x, "hole_from") <= slack;
}

static bool
is_all_through(const struct stated *s)
{
	const cJSON *x = series_of(s);

	/* What JSON lacks (+Inf) is text. */
	return is_whole(s) &&
	       (cJSON_Compare(tree_at(x, "min"), tree_at(x, "max"), true) ||
		   statement_is_flat(
		       tree_num(x, "min", NAN), tree_num(x, "max", NAN)));
}

/* Ended, or was away between two samples for longer than they lie apart. */
static bool
has_hole(const struct stated *s)
{
	const cJSON *x = series_of(s);
	double to = tree_num(s->says, "to", 0);
	double slack = statement_slack_s(to - tree_num(s->says, "from", 0));

	return x != NULL &&
	       (time_of(x, "hole_to") - time_of(x, "hole_from") > slack ||
		   (time_of(x, "to") > 0 && time_of(x, "to") < to - slack));
}

static bool
begins_late(const struct stated *s)
{
	double from = tree_num(s->says, "from", 0);

	return time_of(series_of(s), "from") >
	       from + statement_slack_s(tree_num(s->says, "to", 0) - from);
}

/* Asked for over the window, and not a series came. */
static bool
is_absent(const struct stated *s)
{
	const cJSON *a = next_answer(s, TOOL_ROLE_METRICS, NULL);
	const cJSON *data;

	while (a != NULL && tree_at(tree_at(a, "args"), "window") == NULL)
		a = next_answer(s, TOOL_ROLE_METRICS, a);
	data = tree_at(a, "data");
	return data != NULL &&
	       cJSON_GetArraySize(tree_at(data, "series")) == 0 &&
	       tree_num(data, "series_left_out", 0) <= 0;
}

static double
number_of(const cJSON *v)
{
	return cJSON_IsString(v)   ? strtod(v->valuestring, NULL)
	       : cJSON_IsNumber(v) ? v->valuedouble
				   : NAN;
}

/* Of the one series that is spoken of, the others in the same answer: how
 * many are beyond the threshold; -1: not all of them were listed. */
static int
others_beyond(const struct stated *s)
{
	static const struct {
		const char *op;
		bool less, equal, more; /* beyond it */
	} ops[] = {{">", 0, 0, 1}, {">=", 0, 1, 1}, {"<", 1, 0, 0},
	    {"<=", 1, 1, 0}, {"==", 0, 1, 0}, {"!=", 1, 0, 1}};
	double bound = tree_num(s->says, "threshold", NAN);
	const cJSON *a = next_answer(s, TOOL_ROLE_METRICS, NULL), *x;
	int beyond = 0;
	size_t i = 0;

	while (i < ARRAY_LEN(ops) && !tree_is(s->says, "op", ops[i].op))
		i++;
	if (i == ARRAY_LEN(ops) || a == NULL || isnan(bound) ||
	    tree_num(tree_at(a, "data"), "series_left_out", 0) > 0)
		return -1;
	cJSON_ArrayForEach (x, tree_at(tree_at(a, "data"), "series")) {
		double v = number_of(tree_at(x, "last"));

		if (cJSON_Compare(
			tree_at(x, "labels"), tree_at(s->says, "labels"), true))
			continue;
		beyond += v < bound   ? ops[i].less
			  : v > bound ? ops[i].more
				      : ops[i].equal && v == bound;
	}
	return beyond;
}

static bool
are_within(const struct stated *s)
{
	return others_beyond(s) == 0;
}

/* One listed is enough for that. */
static bool
are_beyond(const struct stated *s)
{
	return others_beyond(s) != 0 &&
	       next_answer(s, TOOL_ROLE_METRICS, NULL) != NULL;
}

/* Nobody else that the label tells apart uses more. */
static bool
is_top_user(const struct stated *s)
{
	const char *key = tree_str(s->says, "key");
	const cJSON *a = NULL, *x;
	double own = NAN, most = -INFINITY;

	while ((a = next_answer(s, TOOL_ROLE_METRICS, a)) != NULL)
		cJSON_ArrayForEach (x, tree_at(tree_at(a, "data"), "series")) {
			double v = number_of(tree_at(x, "value"));

			if (isnan(v) || !tree_has(tree_at(x, "labels"), key))
				continue;
			if (tree_is(tree_at(x, "labels"), key,
				tree_str(s->says, "value")))
				own = fmax(isnan(own) ? v : own, v);
			else
				most = fmax(most, v);
		}
	return own >= most;
}

/* Neither here nor anywhere: two questions, and not a series. */
static bool
is_nobody(const struct stated *s)
{
	const cJSON *a = NULL;
	int n = 0;

	while ((a = next_answer(s, TOOL_ROLE_METRICS, a)) != NULL) {
		const cJSON *list = tree_at(tree_at(a, "data"), "series");

		n++;
		if (n > 1 && cJSON_GetArraySize(list) > 0)
			return false;
	}
	return n > 1;
}

static bool
is_telemetry(const struct stated *s)
{
	const cJSON *targets = next_answer(s, TOOL_ROLE_TARGETS, NULL), *t;

	cJSON_ArrayForEach (t, tree_at(tree_at(targets, "data"), "targets"))
		if (tree_is(t, "health", "down"))
			return false;
	return targets != NULL && is_whole(s);
}

static bool
is_down(const struct stated *s)
{
	const cJSON *t;

	cJSON_ArrayForEach (
	    t, tree_at(tree_at(next_answer(s, TOOL_ROLE_TARGETS, NULL), "data"),
		   "targets"))
		if (tree_is(t, "health", "down") &&
		    cJSON_Compare(
			tree_at(t, "labels"), tree_at(s->says, "labels"), true))
			return true;
	return false;
}

/* ---- what was not answered ---- */

static bool
is_failed(const struct stated *s)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, s->feedback)
		if (!tree_is(a, "status", "SUCCESS") && is_cited(s, a))
			return true;
	return false;
}

/* ---- the table ---- */

static const struct {
	const char *kind;
	bool (*holds)(const struct stated *s);
} kinds[] = {
    {"cause", is_cause},
    {"suspect", is_suspect},
    {"lead", is_lead},
    {"none_stands_out", is_none},
    {"nothing_unusual", is_unusual_nowhere},
    {"explained", is_explained},
    {"all_through", is_all_through},
    {"telemetry", is_telemetry},
    {"no_user", is_nobody},
    {"hole", has_hole},
    {"begins_late", begins_late},
    {"absent", is_absent},
    {"others_within", are_within},
    {"others_beyond", are_beyond},
    {"top_user", is_top_user},
    {"changed", is_changed},
    {"target_down", is_down},
    {"failed", is_failed},
};

const char *
statement_kind(int i)
{
	return (size_t)i < ARRAY_LEN(kinds) ? kinds[i].kind : NULL;
}

bool
statement_holds(const cJSON *finding, const cJSON *state)
{
	struct stated s = {.says = tree_at(finding, "says"),
	    .ids = tree_at(finding, "evidence"),
	    .feedback = tree_at(state, "executor_feedback")};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (tree_is(s.says, "kind", kinds[i].kind))
			return kinds[i].holds(&s);
	return true;
}
