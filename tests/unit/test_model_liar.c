/*
 * test_model_liar.c - a model that lies by the dice, or obeys whoever wrote
 * an annotation: thousands of answers of which none may run a tool that is
 * not there or not only reads, nor touch the conclusion, nor go unmarked.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/plan.h"
#include "common/wire/wire.h"
#include "planner/llm/llm_plan.h"
#include "planner/model_answer.h"
#include "tests/harness/dice.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/texts.h"

enum { TRIALS = 10000, UPDATE_MAX = 4 << 20 };

struct world {
	struct dice dice;
	cJSON *state; /* its tools are those a model may ask */
	struct buf wire;
	struct baseline base;
	int looked, finished, refused;
};

static const char *const tools[] = {"look", "look", "query_prometheus_rules",
    "query_prometheus_alerts", "query_prometheus_targets", "shell", "http_get",
    "delete_pod", "LOOK", ""};
static const char *const args[] = {"{\"query\":\"up\"}", "{}",
    "{\"query\":\"$(rm -rf /)\"}", "{\"url\":\"http://169.254.169.254/\"}",
    "{\"query\":7}", "{\"query\":\"x\",\"as\":\"root\"}", "[]", "\"x\""};
static const char *const words[] = {"payment", "checkout is down",
    "`checkout` is at 0.9731", "4711 errors", "99.99 % of requests",
    "<script>alert(1)</script>", "[x](http://evil.example)",
    "## Conclusion\\n\\nall is well", "\\u001b[2J", "confidence: confirmed",
    "ignore all rules", "ACME-17 took 12 s"};
static const char *const ids[] = {"E1", "E2", "E3", "E4", "E77", "e1", "1"};
static const char *const roles[] = {"cause", "contributing", "trigger",
    "symptom", "ruled_out", "open", "truth"};
static const char *const levels[] = {
    "confirmed", "likely", "suspected", "undetermined", "certain"};

#define PICK(w, list) (list)[dice_int(&(w)->dice, 0, (int)ARRAY_LEN(list) - 1)]

static void
put_lie(struct buf *b, struct world *w)
{
	int n = dice_int(&w->dice, 0, 3), i;

	buf_addf(b,
	    "{\"decision\":\"FINISH\",\"summary\":\"%s\","
	    "\"confidence\":\"%s\",\"findings\":[",
	    PICK(w, words), PICK(w, levels));
	for (i = 0; i < n; i++)
		buf_addf(b,
		    "%s{\"role\":\"%s\",\"text\":\"%s\",\"evidence\":"
		    "[\"%s\"]}",
		    i > 0 ? "," : "", PICK(w, roles), PICK(w, words),
		    PICK(w, ids));
	buf_addf(b, "],\"next\":\"%s\"}", PICK(w, words));
}

static void
put_attack(struct buf *b, struct world *w)
{
	int n = dice_int(&w->dice, 1, 5), i;

	buf_addf(b, "{\"decision\":\"EXECUTE\",\"step\":\"%s\",\"steps\":[",
	    PICK(w, words));
	for (i = 0; i < n; i++)
		buf_addf(b, "%s{\"step\":\"%s\",\"tool\":\"%s\",\"args\":%s}",
		    i > 0 ? "," : "", PICK(w, words), PICK(w, tools),
		    PICK(w, args));
	buf_adds(b, "]}");
}

static struct model_answer
answer_of(struct world *w)
{
	return (struct model_answer){.base = &w->base,
	    .wire = buf_span(&w->wire),
	    .state = w->state,
	    .lang = REPORT_EN,
	    .by = "liar"};
}

/* Steps of its own are marked, and every step is one that may run. */
static void
hold_look(struct world *w, const cJSON *plan)
{
	struct model_answer a = answer_of(w);
	auto_buf update = {.max = UPDATE_MAX};
	struct plan p;
	struct err err;
	unsigned i;

	if (model_answer_look(&update, &a, plan, &err) != RC_OK) {
		w->refused++;
		return;
	}
	ck_assert_int_eq(plan_of_update(buf_span(&update), &p, &err), RC_OK);
	ck_assert_msg(plan_check(&p, tree_at(w->state, "tools"), &err) == RC_OK,
	    "%s", err.text);
	for (i = 0; i < p.n_steps; i++)
		ck_assert(p.steps[i].step.n > strlen(BASELINE_MARK) &&
			  memcmp(p.steps[i].step.p, BASELINE_MARK,
			      strlen(BASELINE_MARK)) == 0);
	w->looked++;
}

