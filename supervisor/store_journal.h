/*
 * store_journal.h - inside the SQLite store: a run's records in its rows.
 *
 * What a batch adds to a run is one row; a finished run's rows become one
 * pack. Reading tells no difference but for tasks, which a pack has none of.
 */
#ifndef SUPERVISOR_STORE_JOURNAL_H
#define SUPERVISOR_STORE_JOURNAL_H

#include "supervisor/store_in.h"

enum { JOURNAL_BYTES_MAX = BATCH_BYTES_MAX };

/* Adds a row of records. */
NODISCARD enum rc journal_add(
    struct store_db *d, int64_t row, struct span records, struct err *err);

/*
 * The records behind row *id of the journal, 0 for all, up to the next row's
 * end: *ret_bytes is the caller's. RC_NOTFOUND: there are no more; else *id is
 * where to go on. RC_INVALID: they are damaged.
 */
NODISCARD enum rc journal_next(struct store_db *d, int64_t row, int64_t *id,
    char **ret_bytes, struct span *ret, struct err *err);

/* All records, in order; each copies what it keeps. RC_INVALID: damaged, or
 * each said so. */
NODISCARD enum rc journal_each(struct store_db *d, int64_t row,
    enum rc (*each)(void *ctx, const struct record *r, struct err *err),
    void *ctx, struct err *err);

/* Compresses a finished run's records into a pack, where they shrink. */
NODISCARD enum rc journal_pack(
    struct store_db *d, int64_t row, struct err *err);
NODISCARD enum rc journal_delete(
    struct store_db *d, int64_t row, struct err *err);

#endif
