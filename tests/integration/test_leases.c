/*
 * test_leases.c - tasks that are leased to workers: lapsed, revoked, answered
 * late or twice, given back; and who may hold one at all.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

START_TEST(cancel_revokes_what_is_leased_and_ends_the_run)
{
	const struct proto_task *t;
	const struct proto *m;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	t = rig_task(&rig->executor);
	rig_cancel(2);
	assert_reply(rig_reply(2), "ok", "");
	m = rig_next(&rig->executor, PROTO_REVOKE);
	ck_assert_uint_eq(m->revoke.task, t->task);
	ck_assert_uint_eq(m->revoke.attempt, t->attempt);
	assert_finished("cancelled", "cancelled");
	/* The outcome that comes all the same is acknowledged and dropped. */
	peer_answer(&rig->executor, t, RIG_GOOD_STEP, "late");
	ck_assert_uint_eq(
	    rig_next(&rig->executor, PROTO_ACK)->ack.task, t->task);
	/* Asked for again, e.g. because the answer was lost: so it is. */
	rig_cancel(3);
	assert_reply(rig_reply(3), "ok", "");
	assert_finished("cancelled", "cancelled");
	rig_close();
}
END_TEST

START_TEST(a_late_outcome_is_acknowledged_and_dropped)
{
	struct proto_task stale;
	const struct proto_task *t;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	t = rig_task(&rig->executor);
	stale = *t;
	stale.attempt = t->attempt + (_i == 0);
	stale.epoch = t->epoch - (_i == 1);
	stale.task = t->task + (_i == 2 ? 40 : 0);
	peer_answer(_i == 3 ? &rig->planner : &rig->executor, &stale,
	    RIG_FAILED_STEP, NULL);
	rig_next(_i == 3 ? &rig->planner : &rig->executor, PROTO_ACK);
	peer_answer(&rig->executor, t, RIG_GOOD_STEP, NULL);
	rig_next(&rig->executor, PROTO_ACK);
	peer_answer(&rig->executor, t, RIG_FAILED_STEP, NULL);
	rig_next(&rig->executor, PROTO_ACK);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("feedback"), 1);
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 0), "status"), "SUCCESS");
	rig_close();
}
END_TEST

