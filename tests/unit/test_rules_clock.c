/*
 * test_rules_clock.c - the rules planner where the server's clock is not this
 * machine's: what it asks is asked by the server's, and the report says so.
 */
#include <check.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/texts.h"

enum { ROUNDS_MAX = 8 };

static cJSON *
parsed(const char *json)
{
	cJSON *tree = NULL;
	struct err err = {""};

	ck_assert_msg(json_parse(span_of(json), NULL, &tree, &err) == RC_OK,
	    "%s in %s", err.text, json);
	return tree;
}

static cJSON *
update_of(const cJSON *state)
{
	auto_buf wire = {.max = 1 << 20}, update = {.max = 1 << 20};

	wire_put_tree(&wire, state);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, 0);
	return wire_to_tree(buf_span(&update));
}

static const char *
data_of(const char *tool, const char *alerts)
{
	if (strcmp(tool, "query_prometheus_alerts") == 0)
		return alerts;
	if (strcmp(tool, "query_prometheus_rules") == 0)
		return "{\"rules\":[{\"type\":\"alerting\",\"name\":\"Hot\","
		       "\"query\":\"t > 5\",\"labels\":{},\"health\":\"ok\"}],"
		       "\"total\":1}";
	if (strcmp(tool, "query_prometheus_targets") == 0)
		return "{\"up\":1,\"down\":0,\"targets\":[]}";
	return "{\"series\":[]}";
}

static void
answer(cJSON *state, const cJSON *step, const char *alerts)
{
	cJSON *list = cJSON_GetObjectItem(state, "executor_feedback");
	const char *tool = tree_str(step, "tool");
	auto_str id = xasprintf("E%d", cJSON_GetArraySize(list) + 1);
	cJSON *f = cJSON_CreateObject(), *ids;

	cJSON_AddStringToObject(f, "tool", tool);
	cJSON_AddStringToObject(f, "status", "SUCCESS");
	cJSON_AddStringToObject(f, "summary", "");
	cJSON_AddItemToObject(
	    f, "args", cJSON_Duplicate(tree_at(step, "args"), true));
	ids = cJSON_AddArrayToObject(f, "evidence");
	cJSON_AddItemToArray(ids, cJSON_CreateString(id));
	cJSON_AddItemToObject(f, "data", parsed(data_of(tool, alerts)));
	cJSON_AddItemToArray(list, f);
}

/* Runs to the end; the last update, the caller's. */
static cJSON *
run(cJSON *state, const char *alerts)
{
	int i;

	for (i = 0; i < ROUNDS_MAX; i++) {
		AUTO(tree) update = update_of(state);
		const cJSON *plan = tree_at(update, "planner_plan");
		const cJSON *steps = tree_at(plan, "steps"), *step;

		if (tree_is(update, "decision", "FINISH"))
			return TAKE(update);
		cJSON_ArrayForEach (step, steps)
			answer(state, step, alerts);
		if (cJSON_GetArraySize(steps) == 0)
			answer(state, plan, alerts);
	}
	ck_abort_msg("no end");
	return NULL;
}

static const struct {
	const char *clock; /* in the answer about alerts */
	const char *lang, *says;
} clocks[] = {
    {"", "en", NULL},
    {"\"clock_ahead_s\":420,", "en", "`Prometheus is 420 s ahead`"},
    {"\"clock_ahead_s\":-3600,", "en", "`Prometheus is 3600 s behind`"},
    {"\"clock_ahead_s\":-3600,", "zh", "`Prometheus 慢 3600 s`"},
};

START_TEST(what_is_now_is_asked_by_the_servers_clock_and_told)
{
	auto_str alerts = xasprintf(
	    "{%s\"time\":\"2025-11-23T09:57:00Z\",\"firing\":1,\"pending\":0,"
	    "\"alerts\":[{\"name\":\"Hot\",\"state\":\"firing\",\"labels\":{"
	    "\"alertname\":\"Hot\"},\"activeAt\":\"2025-11-23T09:50:00Z\"}]}",
	    clocks[_i].clock);
	auto_str text = xasprintf(
	    "{\"at\":1763888220000,\"window\":1800,\"language\":\"%s\","
	    "\"iteration\":0,\"executor_feedback\":[],\"evidence\":[],"
	    "\"tools\":[{\"name\":\"query_prometheus_alerts\"},{\"name\":"
	    "\"query_prometheus_rules\"},{\"name\":"
	    "\"query_prometheus_targets\"},{\"name\":"
	    "\"query_prometheus_metrics\"},{\"name\":\"find_causes\"}]}",
	    clocks[_i].lang);
	AUTO(tree) state = parsed(text);
	AUTO(tree) update = run(state, alerts);
	const char *report = tree_str(update, "final_report");
	int asked = 0;
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(state, "executor_feedback")) {
		const cJSON *args = tree_at(f, "args");
		bool causes = tree_is(f, "tool", "find_causes");

		if (!causes && !tree_is(f, "tool", "query_prometheus_metrics"))
			continue;
		asked++;
		/* 09:57 is an hour after what was taken for now. */
		ck_assert(tree_num(args, causes ? "at" : "time", 0) ==
			  (clocks[_i].says != NULL ? 1763891820 : 0));
	}
	ck_assert_int_ge(asked, 3);
	/* The moment it begins with is by the same clock as all others. */
	if (clocks[_i].says != NULL) {
		assert_contains(report, clocks[_i].says);
		assert_contains(report, "2025-11-23 09:57:00 UTC");
		assert_lacks(report, "2025-11-23 08:57:00 UTC");
	} else {
		assert_lacks(report, "clock");
		assert_contains(report, "Moment: 2025-11-23 08:57:00 UTC");
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_now_is_asked_by_the_servers_clock_and_told,
		(int)ARRAY_LEN(clocks)},
	};

	return RUN_TESTS("rules_clock", tests);
}
