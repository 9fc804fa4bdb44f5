/* invariant_in.h - between the checker's two files. */
#ifndef TESTS_HARNESS_INVARIANT_IN_H
#define TESTS_HARNESS_INVARIANT_IN_H

#include "common/report/plan.h"
#include "common/base/span.h"
#include "supervisor/run/route.h"
#include "supervisor/store/store_in.h"
#include "tests/harness/invariant.h"

struct state;

/* An event, an update, a task, kept past the store's callback. */
struct item {
	int64_t n;
	char *label; /* type, node, state */
	char *data;
	size_t bytes;
	int64_t index;
};

struct items {
	struct item *at;
	size_t n, room;
};

/* What the events say of one step of one round. */
struct step {
	char tool[PLAN_TOOL_MAX + 1];
	int64_t attempt; /* of the last tool_started; 0: none */
	int starts, ends;
};

struct round {
	int64_t steps; /* its plan's; 0: no such round */
	struct step at[PLAN_STEPS_MAX];
};

/* A run, read whole. */
struct inv_run {
	int64_t row;
	char *id, *key, *status;
	int64_t finished_ms, iteration, turns, next_update, last_seq;
	struct items events, updates, tasks;
	struct state *state;
	struct round rounds[ROUTE_ROUNDS_MAX + 1];
	/* What a fork was given: told by the events of another run. */
	struct {
		int64_t rounds, turns, outcomes;
	} given;
};

struct inv {
	const struct invariant *in;
	struct store *store;
	struct buf *out;
	const char *check; /* the one under way */
	int n;
};

/* Notes a violation of the check under way; r NULL: of none in particular. */
void inv_bad(struct inv *v, const struct inv_run *r, const char *fmt, ...)
    PRINTF(3, 4);

struct span inv_item(const struct item *i);

/* All that is asked of one run. */
void inv_check_run(struct inv *v, const struct store_run *row);

/* One transcript against the run it is of. */
void inv_check_seen(
    struct inv *v, const struct inv_run *r, const struct seen *s);

#endif
