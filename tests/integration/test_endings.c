/*
 * test_endings.c - every way a run ends, with scripted plans and real
 * processes: each ends in one report and one `finished`.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/alert.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/ask.h"

#include <signal.h>
#include <stdlib.h>

#define ECHO                                                                   \
	"[{\"decision\":\"EXECUTE\",\"step\":\"again\",\"tool\":\"echo\","     \
	"\"args\":{\"text\":\"x\"}}]"
#define QUERY                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"ask\","                         \
	"\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}}]"

static const char *const with_echo[] = {
    "--tools=echo,query_prometheus_metrics", NULL};

static struct transcript *
investigate(struct house *h, int want_status)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);
	struct transcript *t;

	ck_assert_msg(status == want_status, "status %d:\n%s", status, err);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_int_eq(transcript_count(t, "report"), 1);
	return t;
}

static void
check_end(struct transcript *t, const char *status, const char *by)
{
	ck_assert_str_eq(transcript_text(t, "finished", 0, "status"), status);
	ck_assert_str_eq(transcript_text(t, "finished", 0, "ended_by"), by);
}

START_TEST(the_eleventh_round_is_never_started)
{
	struct house *h = house_start(
	    &(struct house_spec){.script = ECHO, .more = with_echo});
	struct transcript *t = investigate(h, 1);

	check_end(t, "incomplete", "rounds");
	ck_assert_int_eq(transcript_count(t, "tool_started"), 10);
	ck_assert_int_eq(transcript_count(t, "feedback"), 10);
	ck_assert_int_eq(transcript_int(t, "finished", 0, "iteration"), 10);
	transcript_free(t);
	house_free(h);
}
END_TEST

START_TEST(the_same_tool_failing_three_times_ends_it)
{
	struct house *h = house_start(
	    &(struct house_spec){.script = QUERY, .more = with_echo});
	struct transcript *t = investigate(h, 1);

	check_end(t, "incomplete", "tool_failed");
	ck_assert_int_eq(transcript_count(t, "tool_started"), 3);
	transcript_free(t);
	house_free(h);
}
END_TEST

/* Nobody listens there. */
START_TEST(what_could_read_nothing_is_incomplete_and_says_why)
{
	struct house *h = house_start(&(struct house_spec){0});
	struct transcript *t = investigate(h, 1);

	check_end(t, "incomplete", "nothing_read");
	ck_assert_str_ne(transcript_text(t, "finished", 0, "reason"), "");
	assert_lacks(
	    transcript_text(t, "report", 0, "markdown"), "没有告警在触发");
	transcript_free(t);
	house_free(h);
}
END_TEST

/* With the rules planner, and nobody it could ask to look. */
START_TEST(what_nobody_could_look_at_is_incomplete_and_says_so)
{
	static const char *const more[] = {
	    "--executors=0", "--deadline=1", NULL};
	struct house *h = house_start(
	    &(struct house_spec){.more = more, .not_ready = true});
	struct transcript *t;

	ck_assert(proc_await_err(house_up(h), "worker joined", HOUSE_MS));
	t = investigate(h, 1);
	check_end(t, "incomplete", "no_executor");
	assert_contains(
	    transcript_text(t, "finished", 0, "reason"), "nobody could look");
	transcript_free(t);
	house_free(h);
}
END_TEST

START_TEST(a_deadline_ends_it_with_what_is_known)
{
	static const char *const more[] = {"--deadline=1", NULL};
	auto_str hanging = hanging_url();
	struct house *h = house_start(&(struct house_spec){
	    .script = QUERY, .more = more, .prometheus_url = hanging});
	int64_t start = clk_mono_ms();
	struct transcript *t = investigate(h, 1);

	check_end(t, "incomplete", "deadline");
	ck_assert_int_ge(clk_mono_ms() - start, 1000);
	transcript_free(t);
	house_free(h);
}
END_TEST

static const char *const slow_query[] = {
    "--prometheus-timeout-ms=60000", NULL};

/* A run that waits for a Prometheus that never answers. */
static struct proc *
start_hanging(struct house *h)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	struct proc *p = house_client(h, "watch", args);

	ck_assert(proc_await_out(p, "\"tool_started\"", HOUSE_MS));
	return p;
}

