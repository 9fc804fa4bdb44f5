/*
 * step.h - one task: on a queue, with a worker, and its end.
 */
#ifndef SUPERVISOR_RUN_STEP_H
#define SUPERVISOR_RUN_STEP_H

#include "supervisor/run/supervisor.h"

/* Is it one that is answered here: look.h? */
bool step_is_look(const struct task *t);

void step_enqueue(struct supervisor *s, struct task *t);
/* Takes a task from its worker or its queue; nothing is sent. */
void step_release(struct supervisor *s, struct task *t);
/* Also tells the worker to stop. */
void step_revoke(struct supervisor *s, struct task *t);

/* Members of a map that tells of a step: its iteration and index (2); its
 * step, tool and args (3). */
void step_put_place(struct buf *b, const struct task *t);
void step_put_call(struct buf *b, const struct task *t);

/* Tells that it is done again, and why; who had it is in the task. */
void step_tell_retry(
    struct supervisor *s, const struct task *t, const char *reason);

/* Has a run settled (engine.h) at the end of the turn: its steps may be
 * done. */
void step_settle(struct supervisor *s, struct run *r);

/* A step is DONE or UNKNOWN: keeps what came of it until its plan is joined,
 * its feedback, and what is said of its evidence, which may be empty. */
void step_done(struct supervisor *s, struct task *t, enum task_state state,
    struct span feedback, const struct buf *evidence);

/* What stands in the place of a worker's answer. */
struct step_end {
	enum task_state state;	/* DONE or UNKNOWN */
	const char *status, *summary, *suggestion;
};

/* Tells that it was begun. */
void step_started(struct supervisor *s, struct task *t);

/* Ends a step of which no answer comes, with feedback that says why; nobody
 * holds it, and it is on no queue. */
void step_end(
    struct supervisor *s, struct task *t, const struct step_end *end);

/* One that is not carried out: the planner reads why. */
void step_refuse(struct supervisor *s, struct task *t, const struct err *why);

/* Nobody knows what came of a step: an UNSAFE one whose lease is void, or one
 * that does not only read whose worker cannot tell. */
void step_lost(struct supervisor *s, struct task *t, const char *reason);

#endif
