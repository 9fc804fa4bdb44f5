/*
 * test_model_grounds.c - which cause of a model's becomes the conclusion's:
 * one that an answer shows which it asked for, to a question that the rules'
 * own evidence fixes; and no other, whatever it cites.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/verify.h"
#include "common/wire/wire.h"
#include "planner/model_answer.h"
#include "tests/harness/texts.h"

enum { ROUNDS = 9, STATE_MAX = 1 << 20 };

#define ACTIVE 1763895483 /* 2025-11-23T10:58:03Z */
#define READS(name, role)                                                      \
	"{\"name\":\"" name "\",\"role\":\"" role                              \
	"\",\"class\":\"READ\",\"args\":{\"type\":\"object\"}}"
#define TOOLS                                                                  \
	"[" READS("alerts", "alerts") "," READS("rules", "rules") "," READS(   \
	    "targets", "targets") "," READS("find", "causes") "]"
#define CAUSE(name, path)                                                      \
	"{\"service\":\"" name "\",\"score\":0.9,\"series\":[0],\"on_path\":"  \
	"[" path "]}"
#define SERIES                                                                 \
	"\"compared\":40,\"series\":[{\"metric\":\"errors\",\"service\":\"x\"" \
	",\"direction\":\"up\",\"change\":{\"from\":1,\"to\":9},\"began\":"    \
	"1763895480}],\"topology\":[{\"client\":\"frontend\",\"server\":"      \
	"\"payment\"}]"
#define FOUND(confidence, missing, causes)                                     \
	"{\"confidence\":\"" confidence "\",\"missing\":[" missing "],"        \
	"\"causes\":[" causes "]," SERIES "}"
#define LACKS(what) "{\"what\":\"" what "\",\"why\":\"w\"}"
#define PAYMENT CAUSE("payment", "\"frontend\",\"payment\"")
#define ADS CAUSE("ads", "")
#define ADS_ON_PATH CAUSE("ads", "\"frontend\",\"ads\"")

struct trial {
	const char *name;
	const char *labels; /* of the alert, beside its name */
	const char *own;    /* what the rules' find_causes says; NULL: fails */
	/* What the model asks besides, and is answered; NULL: nothing. */
	const char *more_labels, *beside, *answer;
	const char *claims; /* as the cause, citing the last answer */
	const char *fate, *headline, *wrong;
};

#define FRONTEND "\"service\":\"frontend\""

static const struct trial trials[] = {
    {"the service that the expression names", "\"severity\":\"page\"",
	FOUND("suspected", LACKS("entity") "," LACKS("path"), ADS), FRONTEND,
	NULL, FOUND("likely", "", PAYMENT), "payment", "adopted",
	"likely cause: `payment`", ""},
    {"a service that nothing names", "\"severity\":\"page\"",
	FOUND("suspected", LACKS("entity"), ADS), "\"service\":\"checkout\"",
	NULL, FOUND("likely", "", PAYMENT), "payment", "unverified",
	"suspected cause: `ads`", "which it adds, is neither in"},
    {"another than its answer shows", "\"severity\":\"page\"",
	FOUND("suspected", LACKS("entity"), ADS), FRONTEND, NULL,
	FOUND("likely", "", PAYMENT "," ADS_ON_PATH), "ads", "unverified",
	"suspected cause: `ads`", "ads is not likely the cause"},
    {"an answer that is not sure", "\"severity\":\"page\"",
	FOUND("suspected", LACKS("entity"), ADS), FRONTEND, NULL,
	FOUND("suspected", LACKS("history"), PAYMENT), "payment", "unverified",
	"suspected cause: `ads`", "payment is not likely the cause either"},
    {"a moment beside it all", "\"severity\":\"page\"",
	FOUND("suspected", LACKS("entity"), ADS), FRONTEND,
	"\"onset\":1763895483", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "suspected cause: `ads`", "may be chosen"},
    {"the moment at which it began", FRONTEND,
	FOUND("undetermined", "", PAYMENT), NULL, "\"onset\":1763895483",
	FOUND("likely", "", PAYMENT), "payment", "adopted",
	"likely cause: `payment`", ""},
    {"the same in words", FRONTEND, FOUND("undetermined", "", PAYMENT), NULL,
	"\"onset\":\"2025-11-23T10:57:00Z\"", FOUND("likely", "", PAYMENT),
	"payment", "adopted", "likely cause: `payment`", ""},
    {"some other moment", FRONTEND, FOUND("undetermined", "", PAYMENT), NULL,
	"\"onset\":1763890000", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "cause of", "nothing of the alert was seen to begin"},
    {"no moment", FRONTEND, FOUND("undetermined", "", PAYMENT), NULL,
	"\"onset\":\"-5m\"", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "cause of", "nothing of the alert was seen to begin"},
    {"whom the first look puts behind", FRONTEND,
	FOUND("undetermined", "", ADS_ON_PATH "," PAYMENT), NULL,
	"\"onset\":1763895483", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "cause of", "puts another first"},
    {"what changed behind the symptom", FRONTEND,
	FOUND("suspected", LACKS("order"), PAYMENT), NULL,
	"\"onset\":1763895483", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "suspected cause: `payment`", "the symptom came before"},
    {"in the place of one that is likely", FRONTEND,
	FOUND("likely", "", ADS_ON_PATH), NULL, "\"onset\":1763895483",
	FOUND("likely", "", PAYMENT), "payment", "unverified",
	"likely cause: `ads`", "find_causes holds ads likely"},
    {"a window of its own", FRONTEND, FOUND("undetermined", "", PAYMENT), NULL,
	"\"window\":\"2h\"", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "cause of", "chooses a window"},
    {"a scope of its own", FRONTEND, FOUND("undetermined", "", PAYMENT), NULL,
	"\"scope\":{\"app\":\"payment\"}", FOUND("likely", "", PAYMENT),
	"payment", "unverified", "cause of", "chooses a window, a scope"},
    {"what the rules could not read", FRONTEND, NULL, NULL, "\"limit\":5",
	FOUND("likely", "", PAYMENT), "payment", "adopted",
	"likely cause: `payment`", ""},
    {"the same at a moment of its choice", FRONTEND, NULL, NULL,
	"\"onset\":1763895483", FOUND("likely", "", PAYMENT), "payment",
	"unverified", "cause of", "may be chosen"},
    {"the rules' own answer", FRONTEND, FOUND("undetermined", "", PAYMENT),
	NULL, NULL, NULL, "payment", "unverified", "cause of",
	"is no answer of find_causes that you asked for"},
    {"what the rules hold likely", FRONTEND, FOUND("likely", "", PAYMENT), NULL,
	NULL, NULL, "payment", "agrees", "likely cause: `payment`", ""},
    {"who is not there", FRONTEND, FOUND("likely", "", PAYMENT), NULL, NULL,
	NULL, "ghost", "unverified", "likely cause: `payment`",
	"nothing is called ghost in the evidence"},
};

