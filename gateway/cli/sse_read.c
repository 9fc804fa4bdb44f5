/*
 * sse_read.c - a text/event-stream, byte by byte, into events.
 */
#include "gateway/cli/sse_read.h"

void
sse_read_init(struct sse_read *r,
    void (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	*r =
	    (struct sse_read){.on_event = on_event, .ctx = ctx, .retry_ms = -1};
	buf_init(&r->line, SSE_READ_BYTES_MAX);
	buf_init(&r->data, SSE_READ_BYTES_MAX);
	buf_init(&r->id, 1024);
	buf_init(&r->type, 256);
}

void
sse_read_done(struct sse_read *r)
{
	buf_done(&r->line);
	buf_done(&r->data);
	buf_done(&r->id);
	buf_done(&r->type);
}

static void
sse_read_clear(struct sse_read *r)
{
	buf_reset(&r->data);
	buf_reset(&r->id);
	buf_reset(&r->type);
	r->has_data = false;
}

void
sse_read_restart(struct sse_read *r)
{
	buf_reset(&r->line);
	r->after_cr = false;
	sse_read_clear(r);
}

static void
sse_read_emit(struct sse_read *r)
{
	struct sse_event ev = {
	    .id = buf_span(&r->id),
	    .type = r->type.len != 0 ? buf_span(&r->type) : span_of("message"),
	    .data = buf_span(&r->data),
	};

	if (r->has_data && !r->data.full && !r->id.full && !r->type.full)
		r->on_event(r->ctx, &ev);
	sse_read_clear(r);
}

static int64_t
sse_read_number(struct span s, int64_t otherwise)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || n > 1000000000)
			return otherwise;
		n = n * 10 + (s.p[i] - '0');
	}
	return s.n != 0 ? n : otherwise;
}

static void
sse_read_field(struct sse_read *r, struct span name, struct span value)
{
	if (span_is(name, "data")) {
		if (r->has_data)
			buf_addc(&r->data, '\n');
		buf_add_span(&r->data, value);
		r->has_data = true;
	} else if (span_is(name, "event")) {
		buf_reset(&r->type);
		buf_add_span(&r->type, value);
	} else if (span_is(name, "id")) {
		buf_reset(&r->id);
		buf_add_span(&r->id, value);
	} else if (span_is(name, "retry")) {
		r->retry_ms = sse_read_number(value, r->retry_ms);
	}
}

static void
sse_read_line(struct sse_read *r)
{
	struct span line = buf_span(&r->line), value = {"", 0};
	const char *colon = memchr(line.p, ':', line.n);

	if (line.n == 0) {
		sse_read_emit(r);
		return;
	}
	if (colon == line.p)
		return;
	if (colon != NULL) {
		value =
		    span_make(colon + 1, line.n - (size_t)(colon + 1 - line.p));
		line.n = (size_t)(colon - line.p);
		if (value.n > 0 && value.p[0] == ' ')
			value = span_make(value.p + 1, value.n - 1);
	}
	sse_read_field(r, line, value);
}

enum rc
sse_read_feed(struct sse_read *r, struct span bytes, struct err *err)
{
	for (size_t from = 0, i = 0; i <= bytes.n; i++) {
		char c = i < bytes.n ? bytes.p[i] : '\0';

		if (i == bytes.n || c == '\n' || c == '\r')
			buf_add(&r->line, bytes.p + from, i - from);
		if (i == bytes.n)
			break;
		if (c == '\n' && r->after_cr) {
			r->after_cr = false;
			from = i + 1;
			continue;
		}
		r->after_cr = c == '\r';
		if (c != '\n' && c != '\r')
			continue;
		from = i + 1;
		if (r->line.full || r->data.full)
			break;
		sse_read_line(r);
		buf_reset(&r->line);
	}
	if (r->line.full)
		return buf_check(&r->line, "a line of the event stream", err);
	return buf_check(&r->data, "an event", err);
}
