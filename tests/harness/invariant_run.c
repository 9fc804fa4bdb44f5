/*
 * invariant_run.c - what must hold of one run: its numbers, its end, its
 * state, its steps, its evidence, and what clients saw of it.
 *
 * The events are the witness: they were committed with what they tell of.
 */
#include "tests/harness/invariant_in.h"

#include "common/base/sha256.h"
#include "common/wire/wire.h"
#include "supervisor/run/state.h"

#include <stdlib.h>

/* ---- reading it whole ---- */

static struct item *
items_add(struct items *l)
{
	if (l->n == l->room) {
		l->room = l->room == 0 ? 32 : l->room * 2;
		l->at = xrealloc(l->at, l->room * sizeof(l->at[0]));
	}
	l->at[l->n] = (struct item){0};
	return &l->at[l->n++];
}

static void
items_free(struct items *l)
{
	while (l->n > 0) {
		free(l->at[--l->n].label);
		free(l->at[l->n].data);
	}
	free(l->at);
}

static char *
text_of(struct span s)
{
	return xstrndup(s.p != NULL ? s.p : "", s.n);
}

static void
keep(struct items *l, int64_t n, struct span label, struct span data)
{
	struct item *i = items_add(l);

	i->n = n;
	i->label = text_of(label);
	i->data = xcalloc(1, data.n + 1);
	if (data.n > 0)
		memcpy(i->data, data.p, data.n);
	i->bytes = data.n;
}

struct span
inv_item(const struct item *i)
{
	return span_make(i->data, i->bytes);
}

static void
keep_event(void *ctx, int64_t seq, struct span type, struct span data)
{
	keep(&((struct inv_run *)ctx)->events, seq, type, data);
}

static void
keep_update(void *ctx, int64_t n, struct span node, struct span update)
{
	keep(&((struct inv_run *)ctx)->updates, n, node, update);
}

static void
keep_task(void *ctx, const struct store_task *t)
{
	struct inv_run *r = ctx;

	keep(&r->tasks, (int64_t)t->task, t->state, t->outcome);
	r->tasks.at[r->tasks.n - 1].index = t->index;
}

static void
run_read(struct inv *v, const struct store_run *row, struct inv_run *r)
{
	const struct store_ops *ops = &store_sqlite;
	struct err err;

	*r = (struct inv_run){.row = row->row,
	    .id = text_of(row->id),
	    .key = text_of(row->key),
	    .status = text_of(row->status),
	    .finished_ms = row->finished_ms,
	    .iteration = row->iteration,
	    .turns = row->turns,
	    .next_update = row->next_update,
	    .last_seq = row->last_seq,
	    .state = state_new()};
	if (ops->event_each(
		v->store, r->row, 0, INT64_MAX, keep_event, r, &err) != RC_OK ||
	    ops->update_each(v->store, r->row, keep_update, r, &err) != RC_OK ||
	    ops->task_each(v->store, r->row, keep_task, r, &err) != RC_OK)
		inv_bad(v, r, "cannot be read: %s", err.text);
}

static void
run_done(struct inv_run *r)
{
	free(r->id);
	free(r->key);
	free(r->status);
	items_free(&r->events);
	items_free(&r->updates);
	items_free(&r->tasks);
	state_free(r->state);
}

static bool
is_type(const struct item *e, const char *type)
{
	return strcmp(e->label, type) == 0;
}

/* ---- numbers ---- */

static void
numbered(struct inv *v, const struct inv_run *r, const struct items *l,
    const char *what, int64_t first, int64_t last)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].n != first + (int64_t)i) {
			inv_bad(v, r, "%s %lld is followed by %lld", what,
			    (long long)(first + (int64_t)i - 1),
			    (long long)l->at[i].n);
			return;
		}
	if (first + (int64_t)l->n - 1 != last)
		inv_bad(v, r, "its last %s is %lld, its row says %lld", what,
		    (long long)(first + (int64_t)l->n - 1), (long long)last);
}

