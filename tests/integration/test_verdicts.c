/*
 * test_verdicts.c - a report is held against what its tools measured before
 * anybody reads it: what is borne out goes out as it was written, what is
 * not is marked, and everybody who reads the report is told.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/run/run.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdlib.h>

enum { STEPS = 12 };

/* As figures that stand in nothing but the evidence of their step. */
static char *
measured(int step)
{
	return xasprintf("%d.%02d", 4170 + step, 31 + step);
}

/* STEPS steps, of which each brings a figure as its evidence only. */
static void
measure(void)
{
	auto_buf plan = {.max = 1 << 16};
	int i;

	buf_adds(&plan, "{\"decision\":\"EXECUTE\",\"planner_plan\":{"
			"\"decision\":\"EXECUTE\",\"steps\":[");
	for (i = 0; i < STEPS; i++)
		buf_addf(&plan,
		    "%s{\"step\":\"look\",\"tool\":\"echo\","
		    "\"args\":{\"text\":\"step %c\"}}",
		    i > 0 ? "," : "", 'a' + i);
	buf_adds(&plan, "]}}");
	rig_plan(buf_str(&plan));
	for (i = 1; i <= STEPS; i++) {
		const struct proto_task *t = rig_task(&rig->executor);
		auto_str figure =
		    measured((int)wire_find_int(t->input, "index", -1) + 1);
		auto_str bytes = xasprintf("{\"value\":%s}", figure);

		peer_answer(&rig->executor, t, RIG_GOOD_STEP, bytes);
		rig_next(&rig->executor, PROTO_ACK);
	}
}

/* A report of a line for each step. The one of `wrong` tells what the step
 * behind it measured; 0: none does. */
static char *
report_of(int wrong)
{
	struct buf b = {.max = 1 << 16};
	int i;

	buf_adds(&b, "# Alert analysis report\n\n## Active alerts\n\nNone.\n\n"
		     "## Root cause analysis\n\n");
	for (i = 1; i <= STEPS; i++) {
		auto_str figure = measured(i == wrong ? i + 1 : i);

		buf_addf(&b, "- it was %s [E%d]\n", figure, i);
	}
	buf_adds(&b, "\n## Actions taken and advised\n\nNone.\n\n"
		     "## Conclusion\n\nNone.\n");
	return buf_take(&b);
}

static void
finish_with(const char *report)
{
	AUTO(tree) update = cJSON_CreateObject();
	cJSON *plan = cJSON_AddObjectToObject(update, "planner_plan");
	auto_str text = NULL;

	cJSON_AddStringToObject(plan, "decision", "FINISH");
	cJSON_AddStringToObject(update, "decision", "FINISH");
	cJSON_AddStringToObject(update, "final_report", report);
	text = cJSON_PrintUnformatted(update);
	rig_plan(text);
	assert_finished("completed", "finish");
}

static void
start(void)
{
	const struct proto_reply *r;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	r = rig_submit(
	    1, "{\"input\":\"why?\",\"language\":\"en\"}", NULL, NULL, true);
	assert_reply(r, "ok", "");
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	rig->req = 1;
}

/* The check of that name, which passed or not. */
static const char *
detail_of(const cJSON *verdict, const char *name, bool ok)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, tree_at(verdict, "checks")) {
		if (!tree_is(c, "name", name))
			continue;
		ck_assert_msg(cJSON_IsTrue(tree_at(c, "ok")) == ok, "%s: %s",
		    name, tree_str(c, "detail"));
		return tree_str(c, "detail");
	}
	ck_abort_msg("no check %s", name);
	return "";
}

START_TEST(a_report_that_its_evidence_bears_goes_out_as_it_was_written)
{
	auto_str report = report_of(0);
	const cJSON *told;

	start();
	measure();
	finish_with(report);
	told = rig_event("report", 0);
	detail_of(tree_at(told, "verdict"), "figures", true);
	ck_assert(cJSON_IsTrue(tree_at(tree_at(told, "verdict"), "ok")));
	ck_assert_str_eq(tree_str(told, "markdown"), report);
	rig_close();
}
END_TEST

/* What is read later, also of a supervisor that has started since. */
static void
assert_kept(const cJSON *told)
{
	const struct proto_reply *r = rig_query(7, "report", "{}");
	AUTO(tree) kept = NULL;

	assert_reply(r, "ok", "");
	kept = wire_to_tree(r->value);
	ck_assert_str_eq(
	    tree_str(kept, "markdown"), tree_str(told, "markdown"));
	ck_assert(cJSON_Compare(
	    tree_at(kept, "verdict"), tree_at(told, "verdict"), true));
}

