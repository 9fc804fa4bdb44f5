/*
 * turns.c - hundreds of answers of a model at once through one planner: the
 * model, who says a few words a second to each, and those who watch.
 *
 *	bench_turns TURNS TOKENS RATE
 *
 * Says `LISTENING PORT`, where the model is; hears on stdin where the gateway
 * is, and the processes to watch: `HOST:PORT NAME PID NAME PID ...`. Each turn
 * has TOKENS words, RATE a second; a word's time is from before it is written
 * to the planner's connection until its `token` event was read. The model and
 * the watchers are one thread, so that they have one clock and take nothing
 * from each other. Exit status 1: a word was missed, or the 99th percentile is
 * over P99_MS.
 */
#include "common/base/buf.h"
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
	TURNS_MAX = 2000,
	TOKENS_MAX = 4000,
	WATCHED_MAX = 8,
	P99_MS = 20,
	PIECE = 256 << 10,
	TAIL = 24, /* a word may come in two pieces */
	BATCH = 256,
	SILENCE_MS = 60000,
	REQUEST_MAX = 4 << 20,
};

enum kind { KIND_DOOR, KIND_MODEL, KIND_CLIENT };

/* A connection. */
struct peer {
	enum kind kind;
	int fd, turn; /* the turn that is spoken to; -1: none yet */
	struct buf in;
	bool sent;
	struct stream events;
	char tail[TAIL];
	size_t tail_n;
};

struct turn {
	struct peer *to; /* NULL: all is said */
	int said;
	int64_t next_us, last_us;
	int64_t *sent_us, *seen_us;
};

struct watched {
	char name[32];
	int pid;
	long ticks;
};

struct bench {
	int epoll, n_turns, tokens, rate;
	struct turn *turns;
	int begun, seen, ended;
	int64_t first_us, end_us, heard_us, gap_us;
	char *request;
	struct sockaddr_in gateway;
	struct watched watched[WATCHED_MAX];
	int n_watched;
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench_turns: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct peer *
peer_new(struct bench *b, enum kind kind, int fd)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};

	if (kind == KIND_CLIENT)
		e.events |= EPOLLOUT | EPOLLET;
	p->kind = kind;
	p->fd = fd;
	p->turn = -1;
	buf_init(&p->in, REQUEST_MAX);
	stream_init(&p->events);
	if (fd < 0 || epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		fail("a connection");
	return p;
}

static void
peer_end(struct peer *p)
{
	close(p->fd);
	p->fd = -1;
}

/* ---- the model ---- */