static void
check_numbers(struct inv *v, struct inv_run *r)
{
	numbered(v, r, &r->events, "event", 1, r->last_seq);
	numbered(v, r, &r->updates, "update", 0, r->next_update - 1);
}

/* ---- its beginning and its end ---- */

static void
check_end(struct inv *v, struct inv_run *r)
{
	const struct items *l = &r->events;
	size_t starts = 0, ends = 0;

	for (size_t i = 0; i < l->n; i++) {
		starts += is_type(&l->at[i], "started");
		ends += is_type(&l->at[i], "finished");
	}
	if (starts != 1 || !is_type(&l->at[0], "started"))
		inv_bad(v, r, "%zu `started`, which is to be its first event",
		    starts);
	if (ends > 1)
		inv_bad(v, r, "%zu events `finished`", ends);
	if (ends > 0 && !is_type(&l->at[l->n - 1], "finished"))
		inv_bad(
		    v, r, "`%s` comes after `finished`", l->at[l->n - 1].label);
	if ((ends > 0) != (r->finished_ms > 0))
		inv_bad(v, r, "%zu events `finished`, but its row is %s", ends,
		    r->status);
	if (v->in->settled && ends == 0)
		inv_bad(v, r, "never finished (%s at event %lld)", r->status,
		    (long long)r->last_seq);
}

/* A fork begins with what another run did, and perhaps with its plan. */
static void
take_given(struct inv_run *r)
{
	const struct item *first = r->updates.n > 0 ? &r->updates.at[0] : NULL;
	struct span state = first != NULL ? inv_item(first) : span_of("");
	int64_t rounds = wire_find_int(state, "iteration", 0);
	struct wire_r in = wire_reader(wire_find(state, "executor_feedback"));
	struct plan plan;
	struct err err;

	if (wire_find(state, "forked_from").n == 0 || rounds < 0 ||
	    rounds > ROUTE_ROUNDS_MAX)
		return;
	r->given.rounds = rounds;
	r->given.turns = wire_find_int(state, "turns", 0);
	r->given.outcomes = wire_peek(&in) == WIRE_ARRAY ? wire_array(&in) : 0;
	if (strcmp(first->label, "planner") != 0 || rounds == 0 ||
	    plan_parse(wire_find(state, "planner_plan"), &plan, &err) != RC_OK)
		return;
	if (plan.decision == PLAN_DECISION_EXECUTE) {
		r->given.rounds--;
		r->rounds[rounds].steps = plan.n_steps;
	}
}

/* ---- the state ---- */

static void
check_state(struct inv *v, struct inv_run *r)
{
	int64_t rounds;
	struct span status;
	struct err err;

	for (size_t i = 0; i < r->updates.n; i++)
		if (state_apply(r->state, inv_item(&r->updates.at[i]), &err) !=
		    RC_OK)
			inv_bad(
			    v, r, "update %zu does not apply: %s", i, err.text);
	if (!span_is(state_str(r->state, "id"), r->id))
		inv_bad(v, r, "its state's id is \"%.*s\"",
		    SPAN_ARG(state_str(r->state, "id")));
	status = state_str(r->state, "status");
	if (!span_is(status, r->status))
		inv_bad(v, r, "its state is %.*s, its row %s", SPAN_ARG(status),
		    r->status);
	rounds = state_int(r->state, "iteration", -1);
	if (rounds != r->iteration)
		inv_bad(v, r, "its state is at round %lld, its row at %lld",
		    (long long)rounds, (long long)r->iteration);
	if (rounds < 0 || rounds > ROUTE_ROUNDS_MAX)
		inv_bad(v, r, "%lld rounds were begun; %d is the limit",
		    (long long)rounds, ROUTE_ROUNDS_MAX);
}

/* ---- rounds and steps, as the events tell them ---- */

static bool
is_unsafe(const struct inv *v, const char *tool)
{
	const char *const *t = v->in->unsafe;

	for (; t != NULL && *t != NULL; t++)
		if (strcmp(*t, tool) == 0)
			return true;
	return false;
}

