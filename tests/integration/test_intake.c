/*
 * test_intake.c - what the supervisor says to a request: keys, a full queue,
 * nonsense, who goes first, and whether it is ready.
 */
#include "common/wire/wire.h"
#include "tests/harness/loop.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>

START_TEST(the_same_key_gives_the_same_run_and_another_body_a_conflict)
{
	char first[64];
	const struct proto_reply *r;

	rig_open(rig_calm);
	r = rig_submit(1, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	snprintf(first, sizeof(first), "%.*s", SPAN_ARG(r->run));
	r = rig_submit(2, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, first));
	r = rig_submit(3, "{\"input\":\"b\"}", "key", "another", false);
	assert_reply(r, "conflict", "Idempotency-Key");
	r = rig_submit(4, "{\"input\":\"a\"}", "other key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(!span_is(r->run, first));
	rig_restart(SIGKILL);
	r = rig_submit(5, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, first));
	rig_close();
}
END_TEST

START_TEST(a_full_queue_says_busy_but_known_keys_are_still_answered)
{
	static const char *const flags[] = {"--queue-max", "2", NULL};

	rig_open(flags);
	assert_reply(
	    rig_submit(1, "{\"input\":\"a\"}", "k", "d", false), "ok", "");
	assert_reply(rig_submit(2, "{}", NULL, NULL, false), "ok", "");
	assert_reply(rig_submit(3, "{}", NULL, NULL, false), "busy", "2");
	assert_reply(
	    rig_submit(4, "{\"input\":\"a\"}", "k", "d", false), "ok", "");
	rig_close();
}
END_TEST

START_TEST(requests_that_make_no_sense_are_refused)
{
	rig_open(rig_calm);
	assert_reply(rig_submit(1, "[]", NULL, NULL, false), "invalid", "map");
	snprintf(rig->run, sizeof(rig->run), "nosuchrun");
	rig_cancel(2);
	assert_reply(rig_reply(2), "notfound", "nosuchrun");
	rig_follow(3, "", 0);
	assert_reply(rig_reply(3), "notfound", "no investigation");
	rig_close();
}
END_TEST

static const struct {
	const char *input, *says;
} wrong_inputs[] = {
    {"[]", "SUBMIT.input has another type than expected: it is a map"},
    {"{\"input\":5}", "SUBMIT.input: input has another type"},
    {"{\"at\":\"-1h\"}", "SUBMIT.input: at has another type"},
    {"{\"window\":-5}", "SUBMIT.input: window has another type"},
    {"{\"language\":[\"zh\"]}", "SUBMIT.input: language has another type"},
};

/* The gateway would be as wrong with the next one, so it is told. */
START_TEST(a_field_of_another_type_or_size_is_answered_by_its_name)
{
	struct proto fork = {.type = PROTO_FORK};
	struct proto decide = {.type = PROTO_DECIDE};
	char key[202], by[65];
	auto_buf b = {.max = 1000};
	size_t i;

	memset(key, 'k', 201);
	key[201] = '\0';
	memset(by, 'b', 64);
	by[64] = '\0';
	rig_open(rig_calm);
	for (i = 0; i < ARRAY_LEN(wrong_inputs); i++)
		assert_reply(rig_submit(i + 1, wrong_inputs[i].input, NULL,
				 NULL, false),
		    "invalid", wrong_inputs[i].says);
	assert_reply(rig_submit(20, "{}", key, "d", false), "invalid",
	    "SUBMIT: key has 201 bytes; it may have from 0 to 200");
	assert_reply(rig_submit(21, "{}", "k", key, false), "invalid",
	    "SUBMIT: digest has 201 bytes");
	assert_reply(rig_submit(22, "{}", key + 1, key + 1, false), "ok", "");
	decide.decide.req = 23;
	peer_say(&rig->gateway, &decide);
	assert_reply(rig_reply(23), "invalid",
	    "DECIDE: by has 0 bytes; it may have from 1 to 63");
	decide.decide.by = span_of(by);
	peer_say(&rig->gateway, &decide);
	assert_reply(rig_reply(23), "invalid", "DECIDE: by has 64 bytes");
	peer_put_json(&b, "{\"input\":7}");
	fork.fork.req = 24;
	fork.fork.input = buf_span(&b);
	peer_say(&rig->gateway, &fork);
	assert_reply(rig_reply(24), "invalid", "names the run");
	fork.fork.run = rig_submit(25, "{}", NULL, NULL, false)->run;
	peer_say(&rig->gateway, &fork);
	assert_reply(rig_reply(24), "invalid",
	    "FORK.input: input has another type");
	rig_close();
}
END_TEST

