/*
 * test_tools_alerts.c - the tools for alerts, rules and targets, against a stub
 * that answers as Prometheus would.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#define NOW_MS INT64_C(1763891820000) /* 2025-11-23T09:57:00Z */

/* ---- alerts ---- */

static struct stub_route alerts[] = {
    {"/api/v1/alerts", 200, NULL,
	WORKBENCH_DATA(
	    "{\"alerts\":["
	    "{\"labels\":{\"alertname\":\"HighCpu\",\"instance\":\"a:1\"},"
	    "\"annotations\":{\"summary\":\"CPU of a\"},"
	    "\"state\":\"firing\",\"activeAt\":\"2025-11-23T09:50:00Z\","
	    "\"value\":\"9.7e-01\"},"
	    "{\"labels\":{\"alertname\":\"HighCpu\",\"instance\":\"b:1\"},"
	    "\"annotations\":{},\"state\":\"pending\","
	    "\"activeAt\":\"2025-11-23T09:56:30Z\",\"value\":\"NaN\"}]}")},
    {0},
};

START_TEST(every_alert_instance_is_listed)
{
	struct workbench b;
	const char *summary;
	const cJSON *first;

	workbench_open(&b, stub_routes, alerts);
	clk_fix_ms(NOW_MS);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(b.success);
	ck_assert_str_eq(json_str(b.feedback, "role"), "alerts");
	assert_contains(summary, "1 firing, 1 pending at 2025-11-23T09:57:00Z");
	assert_contains(summary, "HighCpu {instance=\"a:1\"} firing since "
				 "2025-11-23T09:50:00Z, value 0.97");
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "alerts")), 2);
	first = cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(first, "name"), "HighCpu");
	ck_assert_str_eq(
	    json_str(cJSON_GetObjectItem(first, "annotations"), "summary"),
	    "CPU of a");
	ck_assert(
	    cJSON_GetNumberValue(cJSON_GetObjectItem(first, "value")) == 0.97);
	ck_assert_str_eq(buf_str(&b.evidence), alerts[0].body);
	ck_assert_str_eq(b.media, "application/json");
	workbench_close(&b);
}
END_TEST

START_TEST(alerts_are_chosen_by_state_and_labels)
{
	struct workbench b;

	workbench_open(&b, stub_routes, alerts);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
			      "\"state\":\"pending\"}}");
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "alerts")), 1);
	ck_assert(workbench_number(&b, "not_matching") == 1);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
			      "\"labels\":{\"instance\":\"a:1\"}}}");
	ck_assert(workbench_number(&b, "firing") == 1 &&
		  workbench_number(&b, "pending") == 0);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
			      "\"limit\":1,\"state\":\"any\"}}");
	ck_assert(workbench_number(&b, "left_out") == 1);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\","
				  "\"args\":{\"labels\":{\"x\":\"y\"}}}"),
	    "Empty: no alert fires or is pending with these labels");
	workbench_close(&b);
}
END_TEST

static struct stub_route no_alerts[] = {
    {"/api/v1/alerts", 200, NULL, WORKBENCH_DATA("{\"alerts\":[]}")}, {0}};

START_TEST(no_alert_is_said_to_be_none)
{
	struct workbench b;

	workbench_open(&b, stub_routes, no_alerts);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "Empty: no alert fires or is pending at");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "firing") == 0);
	workbench_close(&b);
}
END_TEST

/* Writes n instances with long annotations. */
static char *
many_alerts(int n)
{
	struct buf b = {.max = 16 << 20};
	int i;

	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < n; i++)
		buf_addf(&b,
		    "%s{\"labels\":{\"alertname\":\"Storm\",\"instance\":"
		    "\"host-%d:9100\"},\"annotations\":{\"description\":"
		    "\"%0600d\"},\"state\":\"firing\",\"activeAt\":"
		    "\"2025-11-23T09:50:00Z\",\"value\":\"1e+00\"}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&b, "]}}");
	return buf_take(&b);
}

/* Of more instances than are listed each rule has some, the severe ones are
 * all there, and each is counted. */
