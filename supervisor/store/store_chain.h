/*
 * store_chain.h - hashes that show whether a kept run is what was written.
 *
 * BLAKE2b-256 (RFC 7693, by libsodium), numbers as 8 bytes, low one first:
 *
 *	chain[0] = H("culprit run" | id)
 *	chain[i] = H("culprit row" | chain[i-1] | raw_bytes | leans | data)
 *				for each of its rows in the journal, whose
 *				data is hashed as it is kept: compressed
 *	seal     = H("culprit seal" | last chain | the row's columns, each as
 *		    its length and bytes, or as a number), of every row
 *	link[p]  = H("culprit link" | link[p-1] | p | seal)
 *
 * A finished run has the next place p in the chain over all runs; link[0] is
 * zeros. Nothing here is secret: who can write the whole store can
 * write it anew. To know of that too, keep the newest link elsewhere.
 */
#ifndef SUPERVISOR_STORE_STORE_CHAIN_H
#define SUPERVISOR_STORE_STORE_CHAIN_H

#include "common/base/span.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

enum { CHAIN_BYTES = 32 };

struct chain {
	uint8_t sum[CHAIN_BYTES];
};

void chain_begin(struct chain *c, struct span id);
void chain_add(struct chain *c, int64_t raw_bytes, bool leans,
    struct span data);

void chain_link(struct chain *link, int64_t place, const struct chain *seal);

/* A hash of several things, one after another. */
struct chain_sum {
	crypto_generichash_state state;
};

void chain_sum_begin(struct chain_sum *s, const char *what);
void chain_sum_span(struct chain_sum *s, struct span v);
void chain_sum_number(struct chain_sum *s, uint64_t v);
void chain_sum_end(struct chain_sum *s, struct chain *ret);

static inline struct span
chain_span(const struct chain *c)
{
	return span_make(c->sum, sizeof(c->sum));
}

/* False: v has another length. */
bool chain_read(struct span v, struct chain *ret);
bool chain_equal(const struct chain *a, const struct chain *b);

/* In hexadecimal, terminated. */
void chain_text(const struct chain *c, char ret[2 * CHAIN_BYTES + 1]);

#endif
