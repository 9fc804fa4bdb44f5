/*
 * http.c - one request and its answer, as the app sees them.
 *
 * Invariant: an answer is given once; what comes after it is dropped.
 */
#include "gateway/server_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/clk.h"
#include "common/log.h"

enum {
	STREAM_BLOCK = 1024,
	/* One event, e.g. a report, may be larger than what is held back. */
	OUT_MAX = 32 << 20,
};

/* ---- lifetimes ---- */

struct http *
http_new(struct server *s, int fd, const struct route_match *match)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->s = s;
	h->fd = fd;
	h->match = *match;
	h->since_ms = h->moved_ms = clk_mono_ms();
	buf_init(&h->body, ROUTE_BODY_MAX);
	buf_init(&h->out, OUT_MAX);
	h->next = s->all;
	if (s->all != NULL)
		s->all->prev = h;
	s->all = h;
	s->n++;
	s->by_fd[fd] = h;
	return h;
}

void
http_gone(struct http *h)
{
	if (h->gone)
		return;
	h->gone = true;
	h->s->spec.on_gone(h->s->spec.api, h);
}

void
http_free(struct http *h)
{
	struct server *s = h->s;

	http_gone(h);
	if (h->response != NULL)
		MHD_destroy_response(h->response);
	*(h->prev != NULL ? &h->prev->next : &s->all) = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	s->n--;
	if (s->by_fd[h->fd] == h)
		s->by_fd[h->fd] = NULL;
	buf_done(&h->body);
	buf_done(&h->out);
	free(h);
}

void
http_suspend(struct http *h)
{
	MHD_suspend_connection(h->connection);
	h->suspended = true;
}

void
http_resume(struct http *h)
{
	if (!h->suspended)
		return;
	h->suspended = false;
	h->moved_ms = clk_mono_ms();
	h->s->dirty = true;
	MHD_resume_connection(h->connection);
}

/* A reset instead of a farewell: what the kernel still holds for a client
 * that does not read would otherwise outlive the connection. */
void
http_cut(struct http *h)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (h->cut)
		return;
	h->cut = true;
	setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	shutdown(h->fd, SHUT_RDWR);
	h->s->dirty = true;
	http_resume(h);
}

/* ---- the request ---- */

const struct route_match *
http_match(const struct http *h)
{
	return &h->match;
}

struct span
http_body(const struct http *h)
{
	return buf_span(&h->body);
}

struct span
http_header(const struct http *h, const char *name)
{
	return span_of(
	    MHD_lookup_connection_value(h->connection, MHD_HEADER_KIND, name));
}

struct span
http_arg(const struct http *h, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(h->connection, MHD_GET_ARGUMENT_KIND,
		name, strlen(name), &value, &n) != MHD_YES)
		return (struct span){0};
	return span_make(value != NULL ? value : "", n);
}

struct arg_search {
	const char *const *known;
	const char *found;
};

static enum MHD_Result
arg_look(void *cls, enum MHD_ValueKind kind UNUSED, const char *key,
    const char *value UNUSED)
{
	struct arg_search *a = cls;
	const char *const *k;

	for (k = a->known; *k != NULL; k++)
		if (strcmp(*k, key) == 0)
			return MHD_YES;
	a->found = key;
	return MHD_NO;
}

const char *
http_arg_unknown(const struct http *h, const char *const *known)
{
	struct arg_search a = {.known = known};

	MHD_get_connection_values(
	    h->connection, MHD_GET_ARGUMENT_KIND, arg_look, &a);
	return a.found;
}

void
http_set_user(struct http *h, void *user)
{
	h->user = user;
}

void *
http_user(const struct http *h)
{
	return h->user;
}

/* ---- the answer ---- */

static void
field_add(struct MHD_Response *r, const char *name, const char *value)
{
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		log_warn("a header field was left out", "name", name, NULL);
}

static void
fields_common(struct MHD_Response *r)
{
	field_add(r, "Connection", "close");
	field_add(r, "Cache-Control", "no-store");
	field_add(r, "X-Content-Type-Options", "nosniff");
}

static void
answer(struct http *h, int status, struct MHD_Response *r)
{
	if (h->response != NULL) {
		MHD_destroy_response(r);
		return;
	}
	h->response = r;
	h->status = status;
	http_resume(h);
}

void
http_reply(struct http *h, const struct http_reply *reply, struct buf *body)
{
	size_t n = body != NULL ? body->len : 0;
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    n, n > 0 ? buf_take(body) : NULL, MHD_RESPMEM_MUST_FREE);

	fields_common(r);
	if (reply->media != NULL)
		field_add(r, "Content-Type", reply->media);
	if (reply->location != NULL)
		field_add(r, "Location", reply->location);
	if (reply->field != NULL)
		field_add(r, reply->field, reply->value);
	if (reply->page)
		field_add(r, "Content-Security-Policy",
		    "default-src 'none'; style-src 'unsafe-inline'; "
		    "img-src 'self' data:; frame-ancestors 'self'; "
		    "base-uri 'none'; form-action 'none'");
	answer(h, reply->status, r);
}

void
http_problem(struct http *h, const struct problem *p)
{
	struct MHD_Response *r;
	char seconds[16];
	auto_buf b = {0};

	buf_init(&b, 16384);
	problem_json(&b, p);
	r = MHD_create_response_from_buffer(
	    b.len, b.data, MHD_RESPMEM_MUST_COPY);
	fields_common(r);
	field_add(r, "Content-Type", "application/problem+json");
	if (p->allow[0] != '\0')
		field_add(r, "Allow", p->allow);
	snprintf(seconds, sizeof(seconds), "%d", p->retry_after_s);
	if (p->retry_after_s != 0)
		field_add(r, "Retry-After", seconds);
	answer(h, p->status, r);
}

/* Gives the library what waits; suspends when nothing does. */
static ssize_t
stream_read(void *cls, uint64_t pos UNUSED, char *buf, size_t max)
{
	struct http *h = cls;
	size_t n = h->out.len - h->sent;

	if (h->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0 && h->out.data != NULL) {
		buf_done(&h->out);
		h->sent = 0;
		if (!h->ended)
			h->s->spec.on_drained(h->s->spec.api, h);
		n = h->out.len;
	}
	if (n == 0 && h->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		http_suspend(h);
		return 0;
	}
	n = MIN(n, max);
	memcpy(buf, h->out.data + h->sent, n);
	h->sent += n;
	h->moved_ms = clk_mono_ms();
	return (ssize_t)n;
}

static void
stream_watch(struct http *h)
{
	struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = h};

	epoll_ctl(h->s->watch_fd, EPOLL_CTL_ADD, h->fd, &ev);
}

bool
http_is_stream(const struct http *h)
{
	return h->state == HTTP_STREAMING;
}

void
http_stream(struct http *h, const char *location)
{
	struct MHD_Response *r = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, h, NULL);

	fields_common(r);
	field_add(r, "Content-Type", "text/event-stream; charset=utf-8");
	field_add(r, "X-Accel-Buffering", "no");
	if (location != NULL)
		field_add(r, "Location", location);
	h->state = HTTP_STREAMING;
	stream_watch(h);
	answer(h, MHD_HTTP_OK, r);
}

struct buf *
http_out(struct http *h)
{
	return &h->out;
}

size_t
http_pending(const struct http *h)
{
	return h->out.len - h->sent;
}

void
http_flush(struct http *h)
{
	if (h->state == HTTP_STREAMING && (h->ended || http_pending(h) > 0))
		http_resume(h);
}

void
http_end(struct http *h)
{
	h->ended = true;
	http_flush(h);
}
