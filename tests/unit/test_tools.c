/*
 * test_tools.c - plan steps through the real tools, against a stub that
 * answers as Prometheus would, or worse.
 */
#include "common/clk.h"
#include "common/json.h"
#include "common/wire.h"
#include "executor/run.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#define NOW_MS INT64_C(1763891820000) /* 2025-11-23T09:57:00Z */

struct bench {
	struct stub_http *stub;
	zloop_t *loop;
	struct toolset *tools;
	struct tool_env tool_env;
	struct run_env env;
	/* The last outcome. */
	bool done, success;
	cJSON *feedback;
	struct buf evidence;
	char media[64];
};

static void
bench_open(struct bench *b, stub_fn *answer, void *arg)
{
	struct err err = {0};

	*b = (struct bench){.stub = stub_http_new(answer, arg)};
	b->loop = zloop_new();
	ck_assert_msg(toolset_new("echo, get_current_time,"
				  "query_prometheus_alerts,"
				  "query_prometheus_rules,"
				  "query_prometheus_metrics,"
				  "query_prometheus_targets",
			  NULL, &b->tools, &err) == RC_OK,
	    "%s", err.text);
	b->tool_env = (struct tool_env){.loop = b->loop,
	    .http = http_new(b->loop),
	    .prom = {.url = stub_http_url(b->stub), .timeout_ms = 5000},
	    .prom_parallel = 2};
	b->env = (struct run_env){.tools = b->tools, .tool_env = &b->tool_env};
	buf_init(&b->evidence, TOOL_EVIDENCE_MAX);
}

static void
bench_close(struct bench *b)
{
	http_free(b->tool_env.http);
	toolset_free(b->tools);
	zloop_destroy(&b->loop);
	stub_http_free(b->stub);
	cJSON_Delete(b->feedback);
	buf_done(&b->evidence);
}

static void
on_outcome(void *arg, const struct run_outcome *outcome)
{
	struct bench *b = arg;
	struct err err = {0};

	ck_assert_msg(
	    wire_check(outcome->feedback, &err) == RC_OK, "%s", err.text);
	cJSON_Delete(b->feedback);
	b->feedback = wire_to_tree(outcome->feedback);
	buf_reset(&b->evidence);
	buf_add_span(&b->evidence, outcome->evidence);
	snprintf(b->media, sizeof(b->media), "%s", outcome->media);
	b->success = outcome->success;
	b->done = true;
}

static struct run *
start(struct bench *b, const char *step_json, int64_t deadline_ms)
{
	AUTO(json) step = NULL;
	auto_buf wire = {.max = 1 << 20};
	struct err err = {0};

	ck_assert_msg(
	    json_parse(span_of(step_json), NULL, &step, &err) == RC_OK,
	    "%s: %s", step_json, err.text);
	wire_put_tree(&wire, step);
	b->done = false;
	return run_start(&b->env, buf_span(&wire), deadline_ms, on_outcome, b);
}

/* Runs a step to its end; its summary. */
static const char *
perform(struct bench *b, const char *step_json)
{
	start(b, step_json, 0);
	ck_assert(b->done || loop_until(b->loop, &b->done, 12000));
	return json_str(b->feedback, "summary");
}

static const cJSON *
data(const struct bench *b, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(b->feedback, "data"), key);
}

static double
number(const struct bench *b, const char *key)
{
	return cJSON_GetNumberValue(data(b, key));
}

#define DATA(x) "{\"status\":\"success\",\"data\":" x "}"

/* ---- tools that need nothing ---- */

static struct stub_route nothing[] = {{0}};

START_TEST(echo_answers_with_its_text)
{
	struct bench b;

	bench_open(&b, stub_routes, nothing);
	ck_assert_str_eq(perform(&b, "{\"tool\":\"echo\",\"step\":\"try\","
				     "\"args\":{\"text\":\"h\xC3\xA9\"}}"),
	    "h\xC3\xA9");
	ck_assert(b.success);
	ck_assert_str_eq(json_str(b.feedback, "status"), "SUCCESS");
	ck_assert_str_eq(json_str(b.feedback, "tool"), "echo");
	ck_assert_str_eq(json_str(b.feedback, "step"), "try");
	ck_assert_str_eq(buf_str(&b.evidence), "h\xC3\xA9");
	ck_assert_str_eq(
	    json_str(cJSON_GetObjectItem(b.feedback, "args"), "text"),
	    "h\xC3\xA9");
	bench_close(&b);
}
END_TEST

