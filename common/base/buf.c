/*
 * buf.c - growing bytes with a mandatory maximum.
 *
 * Invariant: len < cap when data is not NULL, data[len] is NUL, len <= max.
 */
#include "common/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAP_LEAST = 256 };

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void
buf_done(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	buf_cut(b, 0);
}

/* Makes room for n more bytes and the NUL; false when over the maximum. */
static bool
buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap != 0 ? b->cap : CAP_LEAST;

	if (b->full || n > b->max - b->len) {
		b->full = true;
		return false;
	}
	if (b->len + n < b->cap)
		return true;
	while (cap <= b->len + n)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
	return true;
}

void
buf_reserve(struct buf *b, size_t n)
{
	if (n <= b->max - b->len)
		buf_room(b, n);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!buf_room(b, n))
		return;
	if (n != 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc_grown(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	if (!buf_room(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_add_buf(struct buf *b, const struct buf *other)
{
	buf_add_span(b, buf_span(other));
	buf_mark(b, other);
}

void
buf_mark(struct buf *b, const struct buf *other)
{
	b->full = b->full || other->full;
}

void
buf_cut(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	b->full = false;
	if (b->data != NULL)
		b->data[len] = '\0';
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void
buf_fit(struct buf *b)
{
	if (b->cap <= b->len + 1)
		return;
	b->data = xrealloc(b->data, b->len + 1);
	b->cap = b->len + 1;
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

struct span
buf_span(const struct buf *b)
{
	return span_make(buf_str(b), b->len);
}

char *
buf_take(struct buf *b)
{
	char *s = b->data != NULL ? b->data : xstrdup("");

	b->data = NULL;
	buf_init(b, b->max);
	return s;
}

enum rc
buf_check(const struct buf *b, const char *what, struct err *err)
{
	if (!b->full)
		return RC_OK;
	return err_set(err, RC_TOOBIG, "%s is over its limit of %zu bytes",
	    what, b->max);
}
