/*
 * test_standstill.c - a gateway that stands still while a crowd watches a long
 * run through it: what waits for it is bounded, and when it goes on everybody
 * gets every event once.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/wire/wire.h"
#include "supervisor/run/window.h"
#include "tests/bench/stream.h"
#include "tests/harness/ask.h"
#include "tests/harness/held.h"
#include "tests/harness/peer.h"
#include "tests/harness/texts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	VIEWERS = 200,
	STEPS = 16, /* of a round */
	TEXT_BYTES = 4500,
	RUN_BYTES_LEAST = 2 << 20,
	/* What such a run takes itself, sanitized too; the events of all
	 * viewers would be over 400 MB. */
	MORE_KIB = (WINDOW_BYTES >> 10) + (56 << 10),
	PIECE = 64 << 10,
};

/* The held step, and then the same long round again and again. */
static char *
plans(void)
{
	auto_buf b = {.max = 1 << 20};
	char *text = xcalloc(1, TEXT_BYTES + 1);
	int i;

	memset(text, 'x', TEXT_BYTES);
	buf_adds(&b, "[{\"decision\":\"EXECUTE\",\"step\":\"ask\",\"tool\":"
		     "\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}}"
		     ",{\"decision\":\"EXECUTE\",\"steps\":[");
	for (i = 0; i < STEPS; i++)
		buf_addf(&b,
		    "%s{\"step\":\"s\",\"tool\":\"echo\",\"args\":{\"text\":"
		    "\"%s\"}}",
		    i > 0 ? "," : "", text);
	buf_adds(&b, "]}]");
	free(text);
	return xstrdup(buf_str(&b));
}

/* ---- the crowd ---- */

struct viewer {
	int fd;
	struct stream in;
};

struct crowd {
	struct viewer v[VIEWERS];
	struct pollfd polls[VIEWERS];
	char piece[PIECE];
};

static void
dial(struct viewer *v, const struct sockaddr_in *to, const char *request)
{
	struct pollfd p = {.events = POLLOUT};
	size_t n = strlen(request);

	stream_init(&v->in);
	v->fd = p.fd = stream_dial(to);
	ck_assert_int_ge(v->fd, 0);
	ck_assert_int_eq(poll(&p, 1, HOUSE_MS), 1);
	ck_assert_int_eq(write(v->fd, request, n), (ssize_t)n);
}

static struct crowd *
crowd_new(struct house *h, const char *location)
{
	struct crowd *c = xcalloc(1, sizeof(*c));
	auto_str url = house_url(h, "");
	auto_str path = xasprintf("%s/events", location);
	const char *address = url + strlen("http://");
	auto_str request = stream_request(address, path, NULL);
	struct sockaddr_in to;
	int i;

	ck_assert(stream_addr(address, &to));
	for (i = 0; i < VIEWERS; i++) {
		dial(&c->v[i], &to, request);
		c->polls[i] =
		    (struct pollfd){.fd = c->v[i].fd, .events = POLLIN};
	}
	return c;
}

static void
viewer_read(struct crowd *c, int i)
{
	struct viewer *v = &c->v[i];
	ssize_t n;

	while ((n = read(v->fd, c->piece, PIECE)) > 0)
		stream_feed(&v->in, c->piece, (size_t)n);
	ck_assert_msg(v->in.part == STREAM_ENDED || (n < 0 && errno == EAGAIN),
	    "viewer %d was cut behind event %lld", i, (long long)v->in.seq);
	if (v->in.part == STREAM_ENDED)
		c->polls[i].fd = -1;
}

/* Reads until every viewer has the event, or -1: has come to the end. */
static void
crowd_read(struct crowd *c, int64_t seq)
{
	int64_t until = clk_mono_ms() + 4 * HOUSE_MS;
	int i, behind = VIEWERS;

	while (behind > 0) {
		ck_assert_msg(clk_mono_ms() < until,
		    "%d viewers wait; the first is at event %lld", behind,
		    (long long)c->v[0].in.seq);
		poll(c->polls, VIEWERS, 100);
		behind = 0;
		for (i = 0; i < VIEWERS; i++) {
			if (c->polls[i].revents != 0)
				viewer_read(c, i);
			behind += seq >= 0 ? c->v[i].in.seq < seq
					   : c->v[i].in.part != STREAM_ENDED;
		}
	}
}

