/*
 * model_turn.c - one turn with a model, from the state to its update.
 *
 * Invariant: a turn is answered once. Whatever the model does - silence,
 * nonsense, refusal - the answer is then the rules', with a note that says
 * so; a model can neither end a run nor hold it up beyond its share of time.
 */
#include "planner/model.h"
#include "planner/model_paid.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/tool_class.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "planner/llm/llm_plan.h"
#include "planner/llm/llm_prompt.h"
#include "planner/llm/llm_record.h"

enum { CUT_SHOWN = 400 }; /* bytes of an answer that was cut off */

struct work {
	struct backend *b;
	struct turn *t;
	struct baseline base;
	cJSON *state, *tools, *messages, *schema; /* owned */
	struct llm_ask *ask;                      /* NULL: none under way */
	enum report_lang lang;
	bool last;
	cJSON *first; /* what it concluded before it was told what is wrong
		       * with that; owned */
	int repairs, shorter, explained;
	int asked;         /* answers of the turn so far, and the one awaited */
	uint64_t requests; /* for them */
	struct buf paid;   /* the last one, until it is kept */
	size_t bytes;
	int64_t deadline_ms;
	char model[64];
};

static void ask(struct work *w);

static int64_t
left_ms(const struct work *w)
{
	return w->t->deadline_ms - clk_mono_ms();
}

static void
work_free(struct work *w)
{
	if (w->ask != NULL)
		llm_cancel(w->ask);
	baseline_done(&w->base);
	cJSON_Delete(w->state);
	cJSON_Delete(w->tools);
	cJSON_Delete(w->messages);
	cJSON_Delete(w->schema);
	cJSON_Delete(w->first);
	buf_done(&w->paid);
	free(w);
}

void
model_cancel(struct backend *b UNUSED, struct turn *t)
{
	work_free(t->backend_data);
}

/* ---- --once --explain ---- */

static void
explain(const struct work *w, const char *what, struct span text)
{
	if (w->b->conf->explain)
		fprintf(stderr, "==== %s\n%.*s\n", what, SPAN_ARG(text));
}

static void
explain_prompt(struct work *w)
{
	const cJSON *m;
	int i = 0;

	/* What was shown for the question before is not shown again. */
	cJSON_ArrayForEach (m, w->messages) {
		auto_str what = xasprintf("prompt, %s", tree_str(m, "role"));

		if (i++ >= w->explained)
			explain(w, what, tree_span(m, "content"));
	}
	w->explained = i;
}

static void
explain_reply(const struct work *w, const struct llm_reply *r)
{
	auto_buf figures = {.max = 1000};

	if (r->thinking.n > 0)
		explain(w, "thinking", r->thinking);
	if (r->rc != RC_OK)
		explain(w, "no answer", span_of(r->err.text));
	else
		explain(w, "answer", r->text);
	buf_addf(&figures,
	    "%s %s, %s, finish %s, requests %d, %lld ms, first word after "
	    "%lld ms, tokens: prompt %lld (cached %lld), answer %lld",
	    r->shown, r->model, llm_shape_name(r->shape), r->finish,
	    r->requests, (long long)r->ms, (long long)r->first_ms,
	    (long long)r->prompt_tokens, (long long)r->cached_tokens,
	    (long long)r->answer_tokens);
	explain(w, "figures", buf_span(&figures));
}

/* ---- the end of a turn ---- */

static struct model_answer
answer_of(const struct work *w, const char *note)
{
	return (struct model_answer){.base = &w->base,
	    .wire = w->t->state,
	    .state = w->state,
	    .lang = w->lang,
	    .by = w->model,
	    .note = note};
}

static void
end_turn(struct work *w, struct buf *update)
{
	struct turn *t = w->t;

	if (update->full) {
		buf_reset(update);
		proto_put_answer(update,
		    &(struct proto_answer){
			.error = span_of("the plan is over its limit; narrow "
					 "the investigation with labels")});
	}
	work_free(w);
	t->answer(t, buf_span(update));
}

static const char *
word(const struct work *w, const char *zh, const char *en)
{
	return w->lang == REPORT_ZH ? zh : en;
}

/* The same is said once in a run, not every turn. */
static bool
is_noted(const struct work *w, const char *note)
{
	const cJSON *n;

	cJSON_ArrayForEach (n, tree_at(w->state, "notes"))
		if (cJSON_IsString(n) && strcmp(n->valuestring, note) == 0)
			return true;
	return false;
}

