/*
 * step.c - one task: on a queue, with a worker, and its end.
 *
 * Invariant: a task is on a queue exactly while it is QUEUED, and counts in
 * its worker's busy exactly while it is LEASED. Whatever ends one has its run
 * settled before the turn is over.
 */
#include "supervisor/run/step.h"

#include "common/report/evidence_id.h"
#include "common/base/log.h"
#include "common/report/tool_role.h"
#include "common/wire/wire.h"
#include "supervisor/run/ledger.h"

/* ---- where it is ---- */

bool
step_is_look(const struct task *t)
{
	return t->node == NODE_EXECUTOR &&
	       span_is(t->run->plan.steps[t->index].tool, TOOL_READ_EVIDENCE);
}

static struct task_queue *
queue_of(struct supervisor *s, const struct task *t)
{
	if (step_is_look(t))
		return &s->looks;
	return task_is_suspect(t) ? &s->suspects[t->node]
				  : &s->queue[t->node][t->run->webhook];
}

void
step_enqueue(struct supervisor *s, struct task *t)
{
	t->state = TASK_QUEUED;
	t->worker = NULL;
	t->dirty = true;
	ledger_dirty(s, t->run);
	TAILQ_INSERT_TAIL(queue_of(s, t), t, queue);
}

void
step_release(struct supervisor *s, struct task *t)
{
	if (t->state == TASK_QUEUED)
		TAILQ_REMOVE(queue_of(s, t), t, queue);
	if (t->state == TASK_LEASED && t->worker != NULL) {
		t->worker->busy--;
		s->hooked[t->node] -= t->run->webhook;
		t->worker->alone = false;
	}
	t->worker = NULL;
}

void
step_revoke(struct supervisor *s, struct task *t)
{
	struct proto m = {.type = PROTO_REVOKE};

	if (t->state == TASK_LEASED && t->worker != NULL) {
		m.revoke.run = span_of(t->run->id);
		m.revoke.task = t->number;
		m.revoke.attempt = t->attempt;
		ledger_send(s, s->back, &t->worker->peer, &m);
	}
	step_release(s, t);
	t->state = TASK_DONE;
}

/* ---- what is told of it ---- */

void
step_put_place(struct buf *b, const struct task *t)
{
	wire_put_str(b, "iteration");
	wire_put_int(b, t->run->iteration);
	wire_put_str(b, "index");
	wire_put_int(b, t->index);
}

void
step_put_call(struct buf *b, const struct task *t)
{
	const struct plan_step *step = &t->run->plan.steps[t->index];

	wire_put_str(b, "step");
	wire_put_span(b, step->step);
	wire_put_str(b, "tool");
	wire_put_span(b, step->tool);
	wire_put_str(b, "args");
	wire_put_raw(b, step->args);
}

void
step_tell_retry(struct supervisor *s, const struct task *t, const char *reason)
{
	auto_buf b = {.max = 4096};

	wire_put_map(&b, 4);
	wire_put_str(&b, "task");
	wire_put_u64(&b, t->number);
	wire_put_str(&b, "attempt");
	wire_put_u64(&b, t->attempt);
	wire_put_str(&b, "worker");
	wire_put_str(&b, t->worker_name);
	wire_put_str(&b, "reason");
	wire_put_str(&b, reason);
	ledger_emit(s, t->run, "retry", &b);
}

void
step_started(struct supervisor *s, struct task *t)
{
	bool reads = t->class == TOOL_READ;
	auto_buf b = {0};

	buf_init(&b, STATE_BYTES_MAX);
	wire_put_map(&b, reads ? 7 : 9);
	if (!reads) {
		wire_put_str(&b, "task");
		wire_put_u64(&b, t->number);
		wire_put_str(&b, "class");
		wire_put_str(&b, tool_class_name(t->class));
	}
	step_put_place(&b, t);
	step_put_call(&b, t);
	wire_put_str(&b, "worker");
	wire_put_str(&b, t->worker_name);
	wire_put_str(&b, "attempt");
	wire_put_u64(&b, t->attempt);
	ledger_emit(s, t->run, "tool_started", &b);
}

/* ---- its end ---- */

void
step_settle(struct supervisor *s, struct run *r)
{
	if (r->settling)
		return;
	r->settling = true;
	TAILQ_INSERT_TAIL(&s->settling, r, settling_list);
}

