/* test_excerpt.c - parts of kept evidence: which, and where they end. */
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "supervisor/run/excerpt.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdlib.h>

#define DOC                                                                    \
	"{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{\"a.b\":"  \
	"\"x\"},\"value\":[1,\"0.25\"]},{\"metric\":{\"job\":\"api\"}}],"      \
	"\"none\":null,\"deep\":{\"result\":[7]}}}"

static const struct {
	const char *whole, *args;
	/* What it is told to be, and has; NULL says: it is refused. */
	const char *what, *has;
} cases[] = {
    {"one\ntwo\nthree\n", "{}", "the first 14 of 14 bytes",
	"one\ntwo\nthree\n"},
    {"one\ntwo\nthree\n", "{\"lines\":\"2-2\"}", "lines 2 to 2 of 3", "two\n"},
    {"one\ntwo\nthree", "{\"lines\":\"2-\"}", "lines 2 to 3 of 3",
	"two\nthree"},
    {"one\ntwo\n", "{\"lines\":\"2\"}", "lines 2 to 2 of 2", "two\n"},
    {"one\ntwo\n", "{\"lines\":\"2-900\"}", "lines 2 to 2 of 2", "two\n"},
    {"one\ntwo\n", "{\"lines\":\"3-4\"}", NULL, "no line 3: it has 2"},
    {"one\ntwo\n", "{\"lines\":\"0-4\"}", NULL, "no line 0: it has 2"},
    {"one\ntwo\n", "{\"lines\":\"4-1\"}", NULL, "FROM-TO"},
    {"one\ntwo\n", "{\"lines\":\"-1\"}", NULL, "FROM-TO"},
    {"one\ntwo\n", "{\"lines\":\"1-2x\"}", NULL, "FROM-TO"},
    {"a 12345 b", "{\"bytes\":\"0-4\"}", "bytes 0 to 1 of 9", "a "},
    {"a 12345 b", "{\"bytes\":\"4-8\"}", "bytes 7 to 8 of 9", " b"},
    {"a\xe4\xb8\xad b", "{\"bytes\":\"0-2\"}", "bytes 0 to 0 of 6", "a"},
    {"abc", "{\"bytes\":\"3-9\"}", NULL, "no byte 3: it has 3"},
    {"abc", "{\"bytes\":\"1-99999999999999999999\"}", "bytes 1 to 2 of 3",
	"bc"},
    {"one\ntwo TWO\nthree\n", "{\"text\":\"Two\"}", "\"Two\" is in it 2 times",
	"line 2: two TWO\n"},
    {"one\n", "{\"text\":\"four\"}", "\"four\" is in it 0 times", ""},
    {DOC, "{\"path\":\"data.result[1].metric\"}", "what stands at",
	"{\"job\":\"api\"}"},
    {DOC, "{\"path\":\"$.data.result[0].value\"}", "what stands at",
	"[1,\"0.25\"]"},
    {DOC, "{\"path\":\"data.result[0].metric[\\\"a.b\\\"]\"}", "what stands at",
	"\"x\""},
    {DOC, "{\"path\":\"data.deep.result[0]\"}", "what stands at", "7"},
    {DOC, "{\"path\":\"data.none\"}", "what stands at", "null"},
    {DOC, "{\"path\":\"status\"}", "what stands at", "\"success\""},
    {DOC, "{\"path\":\"data.rows\"}", NULL,
	"step 2 is not there, but result, none, deep"},
    {DOC, "{\"path\":\"data.result[2]\"}", NULL, "there are 2 elements"},
    {DOC, "{\"path\":\"data.result.metric\"}", NULL, "there are 2 elements"},
    {DOC, "{\"path\":\"data[\"}", NULL, "is no path"},
    {DOC, "{\"path\":\"data..result\"}", NULL, "is no path"},
    {"no json", "{\"path\":\"data\"}", NULL, "it is no JSON"},
    {"[1,2", "{\"path\":\"[7]\"}", NULL, "it is no JSON"},
    {"[1,2", "{\"path\":\"[1]\"}", "what stands at", "2"},
    {"abc", "{\"text\":\"a\",\"lines\":\"1\"}", NULL, "give one of"},
    {"", "{}", "the first 0 of 0 bytes", ""},
    {"", "{\"lines\":\"1\"}", NULL, "no line 1: it has 0"},
    {"", "{\"text\":\"x\"}", "is in it 0 times", ""},
};

