/*
 * facts.c - what a run's state tells a planner.
 *
 * Tools may be another version's: every member is optional, and names that
 * Prometheus uses are taken as well as those of the digests.
 */
#include "planner/rules/facts.h"

#include <math.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/statements.h"
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/base/when.h"
#include "common/wire/wire.h"

enum {
	WINDOW_DEFAULT_S = 1800,
	WINDOW_MAX_S = 30 * 86400,
	PENDING_LONG_S = 600,
};

/* ---- answers ---- */

bool
answer_ok(const cJSON *answer)
{
	return tree_is(answer, "status", "SUCCESS");
}

const char *
answer_evidence(const cJSON *answer)
{
	const cJSON *id = cJSON_GetArrayItem(tree_at(answer, "evidence"), 0);

	return cJSON_IsString(id) ? id->valuestring : "";
}

const char *
answer_error(const cJSON *answer)
{
	return tree_str(answer, "summary");
}

static const cJSON *
list_in(const cJSON *answer, const char *const *keys)
{
	const cJSON *data = tree_at(answer, "data");

	if (cJSON_IsArray(data))
		return data;
	for (; *keys != NULL; keys++)
		if (cJSON_IsArray(tree_at(data, *keys)))
			return tree_at(data, *keys);
	return NULL;
}

const cJSON *
answer_series(const cJSON *answer)
{
	static const char *const keys[] = {"series", "result", NULL};

	return answer_ok(answer) ? list_in(answer, keys) : NULL;
}

bool
answer_left_out(const cJSON *answer)
{
	const cJSON *n = tree_at(tree_at(answer, "data"), "series_left_out");

	return answer_ok(answer) && cJSON_IsNumber(n) && n->valuedouble > 0;
}

/* A query tells one from another even where a tool normalises the rest. */
static bool
is_same(const cJSON *asked, const cJSON *args)
{
	if (tree_has(args, "query"))
		return tree_is(asked, "query", tree_str(args, "query")) &&
		       (tree_at(asked, "window") != NULL) ==
			   (tree_at(args, "window") != NULL);
	return cJSON_Compare(asked, args, true);
}

const cJSON *
facts_answer(const struct facts *f, const char *tool, const cJSON *args)
{
	const cJSON *a, *found = NULL;

	cJSON_ArrayForEach (a, tree_at(f->state, "executor_feedback"))
		if (tree_is(a, "tool", tool) &&
		    is_same(tree_at(a, "args"), args))
			found = a;
	return found;
}

int
facts_failures(const struct facts *f, const char *tool)
{
	const cJSON *a;
	int n = -1;

	cJSON_ArrayForEach (a, tree_at(f->state, "executor_feedback"))
		if (tree_is(a, "tool", tool))
			n = answer_ok(a) ? 0 : MAX(n, 0) + 1;
	return n;
}

const cJSON *
facts_latest(const struct facts *f, enum tool_role role)
{
	const cJSON *a, *found = NULL;

	cJSON_ArrayForEach (a, tree_at(f->state, "executor_feedback"))
		if (tool_role_of_feedback(a) == role &&
		    (found == NULL || answer_ok(a) || !answer_ok(found)))
			found = a;
	return found;
}

const cJSON *
facts_described(const struct facts *f, enum tool_role role)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, tree_at(f->state, "tools"))
		if (tool_role_of(t) == role)
			return t;
	return NULL;
}

const char *
facts_tool(const struct facts *f, enum tool_role role)
{
	const cJSON *t = facts_described(f, role);

	if (tree_at(f->state, "tools") == NULL)
		return tool_role_usual(role);
	return t != NULL ? tree_str(t, "name") : NULL;
}

/* ---- the whole ---- */

/* By the question, else by what the tools took it for. */
static bool
is_past(const struct facts *f)
{
	return tree_num(f->state, "past", 0) != 0 ||
	       cJSON_IsTrue(tree_at(tree_at(f->alerts_answer, "data"), "past"));
}

static double
time_of(const cJSON *from, const char *key)
{
	int64_t ms;

	if (tree_num(from, key, 0) > 0)
		return tree_num(from, key, 0);
	if (when_rfc3339(tree_span(from, key), &ms, NULL) != RC_OK)
		return 0;
	return (double)ms / 1000;
}

/* What is now is so by the clock of the server that is asked. */
static void
use_server_clock(struct facts *f)
{
	const cJSON *data = tree_at(f->alerts_answer, "data");
	double now = time_of(data, "time");

	f->clock_ahead_s = tree_num(data, "clock_ahead_s", 0);
	if (f->past || now <= 0)
		f->clock_ahead_s = 0;
	if (f->clock_ahead_s != 0)
		f->at_s = now;
}

