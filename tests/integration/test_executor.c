/*
 * test_executor.c - culprit-executor alone (--once, --check) against a real
 * Prometheus.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/proxy.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum { RUN_MS = AWAIT_MS };

static const char scrape[] =
    "- job_name: ghost\n"
    "  static_configs: [{targets: [\"127.0.0.1:1\"]}]\n";

static const char rules[] =
    "groups:\n"
    "- name: house\n"
    "  rules:\n"
    "  - record: job:up:sum\n"
    "    expr: sum by (job) (up)\n"
    "  - alert: TargetDown\n"
    "    expr: job:up:sum == 0\n"
    "    labels: {severity: page}\n"
    "    annotations: {summary: \"{{ $labels.job }} is down\"}\n"
    "  - alert: Patience\n"
    "    expr: vector(7)\n"
    "    for: 1h\n";

/* Runs the executor with its input from text; its exit status. */
static int
executor(const char *url, const char *mode, struct span input, char **ret_out,
    char **ret_err)
{
	char *dir = scratch_new();
	auto_str path = program("culprit-executor");
	auto_str in = xasprintf("%s/in", dir);
	auto_str where = xasprintf("CULPRIT_PROMETHEUS_URL=%s", url);
	auto_str data = xasprintf("CULPRIT_DATA_DIR=%s", dir);
	const char *argv[] = {path, mode, NULL};
	const char *env[] = {where, data, NULL};
	struct proc_spec spec = {.argv = argv,
	    .env = env,
	    .dir = dir,
	    .name = "executor",
	    .stdin_path = in};
	FILE *f = fopen(in, "wb");
	int status;

	ck_assert(f != NULL && fwrite(input.p, 1, input.n, f) == input.n &&
		  fclose(f) == 0);
	status = proc_run(&spec, RUN_MS, ret_out, ret_err);
	scratch_free(dir);
	return status;
}

/* One step; its feedback. */
static cJSON *
once(const char *url, const char *step, int want)
{
	auto_str out = NULL;
	auto_str errors = NULL;
	cJSON *tree = NULL;
	struct err err = {0};
	struct json_limits limits = {64 << 20, 64, 2000000};
	int status = executor(url, "--once", span_of(step), &out, &errors);

	ck_assert_msg(status == want, "%d: %s%s", status, out, errors);
	ck_assert_msg(json_parse(span_of(out), &limits, &tree, &err) == RC_OK,
	    "%s: %s", err.text, out);
	return tree;
}

static struct stub_route one_alert[] = {
    {"/api/v1/alerts", 200, NULL,
	"{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{"
	"\"alertname\":\"Fire\"},\"annotations\":{},\"state\":\"firing\","
	"\"activeAt\":\"2026-11-23T09:57:00Z\",\"value\":\"1\"}]}}"},
    {0},
};

static const cJSON *
at(const cJSON *tree, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(tree, key);
}

struct firing {
	const char *url;
	cJSON *feedback;
};

static bool
alert_fires(void *arg)
{
	struct firing *f = arg;

	cJSON_Delete(f->feedback);
	f->feedback = once(f->url, "{\"tool\":\"query_prometheus_alerts\"}", 0);
	return cJSON_GetNumberValue(at(at(f->feedback, "data"), "firing")) > 0;
}

START_TEST(alerts_rules_and_targets_of_a_real_server_are_told)
{
	struct prometheus_spec spec = {.scrape = scrape, .rules = rules};
	struct prometheus *p = prometheus_start(&spec);
	struct firing f = {.url = prometheus_url(p)};
	AUTO(json) r = NULL;
	AUTO(json) t = NULL;
	auto_buf text = {.max = 1 << 20};

	ck_assert(await(alert_fires, &f, AWAIT_MS));
	json_print(&text, f.feedback);
	assert_contains(buf_str(&text), "\"name\":\"TargetDown\"");
	assert_contains(
	    buf_str(&text), "\"annotations\":{\"summary\":\"ghost is down\"}");
	assert_contains(buf_str(&text), "\"name\":\"Patience\","
					"\"state\":\"pending\"");
	assert_contains(buf_str(&text), "\"media\":\"application/json\"");
	cJSON_Delete(f.feedback);

	r = once(f.url,
	    "{\"tool\":\"query_prometheus_rules\",\"args\":{\"names\":"
	    "[\"TargetDown\"]}}",
	    0);
	assert_contains(json_str(r, "summary"), "2 of 3 rules:");
	assert_contains(
	    json_str(r, "summary"), "alert TargetDown: job:up:sum == 0");
	t = once(f.url, "{\"tool\":\"query_prometheus_targets\"}", 0);
	assert_contains(json_str(t, "summary"), "1 of 1 targets is down");
	assert_contains(json_str(t, "summary"), "connection refused");
	prometheus_free(p);
}
END_TEST

