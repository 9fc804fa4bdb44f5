/*
 * web.c - one request and its answer, as the app sees them.
 *
 * Invariant: an answer is given once; what comes after it is dropped.
 */
#include "gateway/http/server_in.h"
#include "gateway/http/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/base/sha256.h"

enum {
	STREAM_BLOCK = 1024,
	/* One event, e.g. a report, may be larger than what is held back. */
	OUT_MAX = SSE_DATA_MAX + (1 << 20),
};

/* ---- lifetimes ---- */

struct web *
web_new(struct server *s, int fd, const struct route_match *match,
    const char *origin)
{
	struct web *h = xcalloc(1, sizeof(*h));

	h->s = s;
	h->fd = fd;
	h->match = *match;
	h->origin = origin;
	h->since_ms = h->moved_ms = clk_mono_ms();
	buf_init(&h->body, match->route->body_max);
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
web_gone(struct web *h)
{
	if (h->gone)
		return;
	h->gone = true;
	h->s->spec.on_gone(h->s->spec.api, h);
}

void
web_free(struct web *h)
{
	struct server *s = h->s;

	web_gone(h);
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
web_suspend(struct web *h)
{
	MHD_suspend_connection(h->connection);
	h->suspended = true;
}

void
web_resume(struct web *h)
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
web_cut(struct web *h)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (h->cut)
		return;
	h->cut = true;
	setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	shutdown(h->fd, SHUT_RDWR);
	h->s->dirty = true;
	web_resume(h);
}

/* ---- the request ---- */

const struct route_match *
web_match(const struct web *h)
{
	return &h->match;
}

struct span
web_body(const struct web *h)
{
	return buf_span(&h->body);
}

struct span
web_header(const struct web *h, const char *name)
{
	/* The library leaves what stands behind a value. */
	return span_trim_set(span_of(MHD_lookup_connection_value(
				 h->connection, MHD_HEADER_KIND, name)),
	    SPAN_HTTP_BLANKS);
}

struct span
web_arg(const struct web *h, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(h->connection, MHD_GET_ARGUMENT_KIND,
		name, strlen(name), &value, &n) != MHD_YES)
		return (struct span){0};
	return span_make(value != NULL ? value : "", n);
}

void
web_set_user(struct web *h, void *user)
{
	h->user = user;
}

void *
web_user(const struct web *h)
{
	return h->user;
}

/* ---- the answer ---- */

/* Without memory the process ends, here as anywhere. */
static struct MHD_Response *
response_made(struct MHD_Response *r)
{
	if (r == NULL)
		memory_out(0);
	return r;
}

static void
field_add(struct MHD_Response *r, const char *name, const char *value)
{
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		log_warn("a header field was left out", "name", name, NULL);
}

static void
fields_cors(
    const struct web *h, struct MHD_Response *r, const struct cors_field *f)
{
	if (cors_is_on(gate_cors(h->s->spec.gate)))
		field_add(r, "Vary", "Origin");
	if (h->origin == NULL)
		return;
	field_add(r, "Access-Control-Allow-Origin", h->origin);
	for (; f->name != NULL; f++)
		field_add(r, f->name, f->value);
}

static void
fields_common(const struct web *h, struct MHD_Response *r, const char *cache)
{
	fields_cors(h, r,
	    h->match.route->handle == web_preflight ? cors_preflight
						    : cors_answer);
	field_add(r, "Connection", "close");
	field_add(r, "Cache-Control", cache != NULL ? cache : "no-store");
	field_add(r, "X-Content-Type-Options", "nosniff");
}

static void
answer(struct web *h, int status, struct MHD_Response *r)
{
	if (h->response != NULL) {
		MHD_destroy_response(r);
		return;
	}
	h->response = r;
	h->status = status;
	web_resume(h);
}

const char web_policy_inert[] =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

static void
fields_add(const struct web *h, struct MHD_Response *r,
    const struct web_reply *reply)
{
	const char *const fields[][2] = {
	    {"Content-Type", reply->media},
	    {"Location", reply->location},
	    {"Content-Encoding", reply->encoding},
	    {"ETag", reply->etag},
	    {"Vary", reply->vary},
	    {"Content-Security-Policy", reply->policy},
	    {"Referrer-Policy", reply->policy != NULL ? "no-referrer" : NULL},
	    {reply->field, reply->field != NULL ? reply->value : NULL},
	};
	size_t i;

	fields_common(h, r, reply->cache);
	for (i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i][1] != NULL)
			field_add(r, fields[i][0], fields[i][1]);
}