static void
emit_feedback(struct supervisor *s, struct task *t, struct span feedback)
{
	static const char *const keys[] = {
	    "status", "tool", "summary", "evidence", "suggestion", "ms"};
	auto_buf b = {0};
	size_t i;

	buf_init(&b, STATE_BYTES_MAX);
	wire_put_map(&b, 3 + ARRAY_LEN(keys));
	step_put_place(&b, t);
	wire_put_str(&b, "worker");
	wire_put_str(&b, t->worker_name);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		struct span v = wire_find(feedback, keys[i]);

		wire_put_str(&b, keys[i]);
		if (v.n != 0)
			wire_put_raw(&b, v);
		else
			wire_put_nil(&b);
	}
	ledger_emit(s, t->run, "feedback", &b);
}

/* How many pairs put_class writes. */
static uint32_t
class_pairs(const struct task *t)
{
	return t->class == TOOL_READ ? 0 : 2;
}

/* What readers of the report should know of a step that changed something. */
static void
put_class(struct buf *b, const struct task *t)
{
	if (t->class == TOOL_READ)
		return;
	wire_put_str(b, "class");
	wire_put_str(b, tool_class_name(t->class));
	wire_put_str(b, "approved_by");
	wire_put_str(b, t->approved_by);
}

/* The feedback with what the supervisor knows better in place of its own
 * claims: the ids of its evidence, its class, who approved it. */
static void
put_feedback(struct buf *b, struct span feedback, const struct task *t,
    int64_t cites)
{
	struct wire_r r = wire_reader(feedback);
	uint32_t n = wire_map(&r), i, kept = 0;
	char id[EVIDENCE_ID_TEXT];
	auto_buf pairs = {0};

	buf_init(&pairs, STATE_BYTES_MAX);
	for (i = 0; i < n; i++) {
		struct span k = wire_str(&r);
		struct span v = wire_raw(&r);

		if (span_is(k, "evidence") || span_is(k, "class") ||
		    span_is(k, "approved_by") || span_is(k, "unknown"))
			continue;
		wire_put_span(&pairs, k);
		wire_put_raw(&pairs, v);
		kept++;
	}
	wire_put_map(b, kept + 1 + class_pairs(t));
	buf_add_buf(b, &pairs);
	put_class(b, t);
	wire_put_str(b, "evidence");
	wire_put_array(b, cites != 0 ? 1 : 0);
	if (cites != 0)
		wire_put_str(b, evidence_id_print(cites, id));
}

void
step_done(struct supervisor *s, struct task *t, enum task_state state,
    struct span feedback, const struct buf *evidence)
{
	auto_buf fb = {0};

	buf_init(&fb, STATE_BYTES_MAX);
	put_feedback(
	    &fb, feedback, t, evidence->len != 0 ? t->evidence : t->cites);
	buf_reset(&t->outcome);
	wire_put_map(&t->outcome, evidence->len != 0 ? 2 : 1);
	wire_put_str(&t->outcome, "feedback");
	buf_add_buf(&t->outcome, &fb);
	if (evidence->len != 0) {
		wire_put_str(&t->outcome, "evidence");
		buf_add_buf(&t->outcome, evidence);
		ledger_emit(s, t->run, "evidence", evidence);
	}
	emit_feedback(s, t, buf_span(&fb));
	t->state = state;
	t->dirty = true;
	ledger_dirty(s, t->run);
	step_settle(s, t->run);
}

void
step_end(struct supervisor *s, struct task *t, const struct step_end *end)
{
	static const struct buf no_evidence = {0};
	const struct plan_step *step = &t->run->plan.steps[t->index];
	auto_buf fb = {0};

	buf_init(&fb, STATE_BYTES_MAX);
	proto_put_feedback(
	    &fb, &(struct proto_feedback){.status = span_of(end->status),
		     .tool = step->tool,
		     .step = step->step,
		     .args = step->args,
		     .summary = span_of(end->summary),
		     .suggestion = span_of(end->suggestion)});
	step_done(s, t, end->state, buf_span(&fb), &no_evidence);
}

void
step_refuse(struct supervisor *s, struct task *t, const struct err *why)
{
	step_end(s, t,
	    &(struct step_end){.state = TASK_DONE,
		.status = "FAILED",
		.summary = why->text,
		.suggestion = "correct the call, or use another tool"});
}

void
step_lost(struct supervisor *s, struct task *t, const char *reason)
{
	auto_str summary =
	    xasprintf("What came of it is not known: %s. %s", reason,
		t->class == TOOL_UNSAFE
		    ? "The tool is UNSAFE, so it was not repeated."
		    : "It was not repeated.");

	log_warn("a step's outcome is not known", "run", t->run->id, "worker",
	    t->worker_name, "reason", reason, NULL);
	step_release(s, t);
	step_end(s, t,
	    &(struct step_end){.state = TASK_UNKNOWN,
		.status = "UNKNOWN",
		.summary = summary,
		.suggestion = "Find out whether it took effect; only if it did "
			      "not, ask for it again in a new step."});
}
