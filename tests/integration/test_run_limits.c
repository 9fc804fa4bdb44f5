/*
 * test_run_limits.c - what ends a run before its report is asked for: rounds,
 * turns, failures, depth, its deadline.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/run/run.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>

START_TEST(a_tool_that_fails_three_times_in_a_row_ends_the_run)
{
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	for (i = 0; i < 2; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_FAILED_STEP, NULL);
	}
	/* A success between sets the count back. */
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, NULL);
	for (i = 0; i < 3; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_FAILED_STEP, NULL);
	}
	assert_finished("incomplete", "tool_failed");
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	rig_close();
}
END_TEST

/* A text of n bytes between two others. */
static char *
filled(const char *before, size_t n, const char *behind)
{
	char *text = xcalloc(1, n + 1);
	char *all;

	memset(text, 'x', n);
	all = xasprintf("%s%s%s", before, text, behind);
	free(text);
	return all;
}

/* Often enough to end the run. */
static void
plan_badly(const char *update)
{
	int i;

	for (i = 0; i <= RUN_REFUSALS_MAX; i++)
		rig_plan(update);
}

static const struct {
	size_t feedback, report;
	const char *status, *by;
} heavy[] = {
    {11200 << 10, 800 << 10, "completed", "finish"},
    {7900 << 10, 4090 << 10, "failed", "planner_failed"},
};

/* The report stands in it twice for a moment, as it came and as it was
 * marked. */
START_TEST(a_state_that_is_full_can_be_read_when_its_run_has_ended)
{
	auto_str step = filled("{\"feedback\":{\"status\":\"SUCCESS\","
			       "\"tool\":\"echo\",\"summary\":\"",
	    heavy[_i].feedback, "\"}}");
	auto_str plan =
	    filled("{\"decision\":\"FINISH\",\"planner_plan\":"
		   "{\"decision\":\"FINISH\"},\"final_report\":\"# ",
		heavy[_i].report, "\"}");
	const struct proto_reply *r;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(step, NULL);
	rig_plan(plan);
	assert_finished(heavy[_i].status, heavy[_i].by);
	r = rig_query(50, "show", "{}");
	assert_reply(r, "ok", "");
	ck_assert(
	    span_is(wire_find_str(r->value, "status"), heavy[_i].status));
	rig_close();
}
END_TEST

START_TEST(the_eleventh_round_is_never_started)
{
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	for (i = 0; i < 10; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_GOOD_STEP, NULL);
	}
	assert_finished("incomplete", "rounds");
	ck_assert_int_eq(rig_count("tool_started"), 10);
	rig_settle_worker(&rig->planner);
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	rig_close();
}
END_TEST

START_TEST(a_planner_that_only_plans_comes_to_an_end)
{
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	for (i = 0; i < 24; i++)
		rig_plan(RIG_PLAN_ONLY);
	assert_finished("incomplete", "turns");
	rig_close();
}
END_TEST

static const struct {
	const char *update, *says;
} bad_plans[] = {
    {"{\"error\":\"no model answers\"}", "no model answers"},
    {"{}", "must be an object"},
    {"[]", "RESULT.update has another type than expected: it is a map"},
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"PLAN\"}}",
	"differ"},
    {"{\"decision\":\"EXECUTE\",\"planner_plan\":"
     "{\"decision\":\"EXECUTE\"}}",
	"named no tool"},
    {"{\"decision\":\"DANCE\",\"planner_plan\":{\"decision\":\"DANCE\"}}",
	"not \"DANCE\""},
    {"{\"decision\":\"PLAN\",\"planner_plan\":\"PLAN\"}",
	"must be an object"},
    {"{\"decision\":\"PLAN\",\"planner_plan\":{\"decision\":\"PLAN\"},"
     "\"notes\":\"no list\"}",
	"takes a list"},
    {"{\"decision\":1,\"planner_plan\":{\"decision\":\"PLAN\"}}",
	"RESULT.update: decision has another type"},
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"},"
     "\"final_report\":5}",
	"RESULT.update: final_report has another type"},
};

