/*
 * test_json.c - small documents: limits, typed fields and their messages,
 * printing.
 */
#include "common/json/json.h"
#include "tests/harness/texts.h"

#include <math.h>

static cJSON *
parse(const char *text)
{
	cJSON *tree = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(text), NULL, &tree, &err) == RC_OK,
	    "%s: %s", text, err.text);
	return tree;
}

static const char *const round_trips[] = {"{}", "[]", "null", "true", "\"\"",
    "-0.1", "1e+22", "9.007199254740993e+18", "0.30000000000000004",
    "[1,[2,{\"a\":[]}],\"x\\ny\\u007f\\\"\"]",
    "{\"input\":\"\xE5\x91\x8A\",\"at\":1.5,\"x\":{\"y\":null}}"};

START_TEST(what_is_parsed_prints_as_it_was)
{
	AUTO(json) tree = parse(round_trips[_i]);
	auto_buf b = {.max = 1000};

	json_print(&b, tree);
	ck_assert_str_eq(buf_str(&b), round_trips[_i]);
}
END_TEST

START_TEST(pretty_printing_puts_members_on_lines)
{
	AUTO(json) tree = parse("{\"a\":[1,{}],\"b\":\"x\"}");
	auto_buf b = {.max = 1000};

	json_print_pretty(&b, tree);
	ck_assert_str_eq(buf_str(&b),
	    "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x\"\n}");
}
END_TEST

static const struct {
	const char *text, *says;
	enum rc rc;
} bad[] = {
    {"{\"a\":1,\"b\":2,\"a\":3}", "the key \"a\" stands twice", RC_INVALID},
    {"[{\"x\":{\"k\":1,\"k\":1}}]", "the key \"k\" stands twice", RC_INVALID},
    {"{\"a\":1,\"\\u0061\":3}", "the key \"a\" stands twice", RC_INVALID},
    {"[[[[[1]]]]]", "nested deeper than 4", RC_TOOBIG},
    {"[1,2,3,4,5,6,7,8,9,10]", "more than 10 values", RC_TOOBIG},
    {"\"0123456789012345678901234567890123456789\"", "longer than 40",
	RC_TOOBIG},
    {"{\"a\":1", "byte 6: ends where", RC_INVALID},
};

START_TEST(refuses_what_is_wrong_or_too_big)
{
	static const struct json_limits small = {
	    .bytes_max = 40, .depth_max = 4, .values_max = 10};
	cJSON *tree = NULL;
	struct err err = {0};

	ck_assert_int_eq(
	    json_parse(span_of(bad[_i].text), &small, &tree, &err), bad[_i].rc);
	ck_assert_ptr_null(tree);
	assert_contains(err.text, bad[_i].says);
}
END_TEST

START_TEST(typed_fields_are_read)
{
	AUTO(json)
	tree = parse("{\"s\":\"x\",\"i\":7,\"d\":1.5,\"b\":true,"
		     "\"o\":{\"k\":\"v\"},\"a\":[1],\"n\":null,"
		     "\"w\":\"30m\",\"t\":\"-1h\",\"u\":90}");
	struct err err = {0};
	struct json_in in = json_in(tree, "body", &err);

	ck_assert_str_eq(json_in_str(&in, "s", NULL), "x");
	ck_assert_str_eq(json_in_str_opt(&in, "n", NULL, "none"), "none");
	ck_assert_int_eq(json_in_int(&in, "i", 0, 9), 7);
	ck_assert_int_eq(json_in_int_opt(&in, "zz", 0, 9, 5), 5);
	ck_assert(json_in_double_opt(&in, "d", 0) == 1.5);
	ck_assert(json_in_bool_opt(&in, "b", false));
	ck_assert_ptr_nonnull(json_in_labels_opt(&in, "o"));
	ck_assert_ptr_nonnull(json_in_array_opt(&in, "a"));
	ck_assert_ptr_null(json_in_object_opt(&in, "n"));
	ck_assert_int_eq(
	    json_in_duration_opt(&in, "w", 0, 3600000, 1), 1800000);
	ck_assert_int_eq(json_in_duration_opt(&in, "u", 0, 3600000, 1), 90000);
	ck_assert_int_eq(json_in_moment_opt(&in, "t", 7200000, 1), 3600000);
	ck_assert_int_eq(json_in_moment_opt(&in, "u", 7200000, 1), 90000);
	ck_assert_msg(json_in_end(&in) == RC_OK, "%s", err.text);
}
END_TEST

static void
read_str(struct json_in *in)
{
	json_in_str(in, "window", "30m");
}

static void
read_int(struct json_in *in)
{
	json_in_int_opt(in, "limit", 1, 500, 10);
}

static void
read_rest(struct json_in *in)
{
	json_in_bool_opt(in, "flag", false);
	json_in_double_opt(in, "x", 0);
	json_in_object_opt(in, "o");
	json_in_array_opt(in, "a");
	json_in_labels_opt(in, "labels");
}

static void
read_when(struct json_in *in)
{
	json_in_moment_opt(in, "at", 0, 0);
	json_in_duration_opt(in, "window", 60000, 3600000, 0);
}