START_TEST(a_lease_that_lapses_is_given_to_another_attempt)
{
	static const char *const flags[] = {"--lease-ms", "500", NULL};
	const struct proto_task *first, *again;

	rig_open(flags);
	rig_join_planner();
	rig_start_run();
	first = rig_task(&rig->planner);
	rig_event("retry", 0);
	rig_join(&rig->second, "planner", "P2", 1, "[]");
	again = rig_task(&rig->second);
	ck_assert_uint_eq(again->task, first->task);
	ck_assert_uint_gt(again->attempt, first->attempt);
	peer_answer(&rig->planner, first, RIG_PLAN_ONLY, NULL);
	peer_answer(&rig->second, again, RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_worker_that_closes_loses_its_tasks_at_the_next_word_to_it)
{
	uint64_t attempt;
	uint64_t req = 9;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	attempt = rig_task(&rig->planner)->attempt;
	peer_close(&rig->planner);
	/* Another run's task is sent to it, and cannot be delivered. A word
	 * that leaves before the connection's end has arrived is lost in
	 * silence, so there are more, as many as it had room for. */
	do {
		assert_reply(
		    rig_submit(req, "{\"input\":\"too\"}", NULL, NULL, false),
		    "ok", "");
	} while (!rig_await_event("retry", 0, 200) && ++req < 16);
	rig_event("retry", 0);
	rig_join_planner();
	ck_assert_uint_gt(rig_task(&rig->planner)->attempt, attempt);
	rig_close();
}
END_TEST

START_TEST(a_worker_that_says_hello_again_gets_its_tasks_anew)
{
	uint64_t attempt;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	attempt = rig_task(&rig->planner)->attempt;
	rig_join_planner();
	ck_assert_uint_eq(rig_task(&rig->planner)->attempt, attempt + 1);
	rig_close();
}
END_TEST

static void
say_hello(struct peer *p, uint64_t start)
{
	struct proto m = {.type = PROTO_HELLO};

	m.hello.role = span_of("planner");
	m.hello.name = span_of("P");
	m.hello.capacity = 8;
	m.hello.start = start;
	peer_say(p, &m);
}

START_TEST(a_hello_said_twice_or_late_voids_nothing)
{
	struct proto bye = {.type = PROTO_BYE};
	struct proto_task t;

	rig_open(rig_calm);
	peer_open(&rig->planner, rig->loop, rig->dir, "back");
	say_hello(&rig->planner, 3);
	ck_assert_uint_eq(
	    rig_next(&rig->planner, PROTO_WELCOME)->welcome.start, 3);
	rig_start_run();
	t = *rig_task(&rig->planner);
	say_hello(&rig->planner, 3);
	ck_assert_uint_eq(
	    rig_next(&rig->planner, PROTO_WELCOME)->welcome.start, 3);
	say_hello(&rig->planner, 2);
	rig->planner.epoch = t.epoch;
	rig_settle_worker(&rig->planner);
	ck_assert(!peer_has(&rig->planner, PROTO_WELCOME));
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	/* It does not unsay a farewell either. */
	peer_say(&rig->planner, &bye);
	say_hello(&rig->planner, 3);
	peer_answer(&rig->planner, &t, RIG_PLAN_ONLY, NULL);
	rig_event("plan", 0);
	rig_settle();
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	say_hello(&rig->planner, 4);
	ck_assert_uint_eq(rig_task(&rig->planner)->attempt, 1);
	ck_assert_int_eq(rig_count("retry"), 0);
	rig_close();
}
END_TEST

START_TEST(who_renews_what_is_not_leased_to_it_is_told_to_stop)
{
	struct proto m = {.type = PROTO_RENEW};
	const struct proto_task *t;
	auto_buf b = {.max = 1000};
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	t = rig_task(&rig->planner);
	wire_put_array(&b, 2);
	for (i = 0; i < 2; i++) {
		wire_put_array(&b, 3);
		wire_put_span(&b, t->run);
		wire_put_u64(&b, t->task);
		wire_put_u64(&b, t->attempt + (uint64_t)i);
	}
	m.renew.epoch = t->epoch;
	m.renew.tasks = buf_span(&b);
	peer_say(&rig->planner, &m);
	ck_assert_uint_eq(rig_next(&rig->planner, PROTO_REVOKE)->revoke.attempt,
	    t->attempt + 1);
	/* Of another epoch it drops everything by itself. */
	m.renew.epoch = t->epoch + 1;
	peer_say(&rig->planner, &m);
	rig_settle_worker(&rig->planner);
	ck_assert(!peer_has(&rig->planner, PROTO_REVOKE));
	rig_close();
}
END_TEST

START_TEST(a_leaving_worker_may_finish_and_gets_no_more)
{
	struct proto bye = {.type = PROTO_BYE};
	const struct proto_task *t;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	t = rig_task(&rig->planner);
	peer_say(&rig->planner, &bye);
	peer_answer(&rig->planner, t, RIG_PLAN_ONLY, NULL);
	rig_next(&rig->planner, PROTO_ACK);
	rig_event("plan", 0);
	rig_settle();
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	rig_join(&rig->second, "planner", "P2", 1, "[]");
	peer_answer(&rig->second, rig_task(&rig->second), RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_worker_that_ends_gives_back_what_it_holds)
{
	struct proto bye = {.type = PROTO_BYE};
	const struct proto_task *t;
	uint64_t attempt;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	attempt = rig_task(&rig->planner)->attempt;
	peer_say(&rig->planner, &bye);
	bye.bye.ends = 1;
	peer_say(&rig->planner, &bye);
	rig_event("retry", 0);
	rig_settle();
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	rig_join(&rig->second, "planner", "P2", 1, "[]");
	t = rig_task(&rig->second);
	ck_assert_uint_eq(t->attempt, attempt + 1);
	peer_answer(&rig->second, t, RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(strangers_are_asked_who_they_are_and_false_hellos_refused)
{
	struct proto m = {.type = PROTO_RENEW};

	rig_open(rig_calm);
	peer_open(&rig->second, rig->loop, rig->dir, "back");
	peer_say(&rig->second, &m);
	rig_next(&rig->second, PROTO_WHO);
	m.type = PROTO_RESULT;
	memset(&m.result, 0, sizeof(m.result));
	m.result.epoch = 77;
	peer_say(&rig->second, &m);
	ck_assert_uint_eq(rig_next(&rig->second, PROTO_WHO)->who.epoch, 77);
	m.type = PROTO_HELLO;
	memset(&m.hello, 0, sizeof(m.hello));
	peer_say(&rig->second, &m);
	ck_assert_uint_gt(
	    rig_next(&rig->second, PROTO_REFUSE)->refuse.reason.n, 0);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {cancel_revokes_what_is_leased_and_ends_the_run, 0},
	    {a_late_outcome_is_acknowledged_and_dropped, 4},
	    {a_lease_that_lapses_is_given_to_another_attempt, 0},
	    {a_worker_that_closes_loses_its_tasks_at_the_next_word_to_it, 0},
	    {a_worker_that_says_hello_again_gets_its_tasks_anew, 0},
	    {a_hello_said_twice_or_late_voids_nothing, 0},
	    {who_renews_what_is_not_leased_to_it_is_told_to_stop, 0},
	    {a_leaving_worker_may_finish_and_gets_no_more, 0},
	    {a_worker_that_ends_gives_back_what_it_holds, 0},
	    {strangers_are_asked_who_they_are_and_false_hellos_refused, 0},
	};

	return RUN_TESTS("leases", tests);
}
