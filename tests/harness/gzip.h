/* gzip.h - gzip without a library: text as it is in its frame, and a bomb. */
#ifndef TESTS_HARNESS_GZIP_H
#define TESTS_HARNESS_GZIP_H

#include "common/base/buf.h"

/* Appends text as a gzip file (stored, not made smaller). */
void gzip_put(struct buf *b, struct span text);

/* Appends the beginning of a gzip file that n bytes of which become some
 * 158 * n bytes 'x'; it has no end. */
void gzip_put_bomb(struct buf *b, size_t n);

#endif
