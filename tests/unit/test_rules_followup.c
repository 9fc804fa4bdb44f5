/*
 * test_rules_followup.c - a question to an investigation that has ended: what
 * the rules planner looks at for it, and what it answers.
 */
#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/report.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/texts.h"

#define TOOLS                                                                  \
	"\"tools\":[{\"name\":\"query_prometheus_alerts\"},{\"name\":"         \
	"\"query_prometheus_rules\"},{\"name\":\"query_prometheus_targets\"}," \
	"{\"name\":\"query_prometheus_metrics\"},{\"name\":\"read_evidence\"," \
	"\"role\":\"evidence\"}]"
/* One alert, of checkout on node-1, and what it measures. */
#define FIRST                                                                  \
	"{\"tool\":\"query_prometheus_alerts\",\"status\":\"SUCCESS\","        \
	"\"args\":{},\"evidence\":[\"E1\"],\"data\":{\"alerts\":[{\"name\":"   \
	"\"HighLatency\",\"state\":\"firing\",\"labels\":{\"alertname\":"      \
	"\"HighLatency\",\"service\":\"checkout\",\"severity\":\"critical\"}}" \
	"]}},{\"tool\":\"query_prometheus_rules\",\"status\":\"SUCCESS\","     \
	"\"args\":{},\"evidence\":[\"E2\"],\"data\":{\"rules\":[]}},{"         \
	"\"tool\":\"query_prometheus_targets\",\"status\":\"SUCCESS\","        \
	"\"args\":{},\"evidence\":[\"E3\"],\"data\":{\"targets\":[]}},{"       \
	"\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","        \
	"\"query\":\"latency\",\"args\":{\"query\":\"latency\"},"              \
	"\"evidence\":[\"E4\"],\"data\":{\"series\":[{\"labels\":{\"pod\":"    \
	"\"payment-7\"},\"value\":0.75}]}}"
#define STATE(language, question, follows, more)                               \
	"{\"at\":1763895600000,\"window\":1800,\"iteration\":1,\"language\":"  \
	"\"" language "\",\"input\":\"" question "\"," follows TOOLS           \
	",\"executor_feedback\":[" FIRST more "],\"evidence\":[{\"id\":"       \
	"\"E1\"},{\"id\":\"E2\"},{\"id\":\"E3\"},{\"id\":\"E4\"},{\"id\":"     \
	"\"E7\"}]}"
#define FOLLOWS "\"follows\":{\"run\":\"r0\",\"input\":\"why?\"},"
#define READ(args, data)                                                       \
	",{\"tool\":\"read_evidence\",\"role\":\"evidence\",\"status\":"       \
	"\"SUCCESS\",\"args\":{" args "},\"evidence\":[\"E4\"],\"data\":{"     \
	"\"evidence\":\"E4\"," data "}}"
#define METRIC(query, status, series)                                          \
	",{\"tool\":\"query_prometheus_metrics\",\"status\":\"" status         \
	"\",\"args\":{\"query\":\"" query "\",\"window\":1800},\"summary\":"   \
	"\"broken\",\"evidence\":[\"E7\"],\"data\":{\"series\":[" series "]}}"

/* What the planner makes of a state, the caller's. */
static cJSON *
planned(const char *state)
{
	AUTO(json) tree = NULL;
	auto_buf wire = {.max = 1 << 20}, update = {.max = 16 << 20};
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(state), NULL, &tree, &err) == RC_OK,
	    "%s", err.text);
	wire_put_tree(&wire, tree);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, 0);
	return wire_to_tree(buf_span(&update));
}