START_TEST(a_part_is_what_was_asked_for_or_says_what_there_is)
{
	AUTO(json) args = cJSON_Parse(cases[_i].args);
	struct excerpt e;
	struct err err = {""};
	enum rc rc = excerpt_make(span_of(cases[_i].whole), args, &e, &err);

	ck_assert_msg((rc == RC_OK) == (cases[_i].what != NULL), "%s: %s",
	    cases[_i].args, err.text);
	if (rc == RC_OK) {
		assert_contains(e.what, cases[_i].what);
		ck_assert_str_eq(buf_str(&e.part) + strlen(buf_str(&e.part)) -
				     strlen(cases[_i].has),
		    cases[_i].has);
		ck_assert(!e.more);
	} else {
		ck_assert_int_eq(rc, RC_INVALID);
		assert_contains(err.text, cases[_i].has);
	}
	excerpt_done(&e);
}
END_TEST

/* Figures and characters of more than a byte, all on one line. */
static void
put_long(struct buf *b)
{
	int i;

	buf_adds(b, "{\"data\":[");
	for (i = 0; i < 4000; i++)
		buf_addf(b, "%s12345.678,\"\xe4\xb8\xad\"", i > 0 ? "," : "");
	buf_adds(b, "]}");
}

/* Whether each number of a part is one of the document's; those before a
 * colon are the places of a text. */
static void
assert_whole_numbers(const char *part)
{
	while (*part != '\0') {
		size_t n = strspn(part, "0123456789.");

		ck_assert_msg(
		    n == 0 || part[n] == ':' ||
			(n == 9 && strncmp(part, "12345.678", n) == 0),
		    "%.30s", part);
		part += n > 0 ? n : 1;
	}
}

START_TEST(no_part_cuts_a_number_or_a_character_in_two)
{
	auto_buf whole = {.max = 1 << 20};
	int i;

	put_long(&whole);
	for (i = 0; i < 300; i++) {
		auto_str text =
		    i % 3 == 0   ? xasprintf("{\"bytes\":\"%d-%d\"}", i, 9 * i)
		    : i % 3 == 1 ? xasprintf("{\"path\":\"data[%d]\"}", i)
				 : xasprintf("{\"text\":\"%.*s\"}", 1 + i % 9,
				       "12345.678");
		AUTO(json) args = cJSON_Parse(text);
		struct excerpt e;
		struct err err = {""};

		ck_assert_msg(
		    excerpt_make(buf_span(&whole), args, &e, &err) == RC_OK,
		    "%s: %s", text, err.text);
		ck_assert(utf8_ok(buf_span(&e.part)));
		ck_assert_int_le(e.part.len, EXCERPT_BYTES_MAX);
		assert_whole_numbers(buf_str(&e.part));
		excerpt_done(&e);
	}
}
END_TEST

START_TEST(a_value_that_is_too_long_ends_between_two_others)
{
	auto_buf whole = {.max = 1 << 20};
	AUTO(json) args = cJSON_Parse("{\"path\":\"data\"}");
	struct excerpt e;
	struct err err;

	put_long(&whole);
	ck_assert_int_eq(excerpt_make(buf_span(&whole), args, &e, &err), RC_OK);
	ck_assert(e.more);
	ck_assert_int_gt(e.part.len, EXCERPT_BYTES_MAX - 100);
	assert_whole_numbers(buf_str(&e.part));
	excerpt_done(&e);
}
END_TEST

START_TEST(what_is_no_text_is_told_as_text)
{
	static const char bytes[] = "a\xff\xfe"
				    "b\0c\xc3";
	AUTO(json) args = cJSON_CreateObject();
	struct excerpt e;
	struct err err;

	ck_assert_int_eq(
	    excerpt_make(span_make(bytes, sizeof(bytes) - 1), args, &e, &err),
	    RC_OK);
	ck_assert(utf8_ok(buf_span(&e.part)));
	excerpt_done(&e);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_part_is_what_was_asked_for_or_says_what_there_is,
		(int)ARRAY_LEN(cases)},
	    {no_part_cuts_a_number_or_a_character_in_two, 0},
	    {a_value_that_is_too_long_ends_between_two_others, 0},
	    {what_is_no_text_is_told_as_text, 0},
	};

	return RUN_TESTS("excerpt", tests);
}
