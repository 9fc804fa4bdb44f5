/*
 * dispatch.c - queued tasks to workers.
 *
 * Invariant: every lease has an attempt of its own, so a late outcome of an
 * earlier one is told apart.
 */
#include "supervisor/doors/dispatch.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/wire/wire.h"
#include "supervisor/run/approve.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/look.h"
#include "supervisor/run/step.h"

enum { HOOKS_TURN = 4 };

int64_t
dispatch_alive_since(const struct supervisor *s)
{
	return clk_mono_ms() - s->lease_ms;
}

enum node
dispatch_lacks(const struct supervisor *s, const struct run *r)
{
	int64_t since = dispatch_alive_since(s);
	int i;

	for (i = 0; i < r->n_tasks; i++) {
		const struct task *t = &r->tasks[i];
		enum node node = t->held != 0 ? NODE_EXECUTOR : t->node;

		if (t->state == TASK_QUEUED &&
		    registry_count(s->workers, node, since) == 0)
			return node;
	}
	return NODE_START;
}

static void
put_refused(struct buf *b, const struct refusals *x)
{
	wire_put_map(b, 3);
	wire_put_str(b, "times");
	wire_put_int(b, x->n);
	wire_put_str(b, "by");
	wire_put_str(b, x->by);
	wire_put_str(b, "why");
	wire_put_str(b, x->why);
}

/* The answers of a model that were paid for in this turn. */
static void
put_paid(struct buf *b, const struct task *t)
{
	struct wire_r in = wire_reader(buf_span(&t->outcome));
	uint32_t n = 0;

	for (; in.p < in.end && !in.bad; n++)
		wire_raw(&in);
	wire_put_array(b, n);
	wire_put_raw(b, buf_span(&t->outcome));
}

/* The planner sees the state and what there is to run, that a report is made
 * here of what it concludes, and what was wrong with the answer before. */
static void
planner_input(struct supervisor *s, struct task *t, struct buf *b)
{
	static const char yes[] = {(char)0xc3};
	const struct refusals *x = &t->run->refusals;
	auto_buf refused = {.max = 4096};
	auto_buf paid = {.max = PROTO_BYTES_MAX};
	struct state_extra extras[4] = {
	    {"tools", registry_tools_encoded(s->workers)},
	    {"renders", span_make(yes, sizeof(yes))}};
	unsigned n = 2;

	if (x->n > 0) {
		put_refused(&refused, x);
		extras[n++] =
		    (struct state_extra){"refused", buf_span(&refused)};
	}
	if (t->outcome.len > 0) {
		put_paid(&paid, t);
		extras[n++] = (struct state_extra){"paid", buf_span(&paid)};
	}
	state_encode(t->run->state, b, extras, n);
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
		.key = span_of(key),
		.past = state_int(r->state, "past", 0) != 0});
}

static void
lease(struct supervisor *s, struct task *t, struct worker *w)
{
	struct run *r = t->run;
	struct proto m = {.type = PROTO_TASK};
	auto_buf input = {0};
	int64_t now;

	supervisor_at_work(s, r);
	step_release(s, t);
	if (r->ends_mono_ms == RUN_NEVER_MS)
		run_begin(r, agent_conf(s->agent)->deadline_s * 1000);
	now = clk_mono_ms();
	s->hooked[t->node] += r->webhook;
	t->state = TASK_LEASED;
	t->attempt++;
	t->worker = w;
	memcpy(t->worker_name, w->name, sizeof(t->worker_name));
	t->leased_ms = now;
	t->held = 0;
	t->told = registry_edition(s->workers);
	t->lease_until_ms = now + s->lease_ms;
	t->dirty = true;
	w->busy++;
	w->alone = task_is_suspect(t);
	ledger_dirty(s, r);
	if (t->node == NODE_EXECUTOR)
		step_started(s, t);
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
	ledger_send(s, s->back, &w->peer, &m);
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

/* Whether what it waits for has not come. */
static bool
is_held(const struct supervisor *s, const struct task *t)
{
	return t->held != 0 && t->held == registry_edition(s->workers);
}

/* Webhooks' investigations may take so much of the room there is, so that a
 * storm leaves some of it free; and one task at least. */
static bool
has_share(struct supervisor *s, enum node node, int64_t since)
{
	int64_t most = registry_room(s->workers, node, since) *
		       agent_conf(s->agent)->alert_share / 100;

	return s->hooked[node] < MAX(most, 1);
}

/* Leases the first of those from *at on that can be, and has *at behind it;
 * false: none can. */
static bool
lease_next(struct supervisor *s, enum node node, struct task **at)
{
	int64_t since = dispatch_alive_since(s);

	while (*at != NULL) {
		struct task *t = *at;
		struct worker *w;

		/* Nobody has room: the rest need not be looked at. */
		if (registry_pick(s->workers, node, (struct span){NULL, 0},
			since) == NULL ||
		    (t->run->webhook && !has_share(s, node, since)))
			return false;
		*at = TAILQ_NEXT(t, queue);
		if (is_held(s, t))
			continue;
		w = registry_pick(s->workers, node, task_tool(t), since);
		if (w == NULL || (node == NODE_EXECUTOR && !approve_clears(s, t)))
			continue;
		lease(s, t, w);
		return true;
	}
	return false;
}

/* People first, but while both wait every fourth task is a webhook's. */
static void
dispatch_queue(struct supervisor *s, enum node node)
{
	struct task *at[2] = {TAILQ_FIRST(&s->queue[node][0]),
	    TAILQ_FIRST(&s->queue[node][1])};
	bool both, first;

	for (;;) {
		both = at[0] != NULL && at[1] != NULL;
		first = both && s->turns[node] % HOOKS_TURN == HOOKS_TURN - 1;
		if (!lease_next(s, node, &at[first]) &&
		    !lease_next(s, node, &at[!first]))
			return;
		s->turns[node] += both;
	}
}

void
dispatch_all(struct supervisor *s)
{
	static const enum node nodes[] = {NODE_PLANNER, NODE_EXECUTOR};
	size_t i;

	if (s->broken)
		return;
	look_all(s);
	registry_unkeep(s->workers);
	for (i = 0; i < ARRAY_LEN(nodes); i++) {
		dispatch_suspects(s, nodes[i]);
		dispatch_queue(s, nodes[i]);
	}
}
