/*
 * outcome.c - the steps of a plan: made into tasks, and what came back.
 *
 * Invariant: a step that is done holds its feedback in its task until all of
 * its plan are; then they enter the state together, in their order. What
 * that leads to is the engine's to say.
 */
#include "supervisor/run/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "common/report/evidence_id.h"
#include "common/report/report.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "supervisor/run/approve.h"
#include "supervisor/run/budget.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/step.h"

/* In the state it stands in a list under its key. */
enum { FEEDBACK_DEPTH_MAX = STATE_DEPTH_MAX - 2 };

static void
make_steps(struct supervisor *s, struct run *r)
{
	const struct cJSON *tools = registry_tools(s->workers);
	bool know = registry_count(s->workers, NODE_EXECUTOR, 0) > 0;
	unsigned i;

	for (i = 0; i < r->plan.n_steps; i++) {
		struct task *t = run_add_task(r, NODE_EXECUTOR, (int)i);
		struct err why;

		t->evidence = r->next_evidence++;
		/* With no executor here yet there is no catalogue to hold the
		 * step against; the executor checks it again anyway. */
		if (know &&
		    plan_check_step(&r->plan.steps[i], tools, &why) != RC_OK) {
			step_refuse(s, t, &why);
			continue;
		}
		step_enqueue(s, t);
		/* A person is asked as soon as it is known one must be. */
		if (!step_is_look(t))
			approve_clears(s, t);
	}
}

static bool
read_plan(struct run *r, struct err *err)
{
	struct span plan = state_get(r->state, "planner_plan");

	buf_reset(&r->plan_bytes);
	buf_add_span(&r->plan_bytes, plan);
	return plan_parse(buf_span(&r->plan_bytes), &r->plan, err) == RC_OK;
}

void
outcome_make_tasks(struct supervisor *s, struct run *r)
{
	struct err err;

	run_clear_tasks(r);
	if (r->node == NODE_PLANNER) {
		step_enqueue(s, run_add_task(r, NODE_PLANNER, 0));
		return;
	}
	/* It was parsed when it arrived, so this cannot fail. */
	if (read_plan(r, &err))
		make_steps(s, r);
}

/* ---- outcomes ---- */

/* What of a planner's update enters the state. */
static const char *const planner_keys[] = {
    "planner_plan", "decision", "final_report", "conclusion", "notes"};

/* What a reader should know of the answers before this one. */
static void
put_refusal(struct buf *b, const struct run *r)
{
	bool zh = report_lang(state_str(r->state, "language")) == REPORT_ZH;
	auto_str note = xasprintf("%s %s %s%s",
	    zh ? "规划器" : "An answer of planner", r->refusals.by,
	    zh ? "的回答未被采用，这一轮已重新规划："
	       : "was not taken, and the turn was planned anew: ",
	    r->refusals.why);

	wire_put_str(b, note);
}

static void
put_notes(struct buf *b, const struct run *r, struct span notes)
{
	struct wire_r in = wire_reader(notes);
	bool is_list = wire_peek(&in) == WIRE_ARRAY;
	uint32_t n = is_list ? wire_array(&in) : 0;

	if (r->refusals.n == 0 || (notes.n != 0 && !is_list)) {
		wire_put_raw(b, notes);
		return;
	}
	wire_put_array(b, n + 1);
	put_refusal(b, r);
	if (n > 0)
		wire_put_raw(b, span_make(in.p, (size_t)(in.end - in.p)));
}

static void
planner_update(struct run *r, struct span update, struct buf *b)
{
	bool refused = r->refusals.n > 0;
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(planner_keys); i++)
		n += wire_find(update, planner_keys[i]).n != 0;
	n += refused && wire_find(update, "notes").n == 0;
	wire_put_map(b, n + 4 + (r->spent.calls > 0));
	run_put_seq(r, b, 1);
	if (r->spent.calls > 0) {
		wire_put_str(b, "spent");
		budget_put_spent(b, r);
	}
	for (i = 0; i < ARRAY_LEN(planner_keys); i++) {
		struct span v = wire_find(update, planner_keys[i]);
		bool notes = strcmp(planner_keys[i], "notes") == 0;

		if (v.n == 0 && !(notes && refused))
			continue;
		wire_put_str(b, planner_keys[i]);
		if (notes)
			put_notes(b, r, v);
		else
			wire_put_raw(b, v);
	}
	wire_put_str(b, "iteration");
	wire_put_int(b, r->iteration);
	wire_put_str(b, "turns");
	wire_put_int(b, r->turns);
	/* A plan that is resumed gives its steps the same numbers again. */
	wire_put_str(b, "next_evidence");
	wire_put_int(b, r->next_evidence);
}