START_TEST(a_planner_that_fails_ends_the_run_with_a_report)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	plan_badly(bad_plans[_i].update);
	assert_finished("failed", "planner_failed");
	assert_contains(tree_str(rig_event("finished", 0), "reason"),
	    bad_plans[_i].says);
	rig_close();
}
END_TEST

static const struct {
	const char *before, *behind;
	size_t bytes;
	const char *says;
} large_plans[] = {
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"},"
     "\"final_report\":\"",
	"\"}", (4 << 20) + 1,
	"final_report has 4194305 bytes; it may have from 0 to 4194304"},
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"},"
     "\"conclusion\":{\"summary\":\"",
	"\"}}", 12 << 20, "the plan does not fit: it is over its limit of 12582912 bytes"},
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"},"
     "\"conclusion\":{\"summary\":\"",
	"\"}}", (16 << 20) - 1000, "the plan does not fit: it is over its limit of 12582912 bytes"},
    {"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\","
     "\"step\":\"",
	"\"}}", 13 << 20, "over the limit of"},
};

START_TEST(a_plan_that_is_too_large_is_not_cut_but_refused)
{
	auto_str update = filled(large_plans[_i].before, large_plans[_i].bytes,
	    large_plans[_i].behind);
	const struct proto_reply *r;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	plan_badly(update);
	assert_finished("failed", "planner_failed");
	assert_contains(tree_str(rig_event("finished", 0), "reason"),
	    large_plans[_i].says);
	r = rig_query(50, "show", "{}");
	assert_reply(r, "ok", "");
	ck_assert_uint_lt(r->value.n, 1 << 20);
	rig_close();
}
END_TEST

/* Three steps that each fit, and together do not. */
START_TEST(a_step_for_which_there_is_no_room_left_has_failed)
{
	auto_str large = filled("{\"feedback\":{\"status\":\"SUCCESS\","
				"\"tool\":\"echo\",\"summary\":\"",
	    5 << 20, "\"}}");
	static const char *const due[] = {"SUCCESS", "SUCCESS", "FAILED"};
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE_THREE);
	for (i = 0; i < 3; i++) {
		rig_step(large, NULL);
		ck_assert_str_eq(
		    tree_str(rig_event("feedback", i), "status"), due[i]);
	}
	assert_contains(tree_str(rig_event("feedback", 2), "summary"),
	    "X answered cannot be taken as feedback: it has 5242");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(what_is_too_long_to_be_shown_is_not)
{
	auto_str large = filled("{\"text\":\"", 65537, "\"}");
	auto_str fits = filled("{\"text\":\"", 65536, "\"}");
	const char *said[] = {large, "{\"text\":1}", "[]", fits};
	const struct proto_task *t;
	size_t i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	t = rig_task(&rig->planner);
	for (i = 0; i < ARRAY_LEN(said); i++) {
		struct proto m = {.type = PROTO_PROGRESS,
		    .progress = {.epoch = t->epoch,
			.run = t->run,
			.task = t->task,
			.attempt = t->attempt,
			.type = span_of("progress")}};
		auto_buf b = {.max = 1 << 20};

		peer_put_json(&b, said[i]);
		m.progress.data = buf_span(&b);
		peer_say(&rig->planner, &m);
	}
	ck_assert_uint_eq(
	    strlen(tree_str(rig_event("progress", 0), "text")), 65536);
	ck_assert_int_eq(rig_count("progress"), 1);
	rig_close();
}
END_TEST

/* before, lists in each other, after. */
static char *
nested(const char *before, int lists, const char *after)
{
	auto_buf b = {.max = 1000};
	int i;

	buf_adds(&b, before);
	for (i = 0; i < lists; i++)
		buf_addc(&b, '[');
	buf_addc(&b, '1');
	for (i = 0; i < lists; i++)
		buf_addc(&b, ']');
	buf_adds(&b, after);
	return buf_take(&b);
}

