/* test_plan.c - plans: parsed strictly, written back, judged by the tools. */
#include <check.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/texts.h"

static struct buf bytes;

static enum rc
parse(const char *json, struct plan *p, struct err *err)
{
	enum rc rc;

	buf_done(&bytes);
	buf_init(&bytes, PLAN_BYTES_MAX + 4096);
	rc = plan_from_json(span_of(json), &bytes, err);
	return rc == RC_OK ? plan_parse(buf_span(&bytes), p, err) : rc;
}

static cJSON *
tools(void)
{
	static const char text[] =
	    "[{\"name\":\"echo\",\"what\":\"says\",\"args\":{\"type\":"
	    "\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
	    "\"required\":[\"text\"],\"additionalProperties\":false}},"
	    "{\"name\":\"now\",\"what\":\"time\",\"args\":{\"type\":"
	    "\"object\"}}]";
	cJSON *tree = NULL;
	struct err err;

	ck_assert_int_eq(json_parse(span_of(text), NULL, &tree, &err), RC_OK);
	return tree;
}

START_TEST(plan_with_one_tool_has_one_step)
{
	struct plan p;
	struct err err;

	ck_assert_int_eq(parse("{\"decision\":\"EXECUTE\",\"step\":\"why\","
			       "\"tool\":\"echo\",\"context\":\"c\","
			       "\"args\":{\"text\":\"a\"}}",
			     &p, &err),
	    RC_OK);
	ck_assert_int_eq(p.decision, PLAN_DECISION_EXECUTE);
	ck_assert_uint_eq(p.n_steps, 1);
	ck_assert(span_is(p.steps[0].tool, "echo"));
	ck_assert(span_is(p.steps[0].step, "why"));
	ck_assert(span_is(p.context, "c"));
	buf_done(&bytes);
}
END_TEST

START_TEST(plan_tool_that_is_listed_too_is_one_step)
{
	struct plan p;
	struct err err;

	ck_assert_int_eq(
	    parse("{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":"
		  "{\"text\":\"a\"},\"steps\":[{\"tool\":\"now\"},{\"tool\":"
		  "\"echo\",\"args\":{\"text\":\"a\"}}]}",
		&p, &err),
	    RC_OK);
	ck_assert_uint_eq(p.n_steps, 2);
	ck_assert(span_is(p.steps[0].tool, "now"));
	buf_done(&bytes);
}
END_TEST

START_TEST(plan_tool_that_is_not_listed_goes_first)
{
	struct plan p;
	struct err err;

	ck_assert_int_eq(
	    parse("{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":"
		  "{\"text\":\"b\"},\"steps\":[{\"tool\":\"now\"},{\"tool\":"
		  "\"echo\",\"args\":{\"text\":\"a\"}}]}",
		&p, &err),
	    RC_OK);
	ck_assert_uint_eq(p.n_steps, 3);
	ck_assert(span_is(p.steps[0].tool, "echo"));
	ck_assert(span_is(p.steps[1].tool, "now"));
	buf_done(&bytes);
}
END_TEST

START_TEST(plan_written_reads_back_the_same)
{
	static const char *const plans[] = {
	    "{\"decision\":\"EXECUTE\",\"step\":\"s\",\"tool\":\"echo\","
	    "\"args\":{\"text\":\"a\"}}",
	    "{\"decision\":\"EXECUTE\",\"step\":\"s\",\"steps\":[{\"step\":"
	    "\"x\",\"tool\":\"now\"},{\"tool\":\"echo\",\"args\":{\"text\":"
	    "\"a\"}}]}",
	    "{\"decision\":\"EXECUTE\",\"step\":\"s\",\"steps\":[{\"step\":"
	    "\"other\",\"tool\":\"now\"}]}",
	    "{\"decision\":\"PLAN\",\"step\":\"think\"}",
	    "{\"decision\":\"FINISH\"}",
	};
	auto_buf again = {.max = 4096};
	struct plan p, q;
	struct err err;
	unsigned i;

	ck_assert_int_eq(parse(plans[_i], &p, &err), RC_OK);
	plan_put(&again, &p);
	ck_assert_int_eq(wire_check(buf_span(&again), &err), RC_OK);
	ck_assert_int_eq(plan_parse(buf_span(&again), &q, &err), RC_OK);
	ck_assert_int_eq(p.decision, q.decision);
	ck_assert(span_equal(p.step, q.step));
	ck_assert_uint_eq(p.n_steps, q.n_steps);
	for (i = 0; i < p.n_steps; i++) {
		ck_assert(span_equal(p.steps[i].tool, q.steps[i].tool));
		ck_assert(span_equal(p.steps[i].args, q.steps[i].args));
		ck_assert(span_equal(p.steps[i].step, q.steps[i].step));
	}
	buf_done(&bytes);
}
END_TEST