START_TEST(what_is_listed_of_a_storm_is_chosen)
{
	auto_buf body = {.max = 4 << 20};
	struct stub_route route[] = {{"/", 200, NULL, NULL}, {0}};
	const cJSON *alert, *name;
	int i, severe = 0, late = 0, small = 0;
	double left = 0;
	struct workbench b;

	buf_adds(&body, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < 9000; i++)
		buf_addf(&body,
		    "%s{\"state\":\"firing\",\"labels\":{\"alertname\":"
		    "\"%s\",\"severity\":\"%s\",\"pod\":\"p%d\"}}",
		    i > 0 ? "," : "",
		    i == 8999       ? "Late"
		    : i % 100 == 99 ? "Small"
				    : "Big",
		    i > 8000 && i % 10 == 5 ? "critical" : "warning", i);
	buf_adds(&body, "]}}");
	route[0].body = buf_str(&body);
	workbench_open(&b, stub_routes, route);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "9000 firing");
	ck_assert(workbench_number(&b, "firing") == 9000);
	ck_assert(workbench_number(&b, "left_out") == 7000);
	ck_assert_int_eq(
	    cJSON_GetArraySize(workbench_data(&b, "alerts")), 2000);
	cJSON_ArrayForEach (alert, workbench_data(&b, "alerts")) {
		const cJSON *labels = tree_at(alert, "labels");

		severe += tree_is(labels, "severity", "critical");
		late += tree_is(labels, "alertname", "Late");
		small += tree_is(labels, "alertname", "Small");
	}
	ck_assert_int_eq(severe, 100);
	ck_assert_int_eq(late, 1);
	ck_assert_int_ge(small, 1);
	cJSON_ArrayForEach (name, workbench_data(&b, "names"))
		left +=
		    tree_num(name, "firing", 0) - tree_num(name, "listed", 0);
	ck_assert(left == 7000);
	workbench_close(&b);
}
END_TEST

START_TEST(an_alert_storm_is_listed_whole_within_the_limits)
{
	auto_str body = many_alerts(2500);
	struct stub_route route[] = {{"/", 200, NULL, body}, {0}};
	auto_buf text = {.max = 8 << 20};
	struct workbench b;

	workbench_open(&b, stub_routes, route);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "2500 firing, 0 pending");
	ck_assert_int_eq(
	    cJSON_GetArraySize(workbench_data(&b, "alerts")), 2000);
	ck_assert(workbench_number(&b, "left_out") == 500);
	ck_assert(cJSON_IsTrue(workbench_data(&b, "annotations_cut")));
	json_print(&text, b.feedback);
	ck_assert_uint_lt(text.len, 1500000);
	ck_assert_uint_eq(b.evidence.len, strlen(body));
	workbench_close(&b);
}
END_TEST

static struct stub_route past[] = {
    {"/api/v1/query?query=ALERTS_FOR_STATE&", 200, NULL,
	WORKBENCH_DATA(
	    "{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
	    "\"__name__\":\"ALERTS_FOR_STATE\",\"alertname\":\"X\","
	    "\"job\":\"j\"},\"value\":[1763880000,\"1763879000\"]}]}")},
    {"/api/v1/query?query=ALERTS&time=1763880000&", 200, NULL,
	WORKBENCH_DATA(
	    "{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
	    "\"__name__\":\"ALERTS\",\"alertname\":\"X\",\"alertstate\":"
	    "\"firing\",\"job\":\"j\"},\"value\":[1763880000,\"1\"]}]}")},
    {0},
};

START_TEST(alerts_of_the_past_come_from_their_series)
{
	struct workbench b;
	const cJSON *one;

	workbench_open(&b, stub_routes, past);
	clk_fix_ms(NOW_MS);
	workbench_start(&b,
	    "{\"tool\":\"query_prometheus_alerts\","
	    "\"at\":1763880000000}",
	    0);
	clk_fix_ms(-1);
	ck_assert(loop_until(b.loop, &b.done, AWAIT_MS));
	ck_assert_msg(b.success, "%s", json_str(b.feedback, "summary"));
	one = cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(one, "name"), "X");
	ck_assert_str_eq(json_str(one, "state"), "firing");
	ck_assert_str_eq(json_str(one, "activeAt"), "2025-11-23T06:23:20Z");
	ck_assert_ptr_null(
	    json_str(cJSON_GetObjectItem(one, "labels"), "alertstate"));
	assert_contains(
	    json_str(b.feedback, "summary"), "from the series ALERTS");
	ck_assert_str_eq(b.media, "application/x-ndjson");
	assert_contains(buf_str(&b.evidence), "}\n{");
	workbench_close(&b);
}
END_TEST

