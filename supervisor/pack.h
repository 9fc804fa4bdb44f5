/*
 * pack.h - labelled, numbered items as one run of bytes, and deflating it.
 *
 * An item is its number, its label's and data's lengths as varints, then
 * both. Whatever a file holds, reading stays within it.
 */
#ifndef SUPERVISOR_PACK_H
#define SUPERVISOR_PACK_H

#include "common/buf.h"

#include <stdint.h>

/* n is not negative. Appends to b, whose maximum holds. */
void pack_add(struct buf *b, int64_t n, struct span label, struct span data);

/* Takes the next item off *rest. RC_NOTFOUND: *rest is empty. RC_INVALID: it
 * is not a pack. The spans point into *rest. */
NODISCARD enum rc pack_next(struct span *rest, int64_t *ret_n,
    struct span *ret_label, struct span *ret_data, struct err *err);

/* Appends raw, deflated, to b. RC_TOOBIG: over b's maximum. */
NODISCARD enum rc pack_deflate(struct span raw, struct buf *b,
    struct err *err);

/* Inflates to exactly raw_bytes, at most max_bytes: *ret is the caller's
 * (free). RC_INVALID: damaged, longer or shorter than that. */
NODISCARD enum rc pack_inflate(struct span deflated, int64_t raw_bytes,
    size_t max_bytes, char **ret, struct err *err);

#endif
