/*
 * test_replay.c - `culprit replay`: one agent alone on a stored run, and runs
 * that go on from another's checkpoint, as real processes do it.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP(text)                                                             \
	"{\"step\":\"s\",\"tool\":\"echo\",\"args\":{\"text\":\"" text "\"}}"
#define PLANS(second, report)                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"one\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"1\"}},"                                          \
	"{\"decision\":\"EXECUTE\",\"step\":\"two\",\"steps\":[" second "]},"  \
	"{\"decision\":\"FINISH\",\"report\":\"# x\\n" report "\\n\"}]"

/*
 * started 1, supervisor, plan 3, tool_started, evidence, feedback 6,
 * supervisor, plan 8, two tool_started, evidence, feedback, evidence,
 * feedback 14, supervisor, plan 16, supervisor, report, finished 19.
 */
static const char *const script = PLANS(STEP("2") "," STEP("3"), "it was 1");
static const char *const other = PLANS(STEP("2") "," STEP("9"), "it was 1");
static const char *const more[] = {"--tools=echo", NULL};

/* A house with one finished run. */
struct stage {
	struct house *h;
	char *run;
	char *script, *other; /* options that name the files */
	struct proc *planner; /* NULL: the house's own */
};

static char *
write_script(struct house *h, const char *name, const char *text)
{
	auto_str path = xasprintf("%s/%s.json", house_dir(h), name);

	file_write(path, text);
	return xasprintf("--planner-script=%s", path);
}

static char *
run_once(struct house *h)
{
	static const char *const args[] = {
	    "investigate", "--json", "why?", NULL};
	struct transcript *t;
	auto_str out = NULL;
	char *run;

	house_run(h, args, &out, NULL);
	t = transcript_new(out);
	transcript_check(t);
	run = xstrdup(transcript_run(t));
	transcript_free(t);
	return run;
}

static void
stage_open(struct stage *s, const char *plans)
{
	*s = (struct stage){.h = house_start(&(struct house_spec){
				.script = plans, .more = more})};
	s->script = write_script(s->h, "same", plans);
	s->other = write_script(s->h, "other", other);
	s->run = run_once(s->h);
}

static void
stage_close(struct stage *s)
{
	auto_str data = xstrdup(house_data(s->h));

	invariant_assert(
	    &(struct invariant){.data_dir = house_data(s->h), .settled = true});
	proc_free(s->planner);
	house_free(s->h);
	free(s->run);
	free(s->script);
	free(s->other);
}

enum { OPTIONS_MAX = 8 };

/* `culprit replay RUN options…`; the exit status. */
static int
replay(struct stage *s, const char *const *options, char **out, char **err)
{
	const char *args[OPTIONS_MAX + 4] = {"replay", s->run};

	for (int i = 0; options[i] != NULL; i++) {
		ck_assert_int_lt(i, OPTIONS_MAX);
		args[2 + i] = options[i];
	}
	return house_run(s->h, args, out, err);
}

/* ---- one agent alone ---- */

START_TEST(unchanged_an_agent_answers_the_same)
{
	struct stage s;
	auto_str out = NULL;
	auto_str steps = NULL;

	stage_open(&s, script);
	ck_assert_int_eq(
	    replay(&s,
		(const char *const[]){"--planner=script", s.script, NULL}, &out,
		NULL),
	    0);
	assert_contains(out, "turn 2, event 8: EXECUTE echo, echo\n");
	assert_contains(out, "3 answers of the planner: 3 same, 0 differ");
	ck_assert_int_eq(
	    replay(&s,
		(const char *const[]){"--agent=executor", "--tools=echo", NULL},
		&steps, NULL),
	    0);
	assert_contains(steps, "turn 2, event 14: step 1, echo\n");
	assert_contains(steps, "3 answers of the executor: 3 same, 0 differ");
	stage_close(&s);
}
END_TEST

/* The rules too, whose tools all fail here: nothing listens. */
START_TEST(the_rules_say_the_same_of_the_same)
{
	struct stage s = {.h = house_start(&(struct house_spec){0})};
	auto_str out = NULL;

	s.run = run_once(s.h);
	ck_assert_int_eq(
	    replay(&s, (const char *const[]){NULL}, &out, NULL), 0);
	assert_contains(out, "query_prometheus_alerts");
	assert_contains(out, "0 differ, 0 skipped");
	stage_close(&s);
}
END_TEST