static const struct {
	const char *json;
	enum rc rc;
	const char *names; /* what the message must tell */
} bad[] = {
    {"[]", RC_INVALID, "object"},
    {"{}", RC_INVALID, "decision"},
    {"{\"decision\":\"execute\"}", RC_INVALID, "decision"},
    {"{\"decision\":7}", RC_INVALID, "decision"},
    {"{\"decision\":\"PLAN\",\"step\":[]}", RC_INVALID, "step"},
    {"{\"decision\":\"PLAN\",\"tool\":{}}", RC_INVALID, "tool"},
    {"{\"decision\":\"PLAN\",\"args\":[]}", RC_INVALID, "args"},
    {"{\"decision\":\"PLAN\",\"steps\":{}}", RC_INVALID, "steps"},
    {"{\"decision\":\"PLAN\",\"steps\":[3]}", RC_INVALID, "steps[0]"},
    {"{\"decision\":\"PLAN\",\"steps\":[{\"tool\":\"a\"},{}]}", RC_INVALID,
	"steps[1].tool"},
    {"{\"decision\":\"PLAN\",\"steps\":[{\"tool\":\"a\",\"args\":\"x\"}]}",
	RC_INVALID, "steps[0].args"},
    {"{\"decision\":\"FINISH\",\"report\":{}}", RC_INVALID, "report"},
    {"{\"decision\":\"PLAN\"", RC_INVALID, "plan"},
    {"{\"decision\":\"PLAN\",\"decision\":\"PLAN\"}", RC_INVALID, "decision"},
    {"# a report", RC_INVALID, "plan"},
};

START_TEST(plan_that_is_wrong_is_refused_by_name)
{
	struct plan p;
	struct err err = {""};

	ck_assert_int_eq(parse(bad[_i].json, &p, &err), bad[_i].rc);
	ck_assert_msg(strstr(err.text, bad[_i].names) != NULL, "%s: %s",
	    bad[_i].json, err.text);
	buf_done(&bytes);
}
END_TEST

static char *
plan_with_steps(int n)
{
	auto_buf b = {.max = 1 << 20};
	int i;

	buf_adds(&b, "{\"decision\":\"EXECUTE\",\"steps\":[");
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s{\"tool\":\"now\",\"args\":{\"n\":%d}}",
		    i > 0 ? "," : "", i);
	buf_adds(&b, "]}");
	return buf_take(&b);
}

START_TEST(plan_of_sixteen_steps_is_the_largest)
{
	auto_str most = plan_with_steps(PLAN_STEPS_MAX);
	auto_str over = plan_with_steps(PLAN_STEPS_MAX + 1);
	struct plan p;
	struct err err;

	ck_assert_int_eq(parse(most, &p, &err), RC_OK);
	ck_assert_uint_eq(p.n_steps, PLAN_STEPS_MAX);
	ck_assert_int_eq(parse(over, &p, &err), RC_TOOBIG);
	buf_done(&bytes);
}
END_TEST

/* From msgpack, where no reader of JSON has counted before. */
START_TEST(plan_nested_over_its_limit_is_refused)
{
	auto_buf b = {.max = 4096};
	struct plan p;
	struct err err;
	int i;

	for (i = PLAN_DEPTH_MAX - 1; i <= PLAN_DEPTH_MAX; i++) {
		int lists = i - 1;

		buf_reset(&b);
		wire_put_map(&b, 2);
		wire_put_str(&b, "decision");
		wire_put_str(&b, "PLAN");
		wire_put_str(&b, "args");
		wire_put_map(&b, 1);
		wire_put_str(&b, "x");
		while (lists-- > 0)
			wire_put_array(&b, 1);
		wire_put_nil(&b);
		ck_assert_int_eq(plan_parse(buf_span(&b), &p, &err),
		    i < PLAN_DEPTH_MAX ? RC_OK : RC_TOOBIG);
	}
	ck_assert_ptr_nonnull(strstr(err.text, "nested over 16 levels"));
}
END_TEST

/* A member of a plan, or of its only step, that is a text. */
static const struct {
	const char *before, *behind;
	size_t most;
	const char *names;
} texts[] = {
    {"{\"decision\":\"PLAN\",\"context\":\"", "\"}", PLAN_TEXT_MAX, "context"},
    {"{\"decision\":\"PLAN\",\"step\":\"", "\"}", PLAN_TEXT_MAX, "step"},
    {"{\"decision\":\"PLAN\",\"steps\":[{\"tool\":\"t\",\"step\":\"", "\"}]}",
	PLAN_TEXT_MAX, "step"},
    {"{\"decision\":\"PLAN\",\"tool\":\"", "\"}", PLAN_TOOL_MAX, "tool"},
    {"{\"decision\":\"FINISH\",\"report\":\"", "\"}", PLAN_REPORT_MAX,
	"report"},
    /* One pair in a map, a key of one byte, and the length before them. */
    {"{\"decision\":\"PLAN\",\"tool\":\"t\",\"args\":{\"k\":\"", "\"}}",
	PLAN_ARGS_MAX - 6, "args"},
    {"{\"decision\":\"PLAN\",\"steps\":[{\"tool\":\"t\",\"args\":{\"k\":\"",
	"\"}}]}", PLAN_ARGS_MAX - 6, "args"},
    /* What is no member of a plan counts to the whole, 26 bytes of JSON. */
    {"{\"decision\":\"PLAN\",\"x\":\"", "\"}", PLAN_BYTES_MAX - 26, "plan:"},
};

