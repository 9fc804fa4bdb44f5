/*
 * fuzz_sse_read.c - where a text/event-stream is cut makes no difference, and
 * its events are those that a reader of whole lines finds.
 *
 * The first byte chooses the limit, the second where it is cut.
 */
#include "common/net/sse_read.h"

#include <assert.h>

enum { LOG_MAX = 1 << 20 };

static void
put_event(struct buf *log, struct span id, struct span type, struct span data)
{
	buf_addf(log, "%zu,%zu,%zu:", id.n, type.n, data.n);
	buf_add_span(log, id);
	buf_add_span(log, type);
	buf_add_span(log, data);
}

static void
on_event(void *ctx, const struct sse_event *ev)
{
	assert(ev->type.n > 0);
	put_event(ctx, ev->id, ev->type, ev->data);
}

static enum rc
read_pieces(struct span in, size_t max, size_t piece, struct buf *log)
{
	struct sse_read r;
	struct err err = {0};
	enum rc rc = RC_OK;

	sse_read_init(&r, max, on_event, log);
	while (in.n > 0) {
		size_t n = MIN(piece, in.n);

		rc = sse_read_feed(&r, span_make(in.p, n), &err);
		in = span_from(in, n);
	}
	assert(rc == RC_OK || (rc == RC_TOOBIG && err.text[0] != '\0'));
	assert(r.line.len <= max && r.data.len <= max);
	sse_read_done(&r);
	return rc;
}

/* One line without its end, of a copy that ends in LF; CR LF and CR are read
 * as it is. */
static struct span
line_take(struct span *rest)
{
	struct span line = {rest->p, 0};

	while (line.p[line.n] != '\n' && line.p[line.n] != '\r')
		line.n++;
	*rest = span_from(*rest, line.n + 1);
	if (line.p[line.n] == '\r' && rest->n > 0 && rest->p[0] == '\n')
		*rest = span_from(*rest, 1);
	return line;
}

static struct span
value_of(struct span line, const char *name)
{
	size_t n = strlen(name);

	if (line.n < n || memcmp(line.p, name, n) != 0 ||
	    (line.n > n && line.p[n] != ':'))
		return (struct span){NULL, 0};
	line = span_from(line, MIN(n + 1, line.n));
	return line.n > 0 && line.p[0] == ' ' ? span_from(line, 1) : line;
}

/* Without limits: all lines up to the last that has an end. */
static void
read_lines(struct span in, struct buf *log)
{
	struct span id = {"", 0}, type = id, v;
	static struct buf data = {.max = LOG_MAX};
	bool has_data = false;

	if (in.n >= 3 && memcmp(in.p, "\xEF\xBB\xBF", 3) == 0)
		in = span_from(in, 3);
	buf_reset(&data);
	while (in.n > 0) {
		struct span line = line_take(&in);

		if ((v = value_of(line, "data")).p != NULL) {
			buf_addf(&data, "%s", has_data ? "\n" : "");
			buf_add_span(&data, v);
			has_data = true;
		} else if ((v = value_of(line, "event")).p != NULL) {
			type = v;
		} else if ((v = value_of(line, "id")).p != NULL) {
			if (memchr(v.p, '\0', v.n) == NULL)
				id = v;
		} else if (line.n == 0) {
			if (has_data)
				put_event(log, id,
				    type.n > 0 ? type : span_of("message"),
				    buf_span(&data));
			buf_reset(&data);
			id = type = span_of("");
			has_data = false;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf whole = {.max = LOG_MAX}, pieces = {.max = LOG_MAX},
			  lines = {.max = LOG_MAX};
	struct span in;
	size_t max, n;

	if (size < 2)
		return 0;
	in = span_make(data + 2, size - 2);
	max = data[0] == 0 ? size : data[0];
	buf_reset(&whole);
	buf_reset(&pieces);
	buf_reset(&lines);
	assert(read_pieces(in, max, size, &whole) ==
	       read_pieces(in, max, 1U + data[1], &pieces));
	assert(span_equal(buf_span(&whole), buf_span(&pieces)));

	for (n = in.n; n > 0 && in.p[n - 1] != '\n' && in.p[n - 1] != '\r';)
		n--;
	read_lines(span_make(in.p, n), &lines);
	/* Over a limit it stops early. */
	assert(whole.len <= lines.len);
	assert(
	    whole.len == 0 || memcmp(whole.data, lines.data, whole.len) == 0);
	assert(
	    data[0] != 0 || whole.len == lines.len || size > SSE_READ_TYPE_MAX);
	return 0;
}
