/*
 * load.c - clients that each start a run, read its events to the end, and
 * start the next one.
 *
 *	bench_load ADDR PATH CLIENTS RUNS BODY EVENTS WARM
 *
 * One request per connection, as the gateway answers; a run's time begins
 * before its connection. WARM runs come first and do not count. Each run must
 * bring EVENTS blocks and end with `finished` (0: any number). Prints one
 * line of JSON, with the names the peer's load generator uses.
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
	CLIENTS_MAX = 1000,
	RUNS_MAX = 1000000,
	BATCH = 64,
	PIECE = 256 << 10,
	SILENCE_MS = 60000
};

struct client {
	int fd;
	bool sent;
	int64_t since_us, first_us;
	struct stream in;
};

struct load {
	struct sockaddr_in to;
	char *request;
	size_t request_n;
	int epoll;
	long warm, runs, events;         /* asked for */
	long started, done, errors, odd; /* since the start */
	int64_t counting_us;             /* when the first that counts began */
	uint64_t all_events, all_bytes;
	double *ms, *first_ms; /* of the runs that count */
};

static void
client_start(struct load *l, struct client *c)
{
	struct epoll_event e = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

	if (l->started == l->warm + l->runs)
		return;
	l->started++;
	c->since_us = clk_mono_us();
	c->first_us = 0;
	c->sent = false;
	stream_init(&c->in);
	c->fd = stream_dial(&l->to);
	if (c->fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
		fprintf(stderr, "bench_load: connect: %s\n", strerror(errno));
		exit(1);
	}
}

static void
count_run(struct load *l, const struct client *c)
{
	long n = l->done - l->warm;

	l->done++;
	if (n < 0) {
		l->counting_us = clk_mono_us();
		return;
	}
	l->ms[n] = (double)(clk_mono_us() - c->since_us) / 1e3;
	l->first_ms[n] = (double)(c->first_us - c->since_us) / 1e3;
	l->all_events += c->in.blocks;
	l->all_bytes += c->in.bytes;
}

static void
client_end(struct load *l, struct client *c)
{
	close(c->fd);
	c->fd = -1;
	if (c->in.status != 200 || strcmp(c->in.type, "finished") != 0)
		l->errors++;
	else if (l->events > 0 && c->in.blocks != (uint32_t)l->events)
		l->odd++;
	count_run(l, c);
	client_start(l, c);
}

/* The request fits into a fresh socket's buffer. */
static void
client_send(struct load *l, struct client *c)
{
	if (write(c->fd, l->request, l->request_n) != (ssize_t)l->request_n) {
		fprintf(stderr, "bench_load: write: %s\n", strerror(errno));
		exit(1);
	}
	c->sent = true;
}

static void
client_read(struct load *l, struct client *c, char *piece)
{
	ssize_t n = 0;

	while (
	    c->in.part != STREAM_ENDED && (n = read(c->fd, piece, PIECE)) > 0) {
		stream_feed(&c->in, piece, (size_t)n);
		if (c->first_us == 0 && c->in.blocks > 0)
			c->first_us = clk_mono_us();
	}
	if (c->in.part == STREAM_ENDED || n == 0 || errno != EAGAIN)
		client_end(l, c);
}

static void
drive(struct load *l)
{
	char *piece = xcalloc(1, PIECE);
	struct epoll_event ready[BATCH];
	int i, n;

	while (l->done < l->warm + l->runs) {
		n = epoll_wait(l->epoll, ready, BATCH, SILENCE_MS);
		if (n <= 0) {
			fprintf(stderr, "bench_load: silence after %ld runs\n",
			    l->done);
			exit(1);
		}
		for (i = 0; i < n; i++) {
			struct client *c = ready[i].data.ptr;

			if (!c->sent && (ready[i].events & EPOLLOUT) != 0)
				client_send(l, c);
			if ((ready[i].events & (EPOLLIN | EPOLLHUP)) != 0)
				client_read(l, c, piece);
		}
	}
	free(piece);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
share(const double *sorted, long n, double q)
{
	long at = (long)(q * (double)n);

	return sorted[at < n ? at : n - 1];
}

static void
print(struct load *l, int clients)
{
	double s = (double)(clk_mono_us() - l->counting_us) / 1e6;

	qsort(l->ms, (size_t)l->runs, sizeof(*l->ms), compare);
	qsort(l->first_ms, (size_t)l->runs, sizeof(*l->first_ms), compare);
	printf("{\"conns\":%d,\"runs\":%ld,\"wall_s\":%.3f,\"runs_s\":%.1f,"
	       "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,"
	       "\"first_p50_ms\":%.2f,\"first_p99_ms\":%.2f,"
	       "\"events_per_run\":%.2f,\"bytes_per_run\":%.0f,"
	       "\"errors\":%ld,\"bad_event_counts\":%ld}\n",
	    clients, l->runs, s, (double)l->runs / s, share(l->ms, l->runs, .5),
	    share(l->ms, l->runs, .99), l->ms[l->runs - 1],
	    share(l->first_ms, l->runs, .5), share(l->first_ms, l->runs, .99),
	    (double)l->all_events / (double)l->runs,
	    (double)l->all_bytes / (double)l->runs, l->errors, l->odd);
}

int
main(int argc, char **argv)
{
	struct load l = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct client *clients;
	long n;

	if (argc != 8 || !stream_addr(argv[1], &l.to)) {
		fputs("usage: bench_load ADDR PATH CLIENTS RUNS BODY EVENTS "
		      "WARM\n",
		    stderr);
		return 2;
	}
	n = MIN(MAX(atol(argv[3]), 1), CLIENTS_MAX);
	l.runs = MIN(MAX(atol(argv[4]), 1), RUNS_MAX);
	l.events = atol(argv[6]);
	l.warm = MIN(MAX(atol(argv[7]), 0), RUNS_MAX);
	l.request = stream_request(argv[1], argv[2], argv[5]);
	l.request_n = strlen(l.request);
	l.ms = xcalloc((size_t)l.runs, sizeof(*l.ms));
	l.first_ms = xcalloc((size_t)l.runs, sizeof(*l.first_ms));
	clients = xcalloc((size_t)n, sizeof(*clients));
	l.counting_us = clk_mono_us();
	for (long i = 0; i < n; i++)
		client_start(&l, &clients[i]);
	drive(&l);
	print(&l, (int)n);
	free(clients);
	free(l.first_ms);
	free(l.ms);
	free(l.request);
	close(l.epoll);
	return l.errors > 0 ? 1 : 0;
}
