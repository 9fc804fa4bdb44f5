/*
 * sse_read.c - a text/event-stream, byte by byte, into events.
 */
#include "common/net/sse_read.h"

static const struct span byte_order_mark = {"\xEF\xBB\xBF", 3};

void
sse_read_init(struct sse_read *r, size_t max_bytes,
    void (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	*r =
	    (struct sse_read){.on_event = on_event, .ctx = ctx, .retry_ms = -1};
	buf_init(&r->line, max_bytes);
	buf_init(&r->data, max_bytes);
	buf_init(&r->id, SSE_READ_ID_MAX);
	buf_init(&r->type, SSE_READ_TYPE_MAX);
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
	r->begun = r->after_cr = false;
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

	if (r->has_data)
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

/* No header field can say such an id again. */
static bool
has_nul(struct span s)
{
	return memchr(s.p, '\0', s.n) != NULL;
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
	} else if (span_is(name, "id") && !has_nul(value)) {
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
	const char *colon;

	if (!r->begun && line.n >= byte_order_mark.n &&
	    memcmp(line.p, byte_order_mark.p, byte_order_mark.n) == 0)
		line = span_from(line, byte_order_mark.n);
	r->begun = true;
	if (line.n == 0) {
		sse_read_emit(r);
		return;
	}
	colon = memchr(line.p, ':', line.n);
	if (colon == line.p)
		return;
	if (colon != NULL) {
		value = span_from(line, (size_t)(colon + 1 - line.p));
		line.n = (size_t)(colon - line.p);
		if (value.n > 0 && value.p[0] == ' ')
			value = span_from(value, 1);
	}
	sse_read_field(r, line, value);
}

static enum rc
sse_read_check(const struct sse_read *r, struct err *err)
{
	enum rc rc = buf_check(&r->line, "a line of the event stream", err);

	if (rc == RC_OK)
		rc = buf_check(&r->data, "an event's data", err);
	if (rc == RC_OK)
		rc = buf_check(&r->id, "an event's id", err);
	return rc == RC_OK ? buf_check(&r->type, "an event's type", err) : rc;
}

/* Bytes of one line up to its end, which is not in them. */
static size_t
sse_read_until_end(struct span bytes)
{
	size_t i = 0;

	while (i < bytes.n && bytes.p[i] != '\n' && bytes.p[i] != '\r')
		i++;
	return i;
}

enum rc
sse_read_feed(struct sse_read *r, struct span bytes, struct err *err)
{
	enum rc rc = sse_read_check(r, err);

	while (rc == RC_OK && bytes.n > 0) {
		size_t n = sse_read_until_end(bytes);
		bool second = r->after_cr && bytes.p[0] == '\n';

		r->after_cr = n < bytes.n && bytes.p[n] == '\r';
		buf_add(&r->line, bytes.p, n);
		if (n < bytes.n && !second && !r->line.full) {
			sse_read_line(r);
			buf_reset(&r->line);
		}
		bytes = span_from(bytes, MIN(n + 1, bytes.n));
		rc = sse_read_check(r, err);
	}
	return rc;
}