START_TEST(a_step_is_given_its_key_where_it_has_one)
{
	struct bench b;

	bench_open(&b, stub_routes, nothing);
	perform(&b, "{\"tool\":\"echo\",\"key\":\"run.7\"}");
	ck_assert_str_eq(cJSON_GetStringValue(data(&b, "key")), "run.7");
	perform(&b, "{\"tool\":\"echo\"}");
	ck_assert_ptr_null(data(&b, "key"));
	bench_close(&b);
}
END_TEST

START_TEST(the_time_is_told_with_its_weekday)
{
	struct bench b;

	bench_open(&b, stub_routes, nothing);
	clk_fix_ms(NOW_MS);
	ck_assert_str_eq(perform(&b, "{\"tool\":\"get_current_time\"}"),
	    "It is Sunday, 2025-11-23T09:57:00Z (UTC).");
	ck_assert(number(&b, "unix") == 1763891820);
	bench_close(&b);
}
END_TEST

/* ---- what cannot be run ---- */

static const struct {
	const char *step, *says, *advises;
} refused[] = {
    {"{\"tool\":\"rm\"}", "no tool \"rm\" is enabled here; there are: echo",
	"CULPRIT_TOOLS"},
    {"{}", "no tool \"\" is enabled", "tools"},
    {"{\"tool\":\"echo\",\"args\":{\"txt\":1}}",
	"unknown field \"txt\"; known: \"text\"", "Correct the arguments"},
    {"{\"tool\":\"echo\",\"args\":[]}", "args: expected an object", "Correct"},
    {"{\"tool\":\"query_prometheus_metrics\"}", "args.query: missing",
	"Correct"},
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"u\","
     "\"start\":\"yesterday\"}}",
	"args.start: \"yesterday\" is not a moment", "Correct"},
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"u\","
     "\"start\":\"now\",\"end\":\"-1h\"}}",
	"args.start: must be before the end", "Correct"},
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"u\","
     "\"time\":\"now\",\"end\":\"-1h\"}}",
	"args.time: give either time", "Correct"},
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"u\","
     "\"step\":\"soon\"}}",
	"args.step: \"soon\" is not a duration", "Correct"},
    {"{\"tool\":\"query_prometheus_alerts\",\"args\":{\"state\":\"on\"}}",
	"args.state: expected one of \"firing\"", "Correct"},
    {"{\"tool\":\"query_prometheus_alerts\",\"args\":{\"labels\":"
     "{\"a-b\":\"c\"}}}",
	"\"a-b\" is not a label name", "Correct"},
    {"{\"tool\":\"query_prometheus_alerts\",\"args\":{\"limit\":0}}",
	"args.limit: expected at least 1", "Correct"},
    {"{\"tool\":\"query_prometheus_rules\",\"args\":{\"names\":\"X\"}}",
	"args.names: expected an array", "Correct"},
    {"{\"tool\":\"query_prometheus_targets\",\"args\":{\"labels\":"
     "{\"a\":1}}}",
	"args.labels.a: expected a string", "Correct"},
};

START_TEST(what_cannot_be_run_is_answered_with_what_would_be_right)
{
	struct bench b;

	bench_open(&b, stub_routes, nothing);
	assert_contains(perform(&b, refused[_i].step), refused[_i].says);
	ck_assert(!b.success);
	ck_assert_str_eq(json_str(b.feedback, "status"), "FAILED");
	assert_contains(
	    json_str(b.feedback, "suggestion"), refused[_i].advises);
	ck_assert_int_eq(stub_http_requests(b.stub), 0);
	bench_close(&b);
}
END_TEST

/* ---- alerts ---- */

