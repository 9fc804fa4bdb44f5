/*
 * fork.h - a run that goes on from another one's checkpoint.
 */
#ifndef SUPERVISOR_RUN_FORK_H
#define SUPERVISOR_RUN_FORK_H

#include "supervisor/run/lookup.h"
#include "supervisor/run/submission.h"

/* Fills sub with what begins anew what happened in run from its event seq on;
 * change is FORK.input. RC_INVALID, RC_CONFLICT: there is nothing to go on
 * from there. */
NODISCARD enum rc fork_submission(struct supervisor *s,
    const struct lookup_row *run, int64_t seq, struct span change,
    struct submission *sub, struct err *err);

/* The same with a question to a run that has ended: its last state, evidence
 * and all, with a plan of its own. RC_INVALID: no question; RC_CONFLICT: the
 * run goes on. */
NODISCARD enum rc fork_follow_up(struct supervisor *s,
    const struct lookup_row *run, struct span change, struct submission *sub,
    struct err *err);

#endif