static void
read_known(struct json_in *in)
{
	static const char *const names[] = {"input", "at", NULL};

	json_in_known(in, names);
}

static const struct {
	const char *text;
	void (*read)(struct json_in *in);
	const char *says;
} wrong[] = {
    {"[]", read_str, "body: expected an object, got an array"},
    {"{\"window\":30}", read_str,
	"body.window: expected a string such as \"30m\", got a number"},
    {"{}", read_str,
	"body.window: expected a string such as \"30m\", got nothing"},
    {"{\"limit\":0}", read_int,
	"body.limit: expected a whole number from 1 to 500, got 0"},
    {"{\"limit\":1.5}", read_int, "from 1 to 500, got 1.5"},
    {"{\"limit\":\"7\"}", read_int, "from 1 to 500, got a string"},
    {"{\"flag\":1}", read_rest,
	"body.flag: expected true or false, got a number"},
    {"{\"x\":[]}", read_rest, "body.x: expected a number, got an array"},
    {"{\"o\":\"\"}", read_rest, "body.o: expected an object, got a string"},
    {"{\"a\":{}}", read_rest, "body.a: expected an array, got an object"},
    {"{\"labels\":{\"job\":1}}", read_rest, "\"job\" is a number"},
    {"{\"at\":\"yesterday\"}", read_when, "body.at: \"yesterday\" is not a"},
    {"{\"at\":1763891820000}", read_when, "looks like milliseconds"},
    {"{\"at\":true}", read_when, "body.at: expected a moment such as"},
    {"{\"window\":\"soon\"}", read_when, "\"soon\" is not a duration"},
    {"{\"window\":\"2h\"}", read_when, "from 1m to 1h, got 2h"},
    {"{\"window\":[]}", read_when, "expected a duration such as \"30m\""},
    {"{\"inptu\":1}", read_known,
	"body: unknown field \"inptu\"; known: \"input\", \"at\""},
};

START_TEST(a_wrong_field_is_named_with_what_was_expected)
{
	AUTO(json) tree = parse(wrong[_i].text);
	struct err err = {0};
	struct json_in in = json_in(tree, "body", &err);

	wrong[_i].read(&in);
	ck_assert_int_eq(json_in_end(&in), RC_INVALID);
	assert_contains(err.text, wrong[_i].says);
}
END_TEST

START_TEST(the_first_failure_is_kept)
{
	AUTO(json) tree = parse("{\"a\":1,\"b\":1}");
	struct err err = {0};
	struct json_in in = json_in(tree, "args", &err);

	json_in_str(&in, "a", NULL);
	json_in_str(&in, "b", NULL);
	ck_assert_int_eq(json_in_int(&in, "b", 0, 9), 0);
	ck_assert_int_eq(json_in_end(&in), RC_INVALID);
	assert_contains(err.text, "args.a");
}
END_TEST

static const struct {
	const char *in;
	size_t n;
	const char *out;
} texts[] = {
    {"plain", 5, "plain"},
    {"a\0b", 3,
	"a\xEF\xBF\xBD"
	"b"},
    {"\xFFz", 2, "\xEF\xBF\xBDz"},
    {"\xE5\x91z", 3, "\xEF\xBF\xBDz"},
    {"\xE5\x91", 2, "\xEF\xBF\xBD"},
    {"\xE5\xE5\x91\x8A", 4, "\xEF\xBF\xBD\xE5\x91\x8A"},
};

START_TEST(text_that_is_added_is_made_utf8)
{
	AUTO(json) tree = cJSON_CreateObject();

	json_add_span(tree, "s", span_make(texts[_i].in, texts[_i].n));
	ck_assert_str_eq(json_str(tree, "s"), texts[_i].out);
}
END_TEST

START_TEST(doubles_that_json_lacks_become_strings)
{
	AUTO(json) tree = cJSON_CreateObject();
	auto_buf b = {.max = 200};

	json_add_double(tree, "nan", NAN);
	json_add_double(tree, "inf", -INFINITY);
	json_add_double(tree, "x", 0.5);
	json_add_moment(tree, "t", 1500);
	json_print(&b, tree);
	ck_assert_str_eq(buf_str(&b), "{\"nan\":\"NaN\",\"inf\":\"-Inf\","
				      "\"x\":0.5,"
				      "\"t\":\"1970-01-01T00:00:01.500Z\"}");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_parsed_prints_as_it_was, ARRAY_LEN(round_trips)},
	    {pretty_printing_puts_members_on_lines, 0},
	    {refuses_what_is_wrong_or_too_big, ARRAY_LEN(bad)},
	    {typed_fields_are_read, 0},
	    {a_wrong_field_is_named_with_what_was_expected, ARRAY_LEN(wrong)},
	    {the_first_failure_is_kept, 0},
	    {text_that_is_added_is_made_utf8, ARRAY_LEN(texts)},
	    {doubles_that_json_lacks_become_strings, 0},
	};

	return RUN_TESTS("json", tests);
}
