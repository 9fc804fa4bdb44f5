/*
 * route.h - where a run goes next. Pure: facts in, node out.
 */
#ifndef SUPERVISOR_RUN_ROUTE_H
#define SUPERVISOR_RUN_ROUTE_H

#include "common/report/plan.h"
#include "supervisor/run/graph.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	ROUTE_ROUNDS_MAX = 10,		/* the eleventh is never started */
	ROUTE_FAILURES_MAX = 3,		/* of one tool, in a row */
	/* A planner that only ever answers PLAN must not go on for good. */
	ROUTE_TURNS_MAX = 24,
};

/* Why a run ends; of those up to TURNS the first that holds. UNREAD takes the
 * place of FINISH, the last two that of DEADLINE. */
enum ending {
	ENDING_NONE,
	ENDING_DIED,		/* the supervisor did, at it: blame.h */
	ENDING_UNREADABLE,	/* its record is damaged */
	ENDING_CANCELLED,
	ENDING_PLANNER,		/* the planner gave up with an error */
	ENDING_FINISH,
	ENDING_DEADLINE,
	ENDING_TOOL,		/* one tool failed ROUTE_FAILURES_MAX times */
	ENDING_ROUNDS,
	ENDING_TURNS,
	ENDING_UNREAD,		/* its planner says: nothing could be read */
	ENDING_NO_EXECUTOR,	/* none was there until the deadline */
	ENDING_NO_PLANNER,
	ENDINGS
};
enum { ENDING_COUNT = ENDING_NO_PLANNER + 1 };

/* What routing looks at, gathered from the state and the run. */
struct facts {
	enum ending given_up;		/* ENDING_NONE: it goes on */
	bool has_decision;		/* a planner has answered */
	enum plan_decision decision;
	int64_t iteration;		/* rounds begun */
	int64_t turns;			/* planner's answers so far */
	int64_t failures;		/* of the same tool in a row */
	bool deadline_passed;
	enum node lacks;		/* whose kind it waited for in vain;
					 * NODE_START: nobody's */
	bool unread;			/* the conclusion rests on nothing */
	bool cancelled;
	bool planner_failed;
};

enum ending route_ending(const struct facts *f);

/* The node after node. node must not be NODE_END. */
enum node route_next(const struct graph *g, enum node node,
    const struct facts *f);

/* "completed", "incomplete", "failed", "cancelled"; "running" for none. */
const char *ending_status(enum ending e);

/* One word for events and metrics: "finish", "rounds", … */
const char *ending_name(enum ending e);

#endif