static const char *
text_of_step(const cJSON *o, const char *when, int i)
{
	const cJSON *steps = tree_at(tree_at(o, when), "steps");

	return tree_str(tree_at(cJSON_GetArrayItem(steps, i), "args"), "text");
}

START_TEST(another_script_shows_the_turn_that_changed)
{
	struct stage s;
	auto_str out = NULL;
	auto_str late = NULL;
	const char *line;
	int turns = 0;

	stage_open(&s, script);
	ck_assert_int_eq(replay(&s,
			     (const char *const[]){
				 "--planner=script", s.other, "--json", NULL},
			     &out, NULL),
	    1);
	for (line = out; *line != '\0'; line = strchr(line, '\n') + 1) {
		AUTO(tree) o = cJSON_ParseWithLength(line, strcspn(line, "\n"));
		bool changed = ++turns == 2;

		ck_assert_int_eq((int)tree_num(o, "turn", 0), turns);
		ck_assert_int_eq(cJSON_IsFalse(tree_at(o, "same")), changed);
		ck_assert_int_eq(tree_at(o, "then") != NULL, changed);
		ck_assert_int_eq(tree_at(o, "now") != NULL, changed);
		if (!changed)
			continue;
		ck_assert_int_eq((int)tree_num(o, "event", 0), 8);
		ck_assert_str_eq(text_of_step(o, "then", 1), "3");
		ck_assert_str_eq(text_of_step(o, "now", 1), "9");
	}
	ck_assert_int_eq(turns, 3);
	/* From behind that turn on there is nothing that changed. */
	ck_assert_int_eq(replay(&s,
			     (const char *const[]){
				 "--planner=script", s.other, "--from=9", NULL},
			     &late, NULL),
	    0);
	assert_contains(late, "same     turn 3, event 16");
	assert_contains(late, "1 answer of the planner");
	stage_close(&s);
}
END_TEST

/* What it was refused led to no state: what was taken then is the rules'. */
START_TEST(a_turn_that_was_refused_is_replayed_too)
{
	static const char *const nothing =
	    "[{\"decision\":\"EXECUTE\",\"step\":\"nothing\"}]";
	struct stage s;
	auto_str out = NULL;
	auto_str changed = NULL;

	stage_open(&s, nothing);
	ck_assert_int_eq(
	    replay(
		&s, (const char *const[]){"--planner=rules", NULL}, &out, NULL),
	    0);
	assert_contains(out, "1 answer of the planner: 1 same");
	ck_assert_int_eq(
	    replay(&s,
		(const char *const[]){"--planner=script", s.script, NULL},
		&changed, NULL),
	    1);
	assert_contains(
	    changed, "the planner failed: it said EXECUTE and named no tool");
	stage_close(&s);
}
END_TEST

START_TEST(steps_that_do_not_only_read_are_not_replayed)
{
	static const char *const none[] = {
	    "--executors=0", "--tools=echo", NULL};
	static const char *const reads[] = {"--tools=echo", NULL};
	static const char *const writes[] = {
	    "--tools=echo", "--tool-classes=echo=idempotent", NULL};
	static const char *const options[] = {
	    "--agent=executor", "--tools=echo", NULL};
	struct stage s = {
	    .h = house_start(&(struct house_spec){
		.script = script, .more = none, .not_ready = true})};
	struct proc *first = house_worker(s.h, "executor", "first", reads);
	struct proc *second;
	auto_str gone = NULL;
	auto_str out = NULL;

	house_await_ready(s.h);
	s.run = run_once(s.h);
	proc_signal(first, SIGTERM);
	ck_assert_int_eq(proc_wait(first, HOUSE_MS), 0);
	house_await_not_ready(s.h);
	ck_assert_int_eq(replay(&s, options, &gone, NULL), 0);
	assert_contains(gone, "no executor that is there now has this tool");
	second = house_worker(s.h, "executor", "second", writes);
	ck_assert(proc_await_err(second, "joined", HOUSE_MS));
	ck_assert_int_eq(replay(&s, options, &out, NULL), 0);
	assert_contains(out, "(this tool does not only read)");
	assert_contains(out, "0 same, 0 differ, 3 skipped");
	proc_free(first);
	proc_free(second);
	stage_close(&s);
}
END_TEST