static struct stub_route alerts[] = {
    {"/api/v1/alerts", 200, NULL,
	DATA("{\"alerts\":["
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
	struct bench b;
	const char *summary;
	const cJSON *first;

	bench_open(&b, stub_routes, alerts);
	clk_fix_ms(NOW_MS);
	summary = perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(b.success);
	assert_contains(summary, "1 firing, 1 pending at 2025-11-23T09:57:00Z");
	assert_contains(summary, "HighCpu {instance=\"a:1\"} firing since "
				 "2025-11-23T09:50:00Z, value 0.97");
	ck_assert_int_eq(cJSON_GetArraySize(data(&b, "alerts")), 2);
	first = cJSON_GetArrayItem(data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(first, "name"), "HighCpu");
	ck_assert_str_eq(
	    json_str(cJSON_GetObjectItem(first, "annotations"), "summary"),
	    "CPU of a");
	ck_assert(
	    cJSON_GetNumberValue(cJSON_GetObjectItem(first, "value")) == 0.97);
	ck_assert_str_eq(buf_str(&b.evidence), alerts[0].body);
	ck_assert_str_eq(b.media, "application/json");
	bench_close(&b);
}
END_TEST

START_TEST(alerts_are_chosen_by_state_and_labels)
{
	struct bench b;

	bench_open(&b, stub_routes, alerts);
	perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
		    "\"state\":\"pending\"}}");
	ck_assert_int_eq(cJSON_GetArraySize(data(&b, "alerts")), 1);
	ck_assert(number(&b, "not_matching") == 1);
	perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
		    "\"labels\":{\"instance\":\"a:1\"}}}");
	ck_assert(number(&b, "firing") == 1 && number(&b, "pending") == 0);
	perform(&b, "{\"tool\":\"query_prometheus_alerts\",\"args\":{"
		    "\"limit\":1,\"state\":\"any\"}}");
	ck_assert(number(&b, "left_out") == 1);
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_alerts\","
				    "\"args\":{\"labels\":{\"x\":\"y\"}}}"),
	    "Empty: no alert fires or is pending with these labels");
	bench_close(&b);
}
END_TEST

static struct stub_route no_alerts[] = {
    {"/api/v1/alerts", 200, NULL, DATA("{\"alerts\":[]}")}, {0}};

START_TEST(no_alert_is_said_to_be_none)
{
	struct bench b;

	bench_open(&b, stub_routes, no_alerts);
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "Empty: no alert fires or is pending at");
	ck_assert(b.success);
	ck_assert(number(&b, "firing") == 0);
	bench_close(&b);
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

START_TEST(an_alert_storm_is_listed_whole_within_the_limits)
{
	auto_str body = many_alerts(2500);
	struct stub_route route[] = {{"/", 200, NULL, body}, {0}};
	auto_buf text = {.max = 8 << 20};
	struct bench b;

	bench_open(&b, stub_routes, route);
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_alerts\"}"),
	    "2500 firing, 0 pending");
	ck_assert_int_eq(cJSON_GetArraySize(data(&b, "alerts")), 2000);
	ck_assert(number(&b, "left_out") == 500);
	ck_assert(cJSON_IsTrue(data(&b, "annotations_cut")));
	json_print(&text, b.feedback);
	ck_assert_uint_lt(text.len, 1500000);
	ck_assert_uint_eq(b.evidence.len, strlen(body));
	bench_close(&b);
}
END_TEST

static struct stub_route past[] = {
    {"/api/v1/query?query=ALERTS_FOR_STATE&", 200, NULL,
	DATA("{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
	     "\"__name__\":\"ALERTS_FOR_STATE\",\"alertname\":\"X\","
	     "\"job\":\"j\"},\"value\":[1763880000,\"1763879000\"]}]}")},
    {"/api/v1/query?query=ALERTS&time=1763880000&", 200, NULL,
	DATA("{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
	     "\"__name__\":\"ALERTS\",\"alertname\":\"X\",\"alertstate\":"
	     "\"firing\",\"job\":\"j\"},\"value\":[1763880000,\"1\"]}]}")},
    {0},
};

START_TEST(alerts_of_the_past_come_from_their_series)
{
	struct bench b;
	const cJSON *one;

	bench_open(&b, stub_routes, past);
	clk_fix_ms(NOW_MS);
	start(&b,
	    "{\"tool\":\"query_prometheus_alerts\","
	    "\"at\":1763880000000}",
	    0);
	clk_fix_ms(-1);
	ck_assert(loop_until(b.loop, &b.done, 5000));
	ck_assert_msg(b.success, "%s", json_str(b.feedback, "summary"));
	one = cJSON_GetArrayItem(data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(one, "name"), "X");
	ck_assert_str_eq(json_str(one, "state"), "firing");
	ck_assert_str_eq(json_str(one, "activeAt"), "2025-11-23T06:23:20Z");
	ck_assert_ptr_null(
	    json_str(cJSON_GetObjectItem(one, "labels"), "alertstate"));
	assert_contains(
	    json_str(b.feedback, "summary"), "from the series ALERTS");
	ck_assert_str_eq(b.media, "application/x-ndjson");
	assert_contains(buf_str(&b.evidence), "}\n{");
	bench_close(&b);
}
END_TEST

