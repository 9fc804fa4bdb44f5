/*
 * test_chaos.c - a short round of what tests/fault/chaos does at length, and
 * the model's own eyes: that it sees what must not be.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "tests/harness/model.h"
#include "tests/harness/texts.h"
#include "tests/harness/trial.h"

START_TEST(runs_follow_the_model_whatever_befalls_their_messages)
{
	struct trial_spec s = {.seed = 20 + (uint64_t)_i,
	    .messages = 4000,
	    .clients = 12,
	    .planners = 2,
	    .executors = 3,
	    .lease_ms = 400,
	    .harsh = 100,
	    .restart_ms = 2500};
	struct trial_result r = {0};

	/* Check passes no more than 8 KiB on; the beginning says what. */
	ck_assert_msg(trial_run(&s, &r), "%.3000s", r.divergence);
	ck_assert_uint_ge(r.counts.messages, s.messages);
	ck_assert_int_gt(r.runs, 0);
}
END_TEST

/* ---- the model ---- */

static const char story[] =
    "[{\"seq\":1,\"type\":\"started\",\"data\":{\"input\":\"q\"}},"
    "{\"seq\":2,\"type\":\"supervisor\",\"data\":{\"iteration\":0,"
    "\"decision\":\"\",\"next\":\"planner\",\"reason\":\"\"}},"
    "{\"seq\":3,\"type\":\"plan\",\"data\":{\"decision\":\"EXECUTE\","
    "\"step\":\"w0\",\"iteration\":1}},"
    "{\"seq\":4,\"type\":\"tool_started\",\"data\":{\"iteration\":1,"
    "\"index\":0,\"worker\":\"a\",\"attempt\":1}},"
    "{\"seq\":5,\"type\":\"retry\",\"data\":{\"task\":2,\"attempt\":1}},"
    "{\"seq\":6,\"type\":\"tool_started\",\"data\":{\"iteration\":1,"
    "\"index\":0,\"worker\":\"b\",\"attempt\":2}},"
    "{\"seq\":7,\"type\":\"evidence\",\"data\":{\"id\":\"E1\",\"bytes\":2,"
    "\"sha256\":\"8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc"
    "327aa4\"}},"
    "{\"seq\":8,\"type\":\"feedback\",\"data\":{\"index\":0,\"worker\":\"b\","
    "\"status\":\"SUCCESS\",\"tool\":\"echo\",\"summary\":\"hi\","
    "\"evidence\":[\"E1\"]}},"
    "{\"seq\":9,\"type\":\"supervisor\",\"data\":{\"iteration\":1,"
    "\"decision\":\"EXECUTE\",\"next\":\"planner\",\"reason\":\"\"}},"
    "{\"seq\":10,\"type\":\"plan\",\"data\":{\"decision\":\"FINISH\","
    "\"step\":\"w1\",\"iteration\":1}},"
    "{\"seq\":11,\"type\":\"supervisor\",\"data\":{\"iteration\":1,"
    "\"decision\":\"FINISH\",\"next\":\"end\",\"reason\":\"finish\"}},"
    "{\"seq\":12,\"type\":\"report\",\"data\":{\"markdown\":\"w1\"}},"
    "{\"seq\":13,\"type\":\"finished\",\"data\":{\"status\":\"completed\","
    "\"ended_by\":\"finish\",\"iteration\":1}}]";

static const struct model model = {.n = 2,
    .plans = {{.decision = MODEL_EXECUTE,
		  .n = 1,
		  .steps = {{.text = "hi"}},
		  .word = "w0"},
	{.decision = MODEL_FINISH, .word = "w1"}}};

/* What is replaced in the story, and what the model says then; "": it still
 * fits. */
