/*
 * turns.h - the turns of one agent in a stored run: what it was given, what
 * it answered, and what it answers now. Pure: checkpoints in, trees out.
 *
 * A checkpoint is the `value` of that query (PROTOCOL.md), as msgpack:
 * {n, node, seq, state, tools}.
 */
#ifndef GATEWAY_CLI_TURNS_H
#define GATEWAY_CLI_TURNS_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <cjson/cJSON.h>

/* ---- a planner's turn lies between two checkpoints ---- */

/* Appends what it was given: the state before, the tools there are, and
 * whether its report was made of its conclusion. */
void turns_planner_input(
    struct buf *b, struct span before, struct span after);

/*
 * What it decided, for comparing: {decision, steps: [{tool, args}],
 * conclusion, report}, or {failed: why}. The caller's. Of the recorded turn,
 * after is the checkpoint it led to; `end` for one that failed.
 */
cJSON *turns_planner_then(struct span after);
/* update: what the planner says now, a msgpack map. What it leaves out
 * stays as it was in the checkpoint before. */
cJSON *turns_planner_now(struct span before, struct span update);

/* ---- an executor's turn is one step of the plan before ---- */

/* How many steps' outcomes after added to before. */
unsigned turns_steps(struct span before, struct span after);

/* Appends step i's input; its tool, and the class of that tool as the
 * executors that are there now have it, empty where none has the tool.
 * RC_INVALID: the plan has no such step. */
NODISCARD enum rc turns_step_input(struct buf *b, struct span before,
    unsigned i, struct span *ret_tool, struct span *ret_class, struct err *err);

/* Its outcome for comparing: {status, summary, evidence: {bytes, sha256},
 * data}; the caller's. */
cJSON *turns_step_then(struct span before, struct span after, unsigned i);
/* feedback: what `culprit-executor --once` printed. */
cJSON *turns_step_now(const cJSON *feedback);

#endif