/* ---- rules ---- */

static struct stub_route rules[] = {
    {"/api/v1/rules", 200, NULL,
	DATA("{\"groups\":[{\"name\":\"g\",\"file\":\"f.yml\",\"rules\":["
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
	struct bench b;
	const char *summary;
	auto_buf text = {.max = 10000};

	bench_open(&b, stub_routes, rules);
	summary = perform(&b, "{\"tool\":\"query_prometheus_rules\",\"args\":{"
			      "\"names\":[\"Errors\",\"Missing\"]}}");
	assert_contains(summary, "3 of 5 rules:");
	assert_contains(
	    summary, "- alert Errors: job:err:rate5m > 0.1 for 120s");
	assert_contains(summary, "(health: err) (last error: duplicate");
	assert_contains(summary, "no rule is named Missing here");
	json_print(&text, data(&b, "rules"));
	assert_contains(buf_str(&text),
	    "\"query\":\"job:err:rate5m > 0.1\",\"duration\":120");
	assert_contains(buf_str(&text), "\"alerts\":2");
	assert_contains(buf_str(&text), "\"group\":\"g\",\"file\":\"f.yml\"");
	assert_lacks(buf_str(&text), "unrelated");
	bench_close(&b);
}
END_TEST

START_TEST(all_rules_are_listed_when_none_is_named)
{
	struct bench b;

	bench_open(&b, stub_routes, rules);
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_rules\"}"),
	    "5 of 5 rules:");
	ck_assert(number(&b, "total") == 5);
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_rules\","
				    "\"args\":{\"names\":[\"None\"]}}"),
	    "Empty: of the 5 rules of this Prometheus none matches.");
	bench_close(&b);
}
END_TEST

/* on_outcome looks whether it could be sent. */
START_TEST(a_summary_cut_within_a_character_can_still_be_sent)
{
	struct bench b;
	auto_buf step = {.max = 1000};
	int i;

	bench_open(&b, stub_routes, rules);
	buf_adds(&step, "{\"tool\":\"query_prometheus_rules\",\"args\":{"
			"\"names\":[\"Errors\",\"x");
	for (i = 0; i < 200; i++)
		buf_adds(&step, "ü");
	buf_adds(&step, "\"]}}");
	assert_contains(perform(&b, buf_str(&step)), "üü here; it may");
	bench_close(&b);
}
END_TEST

/* ---- targets ---- */

