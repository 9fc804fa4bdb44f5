/*
 * judge.h - the report of a run that ends and the verdict on it, made on a
 * thread of its own where that would hold up the loop.
 *
 * What it needs of the state is copied first. Evidence is read on the loop,
 * which alone uses the store, a piece at a time as it is asked for.
 */
#ifndef SUPERVISOR_RUN_JUDGE_H
#define SUPERVISOR_RUN_JUDGE_H

#include "common/agent/offload.h"
#include "common/report/deliver.h"
#include "supervisor/run/supervisor.h"

/* What the loop can judge itself within a turn: the state, and the evidence
 * its claims may rest on. */
enum { JUDGE_BYTES_INLINE = 192 << 10 };

struct judged {
	struct run *run;
	enum ending ending;
	struct buf report, verdict;
};

/* On the loop, once both are made; owns neither. */
typedef void judge_done(struct supervisor *s, struct judged *j);

/* Is it more than a turn should do? */
bool judge_is_long(const struct run *r);

/* At once, into buffers that are empty. */
void judge_now(struct supervisor *s, struct run *r, enum ending e,
    struct buf *report, struct buf *verdict);

/* On a thread; r->judging until done is called. RC_IO: there is none to be
 * had. */
NODISCARD enum rc judge_begin(struct supervisor *s, struct run *r,
    enum ending e, judge_done *done, struct err *err);

void judge_buffers(struct buf *report, struct buf *verdict);

#endif