static void
emit_plan(struct supervisor *s, struct run *r, const struct task *t)
{
	struct span plan = state_get(r->state, "planner_plan");
	struct wire_r in = wire_reader(plan);
	uint32_t n = wire_map(&in);
	auto_buf b = {0};

	buf_init(&b, STATE_BYTES_MAX);
	wire_put_map(&b, n + 3);
	wire_put_raw(&b, span_make(in.p, (size_t)(in.end - in.p)));
	wire_put_str(&b, "iteration");
	wire_put_int(&b, r->iteration);
	wire_put_str(&b, "worker");
	wire_put_str(&b, t->worker_name);
	wire_put_str(&b, "ms");
	wire_put_int(&b, clk_mono_ms() - t->leased_ms);
	ledger_emit(s, r, "plan", &b);
}

/* It cannot plan before executors are here: a conclusion from nothing is
 * none. It is asked again when there are others, or at the deadline never. */
static void
hold_turn(struct supervisor *s, struct task *t)
{
	auto_buf b = {.max = 1024};

	if (t->progress++ == 0) {
		wire_put_map(&b, 2);
		wire_put_str(&b, "worker");
		wire_put_str(&b, t->worker_name);
		wire_put_str(&b, "text");
		wire_put_str(&b, "waits for an executor: none is here");
		ledger_emit(s, t->run, "progress", &b);
	}
	/* What it was told of is not what it will be told of. */
	buf_reset(&t->outcome);
	/* Who has come while it planned is there already. */
	t->held = t->told;
	step_enqueue(s, t);
}

/* Why it cannot be taken, what in front of it. */
static enum rc
take_plan(struct supervisor *s, struct task *t, struct span update,
    const char **ret_what, struct err *err)
{
	struct run *r = t->run;
	int64_t iteration = r->iteration, turns = r->turns;
	auto_buf b = {.max = STATE_BYTES_MAX};
	struct plan plan;
	enum rc rc = plan_of_update(update, &plan, err);

	*ret_what = "the planner failed: ";
	if (rc != RC_OK)
		return rc;
	*ret_what = "the plan does not fit: ";
	r->turns++;
	r->iteration += plan.decision == PLAN_DECISION_EXECUTE;
	planner_update(r, update, &b);
	rc = buf_check(&b, "it", err);
	if (rc == RC_OK && !ledger_apply(s, r, buf_span(&b), err))
		rc = RC_INVALID;
	if (rc != RC_OK) {
		r->turns = turns;
		r->iteration = iteration;
	}
	return rc;
}

/* The turn is asked again, of whoever takes it, with why; false: often
 * enough. */
static bool
refuse_turn(struct supervisor *s, struct task *t, const char *why)
{
	struct run *r = t->run;

	log_often(LOG_LEVEL_WARN, "a planner's answer was not taken", "run",
	    r->id, "worker", t->worker_name, "reason", why, NULL);
	if (r->refusals.n == RUN_REFUSALS_MAX)
		return false;
	run_refuse(r, t->worker_name, why);
	/* It was used, and did not do. */
	buf_reset(&t->outcome);
	step_tell_retry(s, t, why);
	step_enqueue(s, t);
	return true;
}

void
outcome_keep_paid(struct supervisor *s, struct task *t, struct span answer)
{
	int64_t n = wire_find_int(answer, "n", -1);
	struct wire_r in = wire_reader(buf_span(&t->outcome));

	if (n < 0)
		return;
	while (in.p < in.end && !in.bad)
		if (wire_find_int(wire_raw(&in), "n", -1) == n)
			return;
	buf_add_span(&t->outcome, answer);
	t->dirty = true;
	ledger_dirty(s, t->run);
}

static void
planner_result(struct supervisor *s, struct task *t, struct span update)
{
	struct run *r = t->run;
	const char *what;
	struct err err;

	if (take_plan(s, t, update, &what, &err) != RC_OK) {
		if (refuse_turn(s, t, err.text))
			return;
		run_fail(r, what, err.text);
	} else {
		FAILPOINT(plan_applied);
		emit_plan(s, r, t);
	}
	run_refuse(r, "", NULL);
	t->state = TASK_DONE;
	ledger_good(s, s->ops->task_clear(s->store, r->row, &err), &err);
	run_clear_tasks(r);
	step_settle(s, r);
}

