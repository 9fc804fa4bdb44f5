/*
 * recover.c - after a restart: every run that had not ended goes on.
 *
 * Invariant: the state is the fold of the updates, the step is the run's
 * node, finished steps of a plan are in their tasks' rows. So nothing that
 * was committed is done again. A run that cannot be read, or that the process
 * died at too often, ends, and keeps no other from going on.
 */
#include "supervisor/run/recover.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "supervisor/run/approve.h"
#include "supervisor/run/budget.h"
#include "supervisor/run/engine.h"
#include "supervisor/run/finish.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/outcome.h"
#include "supervisor/run/step.h"

struct recovery {
	struct supervisor *s;
	struct run *run;
	enum ending ending;	/* where only its report was missing */
	/* What is wrong with what was read of it. */
	enum rc rc;
	struct err err;
};

static void
cannot_read(struct run *r, const char *why)
{
	r->given_up = ENDING_UNREADABLE;
	snprintf(
	    r->reason, sizeof(r->reason), "its record cannot be read: %s", why);
}

/* On the monotonic clock. The wall clock may have jumped meanwhile: never
 * more than a whole deadline is left, which for one that alerts began counts
 * from later than its row was made. */
static int64_t
ends_at(const struct supervisor *s, const struct store_run *row)
{
	int64_t limit = MAX(agent_conf(s->agent)->deadline_s * 1000,
	    row->deadline_ms - row->created_ms);
	int64_t left = row->deadline_ms - clk_wall_ms();

	if (row->deadline_ms == 0)
		return RUN_NEVER_MS;
	return clk_mono_ms() + MAX(MIN(left, limit), 0);
}

static void
take_row(void *ctx, const struct store_run *row)
{
	struct recovery *c = ctx;
	char id[STORE_ID_MAX + 1], node[32];
	int64_t gone = MAX(clk_wall_ms() - row->created_ms, 0);
	struct run *r;
	struct err err;

	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(row->id));
	snprintf(node, sizeof(node), "%.*s", SPAN_ARG(row->node));
	r = run_new(id);
	r->row = row->row;
	r->created_ms = row->created_ms;
	r->deadline_ms = row->deadline_ms;
	r->started_mono_ms = clk_mono_ms() - gone;
	r->ends_mono_ms = ends_at(c->s, row);
	r->iteration = row->iteration;
	r->turns = row->turns;
	r->next_task = row->next_task;
	r->next_update = row->next_update;
	r->last_seq = r->told_seq = row->last_seq;
	r->recoveries = row->recoveries;
	snprintf(r->reason, sizeof(r->reason), "%.*s", SPAN_ARG(row->reason));
	if (node_parse(node, &r->node, &err) != RC_OK)
		cannot_read(r, err.text);
	TAILQ_INSERT_TAIL(&c->s->runs, r, all);
	zhash_insert(c->s->by_id, r->id, r);
	c->s->n_runs++;
}

static void
take_update(
    void *ctx, int64_t n UNUSED, struct span node UNUSED, struct span update)
{
	struct recovery *c = ctx;

	if (c->rc == RC_OK)
		c->rc = state_fold(c->run->state, update, &c->err);
}

/* Whether a task is as it was; else it is queued, as it is made. */
static bool
stays(enum task_state state, enum tool_class class)
{
	return state == TASK_DONE || state == TASK_UNKNOWN ||
	       state == TASK_WAITING ||
	       (state == TASK_LEASED && class == TOOL_UNSAFE);
}

static enum ending
ending_of(struct span name)
{
	int e;

	for (e = ENDING_NONE + 1; e < ENDING_COUNT; e++)
		if (span_is(name, ending_name((enum ending)e)))
			return (enum ending)e;
	return ENDING_NONE;
}

/* Puts what is known of a step back into the task made for it anew. */
static void
take_task(void *ctx, const struct store_task *row)
{
	struct recovery *c = ctx;
	struct run *r = c->run;
	struct task *t;

	if (span_is(row->node, node_name(NODE_END))) {
		c->ending = ending_of(row->worker);
		return;
	}
	if (row->index < 0 || row->index >= r->n_tasks)
		return;
	t = &r->tasks[row->index];
	step_release(c->s, t);
	t->deaths = row->deaths;
	t->attempt = row->attempt;
	t->number = row->task;
	/* None: of a build whose tools all read. */
	if (row->class.n != 0 && !tool_class_parse(row->class, &t->class))
		t->class = TOOL_UNSAFE;
	snprintf(t->approved_by, sizeof(t->approved_by), "%.*s",
	    SPAN_ARG(row->approved_by));
	snprintf(t->worker_name, sizeof(t->worker_name), "%.*s",
	    SPAN_ARG(row->worker));
	buf_reset(&t->outcome);
	buf_add_span(&t->outcome, row->outcome);
	if (!stays(task_state_parse(row->state), t->class))
		step_enqueue(c->s, t);
	else
		t->state = task_state_parse(row->state);
	if (t->state == TASK_WAITING)
		approve_resume(c->s, t, row->until_ms);
}

