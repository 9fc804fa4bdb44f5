/*
 * test_worker.c - a worker process of the test's own, on the real skeleton
 * (common/agent) and the real worker's side (common/worker), between the
 * command line and a supervisor that does what each test tells it.
 *
 * Started with --be-worker this program is that process.
 */
#include "common/agent.h"
#include "common/bus.h"
#include "common/wire.h"
#include "common/worker.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, MAIL_MAX = 200 };

/* ---- the process ---- */

struct side {
	struct agent *agent;
	struct worker *w;
};

static const struct span update = {"\x81\xa1" "a\x01", 4};

/* "hold": keeps the task; "now": done at once; "show": progress first. */
static void
side_task(void *ctx, struct worker_task *t)
{
	struct side *s = ctx;
	struct span how = wire_find_str(t->input, "how");

	if (span_is(how, "hold"))
		return;
	if (span_is(how, "show"))
		worker_progress(s->w, t, "progress",
		    span_make("\x81\xa4text\xa2hi", 9));
	worker_done(s->w, t, update, span_of("bytes"), "text/plain");
}

static void
side_revoke(void *ctx UNUSED, struct worker_task *t)
{
	fprintf(stderr, "revoked %s %llu %llu\n", t->run,
	    (unsigned long long)t->task, (unsigned long long)t->attempt);
}

static enum rc
side_start(struct agent *a, void **ret_state, struct err *err)
{
	struct side *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	s->agent = a;
	rc = worker_new(a, &(struct worker_spec){.role = "executor",
	    .tools = {"\x90", 1}, .on_task = side_task,
	    .on_revoke = side_revoke, .ctx = s}, &s->w, err);
	if (rc == RC_OK)
		*ret_state = s;
	else
		free(s);
	return rc;
}

static void
side_drain(void *state)
{
	worker_drain(((struct side *)state)->w);
}

static void
side_stop(void *state)
{
	worker_free(((struct side *)state)->w);
	free(state);
}

static enum rc
side_check(const struct conf *c, struct err *err)
{
	if (c->docs_dir == NULL)
		return RC_OK;
	return err_set(err, RC_IO, "no folder %s", c->docs_dir);
}

static int
be_worker(int argc, char **argv)
{
	static const struct agent_spec spec = {.name = "executor",
	    .what = "stands in for one", .who = CONF_EXECUTOR,
	    .start = side_start, .drain = side_drain, .stop = side_stop,
	    .check = side_check};

	return agent_main(argc, argv, &spec);
}

/* ---- the test's side ---- */

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

static char self[512];

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
on_bad(void *ctx UNUSED, const struct bus_peer *from UNUSED,
    const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

static void
listen_back(void)
{
	struct bus_handler h = {.on_msg = on_msg, .on_bad = on_bad};
	auto_str at = xasprintf("ipc://%s/back.sock", rig.dir);
	struct err err = {0};

	ck_assert_msg(bus_listen(rig.loop, at, &h, &rig.bus, &err) == RC_OK,
	    "%s", err.text);
}

static struct proc *
start(const char *const *more)
{
	const char *argv[12] = {self, "--be-worker", "--data-dir", rig.dir};
	int n = 4;

	for (; more != NULL && *more != NULL; more++)
		argv[n++] = *more;
	return proc_start(&(struct proc_spec){.argv = argv, .dir = rig.dir,
	    .name = "worker"});
}

static void
rig_open(void)
{
	memset(&rig, 0, sizeof(rig));
	zsys_handler_set(NULL);
	rig.dir = scratch_new();
	rig.loop = zloop_new();
	listen_back();
	rig.proc = start((const char *const[]){"--name", "W", "--capacity",
	    "3", "--log-level", "debug", NULL});
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
		ck_assert(span_equal(m->result.update, update));
		ck_assert(span_is(m->result.evidence, "bytes"));
		ck_assert(span_is(m->result.media, "text/plain"));
		ck_assert_uint_eq(held(), 1);
	}
	about(PROTO_ACK, 7);
	ck_assert_uint_eq(held(), 0);
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
	ck_assert_uint_eq(held(), 2);
	/* One without a run or an input. */
	none.task.epoch = 5;
	say(&none);
	next(PROTO_RESULT);
	about(PROTO_REVOKE, 1);
	ck_assert(proc_await_err(rig.proc, "revoked run 1 2", LIMIT_MS));
	about(PROTO_ACK, 2);
	ck_assert(proc_await_err(rig.proc, "revoked run 2 2", LIMIT_MS));
	about(PROTO_REVOKE, 9);
	ck_assert_uint_eq(held(), 1);
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
	ck_assert_uint_eq(held(), 1);
	m.renewed.epoch = 5;
	say(&m);
	ck_assert_uint_eq(held(), 1);
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
	ck_assert_uint_eq(held(), 0);
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
	ck_assert_uint_eq(held(), 1);
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
	ck_assert_uint_eq(held(), 1);
	ck_assert(!has(&(enum proto_type){PROTO_HELLO}));
	about(PROTO_REVOKE, 1);
	ck_assert_uint_eq(held(), 0);
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
			ck_assert_uint_eq(held(), 1);
	}
	about(_i == 0 ? PROTO_ACK : PROTO_REVOKE, 1);
	give(5, 1, "hold");
	give(5, 2, "hold");
	ck_assert_uint_eq(held(), 1);
	about(PROTO_REVOKE, 2);
	ck_assert_uint_eq(held(), 0);
	leave();
}
END_TEST

