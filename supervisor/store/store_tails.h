/*
 * store_tails.h - inside the SQLite store: where the journals of runs under way
 * end, so that the next row can lean on the last one without reading it.
 */
#ifndef SUPERVISOR_STORE_STORE_TAILS_H
#define SUPERVISOR_STORE_STORE_TAILS_H

#include "supervisor/store/store_journal.h"

/* More runs than that: those that were not written to lately begin anew. */
enum { TAILS_MAX = 1024 };

struct tails *tails_new(void);
void tails_free(struct tails *t);

/* Where the run's journal ends; at none where that is not known. Lives until
 * the next call. */
struct journal_at *tails_find(struct tails *t, int64_t row);
/* The run has ended. */
void tails_forget(struct tails *t, int64_t row);

#endif