static struct stub_route odd_alerts[] = {
    {"/api/v1/alerts", 200, NULL,
	"{\"status\":\"success\",\"warnings\":[\"one\",\"two\"],"
	"\"data\":{\"alerts\":["
	"{\"labels\":{\"alertname\":\"A\",\"__name__\":\"m\",\"long\":\""
	"0123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789\"},\"annotations\":{\"n\":7,"
	"\"s\":\"x\"},\"state\":\"firing\",\"value\":\"high\"},"
	"{\"labels\":{\"alertname\":\"B\",\"team\":\"a\"},\"state\":\"firing\"}"
	","
	"{\"state\":\"firing\"}]}}"},
    {0},
};

START_TEST(what_a_server_warns_of_stands_at_the_end_and_in_the_data)
{
	static const char end[] = "\nPrometheus warns: one\ntwo";
	struct workbench b;
	const char *summary;
	size_t n;

	workbench_open(&b, stub_routes, odd_alerts);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(b.success);
	n = strlen(summary);
	ck_assert_msg(
	    n > strlen(end) && strcmp(summary + n - strlen(end), end) == 0,
	    "%s", summary);
	ck_assert_str_eq(
	    cJSON_GetStringValue(workbench_data(&b, "warnings")), "one\ntwo");
	/* The next answer has none. */
	workbench_close(&b);
	workbench_open(&b, stub_routes, alerts);
	assert_lacks(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "warns");
	ck_assert_ptr_null(workbench_data(&b, "warnings"));
	workbench_close(&b);
}
END_TEST

START_TEST(what_is_odd_about_an_alert_is_left_out)
{
	struct workbench b;
	auto_buf text = {.max = 10000};
	const char *summary;

	workbench_open(&b, stub_routes, odd_alerts);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	assert_contains(summary, "3 firing");
	json_print(&text, cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0));
	assert_contains(buf_str(&text), "\"annotations\":{\"s\":\"x\"}");
	assert_lacks(buf_str(&text), "value");
	assert_lacks(buf_str(&text), "activeAt");
	/* In a line of the summary a label has 100 bytes. */
	assert_contains(summary, "long=\"0123456789");
	assert_lacks(summary, "01234567890123456789012345678901234567890123456"
			      "789012345678901234567890123456789012345678901234"
			      "567890");
	workbench_close(&b);
}
END_TEST

static const struct {
	const char *labels;
	int firing; /* -1: it is refused */
} bounds[] = {
    {"{\"team\":\"a\"}", 1},
    {"{\"team\":\"\"}", 2},
    {"{\"team\":\"a\",\"alertname\":\"A\"}", 0},
    {"{\"9team\":\"a\"}", -1},
};

START_TEST(a_label_that_is_not_there_is_an_empty_one)
{
	auto_str step = xasprintf("{\"tool\":\"query_prometheus_alerts\","
				  "\"args\":{\"labels\":%s}}",
	    bounds[_i].labels);
	struct workbench b;
	const char *summary;

	workbench_open(&b, stub_routes, odd_alerts);
	summary = workbench_perform(&b, step);
	if (bounds[_i].firing >= 0)
		ck_assert(workbench_number(&b, "firing") == bounds[_i].firing);
	else
		assert_contains(summary, "\"9team\" is not a label name");
	workbench_close(&b);
}
END_TEST

