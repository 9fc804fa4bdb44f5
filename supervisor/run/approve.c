/*
 * approve.c - steps that change what nobody can change back.
 *
 * Invariant: an UNSAFE step is leased at most once, after a person approved
 * it; its run's deadline is behind the end of its wait by what the run has
 * left. When nobody can tell how that ended it is UNKNOWN, and the run goes on
 * from there: it is for a person to look, and for a planner to ask anew.
 */
#include "supervisor/run/approve.h"

#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/step.h"

/* ---- asking ---- */

static void
emit_approval(struct supervisor *s, struct task *t)
{
	auto_buf b = {0};

	buf_init(&b, STATE_BYTES_MAX);
	wire_put_map(&b, 7);
	step_put_place(&b, t);
	wire_put_str(&b, "task");
	wire_put_u64(&b, t->number);
	step_put_call(&b, t);
	wire_put_str(&b, "until");
	wire_put_int(&b, t->until_ms);
	ledger_emit(s, t->run, "approval", &b);
}

static int64_t
wait_ms(const struct supervisor *s)
{
	return agent_conf(s->agent)->approval_wait_s * 1000;
}

/* Until when its clock stands: now, where no step waits. */
static int64_t
stands_until(const struct run *r, int64_t now_ms)
{
	int64_t until = now_ms;

	for (int i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state == TASK_WAITING)
			until = MAX(until, r->tasks[i].waits_until_ms);
	return until;
}

/* t waits so long, or no more: its run's deadline is as far behind that as it
 * was before. */
static void
stand(struct task *t, enum task_state state, int64_t ms)
{
	struct run *r = t->run;
	int64_t now = clk_mono_ms();
	int64_t before = stands_until(r, now);

	t->state = state;
	t->waits_until_ms = now + ms;
	t->until_ms = clk_wall_ms() + ms;
	if (r->ends_mono_ms == RUN_NEVER_MS)
		return;
	r->ends_mono_ms += stands_until(r, now) - before;
	r->deadline_ms += stands_until(r, now) - before;
}

static void
ask(struct supervisor *s, struct task *t)
{
	step_release(s, t);
	stand(t, TASK_WAITING, wait_ms(s));
	t->dirty = true;
	ledger_dirty(s, t->run);
	emit_approval(s, t);
	log_info(
	    "a step waits for a person's approval", "run", t->run->id, NULL);
}

bool
approve_clears(struct supervisor *s, struct task *t)
{
	struct span tool = t->run->plan.steps[t->index].tool;
	enum tool_class now;

	if (registry_class(s->workers, tool, &now))
		t->class = MAX(t->class, now);
	if (t->class != TOOL_UNSAFE)
		return true;
	if (t->attempt > 0) {
		step_lost(s, t, "its class was changed after it had begun");
		return false;
	}
	if (t->approved_by[0] == '\0') {
		ask(s, t);
		return false;
	}
	/* What begins now would be cut off in a moment. */
	return !s->draining;
}

void
approve_resume(struct supervisor *s, struct task *t, int64_t until_ms)
{
	int64_t left = until_ms - clk_wall_ms();

	if (until_ms == 0) {
		t->state = TASK_QUEUED;
		stand(t, TASK_WAITING, wait_ms(s));
		return;
	}
	/* The wall clock may have jumped meanwhile. */
	t->until_ms = until_ms;
	t->waits_until_ms = clk_mono_ms() + MIN(MAX(left, 0), wait_ms(s));
}

int
approve_waits(const struct run *r)
{
	int n = 0;

	for (int i = 0; i < r->n_tasks; i++)
		n += r->tasks[i].state == TASK_WAITING;
	return n;
}

void
approve_put(struct buf *b, const struct run *r)
{
	wire_put_array(b, (uint32_t)approve_waits(r));
	for (int i = 0; i < r->n_tasks; i++) {
		const struct task *t = &r->tasks[i];

		if (t->state != TASK_WAITING)
			continue;
		wire_put_map(b, 5);
		wire_put_str(b, "task");
		wire_put_u64(b, t->number);
		step_put_call(b, t);
		wire_put_str(b, "until");
		wire_put_int(b, t->until_ms);
	}
}

bool
approve_under_way(const struct supervisor *s)
{
	const struct run *r;
	int i;

	TAILQ_FOREACH(r, &s->runs, all)
	for (i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state == TASK_LEASED &&
		    r->tasks[i].class == TOOL_UNSAFE)
			return true;
	return false;
}

/* ---- a word, or none in time ---- */