START_TEST(a_figure_of_other_evidence_is_marked_where_it_stands)
{
	auto_str report = report_of(3);
	auto_str other = measured(4);
	auto_str marked = xasprintf("- it was %s [E3] ⚠ unverified\n", other);
	const cJSON *told;

	start();
	measure();
	finish_with(report);
	told = rig_event("report", 0);
	ck_assert(cJSON_IsFalse(tree_at(tree_at(told, "verdict"), "ok")));
	assert_contains(
	    detail_of(tree_at(told, "verdict"), "figures", false), other);
	detail_of(tree_at(told, "verdict"), "citations", true);
	assert_contains(
	    tree_str(told, "markdown"), "did not pass verification");
	assert_contains(tree_str(told, "markdown"), marked);
	ck_assert_int_eq(text_count(tree_str(told, "markdown"), "[E"), STEPS);
	ck_assert_int_eq(
	    text_count(tree_str(told, "markdown"), "⚠ unverified\n"), 1);
	assert_kept(told);
	rig_restart(SIGKILL);
	assert_kept(told);
	rig_close();
}
END_TEST

/* ---- reports made of a conclusion ---- */

enum { INSTANCES = 1000, NOTE = 2000 };

/* What fires, n instances of it, and 41.5 as its evidence. */
static void
list_alerts(int n)
{
	auto_buf update = {.max = 8 << 20};
	int i;

	rig_plan(RIG_EXECUTE);
	buf_adds(&update,
	    "{\"feedback\":{\"status\":\"SUCCESS\",\"tool\":\"echo\","
	    "\"role\":\"alerts\",\"summary\":\"they fire\",\"data\":"
	    "{\"alerts\":[");
	for (i = 0; i < n; i++)
		buf_addf(&update,
		    "%s{\"name\":\"Down\",\"state\":\"firing\",\"labels\":"
		    "{\"alertname\":\"Down\",\"pod\":\"web-%d\",\"note\":"
		    "\"%0*d\"}}",
		    i > 0 ? "," : "", i, n == INSTANCES ? NOTE : 1, i);
	buf_adds(&update, "]}}}");
	rig_step(buf_str(&update), "{\"value\":41.5}");
}

static void
conclude(const char *text)
{
	auto_str update = xasprintf(
	    "{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":"
	    "\"FINISH\"},\"conclusion\":{\"summary\":\"%s\",\"evidence\":"
	    "[\"E1\"],\"confidence\":\"undetermined\"}}",
	    text);

	rig_plan(update);
}

static const struct {
	int n;
	const char *text, *says;
	bool holds;
} conclusions[] = {
    {3, "it is 41.5", "- It is 41.5 [E1]\n", true},
    {3, "it is 42.5", "- It is 42.5 [E1] ⚠ unverified\n", false},
    {INSTANCES, "it is 41.5", "- It is 41.5 [E1]\n", true},
    {INSTANCES, "it is 42.5", "- It is 42.5 [E1] ⚠ unverified\n", false},
};

static void
assert_concluded(int i)
{
	auto_str number = xasprintf("firing: %d [E1]", conclusions[i].n);
	auto_str last = xasprintf("pod=web-%d`", conclusions[i].n - 1);
	const cJSON *told = rig_event("report", 0);
	const cJSON *verdict = tree_at(told, "verdict");

	assert_contains(tree_str(told, "markdown"), conclusions[i].says);
	assert_contains(tree_str(told, "markdown"), number);
	assert_contains(tree_str(told, "markdown"), last);
	ck_assert(cJSON_IsTrue(tree_at(verdict, "ok")) == conclusions[i].holds);
	assert_kept(told);
}

START_TEST(the_report_is_made_of_the_conclusion_and_held_to_evidence)
{
	start();
	list_alerts(conclusions[_i].n);
	conclude(conclusions[_i].text);
	assert_finished("completed", "finish");
	assert_concluded(_i);
	rig_close();
}
END_TEST

/* That it ends is committed, its report is still being made: the next
 * supervisor makes it, and the planner is not asked again. */
START_TEST(a_long_report_is_made_whoever_dies_over_it)
{
	start();
	list_alerts(INSTANCES);
	conclude(conclusions[2].text);
	rig_event("supervisor", 2);
	rig_restart(SIGKILL);
	rig_follow(1, rig->run, (uint64_t)rig->log.n);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("plan"), 2);
	assert_concluded(2);
	rig_close();
}
END_TEST

