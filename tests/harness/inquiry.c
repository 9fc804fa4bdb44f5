/*
 * inquiry.c - a whole investigation in this process.
 *
 * What a tool answers does not depend on the language, so an answer is kept
 * by what was asked, and given again.
 */
#include "tests/harness/inquiry.h"

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/base/sha256.h"
#include "common/json/tree.h"
#include "common/report/deliver.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/spawn.h"
#include "tests/harness/workbench.h"
#include "tests/harness/world_prom.h"

#include <check.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 12, WINDOW_S = 3600, TREE_MAX = 64 << 20 };

struct room {
	const struct world *world;
	struct workbench bench;
	cJSON *answers; /* by tool and arguments: {feedback, evidence, media} */
};

/* One that is under way. */
struct talk {
	struct room *room;
	struct inquiry *q;
	cJSON *bytes; /* by evidence id */
	int n_evidence;
};

static void
set(cJSON *object, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	cJSON_AddItemToObject(object, key, value);
}

/* ---- the state ---- */

static cJSON *
state_of(const struct room *r, enum report_lang lang, const char *zone)
{
	const struct world *w = r->world;
	cJSON *s = cJSON_CreateObject(), *labels;

	cJSON_AddStringToObject(s, "id", "1m8451hs2sq06rwmj");
	cJSON_AddStringToObject(s, "input", w->input);
	cJSON_AddStringToObject(s, "language", lang == REPORT_ZH ? "zh" : "en");
	cJSON_AddStringToObject(s, "timezone", zone);
	cJSON_AddNumberToObject(s, "at", w->now * 1000);
	cJSON_AddNumberToObject(s, "window", WINDOW_S);
	cJSON_AddNumberToObject(s, "iteration", 0);
	labels = cJSON_AddObjectToObject(s, "labels");
	if (w->scope_key != NULL)
		cJSON_AddStringToObject(labels, w->scope_key, w->scope_value);
	cJSON_AddArrayToObject(s, "executor_feedback");
	cJSON_AddArrayToObject(s, "evidence");
	return s;
}

/* ---- a step ---- */

static cJSON *
step_of(const struct talk *t, const cJSON *planned)
{
	static const char *const keys[] = {"at", "window", "labels"};
	cJSON *step = cJSON_Duplicate(planned, true);
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		cJSON_AddItemToObject(step, keys[i],
		    cJSON_Duplicate(tree_at(t->q->state, keys[i]), true));
	return step;
}

/* As the tool gave it, now or before. */
static const cJSON *
answer_to(struct talk *t, const cJSON *planned)
{
	struct workbench *b = &t->room->bench;
	AUTO(tree) step = step_of(t, planned);
	auto_str args = cJSON_PrintUnformatted(tree_at(planned, "args"));
	auto_str key = xasprintf("%s %s", tree_str(planned, "tool"), args);
	auto_str json = cJSON_PrintUnformatted(step);
	const cJSON *known = tree_at(t->room->answers, key);
	cJSON *a;

	if (known != NULL)
		return known;
	workbench_perform(b, json);
	a = cJSON_CreateObject();
	cJSON_AddItemToObject(
	    a, "feedback", cJSON_Duplicate(b->feedback, true));
	cJSON_AddStringToObject(a, "bytes", buf_str(&b->evidence));
	cJSON_AddStringToObject(a, "media", b->media);
	cJSON_AddItemToObject(t->room->answers, key, a);
	return a;
}

static void
add_evidence(struct talk *t, const cJSON *answer, cJSON *feedback)
{
	cJSON *e = cJSON_CreateObject(), *ids = cJSON_CreateArray();
	const char *bytes = tree_str(answer, "bytes");
	auto_str id = xasprintf("E%d", ++t->n_evidence);
	char hash[SHA256_TEXT];

	cJSON_AddStringToObject(e, "id", id);
	cJSON_AddStringToObject(e, "tool", tree_str(feedback, "tool"));
	cJSON_AddStringToObject(e, "query", tree_str(feedback, "query"));
	cJSON_AddStringToObject(e, "media", tree_str(answer, "media"));
	cJSON_AddNumberToObject(e, "bytes", (double)strlen(bytes));
	cJSON_AddStringToObject(e, "sha256", sha256_text(span_of(bytes), hash));
	cJSON_AddNumberToObject(e, "ms", 3);
	cJSON_AddItemToArray(cJSON_GetObjectItem(t->q->state, "evidence"), e);
	cJSON_AddStringToObject(t->bytes, id, bytes);
	cJSON_AddItemToArray(ids, cJSON_CreateString(id));
	set(feedback, "evidence", ids);
}