static void
finish(struct work *w, const struct model_answer *a, const struct model_view *v)
{
	auto_buf update = {.max = BACKEND_UPDATE_MAX};
	auto_buf verdict = {.max = 64 << 10};

	model_answer_finish(&update, a, v);
	json_print_pretty(&verdict, tree_at(v->opinion, "verdict"));
	explain(w, "verdict", buf_span(&verdict));
	end_turn(w, &update);
}

/* What it had concluded before it was asked to mend that. */
static void
finish_first(struct work *w)
{
	struct model_answer a = answer_of(w, NULL);
	CLEANUP(model_view_done) struct model_view v = {.evidence = NULL};

	model_view_init(&v, &a, w->first);
	finish(w, &a, &v);
}

/* The rules take the turn. why NULL: that is nothing to speak of. */
static void
rules_take(struct work *w, const char *why, bool held)
{
	auto_buf update = {.max = BACKEND_UPDATE_MAX};
	auto_str note = NULL;
	struct model_answer a;

	if (w->first != NULL) {
		finish_first(w);
		return;
	}
	if (why != NULL) {
		log_often(LOG_LEVEL_WARN, "the rules take a turn of the model",
		    "reason", why, NULL);
		note = xasprintf("%s%s",
		    word(w, "规则规划器代替模型完成了规划：",
			"The rules planner planned in the place of the "
			"model: "),
		    why);
		explain(w, "verdict", span_of(note));
	}
	a = answer_of(w, note != NULL && !is_noted(w, note) ? note : NULL);
	if (w->base.fails)
		buf_add_buf(&update, &w->base.update);
	else
		model_answer_rules(&update, &a, held);
	end_turn(w, &update);
}

/* ---- what was answered ---- */

static void
say_again(struct work *w, struct span answer, const char *words)
{
	auto_str text = xstrndup(answer.p, answer.n);

	llm_prompt_add(
	    w->messages, "assistant", answer.n > 0 ? text : "(nothing)");
	llm_prompt_add(w->messages, "user", words);
	ask(w);
}

/* Told what is wrong with it, a bounded number of times. */
static void
repair(struct work *w, struct span answer, const char *error)
{
	auto_buf words = {.max = 64 << 10};

	explain(w, "parse", span_of(error));
	if (w->repairs++ == MODEL_REPAIRS_MAX) {
		auto_str why = xasprintf("%s%s",
		    word(w, "模型的回答无法使用：",
			"the model's answer cannot be used: "),
		    error);

		rules_take(w, why, false);
		return;
	}
	llm_words_put(&words, w->b->words.at[LLM_WORDS_REPAIR],
	    (struct llm_put[]){{"error", error}, {NULL, NULL}});
	say_again(w, utf8_cut(answer, 8 << 10), buf_str(&words));
}

static void
take_finish(struct work *w, const cJSON *plan, struct span answer)
{
	struct model_answer a = answer_of(w, NULL);
	CLEANUP(model_view_done) struct model_view v = {.evidence = NULL};

	if (!baseline_finishes(&w->base)) {
		explain(w, "verdict",
		    span_of("it wants to conclude; the rules look on first"));
		rules_take(w, NULL, true);
		return;
	}
	model_view_init(&v, &a, plan);
	if (v.wrong.len > 0 && w->first == NULL &&
	    w->repairs < MODEL_REPAIRS_MAX) {
		w->first = cJSON_Duplicate(plan, true);
		repair(w, answer, buf_str(&v.wrong));
		return;
	}
	finish(w, &a, &v);
}

static void
take_look(struct work *w, const cJSON *plan, struct span answer)
{
	auto_buf update = {.max = BACKEND_UPDATE_MAX};
	struct model_answer a = answer_of(w, NULL);
	struct err err;

	if (w->last) {
		repair(w, answer, "no further look is possible; FINISH");
		return;
	}
	if (left_ms(w) < MODEL_LOOK_MS) {
		rules_take(w,
		    word(w, "剩余时间不足以让模型再查看",
			"too little time was left for another look of the "
			"model's"),
		    false);
		return;
	}
	if (model_answer_look(&update, &a, plan, &err) != RC_OK) {
		repair(w, answer, err.text);
		return;
	}
	explain(w, "verdict", span_of("its steps are run"));
	end_turn(w, &update);
}

