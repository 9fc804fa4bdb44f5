/*
 * approve.h - steps of class UNSAFE: whether they may begin, and a person's
 * word on them.
 */
#ifndef SUPERVISOR_RUN_APPROVE_H
#define SUPERVISOR_RUN_APPROVE_H

#include "supervisor/run/supervisor.h"

/*
 * Whether t, a queued step, may be leased as far as its class is concerned.
 * Where not: an UNSAFE one waits for a person from now on, one that was begun
 * before it was UNSAFE has ended.
 */
bool approve_clears(struct supervisor *s, struct task *t);

/*
 * A run's clock stands still while a step of it waits: its deadline is put off
 * by as long as the step may wait (--approval-wait), and when a word comes
 * before, by what was waited. So what the store has is right at any moment.
 */

/* After a restart: t, WAITING, waits until then, by the wall; 0: not known. */
void approve_resume(struct supervisor *s, struct task *t, int64_t until_ms);

/* Denies those of its steps for which nobody came in time. */
void approve_lapse(struct supervisor *s, struct run *r, int64_t now_ms);

/* How many of its steps wait for a person. */
int approve_waits(const struct run *r);

/* The list of them, each {task, step, tool, args, until}. */
void approve_put(struct buf *b, const struct run *r);

/* Is an UNSAFE step leased now? A supervisor that is asked to end waits. */
bool approve_under_way(const struct supervisor *s);

/*
 * Takes a person's word on a step of the run in row; r is NULL when it has
 * ended. RC_OK also for what was decided so before. RC_INVALID: by nobody;
 * RC_NOTFOUND: no such step; RC_CONFLICT: decided otherwise, or too late.
 */
NODISCARD enum rc approve_decide(struct supervisor *s, struct run *r,
    int64_t row, const struct proto_decide *m, struct err *err);

#endif
