/*
 * test_worker.c - the real worker's side (common/worker) in a process of the
 * test's own, before a supervisor that does what each test tells it.
 */
#include "common/net/bus.h"
#include "common/base/clk.h"
#include "common/wire/wire.h"
#include "tests/harness/listener.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stand_in.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT_MS = AWAIT_MS, MAIL_MAX = 200 };

struct mail {
	struct proto msg;
	char *bytes;
	bool read;
};

static struct rig {
	char *dir;
	zloop_t *loop;
	struct bus *bus;
	struct bus_peer peer;
	struct mail mail[MAIL_MAX];
	int n;
	struct proc *proc;
} rig;

static void
on_msg(void *ctx UNUSED, const struct bus_peer *from, const struct proto *msg)
{
	struct mail *m = &rig.mail[rig.n++];
	struct err err;
	struct buf b;

	ck_assert_int_lt(rig.n, MAIL_MAX);
	rig.peer = *from;
	buf_init(&b, PROTO_BYTES_MAX);
	proto_encode(&b, msg);
	ck_assert_int_eq(proto_decode(buf_span(&b), &m->msg, &err), RC_OK);
	m->bytes = buf_take(&b);
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *from UNUSED, const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

static void
listen_back(void)
{
	struct bus_handler h = {.on_msg = on_msg, .on_bad = on_bad};
	auto_str at = xasprintf("ipc://%s/back.sock", rig.dir);
	struct err err = {0};

	ck_assert_msg(listener_open(rig.loop, at, &h, &rig.bus, &err) == RC_OK,
	    "%s", err.text);
}

static void
rig_open_with(const char *const *more)
{
	const char *args[10] = {
	    "--name", "W", "--capacity", "3", "--log-level", "debug"};
	int n = 6;

	while (more != NULL && *more != NULL)
		args[n++] = *more++;
	memset(&rig, 0, sizeof(rig));
	zsys_handler_set(NULL);
	rig.dir = scratch_new();
	rig.loop = zloop_new();
	listen_back();
	rig.proc = stand_in_start(rig.dir, args);
}

static void
rig_open(void)
{
	rig_open_with(NULL);
}

static void
rig_close(int status)
{
	int got = proc_wait(rig.proc, LIMIT_MS);

	if (got != status) {
		auto_str said = proc_err(rig.proc);

		ck_abort_msg("ended with %d:\n%s", got, said);
	}
	proc_free(rig.proc);
	bus_free(rig.bus);
	while (rig.n > 0)
		free(rig.mail[--rig.n].bytes);
	zloop_destroy(&rig.loop);
	scratch_free(rig.dir);
}

static bool
has(void *arg)
{
	const enum proto_type *type = arg;
	int i;

	for (i = 0; i < rig.n; i++)
		if (!rig.mail[i].read && rig.mail[i].msg.type == *type)
			return true;
	return false;
}

static const struct proto *
next(enum proto_type type)
{
	int i;

	if (!loop_until_cond(rig.loop, has, &type, LIMIT_MS)) {
		auto_str said = proc_err(rig.proc);

		ck_abort_msg("no %s came:\n%s", proto_name(type), said);
	}
	for (i = 0; rig.mail[i].read || rig.mail[i].msg.type != type; i++)
		continue;
	rig.mail[i].read = true;
	return &rig.mail[i].msg;
}

static void
forget(enum proto_type type)
{
	while (has(&type))
		next(type);
}

static void
say(const struct proto *m)
{
	ck_assert_int_eq(bus_send(rig.bus, &rig.peer, m), RC_OK);
}

static void
welcome(uint64_t epoch, uint64_t lease_ms)
{
	struct proto m = {.type = PROTO_WELCOME};

	next(PROTO_HELLO);
	m.welcome.epoch = epoch;
	m.welcome.lease_ms = lease_ms;
	say(&m);
}

static void
give(uint64_t epoch, uint64_t task, const char *how)
{
	struct proto m = {.type = PROTO_TASK};
	auto_buf b = {0};

	buf_init(&b, 200);
	wire_put_map(&b, 1);
	wire_put_str(&b, "how");
	wire_put_str(&b, how);
	m.task.epoch = epoch;
	m.task.run = span_of("run");
	m.task.task = task;
	m.task.attempt = 2;
	m.task.deadline_ms = 60000;
	m.task.input = buf_span(&b);
	say(&m);
}

static void
about(enum proto_type type, uint64_t task)
{
	struct proto m = {.type = type};

	if (type == PROTO_ACK) {
		m.ack.run = span_of("run");
		m.ack.task = task;
		m.ack.attempt = 2;
	} else {
		m.revoke.run = span_of("run");
		m.revoke.task = task;
		m.revoke.attempt = 2;
	}
	say(&m);
}

/* How many tasks a RENEW sent from now on names. */
static uint32_t
held(void)
{
	struct wire_r r;

	forget(PROTO_RENEW);
	next(PROTO_RENEW);
	r = wire_reader(next(PROTO_RENEW)->renew.tasks);
	return wire_array(&r);
}

/* What was on its way when it was told something names what was before. */
static void
await_held(uint32_t n)
{
	int64_t until = clk_mono_ms() + LIMIT_MS;

	while (held() != n)
		ck_assert_int_lt(clk_mono_ms(), until);
}

static void
leave(void)
{
	proc_signal(rig.proc, SIGTERM);
	next(PROTO_BYE);
	rig_close(0);
}

START_TEST(a_worker_says_who_it_is_until_it_is_welcome)
{
	const struct proto *m;

	rig_open();
	next(PROTO_HELLO);
	m = next(PROTO_HELLO);
	ck_assert(span_is(m->hello.role, "executor"));
	ck_assert(span_is(m->hello.name, "W"));
	ck_assert_uint_eq(m->hello.capacity, 3);
	ck_assert_uint_eq(m->hello.pid, (uint64_t)proc_pid(rig.proc));
	ck_assert(span_is(m->hello.tools, "\x90"));
	welcome(5, 300);
	ck_assert_uint_eq(next(PROTO_RENEW)->renew.epoch, 5);
	leave();
}
END_TEST

START_TEST(an_outcome_is_sent_again_until_it_is_acknowledged)
{
	const struct proto *m;
	int i;

	rig_open();
	welcome(5, 300);
	give(5, 7, "show");
	m = next(PROTO_PROGRESS);
	ck_assert_uint_eq(m->progress.task, 7);
	ck_assert(span_is(wire_find_str(m->progress.data, "text"), "hi"));
	for (i = 0; i < 2; i++) {
		m = next(PROTO_RESULT);
		ck_assert_uint_eq(m->result.epoch, 5);
		ck_assert(span_is(m->result.run, "run"));
		ck_assert_uint_eq(m->result.task, 7);
		ck_assert_uint_eq(m->result.attempt, 2);
		ck_assert(span_equal(m->result.update, stand_in_update));
		ck_assert(span_is(m->result.evidence, "bytes"));
		ck_assert(span_is(m->result.media, "text/plain"));
		await_held(1);
	}
	about(PROTO_ACK, 7);
	await_held(0);
	leave();
}
END_TEST

START_TEST(it_holds_what_it_was_given_once_and_for_this_epoch_only)
{
	struct proto none = {.type = PROTO_TASK};

	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	give(5, 1, "hold");
	give(5, 2, "hold");
	give(4, 3, "hold");
	await_held(2);
	/* One without a run or an input. */
	none.task.epoch = 5;
	say(&none);
	next(PROTO_RESULT);
	about(PROTO_REVOKE, 1);
	ck_assert(proc_await_err(rig.proc, "revoked run 1 2", LIMIT_MS));
	about(PROTO_ACK, 2);
	ck_assert(proc_await_err(rig.proc, "revoked run 2 2", LIMIT_MS));
	about(PROTO_REVOKE, 9);
	await_held(1);
	proc_signal(rig.proc, SIGTERM);
	next(PROTO_BYE);
	none.type = PROTO_ACK;
	memset(&none.ack, 0, sizeof(none.ack));
	say(&none);
	rig_close(0);
}
END_TEST

START_TEST(another_epoch_drops_what_is_held_and_says_hello)
{
	struct proto m = {.type = PROTO_RENEWED};

	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	await_held(1);
	m.renewed.epoch = 5;
	say(&m);
	await_held(1);
	forget(PROTO_HELLO);
	m.type = _i == 0 ? PROTO_RENEWED : PROTO_WHO;
	if (_i == 0)
		m.renewed.epoch = 6;
	else
		m.who.epoch = 5;
	say(&m);
	ck_assert(proc_await_err(rig.proc, "revoked run 1 2", LIMIT_MS));
	welcome(6, 300);
	next(PROTO_RENEW);
	await_held(0);
	leave();
}
END_TEST

/* What a message of an earlier time says, come late: nothing. */
static const struct {
	enum proto_type type;
	uint64_t epoch, start;
} lates[] = {
    {PROTO_RENEWED, 4, 0},
    {PROTO_WHO, 4, 0},
    {PROTO_WELCOME, 4, 1},
    {PROTO_WELCOME, 5, 1},
    {PROTO_WELCOME, 6, 9},
};

START_TEST(a_late_word_of_the_supervisor_changes_nothing)
{
	struct proto m = {.type = lates[_i].type};

	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	await_held(1);
	forget(PROTO_HELLO);
	if (m.type == PROTO_RENEWED) {
		m.renewed.epoch = lates[_i].epoch;
	} else if (m.type == PROTO_WHO) {
		m.who.epoch = lates[_i].epoch;
	} else {
		m.welcome.epoch = lates[_i].epoch;
		m.welcome.lease_ms = 300;
		m.welcome.start = lates[_i].start;
	}
	say(&m);
	await_held(1);
	ck_assert(!has(&(enum proto_type){PROTO_HELLO}));
	about(PROTO_REVOKE, 1);
	await_held(0);
	leave();
}
END_TEST

START_TEST(each_beginning_has_a_number_that_a_welcome_gives_back)
{
	struct proto m = {.type = PROTO_WHO};

	rig_open();
	ck_assert_uint_eq(next(PROTO_HELLO)->hello.start, 1);
	ck_assert_uint_eq(next(PROTO_HELLO)->hello.start, 1);
	welcome(5, 300);
	next(PROTO_RENEW);
	forget(PROTO_HELLO);
	m.who.epoch = 5;
	say(&m);
	ck_assert_uint_eq(next(PROTO_HELLO)->hello.start, 2);
	m = (struct proto){.type = PROTO_WELCOME};
	m.welcome.epoch = 6;
	m.welcome.lease_ms = 300;
	m.welcome.start = 1;
	forget(PROTO_RENEW);
	say(&m);
	/* Not this one: it goes on saying HELLO. */
	next(PROTO_HELLO);
	next(PROTO_HELLO);
	ck_assert(!has(&(enum proto_type){PROTO_RENEW}));
	m.welcome.start = 2;
	say(&m);
	ck_assert_uint_eq(next(PROTO_RENEW)->renew.epoch, 6);
	leave();
}
END_TEST

/* Ended by ACK, by REVOKE, or revoked before it came. */
START_TEST(a_task_that_was_ended_is_not_begun_again)
{
	rig_open();
	welcome(5, 300);
	if (_i < 2) {
		give(5, 1, _i == 0 ? "now" : "hold");
		if (_i == 0)
			next(PROTO_RESULT);
		else
			await_held(1);
	}
	about(_i == 0 ? PROTO_ACK : PROTO_REVOKE, 1);
	give(5, 1, "hold");
	give(5, 2, "hold");
	await_held(1);
	about(PROTO_REVOKE, 2);
	await_held(0);
	leave();
}
END_TEST

/* As many as may be ended while their TASK is still on its way. */
START_TEST(the_last_256_tasks_that_were_ended_are_remembered)
{
	uint64_t task;

	rig_open();
	welcome(5, 300);
	for (task = 1; task <= 256; task++)
		about(PROTO_REVOKE, task);
	for (task = 1; task <= 256; task++)
		give(5, task, "hold");
	ck_assert_uint_eq(held(), 0);
	leave();
}
END_TEST

START_TEST(a_farewell_is_said_until_nothing_is_held)
{
	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	await_held(1);
	proc_signal(rig.proc, SIGTERM);
	next(PROTO_BYE);
	next(PROTO_BYE);
	about(PROTO_REVOKE, 1);
	rig_close(0);
}
END_TEST

START_TEST(a_supervisor_that_comes_back_is_found)
{
	rig_open();
	welcome(5, 300);
	next(PROTO_RENEW);
	bus_free(rig.bus);
	listen_back();
	forget(PROTO_RENEW);
	ck_assert_uint_eq(next(PROTO_RENEW)->renew.epoch, 5);
	leave();
}
END_TEST

START_TEST(a_refused_worker_ends_and_says_why)
{
	struct proto m = {.type = PROTO_REFUSE};

	rig_open();
	next(PROTO_HELLO);
	m.refuse.reason = span_of("not here");
	say(&m);
	ck_assert(proc_await_err(rig.proc, "reason=\"not here\"", LIMIT_MS));
	rig_close(0);
}
END_TEST

START_TEST(a_drain_waits_for_what_is_held)
{
	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	await_held(1);
	proc_signal(rig.proc, _i == 0 ? SIGTERM : SIGINT);
	next(PROTO_BYE);
	await_held(1);
	ck_assert(proc_is_alive(rig.proc));
	/* Done, by another hand or cancelled; or the person insists. */
	if (_i == 0) {
		about(PROTO_REVOKE, 1);
	} else {
		proc_signal(rig.proc, SIGTERM);
		while (next(PROTO_BYE)->bye.ends == 0)
			continue;
	}
	rig_close(0);
}
END_TEST

/* ---- tools that change ---- */

static void
welcome_counting(uint64_t epoch, uint64_t edition)
{
	struct proto m = {.type = PROTO_WELCOME};

	m.welcome.epoch = epoch;
	m.welcome.lease_ms = 300;
	m.welcome.edition = edition;
	say(&m);
}

START_TEST(other_tools_are_told_until_the_supervisor_has_them)
{
	struct proto m = {.type = PROTO_RENEWED};
	const struct proto *t;
	int i;

	rig_open();
	ck_assert_uint_eq(next(PROTO_HELLO)->hello.edition, 1);
	welcome_counting(5, 1);
	next(PROTO_RENEW);
	next(PROTO_RENEW);
	ck_assert(!has(&(enum proto_type){PROTO_TOOLS}));
	proc_signal(rig.proc, SIGHUP);
	for (i = 0; i < 3; i++) {
		t = next(PROTO_TOOLS);
		ck_assert_uint_eq(t->tools.edition, 2);
		ck_assert(span_equal(t->tools.tools, stand_in_other_tools));
	}
	/* One that had left before they came. */
	m.renewed.epoch = 5;
	m.renewed.edition = 1;
	say(&m);
	next(PROTO_TOOLS);
	m.renewed.edition = 2;
	say(&m);
	/* Said with each renewal until then; and then with none. */
	forget(PROTO_RENEW);
	do {
		forget(PROTO_TOOLS);
		next(PROTO_RENEW);
		next(PROTO_RENEW);
	} while (has(&(enum proto_type){PROTO_TOOLS}));
	leave();
}
END_TEST

START_TEST(tools_that_changed_before_the_welcome_follow_it)
{
	const struct proto *t;

	rig_open();
	next(PROTO_HELLO);
	proc_signal(rig.proc, SIGHUP);
	/* The supervisor took the first HELLO: the next is said twice. */
	while (next(PROTO_HELLO)->hello.edition != 2)
		continue;
	welcome_counting(5, 1);
	t = next(PROTO_TOOLS);
	ck_assert_uint_eq(t->tools.edition, 2);
	leave();
}
END_TEST

START_TEST(a_supervisor_of_the_version_before_hears_of_tools_by_hello)
{
	struct proto m = {.type = PROTO_WHO};
	const struct proto *t;

	rig_open();
	next(PROTO_HELLO);
	welcome_counting(5, 0);
	next(PROTO_RENEW);
	proc_signal(rig.proc, SIGHUP);
	ck_assert(proc_await_err(rig.proc, "start this one anew", LIMIT_MS));
	forget(PROTO_RENEW);
	next(PROTO_RENEW);
	next(PROTO_RENEW);
	ck_assert(!has(&(enum proto_type){PROTO_TOOLS}));
	forget(PROTO_HELLO);
	m.who.epoch = 5;
	say(&m);
	t = next(PROTO_HELLO);
	ck_assert_uint_eq(t->hello.start, 2);
	ck_assert_uint_eq(t->hello.edition, 2);
	ck_assert(span_equal(t->hello.tools, stand_in_other_tools));
	welcome_counting(6, 0);
	next(PROTO_RENEW);
	leave();
}
END_TEST

static bool
has_text(void *path)
{
	auto_str text = file_read(path);

	return text[0] != '\0';
}

START_TEST(one_that_is_not_welcome_gives_no_sign_of_life)
{
	auto_str scratch = scratch_new();
	auto_str path = xasprintf("%s/alive", scratch);
	int hellos;

	rig_open_with((const char *const[]){"--alive-file", path, NULL});
	/* Said four times a second. */
	for (hellos = 0; hellos < 6; hellos++)
		next(PROTO_HELLO);
	ck_assert(!has_text(path));
	welcome(5, 300);
	next(PROTO_RENEW);
	ck_assert(await(has_text, path, LIMIT_MS));
	leave();
	scratch_free(TAKE(scratch));
}
END_TEST

static int
run_all(void)
{
	const struct test_entry tests[] = {
	    {a_worker_says_who_it_is_until_it_is_welcome, 0},
	    {an_outcome_is_sent_again_until_it_is_acknowledged, 0},
	    {it_holds_what_it_was_given_once_and_for_this_epoch_only, 0},
	    {another_epoch_drops_what_is_held_and_says_hello, 2},
	    {a_late_word_of_the_supervisor_changes_nothing, ARRAY_LEN(lates)},
	    {each_beginning_has_a_number_that_a_welcome_gives_back, 0},
	    {a_task_that_was_ended_is_not_begun_again, 3},
	    {the_last_256_tasks_that_were_ended_are_remembered, 0},
	    {a_farewell_is_said_until_nothing_is_held, 0},
	    {a_supervisor_that_comes_back_is_found, 0},
	    {a_refused_worker_ends_and_says_why, 0},
	    {a_drain_waits_for_what_is_held, 2},
	    {other_tools_are_told_until_the_supervisor_has_them, 0},
	    {tools_that_changed_before_the_welcome_follow_it, 0},
	    {a_supervisor_of_the_version_before_hears_of_tools_by_hello, 0},
	    {one_that_is_not_welcome_gives_no_sign_of_life, 0},
	};

	return RUN_TESTS("worker", tests);
}

int
main(int argc, char **argv)
{
	return stand_in_main(argc, argv, run_all);
}
