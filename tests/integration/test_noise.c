/*
 * test_noise.c - a peer that sends nothing but nonsense does not own the log:
 * a few lines of each kind, and how many more there would have been.
 */
#include "common/base/clk.h"
#include "common/base/log.h"
#include "tests/harness/client.h"
#include "tests/harness/listener.h"
#include "tests/harness/peer.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

enum { NOISE = 1000, NOISE_MS = 20000 };

static const struct span garbage = {"\xc1\x9b[2J no message\n", 17};

static int64_t began_ms;

/* Says it NOISE times, and as often what is a message but not for the one
 * who hears it. */
static void
make_noise(struct bus *b, const struct bus_peer *to, const struct proto *wrong)
{
	int i;

	began_ms = clk_mono_ms();
	for (i = 0; i < NOISE; i++) {
		ck_assert_int_eq(bus_send_bytes(b, to, garbage), RC_OK);
		ck_assert_int_eq(bus_send(b, to, wrong), RC_OK);
	}
}

/* The number behind each place where text says key, summed up. */
static long
sum_of(const char *text, const char *key)
{
	long sum = 0;

	while ((text = strstr(text, key)) != NULL) {
		text += strlen(key);
		sum += strtol(text, NULL, 10);
	}
	return sum;
}

/* Lines of that kind: few, and with those that were kept back, times. */
static void
assert_bounded(const char *log, const char *msg, int times)
{
	auto_str line = xasprintf(" msg=\"%s\" ", msg);
	auto_str of = xasprintf(" of=\"%s\" suppressed=", msg);
	int64_t intervals = 1 + (clk_mono_ms() - began_ms) / LOG_OFTEN_MS;
	int n = text_count(log, line);

	ck_assert_msg(n > 0 && n <= LOG_OFTEN_MAX * (intervals + 1),
	    "%d lines of \"%s\": %.2000s", n, msg, log);
	ck_assert_msg(n + sum_of(log, of) == times, "%d + %ld of \"%s\" in %s",
	    n, sum_of(log, of), msg, log);
	assert_lacks(log, "\x9b");
}

/* What it wrote until it ended, which it must do well; the caller's. */
static char *
log_to_the_end(struct proc *p)
{
	proc_signal(p, SIGTERM);
	ck_assert_int_eq(proc_wait(p, NOISE_MS), 0);
	return proc_err(p);
}

static struct proc *
start(const char *name, const char *dir)
{
	auto_str path = program(name);

	return proc_start(&(struct proc_spec){
	    .argv = (const char *const[]){path, "--data-dir", dir, NULL},
	    .dir = dir,
	    .name = "it"});
}

START_TEST(the_supervisor_tells_of_noise_seldom)
{
	static const struct peer_worker good = {"planner", "P", 8, "[]"};
	const struct proto not_a_gateways = {.type = PROTO_BYE};
	const struct proto refused = {
	    .type = PROTO_HELLO, .hello = {.role = {"king", 4}, .start = 1}};
	const struct proto attach = {.type = PROTO_ATTACH};
	struct peer *front = xcalloc(1, sizeof(*front));
	struct peer *back = xcalloc(1, sizeof(*back));
	zloop_t *loop = zloop_new();
	char *dir = scratch_new();
	struct proc *p = start("culprit-supervisor", dir);
	auto_str log = NULL;

	peer_open(front, loop, dir, "front");
	make_noise(front->bus, NULL, &not_a_gateways);
	peer_say(front, &attach);
	ck_assert_ptr_nonnull(peer_next(front, PROTO_STATUS, NOISE_MS));
	peer_close(front);
	peer_open(back, loop, dir, "back");
	make_noise(back->bus, NULL, &refused);
	peer_close(back);
	peer_open(back, loop, dir, "back");
	ck_assert(peer_hello(back, &good, NOISE_MS, NOISE_MS));
	log = log_to_the_end(p);
	assert_bounded(log, "a gateway sent bytes that are no message", NOISE);
	assert_bounded(log, "message not for a gateway to send", NOISE);
	assert_bounded(log, "a worker sent bytes that are no message", NOISE);
	assert_bounded(log, "worker refused", NOISE);
	peer_close(back);
	proc_free(p);
	scratch_free(dir);
	zloop_destroy(&loop);
	free(front);
	free(back);
}
END_TEST

START_TEST(a_gateway_tells_of_noise_seldom)
{
	const struct proto wrong = {.type = PROTO_WHO};
	struct front *f = front_new();
	auto_str log = NULL;
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);

	make_noise(f->bus, &h->peer, &wrong);
	front_events(f, h, h->m.follow.req, 1, 1, true, 3);
	client_await(c, "finished");
	log = log_to_the_end(f->proc);
	assert_bounded(log, "bytes that are no message", NOISE);
	assert_bounded(log, "a message no gateway should get", NOISE);
	client_free(c);
	front_free(f);
}
END_TEST

/* ---- a worker, of which the test is the supervisor ---- */

struct master {
	struct bus *bus;
	struct bus_peer worker;
	bool heard;
};

static void
on_msg(void *ctx, const struct bus_peer *peer, const struct proto *m)
{
	struct master *s = ctx;

	s->heard = s->heard || m->type == PROTO_HELLO;
	s->worker = *peer;
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

START_TEST(a_worker_tells_of_noise_seldom)
{
	static const char *const names[] = {
	    "culprit-planner", "culprit-executor"};
	const struct proto wrong = {.type = PROTO_STATUS};
	const struct proto welcome = {.type = PROTO_WELCOME,
	    .welcome = {.epoch = 1, .lease_ms = 2000, .start = 1}};
	struct master s = {0};
	const struct bus_handler handler = {
	    .on_msg = on_msg, .on_bad = on_bad, .ctx = &s};
	zloop_t *loop = zloop_new();
	char *dir = scratch_new();
	auto_str at = xasprintf("ipc://%s/back.sock", dir);
	auto_str log = NULL;
	struct err err = {0};
	struct proc *p;

	ck_assert_msg(listener_open(loop, at, &handler, &s.bus, &err) == RC_OK,
	    "%s", err.text);
	p = start(names[_i], dir);
	ck_assert(loop_until(loop, &s.heard, NOISE_MS));
	make_noise(s.bus, &s.worker, &wrong);
	ck_assert_int_eq(bus_send(s.bus, &s.worker, &welcome), RC_OK);
	ck_assert(proc_await_err(p, "joined", NOISE_MS));
	log = log_to_the_end(p);
	assert_bounded(log, "bytes that are no message", NOISE);
	assert_bounded(log, "message not for a worker", NOISE);
	proc_free(p);
	bus_free(s.bus);
	zloop_destroy(&loop);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_supervisor_tells_of_noise_seldom, 0},
	    {a_gateway_tells_of_noise_seldom, 0},
	    {a_worker_tells_of_noise_seldom, 2},
	};

	return RUN_TESTS("noise", tests);
}
