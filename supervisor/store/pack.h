/*
 * pack.h - records in a row as one run of bytes, and compressing those.
 *
 * A record is its kind, its number, its label's and data's lengths as
 * varints, then both. Whatever a file holds, reading stays within it.
 */
#ifndef SUPERVISOR_STORE_PACK_H
#define SUPERVISOR_STORE_PACK_H

#include "common/base/buf.h"

#include <stdint.h>

struct record {
	uint8_t kind;
	int64_t n; /* not negative */
	struct span label, data;
};

/* Appends to b, whose maximum holds. */
void pack_add(struct buf *b, const struct record *r);

/* Takes the next record off *rest. RC_NOTFOUND: *rest is empty. RC_INVALID:
 * it is not a pack. The spans point into *rest. */
NODISCARD enum rc pack_next(
    struct span *rest, struct record *ret, struct err *err);

/* Compressors keep half a megabyte each, once they are used, so there is one
 * for all that a thread packs. */
struct packer;

struct packer *packer_new(void);
void packer_free(struct packer *p);

/*
 * Compressed raw, with a sum of it; lives until the next call. What is like
 * before, which is other memory, takes little room: packer_expand wants the
 * same before. It may be a
 * few bytes longer than raw. Empty: that failed.
 */
struct span packer_compress(
    struct packer *p, struct span raw, struct span before);

/* Expands to exactly raw_bytes, at most max_bytes: *ret is the caller's
 * (free). RC_INVALID: damaged, longer or shorter than that. */
NODISCARD enum rc packer_expand(struct packer *p, struct span packed,
    int64_t raw_bytes, struct span before, size_t max_bytes, char **ret,
    struct err *err);

#endif
