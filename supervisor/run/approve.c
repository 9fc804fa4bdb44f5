/*
 * approve.c - steps that change what nobody can change back.
 *
 * Invariant: an UNSAFE step is leased at most once, after a person approved
 * it. When nobody can tell how that ended it is UNKNOWN, and the run goes on
 * from there: it is for a person to look, and for a planner to ask anew.
 */
#include "supervisor/run/approve.h"

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
	wire_put_int(&b, t->run->deadline_ms);
	ledger_emit(s, t->run, "approval", &b);
}

static void
ask(struct supervisor *s, struct task *t)
{
	step_release(s, t);
	t->state = TASK_WAITING;
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
		wire_put_map(b, 4);
		wire_put_str(b, "task");
		wire_put_u64(b, t->number);
		step_put_call(b, t);
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

/* ---- a person's word ---- */

static void
emit_decided(struct supervisor *s, struct task *t, const struct proto_decide *m)
{
	auto_buf b = {0};

	buf_init(&b, 1024);
	wire_put_map(&b, 5);
	step_put_place(&b, t);
	wire_put_str(&b, "task");
	wire_put_u64(&b, t->number);
	wire_put_str(&b, "approved");
	wire_put_bool(&b, m->approve != 0);
	wire_put_str(&b, "by");
	wire_put_span(&b, m->by);
	ledger_emit(s, t->run, "decided", &b);
}

static void
deny(struct supervisor *s, struct task *t, struct span by)
{
	auto_str summary = xasprintf("denied by %.*s", SPAN_ARG(by));

	step_end(s, t,
	    &(struct step_end){.state = TASK_DONE,
		.status = "FAILED",
		.summary = summary,
		.suggestion = "Do not ask for it again; find another way, or "
			      "finish without it."});
}

static void
decide(struct supervisor *s, struct task *t, const struct proto_decide *m)
{
	supervisor_at_work(s, t->run);
	emit_decided(s, t, m);
	if (m->approve == 0) {
		deny(s, t, m->by);
		return;
	}
	snprintf(
	    t->approved_by, sizeof(t->approved_by), "%.*s", SPAN_ARG(m->by));
	step_enqueue(s, t);
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
	return err_set(err, RC_CONFLICT, "step %lld was %s by %s already", n,
	    b.approved ? "approved" : "denied", b.by);
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