/* ---- the run up to where a model concludes ---- */

static const char *
data_of(const struct trial *t, const char *tool)
{
	static char alerts[1000];

	if (strcmp(tool, "rules") == 0)
		return "{\"rules\":[{\"name\":\"Slow\",\"type\":\"alerting\","
		       "\"expr\":\"latency{service=\\\"frontend\\\"} > 0.5\"}]"
		       "}";
	if (strcmp(tool, "targets") == 0)
		return "{\"targets\":[],\"up\":3,\"down\":0}";
	if (strcmp(tool, "find") == 0)
		return t->own;
	snprintf(alerts, sizeof(alerts),
	    "{\"firing\":1,\"alerts\":[{\"name\":\"Slow\",\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"Slow\",%s},\"activeAt\":"
	    "\"2025-11-23T10:58:03Z\",\"value\":0.9731}]}",
	    t->labels);
	return alerts;
}

/* Takes args. */
static void
add_answer(cJSON *state, const char *step, const char *tool, cJSON *args,
    const char *data)
{
	cJSON *list = cJSON_GetObjectItem(state, "executor_feedback");
	cJSON *f = cJSON_CreateObject(), *e = cJSON_CreateObject();
	auto_str id = xasprintf("E%d", cJSON_GetArraySize(list) + 1);

	cJSON_AddStringToObject(
	    f, "status", data != NULL ? "SUCCESS" : "FAILED");
	cJSON_AddStringToObject(f, "tool", tool);
	cJSON_AddStringToObject(
	    f, "role", strcmp(tool, "find") == 0 ? "causes" : tool);
	cJSON_AddStringToObject(f, "step", step);
	cJSON_AddItemToObject(f, "args", args);
	cJSON_AddStringToObject(f, "summary", "so it is");
	if (data != NULL)
		cJSON_AddItemToObject(f, "data", cJSON_Parse(data));
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(f, "evidence"), cJSON_CreateString(id));
	cJSON_AddItemToArray(list, f);
	cJSON_AddStringToObject(e, "id", id);
	cJSON_AddItemToArray(cJSON_GetObjectItem(state, "evidence"), e);
}

static void
answer_round(const struct trial *t, cJSON *state, const struct baseline *b)
{
	unsigned i;

	for (i = 0; i < b->plan.n_steps; i++) {
		auto_str tool =
		    xasprintf("%.*s", SPAN_ARG(b->plan.steps[i].tool));

		add_answer(state, "s", tool,
		    wire_to_tree(b->plan.steps[i].args), data_of(t, tool));
	}
}

static void
make_base(struct baseline *b, struct buf *wire, const cJSON *state)
{
	buf_reset(wire);
	wire_put_tree(wire, state);
	baseline_make(b, buf_span(wire), REPORT_EN, 60000);
	ck_assert(!b->fails);
}