/* How it ends is settled then. */
START_TEST(what_ends_is_cancelled_no_more)
{
	start();
	list_alerts(INSTANCES);
	conclude(conclusions[2].text);
	rig_event("supervisor", 2);
	rig_cancel(5);
	assert_reply(rig_reply(5), "conflict", "has ended already (completed)");
	assert_finished("completed", "finish");
	assert_concluded(2);
	rig_close();
}
END_TEST

/* ---- reports that nobody finished ---- */

static void
cancelled(void)
{
	rig_task(&rig->planner);
	rig_cancel(5);
	assert_reply(rig_reply(5), "ok", "");
}

static void
planner_fails(void)
{
	int i;

	for (i = 0; i <= RUN_REFUSALS_MAX; i++)
		rig_plan("{\"error\":\"the model is away\"}");
}

static void
same_tool_fails(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(
		    "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\","
		    "\"summary\":\"HTTP 577\"}}",
		    NULL);
	}
}

static const struct {
	void (*happens)(void);
	const char *status, *by, *says, *says_not;
} endings[] = {
    {cancelled, "cancelled", "cancelled", "cancelled", "planner"},
    {planner_fails, "failed", "planner_failed", "the model is away",
	"cancelled"},
    {same_tool_fails, "incomplete", "tool_failed", "HTTP 577", "cancelled"},
};

START_TEST(a_report_that_is_cut_short_says_why_and_holds)
{
	const cJSON *told;

	start();
	measure();
	endings[_i].happens();
	assert_finished(endings[_i].status, endings[_i].by);
	told = rig_event("report", 0);
	assert_contains(tree_str(told, "markdown"), endings[_i].says);
	assert_lacks(tree_str(told, "markdown"), endings[_i].says_not);
	assert_contains(tree_str(told, "markdown"), "undetermined");
	ck_assert(cJSON_IsTrue(tree_at(tree_at(told, "verdict"), "ok")));
	ck_assert_str_eq(tree_str(told, "confidence"), "undetermined");
	assert_kept(told);
	rig_close();
}
END_TEST

/* ---- through the gateway ---- */

#define SAYS_99                                                                \
	"[{\"decision\":\"EXECUTE\",\"step\":\"look\",\"tool\":\"echo\","      \
	"\"args\":{\"text\":\"cpu at 87.3 %\"}},{\"decision\":\"FINISH\","     \
	"\"report\":\"# Alert analysis report\\n\\n## Active alerts\\n\\n"     \
	"## Root cause analysis\\n\\n- cpu at 99.1 % [E1]\\n\\n"               \
	"## Actions taken and advised\\n\\n## Conclusion\\n\"}]"

static const struct {
	const char *accept, *says;
} forms[] = {
    {"Accept: application/json", "\"name\":\"figures\",\"ok\":false"},
    {"Accept: application/json", "\"verdict\":{\"ok\":false"},
    {"Accept: text/markdown", "- cpu at 99.1 % [E1] ⚠ unverified\n"},
    {"Accept: text/html", "⚠ unverified"},
};

START_TEST(whoever_reads_a_report_is_told_what_did_not_hold)
{
	static const char *const tools[] = {"--tools=echo", NULL};
	struct house *h =
	    house_start(&(struct house_spec){.script = SAYS_99, .more = tools});
	auto_str url = house_url(h, "/api/ai_ops");
	struct answer *w;
	AUTO(tree) outcome = NULL;
	size_t i;

	w = ask(NULL, url,
	    (const char *const[]){"Accept: application/json",
		"Content-Type: application/json", NULL},
	    "{\"language\":\"en\"}");
	ck_assert_int_eq(w->status, 200);
	assert_contains(w->body, "\"verdict\":{\"ok\":false");
	outcome = cJSON_Parse(w->body);
	answer_free(w);
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		auto_str path = xasprintf(
		    "/api/investigations/%s/report", tree_str(outcome, "id"));
		auto_str report = house_url(h, path);

		w = ask(NULL, report,
		    (const char *const[]){forms[i].accept, NULL}, NULL);
		ck_assert_int_eq(w->status, 200);
		assert_contains(w->body, forms[i].says);
		answer_free(w);
	}
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_report_that_its_evidence_bears_goes_out_as_it_was_written, 0},
	    {a_figure_of_other_evidence_is_marked_where_it_stands, 0},
	    {the_report_is_made_of_the_conclusion_and_held_to_evidence,
		(int)ARRAY_LEN(conclusions)},
	    {a_long_report_is_made_whoever_dies_over_it, 0},
	    {what_ends_is_cancelled_no_more, 0},
	    {a_report_that_is_cut_short_says_why_and_holds,
		(int)ARRAY_LEN(endings)},
	    {whoever_reads_a_report_is_told_what_did_not_hold, 0},
	};

	return RUN_TESTS("verdicts", tests);
}