static void
crowd_check(const struct crowd *c, int64_t last)
{
	int i;

	for (i = 0; i < VIEWERS; i++) {
		ck_assert_uint_eq(c->v[i].in.gaps, 0);
		ck_assert_int_eq(c->v[i].in.seq, last);
		ck_assert_str_eq(c->v[i].in.type, "finished");
		ck_assert_uint_gt(c->v[i].in.bytes, RUN_BYTES_LEAST);
	}
}

static void
crowd_free(struct crowd *c)
{
	int i;

	for (i = 0; i < VIEWERS; i++)
		close(c->v[i].fd);
	free(c);
}

/* ---- the supervisor, past its gateway ---- */

/* The run's last event, once it has ended. */
static int64_t
await_end(struct house *h, const char *run)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	zloop_t *loop = zloop_new();
	struct proto m = {.type = PROTO_QUERY};
	const struct proto *r;
	int64_t last = 0;

	peer_open(p, loop, house_data(h), "front");
	m.query.what = span_of("checkpoints");
	m.query.run = span_of(run);
	while (last == 0) {
		ck_assert_uint_lt(++m.query.req, PEER_MAIL_MAX);
		peer_say(p, &m);
		r = peer_next(p, PROTO_REPLY, HOUSE_MS);
		ck_assert_ptr_nonnull(r);
		if (!span_is(wire_find_str(r->reply.value, "status"), "running"))
			last = wire_find_int(r->reply.value, "last_seq", 0);
		else
			peer_next(p, PROTO_STATUS, 200);
	}
	peer_close(p);
	zloop_destroy(&loop);
	free(p);
	return last;
}

/* The most it ever took, in KiB. */
static long
peak_kib(pid_t pid)
{
	auto_str path = xasprintf("/proc/%d/status", (int)pid);
	auto_str all = file_read(path);
	const char *at = strstr(all, "VmHWM:");

	ck_assert_ptr_nonnull(at);
	return strtol(at + strlen("VmHWM:"), NULL, 10);
}

static void
assert_bounded(pid_t supervisor, long before, const char *when)
{
	long more = peak_kib(supervisor) - before;

	printf("%s: the supervisor took up to %ld MB more\n", when,
	    more >> 10);
	ck_assert_msg(more <= MORE_KIB, "%s: %ld KiB more than %ld", when,
	    more, before);
}

static char *
start_run(struct house *h)
{
	static const char *const headers[] = {"Content-Type: application/json",
	    "Prefer: respond-async", NULL};
	auto_str url = house_url(h, "/api/ai_ops");
	struct answer *w = ask(NULL, url, headers, "{}");
	char *location;

	ck_assert_int_eq(w->status, 202);
	location = xstrdup(w->location);
	answer_free(w);
	return location;
}

START_TEST(what_waits_for_a_gateway_that_stands_still_is_bounded)
{
	static const char *const more[] = {
	    "--tools=echo,query_prometheus_metrics",
	    "--prometheus-timeout-ms=60000", "--stall=600", NULL};
	/* Freed memory is the sanitizer's, for a while. */
	static const char *const env[] = {
	    "ASAN_OPTIONS=quarantine_size_mb=1", NULL};
	struct stub_http *prometheus = held_prometheus();
	auto_str script = plans();
	struct house *h = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(prometheus),
		.script = script,
		.more = more,
		.env = env});
	auto_str location = start_run(h);
	struct crowd *c = crowd_new(h, location);
	pid_t gateway = house_child(h, "gateway");
	pid_t supervisor = house_child(h, "supervisor");
	int64_t last;
	long before;

	crowd_read(c, 3);
	before = peak_kib(supervisor);
	kill(gateway, SIGSTOP);
	held_release();
	last = await_end(h, strrchr(location, '/') + 1);
	assert_bounded(supervisor, before, "while it stood still");
	kill(gateway, SIGCONT);
	/* Another supervisor counts from 1 again. */
	if (_i == 1) {
		crowd_read(c, last / 2);
		kill(supervisor, SIGKILL);
	}
	crowd_read(c, -1);
	crowd_check(c, last);
	if (_i == 0)
		assert_bounded(supervisor, before, "when all was read");
	crowd_free(c);
	held_house_done(h);
	stub_http_free(prometheus);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_waits_for_a_gateway_that_stands_still_is_bounded, 2},
	};

	return RUN_TESTS("standstill", tests);
}
