/*
 * test_diff.c - as which text JSON is compared, and how a person is told.
 */
#include "common/json/json.h"
#include "gateway/cli/diff.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

static cJSON *
tree_of(const char *json)
{
	cJSON *t = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(json), NULL, &t, &err) == RC_OK,
	    "%s in %s", err.text, json);
	return t;
}

static enum rc
differ(const char *then, const char *now, struct buf *ret, struct err *err)
{
	AUTO(json) a = tree_of(then);
	AUTO(json) b = tree_of(now);
	enum rc rc = diff_trees(a, b, "  ", ret, err);

	/* In order, and whole: from both of its ends. */
	ck_assert(a->child == NULL || a->child->prev->next == NULL);
	return rc;
}

static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
    {"{}", "{}", true},
    {"{\"a\":1,\"b\":[1,{\"d\":2,\"c\":\"x\"}],\"c\":{}}",
	"{\"c\":{},\"b\":[1,{\"c\":\"x\",\"d\":2}],\"a\":1}", true},
    {"{\"a\":1}", "{\"a\":2}", false},
    {"{\"a\":1}", "{\"a\":1.0}", true},
    {"{\"a\":0.1}", "{\"a\":0.10000000000000002}", false},
    {"{\"a\":1}", "{}", false},
    {"{\"a\":null}", "{}", false},
    {"{\"a\":null}", "{\"a\":false}", false},
    {"{\"a\":[]}", "{\"a\":{}}", false},
    {"{\"l\":[1,2]}", "{\"l\":[2,1]}", false},
    {"1", "\"1\"", false},
    /* A line end is not the two bytes that stand for it in JSON. */
    {"\"a\\nb\"", "\"a\\\\nb\"", false},
    /* Nor can a string be made that looks like structure. */
    {"{\"a\":\"x\\\",\\n\\t\\\"b\\\": \\\"y\"}", "{\"a\":\"x\",\"b\":\"y\"}",
	false},
};

START_TEST(equal_trees_have_no_difference)
{
	auto_buf b = {.max = 4096};
	struct err err = {0};

	ck_assert_int_eq(differ(pairs[_i].a, pairs[_i].b, &b, &err), RC_OK);
	ck_assert_msg((b.len == 0) == pairs[_i].same, "%s", buf_str(&b));
}
END_TEST

static const struct {
	const char *then, *now, *told;
} texts[] = {
    {"{\"steps\":[{\"tool\":\"echo\",\"args\":{\"text\":\"3\"}}]}",
	"{\"steps\":[{\"args\":{\"text\":\"9\"},\"tool\":\"echo\"}]}",
	"  @@ -2,7 +2,7 @@\n     \"steps\": [\n       {\n         \"args\": {\n"
	"  -        \"text\": \"3\"\n  +        \"text\": \"9\"\n"
	"         },\n         \"tool\": \"echo\"\n       }\n"},
    {"{\"r\":\"a\\nb\\nc\\n\"}", "{\"r\":\"a\\nB\\nc\\n\"}",
	"  @@ -1,6 +1,6 @@\n   {\n     \"r\": \"a\n  -b\n  +B\n   c\n   "
	"\"\n   }\n"},
    {"{\"a\":0}", "{\"a\":0,\"r\":1}",
	"  @@ -1,3 +1,4 @@\n   {\n  -  \"a\": 0\n  +  \"a\": 0,\n"
	"  +  \"r\": 1\n   }\n"},
    /* The key of a hunk that is far from it. */
    {"{\"a\":[1,2,3,4,5,6]}", "{\"a\":[1,2,3,4,5,7]}",
	"  @@ -5,6 +5,6 @@ \"a\": [\n       3,\n       4,\n       5,\n"
	"  -    6\n  +    7\n     ]\n   }\n"},
    {"{}", "{}", ""},
};

START_TEST(a_person_is_told_line_by_line)
{
	auto_buf b = {.max = 4096};
	struct err err = {0};

	ck_assert_msg(differ(texts[_i].then, texts[_i].now, &b, &err) == RC_OK,
	    "%s", err.text);
	ck_assert_str_eq(buf_str(&b), texts[_i].told);
}
END_TEST

START_TEST(large_texts_are_told_whole)
{
	auto_buf out = {.max = 4 << 20}, little = {.max = 1 << 20};
	auto_buf a = {.max = 1 << 20}, b = {.max = 1 << 20};
	struct err err = {0};

	for (int i = 0; i < 25000; i++) {
		buf_addf(&a, "%sa%d", i == 0 ? "\"" : "\\n", i);
		buf_addf(&b, "%sb%d", i == 0 ? "\"" : "\\n", i);
	}
	buf_addc(&a, '"');
	buf_addc(&b, '"');
	ck_assert_int_eq(differ(buf_str(&a), buf_str(&b), &out, &err), RC_OK);
	assert_contains(buf_str(&out), "  -\"a0\n");
	assert_contains(buf_str(&out), "  -a24999\"\n");
	assert_contains(buf_str(&out), "  +\"b0\n");
	assert_contains(buf_str(&out), "  +b24999\"\n");
	/* And what is over the limit is no short answer. */
	little.max = out.len - 1;
	ck_assert_int_eq(
	    differ(buf_str(&a), buf_str(&b), &little, &err), RC_TOOBIG);
	buf_reset(&little);
	little.max = 1000;
	ck_assert_int_eq(
	    differ(buf_str(&a), buf_str(&b), &little, &err), RC_TOOBIG);
}
END_TEST

START_TEST(without_diff_it_says_so)
{
	auto_buf b = {.max = 4096};
	struct err err = {0};

	setenv("PATH", "/nonexistent", 1);
	ck_assert_int_eq(differ("1", "2", &b, &err), RC_IO);
	assert_contains(err.text, "diffutils");
	ck_assert_int_eq(differ("1", "1", &b, &err), RC_OK);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {equal_trees_have_no_difference, (int)ARRAY_LEN(pairs)},
	    {a_person_is_told_line_by_line, (int)ARRAY_LEN(texts)},
	    {large_texts_are_told_whole, 0},
	    {without_diff_it_says_so, 0},
	};

	return RUN_TESTS("diff", tests);
}
