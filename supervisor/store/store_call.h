/*
 * store_call.h - inside the SQLite store: the calls of models, which are kept
 * beside the runs: what a day cost is known when its runs have expired.
 */
#ifndef SUPERVISOR_STORE_STORE_CALL_H
#define SUPERVISOR_STORE_STORE_CALL_H

#include "supervisor/store/store_batch.h"
#include "supervisor/store/store_db.h"

enum { STORE_CALL_DAYS = 60 }; /* so long they are kept */

/* Into a batch, with copies of its texts. */
void store_call_add(struct batch *b, const struct store_call *c);
void store_calls_free(struct batch *b);

/* Inside a transaction: those of a batch. */
NODISCARD enum rc store_calls_write(
    struct store_db *d, const struct batch *b, struct err *err);

/* As those of struct store_ops. */
NODISCARD enum rc store_call_sum(struct store_db *d, int64_t day,
    struct span run, struct store_sum *ret, struct err *err);
NODISCARD enum rc store_call_last(
    struct store_db *d, int64_t *ret, struct err *err);

#endif