static const struct {
	const char *state;
	const char *asks;  /* a step's args */
	const char *lacks; /* or NULL */
} asked[] = {
    {STATE("en", "what about PAYMENT-7?", FOLLOWS, ""),
	"{\"evidence\":\"E4\",\"text\":\"payment-7\"}", "E1"},
    {STATE("en", "show me E2 please", FOLLOWS, ""), "{\"evidence\":\"E2\"}",
	"please"},
    {STATE("zh", "看看 checkout 怎么样", FOLLOWS, ""),
	"{\"evidence\":\"E1\",\"text\":\"checkout\"}", NULL},
    {STATE("en", "and node_load1 then?", FOLLOWS, ""),
	"{\"query\":\"node_load1\",\"window\":1800}", NULL},
    {STATE("en", "what is `rate(x[5m])` like?", FOLLOWS, ""),
	"{\"query\":\"rate(x[5m])\",\"window\":1800}", NULL},
    /* Words that stand there are no names, nor is what is not asked after. */
    {STATE("en",
	 "is it critical, firing, and what about E77777777777777777777"
	 "7777?",
	 FOLLOWS, ""),
	"", "read_evidence"},
    {STATE("en", "what about payment-7 and node_load1?", "", ""), "",
	"read_evidence"},
};

START_TEST(what_the_question_names_is_looked_at)
{
	AUTO(tree) update = planned(asked[_i].state);
	auto_buf b = {.max = 1 << 20};

	json_print(&b, tree_at(update, "planner_plan"));
	assert_contains(buf_str(&b), asked[_i].asks);
	if (asked[_i].lacks != NULL)
		assert_lacks(buf_str(&b), asked[_i].lacks);
}
END_TEST

static const struct {
	const char *state;
	const char *first; /* the head says */
	const char *says;
} answers[] = {
    {STATE("en", "what about payment-7?", FOLLOWS,
	 READ("\"evidence\":\"E4\",\"text\":\"payment-7\"",
	     "\"hits\":1,\"part\":\"byte 9: payment-7 # 0.75\"")),
	"- **Answer**: `payment-7` stands in the answer of "
	"`query_prometheus_metrics` `latency` [E4]\n",
	"**What was asked**\n\n`payment-7` stands in the answer of "
	"`query_prometheus_metrics` `latency` [E4]\n\n```\nbyte 9: payment-7 "
	"# 0.75\n```\n"},
    {STATE("en", "and node_load1 then?", FOLLOWS,
	 METRIC("node_load1", "SUCCESS",
	     "{\"labels\":{\"instance\":\"a\"},\"first\":1,\"last\":4,"
	     "\"min\":1,\"max\":5}")),
	"- **Answer**: `node_load1`: `instance=a`: 1 → 4, at most 5 [E7]\n",
	""},
    {STATE(
	 "zh", "node_load1 呢？", FOLLOWS, METRIC("node_load1", "SUCCESS", "")),
	"- **回答**：`node_load1`：没有这样的时间序列 [E7]\n",
	"**所问的内容**"},
    {STATE("en", "and node_load1 then?", FOLLOWS,
	 METRIC("node_load1", "FAILED", "")),
	"- **Answer**: `node_load1` was not answered: `broken` [E7]\n", ""},
    {STATE("en", "is all well?", FOLLOWS, ""),
	"- **Answer**: The question names nothing that stands in the evidence",
	""},
};

START_TEST(what_came_of_it_is_the_answer)
{
	AUTO(tree) update = planned(answers[_i].state);
	AUTO(json) tree = cJSON_Parse(answers[_i].state);
	bool zh = tree_is(tree, "language", "zh");
	auto_buf b = {.max = 1 << 20};

	ck_assert_ptr_nonnull(tree_at(update, "conclusion"));
	report_render(&b, tree, tree_at(update, "conclusion"),
	    zh ? REPORT_ZH : REPORT_EN, NULL);
	assert_contains(buf_str(&b), answers[_i].first);
	assert_contains(buf_str(&b), answers[_i].says);
}
END_TEST

START_TEST(another_run_answers_no_question)
{
	AUTO(tree) update = planned(STATE("en", "and payment-7?", "", ""));

	ck_assert_ptr_null(tree_at(tree_at(update, "conclusion"), "answers"));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_the_question_names_is_looked_at, (int)ARRAY_LEN(asked)},
	    {what_came_of_it_is_the_answer, (int)ARRAY_LEN(answers)},
	    {another_run_answers_no_question, 0},
	};

	return RUN_TESTS("rules_followup", tests);
}