/* Keeps the tool's own bytes, and appends what the state says of them. */
static void
keep_evidence(struct supervisor *s, struct task *t,
    const struct proto_result *m, struct span feedback, struct buf *meta)
{
	struct store_evidence e = {
	    .number = t->evidence, .media = m->media, .bytes = m->evidence};
	static const char *const keys[] = {"tool", "query", "ms"};
	char sha[SHA256_TEXT], id[EVIDENCE_ID_TEXT];
	struct err err;
	size_t i;

	e.sha256 = span_of(sha256_text(m->evidence, sha));
	ledger_good(
	    s, s->ops->evidence_put(s->store, t->run->row, &e, &err), &err);
	wire_put_map(meta, 5 + ARRAY_LEN(keys));
	wire_put_str(meta, "id");
	wire_put_str(meta, evidence_id_print(t->evidence, id));
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		struct span v = wire_find(feedback, keys[i]);

		wire_put_str(meta, keys[i]);
		if (v.n != 0)
			wire_put_raw(meta, v);
		else
			wire_put_nil(meta);
	}
	wire_put_str(meta, "media");
	wire_put_span(meta, m->media);
	wire_put_str(meta, "bytes");
	wire_put_u64(meta, m->evidence.n);
	wire_put_str(meta, "sha256");
	wire_put_str(meta, sha);
	wire_put_str(meta, "at");
	wire_put_int(meta, clk_wall_ms());
}

/* How much of an answer the state still has room for. */
static size_t
room(const struct run *r)
{
	size_t taken = state_bytes(r->state) + STATE_PLAN_BYTES;
	int i;

	for (i = 0; i < r->n_tasks; i++)
		taken += r->tasks[i].outcome.len;
	return taken < STATE_BYTES_MAX ? STATE_BYTES_MAX - taken : 0;
}

static enum rc
feedback_fits(const struct task *t, struct span feedback, struct err *err)
{
	size_t most = room(t->run);

	if (wire_depth(feedback) > FEEDBACK_DEPTH_MAX)
		return err_set(err, RC_TOOBIG,
		    "it is nested over %d levels deep", FEEDBACK_DEPTH_MAX);
	if (feedback.n > most)
		return err_set(err, RC_TOOBIG,
		    "it has %zu bytes, and there is room for %zu in the "
		    "investigation's state",
		    feedback.n, most);
	return RC_OK;
}

/* An executor's answer, as far as it may be taken. */
static enum rc
feedback_read(const struct task *t, struct span update,
    struct proto_outcome *ret, struct proto_feedback *ret_fb, struct err *err)
{
	enum rc rc = proto_get_outcome(update, ret, err);

	if (rc == RC_OK && ret->error.n != 0)
		return err_set(err, RC_UPSTREAM, "%.*s", SPAN_ARG(ret->error));
	if (rc == RC_OK)
		rc = proto_get_feedback(ret->feedback, ret_fb, err);
	return rc == RC_OK ? feedback_fits(t, ret->feedback, err) : rc;
}

static void
no_feedback(struct supervisor *s, struct task *t, struct err *why)
{
	err_prefix(why, RC_INVALID,
	    "what %s answered cannot be taken as feedback", t->worker_name);
	log_often(LOG_LEVEL_WARN, "a step's answer was not taken", "run",
	    t->run->id, "reason", why->text, NULL);
	if (t->class == TOOL_UNSAFE)
		step_lost(s, t, why->text);
	else
		step_refuse(s, t, why);
}

/* What it failed at may have happened all the same. A step that only reads
 * has nothing to be found out about. */
static bool
is_unknown(const struct task *t, const struct proto_feedback *fb)
{
	return t->class != TOOL_READ && fb->unknown &&
	       !span_is(fb->status, "SUCCESS");
}

static void
unknown_result(struct supervisor *s, struct task *t, struct span says)
{
	auto_str reason = NULL;

	if (says.n > 0 && says.p[says.n - 1] == '.')
		says.n--;
	if (says.n == 0)
		says = span_of("the tool does not say why");
	reason = xstrndup(says.p, says.n);
	step_lost(s, t, reason);
}

static void
step_result(struct supervisor *s, struct task *t, const struct proto_result *m)
{
	struct proto_feedback fb;
	struct proto_outcome o;
	auto_buf meta = {0};
	struct err why;

	buf_init(&meta, STATE_BYTES_MAX);
	if (feedback_read(t, m->update, &o, &fb, &why) != RC_OK) {
		no_feedback(s, t, &why);
	} else if (is_unknown(t, &fb)) {
		unknown_result(s, t, fb.summary);
	} else {
		if (m->evidence.n != 0)
			keep_evidence(s, t, m, o.feedback, &meta);
		step_done(s, t, TASK_DONE, o.feedback, &meta);
	}
	FAILPOINT(step_done);
}