START_TEST(evidence_that_does_not_fit_is_said_to_be_cut)
{
	auto_buf body = {.max = 8 << 20};
	struct stub_route route[] = {{"/", 200, NULL, NULL}, {0}};
	struct workbench b;
	const char *summary;
	AUTO(tree) kept = NULL;
	int i, listed;

	buf_adds(&body, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < 22; i++)
		buf_addf(&body,
		    "%s{\"state\":\"firing\",\"labels\":{\"alertname\":\"A\","
		    "\"i\":\"%d\"},\"activeAt\":\"2025-11-23T09:50:00Z\","
		    "\"annotations\":{\"a\":\"%0200000d\"}}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&body, "]}}");
	route[0].body = buf_str(&body);
	workbench_open(&b, stub_routes, route);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	assert_contains(summary, "22 firing");
	assert_contains(summary, "The answer was longer than 4 MiB");
	ck_assert(cJSON_IsTrue(workbench_data(&b, "evidence_cut")));
	ck_assert_uint_le(b.evidence.len, 4 << 20);
	ck_assert_uint_gt(b.evidence.len, 3 << 20);
	/* Cut between two alerts, which is told there and here. */
	ck_assert_str_eq(b.media, "application/json");
	kept = cJSON_ParseWithLengthOpts(
	    buf_str(&b.evidence), b.evidence.len + 1, NULL, true);
	ck_assert_ptr_nonnull(kept);
	listed = cJSON_GetArraySize(tree_at(tree_at(kept, "data"), "alerts"));
	ck_assert_int_gt(listed, 15);
	ck_assert(tree_num(kept, "culprit_left_out", -1) == 22 - listed);
	ck_assert(workbench_number(&b, "evidence_left_out") == 22 - listed);
	assert_contains(summary, "without");
	workbench_close(&b);
}
END_TEST

/* ---- rules ---- */

static struct stub_route rules[] = {
    {"/api/v1/rules", 200, NULL,
	WORKBENCH_DATA(
	    "{\"groups\":[{\"name\":\"g\",\"file\":\"f.yml\",\"rules\":["
	    "{\"type\":\"recording\",\"name\":\"job:err:rate5m\","
	    "\"query\":\"sum by (job) (errors:rate5m)\",\"health\":\"ok\"},"
	    "{\"type\":\"recording\",\"name\":\"errors:rate5m\","
	    "\"query\":\"rate(errors_total[5m])\",\"health\":\"err\","
	    "\"lastError\":\"duplicate series\"},"
	    "{\"type\":\"recording\",\"name\":\"unrelated:x\","
	    "\"query\":\"up\"},"
	    "{\"type\":\"alerting\",\"name\":\"Errors\","
	    "\"query\":\"job:err:rate5m > 0.1\",\"duration\":120,"
	    "\"labels\":{\"severity\":\"page\"},\"annotations\":{\"a\":"
	    "\"b\"},\"alerts\":[{},{}],\"state\":\"firing\",\"health\":"
	    "\"ok\"},"
	    "{\"type\":\"alerting\",\"name\":\"Other\",\"query\":\"1\"}]}]}")},
    {0},
};

START_TEST(the_rule_behind_an_alert_comes_with_what_it_is_made_of)
{
	struct workbench b;
	const char *summary;
	auto_buf text = {.max = 10000};

	workbench_open(&b, stub_routes, rules);
	summary = workbench_perform(&b,
	    "{\"tool\":\"query_prometheus_rules\",\"args\":{"
	    "\"names\":[\"Errors\",\"Missing\"]}}");
	assert_contains(summary, "3 of 5 rules:");
	assert_contains(
	    summary, "- alert Errors: job:err:rate5m > 0.1 for 120s");
	assert_contains(summary, "(health: err) (last error: duplicate");
	assert_contains(summary, "no rule is named Missing here");
	json_print(&text, workbench_data(&b, "rules"));
	assert_contains(buf_str(&text),
	    "\"query\":\"job:err:rate5m > 0.1\",\"duration\":120");
	assert_contains(buf_str(&text), "\"alerts\":2");
	assert_contains(buf_str(&text), "\"group\":\"g\",\"file\":\"f.yml\"");
	assert_lacks(buf_str(&text), "unrelated");
	workbench_close(&b);
}
END_TEST

START_TEST(all_rules_are_listed_when_none_is_named)
{
	struct workbench b;

	workbench_open(&b, stub_routes, rules);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\"}"),
	    "5 rules:");
	ck_assert(workbench_number(&b, "total") == 5);
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\","
				  "\"args\":{\"names\":[\"None\"]}}"),
	    "Empty: of the 5 rules of this Prometheus none matches.");
	workbench_close(&b);
}
END_TEST

#define RECORDING(name, query)                                                 \
	"{\"type\":\"recording\",\"name\":\"" name "\",\"query\":\"" query "\"}"