static struct stub_route targets[] = {
    {"/api/v1/targets", 200, NULL,
	DATA("{\"activeTargets\":["
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
	struct bench b;
	const char *summary;
	auto_buf text = {.max = 10000};

	bench_open(&b, stub_routes, targets);
	summary = perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	assert_contains(summary, "1 of 3 targets are down, 1 not yet scraped");
	assert_contains(
	    summary, "{job=\"node\", instance=\"b\"}: connection refused");
	json_print(&text, b.feedback);
	assert_contains(
	    buf_str(&text), "\"jobs\":{\"node\":{\"up\":1,\"down\":1}}");
	assert_contains(buf_str(&text), "\"scrapeUrl\":\"http://b/metrics\"");
	assert_lacks(buf_str(&text), "secret");
	assert_contains(perform(&b, "{\"tool\":\"query_prometheus_targets\","
				    "\"args\":{\"labels\":{\"job\":\"x\"}}}"),
	    "Empty: no target has these labels");
	bench_close(&b);
}
END_TEST

/* ---- metrics ---- */

static struct stub_route metrics[] = {
    {"/api/v1/query_range?", 200, NULL,
	DATA("{\"resultType\":\"matrix\",\"result\":["
	     "{\"metric\":{\"__name__\":\"x\",\"i\":\"calm\"},\"values\":["
	     "[1000,\"5\"],[1600,\"5\"],[2600,\"6\"],[3000,\"5\"]]},"
	     "{\"metric\":{\"__name__\":\"x\",\"i\":\"spike\"},\"values\":["
	     "[1000,\"2\"],[1400,\"NaN\"],[1800,\"4\"],[2200,\"90\"],"
	     "[3000,\"3\"]]},"
	     "{\"metric\":{\"__name__\":\"x\",\"i\":\"new\"},\"values\":["
	     "[2500,\"+Inf\"],[3000,\"7\"]]}]}")},
    {"/api/v1/query?query=empty", 200, NULL,
	DATA("{\"resultType\":\"vector\",\"result\":[]}")},
    {"/api/v1/query?query=scalar", 200, NULL,
	DATA("{\"resultType\":\"scalar\",\"result\":[1,\"42\"]}")},
    {"/api/v1/query?query=string", 200, NULL,
	DATA("{\"resultType\":\"string\",\"result\":[1,\"hello\"]}")},
    {"/api/v1/query?query=native", 200, NULL,
	"{\"status\":\"success\",\"warnings\":[\"mixed histograms\"],"
	"\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":"
	"\"b\"},\"histogram\":[1,{\"count\":\"10\",\"sum\":\"3.5\","
	"\"buckets\":[[0,\"0\",\"1\",\"10\"]]}]}]}}"},
    {"/api/v1/query?query=odd", 200, NULL,
	DATA("{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
	     "\"value\":[1,\"NaN\"]},{\"metric\":{\"a\":\"b\"},\"value\":[1,"
	     "\"-Inf\"]}]}")},
    {0},
};

START_TEST(a_range_is_boiled_down_to_figures_biggest_change_first)
{
	struct bench b;
	const cJSON *one;
	auto_buf text = {.max = 10000};

	bench_open(&b, stub_routes, metrics);
	perform(&b, "{\"tool\":\"query_prometheus_metrics\",\"args\":{"
		    "\"query\":\"x\",\"start\":1000,\"end\":3000}}");
	ck_assert_msg(b.success, "%s", json_str(b.feedback, "summary"));
	ck_assert_int_eq(cJSON_GetArraySize(data(&b, "series")), 3);
	/* Without a baseline: from nothing to infinity. */
	one = cJSON_GetArrayItem(data(&b, "series"), 0);
	json_print(&text, one);
	assert_contains(buf_str(&text), "\"i\":\"new\"");
	assert_contains(buf_str(&text), "\"max\":\"+Inf\"");
	assert_contains(buf_str(&text), "\"baseline\":null");
	assert_contains(buf_str(&text), "\"change\":\"+Inf\"");
	buf_reset(&text);
	json_print(&text, cJSON_GetArrayItem(data(&b, "series"), 1));
	ck_assert_str_eq(buf_str(&text),
	    "{\"labels\":{\"__name__\":\"x\",\"i\":\"spike\"},\"n\":5,"
	    "\"first\":2,\"last\":3,\"min\":2,\"max\":90,\"mean\":24.75,"
	    "\"baseline\":3,\"change\":87,"
	    "\"from\":\"1970-01-01T00:16:40Z\",\"to\":\"1970-01-01T00:50:00Z\","
	    "\"time_of_min\":\"1970-01-01T00:16:40Z\","
	    "\"time_of_max\":\"1970-01-01T00:36:40Z\",\"nan\":1}");
	assert_contains(json_str(b.feedback, "summary"),
	    "x{i=\"spike\"}: was 3, last 3, min 2, max 90 at "
	    "1970-01-01T00:36:40Z");
	assert_contains(json_str(b.feedback, "query"),
	    "x from 1970-01-01T00:16:40Z to 1970-01-01T00:50:00Z, step 10s");
	bench_close(&b);
}
END_TEST

static const struct {
	const char *query, *says;
} instants[] = {
    {"empty", "Empty: no series. Prometheus evaluated the query"},
    {"scalar", "1 series.\n- {}: 42"},
    {"string", "\"hello\""},
    {"native", "{a=\"b\"}: a native histogram, count 10, sum 3.5\n"
	       "Prometheus warns: mixed histograms"},
    {"odd", "2 series.\n- {}: NaN\n- {a=\"b\"}: -Inf"},
};

START_TEST(every_kind_of_instant_answer_is_told)
{
	struct bench b;
	auto_str step = xasprintf("{\"tool\":\"query_prometheus_metrics\","
				  "\"args\":{\"query\":\"%s\"}}",
	    instants[_i].query);

	bench_open(&b, stub_routes, metrics);
	assert_contains(perform(&b, step), instants[_i].says);
	ck_assert(b.success);
	bench_close(&b);
}
END_TEST

/* 120 series, each of the size of its number. */
static void
many_series(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	auto_buf b = {.max = 1 << 20};
	int i;

	(void)rq;
	(void)arg;
	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"resultType\":"
		     "\"vector\",\"result\":[");
	for (i = 0; i < 120; i++)
		buf_addf(&b,
		    "%s{\"metric\":{\"n\":\"%d\"},\"value\":[1,\"%d\"]}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&b, "]}}");
	stub_answer(c, 200, NULL, buf_str(&b));
}

