/*
 * engine.h - what happens to a run: start, step by step along the graph.
 */
#ifndef SUPERVISOR_RUN_ENGINE_H
#define SUPERVISOR_RUN_ENGINE_H

#include "supervisor/run/submission.h"
#include "supervisor/run/supervisor.h"

/* Starts a run and takes it to its first task. RC_INVALID, RC_TOOBIG: the
 * request does not fit a state; RC_IO: the store broke. */
NODISCARD enum rc engine_start(struct supervisor *s,
    const struct submission *sub, struct run **ret_run, struct err *err);

/* Ends a run at once, whatever it was doing. The flag that says why
 * (cancelled, deadline_passed) is set already. */
void engine_end(struct supervisor *s, struct run *r);

/* Ends a run that is not worked on any more, and not read for that: with what
 * its row says. */
void engine_give_up(struct supervisor *s, struct run *r, enum ending e);

/* Takes each run that asked for it (step_settle), and has no step under way,
 * to where it waits next, or ends it. */
void engine_settle(struct supervisor *s);

#endif
