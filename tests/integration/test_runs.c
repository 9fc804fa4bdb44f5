/*
 * test_runs.c - the course of a run from request to report: plans, steps, also
 * several at once, their evidence, and what can be read of it afterwards.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

START_TEST(a_run_goes_from_request_to_report)
{
	static const char *const order[] = {"started", "supervisor", "plan",
	    "tool_started", "evidence", "feedback", "supervisor", "plan",
	    "supervisor", "report", "finished"};
	const struct proto_task *t;
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "why?"));
	ck_assert(span_is(wire_find_str(t->input, "language"), "zh"));
	ck_assert_uint_gt(wire_find(t->input, "tools").n, 1);
	peer_answer(&rig->planner, t, RIG_EXECUTE, NULL);
	rig_next(&rig->planner, PROTO_ACK);
	t = rig_task(&rig->executor);
	ck_assert(span_is(wire_find_str(t->input, "tool"), "echo"));
	ck_assert(
	    span_is(wire_find_str(wire_find(t->input, "args"), "text"), "hi"));
	peer_answer(&rig->executor, t, RIG_GOOD_STEP, "the tool's bytes");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	for (i = 0; i < (int)ARRAY_LEN(order); i++)
		ck_assert_str_eq(rig->log.e[i].type, order[i]);
	ck_assert_int_eq(rig->log.n, ARRAY_LEN(order));
	ck_assert_str_eq(tree_str(rig_event("evidence", 0), "id"), "E1");
	assert_contains(
	    tree_str(rig_event("report", 0), "markdown"), "the report");
	rig_close();
}
END_TEST

START_TEST(what_was_kept_can_be_read_afterwards)
{
	static const struct {
		const char *what, *args, *rc;
	} queries[] = {
	    {"list", "{}", "ok"},
	    {"show", "{}", "ok"},
	    {"report", "{}", "ok"},
	    {"evidence", "{\"id\":\"E1\"}", "ok"},
	    {"evidence", "{\"id\":\"E9\"}", "notfound"},
	    {"evidence", "{\"id\":\"E1junk\"}", "notfound"},
	    {"evidence", "{\"id\":\"E01\"}", "notfound"},
	    {"evidence", "{\"id\":1}", "invalid"},
	    {"list", "{\"limit\":200}", "ok"},
	    {"list", "{\"before\":\"7\"}", "invalid"},
	    {"list", "{\"limit\":201}", "invalid"},
	    {"gossip", "{}", "invalid"},
	};
	size_t i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, "the tool's bytes");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	for (i = 0; i < ARRAY_LEN(queries); i++) {
		struct proto m = {.type = PROTO_QUERY};
		const struct proto_reply *r;
		auto_buf b = {0};

		buf_init(&b, 4096);
		peer_put_json(&b, queries[i].args);
		m.query.req = 50 + i;
		m.query.what = span_of(queries[i].what);
		m.query.run = span_of(rig->run);
		m.query.args = buf_span(&b);
		peer_say(&rig->gateway, &m);
		r = rig_reply(50 + i);
		assert_reply(r, queries[i].rc, "");
		if (i == 2)
			ck_assert(span_is(
			    wire_find_str(r->value, "status"), "completed"));
		if (i == 3)
			ck_assert(span_is(r->bytes, "the tool's bytes") &&
				  span_is(r->media, "text/plain"));
	}
	rig_close();
}
END_TEST

START_TEST(parallel_steps_are_joined_in_their_order)
{
	const struct proto_task *t[3];
	struct span fb;
	uint32_t n;
	struct wire_r r;
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE_THREE);
	for (i = 0; i < 3; i++)
		t[i] = rig_task(&rig->executor);
	for (i = 2; i >= 0; i--) {
		auto_str u =
		    xasprintf("{\"feedback\":{\"status\":\"SUCCESS\","
			      "\"tool\":\"echo\",\"summary\":\"s%lld\"}}",
			(long long)wire_find_int(t[i]->input, "index", -1));

		peer_answer(&rig->executor, t[i], u, i == 1 ? NULL : u);
	}
	fb = wire_find(rig_task(&rig->planner)->input, "executor_feedback");
	r = wire_reader(fb);
	n = wire_array(&r);
	ck_assert_uint_eq(n, 3);
	for (i = 0; i < 3; i++) {
		char want[16];

		snprintf(want, sizeof(want), "s%d", i);
		ck_assert(
		    span_is(wire_find_str(wire_raw(&r), "summary"), want));
	}
	rig_close();
}
END_TEST

START_TEST(a_step_that_is_refused_becomes_feedback)
{
	const char *bad =
	    "{\"decision\":\"EXECUTE\",\"planner_plan\":"
	    "{\"decision\":\"EXECUTE\",\"tool\":\"rm\",\"args\":{}}}";
	const cJSON *e;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(bad);
	e = rig_event("feedback", 0);
	ck_assert_str_eq(tree_str(e, "status"), "FAILED");
	ck_assert_str_eq(tree_str(e, "tool"), "rm");
	assert_contains(tree_str(e, "summary"), "echo");
	ck_assert(!peer_has(&rig->executor, PROTO_TASK));
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

static const struct {
	const char *update, *says;
} no_feedback[] = {
    {"{}", "RESULT.update.feedback has another type"},
    {"{\"feedback\":[1]}", "RESULT.update.feedback has another type"},
    {"7", "RESULT.update has another type"},
    {"{\"error\":\"out of paper\"}", "out of paper"},
    {"{\"feedback\":{\"tool\":\"echo\"}}", "status has 0 bytes"},
    {"{\"feedback\":{\"status\":\"SUCCESS\"}}", "tool has 0 bytes"},
    {"{\"feedback\":{\"status\":1,\"tool\":\"echo\"}}",
	"status has another type"},
    {"{\"feedback\":{\"status\":\"SUCCESS\",\"tool\":\"echo\",\"ms\":\"5\"}}",
	"ms has another type"},
    {"{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\",\"unknown\":1}}",
	"unknown has another type"},
};

START_TEST(what_is_no_feedback_counts_as_a_failure)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(no_feedback[_i].update, "bytes");
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 0), "status"), "FAILED");
	assert_contains(tree_str(rig_event("feedback", 0), "summary"),
	    no_feedback[_i].says);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(tokens_reach_those_who_watch_and_are_kept_nowhere)
{
	struct proto m = {.type = PROTO_PROGRESS};
	const struct proto_task *t;
	const struct proto *got;
	auto_buf b = {0};

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	t = rig_task(&rig->planner);
	rig_event("supervisor", 0);
	buf_init(&b, 1024);
	peer_put_json(&b, "{\"text\":\"tok\"}");
	m.progress.epoch = t->epoch;
	m.progress.run = t->run;
	m.progress.task = t->task;
	m.progress.attempt = t->attempt;
	m.progress.type = span_of("token");
	m.progress.data = buf_span(&b);
	peer_say(&rig->planner, &m);
	got = rig_next(&rig->gateway, PROTO_FLEETING);
	ck_assert(span_is(wire_find_str(got->fleeting.data, "text"), "tok"));
	m.progress.type = span_of("progress");
	peer_say(&rig->planner, &m);
	ck_assert_str_eq(tree_str(rig_event("progress", 0), "text"), "tok");
	ck_assert_int_eq(rig_count("token"), 0);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_run_goes_from_request_to_report, 0},
	    {what_was_kept_can_be_read_afterwards, 0},
	    {parallel_steps_are_joined_in_their_order, 0},
	    {a_step_that_is_refused_becomes_feedback, 0},
	    {what_is_no_feedback_counts_as_a_failure, ARRAY_LEN(no_feedback)},
	    {tokens_reach_those_who_watch_and_are_kept_nowhere, 0},
	};

	return RUN_TESTS("runs", tests);
}