START_TEST(of_many_series_the_largest_are_kept_and_the_rest_is_counted)
{
	struct bench b;
	const char *summary;

	bench_open(&b, many_series, NULL);
	summary = perform(&b, "{\"tool\":\"query_prometheus_metrics\","
			      "\"args\":{\"query\":\"x\"}}");
	ck_assert_int_eq(cJSON_GetArraySize(data(&b, "series")), 50);
	ck_assert(number(&b, "series_total") == 120);
	ck_assert(number(&b, "series_left_out") == 70);
	assert_contains(summary, "120 series.\n- {n=\"119\"}: 119");
	assert_contains(summary, "- and 110 more, with smaller values");
	bench_close(&b);
}
END_TEST

START_TEST(a_step_too_fine_is_raised_and_said_so)
{
	struct bench b;

	bench_open(&b, stub_routes, metrics);
	assert_contains(
	    perform(&b, "{\"tool\":\"query_prometheus_metrics\",\"args\":{"
			"\"query\":\"x\",\"window\":\"7d\",\"step\":\"1s\"}}"),
	    "The step was raised to keep within 11000 points");
	ck_assert(number(&b, "step_s") == 60);
	bench_close(&b);
}
END_TEST

START_TEST(a_range_without_bounds_takes_those_of_the_investigation)
{
	struct bench b;

	bench_open(&b, stub_routes, metrics);
	perform(&b, "{\"tool\":\"query_prometheus_metrics\",\"at\":3600000,"
		    "\"window\":600,\"args\":{\"query\":\"x\",\"step\":15}}");
	assert_contains(json_str(b.feedback, "query"),
	    "x from 1970-01-01T00:50:00Z to 1970-01-01T01:00:00Z, step 15s");
	bench_close(&b);
}
END_TEST

/* ---- failures ---- */

static struct stub_route broken[] = {
    {"/api/v1/query", 400, NULL,
	"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:4: "
	"parse error: unexpected end of input\"}"},
    {"/api/v1/rules", 404, "text/plain", "404 page not found"},
    {"/api/v1/alerts", 200, "text/html", "<html>Sign in</html>"},
    {0},
};

static const struct {
	const char *step, *says, *advises;
} failures[] = {
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up{\"}}",
	"bad_data: 1:4: parse error: unexpected end of input",
	"Correct the query"},
    {"{\"tool\":\"query_prometheus_rules\"}", "404: there is no such API",
	"path prefix"},
    {"{\"tool\":\"query_prometheus_alerts\"}", "a web page", "login page"},
};

START_TEST(a_failure_is_told_in_prometheus_words_without_evidence)
{
	struct bench b;

	bench_open(&b, stub_routes, broken);
	assert_contains(perform(&b, failures[_i].step), failures[_i].says);
	ck_assert(!b.success);
	assert_contains(
	    json_str(b.feedback, "suggestion"), failures[_i].advises);
	ck_assert_uint_eq(b.evidence.len, 0);
	bench_close(&b);
}
END_TEST

static void
never(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_hang(c);
}

START_TEST(a_step_ends_at_its_deadline_and_its_connection_too)
{
	struct bench b;
	int64_t begin = clk_mono_ms();

	bench_open(&b, never, NULL);
	start(&b, "{\"tool\":\"query_prometheus_alerts\"}", begin + 150);
	ck_assert(loop_until(b.loop, &b.done, 5000));
	ck_assert_int_lt(clk_mono_ms() - begin, 1000);
	ck_assert(!b.success);
	assert_contains(json_str(b.feedback, "summary"),
	    "query_prometheus_alerts did not end within");
	bench_close(&b);
}
END_TEST

static bool
some_request(void *arg)
{
	return stub_http_requests(arg) > 0;
}

static bool
none_open(void *arg)
{
	return stub_http_open(arg) == 0;
}

START_TEST(a_step_that_is_called_off_closes_its_connection)
{
	struct bench b;
	struct run *run;

	bench_open(&b, never, NULL);
	run = start(&b, "{\"tool\":\"query_prometheus_alerts\"}", 0);
	ck_assert(loop_until_cond(b.loop, some_request, b.stub, 5000));
	run_cancel(run);
	ck_assert(await(none_open, b.stub, 1000));
	ck_assert(!b.done);
	bench_close(&b);
}
END_TEST

