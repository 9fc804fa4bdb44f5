/*
 * test_sizes.c - answers of workers up to what a message holds, and above:
 * each is carried whole, or its step is FAILED and says why; nothing is cut.
 * The worker is a process of the test's own with the real worker's side, all
 * others are the real ones.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/stand_in.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MB = 1000000, MIB = 1 << 20 };

/* A house whose one executor is ours. */
struct scene {
	struct house *house;
	struct proc *worker;
};

/* Nobody makes the folder for a worker that comes before its supervisor. */
static bool
is_listening(void *ctx)
{
	struct scene *s = ctx;
	auto_str path = xasprintf("%s/back.sock", house_data(s->house));

	return access(path, F_OK) == 0;
}

static void
scene_open(struct scene *s, const char *args)
{
	static const char *const more[] = {
	    "--executors=0", "--lease-ms=60000", NULL};
	auto_str script = xasprintf("[{\"decision\":\"EXECUTE\",\"step\":\"s\","
				    "\"tool\":\"size\",\"args\":%s},"
				    "{\"decision\":\"FINISH\",\"step\":\"f\"}]",
	    args);

	s->house = house_start(&(struct house_spec){
	    .script = script, .more = more, .not_ready = true});
	ck_assert(await(is_listening, s, HOUSE_MS));
	s->worker = stand_in_start(house_data(s->house),
	    (const char *const[]){"--name", "W", "--tools", "size", NULL});
	house_await_ready(s->house);
}

static void
scene_close(struct scene *s)
{
	proc_signal(s->worker, SIGTERM);
	ck_assert_int_eq(proc_wait(s->worker, HOUSE_MS), 0);
	proc_free(s->worker);
	house_free(s->house);
}

static struct transcript *
investigate(struct scene *s)
{
	static const char *const args[] = {
	    "investigate", "--json", "--language=en", NULL};
	struct transcript *t;
	auto_str out = NULL;
	auto_str err = NULL;

	ck_assert_msg(
	    house_run(s->house, args, &out, &err) == 0, "%.2000s", err);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	return t;
}

/* What the gateway answers for a path about the run; the caller's. */
static struct answer *
get(struct scene *s, const struct transcript *t, const char *rest)
{
	auto_str path =
	    xasprintf("/api/investigations/%s%s", transcript_run(t), rest);
	auto_str url = house_url(s->house, path);

	return ask(NULL, url, NULL, NULL);
}

/* ---- a step's answer ---- */

static const struct {
	int bytes;
	const char *says; /* of a step that FAILED; NULL: it is carried whole */
} answers[] = {
    {10 * MIB, NULL},
    {11 * MB, NULL},
    {12 * MB, "there is room for"},
    {13 * MB, "there is room for"},
    {159 * (MB / 10), "there is room for"},
    {161 * (MB / 10), "there is room for"},
    {16 * MIB - 400, "there is room for"},
    {16 * MIB, "a message holds 16 MiB"},
    {40 * MIB, "a message holds 16 MiB"},
};

START_TEST(an_answer_is_carried_whole_or_its_step_has_failed)
{
	auto_str args = xasprintf("{\"bytes\":%d}", answers[_i].bytes);
	struct scene s;
	struct transcript *t;
	const char *summary;

	scene_open(&s, args);
	t = investigate(&s);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	ck_assert_int_eq(transcript_count(t, "retry"), 0);
	summary = transcript_text(t, "feedback", 0, "summary");
	if (answers[_i].says == NULL) {
		ck_assert_str_eq(
		    transcript_text(t, "feedback", 0, "status"), "SUCCESS");
		ck_assert_uint_eq(strlen(summary), answers[_i].bytes);
		ck_assert_uint_eq(strspn(summary, "x"), answers[_i].bytes);
	} else {
		ck_assert_str_eq(
		    transcript_text(t, "feedback", 0, "status"), "FAILED");
		assert_contains(summary, "W answered");
		assert_contains(summary, answers[_i].says);
	}
	transcript_free(t);
	scene_close(&s);
}
END_TEST

/* ---- its evidence ---- */

static const struct {
	int bytes;
	bool whole;
} evidence[] = {{13 * MB, true}, {16 * MIB - 400, true}, {16 * MIB, false}};

START_TEST(evidence_is_kept_whole_or_its_step_has_failed)
{
	auto_str args = xasprintf("{\"evidence\":%d}", evidence[_i].bytes);
	struct transcript *t;
	struct answer *w;
	struct scene s;

	scene_open(&s, args);
	t = investigate(&s);
	w = get(&s, t, "/evidence/E1");
	if (evidence[_i].whole) {
		ck_assert_int_eq(w->status, 200);
		ck_assert_uint_eq(strlen(w->body), evidence[_i].bytes);
		ck_assert_uint_eq(strspn(w->body, "e"), evidence[_i].bytes);
		ck_assert_int_eq(transcript_int(t, "evidence", 0, "bytes"),
		    evidence[_i].bytes);
	} else {
		ck_assert_int_eq(w->status, 404);
		ck_assert_str_eq(
		    transcript_text(t, "feedback", 0, "status"), "FAILED");
		assert_contains(transcript_text(t, "feedback", 0, "summary"),
		    "a message holds 16 MiB");
	}
	answer_free(w);
	transcript_free(t);
	scene_close(&s);
}
END_TEST

/* ---- an event that is too large to be shown ---- */

/* 6 MiB of control characters are 36 MiB of JSON. */
START_TEST(a_viewer_gets_past_an_event_that_is_too_large)
{
	auto_str args = xasprintf("{\"bytes\":%d,\"char\":1}", 6 * MIB);
	struct transcript *t;
	const cJSON *data;
	struct answer *w;
	struct scene s;

	scene_open(&s, args);
	t = investigate(&s);
	data = transcript_data(t, "feedback", 0);
	ck_assert(cJSON_IsTrue(tree_at(data, "omitted")));
	ck_assert_double_gt(tree_num(data, "bytes", 0), 6 * MIB);
	assert_contains(tree_str(data, "detail"), "16 MiB");
	/* What it would have told is there all the same. */
	w = get(&s, t, "");
	ck_assert_int_eq(w->status, 200);
	ck_assert_uint_gt(strlen(w->body), 36 * MIB);
	answer_free(w);
	transcript_free(t);
	scene_close(&s);
}
END_TEST

static int
tests(void)
{
	const struct test_entry list[] = {
	    {an_answer_is_carried_whole_or_its_step_has_failed,
		ARRAY_LEN(answers)},
	    {evidence_is_kept_whole_or_its_step_has_failed,
		ARRAY_LEN(evidence)},
	    {a_viewer_gets_past_an_event_that_is_too_large, 0},
	};

	return RUN_TESTS("sizes", list);
}

int
main(int argc, char **argv)
{
	return stand_in_main(argc, argv, tests);
}