/* These arrive, just, but what they become part of would not. */
START_TEST(a_plan_too_deep_to_be_passed_on_fails_the_run)
{
	auto_str deep = nested("{\"decision\":\"EXECUTE\",\"planner_plan\":{"
			       "\"decision\":\"EXECUTE\",\"tool\":\"echo\","
			       "\"args\":{\"x\":",
	    19, "}}}");

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	plan_badly(deep);
	assert_finished("failed", "planner_failed");
	assert_contains(
	    tree_str(rig_event("finished", 0), "reason"), "nested over");
	rig_close();
}
END_TEST

START_TEST(feedback_too_deep_to_be_passed_on_counts_as_a_failure)
{
	auto_str deep = nested("{\"feedback\":{\"status\":\"SUCCESS\","
			       "\"tool\":\"echo\",\"summary\":",
	    20, "}}");

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(deep, NULL);
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 0), "status"), "FAILED");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_tool_name_over_its_limit_is_refused_and_named)
{
	auto_buf long_name = {.max = 1000};
	int i;

	buf_adds(
	    &long_name, "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"x");
	for (i = 0; i < 100; i++)
		buf_adds(&long_name, "ü");
	buf_adds(&long_name, "\"}}");
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(buf_str(&long_name), NULL);
	assert_contains(tree_str(rig_event("feedback", 0), "summary"),
	    "RESULT.update.feedback: tool has 201 bytes; it may have from 1 to "
	    "128");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_run_ends_at_its_deadline)
{
	static const char *const flags[] = {"--deadline", "1", NULL};

	rig_open(flags);
	rig_join_planner();
	rig_start_run();
	rig_task(&rig->planner);
	assert_finished("incomplete", "deadline");
	rig_close();
}
END_TEST

/* What a planner answers that is told of no tools. */
#define WAITS                                                                  \
	"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":"            \
	"\"FINISH\"},\"waits\":\"executor\",\"final_report\":\"# calm\"}"

START_TEST(a_planner_without_executors_is_asked_again_when_one_has_come)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_plan(WAITS);
	assert_contains(
	    tree_str(rig_event("progress", 0), "text"), "waits for an executor");
	rig_settle();
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	ck_assert_int_eq(rig_count("plan"), 0);
	rig_join_executor();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("progress"), 1);
	rig_close();
}
END_TEST

/* It would wait for what has happened. */
START_TEST(an_executor_that_comes_while_the_planner_plans_is_not_missed)
{
	const struct proto_task *t;

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	t = rig_task(&rig->planner);
	rig_join_executor();
	peer_answer(&rig->planner, t, WAITS, NULL);
	rig_next(&rig->planner, PROTO_ACK);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* Nor does a restart make it forget whom it waits for. */
START_TEST(a_planner_waits_for_executors_over_a_restart)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_plan(WAITS);
	rig_event("progress", 0);
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	rig_join_planner();
	rig_plan(WAITS);
	rig_join_executor();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

static const struct {
	const char *label;
	bool planner, executor;
	const char *plan;
	const char *by, *says;
} absent[] = {
    {"no executor for the planner", true, false, WAITS, "no_executor",
	"nobody could look"},
    {"no executor for a step", true, false, RIG_EXECUTE, "no_executor",
	"nobody could look"},
    {"no planner", false, true, NULL, "no_planner", "nobody could plan"},
    {"nobody", false, false, NULL, "no_planner", "nobody could plan"},
};

START_TEST(a_run_says_whom_it_waited_for_in_vain)
{
	static const char *const flags[] = {
	    "--deadline", "1", "--language", "en", NULL};

	rig_open(flags);
	if (absent[_i].planner)
		rig_join_planner();
	if (absent[_i].executor)
		rig_join_executor();
	rig_start_run();
	if (absent[_i].plan != NULL)
		rig_plan(absent[_i].plan);
	assert_finished("incomplete", absent[_i].by);
	assert_contains(tree_str(rig_event("finished", 0), "reason"),
	    absent[_i].says);
	assert_contains(tree_str(rig_event("report", 0), "markdown"),
	    absent[_i].says);
	assert_lacks(tree_str(rig_event("report", 0), "markdown"),
	    "No alert is firing");
	rig_close();
}
END_TEST

START_TEST(a_conclusion_from_nothing_ends_the_run_as_incomplete)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_plan("{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":"
		 "\"FINISH\"},\"final_report\":\"# I could not look\","
		 "\"conclusion\":{\"confidence\":\"likely\",\"incomplete\":"
		 "\"nothing answered\"}}");
	assert_finished("incomplete", "nothing_read");
	ck_assert_str_eq(tree_str(rig_event("finished", 0), "reason"),
	    "nothing answered");
	assert_contains(tree_str(rig_event("report", 0), "markdown"),
	    "# I could not look");
	ck_assert_str_eq(tree_str(rig_event("report", 0), "confidence"),
	    "undetermined");
	rig_close();
}
END_TEST