void
web_reply(struct web *h, const struct web_reply *reply, struct buf *body)
{
	size_t n = body != NULL ? body->len : 0;
	struct MHD_Response *r = response_made(MHD_create_response_from_buffer(
	    n, n > 0 ? buf_take(body) : NULL, MHD_RESPMEM_MUST_FREE));

	fields_add(h, r, reply);
	answer(h, reply->status, r);
}

void
web_reply_constant(
    struct web *h, const struct web_reply *reply, struct span body)
{
	struct MHD_Response *r = response_made(MHD_create_response_from_buffer(
	    body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT));

	fields_add(h, r, reply);
	answer(h, reply->status, r);
}

bool
web_has(const struct web *h, const char *etag)
{
	struct span list = web_header(h, "If-None-Match");

	return list.n > 0 && (span_is(list, "*") ||
				 memmem(list.p, list.n, etag,
				     strlen(etag)) != NULL);
}

void
web_reply_named(struct web *h, const struct web_reply *reply, struct buf *body)
{
	struct web_reply r = *reply;
	char sum[SHA256_TEXT], etag[SHA256_TEXT + 2];
	bool known;

	if (body->len > WEB_NAMED_BYTES_MAX) {
		web_reply(h, reply, body);
		return;
	}
	snprintf(etag, sizeof(etag), "\"%s\"",
	    sha256_text(buf_span(body), sum));
	known = web_has(h, etag);
	r.status = known ? 304 : 200;
	r.etag = etag;
	/* Kept by whoever asked, and asked for again each time: the token is
	 * looked at, and a verdict may have come. */
	r.cache = "private, no-cache";
	r.vary = "Accept";
	web_reply(h, &r, known ? NULL : body);
}

void
web_problem(struct web *h, const struct problem *p)
{
	struct MHD_Response *r;
	char seconds[16];
	auto_buf b = {0};

	buf_init(&b, 16384);
	problem_json(&b, p);
	r = response_made(MHD_create_response_from_buffer(
	    b.len, b.data, MHD_RESPMEM_MUST_COPY));
	fields_common(h, r, NULL);
	field_add(r, "Content-Type", "application/problem+json");
	if (p->allow[0] != '\0')
		field_add(r, "Allow", p->allow);
	snprintf(seconds, sizeof(seconds), "%d", p->retry_after_s);
	if (p->retry_after_s != 0)
		field_add(r, "Retry-After", seconds);
	answer(h, p->status, r);
}

void
web_preflight(struct api *api UNUSED, struct web *h)
{
	web_reply(h, &(struct web_reply){.status = 204}, NULL);
}

/* Gives the library what waits; suspends when nothing does. */
static ssize_t
stream_read(void *cls, uint64_t pos UNUSED, char *buf, size_t max)
{
	struct web *h = cls;
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
		web_suspend(h);
		return 0;
	}
	n = MIN(n, max);
	memcpy(buf, h->out.data + h->sent, n);
	h->sent += n;
	FAILPOINT(stream_part);
	h->moved_ms = clk_mono_ms();
	return (ssize_t)n;
}

static void
stream_watch(struct web *h)
{
	struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = h};

	epoll_ctl(h->s->watch_fd, EPOLL_CTL_ADD, h->fd, &ev);
}

bool
web_is_stream(const struct web *h)
{
	return h->state == WEB_STREAMING;
}

void
web_stream(struct web *h, const char *location)
{
	struct MHD_Response *r =
	    response_made(MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, h, NULL));

	fields_common(h, r, NULL);
	field_add(r, "Content-Type", "text/event-stream; charset=utf-8");
	field_add(r, "X-Accel-Buffering", "no");
	if (location != NULL)
		field_add(r, "Location", location);
	h->state = WEB_STREAMING;
	stream_watch(h);
	answer(h, MHD_HTTP_OK, r);
	FAILPOINT(stream_begins);
}

struct buf *
web_out(struct web *h)
{
	return &h->out;
}

void
web_fit(struct web *h)
{
	buf_consume(&h->out, h->sent);
	h->sent = 0;
	buf_fit(&h->out);
}

size_t
web_pending(const struct web *h)
{
	return h->out.len - h->sent;
}

void
web_flush(struct web *h)
{
	if (h->state == WEB_STREAMING && (h->ended || web_pending(h) > 0))
		web_resume(h);
}

void
web_end(struct web *h)
{
	h->ended = true;
	web_flush(h);
}
