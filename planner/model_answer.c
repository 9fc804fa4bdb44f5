/*
 * model_answer.c - what the rules say, and beside it what a model said.
 *
 * Invariant: of the conclusion nothing but `opinion` is a model's words.
 */
#include "planner/model_answer.h"

#include <string.h>

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/tool_role.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "planner/backend.h"
#include "planner/llm/llm_plan.h"

enum {
	VIEW_MAX = 1500,
	NOTES_MAX = 64 << 10,
};

static const char *
word(const struct model_answer *a, const char *zh, const char *en)
{
	return a->lang == REPORT_ZH ? zh : en;
}

/* ---- the update's parts ---- */

static void
put_notes(struct buf *b, const cJSON *notes)
{
	if (cJSON_GetArraySize(notes) > 0)
		wire_put_tree(b, notes);
}

static cJSON *
notes_of(const struct model_answer *a)
{
	cJSON *notes = cJSON_CreateArray();

	if (a->note != NULL)
		cJSON_AddItemToArray(notes, json_string_of(span_of(a->note)));
	return notes;
}

/* The rules' plan with one member more. */
static void
put_plan_with(
    struct buf *b, struct span plan, const char *key, const cJSON *value)
{
	struct wire_r r = wire_reader(plan);
	uint32_t n = wire_map(&r);

	wire_put_map(b, n + 1);
	wire_put_raw(b, span_make(r.p, (size_t)(r.end - r.p)));
	wire_put_str(b, key);
	wire_put_tree(b, value);
}

/* ---- the end ---- */

/* For who makes no report of a conclusion himself. */
static void
render(struct buf *report, const struct model_answer *a,
    const cJSON *conclusion, const cJSON *notes)
{
	AUTO(tree) state = cJSON_Duplicate(a->state, true);
	cJSON *all = cJSON_GetObjectItemCaseSensitive(state, "notes");
	const cJSON *n;

	if (!cJSON_IsArray(all)) {
		cJSON_DeleteItemFromObjectCaseSensitive(state, "notes");
		all = cJSON_AddArrayToObject(state, "notes");
	}
	cJSON_ArrayForEach (n, notes)
		cJSON_AddItemToArray(all, cJSON_Duplicate(n, true));
	report_render(report, state, conclusion, a->lang, NULL);
}

static void
put_finish(struct buf *b, const struct model_answer *a, const cJSON *conclusion,
    const cJSON *notes, const cJSON *verdict)
{
	struct span update = buf_span(&a->base->update);
	struct span plan = wire_find(update, "planner_plan");
	auto_buf judged = {.max = PLAN_BYTES_MAX};
	auto_buf report = {.max = REPORT_BYTES_MAX};
	auto_buf wire = {.max = BACKEND_UPDATE_MAX}, list = {.max = NOTES_MAX};

	/* Who asks may make it of the conclusion himself. */
	if (!cJSON_IsTrue(tree_at(a->state, "renders")))
		render(&report, a, conclusion, notes);
	wire_put_tree(&wire, conclusion);
	put_notes(&list, notes);
	if (verdict != NULL)
		put_plan_with(&judged, plan, "verdict", verdict);
	proto_put_answer(
	    b, &(struct proto_answer){
		   .planner_plan = verdict != NULL ? buf_span(&judged) : plan,
		   .decision = span_of("FINISH"),
		   .final_report = buf_span(&report),
		   .conclusion = buf_span(&wire),
		   .notes = buf_span(&list)});
	buf_mark(b, &report);
	buf_mark(b, &wire);
	buf_mark(b, &judged);
}

static void
put_rules_look(struct buf *b, const struct model_answer *a, bool held)
{
	struct span update = buf_span(&a->base->update);
	struct span plan = wire_find(update, "planner_plan");
	AUTO(tree) notes = notes_of(a);
	AUTO(tree) yes = cJSON_CreateTrue();
	auto_buf list = {.max = NOTES_MAX}, marked = {.max = PLAN_BYTES_MAX};

	put_notes(&list, notes);
	if (held)
		put_plan_with(&marked, plan, "held", yes);
	proto_put_answer(b, &(struct proto_answer){
				.planner_plan = held ? buf_span(&marked) : plan,
				.decision = wire_find_str(update, "decision"),
				.conclusion = wire_find(update, "conclusion"),
				.notes = buf_span(&list)});
}