static const struct {
	const char *options[4];
	int status;
	const char *says;
} wrong[] = {
    {{"--from=0"}, 2, "--from must be the number of an event"},
    {{"--from=three"}, 2, "not \"three\""},
    {{"--from=20"}, 1, "has no event 20; its last is 19"},
    {{"--from=17"}, 1, "has no turn of the planner from event 17 on"},
    {{"--agent=gateway"}, 2, "planner or executor, not \"gateway\""},
    {{"--input=x"}, 2, "--input is for --fork"},
    {{"--fork", "--agent=planner"}, 2, "it takes no --agent"},
    {{"--fork", "--from=19"}, 1, "its last event is 19"},
    {{"--fork", "--from=20"}, 1, "its last event is 19"},
    {{"--planner=nobody"}, 1, "planner \"nobody\" is not known"},
    {{"--planner=script"}, 1, "--planner-script"},
};

START_TEST(what_is_wrong_is_said)
{
	static const char *const unknown[] = {"replay", "nobody", NULL};
	static const char *const fork[] = {"replay", "--fork", "nobody", NULL};
	struct stage s;
	auto_str err = NULL;

	stage_open(&s, script);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		free(TAKE(err));
		ck_assert_int_eq(
		    replay(&s, wrong[i].options, NULL, &err), wrong[i].status);
		assert_contains(err, wrong[i].says);
	}
	free(TAKE(err));
	ck_assert_int_eq(house_run(s.h, unknown, NULL, &err), 1);
	assert_contains(err, "there is no investigation nobody");
	free(TAKE(err));
	ck_assert_int_eq(house_run(s.h, fork, NULL, &err), 1);
	assert_contains(err, "there is no investigation nobody");
	stage_close(&s);
}
END_TEST

/* ---- forks ---- */

static struct transcript *
fork_from(struct stage *s, const char *from, const char *option)
{
	auto_str arg = xasprintf("--from=%s", from);
	const char *const options[] = {"--fork", "--json", arg, option, NULL};
	struct transcript *t;
	auto_str out = NULL;

	ck_assert_int_eq(replay(s, options, &out, NULL), 0);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_str_ne(transcript_run(t), s->run);
	return t;
}

static char *
evidence_of(struct stage *s, const char *run, const char *id)
{
	const char *const args[] = {"evidence", run, id, NULL};
	char *out;

	ck_assert_int_eq(house_run(s->h, args, &out, NULL), 0);
	return out;
}

static char *
report_of(struct stage *s, const char *run)
{
	const char *const args[] = {"report", run, NULL};
	char *out;

	ck_assert_int_eq(house_run(s->h, args, &out, NULL), 0);
	return out;
}

static void
assert_forked(const struct transcript *t, const struct stage *s, int seq)
{
	const cJSON *from =
	    tree_at(transcript_data(t, "started", 0), "forked_from");

	ck_assert_str_eq(tree_str(from, "run"), s->run);
	ck_assert_int_eq((int)tree_num(from, "seq", 0), seq);
}

/* From anywhere: what was before is not done again, the end is the same. */
START_TEST(a_fork_with_nothing_changed_ends_the_same)
{
	static const struct {
		const char *from;
		int seq, plans, feedback;
	} cases[] = {{"1", 1, 3, 3}, {"5", 3, 2, 3}, {"8", 6, 2, 2},
	    {"9", 8, 1, 2}, {"16", 14, 1, 0}, {"18", 16, 0, 0}};
	struct stage s;
	auto_str report = NULL;

	stage_open(&s, script);
	report = report_of(&s, s.run);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct transcript *t = fork_from(&s, cases[i].from, NULL);
		auto_str again = report_of(&s, transcript_run(t));
		auto_str e1 = evidence_of(&s, transcript_run(t), "E1");
		auto_str e3 = evidence_of(&s, transcript_run(t), "E3");
		auto_str renamed = NULL;

		assert_forked(t, &s, cases[i].seq);
		ck_assert_int_eq(transcript_count(t, "plan"), cases[i].plans);
		ck_assert_int_eq(
		    transcript_count(t, "feedback"), cases[i].feedback);
		ck_assert_int_eq(
		    transcript_int(t, "finished", 0, "iteration"), 2);
		/* But for its own id. */
		renamed = text_replaced(again, transcript_run(t), s.run);
		ck_assert_str_eq(renamed, report);
		ck_assert_str_eq(e1, "1");
		ck_assert_str_eq(e3, "3");
		transcript_free(t);
	}
	stage_close(&s);
}
END_TEST

static struct proc *
planner_of(struct stage *s, const char *name, const char *option)
{
	const char *const options[] = {"--planner=script", option, NULL};

	return house_worker(s->h, "planner", name, options);
}