static void
on_plan(struct inv *v, struct inv_run *r, const struct item *e)
{
	int64_t n = wire_find_int(inv_item(e), "iteration", -1);
	struct plan plan;
	struct err err;

	if (plan_parse(inv_item(e), &plan, &err) != RC_OK) {
		inv_bad(v, r, "event %lld: %s", (long long)e->n, err.text);
		return;
	}
	if (plan.decision != PLAN_DECISION_EXECUTE)
		return;
	if (n < 1 || n > ROUTE_ROUNDS_MAX)
		inv_bad(v, r, "event %lld plans round %lld", (long long)e->n,
		    (long long)n);
	else if (r->rounds[n].steps != 0)
		inv_bad(v, r, "round %lld was planned twice", (long long)n);
	else if (n > r->given.rounds + 1 && r->rounds[n - 1].steps == 0)
		inv_bad(v, r, "round %lld was planned before %lld",
		    (long long)n, (long long)n - 1);
	else
		r->rounds[n].steps = plan.n_steps;
}

/* The step an event is about; NULL: none there can be, which is noted. */
static struct step *
step_of(struct inv *v, struct inv_run *r, const struct item *e)
{
	int64_t n = wire_find_int(inv_item(e), "iteration", -1);
	int64_t i = wire_find_int(inv_item(e), "index", -1);

	if (n >= 1 && n <= ROUTE_ROUNDS_MAX && i >= 0 && i < r->rounds[n].steps)
		return &r->rounds[n].at[i];
	inv_bad(v, r,
	    "event %lld (%s) is about step %lld of round %lld, "
	    "which no plan has",
	    (long long)e->n, e->label, (long long)i, (long long)n);
	return NULL;
}

static void
on_tool_started(struct inv *v, struct inv_run *r, const struct item *e)
{
	int64_t attempt = wire_find_int(inv_item(e), "attempt", 0);
	struct step *s = step_of(v, r, e);

	if (s == NULL)
		return;
	snprintf(s->tool, sizeof(s->tool), "%.*s",
	    SPAN_ARG(wire_find_str(inv_item(e), "tool")));
	if (s->ends > 0)
		inv_bad(v, r,
		    "event %lld starts %s again although its outcome was "
		    "recorded",
		    (long long)e->n, s->tool);
	if (attempt <= s->attempt)
		inv_bad(v, r, "event %lld: attempt %lld of %s after %lld",
		    (long long)e->n, (long long)attempt, s->tool,
		    (long long)s->attempt);
	s->attempt = attempt;
	s->starts++;
	if (is_unsafe(v, s->tool) && (s->starts > 1 || attempt > 1))
		inv_bad(v, r, "event %lld: attempt %lld of %s, which is UNSAFE",
		    (long long)e->n, (long long)attempt, s->tool);
}

static void
on_feedback(struct inv *v, struct inv_run *r, const struct item *e)
{
	struct step *s = step_of(v, r, e);

	if (s == NULL)
		return;
	if (s->ends++ > 0)
		inv_bad(v, r, "event %lld is a second outcome of a step of %s",
		    (long long)e->n, s->tool);
	/* What the supervisor itself refuses is never started. */
	if (s->starts == 0 &&
	    span_is(wire_find_str(inv_item(e), "status"), "SUCCESS"))
		inv_bad(v, r, "event %lld: success of what never started",
		    (long long)e->n);
}

