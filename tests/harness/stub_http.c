/*
 * stub_http.c - an HTTP server for tests that answers as it is told.
 */
#include "tests/harness/stub_http.h"
#include "common/base/buf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 1 << 20, CONNS_MAX = 256 };

struct stub_conn {
	struct stub_http *stub;
	pthread_t thread;
	int fd;
	bool close;
	bool used; /* has had a thread, which is to be joined */
	atomic_bool over;
};

struct stub_http {
	stub_fn *answer;
	void *arg;
	int listener;
	int stop[2]; /* a pipe; closing its writer ends every wait */
	pthread_t thread;
	bool is_up;
	char url[64];
	struct stub_conn conns[CONNS_MAX];
	atomic_int n_conns, n_requests, n_open;
};

/* Waits for bytes on fd; false: the stub ends. */
static bool
wait_readable(struct stub_http *s, int fd)
{
	struct pollfd p[2] = {
	    {.fd = fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};

	while (poll(p, 2, -1) < 0)
		;
	return p[1].revents == 0;
}

bool
stub_raw(struct stub_conn *c, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		struct pollfd w[2] = {{.fd = c->fd, .events = POLLOUT},
		    {.fd = c->stub->stop[0], .events = POLLIN}};
		ssize_t sent;

		poll(w, 2, -1);
		if (w[1].revents != 0)
			return false;
		sent = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

bool
stub_raws(struct stub_conn *c, const char *text)
{
	return stub_raw(c, text, strlen(text));
}

void
stub_answer(struct stub_conn *c, int status, const char *type, const char *body)
{
	char head[256];

	snprintf(head, sizeof(head),
	    "HTTP/1.1 %d Status\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    status, type != NULL ? type : "application/json", strlen(body));
	if (stub_raws(c, head))
		stub_raws(c, body);
}

void
stub_close(struct stub_conn *c)
{
	c->close = true;
}

void
stub_hang(struct stub_conn *c)
{
	char dropped[4096];

	while (wait_readable(c->stub, c->fd))
		if (recv(c->fd, dropped, sizeof(dropped), 0) <= 0)
			break;
	c->close = true;
}

void
stub_routes(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	const struct stub_route *r = arg;

	for (; r->status != 0; r++) {
		if (strncmp(rq->target, r->start, strlen(r->start)) != 0)
			continue;
		stub_answer(c, r->status, r->type, r->body);
		return;
	}
	stub_answer(c, 404, "text/plain", "404 page not found\n");
}

/* Reads more of a request; false: the connection is over. */
static bool
read_more(struct stub_conn *c, struct buf *in)
{
	char bytes[16384];
	ssize_t n;

	if (!wait_readable(c->stub, c->fd))
		return false;
	n = recv(c->fd, bytes, sizeof(bytes), 0);
	if (n <= 0)
		return false;
	buf_add(in, bytes, (size_t)n);
	return !in->full;
}

static size_t
content_length(const char *head)
{
	const char *p = strcasestr(head, "\r\nContent-Length:");

	return p != NULL ? (size_t)strtoul(p + 17, NULL, 10) : 0;
}

static bool
serve_one(struct stub_conn *c)
{
	auto_buf in = {.max = REQUEST_MAX};
	struct stub_request rq;
	char method[16], target[65536];
	char *end;
	size_t head, body;

	while ((end = strstr(buf_str(&in), "\r\n\r\n")) == NULL)
		if (!read_more(c, &in))
			return false;
	head = (size_t)(end - in.data) + 4;
	body = content_length(in.data);
	while (in.len < head + body)
		if (!read_more(c, &in))
			return false;
	end = in.data + head - 2;
	*end = '\0';
	if (sscanf(in.data, "%15s %65535s", method, target) != 2)
		return false;
	rq = (struct stub_request){method, target, in.data, in.data + head};
	atomic_fetch_add(&c->stub->n_requests, 1);
	c->stub->answer(c, &rq, c->stub->arg);
	return !c->close;
}

static void *
conn_main(void *arg)
{
	struct stub_conn *c = arg;

	while (serve_one(c))
		;
	close(c->fd);
	atomic_fetch_sub(&c->stub->n_open, 1);
	atomic_store(&c->over, true);
	return NULL;
}

/* A place that nobody has, or whose connection is over. */
static struct stub_conn *
free_place(struct stub_http *s)
{
	int i = 0;

	while (i < CONNS_MAX && s->conns[i].used &&
	       !atomic_load(&s->conns[i].over))
		i++;
	assert(i < CONNS_MAX);
	if (s->conns[i].used)
		pthread_join(s->conns[i].thread, NULL);
	return &s->conns[i];
}

static void *
accept_main(void *arg)
{
	struct stub_http *s = arg;

	while (wait_readable(s, s->listener)) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		struct stub_conn *c;

		if (fd < 0)
			continue;
		c = free_place(s);
		*c = (struct stub_conn){.stub = s, .fd = fd, .used = true};
		atomic_fetch_add(&s->n_open, 1);
		pthread_create(&c->thread, NULL, conn_main, c);
		atomic_fetch_add(&s->n_conns, 1);
	}
	return NULL;
}

static void
bind_anywhere(struct stub_http *s)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&a, n) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&a, &n) != 0)
		abort();
	snprintf(
	    s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
}

struct stub_http *
stub_http_down(stub_fn *answer, void *arg)
{
	struct stub_http *s = xcalloc(1, sizeof(*s));

	s->answer = answer;
	s->arg = arg;
	bind_anywhere(s);
	if (pipe2(s->stop, O_CLOEXEC) != 0)
		abort();
	return s;
}

void
stub_http_up(struct stub_http *s)
{
	if (listen(s->listener, 64) != 0)
		abort();
	pthread_create(&s->thread, NULL, accept_main, s);
	s->is_up = true;
}

struct stub_http *
stub_http_new(stub_fn *answer, void *arg)
{
	struct stub_http *s = stub_http_down(answer, arg);

	stub_http_up(s);
	return s;
}

void
stub_http_free(struct stub_http *s)
{
	int i;

	close(s->stop[1]);
	if (s->is_up)
		pthread_join(s->thread, NULL);
	for (i = 0; i < CONNS_MAX; i++)
		if (s->conns[i].used)
			pthread_join(s->conns[i].thread, NULL);
	close(s->stop[0]);
	close(s->listener);
	free(s);
}

const char *
stub_http_url(const struct stub_http *s)
{
	return s->url;
}

int
stub_http_connections(struct stub_http *s)
{
	return atomic_load(&s->n_conns);
}

int
stub_http_requests(struct stub_http *s)
{
	return atomic_load(&s->n_requests);
}

int
stub_http_open(struct stub_http *s)
{
	return atomic_load(&s->n_open);
}
