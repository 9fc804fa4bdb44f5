/*
 * test_tools_silence.c - an empty list that is none: what the tools for
 * alerts, rules and targets make of answers that say less than they seem to,
 * and of moments that are not now.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#include <stdio.h>

#define NOW_MS INT64_C(1763891820000) /* 2025-11-23T09:57:00Z */
#define VECTOR(list)                                                           \
	WORKBENCH_DATA("{\"resultType\":\"vector\",\"result\":[" list "]}")
#define STORED(state)                                                          \
	"{\"metric\":{\"__name__\":\"ALERTS\",\"alertname\":\"X\",\"alert"     \
	"state\":\"" state "\",\"job\":\"j\"},\"value\":[1763891820,\"1\"]}"
#define SINCE                                                                  \
	"{\"metric\":{\"__name__\":\"ALERTS_FOR_STATE\",\"alertname\":\"X\","  \
	"\"job\":\"j\"},\"value\":[1763891820,\"1763890000\"]}"
#define STORE(state)                                                           \
	{"/api/v1/query?query=ALERTS&", 200, NULL, VECTOR(STORED(state))},     \
	{                                                                      \
		"/api/v1/query?query=ALERTS_FOR_STATE&", 200, NULL,            \
		    VECTOR(SINCE)                                              \
	}
#define EMPTY_STORE                                                            \
	{                                                                      \
		"/api/v1/query?query=ALERTS&", 200, NULL, VECTOR("")           \
	}
#define LIST(json)                                                             \
	{                                                                      \
		"/api/v1/alerts", 200, NULL, json                              \
	}

/* ---- alerts, now ---- */

static const struct {
	const char *label;
	struct stub_route routes[4];
	bool success;
	int firing, pending;
	const char *unlisted; /* why the list was not to be had; NULL: it was */
} nows[] = {
    {"the list is empty, the store has one that fires",
	{LIST(WORKBENCH_DATA("{\"alerts\":[]}")), STORE("firing")}, true, 1, 0,
	NULL},
    {"what is pending in the store only is its list's to say",
	{LIST(WORKBENCH_DATA("{\"alerts\":[]}")), STORE("pending")}, true, 0, 0,
	NULL},
    {"both are empty", {LIST(WORKBENCH_DATA("{\"alerts\":[]}")), EMPTY_STORE},
	true, 0, 0, NULL},
    {"a store that cannot be asked takes nothing away",
	{LIST(WORKBENCH_DATA("{\"alerts\":[]}"))}, true, 0, 0, NULL},
    {"there is no list at all", {STORE("firing")}, true, 1, 0, "404"},
    {"without a list those pending are the store's",
	{STORE("pending")}, true, 0, 1, "404"},
    {"no list, and an empty store", {EMPTY_STORE}, true, 0, 0, "404"},
    {"data is null", {LIST(WORKBENCH_DATA("null")), STORE("firing")}, true, 1,
	0, "no list of alerts"},
    {"data is an empty object", {LIST(WORKBENCH_DATA("{}")), STORE("firing")},
	true, 1, 0, "no list of alerts"},
    {"alerts are null",
	{LIST(WORKBENCH_DATA("{\"alerts\":null}")), STORE("firing")}, true, 1,
	0, "no list of alerts"},
    {"data is null, and nothing in its place", {LIST(WORKBENCH_DATA("null"))},
	false, 0, 0, NULL},
    {"null both times",
	{LIST(WORKBENCH_DATA("null")),
	    {"/api/v1/query?query=ALERTS&", 200, NULL, WORKBENCH_DATA("null")}},
	false, 0, 0, NULL},
    {"a login page", {{"/api/v1/alerts", 200, "text/html", "<html>"}}, false,
	0, 0, NULL},
};

START_TEST(an_empty_list_of_alerts_is_held_against_the_store)
{
	struct workbench b;
	const char *unlisted;

	workbench_open(&b, stub_routes, (void *)nows[_i].routes);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert_msg(b.success == nows[_i].success, "%s: %s", nows[_i].label,
	    json_str(b.feedback, "summary"));
	if (b.success) {
		unlisted = cJSON_GetStringValue(workbench_data(&b, "unlisted"));
		ck_assert_msg(
		    workbench_number(&b, "firing") == nows[_i].firing &&
			workbench_number(&b, "pending") == nows[_i].pending,
		    "%s: %s", nows[_i].label, json_str(b.feedback, "summary"));
		ck_assert_int_eq(
		    cJSON_GetArraySize(workbench_data(&b, "alerts")),
		    nows[_i].firing + nows[_i].pending);
		ck_assert_msg((unlisted == NULL) == (nows[_i].unlisted == NULL),
		    "%s", nows[_i].label);
		if (unlisted != NULL)
			assert_contains(unlisted, nows[_i].unlisted);
	}
	workbench_close(&b);
}
END_TEST