static void
check_steps(struct inv *v, struct inv_run *r)
{
	static const struct {
		const char *type;
		void (*take)(
		    struct inv *v, struct inv_run *r, const struct item *e);
	} kinds[] = {
	    {"plan", on_plan},
	    {"tool_started", on_tool_started},
	    {"feedback", on_feedback},
	};

	for (size_t i = 0; i < r->events.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			if (is_type(&r->events.at[i], kinds[k].type))
				kinds[k].take(v, r, &r->events.at[i]);
}

/* A plan's outcomes enter the state together, when the last of them is there.
 * Those of a plan that the run's end cut short enter it together too, or not
 * at all: whether they matter depends on what the tools do to the world. */
static void
check_feedback(struct inv *v, struct inv_run *r)
{
	int64_t joined = r->given.outcomes, cut = 0;
	uint32_t n;

	for (int64_t k = r->given.rounds + 1; k <= ROUTE_ROUNDS_MAX; k++) {
		int64_t ends = 0;

		for (int64_t i = 0; i < r->rounds[k].steps; i++)
			ends += r->rounds[k].at[i].ends > 0;
		if (ends == r->rounds[k].steps)
			joined += ends;
		else if (k < r->iteration)
			inv_bad(v, r,
			    "round %lld has %lld outcomes of %lld, and was "
			    "followed by another",
			    (long long)k, (long long)ends,
			    (long long)r->rounds[k].steps);
		else if (r->finished_ms > 0)
			cut = ends;
	}
	state_list(r->state, "executor_feedback", &n);
	if (n != joined && n != joined + cut)
		inv_bad(v, r, "its state has %u outcomes, its events %lld", n,
		    (long long)joined);
}

/* One plan for one answer of the planner: none was asked for twice. */
static void
check_turns(struct inv *v, struct inv_run *r)
{
	int64_t plans = r->given.turns;

	for (size_t i = 0; i < r->events.n; i++)
		plans += is_type(&r->events.at[i], "plan");
	if (plans > r->turns ||
	    (plans < r->turns && strcmp(r->status, "failed") != 0))
		inv_bad(v, r, "%lld plans of %lld answers of the planner",
		    (long long)plans, (long long)r->turns);
}

/* ---- tasks ---- */

static void
check_tasks(struct inv *v, struct inv_run *r)
{
	const struct items *l = &r->tasks;

	if (r->finished_ms > 0 && l->n > 0)
		inv_bad(v, r, "has ended, and %zu tasks of it are left", l->n);
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = i + 1; k < l->n; k++)
			if (l->at[i].index == l->at[k].index)
				inv_bad(v, r,
				    "step %lld is two tasks, %lld and %lld",
				    (long long)l->at[i].index,
				    (long long)l->at[i].n,
				    (long long)l->at[k].n);
}

/* ---- evidence ---- */

struct found {
	struct inv *v;
	const struct inv_run *r;
	struct span id, sha256;
	int64_t bytes;
};

static void
is_the_evidence(void *ctx, const struct store_evidence *e)
{
	struct found *f = ctx;
	char sha[SHA256_TEXT];

	sha256_text(e->bytes, sha);
	if (!span_is(f->sha256, sha) || !span_is(e->sha256, sha))
		inv_bad(f->v, f->r,
		    "%.*s is said to have the hash %.*s; its bytes have %s",
		    SPAN_ARG(f->id), SPAN_ARG(f->sha256), sha);
	if ((int64_t)e->bytes.n != f->bytes)
		inv_bad(f->v, f->r, "%.*s has %zu bytes, not %lld",
		    SPAN_ARG(f->id), e->bytes.n, (long long)f->bytes);
}

/* meta: {id, sha256, bytes …}. */
static void
resolve(struct inv *v, const struct inv_run *r, struct span meta)
{
	struct found f = {v, r, wire_find_str(meta, "id"),
	    wire_find_str(meta, "sha256"), wire_find_int(meta, "bytes", -1)};
	auto_str id = text_of(f.id);
	struct err err = {"it is no id"};

	if (id[0] != 'E' ||
	    store_sqlite.evidence_get(v->store, r->row, atoll(id + 1),
		is_the_evidence, &f, &err) != RC_OK)
		inv_bad(v, r, "evidence \"%s\" is not there: %s", id, err.text);
}

/* How often the state's list of evidence has an id. */
static int
times_named(const struct inv_run *r, struct span id)
{
	uint32_t n;
	struct wire_r in = wire_reader(state_list(r->state, "evidence", &n));
	int times = 0;

	for (; n > 0; n--)
		times += span_equal(wire_find_str(wire_raw(&in), "id"), id);
	return times;
}

