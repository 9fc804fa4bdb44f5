/*
 * route.c - routing: conditions are functions of the facts, edges do the
 * rest.
 */
#include "supervisor/run/route.h"

#include <assert.h>

static const struct {
	const char *name;
	const char *status;
} endings[ENDING_COUNT] = {
    [ENDING_NONE] = {"none", "running"},
    [ENDING_DIED] = {"supervisor_died", "failed"},
    [ENDING_UNREADABLE] = {"unreadable", "failed"},
    [ENDING_CANCELLED] = {"cancelled", "cancelled"},
    [ENDING_PLANNER] = {"planner_failed", "failed"},
    [ENDING_FINISH] = {"finish", "completed"},
    [ENDING_DEADLINE] = {"deadline", "incomplete"},
    [ENDING_TOOL] = {"tool_failed", "incomplete"},
    [ENDING_ROUNDS] = {"rounds", "incomplete"},
    [ENDING_TURNS] = {"turns", "incomplete"},
    [ENDING_UNREAD] = {"nothing_read", "incomplete"},
    [ENDING_NO_EXECUTOR] = {"no_executor", "incomplete"},
    [ENDING_NO_PLANNER] = {"no_planner", "incomplete"},
};

const char *
ending_status(enum ending e)
{
	return endings[e].status;
}

const char *
ending_name(enum ending e)
{
	return endings[e].name;
}

/* Its time is up: for want of somebody who could do what was left? */
static enum ending
overdue(const struct facts *f)
{
	if (f->lacks == NODE_EXECUTOR)
		return ENDING_NO_EXECUTOR;
	if (f->lacks == NODE_PLANNER)
		return ENDING_NO_PLANNER;
	return ENDING_DEADLINE;
}

enum ending
route_ending(const struct facts *f)
{
	if (f->given_up != ENDING_NONE)
		return f->given_up;
	if (f->cancelled)
		return ENDING_CANCELLED;
	if (f->planner_failed)
		return ENDING_PLANNER;
	if (f->has_decision && f->decision == PLAN_DECISION_FINISH)
		return f->unread ? ENDING_UNREAD : ENDING_FINISH;
	if (f->deadline_passed)
		return overdue(f);
	if (f->failures >= ROUTE_FAILURES_MAX)
		return ENDING_TOOL;
	if (f->iteration >= ROUTE_ROUNDS_MAX)
		return ENDING_ROUNDS;
	if (f->turns >= ROUTE_TURNS_MAX)
		return ENDING_TURNS;
	return ENDING_NONE;
}

static bool
holds(enum when when, const struct facts *f)
{
	bool steps = f->has_decision && f->decision == PLAN_DECISION_EXECUTE;
	bool ends = route_ending(f) != ENDING_NONE;

	switch (when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_ENDS:
		return ends;
	case WHEN_GOES_ON:
		return !ends;
	case WHEN_STEPS:
		return steps;
	case WHEN_NO_STEPS:
		return !steps;
	}
	return false;
}

enum node
route_next(const struct graph *g, enum node node, const struct facts *f)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->edges[i].from == node && holds(g->edges[i].when, f))
			return g->edges[i].to;
	/* graph_validate leaves no node without an edge that holds. */
	assert(!"a node without a way out");
	return NODE_END;
}
