/*
 * engine.c - what happens to a run: start, step by step along the graph.
 *
 * Invariant: a run rests at planner or executor with tasks, or it has ended.
 * Every way here writes state, tasks and events into the open transaction.
 */
#include <sodium.h>
#include <stdlib.h>

#include "common/clk.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "supervisor/supervisor.h"

bool
store_good(struct supervisor *s, enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return true;
	if (!s->broken)
		log_error(rc == RC_CONFLICT
			      ? "another supervisor has taken over; ending"
			      : "the store failed; starting again from the "
				"last commit",
		    "reason", err->text, NULL);
	s->broken = true;
	agent_fail(s->agent);
	return false;
}

void
engine_dirty(struct supervisor *s, struct run *r)
{
	if (r->dirty)
		return;
	r->dirty = true;
	TAILQ_INSERT_TAIL(&s->dirty, r, dirty_list);
}

/* Nothing that is cut off is kept. Whatever becomes an event was held against
 * what a state may hold, so this is for what nobody thought of. */
static struct span
emit_whole(const struct run *r, const char *type, const struct buf *data)
{
	if (!data->full)
		return buf_span(data);
	log_error("an event is too large to be kept", "run", r->id, "type",
	    type, NULL);
	return span_make("\x80", 1);
}

void
engine_emit(struct supervisor *s, struct run *r, const char *type,
    const struct buf *whole)
{
	struct span data = emit_whole(r, type, whole);
	struct err err;

	r->last_seq++;
	proto_put_event(&r->fresh,
	    &(struct proto_event){r->last_seq, span_of(type), data});
	r->n_fresh++;
	engine_dirty(s, r);
	store_good(s,
	    s->ops->event_insert(
		s->store, r->row, r->last_seq, span_of(type), data, &err),
	    &err);
}

/* Merges an update into the state and writes it down. */
bool
engine_apply(struct supervisor *s, struct run *r, struct span update,
    struct err *err)
{
	struct err why;

	if (state_apply(r->state, update, err) != RC_OK)
		return false;
	engine_dirty(s, r);
	store_good(s,
	    s->ops->update_insert(s->store, r->row, r->next_update,
		span_of(node_name(r->node)), update, &why),
	    &why);
	r->next_update++;
	return true;
}

void
engine_fail(struct run *r, const char *what, const char *text)
{
	r->planner_failed = true;
	snprintf(r->reason, sizeof(r->reason), "%s%s", what, text);
}

/* ---- start ---- */

/* Sorts by time, and cannot be guessed. */
static void
make_id(char *ret, size_t size, int64_t now_ms)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned char r[8];
	size_t i, n = 0;

	randombytes_buf(r, sizeof(r));
	for (i = 0; i < 9 && n + 1 < size; i++)
		ret[n++] = digits[now_ms >> (5 * (8 - i)) & 31];
	for (i = 0; i < sizeof(r) && n + 1 < size; i++)
		ret[n++] = digits[r[i] & 31];
	ret[n] = '\0';
}

static void
emit_started(struct supervisor *s, struct run *r)
{
	static const char *const keys[] = {
	    "input", "language", "at", "window", "labels"};
	struct span fork = state_get(r->state, "forked_from");
	auto_buf b = {0};
	size_t i;

	buf_init(&b, STATE_BYTES_MAX);
	wire_put_map(&b, 2 + ARRAY_LEN(keys) + (fork.n != 0));
	if (fork.n != 0) {
		wire_put_str(&b, "forked_from");
		wire_put_raw(&b, fork);
	}
	wire_put_str(&b, "run");
	wire_put_str(&b, r->id);
	wire_put_str(&b, "deadline_ms");
	wire_put_int(&b, r->deadline_ms);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		struct span v = state_get(r->state, keys[i]);

		wire_put_str(&b, keys[i]);
		if (v.n != 0)
			wire_put_raw(&b, v);
		else
			wire_put_nil(&b);
	}
	engine_emit(s, r, "started", &b);
}

/* The first update of a new run: the request, and what it left open. */
static void
first_update(
    struct supervisor *s, struct run *r, struct span input, struct buf *b)
{
	struct wire_r in = wire_reader(input);
	const char *language = agent_conf(s->agent)->language;
	bool lang = wire_find_str(input, "language").n == 0;
	bool at = wire_find(input, "at").n == 0;
	uint32_t n = wire_map(&in);