/* A good answer of 6 MiB. */
static void
large(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	int i, t = 0;
	char part[100];

	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":"
		     "\"success\",\"data\":{\"resultType\":\"matrix\","
		     "\"result\":[");
	for (i = 0; i < 60; i++) {
		int j;

		snprintf(part, sizeof(part),
		    "%s{\"metric\":{\"n\":\"%d\"},\"values\":[[0,\"0\"]",
		    i > 0 ? "," : "", i);
		stub_raws(c, part);
		for (j = 0; j < 1000; j++) {
			snprintf(
			    part, sizeof(part), ",[%d,\"0.%080d\"]", ++t, j);
			stub_raws(c, part);
		}
		stub_raws(c, "]}");
	}
	stub_raws(c, "]}}");
	stub_close(c);
}

START_TEST(a_large_answer_is_read_whole_and_kept_up_to_the_limit)
{
	struct bench b;

	bench_open(&b, large, NULL);
	assert_contains(
	    perform(&b, "{\"tool\":\"query_prometheus_metrics\",\"args\":{"
			"\"query\":\"x\",\"window\":\"1h\"}}"),
	    "The answer was longer than 4 MiB");
	ck_assert(b.success);
	ck_assert(number(&b, "samples") == 60060);
	ck_assert(cJSON_IsTrue(data(&b, "evidence_cut")));
	ck_assert_uint_le(b.evidence.len, TOOL_EVIDENCE_MAX);
	ck_assert_uint_gt(b.evidence.len, TOOL_EVIDENCE_MAX - (1 << 17));
	bench_close(&b);
}
END_TEST

/* ---- the registry ---- */

START_TEST(the_catalogue_describes_every_tool_with_its_schema)
{
	AUTO(toolset) ts = NULL;
	AUTO(json) list = NULL;
	const cJSON *one;
	struct err err = {0};

	ck_assert(toolset_new(NULL, NULL, &ts, &err) == RC_OK);
	list = toolset_describe(ts);
	ck_assert_int_ge(cJSON_GetArraySize(list), 5);
	cJSON_ArrayForEach (one, list) {
		const cJSON *args = cJSON_GetObjectItem(one, "args");

		ck_assert_str_ne(json_str(one, "name"), "echo");
		ck_assert_str_eq(json_str(one, "class"), "READ");
		ck_assert_int_gt(strlen(json_str(one, "what")), 20);
		ck_assert_str_eq(json_str(args, "type"), "object");
		ck_assert(cJSON_IsFalse(
		    cJSON_GetObjectItem(args, "additionalProperties")));
	}
}
END_TEST

START_TEST(tools_are_enabled_by_name)
{
	AUTO(toolset) ts = NULL;
	struct toolset *none = NULL;
	const struct tool *tool = NULL;
	struct err err = {0};

	ck_assert(toolset_new(" echo ,get_current_time,echo", NULL, &ts,
		      &err) == RC_OK);
	ck_assert(toolset_find(ts, span_of("echo"), &tool, &err) == RC_OK);
	ck_assert(tool == &tool_echo);
	ck_assert(toolset_find(ts, span_of("query_prometheus_alerts"), &tool,
		      &err) == RC_NOTFOUND);
	assert_contains(err.text, "there are: echo, get_current_time");
	ck_assert(toolset_new("ehco", NULL, &none, &err) == RC_INVALID);
	assert_contains(err.text, "there is no tool \"ehco\"; there are: ");
	ck_assert(toolset_new(" , ", NULL, &none, &err) == RC_INVALID);
}
END_TEST

/* The class a catalogue gives a tool; the caller's set is freed. */
static const char *
described(struct toolset *ts, const char *name)
{
	static char class[16];
	AUTO(json) list = toolset_describe(ts);
	const cJSON *one;

	class[0] = '\0';
	cJSON_ArrayForEach (one, list)
		if (strcmp(json_str(one, "name"), name) == 0)
			snprintf(
			    class, sizeof(class), "%s", json_str(one, "class"));
	toolset_free(ts);
	return class;
}