START_TEST(a_farewell_is_said_until_nothing_is_held)
{
	rig_open();
	welcome(5, 300);
	give(5, 1, "hold");
	ck_assert_uint_eq(held(), 1);
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
	ck_assert_uint_eq(held(), 1);
	proc_signal(rig.proc, _i == 0 ? SIGTERM : SIGINT);
	next(PROTO_BYE);
	ck_assert_uint_eq(held(), 1);
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

/* ---- the skeleton ---- */

static const struct {
	const char *args[3];
	int status;
	const char *out, *err;
} calls[] = {
	{{"--help"}, 0, "culprit-executor - stands in for one", NULL},
	{{"--help"}, 0, "--prometheus-url", NULL},
	{{"--version"}, 0, "culprit-executor " CULPRIT_VERSION "\n", NULL},
	{{"--check"}, 0, "configuration is good", NULL},
	{{"--check", "--docs-dir", "/d"}, 1, NULL, "no folder /d"},
	{{"--once"}, 2, NULL, "has no --once"},
	{{"--what"}, 2, NULL, "\"--what\" is not an option here; see --help"},
	{{"--deadline", "3"}, 2, NULL, "\"--deadline\" is not an option"},
	{{"word"}, 2, NULL, "\"word\" is not an option"},
	{{"--capacity", "0"}, 2, NULL, "capacity must be"},
	{{"--log-level", "loud"}, 2, NULL, "log-level must be debug"},
	{{"--back", "bad://x"}, 1, NULL, "bad://x"},
};

START_TEST(a_process_answers_its_arguments)
{
	const char *args[4] = {calls[_i].args[0], calls[_i].args[1],
	    calls[_i].args[2], NULL};
	struct proc *p;
	auto_str out = NULL;
	auto_str err = NULL;

	memset(&rig, 0, sizeof(rig));
	rig.dir = scratch_new();
	p = start(args);
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), calls[_i].status);
	out = proc_out(p);
	err = proc_err(p);
	if (calls[_i].out != NULL)
		assert_contains(out, calls[_i].out);
	else
		ck_assert_str_eq(out, "");
	if (calls[_i].err != NULL)
		assert_contains(err, calls[_i].err);
	else
		ck_assert_str_eq(err, "");
	proc_free(p);
	scratch_free(rig.dir);
}
END_TEST

START_TEST(the_data_folder_is_made_and_is_private)
{
	auto_str deep = NULL;
	struct stat st;
	struct proc *p;

	memset(&rig, 0, sizeof(rig));
	rig.dir = scratch_new();
	deep = xasprintf("%s/a/b", rig.dir);
	if (_i == 1) {
		auto_str a = xasprintf("%s/a", rig.dir);

		ck_assert_int_eq(mkdir(a, 0755), 0);
		ck_assert_int_eq(mkdir(deep, 0777), 0);
		ck_assert_int_eq(chmod(deep, 0777), 0);
	}
	p = start((const char *const[]){"--data-dir", deep, "--back",
	    "bad://x", NULL});
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 1);
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	proc_free(p);
	scratch_free(rig.dir);
}
END_TEST

START_TEST(a_data_folder_that_cannot_be_is_named)
{
	auto_str file = NULL;
	auto_str said = NULL;
	struct proc *p;

	memset(&rig, 0, sizeof(rig));
	rig.dir = scratch_new();
	file = xasprintf("%s/file%s", rig.dir, _i == 0 ? "" : "/below");
	if (_i == 0)
		file_write(file, "");
	else {
		auto_str above = xasprintf("%s/file", rig.dir);

		file_write(above, "");
	}
	p = start((const char *const[]){"--data-dir", file, NULL});
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 1);
	said = proc_err(p);
	assert_contains(said, file);
	proc_free(p);
	scratch_free(rig.dir);
}
END_TEST

int
main(int argc, char **argv)
{
	const struct test_entry tests[] = {
	    {a_worker_says_who_it_is_until_it_is_welcome, 0},
	    {an_outcome_is_sent_again_until_it_is_acknowledged, 0},
	    {it_holds_what_it_was_given_once_and_for_this_epoch_only, 0},
	    {another_epoch_drops_what_is_held_and_says_hello, 2},
	    {a_late_word_of_the_supervisor_changes_nothing, ARRAY_LEN(lates)},
	    {each_beginning_has_a_number_that_a_welcome_gives_back, 0},
	    {a_task_that_was_ended_is_not_begun_again, 3},
	    {a_farewell_is_said_until_nothing_is_held, 0},
	    {a_supervisor_that_comes_back_is_found, 0},
	    {a_refused_worker_ends_and_says_why, 0},
	    {a_drain_waits_for_what_is_held, 2},
	    {a_process_answers_its_arguments, ARRAY_LEN(calls)},
	    {the_data_folder_is_made_and_is_private, 2},
	    {a_data_folder_that_cannot_be_is_named, 2},
	};

	if (argc > 1 && strcmp(argv[1], "--be-worker") == 0) {
		argv[1] = argv[0];
		return be_worker(argc - 1, argv + 1);
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return EXIT_FAILURE;
	return RUN_TESTS("worker", tests);
}