/* By a person, and by its time. */
static const char *const calm[] = {"--lease-ms", "600000", NULL};
static const char *const in_time[] = {
    "--lease-ms", "600000", "--deadline", "12", NULL};
static const struct {
	const char *const *flags;
	bool cancels;
	const char *status, *by;
} cut_plans[] = {
    {calm, true, "cancelled", "cancelled"},
    {in_time, false, "incomplete", "deadline"},
};

START_TEST(what_a_plan_cut_short_established_is_in_the_report)
{
	const char *report;

	rig_open(cut_plans[_i].flags);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE_THREE);
	rig_step(RIG_GOOD_STEP, "bytes");
	rig_event("feedback", 0);
	if (cut_plans[_i].cancels)
		rig_cancel(7);
	assert_finished(cut_plans[_i].status, cut_plans[_i].by);
	report = tree_str(rig_event("report", 0), "markdown");
	assert_contains(report, "- said [E1]");
	ck_assert_int_eq(rig_count("feedback"), 1);
	rig_close();
}
END_TEST

START_TEST(limits_are_remembered_over_restarts)
{
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	for (i = 0; i < 3; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_FAILED_STEP, NULL);
		if (i == 2)
			break;
		rig_event("supervisor", i + 1);
		rig_restart(SIGKILL);
		rig_follow(1, rig->run, (uint64_t)rig->log.n);
		rig_join_planner();
		rig_join_executor();
	}
	assert_finished("incomplete", "tool_failed");
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_tool_that_fails_three_times_in_a_row_ends_the_run, 0},
		    {a_state_that_is_full_can_be_read_when_its_run_has_ended,
		(int)ARRAY_LEN(heavy)},
	    {the_eleventh_round_is_never_started, 0},
	    {a_planner_that_only_plans_comes_to_an_end, 0},
	    {a_planner_that_fails_ends_the_run_with_a_report,
		ARRAY_LEN(bad_plans)},
	    {a_plan_too_deep_to_be_passed_on_fails_the_run, 0},
	    {feedback_too_deep_to_be_passed_on_counts_as_a_failure, 0},
	    {a_tool_name_over_its_limit_is_refused_and_named, 0},
	    {a_plan_that_is_too_large_is_not_cut_but_refused,
		ARRAY_LEN(large_plans)},
	    {a_step_for_which_there_is_no_room_left_has_failed, 0},
	    {what_is_too_long_to_be_shown_is_not, 0},
	    {a_run_ends_at_its_deadline, 0},
	    {a_planner_without_executors_is_asked_again_when_one_has_come, 0},
	    {an_executor_that_comes_while_the_planner_plans_is_not_missed, 0},
	    {a_planner_waits_for_executors_over_a_restart, 0},
	    {a_run_says_whom_it_waited_for_in_vain, (int)ARRAY_LEN(absent)},
	    {a_conclusion_from_nothing_ends_the_run_as_incomplete, 0},
	    {what_a_plan_cut_short_established_is_in_the_report,
		(int)ARRAY_LEN(cut_plans)},
	    {limits_are_remembered_over_restarts, 0},
	};

	return RUN_TESTS("run_limits", tests);
}
