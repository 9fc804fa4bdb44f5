/*
 * test_side_effects.c - what is done to the world is done as its class
 * allows: READ and IDEMPOTENT steps again and again, UNSAFE ones after a
 * person's word, once, and never when nobody knows whether they happened.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/report/tool_class.h"
#include "common/wire/wire.h"
#include "tests/harness/alert.h"
#include "tests/harness/ask.h"
#include "tests/harness/hand.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ONE_STEP                                                               \
	"[{\"decision\":\"EXECUTE\",\"step\":\"restart "                       \
	"it\",\"tool\":\"echo\","                                              \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"
#define QUERY                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"ask\","                         \
	"\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}},"  \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"
#define CATALOGUE(class)                                                       \
	"[{\"name\":\"echo\",\"what\":\"says\",\"class\":\"" class "\","       \
								   "\"args\":" \
								   "{\"type\"" \
								   ":\"object" \
								   "\"}}]"

static const char done[] = "{\"feedback\":{\"status\":\"SUCCESS\","
			   "\"tool\":\"echo\",\"summary\":\"done\","
			   "\"class\":\"READ\",\"approved_by\":\"itself\"}}";

/* A house without executors, one run in it that is watched. */
struct scene {
	struct house *house;
	struct hand *hand;
	struct proc *watch;
	char *run;
};

static void
watch(struct scene *s)
{
	static const char *const args[] = {
	    "investigate", "--json", "--language=en", NULL};

	s->watch = house_client(s->house, "watch", args);
}

static void
scene_open(struct scene *s, const char *class, const char *option)
{
	const char *more[] = {
	    "--executors=0", "--lease-ms=600000", option, NULL};

	*s = (struct scene){
	    .house = house_start(&(struct house_spec){
		.script = ONE_STEP, .more = more, .not_ready = true})};
	s->hand = hand_new(house_data(s->house), "hand", class);
	house_await_ready(s->house);
	watch(s);
}

/* Waits for an event of the run, and learns its name. */
static void
await_event(struct scene *s, const char *type)
{
	auto_str key = xasprintf("\"type\":\"%s\"", type);
	struct transcript *t;
	auto_str out = NULL;

	if (!proc_await_out(s->watch, key, HOUSE_MS)) {
		auto_str log = proc_err(house_up(s->house));

		ck_abort_msg("no event %s came:\n%s", type, log);
	}
	out = proc_out(s->watch);
	t = transcript_new(out);
	free(s->run);
	s->run = xstrdup(transcript_run(t));
	transcript_free(t);
}

/* Waits for the end of the run: all its events, the caller's. */
static struct transcript *
scene_end(struct scene *s, int want_status)
{
	int status = proc_wait(s->watch, HOUSE_MS);
	auto_str out = proc_out(s->watch);
	auto_str err = proc_err(s->watch);
	struct transcript *t = transcript_new(out);

	ck_assert_msg(status == want_status, "status %d:\n%s", status, err);
	transcript_check(t);
	return t;
}

/* Nothing was done twice, whatever happened. */
static void
scene_close(struct scene *s, struct transcript *t, const char *tool)
{
	const char *const unsafe[] = {tool, NULL};

	invariant_assert(&(struct invariant){.data_dir = house_data(s->house),
	    .unsafe = unsafe,
	    .settled = true});
	transcript_free(t);
	proc_free(s->watch);
	hand_free(s->hand);
	house_free(s->house);
	free(s->run);
}

/* The planner, which has nothing to do now, goes with it: with a lease that
 * long it would be long in noticing. */
static void
kill_supervisor(struct scene *s, int how)
{
	ck_assert_int_eq(kill(house_child(s->house, "supervisor"), how), 0);
	ck_assert_int_eq(kill(house_child(s->house, "planner-1"), SIGKILL), 0);
	if (how == SIGKILL)
		hand_hello(s->hand);
}

/* The answer's status; 0 where text is not in its body. */
static long
say_at(struct scene *s, const char *step, const char *body, const char *text)
{
	auto_str path =
	    xasprintf("/api/investigations/%s/steps/%s", s->run, step);
	auto_str url = house_url(s->house, path);
	struct answer *w = ask(NULL, url, NULL, body);
	long status = w->status;

	if (!text_contains(w->body, text))
		ck_abort_msg("status %ld, \"%s\" lacks \"%s\"", w->status,
		    w->body, text);
	answer_free(w);
	return status;
}

#define APPROVE "{\"approve\":true}"
#define DENY "{\"approve\":false}"

