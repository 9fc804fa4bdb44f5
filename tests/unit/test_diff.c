/*
 * test_diff.c - where two trees differ, and how a person is told.
 */
#include "common/json.h"
#include "gateway/cli/diff.h"
#include "tests/harness/texts.h"

#include <stdio.h>

static cJSON *
tree_of(const char *text)
{
	struct err err = {0};
	cJSON *t = NULL;

	ck_assert_msg(json_parse(span_of(text), NULL, &t, &err) == RC_OK,
	    "%s in %s", err.text, text);
	return t;
}

static const struct {
	const char *then, *now;
	int n;
	const char *changes;
} pairs[] = {
    {"{}", "{}", 0, "[]"},
    {"{\"a\":1,\"b\":[1,{\"c\":\"x\"}]}", "{\"b\":[1,{\"c\":\"x\"}],\"a\":1}",
	0, "[]"},
    {"{\"a\":1}", "{\"a\":2}", 1, "[{\"path\":\"a\",\"then\":1,\"now\":2}]"},
    {"{\"a\":1}", "{}", 1, "[{\"path\":\"a\",\"then\":1}]"},
    {"{}", "{\"a\":null}", 1, "[{\"path\":\"a\",\"now\":null}]"},
    {"{\"a\":null}", "{\"a\":false}", 1,
	"[{\"path\":\"a\",\"then\":null,\"now\":false}]"},
    {"{\"a\":{\"b\":[{\"c\":1}]}}", "{\"a\":{\"b\":[{\"c\":2}]}}", 1,
	"[{\"path\":\"a.b[0].c\",\"then\":1,\"now\":2}]"},
    /* One put in between, one taken away, at the ends as well. */
    {"{\"l\":[1,2,3]}", "{\"l\":[1,9,2,3]}", 1,
	"[{\"path\":\"l[1]\",\"now\":9}]"},
    {"{\"l\":[1,9,2,3]}", "{\"l\":[1,2,3]}", 1,
	"[{\"path\":\"l[1]\",\"then\":9}]"},
    {"{\"l\":[1,2]}", "{\"l\":[0,1,2]}", 1, "[{\"path\":\"l[0]\",\"now\":0}]"},
    {"{\"l\":[1,1]}", "{\"l\":[1]}", 1, "[{\"path\":\"l[1]\",\"then\":1}]"},
    {"{\"l\":[1,2,3]}", "{\"l\":[1,7,8,3]}", 2,
	"[{\"path\":\"l[1]\",\"then\":2,\"now\":7},"
	"{\"path\":\"l[2]\",\"now\":8}]"},
    {"{\"a\":[1]}", "{\"a\":{\"x\":1}}", 1,
	"[{\"path\":\"a\",\"then\":[1],\"now\":{\"x\":1}}]"},
    {"1", "\"1\"", 1, "[{\"path\":\"\",\"then\":1,\"now\":\"1\"}]"},
};

START_TEST(what_differs_is_named_by_its_path)
{
	AUTO(json) then = tree_of(pairs[_i].then);
	AUTO(json) now = tree_of(pairs[_i].now);
	AUTO(json) changes = cJSON_CreateArray();
	auto_buf b = {.max = 4096};

	ck_assert_int_eq(diff_trees(then, now, changes), pairs[_i].n);
	json_print(&b, changes);
	ck_assert_str_eq(buf_str(&b), pairs[_i].changes);
}
END_TEST

START_TEST(what_is_beyond_the_limit_is_counted)
{
	AUTO(json) then = cJSON_CreateObject();
	AUTO(json) now = cJSON_CreateObject();
	AUTO(json) changes = cJSON_CreateArray();

	for (int i = 0; i < DIFF_CHANGES_MAX + 7; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		cJSON_AddNumberToObject(then, key, i);
		cJSON_AddNumberToObject(now, key, -1);
	}
	ck_assert_int_eq(diff_trees(then, now, changes), DIFF_CHANGES_MAX + 7);
	ck_assert_int_eq(cJSON_GetArraySize(changes), DIFF_CHANGES_MAX);
}
END_TEST

static const struct {
	const char *then, *now, *told;
} texts[] = {
    {"{\"r\":\"a\\nb\\nc\\n\"}", "{\"r\":\"a\\nB\\nc\\n\"}",
	"  r\n  - b\n  + B\n"},
    {"{\"r\":\"a\\nb\\nc\\nd\"}", "{\"r\":\"x\\na\\nc\\nd\\ne\"}",
	"  r\n  + x\n  - b\n  + e\n"},
    {"{\"r\":\"a\\n\"}", "{}", "  r\n  - a\n"},
    {"{}", "{\"r\":\"a\\nb\"}", "  r\n  + a\n  + b\n"},
    {"{\"r\":\"one\"}", "{\"r\":\"two\"}", "  r\n  - one\n  + two\n"},
    {"{\"r\":[1,\"x\"]}", "{\"r\":{\"a\":1}}",
	"  r\n  - [1,\"x\"]\n  + {\"a\":1}\n"},
    {"{\"r\":\"a\\nb\"}", "{\"r\":7}", "  r\n  - a\nb\n  + 7\n"},
};

START_TEST(a_person_is_told_line_by_line)
{
	AUTO(json) then = tree_of(texts[_i].then);
	AUTO(json) now = tree_of(texts[_i].now);
	AUTO(json) changes = cJSON_CreateArray();
	auto_buf b = {.max = 4096};

	ck_assert_int_eq(diff_trees(then, now, changes), 1);
	diff_put(&b, changes, "  ");
	ck_assert_str_eq(buf_str(&b), texts[_i].told);
}
END_TEST

/* Too many lines for the table of common ones: told all the same. */
START_TEST(large_texts_are_told_whole)
{
	AUTO(json) then = cJSON_CreateObject();
	AUTO(json) now = cJSON_CreateObject();
	AUTO(json) changes = cJSON_CreateArray();
	auto_buf a = {.max = 1 << 20}, b = {.max = 1 << 20},
		 out = {.max = 4 << 20};

	for (int i = 0; i < 25000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	cJSON_AddStringToObject(then, "r", buf_str(&a));
	cJSON_AddStringToObject(now, "r", buf_str(&b));
	ck_assert_int_eq(diff_trees(then, now, changes), 1);
	diff_put(&out, changes, "");
	assert_contains(buf_str(&out), "- a0\n");
	assert_contains(buf_str(&out), "a24999");
	assert_contains(buf_str(&out), "+ b0\n");
	assert_contains(buf_str(&out), "b24999");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_differs_is_named_by_its_path, (int)ARRAY_LEN(pairs)},
	    {what_is_beyond_the_limit_is_counted, 0},
	    {a_person_is_told_line_by_line, (int)ARRAY_LEN(texts)},
	    {large_texts_are_told_whole, 0},
	};

	return RUN_TESTS("diff", tests);
}
