/*
 * test_recovery.c - a supervisor that was killed goes on where it was: nothing
 * that was acknowledged is asked for, done or numbered again.
 */
#include "common/base/clk.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/run/blame.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <sqlite3.h>

START_TEST(nothing_finished_is_done_again_after_a_kill)
{
	const struct proto_task *t;
	uint64_t epoch;
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE_THREE);
	for (i = 0; i < 3; i++) {
		t = rig_task(&rig->executor);
		if (wire_find_int(t->input, "index", -1) == 1)
			continue;
		peer_answer(&rig->executor, t, RIG_GOOD_STEP, "bytes");
		rig_next(&rig->executor, PROTO_ACK);
	}
	rig_event("feedback", 1);
	epoch = rig->executor.epoch;
	rig_restart(_i == 0 ? SIGKILL : SIGTERM);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_executor();
	rig_join_planner();
	ck_assert_uint_gt(rig->executor.epoch, epoch);
	t = rig_task(&rig->executor);
	ck_assert_int_eq(wire_find_int(t->input, "index", -1), 1);
	ck_assert_uint_gt(t->attempt, 1);
	peer_answer(&rig->executor, t, RIG_GOOD_STEP, "bytes");
	rig_next(&rig->executor, PROTO_ACK);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("feedback"), 3);
	ck_assert_int_eq(rig_count("plan"), 2);
	ck_assert(!peer_has(&rig->executor, PROTO_TASK));
	ck_assert_str_eq(tree_str(rig_event("evidence", 2), "id"), "E2");
	rig_close();
}
END_TEST

/* What a planner answered, and saw acknowledged, is not asked for again. */
START_TEST(an_answer_that_was_received_is_not_asked_for_again)
{
	const struct proto_task *t;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(_i == 0 ? RIG_EXECUTE : RIG_PLAN_ONLY);
	rig_event("plan", 0);
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	rig_join_executor();
	if (_i == 0) {
		rig_settle_worker(&rig->planner);
		ck_assert(!peer_has(&rig->planner, PROTO_TASK));
		rig_step(RIG_GOOD_STEP, NULL);
	}
	t = rig_task(&rig->planner);
	ck_assert_int_eq(wire_find_int(t->input, "turns", -1), 1);
	peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	rig_next(&rig->planner, PROTO_ACK);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("plan"), 2);
	rig_close();
}
END_TEST

START_TEST(evidence_numbers_are_never_given_twice)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, "one");
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, NULL);
	rig_event("feedback", 1);
	rig_event("supervisor", 2);
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	rig_join_executor();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, "three");
	ck_assert_str_eq(tree_str(rig_event("evidence", 0), "id"), "E1");
	ck_assert_str_eq(tree_str(rig_event("evidence", 1), "id"), "E3");
	rig_close();
}
END_TEST

/* As the test's own clock has it, which hears of the start a bit late, and of
 * the end too. */
START_TEST(how_long_it_took_counts_from_the_start_not_from_a_restart)
{
	enum { CLOCKS_MS = 50 };
	int64_t asked = clk_mono_ms(), heard, answered, ms;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_event("started", 0);
	heard = clk_mono_ms();
	while (clk_mono_ms() - heard < 4 * CLOCKS_MS)
		rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	answered = clk_mono_ms();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ms = (int64_t)tree_num(rig_event("finished", 0), "ms", -1);
	ck_assert_int_ge(ms, answered - heard - CLOCKS_MS);
	ck_assert_int_le(ms, clk_mono_ms() - asked + CLOCKS_MS);
	rig_close();
}
END_TEST

#ifdef CULPRIT_FAILPOINTS

/* In the recovery of the oldest run. */
#define AT_IT "recover_folded:kill@1+"

static void
come_back(void)
{
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
}

START_TEST(a_run_that_the_supervisor_dies_at_is_given_up_and_no_other_is)
{
	auto_str other = NULL;
	const struct proto_reply *r;
	int i;

	rig_open(rig_calm);
	rig_start_run();
	r = rig_submit(2, "{\"input\":\"b\"}", NULL, NULL, false);
	other = xstrndup(r->run.p, r->run.n);
	rig_event("supervisor", 0);
	for (i = 0; i <= RUN_RECOVERIES_MAX; i++)
		rig_restart_to_die(AT_IT);
	come_back();
	assert_finished("failed", "supervisor_died");
	assert_contains(
	    tree_str(rig_event("report", 0), "markdown"), "\n## ");
	assert_reply(rig_query(3, "report", "{}"), "ok", "");
	/* The planner is asked about the other one alone, which goes on. */
	ck_assert(span_is(rig_task(&rig->planner)->run, other));
	rig_close();
}
END_TEST

