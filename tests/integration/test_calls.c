/*
 * test_calls.c - single steps that a gateway has done, of no run: to an
 * executor and back, and what becomes of them where nobody can or will.
 */
#include "common/wire/wire.h"
#include "supervisor/doors/calls.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

static const char reads[] = "[{\"name\":\"look\",\"class\":\"read\"},"
			    "{\"name\":\"change\",\"class\":\"idempotent\"}]";

static void
call(uint64_t req, const char *tool, uint64_t within_ms)
{
	struct proto m = {.type = PROTO_CALL};
	auto_str json = xasprintf("{\"step\":\"s\",\"tool\":\"%s\","
				  "\"args\":{\"a\":1}}",
	    tool);
	auto_buf b = {.max = 4096};

	peer_put_json(&b, json);
	m.call.req = req;
	m.call.within_ms = within_ms;
	m.call.step = buf_span(&b);
	peer_say(&rig->gateway, &m);
}

static void
answer(struct peer *p, const struct proto_task *t)
{
	peer_answer(p, t,
	    "{\"feedback\":{\"status\":\"SUCCESS\",\"tool\":\"look\","
	    "\"summary\":\"seen\"}}",
	    "the bytes");
}

static void
open_with_a_reader(void)
{
	rig_open(rig_calm);
	rig_join(&rig->executor, "executor", "X", 1, reads);
}

START_TEST(a_step_of_no_run_is_done_and_its_answer_comes_back)
{
	const struct proto_task *t;
	const struct proto_reply *r;

	open_with_a_reader();
	call(1, "look", 60000);
	t = rig_task(&rig->executor);
	ck_assert_uint_eq(t->run.n, 0);
	ck_assert(span_is(wire_find_str(t->input, "tool"), "look"));
	/* Said again it is the same one, and its lease is kept. */
	call(1, "look", 60000);
	rig_settle();
	ck_assert(!peer_has(&rig->executor, PROTO_TASK));
	answer(&rig->executor, t);
	r = rig_reply(1);
	assert_reply(r, "ok", "");
	ck_assert(span_is(wire_find_str(r->value, "summary"), "seen"));
	ck_assert(span_is(r->bytes, "the bytes"));
	/* There is room for the next. */
	call(2, "look", 60000);
	answer(&rig->executor, rig_task(&rig->executor));
	assert_reply(rig_reply(2), "ok", "");
	rig_close();
}
END_TEST

START_TEST(what_changes_something_or_nobody_has_is_refused)
{
	open_with_a_reader();
	call(1, "change", 60000);
	assert_reply(rig_reply(1), "denied", "only an investigation may");
	call(2, "nothing", 60000);
	assert_reply(
	    rig_reply(2), "busy", "no executor that is here has the tool");
	call(3, "look", 0);
	assert_reply(rig_reply(3), "invalid", "CALL: within_ms is 0");
	rig_close();
}
END_TEST

START_TEST(it_goes_to_another_executor_and_to_no_third)
{
	struct proto bye = {.type = PROTO_BYE};
	const struct proto_task *t;

	open_with_a_reader();
	bye.bye.ends = 1;
	call(1, "look", 60000);
	ck_assert_uint_eq(rig_task(&rig->executor)->attempt, 1);
	peer_say(&rig->executor, &bye);
	rig_join(&rig->second, "executor", "Y", 1, reads);
	t = rig_task(&rig->second);
	ck_assert_uint_eq(t->attempt, 2);
	peer_say(&rig->second, &bye);
	assert_reply(rig_reply(1), "upstream", "two executors were gone");
	rig_close();
}
END_TEST

START_TEST(its_time_is_up_whether_it_waits_or_is_worked_on)
{
	const struct proto_task *t;

	open_with_a_reader();
	call(1, "look", 60000);
	t = rig_task(&rig->executor);
	call(2, "look", 1);
	assert_reply(rig_reply(2), "timeout", "no executor had room");
	answer(&rig->executor, t);
	assert_reply(rig_reply(1), "ok", "");
	call(3, "look", 1);
	assert_reply(rig_reply(3), "timeout", "did not answer in time");
	rig_next(&rig->executor, PROTO_REVOKE);
	/* Its room is free again. */
	call(4, "look", 60000);
	rig_task(&rig->executor);
	t = rig_task(&rig->executor);
	answer(&rig->executor, t);
	assert_reply(rig_reply(4), "ok", "");
	rig_close();
}
END_TEST

START_TEST(so_many_wait_and_no_more)
{
	uint64_t i;

	open_with_a_reader();
	for (i = 1; i <= CALLS_MAX; i++)
		call(i, "look", 60000);
	call(i, "look", 60000);
	assert_reply(rig_reply(i), "busy", "64 other questions");
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry list[] = {
	    {a_step_of_no_run_is_done_and_its_answer_comes_back, 0},
	    {what_changes_something_or_nobody_has_is_refused, 0},
	    {it_goes_to_another_executor_and_to_no_third, 0},
	    {its_time_is_up_whether_it_waits_or_is_worked_on, 0},
	    {so_many_wait_and_no_more, 0},
	};

	return RUN_TESTS("calls", list);
}