void
model_answer_rules(struct buf *b, const struct model_answer *a, bool held)
{
	AUTO(tree) notes = NULL;

	if (!baseline_finishes(a->base)) {
		put_rules_look(b, a, held);
		return;
	}
	notes = notes_of(a);
	put_finish(b, a, a->base->conclusion, notes, NULL);
}

/* ---- a model's conclusion ---- */

/* What of it is told apart, in a sentence of a reader's notes. */
static cJSON *
unverified_note(const struct model_answer *a, struct span said)
{
	struct span cut = utf8_cut(said, VIEW_MAX);
	auto_str note = xasprintf("%s%s%s%.*s%s",
	    word(a, "模型 ", "What the model "), a->by,
	    word(a, " 的说法，未经核实，不是结论：",
		" says, which was not verified and is no conclusion: "),
	    SPAN_ARG(cut), cut.n < said.n ? "…" : "");

	return json_string_of(span_of(note));
}

static cJSON *
adopted_note(const struct model_answer *a, const struct model_view *v)
{
	auto_str note =
	    xasprintf("%s%s%s%s%s%s", word(a, "模型 ", "The model "), a->by,
		word(a, " 提出的问题得到了 [", " asked what brought ["),
		v->evidence,
		word(a, "]，规则由此得出以上结论；此前规则自己的结论是：",
		    "], from which the rules conclude what stands above; from "
		    "their own questions they had concluded: "),
		tree_str(a->base->conclusion, "summary"));

	return json_string_of(span_of(note));
}

void
model_answer_finish(
    struct buf *b, const struct model_answer *a, const struct model_view *v)
{
	AUTO(tree) conclusion = cJSON_Duplicate(v->conclusion, true);
	AUTO(tree) notes = notes_of(a);

	cJSON_AddItemToObject(
	    conclusion, "opinion", cJSON_Duplicate(v->opinion, true));
	if (v->evidence != NULL)
		cJSON_AddItemToArray(notes, adopted_note(a, v));
	if (v->unverified.len > 0)
		cJSON_AddItemToArray(
		    notes, unverified_note(a, buf_span(&v->unverified)));
	put_finish(b, a, conclusion, notes, tree_at(v->opinion, "verdict"));
}

/* ---- a look ---- */

enum { WHOLE_TOOL = 2 }; /* steps of one tool that may fail without harm */

/* Whether the same was answered already. */
static bool
is_answered(const struct model_answer *a, const char *tool, const cJSON *args)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(a->state, "executor_feedback"))
		if (tree_is(f, "tool", tool) &&
		    cJSON_Compare(tree_at(f, "args"), args, true))
			return true;
	return false;
}

/* Whether the rules ask the same in this round. */
static bool
is_asked(const struct model_answer *a, const char *tool, const cJSON *args)
{
	unsigned i;

	for (i = 0; i < a->base->plan.n_steps; i++) {
		const struct plan_step *s = &a->base->plan.steps[i];
		AUTO(tree) theirs = NULL;

		if (!span_is(s->tool, tool))
			continue;
		theirs = wire_to_tree(s->args);
		if (cJSON_Compare(theirs, args, true))
			return true;
	}
	return false;
}

static enum tool_role
role_of(const struct model_answer *a, const char *tool)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, tree_at(a->state, "tools"))
		if (tree_is(t, "name", tool))
			return tool_role_of(t);
	return TOOL_ROLE_NONE;
}

/* Whether that tool lists alerts, and the rules ask for them now. */
static bool
rules_ask_alerts(const struct model_answer *a, const char *tool)
{
	unsigned i;

	if (role_of(a, tool) != TOOL_ROLE_ALERTS)
		return false;
	for (i = 0; i < a->base->plan.n_steps; i++)
		if (span_is(a->base->plan.steps[i].tool, tool))
			return true;
	return false;
}

/*
 * How many steps of a tool the model may ask for at once. The run ends when
 * the same tool fails three times in a row, and it must not be the model that
 * ends it: what it may fail at leaves room for what the rules ask.
 */
static int
may_ask(const struct model_answer *a, const char *tool)
{
	const cJSON *failures = tree_at(a->state, "failures");
	unsigned i;

	if (tree_is(failures, "tool", tool) &&
	    tree_num(failures, "count", 0) > 0)
		return 0;
	for (i = 0; i < a->base->plan.n_steps; i++)
		if (span_is(a->base->plan.steps[i].tool, tool))
			return 1;
	return WHOLE_TOOL;
}

