/*
 * test_schema.c - values against schemas, and what is said when they do not
 * fit.
 */
#include "common/json/json.h"
#include "common/json/schema.h"
#include "tests/harness/texts.h"

static const char schema_text[] =
    "{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"query\"],\"properties\":{"
    "\"query\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,"
    "  \"description\":\"PromQL\"},"
    "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50},"
    "\"ratio\":{\"type\":\"number\"},"
    "\"at\":{\"type\":[\"string\",\"number\"]},"
    "\"state\":{\"enum\":[\"firing\",\"pending\",7]},"
    "\"deep\":{\"type\":\"boolean\"},"
    "\"none\":{\"type\":\"null\"},"
    "\"odd\":{\"type\":\"unheard-of\"},"
    "\"names\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,"
    "  \"items\":{\"type\":\"string\"}},"
    "\"labels\":{\"type\":\"object\","
    "  \"additionalProperties\":{\"type\":\"string\"}}}}";

static enum rc
check(const char *value_text, struct err *err)
{
	AUTO(json) schema = NULL;
	AUTO(json) value = NULL;

	ck_assert_msg(
	    json_parse(span_of(schema_text), NULL, &schema, err) == RC_OK, "%s",
	    err->text);
	ck_assert_msg(
	    json_parse(span_of(value_text), NULL, &value, err) == RC_OK, "%s",
	    err->text);
	return schema_check(schema, value, "args", err);
}

static const char *const good[] = {
    "{\"query\":\"up\"}",
    "{\"query\":\"up\",\"limit\":50,\"ratio\":0.5,\"deep\":true}",
    "{\"query\":\"up\",\"at\":\"now\"}",
    "{\"query\":\"up\",\"at\":1.5,\"none\":null,\"odd\":[]}",
    "{\"query\":\"up\",\"state\":\"firing\"}",
    "{\"query\":\"up\",\"state\":7}",
    "{\"query\":\"up\",\"names\":[\"a\",\"b\"],\"labels\":{\"x\":\"y\"}}",
};

START_TEST(accepts_what_fits)
{
	struct err err = {0};
	enum rc rc = check(good[_i], &err);

	ck_assert_msg(rc == RC_OK, "%s: %s", good[_i], err.text);
}
END_TEST

static const struct {
	const char *value, *says;
} bad[] = {
    {"[]", "args: expected an object, got an array"},
    {"{}", "args.query: missing; it is: PromQL"},
    {"{\"qurey\":\"up\"}", "args: unknown field \"qurey\"; known: \"query\", "
			   "\"limit\""},
    {"{\"query\":7}", "args.query: expected a string, got 7 (PromQL)"},
    {"{\"query\":null}", "args.query: expected a string, got null"},
    {"{\"query\":\"\"}", "args.query: expected a length in bytes of at least"},
    {"{\"query\":\"012345678901234567890\"}", "of at most 20"},
    {"{\"query\":\"up\",\"limit\":0}", "args.limit: expected at least 1"},
    {"{\"query\":\"up\",\"limit\":51}", "args.limit: expected at most 50"},
    {"{\"query\":\"up\",\"limit\":1.5}", "expected a whole number, got 1.5"},
    {"{\"query\":\"up\",\"ratio\":\"x\"}", "expected a number, got \"x\""},
    {"{\"query\":\"up\",\"deep\":1}", "expected true or false, got 1"},
    {"{\"query\":\"up\",\"at\":[]}",
	"args.at: expected a string or a number, got an array"},
    {"{\"query\":\"up\",\"state\":\"fireing\"}",
	"args.state: expected one of \"firing\", \"pending\", 7, got "
	"\"fireing\""},
    {"{\"query\":\"up\",\"names\":[]}", "entries of at least 1"},
    {"{\"query\":\"up\",\"names\":[\"a\",\"b\",\"c\"]}", "at most 2"},
    {"{\"query\":\"up\",\"names\":[\"a\",1]}", "args.names[1]: expected"},
    {"{\"query\":\"up\",\"labels\":{\"job\":1}}",
	"args.labels.job: expected a string, got 1"},
};

START_TEST(refuses_what_does_not_fit_and_says_why)
{
	struct err err = {0};

	ck_assert_int_eq(check(bad[_i].value, &err), RC_INVALID);
	assert_contains(err.text, bad[_i].says);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {accepts_what_fits, ARRAY_LEN(good)},
	    {refuses_what_does_not_fit_and_says_why, ARRAY_LEN(bad)},
	};

	return RUN_TESTS("schema", tests);
}