/* x is made of a:y, which is made of b … e: as far as four steps. */
static struct stub_route chained[] = {
    {"/api/v1/rules", 200, NULL,
	WORKBENCH_DATA(
	    "{\"groups\":[{\"name\":\"g\",\"file\":\"f\",\"rules\":[" RECORDING(
		"f", "last") "," RECORDING("e", "f") "," RECORDING("d",
		"e") "," RECORDING("c", "d") "," RECORDING("b",
		"c + b2") "," RECORDING("a:y", "sum(b)") "," RECORDING("y",
		"no") "," RECORDING("a", "no") "," RECORDING("b2",
		"end") ","
		       "{\"type\":\"alerting\",\"name\":\"X\",\"query\":\"1 < "
		       "a:y "
		       "and a:yy > xa:y\",\"health\":\"ok\"}]}]}")},
    {0},
};

START_TEST(recording_rules_are_found_by_whole_names_some_steps_deep)
{
	static const char *const found[] = {"X", "a:y", "b", "b2", "c", "d"};
	struct workbench b;
	const char *summary;
	size_t i;

	workbench_open(&b, stub_routes, chained);
	summary = workbench_perform(&b,
	    "{\"tool\":\"query_prometheus_rules\",\"args\":{"
	    "\"names\":[\"X\"]}}");
	assert_contains(summary, "6 of 10 rules:");
	for (i = 0; i < ARRAY_LEN(found); i++) {
		auto_str line = xasprintf(
		    "%s %s:", i == 0 ? "- alert" : "- recording", found[i]);

		assert_contains(summary, line);
	}
	assert_lacks(summary, "health");
	workbench_close(&b);
}
END_TEST

/* n alerting rules R0, R1 … */
static char *
many_rules(int n)
{
	struct buf b = {.max = 16 << 20};
	int i;

	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"groups\":[{"
		     "\"name\":\"g\",\"file\":\"f\",\"rules\":[");
	for (i = 0; i < n; i++)
		buf_addf(&b,
		    "%s{\"type\":\"alerting\",\"name\":\"R%d\","
		    "\"query\":\"up == %d\"}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&b, "]}]}}");
	return buf_take(&b);
}

START_TEST(rules_that_are_too_many_are_said_not_to_be_looked_at)
{
	auto_str body = many_rules(20003);
	struct stub_route route[] = {{"/", 200, NULL, body}, {0}};
	struct workbench b;
	const char *summary;

	workbench_open(&b, stub_routes, route);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\"}");
	assert_contains(summary, "3 rules were not looked at");
	assert_contains(summary, "20000 of 20003 rules:");
	ck_assert(workbench_number(&b, "total") == 20003);
	ck_assert(workbench_number(&b, "left_out") == 19800);
	summary = workbench_perform(&b,
	    "{\"tool\":\"query_prometheus_rules\",\"args\":{"
	    "\"names\":[\"R19999\",\"R20000\"]}}");
	assert_contains(summary, "- alert R19999: up == 19999");
	/* It is there, and nobody may say that it is not. */
	assert_contains(summary, "no rule is named R20000 among those looked");
	assert_lacks(summary, "elsewhere");
	workbench_close(&b);
}
END_TEST

/* on_outcome looks whether it could be sent. */
START_TEST(a_summary_cut_within_a_character_can_still_be_sent)
{
	struct workbench b;
	auto_buf step = {.max = 1000};
	int i;

	workbench_open(&b, stub_routes, rules);
	buf_adds(&step, "{\"tool\":\"query_prometheus_rules\",\"args\":{"
			"\"names\":[\"Errors\",\"x");
	for (i = 0; i < 200; i++)
		buf_adds(&step, "ü");
	buf_adds(&step, "\"]}}");
	assert_contains(
	    workbench_perform(&b, buf_str(&step)), "üü here; it may");
	workbench_close(&b);
}
END_TEST

/* ---- targets ---- */

static struct stub_route targets[] = {
    {"/api/v1/targets", 200, NULL,
	WORKBENCH_DATA(
	    "{\"activeTargets\":["
	    "{\"labels\":{\"job\":\"node\",\"instance\":\"a\"},\"health\":"
	    "\"up\",\"lastError\":\"\"},"
	    "{\"labels\":{\"job\":\"node\",\"instance\":\"b\"},\"health\":"
	    "\"down\",\"lastError\":\"connection refused\",\"scrapeUrl\":"
	    "\"http://u:secret@b/metrics?key=secret\",\"scrapePool\":"
	    "\"node\"},"
	    "{\"labels\":{\"job\":\"new\"},\"health\":\"unknown\"}],"
	    "\"droppedTargets\":[]}")},
    {0},
};

