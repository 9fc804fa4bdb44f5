/*
 * budget.h - what models may cost: reserved before each request, settled after
 * it, written down before either is answered.
 *
 * A request counts for what was reserved until it is settled. Whose planner
 * died, or whose answer broke off, stays so: nobody knows what it took, and it
 * is no more than that. So a budget is never over by what was not counted,
 * however many planners there are and whoever dies.
 */
#ifndef SUPERVISOR_RUN_BUDGET_H
#define SUPERVISOR_RUN_BUDGET_H

#include "common/agent/conf.h"
#include "supervisor/run/supervisor.h"

enum { BUDGET_OPEN_MAX = 4096 }; /* not settled, and known by name */

struct budget;

/* Reads the limits, and what today has cost so far. RC_INVALID: an option is
 * wrong, and what to do. */
NODISCARD enum rc budget_open(const struct conf *conf,
    const struct store_ops *ops, struct store *store, struct budget **ret,
    struct err *err);
void budget_free(struct budget *b);
/* The options alone. */
NODISCARD enum rc budget_check(const struct conf *conf, struct err *err);

/* What a run has cost so far, after a restart. */
NODISCARD enum rc budget_recall(
    struct supervisor *s, struct run *r, struct err *err);

/* May it be made? Writes it down where it may; asked again, the answer is the
 * same. why (of the size of struct err's text) says why not. */
bool budget_reserve(struct supervisor *s, struct run *r,
    const struct proto_reserve *m, struct err *why);

/* Whoever holds its task now, or nobody: what is known is known. */
void budget_settle(
    struct supervisor *s, struct run *r, const struct proto_settle *m);

/* What of the run's costs stands in its state: `spent`. */
void budget_put_spent(struct buf *b, const struct run *r);

#endif