/* Twice as often as would be too often in a row. */
START_TEST(a_run_that_gets_on_between_deaths_is_not_given_up)
{
	int i;

	rig_open(rig_calm);
	rig_start_run();
	rig_join_planner();
	rig_plan(RIG_PLAN_ONLY);
	for (i = 0; i < 2 * RUN_RECOVERIES_MAX; i++) {
		rig_event("plan", i);
		rig_restart_to_die(AT_IT);
		come_back();
		rig_plan(RIG_PLAN_ONLY);
	}
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_run_that_dies_oftener_than_it_gets_on_is_given_up)
{
	int i;

	rig_open(rig_calm);
	rig_start_run();
	rig_join_planner();
	for (i = 0; i < RUN_RECOVERIES_MAX; i++) {
		rig_plan(RIG_PLAN_ONLY);
		rig_event("plan", i);
		rig_restart_to_die(AT_IT);
		rig_restart_to_die(AT_IT);
		come_back();
	}
	assert_finished("failed", "supervisor_died");
	rig_close();
}
END_TEST

#endif

/* Of the first run's record. */
static const char *const damages[] = {
    "UPDATE journal SET data = x'00', raw_bytes = 9 WHERE run = 1",
    "DELETE FROM journal WHERE run = 1",
};

static void
damage(const char *sql)
{
	auto_str path = xasprintf("%s/culprit.db", rig->dir);
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	ck_assert_int_eq(
	    sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* What the list says of the run, the caller's. */
static cJSON *
listed(const char *run)
{
	cJSON *list = wire_to_tree(rig_query(9, "list", "{}")->value);
	cJSON *item = NULL;
	const cJSON *i;

	cJSON_ArrayForEach (i, tree_at(list, "investigations"))
		if (strcmp(tree_str(i, "id"), run) == 0)
			item = cJSON_Duplicate(i, true);
	cJSON_Delete(list);
	ck_assert_ptr_nonnull(item);
	return item;
}

START_TEST(a_run_that_cannot_be_read_ends_and_no_other_with_it)
{
	auto_str damaged = NULL;
	const struct proto_reply *r;
	cJSON *row;

	rig_open(rig_calm);
	r = rig_submit(2, "{\"input\":\"b\"}", NULL, NULL, false);
	damaged = xstrndup(r->run.p, r->run.n);
	rig_start_run();
	rig_event("supervisor", 0);
	damage(damages[_i]);
	rig_restart(SIGKILL);
	row = listed(damaged);
	ck_assert_str_eq(tree_str(row, "status"), "failed");
	assert_contains(
	    tree_str(row, "reason"), "its record cannot be read: what is kept");
	cJSON_Delete(row);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_supervisor_that_is_killed_beside_a_run_is_no_death_at_it)
{
	int i;

	rig_open(rig_calm);
	rig_start_run();
	rig_event("supervisor", 0);
	rig_join_planner();
	for (i = 0; i < 2 * RUN_RECOVERIES_MAX; i++) {
		rig_task(&rig->planner);
		rig_restart(SIGKILL);
		rig_join_planner();
	}
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {nothing_finished_is_done_again_after_a_kill, 2},
	    {an_answer_that_was_received_is_not_asked_for_again, 2},
	    {evidence_numbers_are_never_given_twice, 0},
	    {how_long_it_took_counts_from_the_start_not_from_a_restart, 0},
#ifdef CULPRIT_FAILPOINTS
	    {a_run_that_the_supervisor_dies_at_is_given_up_and_no_other_is, 0},
	    {a_run_that_gets_on_between_deaths_is_not_given_up, 0},
	    {a_run_that_dies_oftener_than_it_gets_on_is_given_up, 0},
#endif
	    {a_supervisor_that_is_killed_beside_a_run_is_no_death_at_it, 0},
	    {a_run_that_cannot_be_read_ends_and_no_other_with_it,
		ARRAY_LEN(damages)},
	};

	return RUN_TESTS("recovery", tests);
}