START_TEST(targets_that_are_down_are_told_with_their_error)
{
	struct workbench b;
	const char *summary;
	auto_buf text = {.max = 10000};

	workbench_open(&b, stub_routes, targets);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	assert_contains(summary, "1 of 3 targets is down, 1 not yet scraped");
	assert_contains(
	    summary, "{job=\"node\", instance=\"b\"}: connection refused");
	json_print(&text, b.feedback);
	assert_contains(
	    buf_str(&text), "\"jobs\":{\"node\":{\"up\":1,\"down\":1}}");
	assert_contains(buf_str(&text), "\"scrapeUrl\":\"http://b/metrics\"");
	assert_lacks(buf_str(&text), "secret");
	assert_contains(
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\","
				  "\"args\":{\"labels\":{\"job\":\"x\"}}}"),
	    "Empty: no target has these labels");
	workbench_close(&b);
}
END_TEST

/* n targets that are down, each of a job of its own, some in another state. */
static char *
many_targets(int n)
{
	struct buf b = {.max = 16 << 20};
	int i;

	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"activeTargets\":[");
	for (i = 0; i < n; i++)
		buf_addf(&b,
		    "%s{\"labels\":{\"job\":\"j%d\"},\"health\":\"down\","
		    "\"lastError\":\"e%d\"}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&b,
	    ",{\"health\":\"up\"},{\"labels\":{}},{\"health\":\"odd\"}]}"
	    "}");
	return buf_take(&b);
}

static const struct {
	int n;
	double left_out;
	const char *says, *says_not;
} downs[] = {
    {20, 0, "\n- {job=\"j19\"}: e19", "more"},
    {21, 0, "\n- and 1 more", "j20"},
    {500, 0, "\n- and 480 more", "j20"},
    {501, 1, "\n- and 481 more", "j20"},
};

START_TEST(targets_that_are_down_are_counted_where_not_all_are_listed)
{
	auto_str body = many_targets(downs[_i].n);
	auto_str counts =
	    xasprintf("%d of %d targets are down, 2 not yet scraped.",
		downs[_i].n, downs[_i].n + 3);
	struct stub_route route[] = {{"/", 200, NULL, body}, {0}};
	struct workbench b;
	const char *summary;

	workbench_open(&b, stub_routes, route);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	assert_contains(summary, counts);
	assert_contains(summary, downs[_i].says);
	assert_lacks(summary, downs[_i].says_not);
	ck_assert(workbench_number(&b, "down") == downs[_i].n);
	ck_assert(workbench_number(&b, "up") == 1);
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "targets")),
	    downs[_i].n - (int)downs[_i].left_out);
	if (downs[_i].left_out > 0)
		ck_assert(
		    workbench_number(&b, "left_out") == downs[_i].left_out);
	else
		ck_assert_ptr_null(workbench_data(&b, "left_out"));
	workbench_close(&b);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_alert_instance_is_listed, 0},
	    {alerts_are_chosen_by_state_and_labels, 0},
	    {no_alert_is_said_to_be_none, 0},
	    {an_alert_storm_is_listed_whole_within_the_limits, 0},
	    {what_is_listed_of_a_storm_is_chosen, 0},
	    {alerts_of_the_past_come_from_their_series, 0},
	    {what_a_server_warns_of_stands_at_the_end_and_in_the_data, 0},
	    {what_is_odd_about_an_alert_is_left_out, 0},
	    {a_label_that_is_not_there_is_an_empty_one, (int)ARRAY_LEN(bounds)},
	    {evidence_that_does_not_fit_is_said_to_be_cut, 0},
	    {the_rule_behind_an_alert_comes_with_what_it_is_made_of, 0},
	    {all_rules_are_listed_when_none_is_named, 0},
	    {recording_rules_are_found_by_whole_names_some_steps_deep, 0},
	    {rules_that_are_too_many_are_said_not_to_be_looked_at, 0},
	    {a_summary_cut_within_a_character_can_still_be_sent, 0},
	    {targets_that_are_down_are_told_with_their_error, 0},
	    {targets_that_are_down_are_counted_where_not_all_are_listed,
		(int)ARRAY_LEN(downs)},
	};

	return RUN_TESTS("tools_alerts", tests);
}