/* Its last question of find_causes, with what the model asks otherwise. */
static void
ask_as_model(const struct trial *t, cJSON *state)
{
	const cJSON *list = tree_at(state, "executor_feedback");
	const cJSON *last =
	    cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
	cJSON *args = cJSON_Duplicate(tree_at(last, "args"), true);
	cJSON *labels =
	    cJSON_GetObjectItem(cJSON_GetObjectItem(args, "alert"), "labels");
	auto_str beside = xasprintf("{%s}", t->beside != NULL ? t->beside : "");
	auto_str more =
	    xasprintf("{%s}", t->more_labels != NULL ? t->more_labels : "");
	AUTO(tree) b = cJSON_Parse(beside);
	AUTO(tree) m = cJSON_Parse(more);
	const cJSON *one;

	cJSON_ArrayForEach (one, b)
		cJSON_AddItemToObject(
		    args, one->string, cJSON_Duplicate(one, true));
	cJSON_ArrayForEach (one, m)
		cJSON_AddItemToObject(
		    labels, one->string, cJSON_Duplicate(one, true));
	add_answer(state, BASELINE_MARK "see", "find", args, t->answer);
}

static cJSON *
state_of(const struct trial *t, struct buf *wire)
{
	cJSON *state = cJSON_Parse(
	    "{\"id\":\"r\",\"language\":\"en\",\"renders\":true,\"at\":"
	    "1763895600000,\"window\":1800,\"executor_feedback\":[],"
	    "\"evidence\":[],\"tools\":" TOOLS "}");
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct baseline b;
		bool done;

		make_base(&b, wire, state);
		done = baseline_finishes(&b);
		answer_round(t, state, &b);
		baseline_done(&b);
		if (done)
			break;
	}
	ck_assert_int_lt(i, ROUNDS);
	if (t->answer != NULL)
		ask_as_model(t, state);
	return state;
}

/* It says it is the cause, and that it is likely. */
static cJSON *
claim_of(const struct trial *t, const cJSON *state)
{
	int n = cJSON_GetArraySize(tree_at(state, "evidence"));
	auto_str text = xasprintf(
	    "{\"decision\":\"FINISH\",\"summary\":\"%s broke it\","
	    "\"confidence\":\"likely\",\"findings\":[{\"role\":\"cause\","
	    "\"name\":\"%s\",\"text\":\"it is %s\",\"evidence\":[\"E%d\"]}]}",
	    t->claims, t->claims, t->claims, n);

	return cJSON_Parse(text);
}

/* ---- what becomes of it ---- */

/* The report that is delivered passes verification as a whole. */
static void
assert_verified(const cJSON *state, const cJSON *conclusion)
{
	AUTO(tree) whole = cJSON_Duplicate(state, true);
	AUTO(verdict) v = NULL;
	auto_buf wire = {.max = STATE_MAX}, failed = {.max = STATE_MAX};

	cJSON_AddItemToObject(
	    whole, "conclusion", cJSON_Duplicate(conclusion, true));
	wire_put_tree(&wire, whole);
	v = verify_report(&(struct verify_in){.state = buf_span(&wire)});
	verdict_put_failed(&failed, v);
	ck_assert_msg(verdict_ok(v), "%s", buf_str(&failed));
}

START_TEST(a_cause_is_borne_or_it_is_marked)
{
	const struct trial *t = &trials[_i];
	auto_buf wire = {.max = STATE_MAX}, update = {.max = STATE_MAX};
	AUTO(tree) state = state_of(t, &wire);
	AUTO(tree) plan = claim_of(t, state);
	AUTO(tree) tree = NULL;
	struct baseline base;
	struct model_answer a = {
	    .base = &base, .state = state, .lang = REPORT_EN, .by = "m"};
	struct model_view v;
	const cJSON *c, *verdict;
	bool adopted = strcmp(t->fate, "adopted") == 0;

	make_base(&base, &wire, state);
	ck_assert(baseline_finishes(&base));
	a.wire = buf_span(&wire);
	model_view_init(&v, &a, plan);
	model_answer_finish(&update, &a, &v);
	tree = wire_to_tree(buf_span(&update));
	c = tree_at(tree, "conclusion");
	verdict = tree_at(tree_at(c, "opinion"), "verdict");
	ck_assert_msg(tree_is(verdict, "cause", t->fate), "%s: %s: %s", t->name,
	    tree_str(verdict, "cause"), tree_str(verdict, "wrong"));
	assert_contains(tree_str(c, "summary"), t->headline);
	assert_contains(tree_str(verdict, "wrong"), t->wrong);
	ck_assert_int_eq(tree_is(c, "confidence", "likely"),
	    strstr(t->headline, "likely cause") != NULL);
	/* But for that, the conclusion is the rules' own. */
	ck_assert_int_eq(adopted, v.evidence != NULL);
	ck_assert_int_eq(
	    tree_is(base.conclusion, "summary", tree_str(c, "summary")),
	    !adopted);
	if (strcmp(t->fate, "unverified") == 0)
		assert_contains(tree_at(tree, "notes")->child->valuestring,
		    "not verified and is no conclusion");
	assert_verified(state, c);
	model_view_done(&v);
	baseline_done(&base);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_cause_is_borne_or_it_is_marked, (int)ARRAY_LEN(trials)},
	};

	return RUN_TESTS("model_grounds", tests);
}