/* By nobody: its time was up. */
static void
emit_decided(struct supervisor *s, struct task *t, bool approve, struct span by)
{
	auto_buf b = {0};

	buf_init(&b, 1024);
	wire_put_map(&b, 6);
	step_put_place(&b, t);
	wire_put_str(&b, "task");
	wire_put_u64(&b, t->number);
	wire_put_str(&b, "approved");
	wire_put_bool(&b, approve);
	wire_put_str(&b, "by");
	wire_put_span(&b, by);
	wire_put_str(&b, "by_time");
	wire_put_bool(&b, by.n == 0);
	ledger_emit(s, t->run, "decided", &b);
}

static void
deny(struct supervisor *s, struct task *t, const char *why, const char *advice)
{
	stand(t, TASK_DONE, 0);
	step_end(s, t,
	    &(struct step_end){.state = TASK_DONE,
		.status = "FAILED",
		.summary = why,
		.suggestion = advice});
}

static void
decide(struct supervisor *s, struct task *t, const struct proto_decide *m)
{
	auto_str why = xasprintf("denied by %.*s", SPAN_ARG(m->by));

	supervisor_at_work(s, t->run);
	emit_decided(s, t, m->approve != 0, m->by);
	if (m->approve == 0) {
		deny(s, t, why,
		    "Do not ask for it again; find another way, or finish "
		    "without it.");
		return;
	}
	snprintf(
	    t->approved_by, sizeof(t->approved_by), "%.*s", SPAN_ARG(m->by));
	stand(t, TASK_QUEUED, 0);
	step_enqueue(s, t);
}

static void
lapse(struct supervisor *s, struct task *t)
{
	int64_t wait_s = wait_ms(s) / 1000;
	bool minutes = wait_s % 60 == 0;
	auto_str why = xasprintf(
	    "denied by time: nobody approved it within %lld %s",
	    (long long)(minutes ? wait_s / 60 : wait_s), minutes ? "min" : "s");

	supervisor_at_work(s, t->run);
	log_warn("a step was denied by time: nobody approved it", "run",
	    t->run->id, NULL);
	emit_decided(s, t, false, (struct span){"", 0});
	deny(s, t, why,
	    "Finish without it, unless somebody is there to approve it now.");
}

void
approve_lapse(struct supervisor *s, struct run *r, int64_t now_ms)
{
	for (int i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state == TASK_WAITING &&
		    now_ms >= r->tasks[i].waits_until_ms)
			lapse(s, &r->tasks[i]);
}

/* What the journal says of a step that does not wait now. */
struct before {
	uint64_t task;
	bool asked, decided, approved;
	char by[TASK_BY_MAX + 1];
};

static void
look(void *ctx, int64_t seq UNUSED, struct span type, struct span data)
{
	struct before *b = ctx;
	struct wire_r approved;
	struct span by;

	if (wire_find_int(data, "task", -1) != (int64_t)b->task)
		return;
	b->asked = b->asked || span_is(type, "approval");
	if (!span_is(type, "decided"))
		return;
	by = wire_find_str(data, "by");
	b->decided = true;
	approved = wire_reader(wire_find(data, "approved"));
	b->approved = wire_bool(&approved);
	snprintf(b->by, sizeof(b->by), "%.*s", SPAN_ARG(by));
}

/* The same word again is as good as the first: its answer may have been
 * lost. */
static enum rc
decided_before(struct supervisor *s, const struct run *r, int64_t row,
    const struct proto_decide *m, struct err *err)
{
	struct before b = {.task = m->task};
	long long n = (long long)m->task;
	enum rc rc =
	    s->ops->event_each(s->store, row, 0, STORE_ITEM_MAX, look, &b, err);

	if (rc != RC_OK)
		return rc;
	/* What the store does not have yet. */
	if (r != NULL)
		ledger_unsaid(s, r, look, &b);
	if (!b.asked)
		return err_set(err, RC_NOTFOUND,
		    "investigation %.*s has no step %lld that a person was "
		    "asked about",
		    SPAN_ARG(m->run), n);
	if (!b.decided)
		return err_set(err, RC_CONFLICT,
		    "step %lld waits no more: investigation %.*s has ended", n,
		    SPAN_ARG(m->run));
	if (b.approved == (m->approve != 0))
		return RC_OK;
	return err_set(err, RC_CONFLICT, "step %lld was %s by %s already%s", n,
	    b.approved ? "approved" : "denied", b.by[0] != '\0' ? b.by : "time",
	    b.by[0] != '\0' ? "" : ": nobody approved it in time");
}

enum rc
approve_decide(struct supervisor *s, struct run *r, int64_t row,
    const struct proto_decide *m, struct err *err)
{
	struct task *t = r != NULL ? run_find_task(r, m->task) : NULL;

	if (t == NULL || t->state != TASK_WAITING)
		return decided_before(s, r, row, m, err);
	decide(s, t, m);
	return RC_OK;
}
