/*
 * test_tools.c - plan steps through the tools: what needs nothing, what cannot
 * be run, how a step fails or ends.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "executor/run.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#define NOW_MS INT64_C(1763891820000) /* 2025-11-23T09:57:00Z */

/* ---- tools that need nothing ---- */

static struct stub_route nothing[] = {{0}};

START_TEST(echo_answers_with_its_text)
{
	struct workbench b;

	workbench_open(&b, stub_routes, nothing);
	ck_assert_str_eq(
	    workbench_perform(&b, "{\"tool\":\"echo\",\"step\":\"try\","
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
	workbench_close(&b);
}
END_TEST

START_TEST(a_step_is_given_its_key_where_it_has_one)
{
	struct workbench b;

	workbench_open(&b, stub_routes, nothing);
	workbench_perform(&b, "{\"tool\":\"echo\",\"key\":\"run.7\"}");
	ck_assert_str_eq(
	    cJSON_GetStringValue(workbench_data(&b, "key")), "run.7");
	workbench_perform(&b, "{\"tool\":\"echo\"}");
	ck_assert_ptr_null(workbench_data(&b, "key"));
	workbench_close(&b);
}
END_TEST

START_TEST(the_time_is_told_with_its_weekday)
{
	struct workbench b;

	workbench_open(&b, stub_routes, nothing);
	clk_fix_ms(NOW_MS);
	ck_assert_str_eq(
	    workbench_perform(&b, "{\"tool\":\"get_current_time\"}"),
	    "It is Sunday, 2025-11-23T09:57:00Z (UTC).");
	ck_assert(workbench_number(&b, "unix") == 1763891820);
	workbench_close(&b);
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
     "{\"a b\":\"c\"}}}",
	"\"a b\" is not a label name", "Correct"},
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
	struct workbench b;

	workbench_open(&b, stub_routes, nothing);
	assert_contains(
	    workbench_perform(&b, refused[_i].step), refused[_i].says);
	ck_assert(!b.success);
	ck_assert_str_eq(json_str(b.feedback, "status"), "FAILED");
	assert_contains(
	    json_str(b.feedback, "suggestion"), refused[_i].advises);
	ck_assert_int_eq(stub_http_requests(b.stub), 0);
	workbench_close(&b);
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
    {"{\"tool\":\"query_prometheus_alerts\"}", "a login page", "login page"},
};

START_TEST(a_failure_is_told_in_prometheus_words_without_evidence)
{
	struct workbench b;

	workbench_open(&b, stub_routes, broken);
	assert_contains(
	    workbench_perform(&b, failures[_i].step), failures[_i].says);
	ck_assert(!b.success);
	assert_contains(
	    json_str(b.feedback, "suggestion"), failures[_i].advises);
	ck_assert_uint_eq(b.evidence.len, 0);
	workbench_close(&b);
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
	struct workbench b;
	int64_t begin = clk_mono_ms();

	workbench_open(&b, never, NULL);
	workbench_start(
	    &b, "{\"tool\":\"query_prometheus_alerts\"}", begin + 150);
	ck_assert(loop_until(b.loop, &b.done, AWAIT_MS));
	ck_assert(!b.success);
	assert_contains(json_str(b.feedback, "summary"),
	    "query_prometheus_alerts did not end within");
	ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(b.feedback, "unknown")));
	workbench_close(&b);
}
END_TEST

/* By the port of nobody, a connection that ends, and a proxy's word. */
static struct stub_route silent[] = {
    {"/api/v1/rules", 504, "text/plain", "gateway timeout"},
    {"/api/v1/alerts", 503, "text/plain", "overloaded"},
    {0},
};

static void
hang_up(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_close(c);
}

static const struct {
	stub_fn *answer;
	const char *step;
	bool deaf, unknown;
} unheard[] = {
    {hang_up, "{\"tool\":\"query_prometheus_alerts\"}", false, true},
    {stub_routes, "{\"tool\":\"query_prometheus_rules\"}", false, true},
    {stub_routes, "{\"tool\":\"query_prometheus_alerts\"}", false, false},
    {hang_up, "{\"tool\":\"query_prometheus_alerts\"}", true, false},
};

START_TEST(what_came_of_a_request_that_left_unanswered_is_not_known)
{
	struct workbench b;

	workbench_open(&b, unheard[_i].answer, silent);
	if (unheard[_i].deaf)
		b.prom->conf.url = "http://127.0.0.1:1";
	workbench_perform(&b, unheard[_i].step);
	ck_assert(!b.success);
	ck_assert_int_eq(
	    cJSON_IsTrue(cJSON_GetObjectItem(b.feedback, "unknown")),
	    unheard[_i].unknown);
	workbench_close(&b);
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
	struct workbench b;
	struct run *run;

	workbench_open(&b, never, NULL);
	run = workbench_start(&b, "{\"tool\":\"query_prometheus_alerts\"}", 0);
	ck_assert(loop_until_cond(b.loop, some_request, b.stub, AWAIT_MS));
	run_cancel(run);
	ck_assert(await(none_open, b.stub, AWAIT_MS));
	ck_assert(!b.done);
	workbench_close(&b);
}
END_TEST

struct on_time {
	struct workbench b;
	struct run *run;
};

static void
call_off(void *arg)
{
	struct on_time *o = arg;

	if (!o->b.done) /* it was late before */
		run_cancel(o->run);
}

START_TEST(a_step_that_is_called_off_as_its_time_ends_is_gone)
{
	struct on_time o;
	struct late late = {.off = call_off, .arg = &o, .wait_ms = 50};

	workbench_open(&o.b, never, NULL);
	loop_late(o.b.loop, &late);
	o.run = workbench_start(
	    &o.b, "{\"tool\":\"query_prometheus_alerts\"}", clk_mono_ms() + 40);
	ck_assert(loop_until(o.b.loop, &late.done, AWAIT_MS));
	workbench_close(&o.b);
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
	struct workbench b;

	workbench_open(&b, large, NULL);
	assert_contains(workbench_perform(&b,
			    "{\"tool\":\"query_prometheus_metrics\",\"args\":{"
			    "\"query\":\"x\",\"window\":\"1h\"}}"),
	    "The answer was longer than 4 MiB");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "samples") == 60060);
	ck_assert(cJSON_IsTrue(workbench_data(&b, "evidence_cut")));
	ck_assert_uint_le(b.evidence.len, TOOL_EVIDENCE_MAX);
	ck_assert_uint_gt(b.evidence.len, TOOL_EVIDENCE_MAX - (1 << 17));
	workbench_close(&b);
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
	    {a_failure_is_told_in_prometheus_words_without_evidence,
		ARRAY_LEN(failures)},
	    {a_step_ends_at_its_deadline_and_its_connection_too, 0},
	    {what_came_of_a_request_that_left_unanswered_is_not_known,
		(int)ARRAY_LEN(unheard)},
	    {a_step_that_is_called_off_closes_its_connection, 0},
	    {a_step_that_is_called_off_as_its_time_ends_is_gone, 0},
	    {a_large_answer_is_read_whole_and_kept_up_to_the_limit, 0},
	};

	return RUN_TESTS("tools", tests);
}