/* An hour of one sample every 15 s: 1, and 5 in the last ten minutes. */
static char *
samples(int64_t now_s)
{
	struct buf b = {.max = 1 << 20};
	int64_t t;

	buf_adds(&b, "# TYPE load gauge\n");
	for (t = now_s - 3600; t <= now_s; t += 15)
		buf_addf(&b, "load{host=\"a\"} %d %lld\n",
		    t > now_s - 600 ? 5 : 1, (long long)t);
	buf_adds(&b, "# EOF\n");
	return buf_take(&b);
}

START_TEST(a_range_over_stored_samples_gives_their_figures)
{
	int64_t now_s = clk_wall_ms() / 1000;
	auto_str openmetrics = samples(now_s);
	struct prometheus_spec spec = {
	    .openmetrics = openmetrics, .prefix = "/metrics/prom"};
	struct prometheus *p = prometheus_start(&spec);
	auto_str step = xasprintf(
	    "{\"tool\":\"query_prometheus_metrics\",\"at\":%lld,"
	    "\"window\":\"1h\",\"args\":{\"query\":\"load\",\"step\":15}}",
	    (long long)now_s);
	AUTO(json) f = once(prometheus_url(p), step, 0);
	const cJSON *one = cJSON_GetArrayItem(at(at(f, "data"), "series"), 0);

	ck_assert_msg(one != NULL, "%s", json_str(f, "summary"));
	ck_assert(cJSON_GetNumberValue(at(one, "n")) == 241);
	ck_assert(cJSON_GetNumberValue(at(one, "baseline")) == 1);
	ck_assert(cJSON_GetNumberValue(at(one, "change")) == 4);
	ck_assert(cJSON_GetNumberValue(at(one, "last")) == 5);
	ck_assert_str_eq(json_str(at(one, "labels"), "host"), "a");
	prometheus_free(p);
}
END_TEST

static const struct {
	const char *step;
	const char *says, *advises;
} failing[] = {
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up{\"}}",
	"bad_data: invalid parameter \"query\": 1:4: parse error",
	"Correct the query"},
    {"{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":"
     "\"rate(up)\"}}",
	"expected type range vector", "Correct the query"},
};

START_TEST(prometheus_own_words_are_told_for_a_bad_query)
{
	struct prometheus_spec spec = {0};
	struct prometheus *p = prometheus_start(&spec);
	size_t i;

	for (i = 0; i < ARRAY_LEN(failing); i++) {
		AUTO(json) f = once(prometheus_url(p), failing[i].step, 1);

		assert_contains(json_str(f, "summary"), failing[i].says);
		assert_contains(json_str(f, "suggestion"), failing[i].advises);
		ck_assert_str_eq(json_str(f, "status"), "FAILED");
	}
	prometheus_free(p);
}
END_TEST

START_TEST(a_plan_of_several_steps_gives_a_feedback_for_each)
{
	struct prometheus_spec spec = {0};
	struct prometheus *p = prometheus_start(&spec);
	AUTO(json)
	f = once(prometheus_url(p),
	    "{\"decision\":\"EXECUTE\",\"at\":\"-1m\",\"steps\":["
	    "{\"tool\":\"get_current_time\"},"
	    "{\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":"
	    "\"vector(42)\"}}]}",
	    0);
	const cJSON *list = at(f, "feedback");

	ck_assert_int_eq(cJSON_GetArraySize(list), 2);
	assert_contains(
	    json_str(cJSON_GetArrayItem(list, 1), "summary"), "{}: 42");
	prometheus_free(p);
}
END_TEST

START_TEST(a_step_in_msgpack_is_taken_as_well)
{
	auto_buf wire = {.max = 1000};
	auto_str out = NULL;

	wire_put_map(&wire, 1);
	wire_put_str(&wire, "tool");
	wire_put_str(&wire, "get_current_time");
	ck_assert_int_eq(executor("http://127.0.0.1:1", "--once",
			     buf_span(&wire), &out, NULL),
	    0);
	assert_contains(out, "\"weekday\"");
}
END_TEST

