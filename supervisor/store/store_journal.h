/*
 * store_journal.h - inside the SQLite store: a run's records in its rows.
 *
 * What a batch adds to a run is one row, compressed against the row before it:
 * a step's outcome repeats most of what its plan said.
 */
#ifndef SUPERVISOR_STORE_STORE_JOURNAL_H
#define SUPERVISOR_STORE_STORE_JOURNAL_H

#include "supervisor/store/store_chain.h"
#include "supervisor/store/store_in.h"

enum {
	JOURNAL_BYTES_MAX = BATCH_BYTES_MAX,
	/* Of the row before, its end, that a row is compressed against. */
	JOURNAL_BEFORE_BYTES = 16 << 10,
};

/* Where somebody reads, or writes, a run's journal; begins as zeros. */
struct journal_at {
	int64_t id;		/* of the row that was read; 0: none */
	char *bytes;		/* its records, expanded; owned */
	size_t n;
};

void journal_at_done(struct journal_at *at);
#define auto_journal_at CLEANUP(journal_at_done) struct journal_at

/* Adds a row of records behind the one at is at, or, where that is none, one
 * that stands by itself; at is at the new one then. The chain grows by it. */
NODISCARD enum rc journal_add(struct store_db *d, int64_t row,
    struct span records, struct journal_at *at, struct chain *chain,
    struct err *err);

/* Goes on to the next row: *ret is its records, which live until at goes on.
 * Where a chain is given it grows by the row. RC_NOTFOUND: there is none.
 * RC_INVALID: it is damaged. */
NODISCARD enum rc journal_next(struct store_db *d, int64_t row,
    struct journal_at *at, struct chain *chain, struct span *ret,
    struct err *err);

/* All records, in order; each copies what it keeps. Where a chain is given it
 * grows by all rows. RC_INVALID: damaged, or each said so. */
NODISCARD enum rc journal_each(struct store_db *d, int64_t row,
    struct chain *chain,
    enum rc (*each)(void *ctx, const struct record *r, struct err *err),
    void *ctx, struct err *err);

#endif