#define CHUNK(text)                                                            \
	"data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define BEGINS                                                                 \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"               \
	"Connection: close\r\n\r\n" CHUNK(                                     \
	    "{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"")
#define ENDS                                                                   \
	CHUNK("\\\",\\\"confidence\\\":\\\"undetermined\\\",\\\"findings\\\""  \
	      ":[]}")                                                          \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"  \
	"data: [DONE]\n\n"

/* The kernel has room for what a slow model says. */
static void
say(struct peer *p, const char *text)
{
	if (write(p->fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("the planner's connection");
}

static bool
is_whole(const struct buf *in)
{
	const char *body = strstr(buf_str(in), "\r\n\r\n");
	const char *n = strcasestr(buf_str(in), "\r\nContent-Length:");

	return body != NULL && n != NULL &&
	       strlen(body + 4) >= (size_t)atol(n + 17);
}

/* The first question of a run is answered slowly, a later one at once. */
static void
be_asked(struct bench *b, struct peer *p)
{
	struct turn *t;

	say(p, BEGINS);
	if (strstr(buf_str(&p->in), "[E1]") != NULL || b->begun == b->n_turns) {
		say(p, ENDS);
		peer_end(p);
		return;
	}
	p->turn = b->begun++;
	t = &b->turns[p->turn];
	t->to = p;
	t->last_us = clk_mono_us();
	t->next_us = t->last_us + 1000000 / b->rate;
}

static void
be_read(struct bench *b, struct peer *p)
{
	static char piece[PIECE];
	ssize_t n = read(p->fd, piece, sizeof(piece));

	if (n <= 0) {
		if (p->turn >= 0)
			b->turns[p->turn].to = NULL;
		peer_end(p);
		return;
	}
	buf_add(&p->in, piece, (size_t)n);
	if (p->turn < 0 && is_whole(&p->in))
		be_asked(b, p);
}

static void
say_word(struct bench *b, int i)
{
	struct turn *t = &b->turns[i];
	char word[100];

	snprintf(word, sizeof(word), CHUNK("@%dt%d."), i, t->said);
	t->sent_us[t->said++] = clk_mono_us();
	if (b->first_us == 0)
		b->first_us = t->sent_us[0];
	say(t->to, word);
	t->next_us += 1000000 / b->rate;
	if (t->said < b->tokens)
		return;
	say(t->to, ENDS);
	peer_end(t->to);
	t->to = NULL;
}

/* Says what is due; how long until the next word is, in ms. */
static int
say_all(struct bench *b)
{
	int64_t now = clk_mono_us(), next = now + 1000000;

	for (int i = 0; i < b->begun; i++) {
		struct turn *t = &b->turns[i];

		if (t->to != NULL && t->next_us <= now)
			say_word(b, i);
		if (t->to != NULL)
			next = MIN(next, t->next_us);
	}
	return (int)MAX((next - clk_mono_us()) / 1000, 0);
}

/* ---- who watches ---- */

static void
see_word(struct bench *b, long turn, long word, int64_t now)
{
	struct turn *t;

	if (turn < 0 || turn >= b->n_turns || word < 0 || word >= b->tokens ||
	    b->turns[turn].seen_us[word] != 0)
		return;
	t = &b->turns[turn];
	t->seen_us[word] = now;
	b->gap_us = MAX(b->gap_us, now - t->last_us);
	t->last_us = b->end_us = now;
	b->seen++;
}

/* Where the last word may go on in the next piece it is kept for that. */
static void
see(struct bench *b, struct peer *p, const char *piece, size_t n, int64_t now)
{
	auto_buf text = {.max = PIECE + TAIL};
	const char *at, *end;
	char *after;
	long turn, word;

	buf_add(&text, p->tail, p->tail_n);
	buf_add(&text, piece, n);
	at = buf_str(&text);
	end = at + text.len;
	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		turn = strtol(at + 1, &after, 10);
		word = *after == 't' ? strtol(after + 1, &after, 10) : -1;
		if (*after == '.')
			see_word(b, turn, word, now);
		at++;
	}
	p->tail_n = MIN(text.len, TAIL);
	memcpy(p->tail, end - p->tail_n, p->tail_n);
}

static void
client_read(struct bench *b, struct peer *p)
{
	static char piece[PIECE];
	ssize_t n;

	if (!p->sent) {
		p->sent = true;
		if (write(p->fd, b->request, strlen(b->request)) < 0)
			fail("the gateway's connection");
	}
	while ((n = read(p->fd, piece, sizeof(piece))) > 0) {
		stream_feed(&p->events, piece, (size_t)n);
		see(b, p, piece, (size_t)n, clk_mono_us());
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (p->events.status != 200) {
		fprintf(stderr, "bench_turns: the gateway answered %d\n",
		    p->events.status);
		exit(1);
	}
	b->ended++;
	peer_end(p);
}

/* ---- figures ---- */

static long
ticks_of(int pid)
{
	auto_str path = xasprintf("/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	unsigned long user = 0, kernel = 0;

	if (f == NULL || fscanf(f,
			     "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u "
			     "%*u %*u %*u %lu %lu",
			     &user, &kernel) != 2)
		fail(path);
	fclose(f);
	return (long)(user + kernel);
}

static long
rss_kib(int pid)
{
	auto_str path = xasprintf("/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	char line[200];
	long kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool
tell_words(const struct bench *b)
{
	double *ms = xcalloc((size_t)b->seen + 1, sizeof(*ms));
	int n = 0, missed = b->n_turns * b->tokens - b->seen;
	bool good;

	for (int i = 0; i < b->n_turns; i++)
		for (int k = 0; k < b->tokens; k++)
			if (b->turns[i].seen_us[k] != 0)
				ms[n++] = (double)(b->turns[i].seen_us[k] -
						   b->turns[i].sent_us[k]) /
					  1e3;
	qsort(ms, (size_t)n, sizeof(*ms), by_size);
	printf("%d turns of %d words, %d words a second each: %d missed\n",
	    b->n_turns, b->tokens, b->rate, missed);
	printf("from the model's byte to the token event, ms: median %.1f, "
	       "p95 %.1f, p99 %.1f, worst %.1f\n",
	    ms[n / 2], ms[n * 95 / 100], ms[n * 99 / 100],
	    n > 0 ? ms[n - 1] : 0);
	printf("the longest any turn stood still: %.0f ms\n",
	    (double)b->gap_us / 1e3);
	good = missed == 0 && ms[n * 99 / 100] <= P99_MS;
	free(ms);
	return good;
}

static void
tell_watched(const struct bench *b)
{
	double s = (double)(b->end_us - b->first_us) / 1e6;
	long hz = sysconf(_SC_CLK_TCK);

	for (int i = 0; i < b->n_watched; i++) {
		const struct watched *w = &b->watched[i];

		printf("%s: %.0f %% of a processor, at most %.1f MiB\n",
		    w->name,
		    100 * (double)(ticks_of(w->pid) - w->ticks) / (double)hz /
			s,
		    (double)rss_kib(w->pid) / 1024);
	}
}

/* ---- from the begin to the end ---- */

static void
listen_for_planner(struct bench *b)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(fd, 4096) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		fail("listen");
	peer_new(b, KIND_DOOR, fd);
	printf("LISTENING %d\n", ntohs(at.sin_port));
	fflush(stdout);
}

static void
hear_whom(struct bench *b)
{
	char line[1000], *save = NULL, *word;
	struct watched *w;

	if (fgets(line, sizeof(line), stdin) == NULL ||
	    (word = strtok_r(line, " \n", &save)) == NULL ||
	    !stream_addr(word, &b->gateway))
		fail("stdin says no address of a gateway");
	b->request = stream_request(word, "/api/ai_ops", "{}");
	while ((word = strtok_r(NULL, " \n", &save)) != NULL &&
	       b->n_watched < WATCHED_MAX) {
		w = &b->watched[b->n_watched++];
		snprintf(w->name, sizeof(w->name), "%s", word);
		word = strtok_r(NULL, " \n", &save);
		w->pid = word != NULL ? atoi(word) : 0;
		w->ticks = ticks_of(w->pid);
	}
}

static void
serve(struct bench *b, struct peer *p)
{
	int fd;

	if (p->fd < 0)
		return;
	if (p->kind == KIND_MODEL) {
		be_read(b, p);
	} else if (p->kind == KIND_CLIENT) {
		client_read(b, p);
	} else {
		fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
		peer_new(b, KIND_MODEL, fd);
	}
}

static void
run(struct bench *b)
{
	struct epoll_event got[BATCH];
	int n;

	b->heard_us = clk_mono_us();
	while (b->ended < b->n_turns) {
		n = epoll_wait(b->epoll, got, BATCH, say_all(b));
		if (n > 0)
			b->heard_us = clk_mono_us();
		if (clk_mono_us() - b->heard_us > SILENCE_MS * 1000LL)
			fail("nothing was heard for a minute");
		for (int i = 0; i < n; i++)
			serve(b, got[i].data.ptr);
	}
}

static int
number(const char *text, int most)
{
	int n = atoi(text);

	if (n > 0 && n <= most)
		return n;
	fprintf(
	    stderr, "bench_turns: not a number from 1 to %d: %s\n", most, text);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct bench b = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	bool good;

	if (argc != 4) {
		fputs("usage: bench_turns TURNS TOKENS RATE\n", stderr);
		return 2;
	}
	b.n_turns = number(argv[1], TURNS_MAX);
	b.tokens = number(argv[2], TOKENS_MAX);
	b.rate = number(argv[3], 1000);
	b.turns = xcalloc((size_t)b.n_turns, sizeof(*b.turns));
	for (int i = 0; i < b.n_turns; i++) {
		b.turns[i].sent_us = xcalloc((size_t)b.tokens, 8);
		b.turns[i].seen_us = xcalloc((size_t)b.tokens, 8);
	}
	listen_for_planner(&b);
	hear_whom(&b);
	for (int i = 0; i < b.n_turns; i++)
		peer_new(&b, KIND_CLIENT, stream_dial(&b.gateway));
	run(&b);
	good = tell_words(&b);
	tell_watched(&b);
	return good ? 0 : 1;
}