static const struct {
	const char *input, *says;
} bad[] = {
    {"", "byte 0: ends where a value was expected"},
    {"{\"tool\":", "byte 8: ends where a value was expected"},
    {"[]", "step: expected an object, got an array"},
    {"{}", "step.tool: expected a string such as"},
    {"{\"tool\":7}", "step.tool: expected a string"},
    {"{\"tool\":\"echo\",\"at\":\"noon\"}", "step.at: \"noon\" is not a"},
    {"{\"steps\":[{\"tool\":\"x\"},{\"args\":1}]}",
	"steps[1].tool: expected a string"},
    {"{\"tool\":\"x\",\"tool\":\"y\"}", "the key \"tool\" stands twice"},
    {"\x81\xA4tool", "byte"},
};

START_TEST(bad_input_is_refused_with_where_and_what)
{
	auto_str err = NULL;

	ck_assert_int_eq(executor("http://127.0.0.1:1", "--once",
			     span_of(bad[_i].input), NULL, &err),
	    2);
	assert_contains(err, bad[_i].says);
}
END_TEST

START_TEST(check_tells_whether_prometheus_answers)
{
	struct prometheus_spec spec = {0};
	struct prometheus *p = prometheus_start(&spec);
	auto_str out = NULL;
	auto_str err = NULL;
	auto_str err2 = NULL;

	ck_assert_int_eq(
	    executor(prometheus_url(p), "--check", span_of(""), &out, NULL), 0);
	assert_contains(out, "configuration is good");
	ck_assert_int_ne(
	    executor("http://127.0.0.1:1", "--check", span_of(""), NULL, &err),
	    0);
	assert_contains(err, "nobody accepts connections there");
	assert_contains(err, "CULPRIT_PROMETHEUS_URL");
	ck_assert_int_ne(
	    executor("127.0.0.1:9090", "--check", span_of(""), NULL, &err2), 0);
	assert_contains(err2, "prometheus-url: ");
	/* Nor is one needed where no tool asks it. */
	setenv("CULPRIT_TOOLS", "echo", 1);
	ck_assert_int_eq(
	    executor("127.0.0.1:9090", "--check", span_of(""), NULL, NULL), 0);
	prometheus_free(p);
}
END_TEST

/* The variable is this test's own, so that the executor inherits it. */
START_TEST(a_query_goes_through_the_proxy_that_is_set)
{
	static const char step[] = "{\"tool\":\"query_prometheus_alerts\"}";
	struct stub_http *origin = stub_http_new(stub_routes, one_alert);
	struct stub_http *proxy = stub_http_new(proxy_forward, NULL);
	AUTO(json) direct = NULL;
	AUTO(json) through = NULL;
	AUTO(json) lost = NULL;
	auto_buf text = {.max = 1 << 20};

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	direct = once(stub_http_url(origin), step, 0);
	ck_assert_int_eq(stub_http_requests(proxy), 0);
	setenv("CULPRIT_HTTP_PROXY", stub_http_url(proxy), 1);
	through = once(stub_http_url(origin), step, 0);
	ck_assert_int_gt(stub_http_requests(proxy), 0);
	json_print(&text, through);
	assert_contains(buf_str(&text), "Fire");

	setenv("CULPRIT_HTTP_PROXY", "http://127.0.0.1:1", 1);
	lost = once(stub_http_url(origin), step, 1);
	buf_reset(&text);
	json_print(&text, lost);
	assert_contains(buf_str(&text), " through http://127.0.0.1:1");
	stub_http_free(proxy);
	stub_http_free(origin);
}
END_TEST

START_TEST(a_proxy_that_cannot_be_used_is_refused_at_the_start)
{
	auto_str out = NULL;
	auto_str errors = NULL;

	setenv("CULPRIT_HTTP_PROXY", "http://u:s3cret@127.0.0.1:1", 1);
	ck_assert_int_eq(executor("http://127.0.0.1:1", "--check", span_of(""),
			     &out, &errors),
	    1);
	assert_contains(errors, "without user, password or path");
	ck_assert_ptr_null(strstr(errors, "s3cret"));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {alerts_rules_and_targets_of_a_real_server_are_told, 0},
	    {a_range_over_stored_samples_gives_their_figures, 0},
	    {prometheus_own_words_are_told_for_a_bad_query, 0},
	    {a_plan_of_several_steps_gives_a_feedback_for_each, 0},
	    {a_step_in_msgpack_is_taken_as_well, 0},
	    {bad_input_is_refused_with_where_and_what, ARRAY_LEN(bad)},
	    {check_tells_whether_prometheus_answers, 0},
	    {a_query_goes_through_the_proxy_that_is_set, 0},
	    {a_proxy_that_cannot_be_used_is_refused_at_the_start, 0},
	};

	return RUN_TESTS("executor", tests);
}