START_TEST(readiness_says_who_is_missing)
{
	const struct proto *m;

	rig_open(rig_calm);
	m = rig_settle();
	ck_assert_uint_eq(m->status.ready, 0);
	ck_assert(span_is(m->status.reason, "no planner has joined"));
	rig_join_planner();
	ck_assert(
	    span_is(rig_settle()->status.reason, "no executor has joined"));
	rig_join_executor();
	m = rig_settle();
	ck_assert_uint_eq(m->status.ready, 1);
	ck_assert_int_eq(wire_find_int(m->status.detail, "planners", 0), 1);
	rig_close();
}
END_TEST

START_TEST(interactive_runs_go_before_those_of_a_webhook)
{
	const struct proto_task *t;

	rig_open(rig_calm);
	assert_reply(rig_submit(1, "{\"input\":\"hook\",\"alerts\":[]}", NULL,
			 NULL, false),
	    "ok", "");
	assert_reply(rig_submit(2, "{\"input\":\"person\"}", NULL, NULL, false),
	    "ok", "");
	rig_join(&rig->planner, "planner", "P", 1, "[]");
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "person"));
	rig_close();
}
END_TEST

static bool
is_stopping(void *arg UNUSED)
{
	return span_is(
	    rig_settle()->status.reason, "the supervisor is stopping");
}

/* What runs that may not be cut off is waited for; nothing else begins. */
START_TEST(a_supervisor_that_is_asked_to_end_takes_no_more)
{
	struct proto m = {.type = PROTO_DECIDE};
	const struct proto_task *t;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join(&rig->executor, "executor", "X", 8,
	    "[{\"name\":\"echo\",\"what\":\"says\",\"class\":\"UNSAFE\","
	    "\"args\":{\"type\":\"object\"}}]");
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	m.decide.req = 2;
	m.decide.run = span_of(rig->run);
	m.decide.task = (uint64_t)tree_num(rig_event("approval", 0), "task", 0);
	m.decide.approve = 1;
	m.decide.by = span_of("ann");
	peer_say(&rig->gateway, &m);
	assert_reply(rig_reply(2), "ok", "");
	t = rig_task(&rig->executor);
	proc_signal(rig->supervisor, SIGTERM);
	ck_assert(await(is_stopping, NULL, AWAIT_MS));
	ck_assert_uint_eq(rig_settle()->status.ready, 0);
	assert_reply(rig_submit(3, "{\"input\":\"more\"}", NULL, NULL, false),
	    "busy", "the supervisor is stopping");
	peer_answer(&rig->executor, t, RIG_GOOD_STEP, NULL);
	rig_next(&rig->executor, PROTO_ACK);
	ck_assert_int_eq(proc_wait(rig->supervisor, AWAIT_MS), 0);
	rig_restart(SIGTERM);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_same_key_gives_the_same_run_and_another_body_a_conflict, 0},
	    {a_full_queue_says_busy_but_known_keys_are_still_answered, 0},
	    {requests_that_make_no_sense_are_refused, 0},
	    {a_field_of_another_type_or_size_is_answered_by_its_name, 0},
	    {readiness_says_who_is_missing, 0},
	    {interactive_runs_go_before_those_of_a_webhook, 0},
	    {a_supervisor_that_is_asked_to_end_takes_no_more, 0},
	};

	return RUN_TESTS("intake", tests);
}
