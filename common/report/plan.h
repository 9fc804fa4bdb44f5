/*
 * plan.h - what a planner decided, parsed strictly into a bounded struct.
 *
 * The supervisor, the executor and every planner read plans through this, so
 * that none of them runs what another would have refused. A parsed plan
 * allocates nothing: its spans point into the msgpack map it came from.
 */
#ifndef COMMON_REPORT_PLAN_H
#define COMMON_REPORT_PLAN_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

struct cJSON;

enum {
	PLAN_STEPS_MAX = 16,
	PLAN_TOOL_MAX = 128,       /* bytes of a tool's name */
	PLAN_TEXT_MAX = 16 << 10,  /* bytes of step or context */
	PLAN_ARGS_MAX = 64 << 10,  /* bytes of one step's arguments */
	PLAN_REPORT_MAX = 4 << 20, /* bytes of a report */
	PLAN_BYTES_MAX = 6 << 20,  /* bytes of a whole plan */
	/* Maps and lists in each other: what is put around a step's
	 * arguments on their way must still pass wire_check. */
	PLAN_DEPTH_MAX = 16,
};

enum plan_decision {
	PLAN_DECISION_PLAN,
	PLAN_DECISION_EXECUTE,
	PLAN_DECISION_FINISH
};

struct plan_step {
	struct span step; /* what and why; may be empty */
	struct span tool;
	struct span args; /* a msgpack map; never empty */
};

struct plan {
	enum plan_decision decision;
	struct span step;
	struct span context;
	/*
	 * What to run, in order. A tool named beside `steps` is one of them:
	 * the first, unless the same tool with the same arguments is listed.
	 */
	struct plan_step steps[PLAN_STEPS_MAX];
	unsigned n_steps;
	struct span report; /* on FINISH; may be empty */
};

/* "PLAN", "EXECUTE", "FINISH". */
const char *plan_decision_name(enum plan_decision d);

/*
 * Reads a plan out of a msgpack map that has passed wire_check. RC_INVALID:
 * what is missing or of the wrong type, by its name (`steps[2].tool`);
 * RC_TOOBIG: over a limit above. Unknown keys are ignored.
 */
NODISCARD enum rc plan_parse(
    struct span map, struct plan *ret_plan, struct err *err);

/*
 * The plan in a planner's update (PROTOCOL.md), fit to be carried out.
 * RC_UPSTREAM: the planner said it could not plan, in its words; RC_INVALID
 * also: the update's decision is another, or EXECUTE names no tool.
 */
NODISCARD enum rc plan_of_update(
    struct span update, struct plan *ret_plan, struct err *err);

/* Appends the msgpack map of a plan in JSON text to b, without judging it. */
NODISCARD enum rc plan_from_json(
    struct span text, struct buf *b, struct err *err);

/* The same from a tree, for an array of plans. */
NODISCARD enum rc plan_from_tree(
    const struct cJSON *tree, struct buf *b, struct err *err);

/* Appends p as a msgpack map of `planner_plan`'s form: the mission's fields
 * first, then `steps`, empty where the fields beside say it all. The report
 * is left out: it has its own key. */
void plan_put(struct buf *b, const struct plan *p);

/*
 * Is it fit to run with these tools? tools is a list of {name, what, args}
 * as executors describe them, args being the JSON schema. EXECUTE needs a
 * step; every step names a tool of the list, with arguments its schema
 * allows. RC_DENIED: a tool that is not there; RC_INVALID: everything else.
 * err says which step, and lists what there is.
 */
NODISCARD enum rc plan_check(
    const struct plan *p, const struct cJSON *tools, struct err *err);

/* The same for one step, which is what an executor holds. */
NODISCARD enum rc plan_check_step(
    const struct plan_step *s, const struct cJSON *tools, struct err *err);

#endif