static void
take_answer(struct work *w, const struct llm_reply *r)
{
	struct llm_plan_rules rules = {w->tools, tree_at(w->state, "evidence")};
	AUTO(tree) plan = NULL;
	auto_buf shown = {.max = 1 << 20};
	struct err err;

	if (llm_plan_read(r->text, r->cut, &rules, &plan, &err) != RC_OK) {
		/* One that was cut off went on for long, mostly in circles:
		 * to read all of it would cost as much again, and lead there
		 * again. */
		repair(w, r->cut ? utf8_cut(r->text, CUT_SHOWN) : r->text,
		    err.text);
		return;
	}
	json_print_pretty(&shown, plan);
	explain(w, "parse", buf_span(&shown));
	if (tree_is(plan, "decision", "FINISH"))
		take_finish(w, plan, r->text);
	else if (tree_is(plan, "decision", "EXECUTE"))
		take_look(w, plan, r->text);
	else if (w->repairs++ < MODEL_REPAIRS_MAX)
		say_again(w, r->text, w->b->words.at[LLM_WORDS_ACT]);
	else
		rules_take(w,
		    word(w, "模型只做计划，没有行动",
			"the model went on planning without acting"),
		    false);
}

static void make_prompt(struct work *w);

/* Two thirds of it, and asked again; so are the next ones of this server.
 * false: it does not get any shorter. */
static bool
shorten(struct work *w)
{
	size_t before = llm_prompt_bytes(w->messages);

	if (w->shorter++ == MODEL_SHORTER_MAX)
		return false;
	w->bytes = MIN(w->bytes, before) * 2 / 3;
	make_prompt(w);
	if (llm_prompt_bytes(w->messages) >= before)
		return false;
	w->b->bytes = w->bytes;
	ask(w);
	return true;
}

static void
record(struct work *w, const struct llm_reply *r)
{
	struct err err;

	if (w->b->record == NULL || w->b->replays)
		return;
	if (llm_record_put(w->b->record, w->b->name, w->messages, r, &err) !=
	    RC_OK)
		log_often(LOG_LEVEL_WARN, "an answer was not recorded",
		    "reason", err.text, NULL);
}

static void
take_reply(struct work *w, const struct llm_reply *r)
{
	snprintf(w->model, sizeof(w->model), "%s", r->model);
	explain_reply(w, r);
	if (r->rc == RC_OK)
		take_answer(w, r);
	else if (!r->is_long || !shorten(w))
		rules_take(w, r->err.text, false);
}

/* What was paid for is kept before anything is made of it: should this
 * process die, nobody pays for it again. */
static void
on_reply(void *arg, const struct llm_reply *r)
{
	struct work *w = arg;
	struct turn_usage u = {.request = w->requests,
	    .prompt_tokens = r->prompt_tokens,
	    .cached_tokens = r->cached_tokens,
	    .answer_tokens = r->answer_tokens};

	w->ask = NULL;
	record(w, r);
	if (r->rc != RC_OK || w->t->settle == NULL || w->b->replays) {
		take_reply(w, r);
		return;
	}
	buf_reset(&w->paid);
	model_paid_put(&w->paid, w->asked - 1, r);
	u.answer = buf_span(&w->paid);
	FAILPOINT(answer_paid);
	w->t->settle(w->t, &u);
}

void
model_settled(struct backend *b UNUSED, struct turn *t, uint64_t request)
{
	struct work *w = t->backend_data;
	AUTO(tree) paid = NULL;
	struct llm_reply r;

	/* One that brought no answer is only told. */
	if (w->paid.len == 0 || request != w->requests)
		return;
	FAILPOINT(answer_kept);
	paid = wire_to_tree(buf_span(&w->paid));
	buf_reset(&w->paid);
	r = model_paid_reply(paid);
	take_reply(w, &r);
}

static void
on_offer(void *arg, const struct llm_offer *o)
{
	struct work *w = arg;

	w->t->reserve(w->t,
	    &(struct turn_request){.request = ++w->requests,
		.model = o->model,
		.prompt_tokens = o->prompt_tokens,
		.answer_tokens = o->answer_tokens});
}

void
model_granted(struct backend *b UNUSED, struct turn *t, uint64_t request,
    const char *why)
{
	struct work *w = t->backend_data;

	if (w->ask != NULL && request == w->requests)
		llm_granted(w->ask, why);
}

/* One that failed. */
static void
on_spent(void *arg, int64_t prompt, int64_t answer)
{
	struct work *w = arg;

	w->t->settle(w->t, &(struct turn_usage){.request = w->requests,
			       .prompt_tokens = prompt,
			       .answer_tokens = answer});
}

static void
on_text(void *arg, struct span text)
{
	struct work *w = arg;

	if (w->t->token != NULL)
		w->t->token(w->t, text);
}

/* ---- asking ---- */

