/*
 * rules.c - the deterministic diagnosing planner: which round comes next.
 *
 * Everything is derived from the state: the steps that can be asked given
 * the answers so far, less those that have one. When none is left, or the
 * rounds that are sensible are used up, the conclusion is drawn.
 */
#include "planner/rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/report/plan.h"
#include "common/wire/proto.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/rules/adopt.h"
#include "planner/rules/case.h"

enum {
	ROUNDS_MAX = 9,
	ROUNDS_OF_MANY = 3, /* every round carries all alerts along */
	MANY = 1000,
	LEFT_DEFAULT_MS = 120000, /* where nobody says how much time is left */
	LEFT_MIN_MS = 500,        /* kept for concluding */
	ROUND_SHARE = 4,          /* of the time left: what a round may take */
};

/* ---- the steps that have no answer yet ---- */

struct todo {
	const struct ask *at[PLAN_STEPS_MAX];
	int n;
	int left_out;          /* steps there was no time for */
	const struct facts *f; /* knows how long steps took */
	double budget_ms;
};

/* How long a tool's steps have taken at most; causes take longer than a
 * query where nothing is known. */
static double
cost_of(const struct facts *f, const char *tool)
{
	const char *causes = facts_tool(f, TOOL_ROLE_CAUSES);
	double most = -1;
	const cJSON *e;

	cJSON_ArrayForEach (e, tree_at(f->state, "evidence"))
		if (tree_is(e, "tool", tool))
			most = MAX(most, tree_num(e, "ms", -1));
	if (most >= 0)
		return most;
	return causes != NULL && strcmp(causes, tool) == 0 ? 1000 : 100;
}

/* Of a tool that has not worked yet no more at once than may fail without
 * ending the run; queries are many, and small. */
static bool
is_too_many(const struct todo *t, const struct ask *a)
{
	const char *causes = facts_tool(t->f, TOOL_ROLE_CAUSES);
	int failures = facts_failures(t->f, a->tool), n = 0, i;

	if (failures == 0 || causes == NULL || strcmp(a->tool, causes) != 0)
		return false;
	for (i = 0; i < t->n; i++)
		n += strcmp(t->at[i]->tool, a->tool) == 0;
	return n + MAX(failures, 0) >= ASK_FAILURES_MAX;
}

static void
add(void *ctx, const struct ask *a)
{
	struct todo *t = ctx;
	double cost;
	int i;

	if (a->tool == NULL || a->answer != NULL || t->n == PLAN_STEPS_MAX)
		return;
	for (i = 0; i < t->n; i++)
		if (strcmp(t->at[i]->tool, a->tool) == 0 &&
		    cJSON_Compare(t->at[i]->args, a->args, true))
			return;
	if (is_too_many(t, a))
		return;
	cost = cost_of(t->f, a->tool);
	/* Without the first round there is nothing to say; one step may take
	 * more than a round's share. */
	if (t->f->alerts_answer != NULL &&
	    cost > t->budget_ms * (t->n == 0 ? ROUND_SHARE : 1)) {
		t->left_out++;
		return;
	}
	t->budget_ms -= cost;
	t->at[t->n++] = a;
}

/* The worst incidents first, each as far as it can be asked about; a quarter
 * of the time left may go into a round. */
static struct todo
todo_of(const struct kase *k, int64_t left_ms)
{
	struct todo t = {.f = &k->facts,
	    .budget_ms = (double)(left_ms - LEFT_MIN_MS) / ROUND_SHARE};
	int i;

	add(&t, &k->alerts);
	add(&t, &k->rules);
	add(&t, &k->targets);
	for (i = 0; i < k->followup.n; i++)
		add(&t, &k->followup.ask[i]);
	/* What follows stands on these; when each of them failed, asking on
	 * would only fail again, and end the run as a tool's failure. */
	if (t.n > 0 || !case_is_answered(k))
		return t;
	add(&t, &k->named_rules);
	add(&t, &k->causes);
	for (i = 0; i < k->n_studies; i++)
		study_each(&k->studies[i], add, &t);
	add(&t, &k->flaps);
	add(&t, &k->recorded);
	add(&t, &k->any_data);
	return t;
}

/* ---- the update ---- */

static void
put_context(struct buf *b, const struct kase *k)
{
	const struct facts *f = &k->facts;
	int firing;

	if (f->alerts_answer == NULL) {
		buf_adds(b, f->lang == REPORT_ZH ? "还没有任何结果。"
						 : "Nothing is known yet.");
		return;
	}
	firing = alerts_total(f->state, f->alerts, "firing");
	buf_addf(b,
	    f->lang == REPORT_ZH
		? "%d 个告警实例在触发，%d 个待定，归为 %d 起事件。"
	    : firing == 1
		? "%d alert instance firing, %d pending; incidents: %d."
		: "%d alert instances firing, %d pending; incidents: %d.",
	    firing, alerts_total(f->state, f->alerts, "pending"),
	    k->incidents.n);
}

