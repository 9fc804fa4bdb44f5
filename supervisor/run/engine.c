/*
 * engine.c - what happens to a run: start, step by step along the graph.
 *
 * Invariant: a run rests at planner or executor with tasks, or it has ended.
 * Every way here writes state, tasks and events into the open transaction.
 */
#include "supervisor/run/engine.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "supervisor/run/finish.h"
#include "supervisor/run/incident.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/outcome.h"
#include "supervisor/run/step.h"

/* ---- along the graph ---- */

/* What readers of the report should know before anything else in it. */
static void
say_gone(struct supervisor *s, struct run *r)
{
	auto_buf note = {.max = 4096}, b = {.max = 8192};
	struct err err;

	if (!incident_put_gone(s->incidents, r->id,
		report_lang(state_str(r->state, "language")), &note))
		return;
	wire_put_map(&b, 2);
	run_put_seq(r, &b, 0);
	wire_put_str(&b, "notes");
	wire_put_array(&b, 1);
	wire_put_span(&b, buf_span(&note));
	if (!ledger_apply(s, r, buf_span(&b), &err))
		log_debug("a note does not fit", "run", r->id, "reason",
		    err.text, NULL);
}

static void
emit_supervisor(struct supervisor *s, struct run *r)
{
	struct facts f = run_facts(r);
	enum ending e = route_ending(&f);
	enum node next = route_next(&graph_main, NODE_SUPERVISOR, &f);
	auto_buf b = {0};

	buf_init(&b, 4096);
	wire_put_map(&b, 4);
	wire_put_str(&b, "iteration");
	wire_put_int(&b, r->iteration);
	wire_put_str(&b, "decision");
	wire_put_span(&b, state_str(r->state, "decision"));
	wire_put_str(&b, "next");
	wire_put_str(&b, node_name(next));
	wire_put_str(&b, "reason");
	wire_put_str(&b, e != ENDING_NONE ? ending_name(e) : "");
	ledger_emit(s, r, "supervisor", &b);
	if (next == NODE_END && r->given_up == ENDING_NONE)
		say_gone(s, r);
}

/* From its node to where it waits or ends. */
static void
advance(struct supervisor *s, struct run *r)
{
	supervisor_at_work(s, r);
	while (!s->broken && !r->ended) {
		struct facts f = run_facts(r);

		r->node = route_next(&graph_main, r->node, &f);
		FAILPOINT(advance);
		ledger_dirty(s, r);
		if (r->node == NODE_SUPERVISOR) {
			emit_supervisor(s, r);
			continue;
		}
		if (r->node == NODE_END) {
			finish_run(s, r, route_ending(&f));
			return;
		}
		outcome_make_tasks(s, r);
		/* Steps that were all refused are done already. */
		step_settle(s, r);
		return;
	}
}

void
engine_end(struct supervisor *s, struct run *r)
{
	struct facts f;

	supervisor_at_work(s, r);
	outcome_cut(s, r);
	f = run_facts(r);
	FAILPOINT(end_early);
	r->node = NODE_SUPERVISOR;
	emit_supervisor(s, r);
	finish_run(s, r, route_ending(&f));
}

/* The tasks it has are none of its own any more, and its state is empty but
 * for the language, which its row does not know. */
static void
drop_state(struct supervisor *s, struct run *r)
{
	const char *language = agent_conf(s->agent)->language;
	auto_buf b = {.max = 256};
	struct err err;
	int i;

	for (i = 0; i < r->n_tasks; i++)
		if (r->tasks[i].state != TASK_DONE &&
		    r->tasks[i].state != TASK_UNKNOWN)
			step_revoke(s, &r->tasks[i]);
	run_clear_tasks(r);
	state_free(r->state);
	r->state = state_new();
	wire_put_map(&b, 1);
	wire_put_str(&b, "language");
	wire_put_str(&b, language);
	if (state_fold(r->state, buf_span(&b), &err) != RC_OK)
		log_error("a language does not fit", "reason", err.text, NULL);
}

