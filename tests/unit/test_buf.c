/* test_buf.c - what a growing buffer keeps when it is made to fit, and what a
 * span without its blanks is. */
#include "common/base/buf.h"
#include "tests/harness/texts.h"

#include <string.h>

START_TEST(a_buffer_that_fits_keeps_its_bytes_and_grows_again)
{
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	buf_fit(&b);
	ck_assert_str_eq(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "0123456789");
	buf_consume(&b, 9995);
	buf_fit(&b);
	ck_assert_uint_eq(b.cap, 6);
	ck_assert_str_eq(buf_str(&b), "56789");
	buf_adds(&b, "abc");
	ck_assert_str_eq(buf_str(&b), "56789abc");
}
END_TEST

static const struct {
	struct span in;
	const char *trimmed, *of_http;
} trims[] = {
    {{NULL, 0}, "", ""},
    {{" \t \r\n", 5}, "", "\r\n"},
    {{"a", 1}, "a", "a"},
    {{"\n a\tb \v\f", 8}, "a\tb", "\n a\tb \v\f"},
    {{" \ta b\t ", 7}, "a b", "a b"},
    /* A NUL is no blank, though it ends the set of them. */
    {{" a\0 ", 4}, "a\0", "a\0"},
};

START_TEST(blanks_are_cut_from_both_ends_of_a_span)
{
	struct span all = span_trim(trims[_i].in);
	struct span http = span_trim_set(trims[_i].in, SPAN_HTTP_BLANKS);
	size_t nul = _i == ARRAY_LEN(trims) - 1 ? 1 : 0;

	ck_assert(span_equal(all,
	    span_make(trims[_i].trimmed, strlen(trims[_i].trimmed) + nul)));
	ck_assert(span_equal(http,
	    span_make(trims[_i].of_http, strlen(trims[_i].of_http) + nul)));
}
END_TEST

START_TEST(a_span_is_read_word_by_word_whatever_is_in_it)
{
	struct span rest = span_make(" one\t\0 two\n", 11);

	ck_assert(span_is(span_word(&rest), "one"));
	/* A NUL is no blank: it cannot be what a reader never gets past. */
	ck_assert(span_equal(span_word(&rest), span_make("\0", 1)));
	ck_assert(span_is(span_word(&rest), "two"));
	ck_assert_uint_eq(span_word(&rest).n, 0);
	ck_assert_uint_eq(rest.n, 0);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_buffer_that_fits_keeps_its_bytes_and_grows_again, 0},
	    {blanks_are_cut_from_both_ends_of_a_span, (int)ARRAY_LEN(trims)},
	    {a_span_is_read_word_by_word_whatever_is_in_it, 0},
	};

	return RUN_TESTS("buf", tests);
}
