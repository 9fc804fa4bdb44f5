/* test_llm_plan.c - a model's answer, read strictly; refusals by server. */
#include <check.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/json/schema.h"
#include "common/json/tree.h"
#include "planner/llm/llm_fault.h"
#include "planner/llm/llm_plan.h"
#include "tests/harness/texts.h"

#define TOOLS                                                                  \
	"[{\"name\":\"look\",\"args\":{\"type\":\"object\",\"properties\":{"   \
	"\"q\":{\"type\":\"string\"}},\"required\":[\"q\"],"                   \
	"\"additionalProperties\":false}},{\"name\":\"echo\",\"args\":{"       \
	"\"type\":\"object\"}}]"
#define FINISH "{\"decision\":\"FINISH\",\"summary\":\"s\"}"
#define LOOK                                                                   \
	"{\"decision\":\"EXECUTE\",\"step\":\"w\",\"tool\":\"look\","          \
	"\"args\":{\"q\":\"x\"},\"context\":\"c\"}"

static const struct {
	const char *name, *text;
	bool cut;
	const char *decision; /* NULL: refused */
	const char *error;    /* then in its words */
} cases[] = {
    {"bare", FINISH, false, "FINISH", NULL},
    {"bare step", LOOK, false, "EXECUTE", NULL},
    {"in a fence", "```json\n" FINISH "\n```", false, "FINISH", NULL},
    {"in a fence without a name", "```\n" LOOK "\n```\n", false, "EXECUTE",
	NULL},
    {"in prose", "Sure! Here it is: " FINISH " I hope {this} helps.", false,
	"FINISH", NULL},
    {"behind another object", "{\"thought\":1} " FINISH, false, "FINISH", NULL},
    {"with text behind it", FINISH "\nAnything else?", false, "FINISH", NULL},
    {"two plans: the first", LOOK FINISH, false, "EXECUTE", NULL},
    {"braces in a string", "{\"decision\":\"FINISH\",\"summary\":\"a } {\"}",
	false, "FINISH", NULL},
    {"an escaped quote", "{\"decision\":\"FINISH\",\"summary\":\"a \\\" }\"}",
	false, "FINISH", NULL},
    {"Markdown", "# Report\n\n## Conclusion\n\nIt is DNS.", false, "FINISH",
	NULL},
    {"Markdown in prose", "Here:\n\n## Root cause\nIt is DNS {sic}.", false,
	"FINISH", NULL},
    {"all fields of the other decision, empty",
	"{\"decision\":\"FINISH\",\"summary\":\"s\",\"steps\":[{\"tool\":"
	"\"nosuch\"}],\"tool\":\"\",\"args\":{}}",
	false, "FINISH", NULL},
    {"a plan without a step", "{\"decision\":\"PLAN\",\"step\":\"think\"}",
	false, "PLAN", NULL},
    {"no steps but a tool",
	"{\"decision\":\"EXECUTE\",\"steps\":[],\"tool\":\"echo\"}", false,
	"EXECUTE", NULL},
    {"evidence that is there",
	"{\"decision\":\"FINISH\",\"summary\":\"s\",\"findings\":[{\"role\":"
	"\"cause\",\"text\":\"t\",\"evidence\":[\"E1\"]}]}",
	false, "FINISH", NULL},

    {"nothing", "", false, NULL, "empty"},
    {"blanks", " \n ", false, NULL, "empty"},
    {"prose", "I think it is DNS.", false, NULL, "no JSON object"},
    {"cut off", "{\"decision\":\"FINISH\",\"summary\":\"a", true, NULL,
	"cut off"},
    {"broken off", "{\"decision\":\"FINISH\",\"summary\":\"a", false, NULL,
	"no end"},
    {"cut Markdown", "# Report\n\n## Con", true, NULL, "cut off"},
    {"a key twice",
	"{\"decision\":\"FINISH\",\"decision\":\"EXECUTE\","
	"\"summary\":\"s\"}",
	false, NULL, "decision"},
    {"a comma too many", "{\"decision\":\"FINISH\",\"summary\":\"s\",}", false,
	NULL, "not sound JSON"},
    {"quotes of Python", "{'decision':'FINISH'}", false, NULL, "no JSON"},
    {"a comment", "{\"decision\":\"FINISH\", // done\n\"summary\":\"s\"}",
	false, NULL, "not sound JSON"},
    {"bytes that are no UTF-8",
	"{\"decision\":\"FINISH\",\"summary\":\"\xFF"
	"\"}",
	false, NULL, "UTF-8"},
    {"a wrong decision", "{\"decision\":\"DONE\",\"summary\":\"s\"}", false,
	NULL, "decision"},
    {"a decision in small letters",
	"{\"decision\":\"finish\",\"summary\":"
	"\"s\"}",
	false, NULL, "decision"},
    {"a decision that is no text", "{\"decision\":1}", false, NULL, "decision"},
    {"an array", "[" FINISH "]", false, "FINISH", NULL},
    {"no summary", "{\"decision\":\"FINISH\"}", false, NULL, "summary"},
    {"no tool", "{\"decision\":\"EXECUTE\",\"step\":\"s\"}", false, NULL,
	"without a tool"},
    {"an unknown tool",
	"{\"decision\":\"EXECUTE\",\"tool\":\"shell\","
	"\"args\":{\"cmd\":\"rm -rf /\"}}",
	false, NULL, "not a tool"},
    {"wrong arguments",
	"{\"decision\":\"EXECUTE\",\"tool\":\"look\","
	"\"args\":{\"url\":\"http://169.254.169.254\"}}",
	false, NULL, "url"},
    {"missing arguments", "{\"decision\":\"EXECUTE\",\"tool\":\"look\"}", false,
	NULL, "missing"},
    {"arguments as text",
	"{\"decision\":\"EXECUTE\",\"tool\":\"look\","
	"\"args\":\"{}\"}",
	false, NULL, "args"},
    {"too many steps",
	"{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"echo\"},{\"tool\":"
	"\"echo\"},{\"tool\":\"echo\"},{\"tool\":\"echo\"},{\"tool\":\"echo\"}"
	"]}",
	false, NULL, "steps"},
    {"a wrong role",
	"{\"decision\":\"FINISH\",\"summary\":\"s\",\"findings\":"
	"[{\"role\":\"culprit\",\"text\":\"t\"}]}",
	false, NULL, "role"},
    {"a wrong confidence",
	"{\"decision\":\"FINISH\",\"summary\":\"s\","
	"\"confidence\":\"100%\"}",
	false, NULL, "confidence"},
    {"evidence that is not there",
	"{\"decision\":\"FINISH\",\"summary\":\"s\",\"findings\":[{\"role\":"
	"\"cause\",\"text\":\"t\",\"evidence\":[\"E9\"]}]}",
	false, NULL, "E9"},
    {"a cause without evidence",
	"{\"decision\":\"FINISH\",\"summary\":\"s\",\"findings\":[{\"role\":"
	"\"cause\",\"text\":\"t\"}]}",
	false, NULL, "cites no evidence"},
    {"very deep",
	"{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":{\"a\":"
	"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}}",
	false, NULL, ""},
};

START_TEST(an_answer_is_taken_as_it_is_or_refused_with_the_reason)
{
	AUTO(tree) tools = NULL;
	AUTO(tree) evidence = NULL;
	AUTO(tree) plan = NULL;
	struct llm_plan_rules rules;
	struct err err = {""};
	enum rc rc;

	ck_assert_int_eq(json_parse(span_of(TOOLS), NULL, &tools, &err), RC_OK);
	ck_assert_int_eq(
	    json_parse(span_of("[{\"id\":\"E1\"}]"), NULL, &evidence, &err),
	    RC_OK);
	rules = (struct llm_plan_rules){tools, evidence};
	rc = llm_plan_read(
	    span_of(cases[_i].text), cases[_i].cut, &rules, &plan, &err);
	ck_assert_msg((rc == RC_OK) == (cases[_i].decision != NULL), "%s: %s",
	    cases[_i].name, rc == RC_OK ? "taken" : err.text);
	if (rc == RC_OK)
		ck_assert_str_eq(
		    tree_str(plan, "decision"), cases[_i].decision);
	else
		assert_contains(err.text, cases[_i].error);
}
END_TEST

START_TEST(the_schema_for_a_server_lets_only_tools_and_their_arguments_pass)
{
	AUTO(tree) tools = NULL;
	AUTO(tree) schema = NULL;
	auto_buf text = {.max = 100000};
	struct err err;

	ck_assert_int_eq(json_parse(span_of(TOOLS), NULL, &tools, &err), RC_OK);
	schema = llm_plan_schema(tools, true);
	json_print(&text, schema);
	assert_contains(buf_str(&text), "\"anyOf\"");
	assert_contains(buf_str(&text), "\"enum\":[\"look\"]");
	assert_contains(buf_str(&text), "\"enum\":[\"echo\"]");
	assert_contains(buf_str(&text), "\"q\"");
	assert_lacks(buf_str(&text), "\"PLAN\"");
	cJSON_Delete(schema);
	schema = llm_plan_schema(NULL, true);
	ck_assert_ptr_nonnull(schema);
}
END_TEST

/* ---- refusals ---- */

#define OF_DASHSCOPE(message, code)                                            \
	"{\"error\":{\"message\":\"<400> InternalError.Algo."                  \
	"InvalidParameter: " message "\",\"type\":\"invalid_request_error\","  \
				     "\"param\":null,\"code\":\"" code         \
	"\"},\"id\":\"c\",\"request_id\":\"r\"}"

static const struct {
	int status;
	const char *body;
	enum llm_fault_kind kind;
	enum llm_feature feature;
} faults[] = {
    {400,
	OF_DASHSCOPE("parameter.enable_thinking must be set to false for "
		     "non-streaming calls",
	    "invalid_parameter_error"),
	LLM_FAULT_FEATURE, LLM_FEATURE_THINKING},
    {400,
	OF_DASHSCOPE("'messages' must contain the word 'json' in some form, "
		     "to use 'response_format' of type 'json_object'.",
	    "invalid_parameter_error"),
	LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {400,
	OF_DASHSCOPE("Json mode response is not supported when "
		     "enable_thinking is true",
	    "invalid_parameter_error"),
	LLM_FAULT_FEATURE, LLM_FEATURE_THINKING},
    {400,
	OF_DASHSCOPE("Range of input length should be [1, 129024]",
	    "invalid_parameter_error"),
	LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {400, OF_DASHSCOPE("Access denied, Arrearage", "Arrearage"),
	LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {401,
	"{\"error\":{\"message\":\"Incorrect API key provided.\",\"code\":"
	"\"invalid_api_key\"}}",
	LLM_FAULT_KEY, LLM_FEATURE_NONE},
    {403, "{\"error\":{\"message\":\"x\",\"code\":\"AccessDenied\"}}",
	LLM_FAULT_KEY, LLM_FEATURE_NONE},
    {404,
	"{\"error\":{\"message\":\"The model `x` does not exist\",\"code\":"
	"\"model_not_found\"}}",
	LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {404, "<html>nginx</html>", LLM_FAULT_PATH, LLM_FEATURE_NONE},
    {404, "{\"detail\":\"Not Found\"}", LLM_FAULT_PATH, LLM_FEATURE_NONE},
    {404,
	"{\"error\":{\"message\":\"model \\\"x\\\" not found, try pulling it "
	"first\",\"type\":\"api_error\"}}",
	LLM_FAULT_PATH, LLM_FEATURE_NONE},
    {400,
	"{\"error\":{\"message\":\"Invalid model name passed in model=x. Call "
	"`/v1/models` to view available models\",\"code\":\"400\"}}",
	LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {400, "{\"error\":{\"message\":\"x is not a valid model ID\"}}",
	LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {400, "{\"error\":{\"message\":\"Model Not Exist\"}}", LLM_FAULT_MODEL,
	LLM_FEATURE_NONE},
    {429, "{\"error\":{\"message\":\"x\",\"code\":\"Throttling.RateQuota\"}}",
	LLM_FAULT_BUSY, LLM_FEATURE_NONE},
    {429, "{\"error\":{\"message\":\"x\",\"code\":\"insufficient_quota\"}}",
	LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {400,
	"{\"error\":{\"code\":400,\"message\":\"the request exceeds\",\"type\":"
	"\"exceed_context_size_error\",\"n_ctx\":4096}}",
	LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {400,
	"{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not "
	"supported with this model. Use 'max_completion_tokens' instead.\"}}",
	LLM_FAULT_FEATURE, LLM_FEATURE_TOKENS},
    {400,
	"{\"error\":{\"message\":\"Unsupported value: 'temperature' does not "
	"support 0 with this model.\"}}",
	LLM_FAULT_FEATURE, LLM_FEATURE_TEMPERATURE},
    {400, "{\"error\":\"System role not supported\"}", LLM_FAULT_FEATURE,
	LLM_FEATURE_SYSTEM},
    {400,
	"{\"error\":{\"message\":\"Unsupported value: 'messages[0].role' does "
	"not support 'system' with this model.\"}}",
	LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {400,
	"{\"error\":{\"message\":\"Developer instruction is not enabled for "
	"models/gemma-3-27b-it\"}}",
	LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {500,
	"{\"error\":{\"message\":\"Only user and assistant roles are "
	"supported!\"}}",
	LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {400, "{\"detail\":\"response_format is not supported\"}",
	LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {422, "{\"detail\":[{\"loc\":[\"body\",\"stream_options\"]}]}",
	LLM_FAULT_FEATURE, LLM_FEATURE_USAGE},
    {400, "", LLM_FAULT_BAD, LLM_FEATURE_NONE},
    {413, "", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {500, "{\"error\":{\"message\":\"boom\"}}", LLM_FAULT_SERVER,
	LLM_FEATURE_NONE},
    {503, "overloaded, temperature high", LLM_FAULT_SERVER, LLM_FEATURE_NONE},
    {302, "", LLM_FAULT_BAD, LLM_FEATURE_NONE},
    {200, "{\"error\":{\"message\":\"boom\"}}", LLM_FAULT_SERVER,
	LLM_FEATURE_NONE},
};

START_TEST(a_refusal_is_known_by_its_words_and_its_status)
{
	struct llm_fault f;

	llm_fault_read(
	    &f, "http://x", faults[_i].status, span_of(faults[_i].body));
	ck_assert_int_eq(f.kind, faults[_i].kind);
	ck_assert_int_eq(f.feature, faults[_i].feature);
	assert_contains(f.text.text, "http://x answered");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_answer_is_taken_as_it_is_or_refused_with_the_reason,
		(int)ARRAY_LEN(cases)},
	    {the_schema_for_a_server_lets_only_tools_and_their_arguments_pass,
		0},
	    {a_refusal_is_known_by_its_words_and_its_status,
		(int)ARRAY_LEN(faults)},
	};

	return RUN_TESTS("llm_plan", tests);
}
