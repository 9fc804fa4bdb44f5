/*
 * checkpoint.h - a run's state as it was after any of its updates.
 *
 * Update n of a run makes checkpoint n: the fold of updates 0 to n. Its seq
 * is the number of the event that tells of it (`started`, `plan`, a plan's
 * last `feedback`, `report`), 0 in a run that an earlier build kept.
 */
#ifndef SUPERVISOR_RUN_CHECKPOINT_H
#define SUPERVISOR_RUN_CHECKPOINT_H

#include "supervisor/run/supervisor.h"

struct checkpoint {
	int64_t n;
	enum node node; /* whose update it was */
	int64_t seq;
};

/* Calls each with all of them, in order. */
typedef void (*checkpoint_seen)(void *ctx, const struct checkpoint *c);
NODISCARD enum rc checkpoint_each(struct supervisor *s, int64_t row,
    checkpoint_seen each, void *ctx, struct err *err);

/* The state of any run as it is now; the caller's. */
NODISCARD enum rc checkpoint_state(
    struct supervisor *s, int64_t row, struct state **ret, struct err *err);

/* The state at checkpoint n, and which that is. RC_NOTFOUND: none such. */
NODISCARD enum rc checkpoint_at(struct supervisor *s, int64_t row, int64_t n,
    struct checkpoint *ret, struct state **ret_state, struct err *err);

/*
 * The last one that nothing from event seq on belongs to; the first one
 * where all does. RC_INVALID: seq is not 1 or more, or the run keeps no
 * such numbers.
 */
NODISCARD enum rc checkpoint_before(struct supervisor *s, int64_t row,
    int64_t seq, struct checkpoint *ret, struct err *err);

#endif
