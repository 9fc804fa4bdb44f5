/*
 * outcome.h - the steps of a plan: made into tasks, and what came back.
 */
#ifndef SUPERVISOR_RUN_OUTCOME_H
#define SUPERVISOR_RUN_OUTCOME_H

#include "supervisor/run/supervisor.h"

/* Makes the tasks of a run that is at planner or executor (also when it is
 * resumed there). */
void outcome_make_tasks(struct supervisor *s, struct run *r);

/* A leased task's outcome arrived and is current. */
void outcome_take(struct supervisor *s, struct task *t,
    const struct proto_result *m);

/* All steps of the plan are done, or will not be: the outcomes there are
 * enter the state. */
void outcome_join(struct supervisor *s, struct run *r);

/* Stops what is under way, for a run that ends now. What is known of the
 * plan's steps, and what is not of those that may have changed something,
 * enters the state. */
void outcome_cut(struct supervisor *s, struct run *r);

/* An answer of a model that the turn's planner has paid for: whoever takes the
 * turn next is given it. Empty: none; one that is there already is not kept
 * twice. */
void outcome_keep_paid(
    struct supervisor *s, struct task *t, struct span answer);

#endif
