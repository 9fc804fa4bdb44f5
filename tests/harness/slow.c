/*
 * slow.c - clients that hold on to a gateway.
 */
#include "tests/harness/slow.h"

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/invariant.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RECEIVE_BYTES = 4096, /* the kernel makes of it what it must */
	ASKS_MAX = 100000,
	ASK_MS_MAX = AWAIT_MS,
	ASK_EVERY_MS = 10,
	LOOK_MS = 20,
	ROUND_MS = 1000, /* between two bytes of a head */
	TURNS = 20,	 /* of a round */
};

#define TEN(x) x x x x x x x x x x
#define LONG TEN(TEN(TEN("01234567")))
#define ROUND                                                                  \
	"{\"decision\":\"EXECUTE\",\"step\":\"x\",\"tool\":\"echo\","          \
	"\"args\":{\"text\":\"" LONG "\"}},"

/* Nine rounds of three events of 8 KB. */
const char slow_script[] = "[" ROUND ROUND ROUND ROUND ROUND ROUND ROUND ROUND
    ROUND "{\"decision\":\"FINISH\",\"report\":\"# Done\"}]";

/* ---- sockets ---- */

static struct sockaddr_in
address_of(struct house *h)
{
	auto_str url = house_url(h, "");
	const char *colon = strrchr(url, ':');
	struct sockaddr_in a = {.sin_family = AF_INET};

	ck_assert_ptr_nonnull(colon);
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* -1: refused. It may still be on its way. */
static int
dial_to(const struct sockaddr_in *a, int receive)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && receive > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive,
		    sizeof(receive));
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool
is_ready(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, ms) == 1;
}

/* ---- somebody else ---- */

struct other {
	struct sockaddr_in to;
	atomic_bool stop;
	pthread_t thread;
	double *ms;
	struct slow_others sum;
};

/* False: not answered as it should be. */
static bool
ask_health(const struct sockaddr_in *to)
{
	static const char request[] =
	    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int64_t until = clk_mono_ms() + ASK_MS_MAX;
	int fd = dial_to(to, 0);
	char answer[2048];
	ssize_t n = 0, all = 0;

	if (fd < 0)
		return false;
	if (is_ready(fd, POLLOUT, ASK_MS_MAX) &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) ==
		(ssize_t)sizeof(request) - 1)
		while (clk_mono_ms() < until && all < (ssize_t)sizeof(answer)) {
			is_ready(fd, POLLIN, ASK_MS_MAX);
			n = read(fd, answer + all,
			    sizeof(answer) - (size_t)all);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				break;
			all += MAX(n, 0);
		}
	close(fd);
	return n == 0 && all > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void *
other_main(void *other)
{
	struct other *o = other;

	while (!atomic_load(&o->stop) && o->sum.asked < ASKS_MAX) {
		int64_t start = clk_mono_us();

		o->sum.failed += !ask_health(&o->to);
		o->ms[o->sum.asked++] = (double)(clk_mono_us() - start) / 1000;
		poll(NULL, 0, ASK_EVERY_MS);
	}
	return NULL;
}

static void
other_start(struct other *o, struct house *h)
{
	*o = (struct other){.to = address_of(h)};
	o->ms = xcalloc(ASKS_MAX, sizeof(*o->ms));
	ck_assert_int_eq(
	    pthread_create(&o->thread, NULL, other_main, o), 0);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct slow_others
other_end(struct other *o)
{
	int n;

	atomic_store(&o->stop, true);
	pthread_join(o->thread, NULL);
	n = o->sum.asked;
	qsort(o->ms, (size_t)n, sizeof(*o->ms), by_size);
	if (n > 0) {
		o->sum.p50_ms = o->ms[n / 2];
		o->sum.p99_ms = o->ms[n * 99 / 100];
		o->sum.max_ms = o->ms[n - 1];
	}
	free(o->ms);
	return o->sum;
}

/* ---- viewers that do not read ---- */

/* A finished run with all its events. */
static char *
make_run(struct house *h)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Prefer: respond-async", NULL};
	auto_str url = house_url(h, "/api/ai_ops");
	struct answer *a = ask(NULL, url, headers, "{\"input\":\"x\"}");
	const char *id = a->location != NULL ? strrchr(a->location, '/') : NULL;
	char *run;

	ck_assert_int_eq(a->status, 202);
	ck_assert_ptr_nonnull(id);
	run = xstrdup(id + 1);
	answer_free(a);
	return run;
}

/* Whether the stream of it comes to its end. */
static bool
read_whole(const char *url)
{
	struct answer *a = ask(NULL, url, NULL, NULL);
	bool whole = a->status == 200 &&
		     strstr(a->body, "event: finished\n") != NULL;

	answer_free(a);
	return whole;
}

struct reader {
	int fd;
	int64_t since_ms;
};