static void
approve(struct scene *s)
{
	await_event(s, "approval");
	ck_assert_int_eq(say_at(s, "2", APPROVE, "decided"), 200);
}

/* Holds the lease of the approved step. */
static const struct proto_task *
lease(struct scene *s)
{
	approve(s);
	return hand_task(s->hand);
}

static void
check_feedback(struct transcript *t, const char *status, const char *says)
{
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	ck_assert_str_eq(transcript_text(t, "feedback", 0, "status"), status);
	assert_contains(transcript_text(t, "feedback", 0, "summary"), says);
}

static void
check_started_once(struct transcript *t)
{
	int i;

	ck_assert_int_eq(transcript_count(t, "tool_started"), 1);
	ck_assert_int_eq(transcript_int(t, "tool_started", 0, "attempt"), 1);
	ck_assert_str_eq(
	    transcript_text(t, "tool_started", 0, "class"), "UNSAFE");
	for (i = 0; i < transcript_count(t, "retry"); i++)
		ck_assert_int_ne(transcript_int(t, "retry", i, "task"), 2);
}

/* ---- a person's word ---- */

/* The line of the watcher's stderr that begins, after blanks, with start. */
static char *
command_in(const char *err, const char *start)
{
	const char *at = strstr(err, start);

	ck_assert_msg(at != NULL, "no \"%s\" in:\n%s", start, err);
	return xstrndup(at, strcspn(at, "\n"));
}

/* Types it as it stands there. */
static void
type(struct scene *s, const char *command)
{
	auto_str path =
	    xasprintf("PATH=%s:/usr/bin:/bin", getenv("CULPRIT_BIN"));
	const char *const env[] = {path, NULL};
	const char *const argv[] = {"/bin/sh", "-c", command, NULL};
	auto_str err = NULL;
	int status = proc_run(&(struct proc_spec){.argv = argv,
				  .env = env,
				  .dir = house_dir(s->house),
				  .name = "typed"},
	    HOUSE_MS, NULL, &err);

	ck_assert_msg(status == 0, "%s: status %d: %s", command, status, err);
}

/* "culprit approve … ID 2": the last word goes. */
static void
leave_out_step(char *command)
{
	char *space = strrchr(command, ' ');

	ck_assert(space != NULL && strcmp(space, " 2") == 0);
	*space = '\0';
}

static const struct {
	const char *command, *status, *says;
	int started;
	bool only; /* without the step's number: it is the only one */
} words[] = {
    {"culprit approve", "SUCCESS", "x", 1, false},
    {"culprit approve", "SUCCESS", "x", 1, true},
    {"culprit deny", "FAILED", "denied by ", 0, false},
    {"culprit deny", "FAILED", "denied by ", 0, true},
};

START_TEST(an_unsafe_step_waits_for_a_persons_word)
{
	static const char *const more[] = {
	    "--tools=echo", "--tool-classes=echo=unsafe", NULL};
	struct scene s = {.house = house_start(&(struct house_spec){
			      .script = ONE_STEP, .more = more})};
	struct transcript *t;
	auto_str err = NULL;
	auto_str command = NULL;

	watch(&s);
	await_event(&s, "approval");
	ck_assert(proc_await_err(s.watch, "culprit deny", HOUSE_MS));
	err = proc_err(s.watch);
	assert_lacks(err, "tool_started");
	assert_contains(err, "echo {\"text\":\"x\"} is UNSAFE and waits");
	command = command_in(err, words[_i].command);
	if (words[_i].only)
		leave_out_step(command);
	type(&s, command);
	t = scene_end(&s, 0);
	ck_assert_int_eq(transcript_count(t, "approval"), 1);
	ck_assert_int_eq(transcript_int(t, "approval", 0, "task"), 2);
	ck_assert_str_eq(transcript_text(t, "approval", 0, "tool"), "echo");
	ck_assert_int_eq(transcript_count(t, "decided"), 1);
	ck_assert_str_eq(
	    transcript_text(t, "decided", 0, "by"), APPROVED_HERE);
	check_feedback(t, words[_i].status, words[_i].says);
	ck_assert_int_eq(
	    transcript_count(t, "tool_started"), words[_i].started);
	if (words[_i].started)
		check_started_once(t);
	scene_close(&s, t, "echo");
}
END_TEST