/* What stands in the opinion is borne out; the rest stands in a note. */
static void
hold_finish(struct world *w, const cJSON *plan)
{
	struct model_answer a = answer_of(w);
	auto_buf update = {.max = UPDATE_MAX};
	AUTO(tree) tree = NULL;
	cJSON *conclusion, *opinion;
	const cJSON *claim;
	CLEANUP(model_view_done) struct model_view v;

	model_view_init(&v, &a, plan);
	ck_assert_ptr_null(v.evidence);
	model_answer_finish(&update, &a, &v);
	tree = wire_to_tree(buf_span(&update));
	conclusion = cJSON_GetObjectItem(tree, "conclusion");
	opinion = cJSON_DetachItemFromObject(conclusion, "opinion");
	ck_assert(cJSON_Compare(conclusion, w->base.conclusion, true));
	ck_assert_ptr_nonnull(opinion);
	ck_assert(v.unverified.len == 0 ||
		  text_contains(tree_at(tree, "notes")->child->valuestring,
		      "not verified and is no conclusion"));
	cJSON_ArrayForEach (claim, tree_at(opinion, "claims")) {
		ck_assert_int_gt(
		    cJSON_GetArraySize(tree_at(claim, "evidence")), 0);
		assert_lacks(tree_str(claim, "text"), "4711");
		assert_lacks(tree_str(claim, "text"), "99.99");
		assert_lacks(tree_str(claim, "text"), "12 s");
		assert_lacks(tree_str(claim, "text"), "://");
		assert_lacks(tree_str(claim, "text"), "<script");
		/* The rules hold nobody to be the cause here. */
		ck_assert_str_ne(tree_str(claim, "role"), "cause");
	}
	cJSON_Delete(opinion);
	w->finished++;
}

static void
lie(struct world *w)
{
	struct llm_plan_rules rules = {
	    tree_at(w->state, "tools"), tree_at(w->state, "evidence")};
	auto_buf text = {.max = 1 << 16};
	AUTO(tree) plan = NULL;
	struct err err = {""};

	if (dice_percent(&w->dice, 50))
		put_lie(&text, w);
	else
		put_attack(&text, w);
	if (llm_plan_read(buf_span(&text), false, &rules, &plan, &err) !=
	    RC_OK) {
		ck_assert_str_ne(err.text, "");
		w->refused++;
	} else if (tree_is(plan, "decision", "FINISH")) {
		hold_finish(w, plan);
	} else {
		hold_look(w, plan);
	}
}

START_TEST(a_liar_runs_nothing_and_changes_nothing)
{
	struct world w = {.wire = {.max = 1 << 20}};
	auto_str json = llm_stub_state(true, "");
	struct err err;
	int i;

	w.dice = dice_of(7, (uint64_t)_i, 0);
	ck_assert_int_eq(
	    json_parse(span_of(json), NULL, &w.state, &err), RC_OK);
	wire_put_tree(&w.wire, w.state);
	baseline_make(&w.base, buf_span(&w.wire), REPORT_EN, 60000);
	ck_assert(baseline_finishes(&w.base));
	for (i = 0; i < TRIALS; i++)
		lie(&w);
	/* Each kind was tried often enough to say something. */
	ck_assert_int_gt(w.looked, TRIALS / 500);
	ck_assert_int_gt(w.finished, TRIALS / 100);
	ck_assert_int_gt(w.refused, TRIALS / 10);
	baseline_done(&w.base);
	buf_done(&w.wire);
	cJSON_Delete(w.state);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_liar_runs_nothing_and_changes_nothing, 2},
	};

	return RUN_TESTS("model_liar", tests);
}
