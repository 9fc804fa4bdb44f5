/*
 * ledger.h - a workload on a store, and a model of what it has committed.
 *
 * Turn after turn as a supervisor has them: one transaction each, in which
 * one run is submitted, others get results or finish, and old ones expire. The same hand writes the model and the store, so that after any
 * fault what the store holds can be held against some turn of the model.
 */
#ifndef TESTS_HARNESS_LEDGER_H
#define TESTS_HARNESS_LEDGER_H

#include "common/base/buf.h"
#include "supervisor/store/store.h"

struct ledger;

/* n turns; bulk: bytes of the larger updates and of evidence. */
struct ledger *ledger_new(int turns, size_t bulk);
void ledger_free(struct ledger *l);
int ledger_turns(const struct ledger *l);

/* All that a store holds after the first n turns; turn n may have let go by
 * then what is old. */
const char *ledger_text(const struct ledger *l, int n);

/* Does turn n (from 0) and waits until it is durable. */
NODISCARD enum rc ledger_turn(const struct ledger *l,
    const struct store_ops *ops, struct store *s, int n, struct err *err);

/* All that the store holds, as ledger_text has it. */
NODISCARD enum rc ledger_dump(const struct store_ops *ops, struct store *s,
    struct buf *ret, struct err *err);

/* The turn, at or after `from`, whose text that is; -1: none. */
int ledger_find(const struct ledger *l, const char *text, int from);

#endif
