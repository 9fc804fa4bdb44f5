/*
 * submission.h - what a run begins with, whatever it begins from.
 */
#ifndef SUPERVISOR_RUN_SUBMISSION_H
#define SUPERVISOR_RUN_SUBMISSION_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"
#include "supervisor/run/graph.h"

#include <stdint.h>

struct conf;

struct submission {
	struct span key, digest;	/* borrowed; of the request */
	int64_t created_ms;		/* wall */
	struct buf pairs;		/* of the first update, without id */
	uint32_t n_pairs;
	enum node node;			/* to go on from */
	bool waits;			/* its time counts from its first task */
	int64_t from_row;		/* whose evidence it shares; 0: none */
	int64_t evidence_below;		/* up to one below that number */
};

/* One that goes on from nothing. */
void submission_init(
    struct submission *sub, struct span key, struct span digest);
void submission_done(struct submission *sub);

/* From the beginning: the request's map, and what it left open. RC_INVALID:
 * it is no request. */
NODISCARD enum rc submission_ask(struct submission *sub, struct span input,
    const struct conf *conf, struct err *err);

#endif
