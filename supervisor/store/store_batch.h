/*
 * store_batch.h - inside the SQLite store: what one transaction will write.
 *
 * A batch is made on the loop's thread, executed on the store's, and not
 * touched by both: it changes hands under a lock.
 */
#ifndef SUPERVISOR_STORE_STORE_BATCH_H
#define SUPERVISOR_STORE_STORE_BATCH_H

#include "supervisor/store/pack.h"
#include "supervisor/store/store.h"

#include <sys/queue.h>

enum { BATCH_BUCKETS = 64, BATCH_BYTES_MAX = 256 << 20 };

/* All that a batch does to one run, in this order. */
struct change {
	TAILQ_ENTRY(change) list;
	struct change *next;		/* of its bucket */
	int64_t row;
	struct store_run *insert;	/* owned with its texts; NULL: none */
	int64_t share_from, share_below;	/* share_from 0: none */
	struct buf blobs;		/* evidence records, hash and bytes */
	struct buf records;		/* those that enter the journal */
	struct store_run *update;	/* as insert; the last one counts */
};

struct batch {
	STAILQ_ENTRY(batch) list;
	uint64_t number;
	TAILQ_HEAD(, change) changes;
	STAILQ_HEAD(, batch_call) calls;	/* store_call.h */
	struct change *buckets[BATCH_BUCKETS];
	struct buf slips;		/* records: store_slip.h */
	/* Once it was executed: */
	enum rc rc;
	struct err err;
};

STAILQ_HEAD(batch_list, batch);

struct batch *batch_new(void);
void batch_free(struct batch *b);
DEFINE_AUTO(auto_batch, struct batch, batch_free);

/* The run's part of it, made where there is none. */
struct change *batch_change(struct batch *b, int64_t row);
bool batch_is_empty(const struct batch *b);
/* NULL: it does nothing to that run. */
struct change *batch_find(const struct batch *b, int64_t row);

#endif