static void
ask(struct work *w)
{
	struct llm_question q = {.messages = w->messages,
	    .schema = w->schema,
	    .deadline_ms = w->deadline_ms,
	    .on_text = on_text,
	    .on_done = on_reply,
	    .on_offer = w->t->reserve != NULL ? on_offer : NULL,
	    .on_spent = w->t->settle != NULL ? on_spent : NULL,
	    .arg = w};
	const cJSON *paid = model_paid_find(w->state, w->asked++);
	AUTO(tree) kept = NULL;
	struct llm_reply r;

	explain_prompt(w);
	if (paid != NULL) {
		r = model_paid_reply(paid);
		take_reply(w, &r);
		return;
	}
	if (!w->b->replays) {
		w->ask = llm_start(w->b->llm, &q);
		return;
	}
	llm_record_get(w->b->record, w->messages, &kept, &r);
	if (r.rc == RC_OK)
		on_text(w, r.text);
	on_reply(w, &r);
}

/* The supervisor did not take the answer before. */
static void
tell_refusal(struct work *w)
{
	const char *why = tree_str(tree_at(w->state, "refused"), "why");
	auto_buf words = {.max = 64 << 10};

	if (why[0] == '\0')
		return;
	llm_words_put(&words, w->b->words.at[LLM_WORDS_REPAIR],
	    (struct llm_put[]){{"error", why}, {NULL, NULL}});
	llm_prompt_add(w->messages, "user", buf_str(&words));
}

static void
make_prompt(struct work *w)
{
	bool done = baseline_finishes(&w->base);
	struct llm_prompt p = {.words = &w->b->words,
	    .state = w->state,
	    .tools = w->tools,
	    .conclusion = done ? w->base.conclusion : NULL,
	    .concluded_after = w->base.rests_on,
	    .mark = BASELINE_MARK,
	    .lang = w->lang,
	    .bytes = w->bytes,
	    .last = w->last};

	cJSON_Delete(w->messages);
	w->messages = llm_prompt_make(&p);
	tell_refusal(w);
	w->explained = 0;
}

void
model_measure(struct backend *b)
{
	b->bytes = (size_t)(b->settings.window - b->settings.answer_tokens) *
		   LLM_BYTES_A_TOKEN;
}

/* What only reads: for a step that does not, a run would wait until a person
 * approves it, or its time is up. */
static cJSON *
reading(const cJSON *tools)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *t;

	cJSON_ArrayForEach (t, tools)
		if (tree_is(t, "class", tool_class_name(TOOL_READ)))
			cJSON_AddItemToArray(list, cJSON_Duplicate(t, true));
	return list;
}

static struct work *
work_new(struct backend *b, struct turn *t)
{
	struct work *w = xcalloc(1, sizeof(*w));
	const char *language;

	w->b = b;
	w->t = t;
	w->state = wire_to_tree(t->state);
	w->tools = reading(tree_at(w->state, "tools"));
	language = tree_str(w->state, "language");
	w->lang =
	    language[0] != '\0' ? report_lang(span_of(language)) : b->language;
	baseline_make(&w->base, t->state, b->language, MAX(left_ms(w), 1));
	w->bytes = b->bytes;
	buf_init(&w->paid, 2 << 20);
	t->backend_data = w;
	return w;
}

/* Whether this turn is one in which a model is asked. */
static bool
is_asked(const struct work *w)
{
	bool done = baseline_finishes(&w->base);
	const cJSON *before = tree_at(w->state, "planner_plan");

	if (w->base.fails)
		return false;
	return done || (w->b->each_round && left_ms(w) > 2 * MODEL_LOOK_MS &&
			   !cJSON_IsTrue(tree_at(before, "held")));
}

void
model_plan(struct backend *b, struct turn *t)
{
	struct work *w = work_new(b, t);
	int64_t share = MIN(b->settings.total_ms, left_ms(w) / 2);

	if (!is_asked(w)) {
		rules_take(w, NULL,
		    tree_at(tree_at(w->state, "planner_plan"), "held") != NULL);
		return;
	}
	if (share < MODEL_LEAST_MS) {
		rules_take(w,
		    word(w, "剩余时间不足以询问模型",
			"too little time was left to ask the model"),
		    false);
		return;
	}
	w->last = tree_num(w->state, "iteration", 0) >= MODEL_ROUNDS_MAX ||
		  left_ms(w) < MODEL_LOOK_MS;
	w->deadline_ms = clk_mono_ms() + share;
	w->schema = llm_plan_schema(w->tools, true);
	make_prompt(w);
	ask(w);
}