/* The model's steps that run. */
struct looks {
	struct plan_step at[LLM_STEPS_MAX];
	struct buf text[LLM_STEPS_MAX], args[LLM_STEPS_MAX];
	int n, same;    /* same: the rules ask them, too */
	struct err why; /* the last one that does not */
};

static void
looks_done(struct looks *l)
{
	int i;

	for (i = 0; i < LLM_STEPS_MAX; i++) {
		buf_done(&l->text[i]);
		buf_done(&l->args[i]);
	}
}

static int
asked_of(const struct looks *l, const char *tool)
{
	int i, n = 0;

	for (i = 0; i < l->n; i++)
		n += span_is(l->at[i].tool, tool) ? 1 : 0;
	return n;
}

static void
take_look(struct looks *l, const struct model_answer *a, const char *why,
    const char *tool, const cJSON *args)
{
	AUTO(tree) none = cJSON_CreateObject();
	int i = l->n;

	if (args == NULL)
		args = none;
	if (is_asked(a, tool, args) || rules_ask_alerts(a, tool)) {
		l->same++;
		return;
	}
	/* The newest list of alerts is the report's: it must be whole. */
	if (role_of(a, tool) == TOOL_ROLE_ALERTS) {
		err_set(&l->why, RC_CONFLICT,
		    "the alerts there are stand above; ask %.100s no more",
		    tool);
		return;
	}
	if (is_answered(a, tool, args)) {
		err_set(&l->why, RC_CONFLICT,
		    "%.100s was asked with the same arguments before, and its "
		    "answer stands above; look at something else, or FINISH",
		    tool);
		return;
	}
	if (asked_of(l, tool) >= may_ask(a, tool) || i == LLM_STEPS_MAX ||
	    a->base->plan.n_steps + (unsigned)i >= PLAN_STEPS_MAX) {
		err_set(&l->why, RC_CONFLICT,
		    "%.100s cannot be asked now, since it failed just before; "
		    "use another tool, or FINISH",
		    tool);
		return;
	}
	buf_init(&l->text[i], PLAN_TEXT_MAX);
	buf_init(&l->args[i], PLAN_ARGS_MAX);
	buf_adds(&l->text[i], BASELINE_MARK);
	buf_add_span(&l->text[i], utf8_cut(span_of(why), PLAN_TEXT_MAX - 64));
	wire_put_tree(&l->args[i], args);
	l->at[i] = (struct plan_step){.step = buf_span(&l->text[i]),
	    .tool = span_of(tool),
	    .args = buf_span(&l->args[i])};
	l->n++;
}

static void
take_looks(struct looks *l, const struct model_answer *a, const cJSON *plan)
{
	const cJSON *s;

	if (tree_has(plan, "tool"))
		take_look(l, a, tree_str(plan, "step"), tree_str(plan, "tool"),
		    tree_at(plan, "args"));
	cJSON_ArrayForEach (s, tree_at(plan, "steps"))
		take_look(l, a,
		    tree_has(s, "step") ? tree_str(s, "step")
					: tree_str(plan, "step"),
		    tree_str(s, "tool"), tree_at(s, "args"));
}

enum rc
model_answer_look(struct buf *b, const struct model_answer *a,
    const cJSON *plan, struct err *err)
{
	CLEANUP(looks_done) struct looks l = {.n = 0};
	struct plan both = {.decision = PLAN_DECISION_EXECUTE,
	    .step = tree_span(plan, "step"),
	    .context = tree_span(plan, "context")};
	struct span rules = buf_span(&a->base->update);
	AUTO(tree) notes = notes_of(a);
	auto_buf map = {.max = PLAN_BYTES_MAX}, list = {.max = NOTES_MAX};
	unsigned i;

	take_looks(&l, a, plan);
	if (l.n + l.same == 0) {
		*err = l.why;
		return RC_CONFLICT;
	}
	/* The model's first: a failure of theirs is not the last in a row. */
	for (i = 0; i < (unsigned)l.n; i++)
		both.steps[both.n_steps++] = l.at[i];
	for (i = 0; !baseline_finishes(a->base) && i < a->base->plan.n_steps;
	     i++)
		both.steps[both.n_steps++] = a->base->plan.steps[i];
	plan_put(&map, &both);
	put_notes(&list, notes);
	proto_put_answer(
	    b, &(struct proto_answer){.planner_plan = buf_span(&map),
		   .decision = span_of("EXECUTE"),
		   .conclusion = wire_find(rules, "conclusion"),
		   .notes = buf_span(&list)});
	buf_mark(b, &map);
	return RC_OK;
}