/* The ids one feedback of the state rests on. */
static void
check_cited(struct inv *v, const struct inv_run *r, struct span feedback)
{
	struct wire_r in = wire_reader(wire_find(feedback, "evidence"));
	uint32_t n = wire_array(&in);

	for (; n > 0 && !in.bad; n--) {
		struct span id = wire_str(&in);

		if (times_named(r, id) == 0)
			inv_bad(v, r,
			    "an outcome rests on %.*s, which its "
			    "state does not have",
			    SPAN_ARG(id));
	}
}

static void
check_evidence(struct inv *v, struct inv_run *r)
{
	uint32_t n;
	struct wire_r in = wire_reader(state_list(r->state, "evidence", &n));

	for (; n > 0; n--) {
		struct span meta = wire_raw(&in);
		struct span id = wire_find_str(meta, "id");

		resolve(v, r, meta);
		if (times_named(r, id) > 1)
			inv_bad(v, r, "its state has %.*s twice", SPAN_ARG(id));
	}
	in = wire_reader(state_list(r->state, "executor_feedback", &n));
	for (; n > 0; n--)
		check_cited(v, r, wire_raw(&in));
	for (size_t i = 0; i < r->events.n; i++)
		if (is_type(&r->events.at[i], "evidence"))
			resolve(v, r, inv_item(&r->events.at[i]));
}

/* ---- what clients saw ---- */

static bool
same_event(struct inv *v, const struct inv_run *r, const struct seen_event *s,
    size_t i)
{
	const struct item *e = &r->events.at[i];
	auto_str id = xasprintf("%s.%zu", r->id, i + 1);
	auto_buf json = {0};

	buf_init(&json, 256 << 20);
	if (e->bytes > 0)
		wire_to_json(&json, inv_item(e));
	else
		buf_adds(&json, "{}");
	if (strcmp(s->id, id) != 0)
		inv_bad(v, r, "a client saw %s where %s was due", s->id, id);
	else if (s->type == NULL || strcmp(s->type, e->label) != 0)
		inv_bad(v, r, "a client saw %s as `%s`; it is `%s`", id,
		    s->type != NULL ? s->type : "", e->label);
	else if (s->data == NULL || strcmp(s->data, buf_str(&json)) != 0)
		inv_bad(v, r,
		    "a client saw other bytes of %s: %.100s, not "
		    "%.100s",
		    id, s->data != NULL ? s->data : "", buf_str(&json));
	else
		return true;
	return false;
}

void
inv_check_seen(struct inv *v, const struct inv_run *r, const struct seen *s)
{
	size_t n = seen_count(s);

	for (size_t i = 0; i < n; i++) {
		if (i >= r->events.n) {
			inv_bad(v, r,
			    "a client saw %s; the store ends at "
			    "%zu",
			    seen_at(s, i)->id, r->events.n);
			return;
		}
		/* The first difference: all behind it differ as well. */
		if (!same_event(v, r, seen_at(s, i), i))
			return;
	}
}

static void
check_seen(struct inv *v, struct inv_run *r)
{
	for (size_t i = 0; i < v->in->n_seen; i++)
		if (strcmp(seen_run(v->in->seen[i]), r->id) == 0)
			inv_check_seen(v, r, v->in->seen[i]);
}

/* ---- all ---- */

/* In this order: later ones use what earlier ones gathered. */
static const struct {
	const char *name;
	void (*check)(struct inv *v, struct inv_run *r);
} checks[] = {
    {"events and updates have no gap", check_numbers},
    {"a run has one beginning and one end", check_end},
    {"a state is the fold of its updates", check_state},
    {"a step has one outcome and is not run again", check_steps},
    {"outcomes enter the state once", check_feedback},
    {"a planner's answer is not asked for twice", check_turns},
    {"no task outlives its run", check_tasks},
    {"evidence is there and unchanged", check_evidence},
    {"clients saw what the store has", check_seen},
};

void
inv_check_run(struct inv *v, const struct store_run *row)
{
	struct inv_run r;

	v->check = "runs can be read";
	run_read(v, row, &r);
	take_given(&r);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		v->check = checks[i].name;
		/* Without an event nothing else can be said of it. */
		if (i == 0 || r.events.n > 0)
			checks[i].check(v, &r);
	}
	run_done(&r);
}
