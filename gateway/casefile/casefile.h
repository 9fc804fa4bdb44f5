/*
 * casefile.h - an investigation as one document that needs nothing else: its
 * report, every piece of evidence that this cites, drawn and as it came, and
 * the hashes of them. What one attaches to a ticket. Pure.
 */
#ifndef GATEWAY_CASEFILE_CASEFILE_H
#define GATEWAY_CASEFILE_CASEFILE_H

#include "common/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct casefile;

enum { CASEFILE_BYTES_MAX = 128 << 20 };

/* shown: the answer to a query `show`, which is copied. */
struct casefile *casefile_new(struct span shown);
void casefile_free(struct casefile *c);

/* Whether there is a report: it has ended. */
bool casefile_has_ended(const struct casefile *c);

/* The evidence that comes next, whose bytes, or why there are none, are to be
 * put; NULL: that was all. */
const char *casefile_next(const struct casefile *c);
void casefile_put(struct casefile *c, struct span bytes);
void casefile_put_lost(struct casefile *c, struct span why);

/* The document, once nothing comes next: its bytes move to ret. */
void casefile_end(struct casefile *c, struct buf *ret);

/* Appends the report as Markdown, with a list of the evidence it cites. */
void casefile_markdown(const struct casefile *c, struct buf *b);

#endif
