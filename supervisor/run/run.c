/*
 * run.c - a run's memory. What happens to it is in engine.c.
 */
#include "supervisor/run/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"

static const char *const task_states[] = {
    "QUEUED", "LEASED", "DONE", "UNKNOWN", "WAITING"};

struct run *
run_new(const char *id)
{
	struct run *r = xcalloc(1, sizeof(*r));
	size_t i;

	snprintf(r->id, sizeof(r->id), "%s", id);
	r->state = state_new();
	r->node = r->lacks = NODE_START;
	r->next_task = 1;
	r->next_evidence = 1;
	buf_init(&r->plan_bytes, STATE_BYTES_MAX);
	buf_init(&r->fresh, RUN_FRESH_BYTES_MAX);
	for (i = 0; i < ARRAY_LEN(r->tasks); i++)
		buf_init(&r->tasks[i].outcome, STATE_BYTES_MAX);
	LIST_INIT(&r->followers);
	return r;
}

void
run_free(struct run *r)
{
	size_t i;

	if (r == NULL)
		return;
	assert(LIST_EMPTY(&r->followers));
	state_free(r->state);
	free(r->refusals.why);
	buf_done(&r->plan_bytes);
	buf_done(&r->fresh);
	for (i = 0; i < ARRAY_LEN(r->tasks); i++)
		buf_done(&r->tasks[i].outcome);
	free(r);
}

void
run_begin(struct run *r, int64_t limit_ms)
{
	r->deadline_ms = clk_wall_ms() + limit_ms;
	r->started_mono_ms = clk_mono_ms();
	r->ends_mono_ms = r->started_mono_ms + limit_ms;
}

struct span
run_unread(const struct run *r)
{
	return wire_find_str(state_get(r->state, "conclusion"), "incomplete");
}

struct facts
run_facts(const struct run *r)
{
	struct span d = state_str(r->state, "decision");
	struct facts f = {
	    .given_up = r->given_up,
	    .iteration = r->iteration,
	    .turns = r->turns,
	    .failures = r->failures,
	    .deadline_passed =
		r->deadline_passed ||
		clk_mono_ms() + RUN_ROUND_LEAST_MS >= r->ends_mono_ms,
	    .lacks = r->lacks,
	    .unread = run_unread(r).n != 0,
	    .cancelled = r->cancelled,
	    .planner_failed = r->planner_failed,
	};
	int i;

	for (i = PLAN_DECISION_PLAN; i <= PLAN_DECISION_FINISH; i++) {
		if (span_is(d, plan_decision_name((enum plan_decision)i))) {
			f.has_decision = true;
			f.decision = (enum plan_decision)i;
		}
	}
	return f;
}

void
run_refuse(struct run *r, const char *by, const char *why)
{
	struct refusals *x = &r->refusals;

	free(x->why);
	x->why = why != NULL ? xstrdup(why) : NULL;
	if (why != NULL)
		x->why[utf8_tidy(x->why, strlen(why))] = '\0';
	x->n = why != NULL ? x->n + 1 : 0;
	snprintf(x->by, sizeof(x->by), "%s", by);
}

void
run_fail(struct run *r, const char *what, const char *text)
{
	r->planner_failed = true;
	snprintf(r->reason, sizeof(r->reason), "%s%s", what, text);
}

void
run_put_seq(const struct run *r, struct buf *update, int ahead)
{
	wire_put_str(update, "seq");
	wire_put_int(update, r->last_seq + ahead);
}

void
run_recall(struct run *r)
{
	r->next_evidence = state_int(r->state, "next_evidence", 1);
	r->failures =
	    wire_find_int(state_get(r->state, "failures"), "count", 0);
	/* What a person makes of it later is that person's. */
	r->webhook = state_get(r->state, "alerts").n != 0 &&
		     state_get(r->state, "forked_from").n == 0;
}

struct task *
run_add_task(struct run *r, enum node node, int index)
{
	struct task *t = &r->tasks[r->n_tasks++];
	struct buf outcome = t->outcome;

	buf_reset(&outcome);
	*t = (struct task){.run = r,
	    .node = node,
	    .index = index,
	    .outcome = outcome,
	    .dirty = true};
	t->number = (uint64_t)r->next_task++;
	return t;
}

void
run_clear_tasks(struct run *r)
{
	r->n_tasks = 0;
}

struct task *
run_find_task(struct run *r, uint64_t number)
{
	int i;

	for (i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].number == number)
			return &r->tasks[i];
	return NULL;
}

bool
run_tasks_done(const struct run *r)
{
	int i;

	for (i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state != TASK_DONE &&
		    r->tasks[i].state != TASK_UNKNOWN)
			return false;
	return true;
}

const char *
task_state_name(enum task_state s)
{
	return task_states[s];
}

enum task_state
task_state_parse(struct span name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(task_states); i++)
		if (span_is(name, task_states[i]))
			return (enum task_state)i;
	return TASK_QUEUED;
}
