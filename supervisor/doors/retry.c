/*
 * retry.c - tasks that come back unfinished: queued again, or given up.
 *
 * Invariant: what takes workers with it is not tried for ever. A task counts
 * the workers that died, or fell silent, while they had it; not one that
 * lives and just has it no more, since its word was lost or it was asked to
 * end.
 */
#include "supervisor/doors/retry.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "supervisor/doors/calls.h"
#include "supervisor/run/step.h"

#define THREE_DIED                                                             \
	"3 workers died or fell silent at it, the last one with nothing else " \
	"to do"

/* What it asks for nobody survives. */
static void
give_up(struct supervisor *s, struct task *t)
{
	log_error("a task is given up", "run", t->run->id, "worker",
	    t->worker_name, "reason", THREE_DIED, NULL);
	if (t->node == NODE_PLANNER) {
		t->state = TASK_DONE;
		run_fail(t->run, "the planner failed: ", THREE_DIED);
		step_settle(s, t->run);
	} else if (t->class == TOOL_READ) {
		step_end(s, t,
		    &(struct step_end){.state = TASK_DONE,
			.status = "FAILED",
			.summary = "given up: " THREE_DIED,
			.suggestion = "Do not ask for it again; ask for less, "
				      "or use another tool."});
	} else {
		step_lost(s, t, THREE_DIED);
	}
}

static void
requeue(struct supervisor *s, struct task *t, const char *reason, bool died)
{
	supervisor_at_work(s, t->run);
	if (t->class == TOOL_UNSAFE) {
		step_lost(s, t, reason);
		return;
	}
	step_release(s, t);
	t->deaths += died;
	if (t->deaths >= TASK_DEATHS_MAX) {
		give_up(s, t);
		return;
	}
	log_warn("task goes to another worker", "run", t->run->id, "worker",
	    t->worker_name, "reason", reason, NULL);
	step_tell_retry(s, t, reason);
	step_enqueue(s, t);
}

/* A TASK that was lost is missed by nobody: its worker is heard of. */
static bool
is_silent(const struct supervisor *s, const struct worker *w, int64_t now_ms)
{
	return w == NULL || w->heard_ms + s->lease_ms < now_ms;
}

void
retry_lapsed(struct supervisor *s, int64_t now_ms)
{
	struct run *r;
	int i;

	TAILQ_FOREACH(r, &s->runs, all)
	for (i = 0; i < r->n_tasks; i++) {
		struct task *t = &r->tasks[i];

		if (t->state != TASK_LEASED || t->lease_until_ms >= now_ms)
			continue;
		requeue(s, t, "its worker fell silent",
		    is_silent(s, t->worker, now_ms));
		FAILPOINT(lapsed);
	}
}

void
retry_orphans(struct supervisor *s, struct worker *w, bool died)
{
	struct run *r;
	int i;

	calls_orphaned(s, w);
	TAILQ_FOREACH(r, &s->runs, all)
	for (i = 0; i < r->n_tasks; i++) {
		struct task *t = &r->tasks[i];

		if (t->state != TASK_LEASED || t->worker != w)
			continue;
		requeue(s, t, "its worker is gone", died);
		FAILPOINT(orphaned);
	}
}
