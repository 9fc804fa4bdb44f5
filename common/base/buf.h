/*
 * buf.h - growing bytes with a mandatory maximum.
 *
 * Appending past the maximum appends nothing and sets a sticky mark, so that
 * a series of appends is checked once at its end. The bytes are always
 * followed by a NUL that does not count.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;	/* owned; NULL until the first append */
	size_t len;
	size_t cap;
	size_t max;
	bool full;	/* an append did not fit; nothing after it was kept */
};

/* Makes b empty with at most max_bytes; allocates nothing. */
void buf_init(struct buf *b, size_t max_bytes);

/* Frees the bytes; b is then as after buf_init with the same maximum. */
void buf_done(struct buf *b);

/* Forgets the content and the mark, keeps the memory. */
void buf_reset(struct buf *b);

/* Room for n more bytes at once, where the maximum allows. */
void buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
/* What buf_addc does where the memory at hand does not suffice. */
void buf_addc_grown(struct buf *b, char c);
static inline void
buf_addc(struct buf *b, char c)
{
	if (b->full || b->len + 1 >= b->cap || b->len >= b->max) {
		buf_addc_grown(b, c);
		return;
	}
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_add_span(struct buf *b, struct span s);
/* What another holds, and its mark. */
void buf_add_buf(struct buf *b, const struct buf *other);
/* Takes over the mark: what is made of other is not whole where that is not. */
void buf_mark(struct buf *b, const struct buf *other);

/* Forgets what is behind the first len bytes, and the mark. */
void buf_cut(struct buf *b, size_t len);

/* Removes the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);

/* Gives back the memory that the content does not take. */
void buf_fit(struct buf *b);

/* The content as a borrowed, terminated string; "" when empty. */
const char *buf_str(const struct buf *b);
struct span buf_span(const struct buf *b);

/* Transfers the bytes, NUL-terminated, to the caller (free); b is empty. */
char *buf_take(struct buf *b);

/* RC_TOOBIG when the mark is set, naming what the buffer held. */
NODISCARD enum rc buf_check(const struct buf *b, const char *what,
    struct err *err);

/* Frees itself; give it a value where it is declared, since a return before
 * buf_init would free what was never set. */
#define auto_buf CLEANUP(buf_done) struct buf

#endif