START_TEST(alerts_from_the_store_say_since_when)
{
	struct stub_route routes[] = {
	    LIST(WORKBENCH_DATA("{\"alerts\":[]}")), STORE("firing"), {0}};
	struct workbench b;
	const cJSON *one;

	workbench_open(&b, stub_routes, routes);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	one = cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(one, "activeAt"), "2025-11-23T09:26:40Z");
	ck_assert(workbench_number(&b, "stored") == 1);
	ck_assert_str_eq(b.media, "application/x-ndjson");
	workbench_close(&b);
}
END_TEST

#define OF_NS(ns, state)                                                       \
	"{\"labels\":{\"alertname\":\"A\",\"namespace\":\"" ns                 \
	"\"},\"state\":\"" state "\"}"

START_TEST(alerts_that_the_scope_hides_are_counted_and_placed)
{
	struct stub_route routes[] = {
	    LIST(WORKBENCH_DATA("{\"alerts\":[" OF_NS("shop", "firing") "," OF_NS(
		"batch", "firing") "," OF_NS("shop", "firing") "," OF_NS("dev",
		"pending") "," OF_NS("old", "inactive") "]}")),
	    {0}};
	struct workbench b;
	auto_buf text = {.max = 1000};

	workbench_open(&b, stub_routes, routes);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":"
			      "{\"labels\":{\"namespace\":\"shoop\"}}}");
	ck_assert(workbench_number(&b, "firing") == 0);
	ck_assert(workbench_number(&b, "not_matching") == 4);
	json_print(&text, workbench_data(&b, "others"));
	ck_assert_str_eq(buf_str(&text),
	    "{\"firing\":2,\"names\":{\"A\":2},\"labels\":{\"namespace\":[\"shop\",\"batch\"]}}");
	/* Who has what was asked for is hidden by nothing. */
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":"
			      "{\"labels\":{\"alertname\":\"A\"}}}");
	ck_assert(workbench_number(&b, "firing") == 2);
	ck_assert(workbench_number(&b, "copies") == 1);
	ck_assert_ptr_null(workbench_data(&b, "others"));
	workbench_close(&b);
}
END_TEST

START_TEST(warnings_of_both_answers_are_told_each_once)
{
	struct stub_route routes[] = {
	    {"/api/v1/alerts", 200, NULL,
		"{\"status\":\"success\",\"warnings\":[\"one\",\"two\"],"
		"\"data\":{\"alerts\":[]}}"},
	    {"/api/v1/query?query=ALERTS&", 200, NULL,
		"{\"status\":\"success\",\"warnings\":[\"two\"],\"infos\":["
		"\"three\"],\"data\":{\"resultType\":\"vector\",\"result\":[]}"
		"}"},
	    {0}};
	struct workbench b;

	workbench_open(&b, stub_routes, routes);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "\nPrometheus warns: one\ntwo\nthree");
	ck_assert_str_eq(cJSON_GetStringValue(workbench_data(&b, "warnings")),
	    "one\ntwo\nthree");
	workbench_close(&b);
}
END_TEST

/* ---- the moment ---- */

static const struct {
	int ago_s;
	bool past; /* the question said so */
	bool from_store;
} moments[] = {
    {0, false, false},
    {3, false, false}, /* of now, and its step waited */
    {59, false, false},
    {61, false, true},
    {3, true, true},
    {40, true, true},
    {86400, true, true},
};

static void
perform_at(struct workbench *b, const char *tool, int i)
{
	auto_str step = xasprintf("{\"tool\":\"%s\",\"at\":%lld,\"past\":%s}",
	    tool, (long long)(NOW_MS - 1000 * (int64_t)moments[i].ago_s),
	    moments[i].past ? "true" : "false");

	clk_fix_ms(NOW_MS);
	workbench_start(b, step, 0);
	clk_fix_ms(-1);
	ck_assert(loop_until(b->loop, &b->done, AWAIT_MS));
	ck_assert_msg(b->success, "%s", json_str(b->feedback, "summary"));
}