/* The planner that is there now goes on with it. */
START_TEST(a_fork_is_gone_on_with_by_the_workers_that_are_there)
{
	static const char *const none[] = {
	    "--planners=0", "--tools=echo", NULL};
	struct stage s = {
	    .h = house_start(&(struct house_spec){
		.script = script, .more = none, .not_ready = true})};
	struct transcript *t;
	auto_str e3 = NULL;
	auto_str input = NULL;

	s.script = write_script(s.h, "same", script);
	s.other = write_script(s.h, "other", other);
	s.planner = planner_of(&s, "first", s.script);
	house_await_ready(s.h);
	s.run = run_once(s.h);
	proc_signal(s.planner, SIGTERM);
	ck_assert_int_eq(proc_wait(s.planner, HOUSE_MS), 0);
	house_await_not_ready(s.h);
	proc_free(s.planner);
	s.planner = planner_of(&s, "second", s.other);
	ck_assert(proc_await_err(s.planner, "joined", HOUSE_MS));
	t = fork_from(&s, "8", "--input=and why that?");
	assert_forked(t, &s, 6);
	ck_assert_str_eq(
	    transcript_text(t, "started", 0, "input"), "and why that?");
	ck_assert_str_eq(transcript_text(t, "plan", 0, "worker"), "second");
	e3 = evidence_of(&s, transcript_run(t), "E3");
	ck_assert_str_eq(e3, "9");
	transcript_free(t);
	stage_close(&s);
}
END_TEST

/* ---- over HTTP ---- */

static const struct {
	const char *method, *path, *body;
	long status;
	const char *says;
} visits[] = {
    {NULL, "/checkpoints", NULL, 200, "\"node\":\"planner\",\"seq\":8"},
    {NULL, "/checkpoints/2", NULL, 200, "\"executor_feedback\":[{"},
    {NULL, "/checkpoints/7", NULL, 404, "has no checkpoint 7"},
    {NULL, "/checkpoints/x", NULL, 404, "numbered from 0"},
    {NULL, "/checkpoints/99999999999999999999", NULL, 404, "from 0"},
    {"POST", "/fork", "{\"from\":99}", 400, "its last event is 19"},
    {"POST", "/fork", "{\"from\":0}", 400, "body.from"},
    {"POST", "/fork", "{\"at\":1}", 400, "\\\"from\\\""},
};

START_TEST(checkpoints_and_forks_are_served)
{
	static const char *const async[] = {"Content-Type: application/json",
	    "Prefer: respond-async", "Idempotency-Key: k1", NULL};
	static const char *const wait[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	struct stage s;
	auto_str fork = NULL;
	struct answer *a, *b;

	stage_open(&s, script);
	for (size_t i = 0; i < ARRAY_LEN(visits); i++) {
		auto_str path = xasprintf(
		    "/api/investigations/%s%s", s.run, visits[i].path);
		auto_str url = house_url(s.h, path);

		a = ask(visits[i].method, url, NULL, visits[i].body);
		ck_assert_msg(a->status == visits[i].status, "%s: %ld %s",
		    visits[i].path, a->status, a->body);
		assert_contains(a->body, visits[i].says);
		answer_free(a);
	}
	fork = xasprintf("/api/investigations/%s/fork", s.run);
	free(TAKE(s.script));
	s.script = house_url(s.h, fork);
	a = ask("POST", s.script, async, "{\"from\":8}");
	b = ask("POST", s.script, async, "{\"from\":8}");
	ck_assert_int_eq(a->status, 202);
	ck_assert_int_eq(b->status, 202);
	ck_assert_str_eq(a->location, b->location);
	answer_free(a);
	answer_free(b);
	a = ask("POST", s.script, async, "{\"from\":3}");
	ck_assert_int_eq(a->status, 409);
	answer_free(a);
	a = ask("POST", s.script, wait, "");
	ck_assert_int_eq(a->status, 200);
	assert_contains(a->body, "\"status\":\"completed\"");
	answer_free(a);
	stage_close(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {unchanged_an_agent_answers_the_same, 0},
	    {the_rules_say_the_same_of_the_same, 0},
	    {another_script_shows_the_turn_that_changed, 0},
	    {a_turn_that_was_refused_is_replayed_too, 0},
	    {steps_that_do_not_only_read_are_not_replayed, 0},
	    {what_is_wrong_is_said, 0},
	    {a_fork_with_nothing_changed_ends_the_same, 0},
	    {a_fork_is_gone_on_with_by_the_workers_that_are_there, 0},
	    {checkpoints_and_forks_are_served, 0},
	};

	return RUN_TESTS("replay", tests);
}