static void
put_step(struct buf *b, const struct ask *a)
{
	wire_put_map(b, 3);
	wire_put_str(b, "step");
	wire_put_str(b, a->why);
	wire_put_str(b, "tool");
	wire_put_str(b, a->tool);
	wire_put_str(b, "args");
	wire_put_tree(b, a->args);
}

static void
put_plan(struct buf *b, const struct kase *k, const struct todo *t)
{
	bool first = k->facts.alerts_answer == NULL;
	bool zh = k->facts.lang == REPORT_ZH;
	auto_buf context = {.max = PLAN_TEXT_MAX};
	int i;

	put_context(&context, k);
	wire_put_map(b, 6);
	wire_put_str(b, "decision");
	wire_put_str(b, "EXECUTE");
	wire_put_str(b, "step");
	if (first)
		wire_put_str(
		    b, zh ? "同时查看活跃告警、告警规则和采集失败的目标"
			  : "look at alerts, rules and down targets at once");
	else
		wire_put_str(b, t->at[0]->why);
	wire_put_str(b, "tool");
	wire_put_str(b, t->at[0]->tool);
	wire_put_str(b, "context");
	wire_put_span(b, buf_span(&context));
	wire_put_str(b, "args");
	wire_put_tree(b, t->at[0]->args);
	wire_put_str(b, "steps");
	wire_put_array(b, t->n > 1 ? (uint32_t)t->n : 0);
	for (i = 0; t->n > 1 && i < t->n; i++)
		put_step(b, t->at[i]);
}

static void
put_execute(struct buf *b, const struct kase *k, const struct todo *t)
{
	bool known = k->facts.alerts_answer != NULL;
	AUTO(tree) tree = known ? case_conclude(k) : NULL;
	auto_buf plan = {.max = PLAN_BYTES_MAX}, conclusion = {.max = b->max};

	put_plan(&plan, k, t);
	if (known)
		wire_put_tree(&conclusion, tree);
	proto_put_answer(
	    b, &(struct proto_answer){.planner_plan = buf_span(&plan),
		   .decision = span_of("EXECUTE"),
		   .conclusion = buf_span(&conclusion)});
	buf_mark(b, &plan);
	buf_mark(b, &conclusion);
}

static void
put_finish(struct buf *b, const struct kase *k)
{
	bool zh = k->facts.lang == REPORT_ZH;
	struct plan p = {.decision = PLAN_DECISION_FINISH,
	    .step = span_of(zh ? "得出结论" : "draw the conclusion")};
	AUTO(tree) tree = case_conclude(k);
	auto_buf report = {.max = REPORT_BYTES_MAX};
	auto_buf context = {.max = PLAN_TEXT_MAX};
	auto_buf plan = {.max = PLAN_BYTES_MAX}, conclusion = {.max = b->max};

	put_context(&context, k);
	p.context = buf_span(&context);
	plan_put(&plan, &p);
	/* Who asks may make it of the conclusion himself. */
	if (!cJSON_IsTrue(tree_at(k->facts.state, "renders")))
		report_render(
		    &report, k->facts.state, tree, k->facts.lang, NULL);
	wire_put_tree(&conclusion, tree);
	proto_put_answer(
	    b, &(struct proto_answer){.planner_plan = buf_span(&plan),
		   .decision = span_of("FINISH"),
		   .final_report = buf_span(&report),
		   .conclusion = buf_span(&conclusion),
		   .waits = span_of(k->facts.nobody ? "executor" : "")});
	buf_mark(b, &plan);
	buf_mark(b, &report);
	buf_mark(b, &conclusion);
}

void
rules_plan(struct buf *b, struct span state, enum report_lang fallback,
    int64_t left_ms)
{
	struct kase *k = case_new(state, fallback);
	struct todo t = todo_of(k, left_ms > 0 ? left_ms : LEFT_DEFAULT_MS);
	int most = k->incidents.n_about > MANY ? ROUNDS_OF_MANY : ROUNDS_MAX;

	if (!k->facts.nobody && t.n > 0 &&
	    tree_num(k->facts.state, "iteration", 0) < most) {
		put_execute(b, k, &t);
	} else {
		k->want = t.left_out > 0 ? WANT_TIME : WANT_ROUNDS;
		put_finish(b, k);
	}
	case_free(k);
}

cJSON *
rules_adopt(struct span state, const cJSON *feedback, struct err *why)
{
	struct kase *k = case_new(state, REPORT_EN);
	cJSON *args = cJSON_Duplicate(adopt_question(k, feedback, why), true);

	case_free(k);
	return args;
}
