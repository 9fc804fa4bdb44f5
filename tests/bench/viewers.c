/*
 * viewers.c - a crowd that watches one run, which stands still for a while.
 *
 *	bench_viewers ADDR PATH VIEWERS
 *
 * Says on stdout how far it is, so that whoever started it can measure the
 * server in between and let the run go on:
 *
 *	following S	all have the run's events so far; it took S seconds
 *	idle		all have been sent a comment since
 *	{...}		all have come to the end
 *
 * spread_ms is from the first viewer that got the first event after the
 * standstill to the last that got it; all_ms from there to the last viewer's
 * last event. Dies when it hears nothing for a minute.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/bench/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	VIEWERS_MAX = 60000,
	AT_ONCE = 128,
	BATCH = 256,
	PIECE = 64 << 10,
	SILENCE_MS = 60000,
	SETTLE_MS = 500
};

enum phase { PHASE_JOINING, PHASE_SETTLING, PHASE_IDLING, PHASE_WOKEN };

struct viewer {
	int fd;
	bool sent, heard, commented, woken;
	uint32_t comments; /* when it was idle */
	struct stream in;
};

struct crowd {
	struct sockaddr_in to;
	char *request;
	int epoll, n, joined, heard, commented, woken, ended, broken;
	enum phase phase;
	int64_t begun_us, last_us, woken_us, spread_us;
	struct viewer *viewers;
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench_viewers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
join_next(struct crowd *c)
{
	struct viewer *v = &c->viewers[c->joined];
	struct epoll_event e = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = v};

	if (c->joined == c->n)
		return;
	c->joined++;
	stream_init(&v->in);
	v->fd = stream_dial(&c->to);
	if (v->fd < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, v->fd, &e) != 0)
		fail("connect");
}

static void
say(const char *what, int64_t since_us)
{
	printf("%s %.3f\n", what, (double)(clk_mono_us() - since_us) / 1e6);
	fflush(stdout);
}

/* What a viewer was sent, put to the count of the phase. */
static void
viewer_moved(struct crowd *c, struct viewer *v, uint32_t events_before)
{
	if (!v->heard && v->in.events > 0) {
		v->heard = true;
		c->heard++;
		join_next(c);
	}
	if (c->phase == PHASE_IDLING && !v->commented &&
	    v->in.comments > v->comments) {
		v->commented = true;
		c->commented++;
	}
	if (c->phase < PHASE_IDLING || v->in.events == events_before)
		return;
	c->last_us = clk_mono_us();
	if (v->woken)
		return;
	v->woken = true;
	if (c->woken++ == 0) {
		c->phase = PHASE_WOKEN;
		c->woken_us = clk_mono_us();
	}
	if (c->woken == c->n)
		c->spread_us = clk_mono_us() - c->woken_us;
}

static void
viewer_end(struct crowd *c, struct viewer *v)
{
	if (v->in.status != 200 || strcmp(v->in.type, "finished") != 0)
		c->broken++;
	c->ended++;
	close(v->fd);
	v->fd = -1;
	if (!v->heard)
		join_next(c);
}

static void
viewer_read(struct crowd *c, struct viewer *v, char *piece)
{
	uint32_t events = v->in.events;
	ssize_t n = 0;
	bool over;

	while (
	    v->in.part != STREAM_ENDED && (n = read(v->fd, piece, PIECE)) > 0)
		stream_feed(&v->in, piece, (size_t)n);
	over =
	    v->in.part == STREAM_ENDED || n == 0 || (n < 0 && errno != EAGAIN);
	viewer_moved(c, v, events);
	if (over)
		viewer_end(c, v);
}

static void
on_ready(struct crowd *c, const struct epoll_event *e, char *piece)
{
	struct viewer *v = e->data.ptr;
	size_t n = strlen(c->request);

	if (!v->sent && (e->events & EPOLLOUT) != 0) {
		if (write(v->fd, c->request, n) != (ssize_t)n)
			fail("write");
		v->sent = true;
	}
	if ((e->events & (EPOLLIN | EPOLLHUP)) != 0)
		viewer_read(c, v, piece);
}

/* Everybody's comments so far are those of joining. */
static void
phase_next(struct crowd *c)
{
	int i;

	if (c->phase == PHASE_JOINING && c->heard == c->n) {
		say("following", c->begun_us);
		c->phase = PHASE_SETTLING;
	} else if (c->phase == PHASE_SETTLING &&
		   clk_mono_us() - c->last_us > SETTLE_MS * 1000) {
		for (i = 0; i < c->n; i++)
			c->viewers[i].comments = c->viewers[i].in.comments;
		c->phase = PHASE_IDLING;
	} else if (c->phase == PHASE_IDLING && c->commented == c->n) {
		say("idle", c->begun_us);
		c->commented = 0; /* said once */
	}
}

static void
watch(struct crowd *c)
{
	char *piece = xcalloc(1, PIECE);
	struct epoll_event ready[BATCH];
	int i, n;

	c->begun_us = c->last_us = clk_mono_us();
	for (i = 0; i < AT_ONCE; i++)
		join_next(c);
	while (c->ended < c->n) {
		n = epoll_wait(c->epoll, ready, BATCH, SETTLE_MS);
		for (i = 0; i < n; i++)
			on_ready(c, &ready[i], piece);
		phase_next(c);
		/* While events are awaited a comment is silence. */
		if (n > 0 && c->phase != PHASE_WOKEN)
			c->last_us = clk_mono_us();
		if (clk_mono_us() - c->last_us > SILENCE_MS * 1000LL) {
			fprintf(stderr,
			    "bench_viewers: silence; %d of %d "
			    "have ended\n",
			    c->ended, c->n);
			exit(1);
		}
	}
	free(piece);
}

/* Every viewer must have come by the same number of events. */
static int
report(const struct crowd *c)
{
	uint32_t most = 0;
	int i, odd = 0;

	for (i = 0; i < c->n; i++)
		most = MAX(most, c->viewers[i].in.events);
	for (i = 0; i < c->n; i++)
		odd += c->viewers[i].in.events != most;
	printf("{\"viewers\":%d,\"spread_ms\":%.1f,\"all_ms\":%.1f,"
	       "\"events_each\":%u,\"errors\":%d,\"bad_event_counts\":%d}\n",
	    c->n, (double)c->spread_us / 1e3,
	    (double)(clk_mono_us() - c->woken_us) / 1e3, most, c->broken, odd);
	return c->broken + odd > 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct crowd c = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	int status;

	if (argc != 4 || !stream_addr(argv[1], &c.to)) {
		fputs("usage: bench_viewers ADDR PATH VIEWERS\n", stderr);
		return 2;
	}
	c.n = MIN(MAX(atoi(argv[3]), 1), VIEWERS_MAX);
	c.request = stream_request(argv[1], argv[2], NULL);
	c.viewers = xcalloc((size_t)c.n, sizeof(*c.viewers));
	watch(&c);
	status = report(&c);
	free(c.viewers);
	free(c.request);
	close(c.epoll);
	return status;
}
