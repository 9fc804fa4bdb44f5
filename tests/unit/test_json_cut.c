/*
 * test_json_cut.c - a document cut between elements is still JSON, has what
 * it had up to there, and says how much is missing.
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "common/json/json_cut.h"
#include "common/json/tree.h"
#include "tests/harness/dice.h"
#include "tests/harness/texts.h"

/* What is kept of a document of which the first n bytes may be. */
static uint64_t
cut(struct buf *b, const char *document, size_t n)
{
	struct json_cut *c = json_cut_new();
	size_t all = strlen(document), i;
	uint64_t left;

	buf_add(b, document, n);
	json_cut_feed(c, buf_span(b));
	json_cut_here(c);
	/* In pieces as they come. */
	for (i = n; i < all; i += 7)
		json_cut_feed(c, span_make(document + i, MIN(all - i, 7)));
	left = json_cut_finish(c, b, 0);
	json_cut_free(c);
	return left;
}

static const struct {
	const char *document;
	size_t n;
	const char *kept;
	uint64_t left;
} cuts[] = {
    {"{\"a\":[1,2,3,4,5,6,7,8]}", 20,
	"{\"a\":[1,2,3,4,5,6,7],\"culprit_left_out\":1}", 1},
    {"{\"a\":[1,2,3,4,5,6,7,8]}", 6, "{\"culprit_left_out\":8}", 8},
    {"{\"a\":[1,2,3,4,5,6,7,8]}", 8, "{\"a\":[1],\"culprit_left_out\":7}", 7},
    {"{\"d\":{\"r\":[{\"x\":[1,2]},{\"x\":[\"],\",\"\\\"}\"]},{}]}}", 42,
	"{\"d\":{\"r\":[{\"x\":[1,2]},{\"x\":[\"],\",\"\\\"}\"]}]},"
	"\"culprit_left_out\":1}",
	1},
    /* One large one: rather a part of it than nothing. */
    {"{\"d\":[{\"v\":[1,2,3,4,5,6,7,8,9]}]}", 26,
	"{\"d\":[{\"v\":[1,2,3,4,5,6,7]}],\"culprit_left_out\":2}", 2},
    {"[1,2,3,4,5,6,7,8,9]", 16, "[1,2,3,4,5,6,7]", 2},
    {"{\"a\":1}", 5, "{\"culprit_left_out\":0}", 0},
    {"{\"a\":[1,2],\"b\":{\"c\":{\"d\":1}}}", 24,
	"{\"a\":[1,2],\"culprit_left_out\":0}", 0},
    {"", 0, "{\"culprit_left_out\":0}", 0},
    {"{\"a\":[ ],\"b\":[1 , 2 ,3]}", 21,
	"{\"a\":[ ],\"b\":[1 , 2 ],\"culprit_left_out\":1}", 1},
};

START_TEST(a_document_is_cut_between_elements)
{
	auto_buf b = {.max = 4096};

	ck_assert_uint_eq(
	    cut(&b, cuts[_i].document, cuts[_i].n), cuts[_i].left);
	ck_assert_str_eq(buf_str(&b), cuts[_i].kept);
}
END_TEST

static void
put_value(struct buf *b, struct dice *d, int depth)
{
	static const char *const texts[] = {
	    "1", "-2.5e3", "\"a\\\"]},{[\"", "null", "\"\\\\\"", "{}", "[]"};
	int n = dice_int(d, 0, 5), i;
	bool object = dice_int(d, 0, 1) == 0;

	if (depth == 0 || dice_int(d, 0, 3) == 0) {
		buf_adds(b, texts[dice_int(d, 0, (int)ARRAY_LEN(texts) - 1)]);
		return;
	}
	buf_addc(b, object ? '{' : '[');
	for (i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? ", " : "");
		if (object)
			buf_addf(b, "\"k%d\":", i);
		put_value(b, d, depth - 1);
	}
	buf_addc(b, object ? '}' : ']');
}

START_TEST(whatever_is_cut_wherever_is_json)
{
	struct dice d = dice_of(1, (uint64_t)_i, 0);
	auto_buf document = {.max = 1 << 20};
	size_t n;

	buf_adds(&document, "{\"status\":\"success\",\"data\":[");
	put_value(&document, &d, 6);
	buf_adds(&document, "]}");
	for (n = 0; n < document.len; n++) {
		auto_buf b = {.max = 1 << 20};
		AUTO(tree) tree = NULL;

		cut(&b, buf_str(&document), n);
		ck_assert_uint_le(b.len, n + JSON_CUT_ROOM);
		tree = cJSON_ParseWithOpts(buf_str(&b), NULL, true);
		ck_assert_msg(tree != NULL, "%.999s\nat %zu of\n%.999s",
		    buf_str(&b), n, buf_str(&document));
		ck_assert(tree_num(tree, JSON_CUT_KEY, -1) >= 0);
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_document_is_cut_between_elements, (int)ARRAY_LEN(cuts)},
	    {whatever_is_cut_wherever_is_json, 200},
	};

	return run_tests("json_cut", tests, ARRAY_LEN(tests));
}
