/*
 * test_forks.c - checkpoints, and runs that go on anew from one.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>

/* A run of two turns and a step: started 1, supervisor, plan 3,
 * tool_started, evidence, feedback 6, supervisor, plan 8, supervisor,
 * report 10, finished 11. */
static void
short_run(void)
{
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, "the tool's bytes");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig->log.n, 11);
}

START_TEST(checkpoints_are_tied_to_the_events_that_tell_of_them)
{
	static const struct {
		const char *node;
		int seq, feedback, turns;
	} due[] = {{"start", 1, 0, 0}, {"planner", 3, 0, 1},
	    {"executor", 6, 1, 1}, {"planner", 8, 1, 2}, {"end", 10, 1, 2}};
	const struct proto_reply *r;
	AUTO(tree) list = NULL;
	const cJSON *c;
	int i = 0;

	rig_open(rig_calm);
	short_run();
	r = rig_query(50, "checkpoints", "{}");
	assert_reply(r, "ok", "");
	list = wire_to_tree(r->value);
	ck_assert_int_eq((int)tree_num(list, "last_seq", 0), 11);
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(list, "checkpoints")), ARRAY_LEN(due));
	cJSON_ArrayForEach (c, tree_at(list, "checkpoints")) {
		auto_str args = xasprintf("{\"n\":%d}", i);
		AUTO(tree) at = NULL;
		const cJSON *state;

		ck_assert_int_eq((int)tree_num(c, "n", -1), i);
		ck_assert_str_eq(tree_str(c, "node"), due[i].node);
		ck_assert_int_eq((int)tree_num(c, "seq", -1), due[i].seq);
		r = rig_query(60, "checkpoint", args);
		assert_reply(r, "ok", "");
		at = wire_to_tree(r->value);
		state = tree_at(at, "state");
		ck_assert_int_eq((int)tree_num(at, "seq", -1), due[i].seq);
		ck_assert_int_eq((int)tree_num(state, "seq", -1), due[i].seq);
		ck_assert_int_eq(
		    cJSON_GetArraySize(tree_at(state, "executor_feedback")),
		    due[i].feedback);
		ck_assert_int_eq(
		    (int)tree_num(state, "turns", 0), due[i].turns);
		ck_assert_int_eq(cJSON_GetArraySize(tree_at(at, "tools")), 3);
		i++;
	}
	assert_reply(rig_query(61, "checkpoint", "{\"n\":5}"), "notfound",
	    "has no checkpoint 5");
	assert_reply(rig_query(62, "checkpoint", "{\"n\":\"1\"}"), "invalid",
	    "checkpoint: n has another type");
	rig_close();
}
END_TEST

static const struct proto_reply *
fork_of(uint64_t req, const char *run, uint64_t from, const char *key,
    const char *digest)
{
	struct proto m = {.type = PROTO_FORK};
	auto_buf b = {0};

	buf_init(&b, 64);
	peer_put_json(&b, "{}");
	m.fork.req = req;
	m.fork.run = span_of(run);
	m.fork.from = from;
	m.fork.key = span_of(key);
	m.fork.digest = span_of(digest);
	m.fork.follow = 1;
	m.fork.input = buf_span(&b);
	peer_say(&rig->gateway, &m);
	return rig_reply(req);
}

/* From here on the rig's run is the fork that r tells of. */
static void
look_at_fork(const struct proto_reply *r, uint64_t req)
{
	assert_reply(r, "ok", "");
	ck_assert(!span_is(r->run, rig->run));
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	rig_log_done(&rig->log);
	rig->req = req;
}

START_TEST(a_fork_does_anew_what_was_told_from_an_event_on)
{
	/* Which event; what happens next; the state's last event. */
	static const struct {
		uint64_t from;
		bool step;
		int turns, seq;
	} cases[] = {{1, false, 0, 1}, {3, false, 0, 1}, {4, true, 1, 3},
	    {6, true, 1, 3}, {7, false, 1, 6}, {8, false, 1, 6}};
	const struct proto_task *t;
	char first[64];

	rig_open(rig_calm);
	short_run();
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, cases[_i].from, NULL, NULL), 7);
	if (cases[_i].step)
		rig_step(RIG_GOOD_STEP, "other bytes");
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "why?"));
	ck_assert(span_is(wire_find_str(t->input, "id"), rig->run));
	ck_assert_int_eq(wire_find_int(t->input, "turns", 0), cases[_i].turns);
	peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	ck_assert_str_eq(
	    tree_str(tree_at(rig_event("started", 0), "forked_from"), "run"),
	    first);
	ck_assert_int_eq(
	    (int)tree_num(
		tree_at(rig_event("started", 0), "forked_from"), "seq", 0),
	    cases[_i].seq);
	if (cases[_i].turns == 1)
		ck_assert(
		    span_is(rig_query(70, "evidence", "{\"id\":\"E1\"}")->bytes,
			cases[_i].step ? "other bytes" : "the tool's bytes"));
	rig_close();
}
END_TEST

static const struct proto_reply *
ask_of(uint64_t req, const char *run, const char *question)
{
	struct proto m = {.type = PROTO_FORK};
	auto_str body = xasprintf("{\"input\":\"%s\"}", question);
	auto_buf b = {.max = 1024};

	peer_put_json(&b, body);
	m.fork.req = req;
	m.fork.run = span_of(run);
	m.fork.follow = 1;
	m.fork.follow_up = 1;
	m.fork.input = buf_span(&b);
	peer_say(&rig->gateway, &m);
	return rig_reply(req);
}