START_TEST(the_moment_asked_about_is_the_moment_looked_at)
{
	struct stub_route routes[] = {
	    LIST(WORKBENCH_DATA("{\"alerts\":[" OF_NS("now", "firing") "]}")),
	    STORE("firing"), {0}};
	struct workbench b;
	const cJSON *one;

	workbench_open(&b, stub_routes, routes);
	perform_at(&b, "query_prometheus_alerts", _i);
	one = cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0);
	ck_assert_str_eq(
	    json_str(one, "name"), moments[_i].from_store ? "X" : "A");
	ck_assert(cJSON_IsTrue(workbench_data(&b, "past")) ==
		  moments[_i].from_store);
	workbench_close(&b);
}
END_TEST

/* ---- targets ---- */

#define UP(instance, value)                                                    \
	"{\"metric\":{\"__name__\":\"up\",\"job\":\"node\",\"instance\":\""    \
	instance "\"},\"value\":[1763891820,\"" value "\"]}"
#define TARGET(instance, health, error)                                        \
	"{\"labels\":{\"job\":\"node\",\"instance\":\"" instance               \
	"\"},\"health\":\"" health "\",\"lastError\":\"" error "\"}"
#define LAST_UP                                                                \
	{                                                                      \
		"/api/v1/query?query=max_over_time%28timestamp%28up%7Bjob%3D"  \
		"~%22node%22%7D",                                              \
		    200, NULL, VECTOR(UP("b", "1763891000"))                   \
	}

START_TEST(targets_of_the_past_are_those_of_up)
{
	struct stub_route routes[] = {
	    {"/api/v1/targets", 200, NULL,
		WORKBENCH_DATA("{\"activeTargets\":[" TARGET("b", "up",
		    "") "]}")},
	    LAST_UP,
	    {"/api/v1/query?query=up&", 200, NULL,
		VECTOR(UP("a", "1") "," UP("b", "0"))},
	    {0}};
	struct workbench b;
	const cJSON *down;

	workbench_open(&b, stub_routes, routes);
	perform_at(&b, "query_prometheus_targets", _i);
	ck_assert(workbench_number(&b, "down") == moments[_i].from_store);
	ck_assert(workbench_number(&b, "up") == 1);
	if (moments[_i].from_store) {
		down = cJSON_GetArrayItem(workbench_data(&b, "targets"), 0);
		ck_assert_str_eq(
		    json_str(down, "lastUp"), "2025-11-23T09:43:20Z");
		ck_assert_str_eq(json_str(down, "health"), "down");
		assert_contains(
		    json_str(b.feedback, "summary"), "by the series up");
	}
	workbench_close(&b);
}
END_TEST

START_TEST(a_moment_without_targets_is_said_to_have_none)
{
	struct stub_route routes[] = {
	    {"/api/v1/query?query=up&", 200, NULL, VECTOR("")}, {0}};
	struct workbench b;

	workbench_open(&b, stub_routes, routes);
	perform_at(&b, "query_prometheus_targets", (int)ARRAY_LEN(moments) - 1);
	assert_contains(
	    json_str(b.feedback, "summary"), "there is no series up at");
	ck_assert(workbench_number(&b, "up") == 0);
	workbench_close(&b);
}
END_TEST

START_TEST(a_target_that_is_down_says_when_it_was_up)
{
	struct stub_route routes[] = {
	    {"/api/v1/targets", 200, NULL,
		WORKBENCH_DATA("{\"activeTargets\":[" TARGET("a", "up",
		    "") "," TARGET("b", "down", "503") "," TARGET("c", "down",
		    "refused") "]}")},
	    LAST_UP, {0}};
	struct workbench b;
	const cJSON *list;

	workbench_open(&b, stub_routes, routes);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}"),
	    "instance=\"b\"} last up 2025-11-23T09:43:20Z: 503");
	list = workbench_data(&b, "targets");
	ck_assert_str_eq(json_str(cJSON_GetArrayItem(list, 0), "lastUp"),
	    "2025-11-23T09:43:20Z");
	ck_assert_ptr_null(json_str(cJSON_GetArrayItem(list, 1), "lastUp"));
	workbench_close(&b);
}
END_TEST

/* Mimir has none; what it stores has `up`. */
START_TEST(a_server_without_targets_is_asked_for_up)
{
	struct stub_route routes[] = {
	    {"/api/v1/query?query=up&", 200, NULL, VECTOR(UP("a", "1"))}, {0}};
	struct workbench b;

	workbench_open(&b, stub_routes, routes);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "up") == 1);
	assert_contains(
	    cJSON_GetStringValue(workbench_data(&b, "unlisted")), "404");
	workbench_close(&b);
	/* Where that fails as well, the first reason is told. */
	routes[0].start = "/none";
	workbench_open(&b, stub_routes, routes);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	ck_assert(!b.success);
	assert_contains(json_str(b.feedback, "summary"), "/api/v1/targets");
	workbench_close(&b);
}
END_TEST