static void
readers_join(struct reader *readers, int n, struct house *h, const char *run)
{
	struct sockaddr_in to = address_of(h);
	auto_str request = xasprintf("GET /api/investigations/%s/events "
				     "HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    run);
	ssize_t len = (ssize_t)strlen(request);

	for (int i = 0; i < n; i++) {
		struct reader *r = &readers[i];

		r->fd = dial_to(&to, RECEIVE_BYTES);
		r->since_ms = clk_mono_ms();
		ck_assert_int_ge(r->fd, 0);
		ck_assert(is_ready(r->fd, POLLOUT, HOUSE_MS));
		ck_assert_int_eq(
		    send(r->fd, request, (size_t)len, MSG_NOSIGNAL), len);
	}
}

/* Closes those whose connection the gateway has ended. */
static int
readers_cut(struct reader *readers, int n, struct slow_readers *ret)
{
	int left = 0;

	for (int i = 0; i < n; i++) {
		struct pollfd p = {.fd = readers[i].fd, .events = POLLRDHUP};
		double s;

		if (readers[i].fd < 0)
			continue;
		if (poll(&p, 1, 0) < 1) {
			left++;
			continue;
		}
		s = (double)(clk_mono_ms() - readers[i].since_ms) / 1000;
		ret->cut_s_max = MAX(ret->cut_s_max, s);
		ret->cut++;
		close(readers[i].fd);
		readers[i].fd = -1;
	}
	return left;
}

void
slow_read(struct house *h, int n, int ms, struct slow_readers *ret)
{
	auto_str run = make_run(h);
	auto_str path = xasprintf("/api/investigations/%s/events", run);
	auto_str url = house_url(h, path);
	struct reader *readers = xcalloc((size_t)n, sizeof(*readers));
	pid_t gateway = house_child(h, "gateway");
	struct invariant_size before, now;
	int64_t until, most = 0;
	struct other o;

	*ret = (struct slow_readers){.n = n};
	ck_assert(read_whole(url));
	ck_assert(invariant_measure(gateway, &before));
	other_start(&o, h);
	readers_join(readers, n, h, run);
	until = clk_mono_ms() + ms;
	do {
		ret->whole += read_whole(url);
		ck_assert(invariant_measure(gateway, &now));
		most = MAX(most, now.resident_kib - before.resident_kib);
		poll(NULL, 0, LOOK_MS);
	} while (readers_cut(readers, n, ret) > 0 && clk_mono_ms() < until);
	ret->others = other_end(&o);
	ret->kib_each = (double)most / n;
	for (int i = 0; i < n; i++)
		if (readers[i].fd >= 0)
			close(readers[i].fd);
	free(readers);
}

/* ---- heads that come slowly ---- */

struct head {
	int fd;
	size_t at;
	int64_t since_ms;
};

static void
head_again(struct head *d, const struct sockaddr_in *to)
{
	if (d->fd >= 0)
		close(d->fd);
	*d = (struct head){.fd = dial_to(to, 0), .since_ms = clk_mono_ms()};
}

static void
head_next(struct head *d, const struct sockaddr_in *to, struct slow_heads *ret)
{
	static const char text[] = "GET /healthz HTTP/1.1\r\nHost: localhost"
				   "\r\nX-Slow: ";
	char byte = d->at < sizeof(text) - 1 ? text[d->at] : 'x';
	double held = (double)(clk_mono_ms() - d->since_ms) / 1000;
	bool ended = d->fd < 0 || is_ready(d->fd, POLLIN, 0) ||
		     send(d->fd, &byte, 1, MSG_NOSIGNAL) != 1;

	if (ended && d->fd >= 0 && errno == EAGAIN && d->at == 0)
		return; /* not connected yet */
	if (!ended) {
		d->at++;
		ret->bytes++;
		return;
	}
	ret->cut++;
	ret->held_s_max = MAX(ret->held_s_max, held);
	head_again(d, to);
}

void
slow_dribble(struct house *h, int n, int ms, struct slow_heads *ret)
{
	struct sockaddr_in to = address_of(h);
	struct head *heads = xcalloc((size_t)n, sizeof(*heads));
	int64_t start;
	struct other o;

	*ret = (struct slow_heads){.n = n};
	for (int i = 0; i < n; i++) {
		heads[i].fd = -1;
		head_again(&heads[i], &to);
	}
	other_start(&o, h);
	start = clk_mono_ms();
	for (int turn = 0; clk_mono_ms() - start < ms ||
			   (ret->cut < n && clk_mono_ms() - start < AWAIT_MS);
	     turn++) {
		for (int i = turn % TURNS; i < n; i += TURNS)
			head_next(&heads[i], &to, ret);
		while (clk_mono_ms() - start <
		       (int64_t)(turn + 1) * ROUND_MS / TURNS)
			poll(NULL, 0, 2);
	}
	ret->others = other_end(&o);
	for (int i = 0; i < n; i++)
		if (heads[i].fd >= 0)
			close(heads[i].fd);
	free(heads);
}