START_TEST(the_operator_says_what_a_tool_does_to_the_world)
{
	static const struct {
		const char *classes, *echo;
	} cases[] = {
	    {NULL, "READ"},
	    {"", "READ"},
	    {" , ", "READ"},
	    {"echo=unsafe", "UNSAFE"},
	    {"echo=UNSAFE", "UNSAFE"},
	    {" find_causes = unsafe , echo = Idempotent ,", "IDEMPOTENT"},
	    {"echo=unsafe,echo=read", "READ"},
	    {"get_current_time=unsafe", "READ"},
	};
	struct toolset *ts = NULL;
	struct err err = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_msg(
		    toolset_new("echo", cases[i].classes, &ts, &err) == RC_OK,
		    "%s", err.text);
		ck_assert_str_eq(described(ts, "echo"), cases[i].echo);
	}
	/* One that is enabled because it reads does not vanish when the
	 * operator is more careful than its maker. */
	ck_assert(
	    toolset_new(NULL, "get_current_time=unsafe", &ts, &err) == RC_OK);
	ck_assert_str_eq(described(ts, "get_current_time"), "UNSAFE");
}
END_TEST

static const struct {
	const char *classes, *says;
} wrong_classes[] = {
    {"ehco=unsafe", "tool-classes: there is no tool \"ehco\"; there are: "},
    {"=unsafe", "there is no tool \"\""},
    {"echo", "\"echo\" gives no class; write echo=read, echo=idempotent or "
	     "echo=unsafe"},
    {"echo=", "gives no class"},
    {"echo=safe", "\"echo=safe\" gives no class"},
    {"echo=read=unsafe", "gives no class"},
    {"find_causes=read, echo=rea", "\"echo=rea\" gives no class"},
};

START_TEST(a_wrong_class_is_refused_with_what_would_be_right)
{
	struct toolset *ts = NULL;
	struct err err = {0};

	ck_assert(toolset_new("echo", wrong_classes[_i].classes, &ts, &err) ==
		  RC_INVALID);
	ck_assert_ptr_null(ts);
	assert_contains(err.text, wrong_classes[_i].says);
}
END_TEST

START_TEST(the_names_of_classes_are_read_and_nothing_else)
{
	enum tool_class class = TOOL_IDEMPOTENT;
	int i;

	ck_assert(!tool_class_parse(span_of(""), &class));
	ck_assert(!tool_class_parse(span_of("REA"), &class));
	ck_assert(!tool_class_parse(span_of("READS"), &class));
	ck_assert_int_eq(class, TOOL_IDEMPOTENT);
	for (i = 0; i < TOOL_CLASS_COUNT; i++) {
		ck_assert(tool_class_parse(
		    span_of(tool_class_name((enum tool_class)i)), &class));
		ck_assert_int_eq(class, i);
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {echo_answers_with_its_text, 0},
	    {a_step_is_given_its_key_where_it_has_one, 0},
	    {the_time_is_told_with_its_weekday, 0},
	    {what_cannot_be_run_is_answered_with_what_would_be_right,
		ARRAY_LEN(refused)},
	    {every_alert_instance_is_listed, 0},
	    {alerts_are_chosen_by_state_and_labels, 0},
	    {no_alert_is_said_to_be_none, 0},
	    {an_alert_storm_is_listed_whole_within_the_limits, 0},
	    {alerts_of_the_past_come_from_their_series, 0},
	    {the_rule_behind_an_alert_comes_with_what_it_is_made_of, 0},
	    {a_summary_cut_within_a_character_can_still_be_sent, 1},
	    {all_rules_are_listed_when_none_is_named, 0},
	    {a_summary_cut_within_a_character_can_still_be_sent, 0},
	    {targets_that_are_down_are_told_with_their_error, 0},
	    {a_range_is_boiled_down_to_figures_biggest_change_first, 0},
	    {every_kind_of_instant_answer_is_told, ARRAY_LEN(instants)},
	    {of_many_series_the_largest_are_kept_and_the_rest_is_counted, 0},
	    {a_step_too_fine_is_raised_and_said_so, 0},
	    {a_range_without_bounds_takes_those_of_the_investigation, 0},
	    {a_failure_is_told_in_prometheus_words_without_evidence,
		ARRAY_LEN(failures)},
	    {a_step_ends_at_its_deadline_and_its_connection_too, 0},
	    {a_step_that_is_called_off_closes_its_connection, 0},
	    {a_large_answer_is_read_whole_and_kept_up_to_the_limit, 0},
	    {the_catalogue_describes_every_tool_with_its_schema, 0},
	    {tools_are_enabled_by_name, 0},
	    {the_operator_says_what_a_tool_does_to_the_world, 0},
	    {a_wrong_class_is_refused_with_what_would_be_right,
		ARRAY_LEN(wrong_classes)},
	    {the_names_of_classes_are_read_and_nothing_else, 0},
	};

	return RUN_TESTS("tools", tests);
}
