/*
 * test_tools_metrics.c - the tool for metrics, against a stub that answers as
 * Prometheus would.
 */
#include "common/json/json.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

static struct stub_route metrics[] = {
    {"/api/v1/query_range?", 200, NULL,
	WORKBENCH_DATA(
	    "{\"resultType\":\"matrix\",\"result\":["
	    "{\"metric\":{\"__name__\":\"x\",\"i\":\"calm\"},\"values\":["
	    "[1000,\"5\"],[1600,\"5\"],[2600,\"6\"],[3000,\"5\"]]},"
	    "{\"metric\":{\"__name__\":\"x\",\"i\":\"spike\"},\"values\":["
	    "[1000,\"2\"],[1400,\"NaN\"],[1800,\"4\"],[2200,\"90\"],"
	    "[3000,\"3\"]]},"
	    "{\"metric\":{\"__name__\":\"x\",\"i\":\"new\"},\"values\":["
	    "[2500,\"+Inf\"],[3000,\"7\"]]}]}")},
    {"/api/v1/query?query=empty", 200, NULL,
	WORKBENCH_DATA("{\"resultType\":\"vector\",\"result\":[]}")},
    {"/api/v1/query?query=scalar", 200, NULL,
	WORKBENCH_DATA("{\"resultType\":\"scalar\",\"result\":[1,\"42\"]}")},
    {"/api/v1/query?query=string", 200, NULL,
	WORKBENCH_DATA("{\"resultType\":\"string\",\"result\":[1,\"hello\"]}")},
    {"/api/v1/query?query=native", 200, NULL,
	"{\"status\":\"success\",\"warnings\":[\"mixed histograms\"],"
	"\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":"
	"\"b\"},\"histogram\":[1,{\"count\":\"10\",\"sum\":\"3.5\","
	"\"buckets\":[[0,\"0\",\"1\",\"10\"]]}]}]}}"},
    {"/api/v1/query?query=odd", 200, NULL,
	WORKBENCH_DATA(
	    "{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
	    "\"value\":[1,\"NaN\"]},{\"metric\":{\"a\":\"b\"},\"value\":[1,"
	    "\"-Inf\"]}]}")},
    {0},
};

START_TEST(a_range_is_boiled_down_to_figures_biggest_change_first)
{
	struct workbench b;
	const cJSON *one;
	auto_buf text = {.max = 10000};

	workbench_open(&b, stub_routes, metrics);
	workbench_perform(&b,
	    "{\"tool\":\"query_prometheus_metrics\",\"args\":{"
	    "\"query\":\"x\",\"start\":1000,\"end\":3000}}");
	ck_assert_msg(b.success, "%s", json_str(b.feedback, "summary"));
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "series")), 3);
	/* Without a baseline: from nothing to infinity. */
	one = cJSON_GetArrayItem(workbench_data(&b, "series"), 0);
	json_print(&text, one);
	assert_contains(buf_str(&text), "\"i\":\"new\"");
	assert_contains(buf_str(&text), "\"max\":\"+Inf\"");
	assert_contains(buf_str(&text), "\"baseline\":null");
	assert_contains(buf_str(&text), "\"change\":\"+Inf\"");
	buf_reset(&text);
	json_print(&text, cJSON_GetArrayItem(workbench_data(&b, "series"), 1));
	ck_assert_str_eq(buf_str(&text),
	    "{\"labels\":{\"__name__\":\"x\",\"i\":\"spike\"},\"n\":5,"
	    "\"first\":2,\"last\":3,\"min\":2,\"max\":90,\"mean\":24.75,"
	    "\"baseline\":3,\"change\":87,"
	    "\"from\":\"1970-01-01T00:16:40Z\",\"to\":\"1970-01-01T00:50:00Z\","
	    "\"hole_from\":\"1970-01-01T00:36:40Z\","
	    "\"hole_to\":\"1970-01-01T00:50:00Z\","
	    "\"time_of_min\":\"1970-01-01T00:16:40Z\","
	    "\"time_of_max\":\"1970-01-01T00:36:40Z\",\"nan\":1}");
	assert_contains(json_str(b.feedback, "summary"),
	    "x{i=\"spike\"}: was 3, last 3, min 2, max 90 at "
	    "1970-01-01T00:36:40Z");
	assert_contains(json_str(b.feedback, "query"),
	    "x from 1970-01-01T00:16:40Z to 1970-01-01T00:50:00Z, step 10s");
	workbench_close(&b);
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
	struct workbench b;
	auto_str step = xasprintf("{\"tool\":\"query_prometheus_metrics\","
				  "\"args\":{\"query\":\"%s\"}}",
	    instants[_i].query);

	workbench_open(&b, stub_routes, metrics);
	assert_contains(workbench_perform(&b, step), instants[_i].says);
	ck_assert(b.success);
	workbench_close(&b);
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
	struct workbench b;
	const char *summary;

	workbench_open(&b, many_series, NULL);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_metrics\","
				  "\"args\":{\"query\":\"x\"}}");
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "series")), 50);
	ck_assert(workbench_number(&b, "series_total") == 120);
	ck_assert(workbench_number(&b, "series_left_out") == 70);
	assert_contains(summary, "120 series.\n- {n=\"119\"}: 119");
	assert_contains(summary, "- and 110 more, with smaller values");
	workbench_close(&b);
}
END_TEST

START_TEST(a_step_too_fine_is_raised_and_said_so)
{
	struct workbench b;

	workbench_open(&b, stub_routes, metrics);
	assert_contains(
	    workbench_perform(&b,
		"{\"tool\":\"query_prometheus_metrics\",\"args\":{"
		"\"query\":\"x\",\"window\":\"7d\",\"step\":\"1s\"}}"),
	    "The step was raised to keep within 11000 points");
	ck_assert(workbench_number(&b, "step_s") == 60);
	workbench_close(&b);
}
END_TEST

START_TEST(a_range_without_bounds_takes_those_of_the_investigation)
{
	struct workbench b;

	workbench_open(&b, stub_routes, metrics);
	workbench_perform(&b,
	    "{\"tool\":\"query_prometheus_metrics\",\"at\":3600000,"
	    "\"window\":600,\"args\":{\"query\":\"x\",\"step\":15}}");
	assert_contains(json_str(b.feedback, "query"),
	    "x from 1970-01-01T00:50:00Z to 1970-01-01T01:00:00Z, step 15s");
	workbench_close(&b);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_range_is_boiled_down_to_figures_biggest_change_first, 0},
	    {every_kind_of_instant_answer_is_told, ARRAY_LEN(instants)},
	    {of_many_series_the_largest_are_kept_and_the_rest_is_counted, 0},
	    {a_step_too_fine_is_raised_and_said_so, 0},
	    {a_range_without_bounds_takes_those_of_the_investigation, 0},
	};

	return RUN_TESTS("tools_metrics", tests);
}
