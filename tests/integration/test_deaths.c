/*
 * test_deaths.c - workers that die at a task: it counts them, is tried alone
 * before the last try, and is given up then. A worker here dies by saying
 * nothing any more.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/run/run.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>

#define OTHER                                                                  \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\",\"step\":\"do it\",\"tool\":\"other\",\"args\":{}}}"

/* For those who answer nothing, and for those who do. */
static const char *const impatient[] = {"--lease-ms", "1000", NULL};
static const char *const patient[] = {"--lease-ms", "3000", NULL};

/* Takes n tasks and dies; the next ones come when it has joined anew. */
static void
die_at(struct peer *p, void (*join)(void), int n, int nth_retry)
{
	int i;

	join();
	for (i = 0; i < n; i++)
		rig_task(p);
	rig_event("retry", nth_retry);
}

START_TEST(a_turn_that_kills_three_planners_ends_the_run)
{
	int i;

	rig_open(impatient);
	rig_start_run();
	for (i = 0; i < TASK_DEATHS_MAX - 1; i++)
		die_at(&rig->planner, rig_join_planner, 1, i);
	rig_join_planner();
	rig_task(&rig->planner);
	assert_finished("failed", "planner_failed");
	assert_contains(tree_str(rig_event("finished", 0), "reason"),
	    "3 workers died or fell silent");
	ck_assert_int_eq(rig_count("retry"), TASK_DEATHS_MAX - 1);
	rig_close();
}
END_TEST

static const struct {
	const char *plan, *status;
	bool restart; /* the supervisor, before the last one */
} steps[] = {
    {RIG_EXECUTE, "FAILED", false},
    {RIG_EXECUTE, "FAILED", true},
    {OTHER, "UNKNOWN", false},
};

START_TEST(a_step_that_kills_three_executors_is_not_asked_again)
{
	int i;

	rig_open(impatient);
	rig_start_run();
	rig_join_planner();
	rig_plan(steps[_i].plan);
	for (i = 0; i < TASK_DEATHS_MAX - 1; i++)
		die_at(&rig->executor, rig_join_executor, 1, i);
	if (steps[_i].restart) {
		rig_restart(SIGKILL);
		rig_follow(1, rig->run, (uint64_t)rig->log.n);
	}
	rig_join_executor();
	rig_task(&rig->executor);
	ck_assert_str_eq(tree_str(rig_event("feedback", 0), "status"),
	    steps[_i].status);
	rig_join_executor();
	rig_settle_worker(&rig->executor);
	ck_assert(!peer_has(&rig->executor, PROTO_TASK));
	rig_join_planner();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* Of three steps that died together twice only one is at work at a time, and
 * none of another run beside it. */
START_TEST(suspects_share_their_worker_with_nobody)
{
	int i;

	rig_open(patient);
	rig_start_run();
	rig_join_planner();
	rig_plan(RIG_EXECUTE_THREE);
	for (i = 0; i < TASK_DEATHS_MAX - 1; i++)
		die_at(&rig->executor, rig_join_executor, 3, 3 * i + 2);
	assert_reply(
	    rig_submit(2, "{\"input\":\"b\"}", NULL, NULL, false), "ok", "");
	rig_join_planner();
	rig_plan(RIG_EXECUTE);
	rig_join_executor();
	for (i = 0; i < 3; i++) {
		const struct proto_task *t = rig_task(&rig->executor);

		rig_settle_worker(&rig->executor);
		ck_assert(!peer_has(&rig->executor, PROTO_TASK));
		ck_assert(span_is(t->run, rig->run));
		peer_answer(&rig->executor, t, RIG_GOOD_STEP, NULL);
		rig_next(&rig->executor, PROTO_ACK);
	}
	ck_assert(!span_is(rig_task(&rig->executor)->run, rig->run));
	for (i = 0; i < 3; i++)
		ck_assert_str_eq(
		    tree_str(rig_event("feedback", i), "status"), "SUCCESS");
	rig_close();
}
END_TEST

START_TEST(a_worker_that_lives_and_has_lost_its_task_is_no_death)
{
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	for (i = 0; i < 2 * TASK_DEATHS_MAX; i++) {
		rig_task(&rig->planner);
		rig_join_planner();
		rig_event("retry", i);
	}
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* It is heard of, but not of the task, of which it may never have heard. */
START_TEST(a_task_that_was_lost_is_no_death)
{
	int i;

	rig_open(impatient);
	rig_join_planner();
	rig_start_run();
	for (i = 0; i < TASK_DEATHS_MAX; i++)
		while (!rig_await_event("retry", i, 50))
			rig_settle_worker(&rig->planner);
	for (i = 0; i < TASK_DEATHS_MAX; i++)
		rig_task(&rig->planner);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_turn_that_kills_three_planners_ends_the_run, 0},
	    {a_step_that_kills_three_executors_is_not_asked_again,
		ARRAY_LEN(steps)},
	    {suspects_share_their_worker_with_nobody, 0},
	    {a_worker_that_lives_and_has_lost_its_task_is_no_death, 0},
	    {a_task_that_was_lost_is_no_death, 0},
	};

	return RUN_TESTS("deaths", tests);
}