static void
check_cancelled(struct proc *watching)
{
	auto_str out = NULL;
	struct transcript *t;

	/* Not by the query's own time limit. */
	ck_assert_int_eq(proc_wait(watching, HOUSE_MS / 2), 1);
	out = proc_out(watching);
	t = transcript_new(out);
	transcript_check(t);
	check_end(t, "cancelled", "cancelled");
	transcript_free(t);
}

START_TEST(cancelled_it_stops_at_once)
{
	auto_str hanging = hanging_url();
	struct house *h = house_start(&(struct house_spec){
	    .script = QUERY, .more = slow_query, .prometheus_url = hanging});
	struct proc *p = start_hanging(h);
	auto_str out = proc_out(p);
	struct transcript *t = transcript_new(out);
	const char *args[] = {"cancel", transcript_run(t), NULL};

	ck_assert_int_eq(house_run(h, args, NULL, NULL), 0);
	check_cancelled(p);
	transcript_free(t);
	proc_free(p);
	house_free(h);
}
END_TEST

START_TEST(ctrl_c_cancels_and_waits_for_the_report)
{
	auto_str hanging = hanging_url();
	struct house *h = house_start(&(struct house_spec){
	    .script = QUERY, .more = slow_query, .prometheus_url = hanging});
	struct proc *p = start_hanging(h);

	proc_signal(p, SIGINT);
	check_cancelled(p);
	proc_free(p);
	house_free(h);
}
END_TEST

START_TEST(finish_runs_no_tool)
{
	struct house *h = house_start(&(struct house_spec){
	    .script = "[{\"decision\":\"FINISH\",\"tool\":\"echo\","
		      "\"report\":\"# 告警分析报告\\n## 活跃告警清单\\n"
		      "## 告警根因分析\\n## 处理方案执行\\n## 结论\\n\"}]",
	    .more = with_echo});
	struct transcript *t = investigate(h, 0);

	check_end(t, "completed", "finish");
	ck_assert_int_eq(transcript_count(t, "tool_started"), 0);
	transcript_free(t);
	house_free(h);
}
END_TEST

START_TEST(steps_of_one_plan_run_at_once_and_join)
{
	struct house *h = house_start(&(struct house_spec){
	    .script =
		"[{\"decision\":\"EXECUTE\",\"step\":\"all\",\"steps\":["
		"{\"step\":\"a\",\"tool\":\"echo\",\"args\":{\"text\":\"1\"}},"
		"{\"step\":\"b\",\"tool\":\"echo\",\"args\":{\"text\":\"2\"}},"
		"{\"step\":\"c\",\"tool\":\"echo\",\"args\":{\"text\":\"3\"}}"
		"]},{\"decision\":\"FINISH\",\"report\":\"# x\"}]",
	    .more = with_echo});
	struct transcript *t = investigate(h, 0);

	ck_assert_int_eq(transcript_count(t, "tool_started"), 3);
	ck_assert_int_eq(transcript_count(t, "plan"), 2);
	/* Evidence is numbered in the order of the steps. */
	for (int i = 0; i < 3; i++) {
		auto_str id = xasprintf("E%d", i + 1);
		auto_str text = xasprintf("%d", i + 1);

		ck_assert_str_eq(transcript_text(t, "evidence", i, "id"), id);
		ck_assert_str_eq(
		    transcript_text(t, "feedback", i, "summary"), text);
	}
	transcript_free(t);
	house_free(h);
}
END_TEST

START_TEST(a_tool_that_is_not_enabled_is_not_run)
{
	static const char *const more[] = {"--tools=get_current_time", NULL};
	struct house *h =
	    house_start(&(struct house_spec){.script = ECHO, .more = more});
	struct transcript *t = investigate(h, 1);

	ck_assert_int_eq(transcript_count(t, "evidence"), 0);
	transcript_free(t);
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_eleventh_round_is_never_started, 0},
	    {the_same_tool_failing_three_times_ends_it, 0},
	    {what_could_read_nothing_is_incomplete_and_says_why, 0},
	    {what_nobody_could_look_at_is_incomplete_and_says_so, 0},
	    {a_deadline_ends_it_with_what_is_known, 0},
	    {cancelled_it_stops_at_once, 0},
	    {ctrl_c_cancels_and_waits_for_the_report, 0},
	    {finish_runs_no_tool, 0},
	    {steps_of_one_plan_run_at_once_and_join, 0},
	    {a_tool_that_is_not_enabled_is_not_run, 0},
	};

	return RUN_TESTS("endings", tests);
}
