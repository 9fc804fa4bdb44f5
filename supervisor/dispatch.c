/*
 * dispatch.c - queued tasks to workers.
 *
 * Invariant: a task is on a queue exactly while it is QUEUED, and counts in
 * its worker's busy exactly while it is LEASED. Every lease has an attempt
 * of its own, so a late outcome of an earlier one is told apart.
 */
#include "common/clk.h"
#include "common/failpoint.h"
#include "common/wire.h"
#include "supervisor/supervisor.h"

int64_t
dispatch_alive_since(const struct supervisor *s)
{
	return clk_mono_ms() - s->lease_ms;
}

static struct task_queue *
queue_of(struct supervisor *s, const struct task *t)
{
	return task_is_suspect(t) ? &s->suspects[t->node] : &s->queue[t->node];
}

void
dispatch_enqueue(struct supervisor *s, struct task *t)
{
	struct task_queue *q = queue_of(s, t);
	struct task *other = NULL;

	t->state = TASK_QUEUED;
	t->worker = NULL;
	t->dirty = true;
	engine_dirty(s, t->run);
	/* Somebody waits for an interactive run. */
	if (!t->run->webhook)
		TAILQ_FOREACH(other, q, queue)
		if (other->run->webhook)
			break;
	if (other != NULL)
		TAILQ_INSERT_BEFORE(other, t, queue);
	else
		TAILQ_INSERT_TAIL(q, t, queue);
}

void
dispatch_release(struct supervisor *s, struct task *t)
{
	if (t->state == TASK_QUEUED)
		TAILQ_REMOVE(queue_of(s, t), t, queue);
	if (t->state == TASK_LEASED && t->worker != NULL) {
		t->worker->busy--;
		t->worker->alone = false;
	}
	t->worker = NULL;
}

void
dispatch_revoke(struct supervisor *s, struct task *t)
{
	struct proto m = {.type = PROTO_REVOKE};

	if (t->state == TASK_LEASED && t->worker != NULL) {
		m.revoke.run = span_of(t->run->id);
		m.revoke.task = t->number;
		m.revoke.attempt = t->attempt;
		supervisor_send(s, s->back, &t->worker->peer, &m);
	}
	dispatch_release(s, t);
	t->state = TASK_DONE;
}

/* The planner sees the state and what there is to run. */
static void
planner_input(struct supervisor *s, struct task *t, struct buf *b)
{
	state_encode(t->run->state, b, "tools",
	    registry_tools_encoded(s->workers));
}

void
dispatch_put_place(struct buf *b, const struct task *t)
{
	wire_put_str(b, "iteration");
	wire_put_int(b, t->run->iteration);
	wire_put_str(b, "index");
	wire_put_int(b, t->index);
}

void
dispatch_put_step(struct buf *b, const struct task *t)
{
	const struct plan_step *step = &t->run->plan.steps[t->index];

	wire_put_str(b, "step");
	wire_put_span(b, step->step);
	wire_put_str(b, "tool");
	wire_put_span(b, step->tool);
	wire_put_str(b, "args");
	wire_put_raw(b, step->args);
}

/* The key is that under which a tool that may be repeated does it once,
 * whoever asks and how often. */
static void
executor_input(struct task *t, struct buf *b)
{
	const struct run *r = t->run;
	const struct plan_step *step = &r->plan.steps[t->index];
	auto_str key =
	    t->class == TOOL_IDEMPOTENT
		? xasprintf("%s.%llu", r->id, (unsigned long long)t->number)
		: NULL;

	proto_put_step(b,
	    &(struct proto_step){.step = step->step,
		.tool = step->tool,
		.args = step->args,
		.context = r->plan.context,
		.iteration = r->iteration,
		.index = t->index,
		.at = MAX(state_int(r->state, "at", 0), 0),
		.window = MAX(state_int(r->state, "window", 0), 0),
		.labels = state_get(r->state, "labels"),
		.language = state_str(r->state, "language"),
		.key = span_of(key)});
}

static void
emit_started(struct supervisor *s, struct task *t)
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
	dispatch_put_place(&b, t);
	dispatch_put_step(&b, t);
	wire_put_str(&b, "worker");
	wire_put_str(&b, t->worker_name);
	wire_put_str(&b, "attempt");
	wire_put_u64(&b, t->attempt);
	engine_emit(s, t->run, "tool_started", &b);
}

static void
lease(struct supervisor *s, struct task *t, struct worker *w)
{
	struct run *r = t->run;
	struct proto m = {.type = PROTO_TASK};
	int64_t now = clk_mono_ms();
	auto_buf input = {0};

	TAILQ_REMOVE(queue_of(s, t), t, queue);
	t->state = TASK_LEASED;
	t->attempt++;
	t->worker = w;
	memcpy(t->worker_name, w->name, sizeof(t->worker_name));
	t->leased_ms = now;
	t->lease_until_ms = now + s->lease_ms;
	t->dirty = true;
	w->busy++;
	w->alone = task_is_suspect(t);
	engine_dirty(s, r);
	if (t->node == NODE_EXECUTOR)
		emit_started(s, t);
	buf_init(&input, PROTO_BYTES_MAX);
	if (t->node == NODE_PLANNER)
		planner_input(s, t, &input);
	else
		executor_input(t, &input);
	m.task.epoch = s->epoch;
	m.task.run = span_of(r->id);
	m.task.task = t->number;
	m.task.attempt = t->attempt;
	m.task.deadline_ms = (uint64_t)MAX(r->ends_mono_ms - now, 1);
	m.task.input = buf_span(&input);
	supervisor_send(s, s->back, &w->peer, &m);
	FAILPOINT(leased);
}

static struct span
task_tool(const struct task *t)
{
	if (t->node != NODE_EXECUTOR)
		return (struct span){NULL, 0};
	return t->run->plan.steps[t->index].tool;
}

/* Before the others, or those would keep every worker from being idle. */
static void
dispatch_suspects(struct supervisor *s, enum node node)
{
	int64_t since = dispatch_alive_since(s);
	struct task *t, *next;

	for (t = TAILQ_FIRST(&s->suspects[node]); t != NULL; t = next) {
		struct worker *w = registry_pick_alone(
		    s->workers, node, task_tool(t), since);

		next = TAILQ_NEXT(t, queue);
		if (w != NULL &&
		    (node != NODE_EXECUTOR || approve_clears(s, t)))
			lease(s, t, w);
	}
}

static void
dispatch_queue(struct supervisor *s, enum node node)
{
	int64_t since = dispatch_alive_since(s);
	struct task *t, *next;

	for (t = TAILQ_FIRST(&s->queue[node]); t != NULL; t = next) {
		struct worker *w;

		next = TAILQ_NEXT(t, queue);
		/* Nobody has room: the rest need not be looked at. */
		if (registry_pick(s->workers, node, (struct span){NULL, 0},
			since) == NULL)
			return;
		w = registry_pick(s->workers, node, task_tool(t), since);
		if (w != NULL &&
		    (node != NODE_EXECUTOR || approve_clears(s, t)))
			lease(s, t, w);
	}
}

void
dispatch_all(struct supervisor *s)
{
	static const enum node nodes[] = {NODE_PLANNER, NODE_EXECUTOR};
	size_t i;

	if (s->broken)
		return;
	registry_unkeep(s->workers);
	for (i = 0; i < ARRAY_LEN(nodes); i++) {
		dispatch_suspects(s, nodes[i]);
		dispatch_queue(s, nodes[i]);
	}
}