void
facts_init(struct facts *f, struct span state, enum report_lang fallback)
{
	static const char *const rules[] = {"rules", NULL};
	static const char *const targets[] = {"targets", NULL};

	*f = (struct facts){.state = wire_to_tree(state), .lang = fallback};
	if (tree_has(f->state, "language"))
		f->lang = report_lang(tree_span(f->state, "language"));
	if (zone_read(tree_span(f->state, "timezone"), &f->zone, NULL) != RC_OK)
		f->zone = (struct zone){0};
	f->at_s = tree_num(f->state, "at", 0) / 1000;
	if (f->at_s <= 0)
		f->at_s = floor((double)clk_wall_ms() / 1000);
	f->window_s = tree_num(f->state, "window", 0);
	if (!(f->window_s >= 60 && f->window_s <= WINDOW_MAX_S))
		f->window_s = WINDOW_DEFAULT_S;
	f->alerts = alerts_of_state(f->state);
	f->alerts_answer = facts_latest(f, TOOL_ROLE_ALERTS);
	f->rules_answer = facts_latest(f, TOOL_ROLE_RULES);
	f->targets_answer = facts_latest(f, TOOL_ROLE_TARGETS);
	f->past = is_past(f);
	use_server_clock(f);
	f->nobody = cJSON_IsArray(tree_at(f->state, "tools")) &&
		    cJSON_GetArraySize(tree_at(f->state, "tools")) == 0;
	f->rules = list_in(f->rules_answer, rules);
	f->targets = list_in(f->targets_answer, targets);
}

void
facts_done(struct facts *f)
{
	cJSON_Delete(f->alerts);
	cJSON_Delete(f->state);
	zone_done(&f->zone);
}

const char *
rule_expr(const cJSON *rule)
{
	return tree_has(rule, "expr") ? tree_str(rule, "expr")
				      : tree_str(rule, "query");
}

static bool
is_rule_of(const cJSON *rule, const cJSON *alert)
{
	return rule_expr(rule)[0] != '\0' &&
	       !tree_is(rule, "type", "recording") &&
	       tree_is(rule, "name", tree_str(alert, "name"));
}

const cJSON *
facts_rule(const struct facts *f, const cJSON *alert)
{
	const cJSON *r;

	cJSON_ArrayForEach (r, f->rules)
		if (is_rule_of(r, alert) &&
		    alerts_match(
			tree_at(alert, "labels"), tree_at(r, "labels")))
			return r;
	/* Templated labels of a rule differ from what came of them. */
	cJSON_ArrayForEach (r, f->rules)
		if (is_rule_of(r, alert))
			return r;
	return NULL;
}

double
facts_since(const cJSON *alert)
{
	const cJSON *at = tree_at(alert, "activeAt");
	int64_t ms;

	if (cJSON_IsNumber(at))
		return at->valuedouble > 1e11 ? at->valuedouble / 1000
					      : at->valuedouble;
	if (!cJSON_IsString(at) ||
	    when_rfc3339(span_of(at->valuestring), &ms, NULL) != RC_OK)
		return 0;
	/* Go's zero time means "not set". */
	return ms > 0 ? (double)ms / 1000 : 0;
}

bool
facts_is_long_pending(const struct facts *f, const cJSON *alert)
{
	double since = facts_since(alert);

	return tree_is(alert, "state", "pending") && alerts_rank(alert) == 0 &&
	       since > 0 && f->at_s - since >= PENDING_LONG_S;
}

bool
facts_is_active(const struct facts *f, const cJSON *alert)
{
	return alerts_is_firing(alert) || facts_is_long_pending(f, alert);
}

/* ---- series ---- */

static bool
number_of(const cJSON *v, double *ret)
{
	char *end;

	if (cJSON_IsNumber(v)) {
		*ret = v->valuedouble;
		return true;
	}
	if (!cJSON_IsString(v))
		return false;
	*ret = strtod(v->valuestring, &end);
	return end != v->valuestring && *end == '\0';
}

static void
read_range(struct series *s, const cJSON *from)
{
	s->is_range = true;
	s->first = s->min = s->max = s->last;
	s->baseline = NAN;
	number_of(tree_at(from, "first"), &s->first);
	number_of(tree_at(from, "min"), &s->min);
	number_of(tree_at(from, "max"), &s->max);
	number_of(tree_at(from, "baseline"), &s->baseline);
	s->from_t = time_of(from, "from");
	s->to_t = time_of(from, "to");
	s->hole_t = time_of(from, "hole_from");
	s->hole_end_t = time_of(from, "hole_to");
	s->max_t = time_of(from, "time_of_max");
	s->min_t = time_of(from, "time_of_min");
}

bool
series_read(const cJSON *from, struct series *ret)
{
	const cJSON *value = tree_at(from, "value");
	struct series s = {.baseline = NAN};

	s.labels = tree_at(from, "labels");
	s.name = tree_str(s.labels, "__name__");
	if (number_of(tree_at(from, "last"), &s.last))
		read_range(&s, from);
	else if (!number_of(value, &s.last))
		return false;
	if (isnan(s.last))
		return false;
	*ret = s;
	return true;
}

bool
series_begins_late(const struct series *s, const struct facts *f)
{
	return s->from_t >
	       f->at_s - f->window_s + statement_slack_s(f->window_s);
}

bool
series_ends_early(const struct series *s, const struct facts *f)
{
	return s->to_t < f->at_s - statement_slack_s(f->window_s);
}

bool
series_is_flat(const struct series *s)
{
	return s->is_range && statement_is_flat(s->min, s->max);
}

bool
series_has_hole(const struct series *s, const struct facts *f)
{
	return s->hole_end_t - s->hole_t > statement_slack_s(f->window_s);
}

bool
series_is_whole(const struct series *s, const struct facts *f)
{
	return s->is_range && !series_begins_late(s, f) &&
	       !series_ends_early(s, f) && !series_has_hole(s, f);
}

bool
series_fits(const struct series *s, const cJSON *labels)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, s->labels)
		if (cJSON_IsString(l) && strcmp(l->string, "__name__") != 0 &&
		    !tree_is(labels, l->string, l->valuestring))
			return false;
	return true;
}