void
engine_give_up(struct supervisor *s, struct run *r, enum ending e)
{
	supervisor_at_work(s, r);
	drop_state(s, r);
	r->given_up = e;
	r->node = NODE_SUPERVISOR;
	emit_supervisor(s, r);
	finish_run(s, r, e);
}

static void
settle(struct supervisor *s, struct run *r)
{
	if (r->ended || r->judging || !run_tasks_done(r))
		return;
	supervisor_at_work(s, r);
	if (r->planner_failed) {
		engine_end(s, r);
		return;
	}
	if (r->node == NODE_EXECUTOR)
		outcome_join(s, r);
	advance(s, r);
}

void
engine_settle(struct supervisor *s)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&s->settling)) != NULL) {
		TAILQ_REMOVE(&s->settling, r, settling_list);
		r->settling = false;
		settle(s, r);
	}
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
	ledger_emit(s, r, "started", &b);
}

static bool
insert_run(struct supervisor *s, struct run *r, const struct submission *sub)
{
	struct store_run row = {
	    .id = span_of(r->id),
	    .key = sub->key,
	    .digest = sub->digest,
	    .input = utf8_cut(state_str(r->state, "input"), STORE_INPUT_MAX),
	    .status = span_of("running"),
	    .node = span_of(node_name(r->node)),
	    .created_ms = r->created_ms,
	    .deadline_ms = r->deadline_ms,
	    .next_task = r->next_task,
	};
	struct err err;

	return ledger_good(s, s->ops->run_insert(s->store, &row, &r->row, &err),
		   &err) &&
	       (sub->from_row == 0 ||
		   ledger_good(s,
		       s->ops->evidence_share(s->store, sub->from_row, r->row,
			   sub->evidence_below, &err),
		       &err));
}

/* A run in memory, with the clocks it lives by. */
static struct run *
make_run(struct supervisor *s, const struct submission *sub)
{
	int64_t limit = agent_conf(s->agent)->deadline_s * 1000;
	char id[STORE_ID_MAX + 1];
	struct run *r;

	make_id(id, sizeof(id), sub->created_ms);
	r = run_new(id);
	r->node = sub->node;
	r->created_ms = sub->created_ms;
	r->started_mono_ms = clk_mono_ms();
	r->ends_mono_ms = RUN_NEVER_MS;
	if (!sub->waits)
		run_begin(r, limit);
	return r;
}

static void
first_update(const struct run *r, const struct submission *sub, struct buf *b)
{
	wire_put_map(b, sub->n_pairs + 2);
	run_put_seq(r, b, 1);
	wire_put_str(b, "id");
	wire_put_str(b, r->id);
	buf_add_buf(b, &sub->pairs);
}

enum rc
engine_start(struct supervisor *s, const struct submission *sub,
    struct run **ret_run, struct err *err)
{
	struct run *r = make_run(s, sub);
	auto_buf b = {.max = STATE_BYTES_MAX};
	struct err why;
	enum rc rc;

	first_update(r, sub, &b);
	rc = buf_check(&b, "the run's state", err);
	if (rc == RC_OK)
		rc = state_apply(r->state, buf_span(&b), err);
	if (rc == RC_OK && !insert_run(s, r, sub))
		rc = err_set(err, RC_IO, "the request cannot be kept now");
	if (rc != RC_OK) {
		run_free(r);
		return rc;
	}
	supervisor_at_work(s, r);
	run_recall(r);
	r->iteration = state_int(r->state, "iteration", 0);
	r->turns = state_int(r->state, "turns", 0);
	ledger_good(s,
	    s->ops->update_insert(s->store, r->row, r->next_update++,
		span_of(node_name(r->node)), buf_span(&b), &why),
	    &why);
	TAILQ_INSERT_TAIL(&s->runs, r, all);
	zhash_insert(s->by_id, r->id, r);
	s->n_runs++;
	emit_started(s, r);
	advance(s, r);
	*ret_run = r;
	return RC_OK;
}