/* A step that was leased when nobody is left who knows to whom. */
static void
end_lost(struct recovery *c)
{
	struct run *r = c->run;
	int i;

	for (i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state == TASK_LEASED)
			step_lost(c->s, &r->tasks[i],
			    "the supervisor ended while it ran");
}

/* Its tasks, made anew, as they stood. */
static enum rc
resume_tasks(struct recovery *c, struct err *err)
{
	struct supervisor *s = c->s;
	struct run *r = c->run;
	int64_t next_task = r->next_task;
	enum rc rc;

	if (r->node == NODE_PLANNER || r->node == NODE_EXECUTOR)
		outcome_make_tasks(s, r);
	rc = s->ops->task_each(s->store, r->row, take_task, c, err);
	r->next_task = MAX(next_task, r->next_task);
	FAILPOINT(recover_tasks);
	return rc;
}

/* Where nothing is wrong with the store, but with what it has of the run, c
 * says so. */
static enum rc
resume(struct recovery *c, struct err *err)
{
	struct supervisor *s = c->s;
	struct run *r = c->run;
	enum rc rc =
	    s->ops->update_each(s->store, r->row, take_update, c, err);

	if (rc != RC_OK || c->rc != RC_OK)
		return rc;
	FAILPOINT(recover_folded);
	run_recall(r);
	rc = budget_recall(s, r, err);
	if (rc == RC_OK)
		rc = resume_tasks(c, err);
	if (rc != RC_OK)
		return rc;
	if (ledger_good(s, s->ops->task_clear(s->store, r->row, err), err))
		ledger_dirty(s, r);
	FAILPOINT(recover_cleared);
	end_lost(c);
	return RC_OK;
}

static enum rc
recover_run(struct supervisor *s, struct run *r, struct err *err)
{
	struct recovery c = {.s = s, .run = r, .rc = RC_OK};
	enum rc rc = RC_OK;

	supervisor_at_work(s, r);
	if (r->recoveries > RUN_RECOVERIES_MAX)
		r->given_up = ENDING_DIED;
	if (r->given_up == ENDING_NONE)
		rc = resume(&c, err);
	if (c.rc != RC_OK)
		cannot_read(r, c.err.text);
	else if (rc == RC_OK && r->node == NODE_END && c.ending == ENDING_NONE)
		cannot_read(r, "it does not say how it ended");
	else if (rc == RC_DAMAGED)
		cannot_read(r, err->text);
	if (r->given_up != ENDING_NONE)
		engine_give_up(s, r, r->given_up);
	else if (rc == RC_OK && c.ending != ENDING_NONE)
		finish_now(s, r, c.ending);
	return rc == RC_DAMAGED ? RC_OK : rc;
}

/* Before any work is done for it. */
static void
count_death(struct supervisor *s, int64_t row)
{
	struct run *r;
	char n[24];

	TAILQ_FOREACH(r, &s->runs, all)
	if (r->row == row)
		break;
	if (r == NULL)
		return;
	snprintf(n, sizeof(n), "%lld", (long long)++r->recoveries);
	log_warn("the supervisor died at a run", "run", r->id, "recovery", n,
	    NULL);
	ledger_dirty(s, r);
	ledger_keep(s);
	FAILPOINT(recover_counted);
}

enum rc
recover_runs(struct supervisor *s, int64_t died_at, struct err *err)
{
	struct recovery c = {.s = s};
	struct run *r, *next;
	char n[24];
	enum rc rc = s->ops->run_unfinished(s->store, take_row, &c, err);

	if (rc == RC_OK)
		count_death(s, died_at);
	for (r = TAILQ_FIRST(&s->runs); r != NULL && rc == RC_OK; r = next) {
		/* One that is given up ends at once. */
		next = TAILQ_NEXT(r, all);
		rc = recover_run(s, r, err);
	}
	if (rc == RC_OK || rc == RC_IO)
		supervisor_at_work(s, NULL);
	if (rc != RC_OK)
		return rc;
	snprintf(n, sizeof(n), "%d", s->n_runs);
	if (s->n_runs > 0)
		log_info("investigations go on", "count", n, NULL);
	FAILPOINT(recover_done);
	return RC_OK;
}