static void
keep_name(char tool[PLAN_TOOL_MAX + 1], struct span name)
{
	name = utf8_cut(name, PLAN_TOOL_MAX);
	snprintf(tool, PLAN_TOOL_MAX + 1, "%.*s", SPAN_ARG(name));
}

/* Failures of one tool in a row, over the steps in their order. */
static void
count_failures(struct run *r, char tool[PLAN_TOOL_MAX + 1])
{
	struct span known =
	    wire_find_str(state_get(r->state, "failures"), "tool");
	int i;

	keep_name(tool, known);
	for (i = 0; i < r->n_tasks; i++) {
		struct span fb =
		    wire_find(buf_span(&r->tasks[i].outcome), "feedback");
		struct span name = wire_find_str(fb, "tool");

		struct span status = wire_find_str(fb, "status");

		if (!span_is(status, "FAILED") && !span_is(status, "UNKNOWN")) {
			r->failures = 0;
			tool[0] = '\0';
		} else if (span_is(name, tool)) {
			r->failures++;
		} else {
			r->failures = 1;
			keep_name(tool, name);
		}
		/* The third one counts, whatever came beside it. */
		if (r->failures >= ROUTE_FAILURES_MAX)
			return;
	}
}

static void
join_update(struct run *r, struct buf *b)
{
	char tool[PLAN_TOOL_MAX + 1];
	uint32_t n_feedback = 0, n_evidence = 0;
	int i;

	count_failures(r, tool);
	wire_put_map(b, 5);
	run_put_seq(r, b, 0);
	wire_put_str(b, "next_evidence");
	wire_put_int(b, r->next_evidence);
	wire_put_str(b, "executor_feedback");
	for (i = 0; i < r->n_tasks; i++)
		n_feedback += r->tasks[i].outcome.len != 0;
	wire_put_array(b, n_feedback);
	for (i = 0; i < r->n_tasks; i++) {
		struct span o = buf_span(&r->tasks[i].outcome);

		wire_put_raw(b, wire_find(o, "feedback"));
		n_evidence += wire_find(o, "evidence").n != 0;
	}
	wire_put_str(b, "evidence");
	wire_put_array(b, n_evidence);
	for (i = 0; i < r->n_tasks; i++)
		wire_put_raw(
		    b, wire_find(buf_span(&r->tasks[i].outcome), "evidence"));
	wire_put_str(b, "failures");
	wire_put_map(b, 2);
	wire_put_str(b, "tool");
	wire_put_str(b, tool);
	wire_put_str(b, "count");
	wire_put_int(b, r->failures);
}

void
outcome_join(struct supervisor *s, struct run *r)
{
	struct err err;
	auto_buf b = {0};

	buf_init(&b, (size_t)STATE_BYTES_MAX * 2);
	FAILPOINT(join_begins);
	join_update(r, &b);
	if (!ledger_apply(s, r, buf_span(&b), &err))
		run_fail(r, "the run has grown too large: ", err.text);
	FAILPOINT(join_applied);
	ledger_good(s, s->ops->task_clear(s->store, r->row, &err), &err);
	run_clear_tasks(r);
}

/* What a reader must know of a step that was cut off. */
static void
cut_step(struct supervisor *s, struct task *t)
{
	bool waited = t->state == TASK_WAITING;
	bool changing = t->state == TASK_LEASED && t->class != TOOL_READ;

	if (t->state != TASK_DONE && t->state != TASK_UNKNOWN)
		step_revoke(s, t);
	if (changing)
		step_lost(s, t, "it was stopped while it ran");
	else if (waited)
		step_end(s, t,
		    &(struct step_end){.state = TASK_DONE,
			.status = "FAILED",
			.summary = "not run: nobody had approved it when the "
				   "investigation ended",
			.suggestion =
			    "Ask for it again in a new "
			    "investigation, and approve it in time."});
}

void
outcome_cut(struct supervisor *s, struct run *r)
{
	bool known = false;
	int i;

	for (i = 0; i < r->n_tasks; i++) {
		cut_step(s, &r->tasks[i]);
		known |= r->tasks[i].node == NODE_EXECUTOR &&
			 r->tasks[i].outcome.len != 0;
	}
	/* The report tells what was established, and what was done. */
	if (known)
		outcome_join(s, r);
}

void
outcome_take(struct supervisor *s, struct task *t, const struct proto_result *m)
{
	supervisor_at_work(s, t->run);
	step_release(s, t);
	if (t->node == NODE_EXECUTOR) {
		step_result(s, t, m);
		return;
	}
	if (wire_find_str(m->update, "waits").n != 0) {
		hold_turn(s, t);
		return;
	}
	planner_result(s, t, m->update);
}
