/*
 * test_letters.c - the outbox: who is told of a run that has ended, until it
 * was taken; across the end of the supervisor.
 */
#include "common/wire/wire.h"
#include "tests/harness/loop.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

static char notify[200];
static const char *flags[] = {
    "--lease-ms", "600000", "--notify-file", notify, NULL, NULL};

static char *folder;

static void
open_with(const char *targets, const char *whose)
{
	folder = scratch_new();
	snprintf(notify, sizeof(notify), "%s/notify", folder);
	file_write(notify, targets);
	flags[4] = whose;
	rig_open(flags);
}

static void
close_all(void)
{
	rig_close();
	scratch_free(folder);
}

static void
attach(uint64_t letters)
{
	struct proto m = {.type = PROTO_ATTACH, .attach = {.letters = letters}};

	peer_say(&rig->gateway, &m);
}

static bool
is_there(void *ctx)
{
	(void)ctx;
	attach(8);
	rig_settle();
	return peer_has(&rig->gateway, PROTO_LETTER);
}

/* The next one, once it is due. */
static const struct proto_letter *
next_letter(void)
{
	ck_assert(await(is_there, NULL, AWAIT_MS));
	return &rig_next(&rig->gateway, PROTO_LETTER)->letter;
}

static void
carried(const char *run, const char *target, uint64_t attempt, uint64_t ok)
{
	struct proto m = {.type = PROTO_CARRIED,
	    .carried = {.run = span_of(run),
		.target = span_of(target),
		.attempt = attempt,
		.ok = ok,
		.text = span_of(ok ? "" : "it answered 500")}};

	peer_say(&rig->gateway, &m);
	rig_settle();
}

/* One that an alert began, to its end. */
static void
a_run_ends(char run[64])
{
	const struct proto_reply *r = rig_submit(1,
	    "{\"group\":{\"key\":\"g\"},\"alerts\":[{\"status\":\"firing\","
	    "\"fingerprint\":\"f\",\"startsAt\":\"s\",\"labels\":{"
	    "\"alertname\":\"A\"}}]}",
	    NULL, NULL, false);

	assert_reply(r, "ok", "");
	snprintf(run, 64, "%.*s", SPAN_ARG(r->run));
	rig_join_planner();
	rig_plan(RIG_FINISH);
}

START_TEST(a_letter_is_handed_out_until_it_was_taken)
{
	const struct proto_letter *l;
	char run[64];

	open_with("chat slack http://x.example\n", NULL);
	a_run_ends(run);
	/* To one that has no room: nothing. */
	rig_settle();
	ck_assert(!peer_has(&rig->gateway, PROTO_LETTER));
	l = next_letter();
	ck_assert(span_is(l->run, run));
	ck_assert(span_is(l->target, "chat"));
	ck_assert(span_is(l->input, "A"));
	ck_assert_uint_eq(l->attempt, 1);
	/* It is out: not handed to another meanwhile. */
	attach(8);
	rig_settle();
	ck_assert(!peer_has(&rig->gateway, PROTO_LETTER));
	carried(run, "chat", 1, 0);
	/* A word that comes twice counts once. */
	carried(run, "chat", 1, 0);
	l = next_letter();
	ck_assert_uint_eq(l->attempt, 2);
	/* Nobody says what came of it: the next supervisor hands it out. */
	rig_restart(SIGKILL);
	l = next_letter();
	ck_assert(span_is(l->run, run));
	ck_assert_uint_eq(l->attempt, 2);
	carried(run, "chat", 2, 1);
	/* What is answered was kept, and so was what came before it. */
	assert_reply(
	    rig_submit(2, "{\"input\":\"why?\"}", NULL, NULL, false), "ok", "");
	rig_restart(SIGKILL);
	attach(8);
	rig_settle();
	ck_assert(!peer_has(&rig->gateway, PROTO_LETTER));
	close_all();
}
END_TEST

START_TEST(each_is_told_and_as_many_as_there_is_room_for)
{
	char run[64];

	open_with(
	    "a slack http://x\nb json http://y\nc wecom http://z\n", NULL);
	a_run_ends(run);
	rig_settle();
	attach(2);
	rig_settle();
	ck_assert(
	    span_is(rig_next(&rig->gateway, PROTO_LETTER)->letter.target, "a"));
	ck_assert(
	    span_is(rig_next(&rig->gateway, PROTO_LETTER)->letter.target, "b"));
	ck_assert(!peer_has(&rig->gateway, PROTO_LETTER));
	ck_assert(span_is(next_letter()->target, "c"));
	close_all();
}
END_TEST

START_TEST(of_what_people_ask_they_are_told_where_all_is_said)
{
	open_with("a slack http://x\n", NULL);
	rig_start_run();
	rig_cancel(2);
	rig_event("finished", 0);
	attach(8);
	rig_settle();
	ck_assert(!peer_has(&rig->gateway, PROTO_LETTER));
	close_all();
	open_with("a slack http://x\n", "--notify=all");
	rig_start_run();
	rig_cancel(2);
	rig_event("finished", 0);
	ck_assert(span_is(next_letter()->input, "why?"));
	close_all();
}
END_TEST

START_TEST(a_file_that_is_wrong_is_told_at_start)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/notify", dir);
	auto_str data = xasprintf("--data-dir=%s", dir);
	auto_str program_path = program("culprit-supervisor");
	const char *argv[] = {
	    program_path, data, "--notify-file", path, "--check", NULL};
	auto_str err = NULL;

	file_write(path, "chat irc http://x\n");
	ck_assert_int_ne(
	    proc_run(
		&(struct proc_spec){.argv = argv, .dir = dir, .name = "check"},
		AWAIT_MS, NULL, &err),
	    0);
	assert_contains(err, "line 1: want NAME FORM URL");
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_letter_is_handed_out_until_it_was_taken, 0},
	    {each_is_told_and_as_many_as_there_is_room_for, 0},
	    {of_what_people_ask_they_are_told_where_all_is_said, 0},
	    {a_file_that_is_wrong_is_told_at_start, 0},
	};

	return RUN_TESTS("letters", tests);
}