static const struct {
	const char *from, *to, *says;
} stories[] = {
    {"\"q\"", "\"q\"", ""},
    {"\"q\"", "\"p\"", "input is"},
    {"\"seq\":5", "\"seq\":6", "number 5"},
    {"retry", "feedback", "of a step of this plan"},
    {"\"attempt\":2", "\"attempt\":1", "attempt 1 follows"},
    {"\"bytes\":2", "\"bytes\":3", "bytes is"},
    {"8f43", "8f44", "sha256"},
    {"\"hi\"", "\"ho\"", "summary"},
    {"\"worker\":\"b\",\"status\"", "\"worker\":\"a\",\"status\"", "worker"},
    {"\"w0\"", "\"w1\"", "step is"},
    {"[\"E1\"]", "[]", "other evidence"},
    {"\"EXECUTE\",\"next\":\"planner\"", "\"EXECUTE\",\"next\":\"end\"",
	"next is"},
    {"completed", "failed", "status is"},
    {"\"type\":\"report\"", "\"type\":\"finished\"", "must be the last"},
};

/* The first occurrence is replaced; the caller's. */
static char *
replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	ck_assert_ptr_nonnull(at);
	return xasprintf(
	    "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

START_TEST(the_model_sees_what_must_not_be)
{
	auto_str text = replaced(story, stories[_i].from, stories[_i].to);
	cJSON *events = cJSON_Parse(text);
	bool cancelled = true;
	auto_str wrong = model_check(&model, events, "q", &cancelled);

	ck_assert_ptr_nonnull(events);
	ck_assert(!cancelled);
	if (stories[_i].says[0] == '\0')
		ck_assert_msg(wrong == NULL, "%s", wrong);
	else
		assert_contains(wrong != NULL ? wrong : "", stories[_i].says);
	cJSON_Delete(events);
}
END_TEST

#define SAID(n, text)                                                          \
	"{\"status\":\"SUCCESS\",\"tool\":\"echo\",\"summary\":\"" text        \
	"\",\"args\":{\"text\":\"" text "\"},\"evidence\":[\"E" n "\"]}"
#define KEPT(n, sha) "{\"id\":\"E" n "\",\"sha256\":\"" sha "\"}"
#define SHA_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA_C "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"

static const struct model three = {.n = 1,
    .plans = {{.decision = MODEL_EXECUTE,
	.n = 3,
	.steps = {{.text = "a"}, {.text = "b"}, {.text = "c"}},
	.word = "w0"}}};

/* The lists of a state, and what the model says of it; "": it fits. */
static const struct {
	const char *status, *feedback, *evidence, *says;
} states[] = {
    {"cancelled", "", "", ""},
    {"cancelled", SAID("1", "a") "," SAID("3", "c"),
	KEPT("1", SHA_A) "," KEPT("3", SHA_C), ""},
    {"cancelled", SAID("1", "a"), KEPT("1", SHA_A) "," KEPT("3", SHA_C),
	"no step gave"},
    {"cancelled", SAID("1", "a") "," SAID("3", "c"), KEPT("1", SHA_A),
	"E3 is missing"},
    {"cancelled", SAID("3", "c") "," SAID("1", "a"), "", "no step gave"},
    {"completed", SAID("1", "a") "," SAID("3", "c"), "", "summary is"},
};

START_TEST(the_model_sees_what_must_not_be_in_a_state)
{
	auto_str text =
	    xasprintf("{\"status\":\"%s\",\"executor_feedback\":[%s],"
		      "\"evidence\":[%s]}",
		states[_i].status, states[_i].feedback, states[_i].evidence);
	cJSON *state = cJSON_Parse(text);
	auto_str wrong = model_check_state(&three, state, NULL);

	ck_assert_ptr_nonnull(state);
	if (states[_i].says[0] == '\0')
		ck_assert_msg(wrong == NULL, "%s", wrong);
	else
		assert_contains(wrong != NULL ? wrong : "", states[_i].says);
	cJSON_Delete(state);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {runs_follow_the_model_whatever_befalls_their_messages, 2},
	    {the_model_sees_what_must_not_be, ARRAY_LEN(stories)},
	    {the_model_sees_what_must_not_be_in_a_state, ARRAY_LEN(states)},
	};

	return RUN_TESTS("chaos", tests);
}