static const struct {
	const char *step, *body, *says;
	long status;
} wrong[] = {
    {"2", "", "body", 400},
    {"2", "{}", "body.approve", 400},
    {"2", "{\"approve\":1,\"by\":\"ann\"}", "body.approve", 400},
    {"2", "{\"approve\":null,\"by\":\"ann\"}", "true or false", 400},
    {"2", "{\"approve\":true,\"by\":7}", "body.by", 400},
    {"2", "{\"approve\":true,\"by\":\"ann\",\"sudo\":true}", "sudo", 400},
    {"1", APPROVE, "no step 1", 404},
    {"99", APPROVE, "no step 99", 404},
    {"0", APPROVE, "0\\\" is none", 404},
    {"02", APPROVE, "is none", 404},
    {"two", APPROVE, "is none", 404},
};

/* What is decided stays so, for whoever asks, however often, whatever dies:
 * before it is decided, after it, and when all is over. */
START_TEST(a_word_is_good_once_and_for_good)
{
	struct scene s;
	struct transcript *t;
	size_t i;

	scene_open(&s, CATALOGUE("UNSAFE"), NULL);
	await_event(&s, "approval");
	for (i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_int_eq(
		    say_at(&s, wrong[i].step, wrong[i].body, wrong[i].says),
		    wrong[i].status);
	kill_supervisor(&s, SIGKILL);
	ck_assert(!hand_has_task(s.hand));
	/* Nobody is there to take it when the supervisor dies once more. */
	hand_bye(s.hand);
	ck_assert_int_eq(say_at(&s, "2", APPROVE, "decided"), 200);
	ck_assert_int_eq(say_at(&s, "2", APPROVE, "decided"), 200);
	ck_assert_int_eq(say_at(&s, "2", DENY, "approved by " APPROVED_HERE), 409);
	kill_supervisor(&s, SIGKILL);
	hand_answer(s.hand, hand_task(s.hand), done);
	t = scene_end(&s, 0);
	ck_assert_int_eq(say_at(&s, "2", APPROVE, "decided"), 200);
	ck_assert_int_eq(say_at(&s, "2", DENY, "approved by " APPROVED_HERE), 409);
	ck_assert_int_eq(transcript_count(t, "approval"), 1);
	ck_assert_int_eq(transcript_count(t, "decided"), 1);
	ck_assert_str_eq(transcript_text(t, "decided", 0, "by"), APPROVED_HERE);
	check_started_once(t);
	check_feedback(t, "SUCCESS", "done");
	scene_close(&s, t, "echo");
}
END_TEST

/* ---- how long it waits ---- */

/* Two clocks are read one after the other, on a machine that is busy. */
enum { CLOCKS_MS = 500 };

static void
await_wall(int64_t until_ms)
{
	while (clk_wall_ms() < until_ms)
		poll(NULL, 0, (int)MIN(until_ms - clk_wall_ms(), 20));
}

static int64_t
moment_of(const struct transcript *t, const char *type, const char *key)
{
	const cJSON *ms = cJSON_GetObjectItemCaseSensitive(
	    transcript_data(t, type, 0), key);

	ck_assert_msg(cJSON_IsNumber(ms), "no %s in %s", key, type);
	return (int64_t)ms->valuedouble;
}

static void
goes_on(struct scene *s UNUSED)
{
}

static void
dies(struct scene *s)
{
	kill_supervisor(s, SIGKILL);
}

static void (*const meanwhile[])(struct scene *s) = {goes_on, dies};

/* Nobody comes, whatever dies: it is denied, not before its time, and the
 * investigation goes on to its end. */
START_TEST(a_step_that_nobody_approves_is_denied_by_time)
{
	struct scene s;
	struct transcript *t;
	int64_t until;

	scene_open(&s, CATALOGUE("UNSAFE"), "--approval-wait=1");
	await_event(&s, "approval");
	meanwhile[_i](&s);
	t = scene_end(&s, 0);
	until = moment_of(t, "approval", "until");
	ck_assert(clk_wall_ms() >= until - CLOCKS_MS);
	ck_assert_int_eq(transcript_count(t, "approval"), 1);
	ck_assert_int_eq(transcript_count(t, "decided"), 1);
	ck_assert_str_eq(transcript_text(t, "decided", 0, "by"), "");
	ck_assert_int_eq(transcript_count(t, "tool_started"), 0);
	check_feedback(
	    t, "FAILED", "denied by time: nobody approved it within 1 s");
	assert_contains(transcript_text(t, "report", 0, "markdown"),
	    "denied by time: nobody approved it within 1 s");
	ck_assert_int_eq(
	    say_at(&s, "2", APPROVE, "denied by time already"), 409);
	ck_assert_int_eq(say_at(&s, "2", DENY, "decided"), 200);
	scene_close(&s, t, "echo");
}
END_TEST

/* What `show` says of the only step that waits, its end by the wall. */
static int64_t
waits_until(struct scene *s)
{
	const char *args[] = {"show", s->run, "--json", NULL};
	auto_str out = NULL;
	const char *at;

	ck_assert_int_eq(house_run(s->house, args, &out, NULL), 0);
	at = strstr(out, "\"until\":");
	ck_assert_msg(at != NULL, "no until in %s", out);
	return strtoll(at + 8, NULL, 10);
}

/* Approved late, a step has as long as it would have had at once. */
START_TEST(waiting_does_not_count_against_the_deadline)
{
	enum { WAIT_MS = 1500, WAIT_S = 600 };
	const struct proto_task *task;
	struct transcript *t;
	int64_t until, asked, said, took, left;
	struct scene s;

	scene_open(&s, CATALOGUE("UNSAFE"), "--approval-wait=600");
	await_event(&s, "approval");
	meanwhile[_i](&s);
	until = waits_until(&s);
	asked = until - WAIT_S * 1000;
	await_wall(asked + WAIT_MS);
	said = clk_wall_ms();
	ck_assert_int_eq(say_at(&s, "2", APPROVE, "decided"), 200);
	task = hand_task(s.hand);
	left = (int64_t)task->deadline_ms;
	took = clk_wall_ms() - said;
	hand_answer(s.hand, task, done);
	t = scene_end(&s, 0);
	ck_assert_int_eq(
	    moment_of(t, "approval", "until"), until);
	asked = moment_of(t, "started", "deadline_ms") - asked;
	ck_assert_msg(left <= asked + CLOCKS_MS &&
			  left >= asked - took - CLOCKS_MS,
	    "%lld ms were left when it was asked for, %lld when it was leased",
	    (long long)asked, (long long)left);
	check_started_once(t);
	scene_close(&s, t, "echo");
}
END_TEST

/* ---- what nobody knows ---- */

static void
supervisor_dies(struct scene *s, const struct proto_task *t UNUSED)
{
	kill_supervisor(s, SIGKILL);
}

static void
worker_starts_afresh(struct scene *s, const struct proto_task *t UNUSED)
{
	hand_hello(s->hand);
}

static void
worker_talks_nonsense(struct scene *s, const struct proto_task *t)
{
	hand_answer(s->hand, t, "{\"feedback\":7}");
}

static void
worker_cannot_tell(struct scene *s, const struct proto_task *t)
{
	hand_answer(s->hand, t,
	    "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\","
	    "\"summary\":\"it was stopped.\",\"unknown\":true}}");
}

static void
worker_does_not_say_why(struct scene *s, const struct proto_task *t)
{
	hand_answer(s->hand, t,
	    "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\","
	    "\"unknown\":true}}");
}

static const struct {
	void (*happens)(struct scene *s, const struct proto_task *t);
	const char *says;
} losses[] = {
    {supervisor_dies, "the supervisor ended while it ran"},
    {worker_starts_afresh, "its worker is gone"},
    {worker_talks_nonsense, "cannot be taken as feedback"},
    {worker_cannot_tell, "not known: it was stopped. The tool"},
    {worker_does_not_say_why,
	"not known: the tool does not say why. The tool is UNSAFE"},
};

START_TEST(a_leased_unsafe_step_that_is_lost_is_unknown_and_not_repeated)
{
	const struct proto_task *task;
	struct transcript *t;
	struct scene s;

	scene_open(&s, CATALOGUE("UNSAFE"), NULL);
	task = lease(&s);
	losses[_i].happens(&s, task);
	t = scene_end(&s, 0);
	check_started_once(t);
	check_feedback(t, "UNKNOWN", losses[_i].says);
	assert_contains(
	    transcript_text(t, "feedback", 0, "summary"), "not repeated");
	assert_contains(transcript_text(t, "feedback", 0, "suggestion"),
	    "Find out whether it took effect");
	/* What it says now is heard, and changes nothing. */
	if (_i >= 2)
		hand_answer(s.hand, task, done);
	ck_assert(!hand_has_task(s.hand));
	scene_close(&s, t, "echo");
}
END_TEST

/* The real thing: an executor killed while the world is being changed. */
START_TEST(an_executor_killed_at_an_unsafe_step_leaves_it_unknown)
{
	static const char *const more[] = {
	    "--tool-classes=query_prometheus_metrics=unsafe", "--lease-ms=2000",
	    NULL};
	auto_str hanging = hanging_url();
	struct scene s = {
	    .house = house_start(&(struct house_spec){
		.script = QUERY, .more = more, .prometheus_url = hanging})};
	struct transcript *t;

	watch(&s);
	approve(&s);
	await_event(&s, "tool_started");
	ck_assert_int_eq(kill(house_child(s.house, "executor-1"), SIGKILL), 0);
	t = scene_end(&s, 0);
	check_started_once(t);
	check_feedback(t, "UNKNOWN", "its worker fell silent");
	scene_close(&s, t, "query_prometheus_metrics");
}
END_TEST

/* A planned restart need not make a riddle of it. */
START_TEST(a_supervisor_that_is_asked_to_end_waits_for_an_unsafe_step)
{
	const struct proto_task *task;
	struct transcript *t;
	struct scene s;

	scene_open(&s, CATALOGUE("UNSAFE"), NULL);
	task = lease(&s);
	kill_supervisor(&s, SIGTERM);
	hand_renew(s.hand);
	hand_answer(s.hand, task, done);
	ck_assert(
	    proc_await_err(house_up(s.house), "child=supervisor", HOUSE_MS));
	hand_hello(s.hand);
	t = scene_end(&s, 0);
	check_started_once(t);
	check_feedback(t, "SUCCESS", "done");
	scene_close(&s, t, "echo");
}
END_TEST

/* ---- what may be repeated ---- */

START_TEST(an_idempotent_step_is_repeated_under_one_key)
{
	const struct proto_task *task;
	struct transcript *t;
	struct scene s;
	auto_str key = NULL;
	uint64_t attempt;

	scene_open(&s, CATALOGUE("IDEMPOTENT"), NULL);
	task = hand_task(s.hand);
	await_event(&s, "tool_started");
	key = xasprintf("%s.2", s.run);
	for (attempt = 1; attempt <= 3; attempt++) {
		ck_assert_uint_eq(task->attempt, attempt);
		ck_assert(span_is(wire_find_str(task->input, "key"), key));
		if (attempt == 1)
			hand_hello(s.hand);
		else if (attempt == 2)
			kill_supervisor(&s, SIGKILL);
		if (attempt < 3)
			task = hand_task(s.hand);
	}
	hand_answer(s.hand, task, done);
	t = scene_end(&s, 0);
	ck_assert_int_eq(transcript_count(t, "approval"), 0);
	ck_assert_int_eq(transcript_count(t, "tool_started"), 3);
	ck_assert_str_eq(
	    transcript_text(t, "tool_started", 2, "class"), "IDEMPOTENT");
	check_feedback(t, "SUCCESS", "done");
	scene_close(&s, t, NULL);
}
END_TEST

static const struct {
	const char *class, *status, *says;
} cannot_tell[] = {
    {CATALOGUE("READ"), "FAILED", "it was stopped."},
    {CATALOGUE("IDEMPOTENT"), "UNKNOWN", "not known: it was stopped. It was"},
};

START_TEST(what_cannot_be_told_of_a_milder_step_goes_by_its_class)
{
	struct transcript *t;
	struct scene s;

	scene_open(&s, cannot_tell[_i].class, NULL);
	worker_cannot_tell(&s, hand_task(s.hand));
	t = scene_end(&s, 0);
	ck_assert_int_eq(transcript_count(t, "tool_started"), 1);
	check_feedback(t, cannot_tell[_i].status, cannot_tell[_i].says);
	scene_close(&s, t, NULL);
}
END_TEST

/* The real thing: the tool's own time limit, at the end of its request. */
START_TEST(an_unsafe_tool_stopped_by_its_time_limit_is_unknown)
{
	static const char *const more[] = {
	    "--tool-classes=query_prometheus_metrics=unsafe",
	    "--prometheus-timeout-ms=300", NULL};
	auto_str hanging = hanging_url();
	struct scene s = {
	    .house = house_start(&(struct house_spec){
		.script = QUERY, .more = more, .prometheus_url = hanging})};
	struct transcript *t;

	watch(&s);
	approve(&s);
	t = scene_end(&s, 0);
	check_started_once(t);
	check_feedback(t, "UNKNOWN", "answer within 300 ms");
	scene_close(&s, t, "query_prometheus_metrics");
}
END_TEST

/* An operator who calls a tool UNSAFE between two attempts is heard: the
 * second is not made. */
START_TEST(a_step_begun_before_it_was_unsafe_is_not_begun_again)
{
	struct hand *strict;
	struct transcript *t;
	struct scene s;

	scene_open(&s, CATALOGUE("READ"), NULL);
	hand_task(s.hand);
	strict = hand_new(house_data(s.house), "strict", CATALOGUE("UNSAFE"));
	hand_hello(s.hand);
	t = scene_end(&s, 0);
	ck_assert_int_eq(transcript_count(t, "tool_started"), 1);
	ck_assert_int_eq(transcript_count(t, "approval"), 0);
	check_feedback(t, "UNKNOWN", "its class was changed");
	ck_assert(!hand_has_task(s.hand) && !hand_has_task(strict));
	hand_free(strict);
	scene_close(&s, t, "echo");
}
END_TEST

/* ---- a run that ends first ---- */

static void
cancel(struct scene *s)
{
	const char *args[] = {"cancel", s->run, NULL};

	ck_assert_int_eq(house_run(s->house, args, NULL, NULL), 0);
}

static void
cancelled_while_it_waits(struct scene *s)
{
	await_event(s, "approval");
	cancel(s);
}

static void
cancelled_while_it_runs(struct scene *s)
{
	lease(s);
	cancel(s);
}

static const struct {
	void (*happens)(struct scene *s);
	const char *status, *says, *answer;
	long code;
} cuts[] = {
    {cancelled_while_it_waits, "FAILED",
	"failed, not run: nobody had approved it", "has ended", 409},
    {cancelled_while_it_runs, "UNKNOWN",
	"approved by " APPROVED_HERE "): outcome not known, What came of it is not known: "
	"it was stopped while it ran",
	"decided", 200},
};

START_TEST(a_run_cut_short_says_what_became_of_its_unsafe_step)
{
	struct transcript *t;
	struct scene s;

	scene_open(&s, CATALOGUE("UNSAFE"), NULL);
	cuts[_i].happens(&s);
	t = scene_end(&s, 1);
	check_feedback(t, cuts[_i].status, "");
	assert_contains(
	    transcript_text(t, "report", 0, "markdown"), cuts[_i].says);
	assert_contains(
	    transcript_text(t, "report", 0, "markdown"), "`echo` (UNSAFE");
	assert_lacks(
	    transcript_text(t, "report", 0, "markdown"), "nothing was changed");
	ck_assert_int_eq(
	    say_at(&s, "2", APPROVE, cuts[_i].answer), cuts[_i].code);
	scene_close(&s, t, "echo");
}
END_TEST

/* It needs no person's word, and may have changed something all the same. */
START_TEST(a_run_cut_short_does_not_know_of_its_idempotent_step_either)
{
	struct transcript *t;
	struct scene s;

	scene_open(&s, CATALOGUE("IDEMPOTENT"), NULL);
	hand_task(s.hand);
	await_event(&s, "tool_started");
	cancel(&s);
	t = scene_end(&s, 1);
	check_feedback(t, "UNKNOWN", "it was stopped while it ran");
	assert_contains(
	    transcript_text(t, "report", 0, "markdown"), "outcome not known");
	scene_close(&s, t, NULL);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_unsafe_step_waits_for_a_persons_word, (int)ARRAY_LEN(words)},
	    {a_word_is_good_once_and_for_good, 0},
	    {a_step_that_nobody_approves_is_denied_by_time,
		(int)ARRAY_LEN(meanwhile)},
	    {waiting_does_not_count_against_the_deadline,
		(int)ARRAY_LEN(meanwhile)},
	    {a_leased_unsafe_step_that_is_lost_is_unknown_and_not_repeated,
		(int)ARRAY_LEN(losses)},
	    {an_executor_killed_at_an_unsafe_step_leaves_it_unknown, 0},
	    {a_supervisor_that_is_asked_to_end_waits_for_an_unsafe_step, 0},
	    {an_idempotent_step_is_repeated_under_one_key, 0},
	    {what_cannot_be_told_of_a_milder_step_goes_by_its_class,
		(int)ARRAY_LEN(cannot_tell)},
	    {an_unsafe_tool_stopped_by_its_time_limit_is_unknown, 0},
	    {a_step_begun_before_it_was_unsafe_is_not_begun_again, 0},
	    {a_run_cut_short_says_what_became_of_its_unsafe_step,
		(int)ARRAY_LEN(cuts)},
	    {a_run_cut_short_does_not_know_of_its_idempotent_step_either, 0},
	};

	return RUN_TESTS("side_effects", tests);
}