	wire_put_map(b, n + 4 + lang + at);
	wire_put_raw(b, span_make(in.p, (size_t)(in.end - in.p)));
	run_put_seq(r, b, 1);
	wire_put_str(b, "id");
	wire_put_str(b, r->id);
	wire_put_str(b, "iteration");
	wire_put_int(b, 0);
	wire_put_str(b, "status");
	wire_put_str(b, "running");
	if (lang) {
		wire_put_str(b, "language");
		wire_put_str(b, language);
	}
	if (at) {
		wire_put_str(b, "at");
		wire_put_int(b, r->created_ms);
	}
}

static bool
insert_run(struct supervisor *s, struct run *r, const struct submission *sub)
{
	struct store_run row = {
	    .id = span_of(r->id),
	    .key = sub->key,
	    .digest = sub->digest,
	    .input = utf8_cut(
		state_str(r->state, "input"), STORE_INPUT_MAX),
	    .status = span_of("running"),
	    .node = span_of(node_name(r->node)),
	    .created_ms = r->created_ms,
	    .deadline_ms = r->deadline_ms,
	    .next_task = r->next_task,
	};
	struct err err;

	return store_good(s, s->ops->run_insert(s->store, &row, &r->row, &err),
		   &err) &&
	       (sub->fork == NULL || fork_evidence(s, r, sub->fork));
}

/* A run in memory, with the clocks it lives by. */
static struct run *
make_run(struct supervisor *s)
{
	int64_t limit = agent_conf(s->agent)->deadline_s * 1000;
	char id[STORE_ID_MAX + 1];
	struct run *r;

	make_id(id, sizeof(id), clk_wall_ms());
	r = run_new(id);
	r->created_ms = clk_wall_ms();
	r->deadline_ms = r->created_ms + limit;
	r->started_mono_ms = clk_mono_ms();
	r->ends_mono_ms = r->started_mono_ms + limit;
	return r;
}

enum rc
engine_start(struct supervisor *s, const struct submission *sub,
    struct run **ret_run, struct err *err)
{
	struct run *r = make_run(s);
	auto_buf b = {.max = STATE_BYTES_MAX};
	struct err why;
	enum rc rc;

	if (sub->fork != NULL)
		fork_update(r, sub, &b);
	else
		first_update(s, r, sub->input, &b);
	rc = buf_check(&b, "the run's state", err);
	if (rc == RC_OK)
		rc = state_apply(r->state, buf_span(&b), err);
	if (rc == RC_OK && sub->fork != NULL)
		fork_take(r, sub->fork);
	if (rc == RC_OK && !insert_run(s, r, sub))
		rc = err_set(err, RC_IO, "the request cannot be kept now");
	if (rc != RC_OK) {
		run_free(r);
		return rc;
	}
	run_recall(r);
	store_good(s,
	    s->ops->update_insert(s->store, r->row, r->next_update++,
		span_of(node_name(r->node)), buf_span(&b), &why),
	    &why);
	TAILQ_INSERT_TAIL(&s->runs, r, all);
	zhash_insert(s->by_id, r->id, r);
	s->n_runs++;
	emit_started(s, r);
	engine_advance(s, r);
	*ret_run = r;
	return RC_OK;
}

/* ---- along the graph ---- */

static void
emit_supervisor(struct supervisor *s, struct run *r)
{
	struct facts f = run_facts(r);
	enum ending e = route_ending(&f);
	auto_buf b = {0};

	buf_init(&b, 4096);
	wire_put_map(&b, 4);
	wire_put_str(&b, "iteration");
	wire_put_int(&b, r->iteration);
	wire_put_str(&b, "decision");
	wire_put_span(&b, state_str(r->state, "decision"));
	wire_put_str(&b, "next");
	wire_put_str(
	    &b, node_name(route_next(&graph_main, NODE_SUPERVISOR, &f)));
	wire_put_str(&b, "reason");
	wire_put_str(&b, e != ENDING_NONE ? ending_name(e) : "");
	engine_emit(s, r, "supervisor", &b);
}

void
engine_advance(struct supervisor *s, struct run *r)
{
	while (!s->broken && !r->ended) {
		struct facts f = run_facts(r);

		r->node = route_next(&graph_main, r->node, &f);
		FAILPOINT(advance);
		engine_dirty(s, r);
		if (r->node == NODE_SUPERVISOR) {
			emit_supervisor(s, r);
			continue;
		}
		if (r->node == NODE_END)
			finish_run(s, r, route_ending(&f));
		else
			engine_make_tasks(s, r);
		/* Steps that were all refused are done already. */
		if (r->ended || !run_tasks_done(r))
			return;
	}
}

void
engine_end(struct supervisor *s, struct run *r)
{
	struct facts f;

	engine_cut_steps(s, r);
	f = run_facts(r);
	FAILPOINT(end_early);
	r->node = NODE_SUPERVISOR;
	emit_supervisor(s, r);
	finish_run(s, r, route_ending(&f));
}
