/*
 * test_refusals.c - a planner's answer that cannot be taken: the turn is asked
 * again, with what was wrong, and the run goes on.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>

#define NO_TOOL                                                                \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\"}}"
#define CONCLUDES                                                              \
	"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"}," \
	"\"notes\":[\"its own\"],\"conclusion\":{\"summary\":\"all in all\"}}"

/* The planner's next task: how often an answer was refused, and the reason of
 * the last time, "" for none. */
static const struct proto_task *
task_told(int times, const char *why)
{
	const struct proto_task *t = rig_task(&rig->planner);
	struct span refused = wire_find(t->input, "refused");
	struct span text = wire_find_str(refused, "why");
	auto_str said = xasprintf("%.*s", SPAN_ARG(text));

	ck_assert_int_eq(wire_find_int(refused, "times", 0), times);
	assert_contains(said, why);
	return t;
}

static void
answer(const struct proto_task *t, const char *update)
{
	peer_answer(&rig->planner, t, update, NULL);
	rig_next(&rig->planner, PROTO_ACK);
}

START_TEST(what_was_wrong_is_told_back_and_the_run_goes_on)
{
	const char *report;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	answer(task_told(0, ""), NO_TOOL);
	answer(task_told(1, "named no tool"),
	    "{\"error\":\"no key \xe2\x9c\x93\"}");
	answer(task_told(2, "no key"), CONCLUDES);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("retry"), 2);
	assert_contains(
	    tree_str(rig_event("retry", 0), "reason"), "named no tool");
	ck_assert_int_eq(rig_count("plan"), 1);
	report = tree_str(rig_event("report", 0), "markdown");
	assert_contains(report, "的回答未被采用，这一轮已重新规划：no key ✓");
	assert_contains(report, "Its own");
	rig_close();
}
END_TEST

/* A good answer between: the next turn begins without a reproach. */
START_TEST(each_turn_may_go_wrong_again)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	answer(task_told(0, ""), NO_TOOL);
	answer(task_told(1, "named no tool"), RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, NULL);
	answer(task_told(0, ""), NO_TOOL);
	answer(task_told(1, "named no tool"), NO_TOOL);
	answer(task_told(2, "named no tool"), CONCLUDES);
	assert_finished("completed", "finish");
	ck_assert_int_eq(
	    (int)tree_num(rig_event("finished", 0), "iteration", 0), 1);
	rig_close();
}
END_TEST

/* Who has died meanwhile forgets how often it was. */
START_TEST(a_restart_asks_the_turn_afresh)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	answer(task_told(0, ""), NO_TOOL);
	task_told(1, "named no tool");
	rig_event("retry", 0);
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	answer(task_told(0, ""), CONCLUDES);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* ---- real planners ---- */

START_TEST(the_rules_take_a_turn_that_was_refused_twice)
{
	static const char *const args[] = {
	    "investigate", "why?", "--language=en", NULL};
	struct house *h = house_start(&(struct house_spec){
	    .script = "[{\"decision\":\"EXECUTE\",\"step\":\"nothing\"}]"});
	auto_str report = NULL;
	auto_str shown = NULL;

	house_run(h, args, &report, &shown);
	assert_contains(report, "\n- Prometheus could not be asked");
	assert_contains(report, "was not taken, and the turn was planned anew: "
				"it said EXECUTE and named no tool");
	assert_contains(shown, "attempt 2: it said EXECUTE");
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_was_wrong_is_told_back_and_the_run_goes_on, 0},
	    {each_turn_may_go_wrong_again, 0},
	    {a_restart_asks_the_turn_afresh, 0},
	    {the_rules_take_a_turn_that_was_refused_twice, 0},
	};

	return RUN_TESTS("refusals", tests);
}