static void
perform(struct talk *t, const cJSON *planned)
{
	const cJSON *answer = answer_to(t, planned);
	cJSON *feedback = cJSON_Duplicate(tree_at(answer, "feedback"), true);

	set(feedback, "step", cJSON_Duplicate(tree_at(planned, "step"), true));
	if (tree_str(answer, "bytes")[0] != '\0')
		add_evidence(t, answer, feedback);
	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(t->q->state, "executor_feedback"), feedback);
}

/* ---- the rounds ---- */

static cJSON *
plan(const struct talk *t)
{
	auto_buf wire = {.max = TREE_MAX}, update = {.max = TREE_MAX};
	AUTO(tree) input = cJSON_Duplicate(t->q->state, true);

	cJSON_AddItemToObject(
	    input, "tools", toolset_describe(t->room->bench.tools));
	cJSON_AddTrueToObject(input, "renders");
	wire_put_tree(&wire, input);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, 0);
	ck_assert(!update.full);
	return wire_to_tree(buf_span(&update));
}

static void
investigate(struct talk *t)
{
	cJSON *state = t->q->state;

	for (; t->q->rounds < ROUNDS_MAX; t->q->rounds++) {
		AUTO(tree) update = plan(t);
		const cJSON *planned = tree_at(update, "planner_plan");
		const cJSON *steps = tree_at(planned, "steps"), *step;

		set(state, "conclusion",
		    cJSON_Duplicate(tree_at(update, "conclusion"), true));
		if (tree_is(update, "decision", "FINISH"))
			return;
		cJSON_ArrayForEach (step, steps)
			perform(t, step);
		if (cJSON_GetArraySize(steps) == 0)
			perform(t, planned);
		set(state, "iteration", cJSON_CreateNumber(t->q->rounds + 1));
	}
	ck_abort_msg("no end after %d rounds", ROUNDS_MAX);
}

/* ---- the report ---- */

static enum rc
fetch(void *ctx, struct span id, struct buf *ret)
{
	const struct talk *t = ctx;
	auto_str key = xstrndup(id.p, id.n);

	buf_adds(ret, tree_str(t->bytes, key));
	return RC_OK;
}

static void
deliver(struct talk *t, enum report_lang lang)
{
	auto_buf state = {.max = TREE_MAX}, verdict = {.max = TREE_MAX};

	wire_put_tree(&state, t->q->state);
	deliver_report(&t->q->report, &verdict,
	    &(struct deliver_in){.state = buf_span(&state),
		.lang = lang,
		.fetch = fetch,
		.ctx = t});
	t->q->verdict = wire_to_tree(buf_span(&verdict));
}

void
inquiry_hold(const struct world *w, const char *const zones[REPORT_LANGS],
    struct inquiry ret[REPORT_LANGS])
{
	struct world_prom *prom;
	struct room room = {.world = w};
	char *dir = scratch_new();
	int lang;

	clk_fix_ms((int64_t)(w->now * 1000));
	prom = world_prom_new();
	world_prom_show(prom, w);
	workbench_open_at(&room.bench, world_prom_url(prom), dir);
	room.answers = cJSON_CreateObject();
	for (lang = 0; lang < REPORT_LANGS; lang++) {
		struct talk t = {.room = &room, .q = &ret[lang]};

		ret[lang] = (struct inquiry){.report = {.max = TREE_MAX}};
		ret[lang].state =
		    state_of(&room, (enum report_lang)lang, zones[lang]);
		t.bytes = cJSON_CreateObject();
		investigate(&t);
		deliver(&t, (enum report_lang)lang);
		cJSON_Delete(t.bytes);
	}
	cJSON_Delete(room.answers);
	workbench_close(&room.bench);
	world_prom_free(prom);
	scratch_free(dir);
	clk_fix_ms(-1);
}

void
inquiry_done(struct inquiry *q)
{
	buf_done(&q->report);
	cJSON_Delete(q->state);
	cJSON_Delete(q->verdict);
}
