/*
 * store_journal.h - inside the SQLite store: a run's items as records.
 *
 * All items of a run are in one sequence, in the order they were added.
 * Adding gathers them until the transaction commits; reading sees them.
 */
#ifndef SUPERVISOR_STORE_JOURNAL_H
#define SUPERVISOR_STORE_JOURNAL_H

#include "supervisor/pack.h"
#include "supervisor/store_db.h"

#include <sys/queue.h>

/* On disk: never renumbered. */
enum store_kind {
	STORE_UPDATE = 1, /* n: its number; label: the node */
	STORE_EVENT = 2,  /* n: its number; label: the type */
	STORE_TASK = 3,   /* n: the task; data: see store_items.c */
	STORE_TASKS_CLEARED = 4,
	STORE_EVIDENCE = 5, /* n: its number; label: the media type; data:
			     * the hash's 32 bytes and the evidence */
};
enum { STORE_KINDS = STORE_EVIDENCE + 1 };

struct store_journal *store_journal_new(void);
void store_journal_free(struct store_journal *j);
struct packer *store_journal_packer(struct store_journal *j);

/* RC_TOOBIG: over a limit. RC_CONFLICT: an update or event whose number is
 * not behind the last one's. */
NODISCARD enum rc store_journal_add(
    struct store *s, int64_t row, const struct record *r, struct err *err);

/* In order, until each returns false. each may use the store. */
NODISCARD enum rc store_journal_each(struct store *s, int64_t row,
    bool (*each)(void *ctx, const struct record *r), void *ctx,
    struct err *err);

/* The same, beginning where the evidence of that number is if that is known. */
NODISCARD enum rc store_journal_evidence(struct store *s, int64_t row,
    int64_t number, bool (*each)(void *ctx, const struct record *r), void *ctx,
    struct err *err);

/* Writes what was gathered: before a commit. */
NODISCARD enum rc store_journal_flush(struct store *s, struct err *err);
/* Forgets it: after a rollback. */
void store_journal_rollback(struct store_journal *j);

NODISCARD enum rc store_journal_delete(
    struct store *s, int64_t row, struct err *err);

/* Packs the records of a run that has finished, but for its tasks.
 * RC_INVALID: they cannot be read, and are left as they are. */
NODISCARD enum rc store_journal_pack(
    struct store *s, int64_t row, struct err *err);

#endif