/* ---- rules ---- */

#define RULE(name, type, more)                                                 \
	"{\"type\":\"" type "\",\"name\":\"" name "\",\"query\":\"1\"" more "}"
#define EVALUATED(time) ",\"lastEvaluation\":\"2025-11-23T" time "Z\""
#define GROUP(list)                                                            \
	WORKBENCH_DATA("{\"groups\":[{\"name\":\"g\",\"file\":\"f\","          \
		       "\"rules\":[" list "]}]}")

static const struct {
	const char *label, *body;
	int alerting, broken;
	const char *says;
} healths[] = {
    {"all well",
	GROUP(RULE("A", "alerting", ",\"health\":\"ok\"" EVALUATED(
	    "09:56:00")) "," RULE("b", "recording", "")), 1, 0, NULL},
    {"one fails",
	GROUP(RULE("A", "alerting", ",\"health\":\"err\",\"lastError\":"
				    "\"many-to-many\"")), 1, 1,
	"A: many-to-many"},
    {"a recording one fails",
	GROUP(RULE("A", "alerting", "") "," RULE("b", "recording",
	    ",\"health\":\"err\",\"lastError\":\"e\"")), 1, 1, "b: e"},
    {"an error without its health",
	GROUP(RULE("A", "alerting", ",\"lastError\":\"e\"")), 1, 1, "A: e"},
    {"not evaluated yet",
	GROUP(RULE("A", "alerting", ",\"health\":\"unknown\"")), 1, 1, "A: "},
    {"left behind",
	GROUP(RULE("A", "alerting", EVALUATED("09:56:00")) "," RULE("B",
	    "alerting", EVALUATED("09:35:00"))), 2, 1, "B: "},
    {"a little behind",
	GROUP(RULE("A", "alerting", EVALUATED("09:56:00")) "," RULE("B",
	    "alerting", EVALUATED("09:37:00"))), 2, 0, NULL},
    {"none at all", WORKBENCH_DATA("{\"groups\":[]}"), 0, 0, NULL},
};

START_TEST(rules_that_are_not_evaluated_are_told_apart)
{
	struct stub_route routes[] = {
	    {"/api/v1/rules", 200, NULL, healths[_i].body}, {0}};
	struct workbench b;
	const char *summary;

	workbench_open(&b, stub_routes, routes);
	/* Of all of them, whichever are asked for. */
	summary = workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\","
					"\"args\":{\"names\":[\"None\"]}}");
	ck_assert_msg(
	    workbench_number(&b, "alerting") == healths[_i].alerting, "%s",
	    healths[_i].label);
	if (healths[_i].broken > 0) {
		ck_assert_msg(workbench_number(&b, "broken_total") ==
				  healths[_i].broken,
		    "%s", healths[_i].label);
		assert_contains(summary, healths[_i].says);
	} else {
		ck_assert_ptr_null(workbench_data(&b, "broken_total"));
	}
	workbench_close(&b);
}
END_TEST

START_TEST(no_list_of_rules_is_not_a_list_of_none)
{
	static const char *const bodies[] = {WORKBENCH_DATA("null"),
	    WORKBENCH_DATA("{}"), WORKBENCH_DATA("{\"groups\":null}")};
	struct stub_route routes[] = {
	    {"/api/v1/rules", 200, NULL, bodies[_i]}, {0}};
	struct workbench b;

	workbench_open(&b, stub_routes, routes);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\"}"),
	    "no list of rule groups");
	ck_assert(!b.success);
	workbench_close(&b);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_empty_list_of_alerts_is_held_against_the_store,
		(int)ARRAY_LEN(nows)},
	    {alerts_from_the_store_say_since_when, 0},
	    {alerts_that_the_scope_hides_are_counted_and_placed, 0},
	    {warnings_of_both_answers_are_told_each_once, 0},
	    {the_moment_asked_about_is_the_moment_looked_at,
		(int)ARRAY_LEN(moments)},
	    {targets_of_the_past_are_those_of_up, (int)ARRAY_LEN(moments)},
	    {a_moment_without_targets_is_said_to_have_none, 0},
	    {a_target_that_is_down_says_when_it_was_up, 0},
	    {a_server_without_targets_is_asked_for_up, 0},
	    {rules_that_are_not_evaluated_are_told_apart,
		(int)ARRAY_LEN(healths)},
	    {no_list_of_rules_is_not_a_list_of_none, 3},
	};

	return RUN_TESTS("tools_silence", tests);
}