START_TEST(plan_with_a_text_over_its_limit_is_refused)
{
	size_t n;

	for (n = texts[_i].most; n <= texts[_i].most + 1; n++) {
		auto_buf b = {.max = PLAN_BYTES_MAX + 4096};
		struct plan p;
		struct err err;
		size_t i;

		buf_adds(&b, texts[_i].before);
		for (i = 0; i < n; i++)
			buf_addc(&b, 'x');
		buf_adds(&b, texts[_i].behind);
		if (n == texts[_i].most) {
			ck_assert_msg(parse(buf_str(&b), &p, &err) == RC_OK,
			    "%s", err.text);
			continue;
		}
		ck_assert_int_eq(parse(buf_str(&b), &p, &err), RC_TOOBIG);
		assert_contains(err.text, texts[_i].names);
	}
	buf_done(&bytes);
}
END_TEST

START_TEST(plan_of_a_tool_beside_sixteen_steps_is_too_large)
{
	auto_str steps = plan_with_steps(PLAN_STEPS_MAX);
	auto_str another = xasprintf("{\"tool\":\"x\",%s", steps + 1);
	auto_str listed =
	    xasprintf("{\"tool\":\"now\",\"args\":{\"n\":15},%s", steps + 1);
	struct plan p;
	struct err err;

	ck_assert_int_eq(parse(another, &p, &err), RC_TOOBIG);
	assert_contains(err.text, "more than 16 steps");
	ck_assert_int_eq(parse(listed, &p, &err), RC_OK);
	ck_assert_uint_eq(p.n_steps, PLAN_STEPS_MAX);
	buf_done(&bytes);
}
END_TEST

static const struct {
	const char *json;
	enum rc rc;
	const char *names;
} judged[] = {
    {"{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":{\"text\":\"a\"}}",
	RC_OK, ""},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"now\"}", RC_OK, ""},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"now\",\"args\":{\"any\":1}}", RC_OK,
	""},
    {"{\"decision\":\"FINISH\",\"tool\":\"shell\"}", RC_OK, ""},
    {"{\"decision\":\"PLAN\"}", RC_OK, ""},
    {"{\"decision\":\"EXECUTE\"}", RC_INVALID, "EXECUTE"},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"shell\"}", RC_DENIED, "echo, now"},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"echo\"}", RC_INVALID, "text"},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":{\"text\":5}}",
	RC_INVALID, "text"},
    {"{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":{\"text\":\"a\","
     "\"url\":\"http://evil\"}}",
	RC_INVALID, "url"},
    {"{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"now\"},{\"tool\":"
     "\"Echo\",\"args\":{\"text\":\"a\"}}]}",
	RC_DENIED, "step 2"},
};

START_TEST(plan_is_held_against_the_tools_there_are)
{
	AUTO(tree) list = tools();
	struct plan p;
	struct err err = {""};

	ck_assert_int_eq(parse(judged[_i].json, &p, &err), RC_OK);
	ck_assert_int_eq(plan_check(&p, list, &err), judged[_i].rc);
	if (judged[_i].rc != RC_OK)
		ck_assert_msg(strstr(err.text, judged[_i].names) != NULL,
		    "%s: %s", judged[_i].json, err.text);
	buf_done(&bytes);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {plan_with_one_tool_has_one_step, 0},
	    {plan_tool_that_is_listed_too_is_one_step, 0},
	    {plan_tool_that_is_not_listed_goes_first, 0},
	    {plan_written_reads_back_the_same, 5},
	    {plan_that_is_wrong_is_refused_by_name, (int)ARRAY_LEN(bad)},
	    {plan_of_sixteen_steps_is_the_largest, 0},
	    {plan_nested_over_its_limit_is_refused, 0},
	    {plan_with_a_text_over_its_limit_is_refused, (int)ARRAY_LEN(texts)},
	    {plan_of_a_tool_beside_sixteen_steps_is_too_large, 0},
	    {plan_is_held_against_the_tools_there_are, (int)ARRAY_LEN(judged)},
	};

	return RUN_TESTS("plan", tests);
}