/* It is planned anew, with the evidence and without the end of the other. */
START_TEST(a_run_that_has_ended_is_asked_something_else)
{
	const struct proto_task *t;
	char first[64];

	rig_open(rig_calm);
	short_run();
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(ask_of(7, first, "and then?"), 7);
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "and then?"));
	ck_assert(span_is(
	    wire_find_str(wire_find(t->input, "follows"), "run"), first));
	ck_assert(span_is(
	    wire_find_str(wire_find(t->input, "follows"), "input"), "why?"));
	ck_assert_int_eq(wire_find_int(t->input, "iteration", -1), 0);
	ck_assert_int_eq(wire_find(t->input, "decision").n, 0);
	ck_assert_int_eq(wire_find(t->input, "final_report").n, 0);
	ck_assert(memmem(t->input.p, t->input.n, "said", 4) != NULL);
	peer_answer(&rig->planner, t, RIG_EXECUTE, NULL);
	rig_step(RIG_GOOD_STEP, "more bytes");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert(span_is(
	    rig_query(70, "evidence", "{\"id\":\"E1\"}")->bytes,
	    "the tool's bytes"));
	ck_assert(span_is(
	    rig_query(71, "evidence", "{\"id\":\"E2\"}")->bytes, "more bytes"));
	rig_close();
}
END_TEST

START_TEST(nothing_is_asked_of_a_run_that_goes_on_or_that_is_not_there)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	assert_reply(
	    ask_of(7, rig->run, "so?"), "conflict", "still under way");
	assert_reply(ask_of(8, "nobody", "so?"), "notfound", "nobody");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	assert_reply(ask_of(9, rig->run, ""), "invalid", "no question");
	rig_close();
}
END_TEST

START_TEST(forks_are_refused_where_there_is_nothing_to_do_anew)
{
	rig_open(rig_calm);
	short_run();
	assert_reply(
	    fork_of(2, rig->run, 0, NULL, NULL), "invalid", "numbered from 1");
	assert_reply(fork_of(3, rig->run, 11, NULL, NULL), "invalid",
	    "its last event is 11");
	assert_reply(fork_of(4, rig->run, 12, NULL, NULL), "invalid",
	    "its last event is 11");
	assert_reply(fork_of(5, "nobody", 1, NULL, NULL), "notfound",
	    "no investigation nobody");
	assert_reply(fork_of(6, "", 1, NULL, NULL), "invalid", "names the run");
	rig_close();
}
END_TEST

/* The plan being carried out is carried out in both, each for itself. */
START_TEST(a_run_under_way_can_be_forked)
{
	const struct proto_task *mine, *its;
	char first[64];

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	mine = rig_task(&rig->executor);
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, 4, NULL, NULL), 7);
	its = rig_task(&rig->executor);
	ck_assert(span_is(its->run, rig->run));
	peer_answer(&rig->executor, mine, RIG_GOOD_STEP, "of the first");
	peer_answer(&rig->executor, its, RIG_GOOD_STEP, "of the fork");
	rig_plan(RIG_FINISH);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert(span_is(rig_query(50, "evidence", "{\"id\":\"E1\"}")->bytes,
	    "of the fork"));
	memcpy(rig->run, first, sizeof(first));
	ck_assert(span_is(rig_query(51, "evidence", "{\"id\":\"E1\"}")->bytes,
	    "of the first"));
	rig_log_done(&rig->log);
	rig_follow(8, first, 0);
	rig->req = 8;
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_fork_finds_the_queue_as_full_as_a_request_does)
{
	static const char *const flags[] = {"--queue-max", "1", NULL};

	rig_open(flags);
	rig_start_run();
	assert_reply(fork_of(2, rig->run, 1, NULL, NULL), "busy", "1");
	rig_close();
}
END_TEST

START_TEST(a_fork_is_a_run_with_a_key_and_survives_a_kill)
{
	char first[64], fork[64];
	const struct proto_reply *r;

	rig_open(rig_calm);
	short_run();
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, 8, "key", "digest"), 7);
	memcpy(fork, rig->run, sizeof(fork));
	rig_restart(SIGKILL);
	r = fork_of(8, first, 8, "key", "digest");
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, fork));
	rig->req = 8;
	assert_reply(fork_of(9, first, 3, "key", "another"), "conflict",
	    "Idempotency-Key");
	rig_join_planner();
	rig_join_executor();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("plan"), 1);
	/* A fork can be forked; its beginning is where it went on from. */
	look_at_fork(fork_of(10, fork, 1, NULL, NULL), 10);
	ck_assert_int_eq(
	    wire_find_int(rig_task(&rig->planner)->input, "turns", 0), 1);
	rig_cancel(11);
	assert_finished("cancelled", "cancelled");
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {checkpoints_are_tied_to_the_events_that_tell_of_them, 0},
	    {a_fork_does_anew_what_was_told_from_an_event_on, 6},
	    {a_run_that_has_ended_is_asked_something_else, 0},
	    {nothing_is_asked_of_a_run_that_goes_on_or_that_is_not_there, 0},
	    {forks_are_refused_where_there_is_nothing_to_do_anew, 0},
	    {a_run_under_way_can_be_forked, 0},
	    {a_fork_finds_the_queue_as_full_as_a_request_does, 0},
	    {a_fork_is_a_run_with_a_key_and_survives_a_kill, 0},
	};

	return RUN_TESTS("forks", tests);
}
