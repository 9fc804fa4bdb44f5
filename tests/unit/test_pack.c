/*
 * test_pack.c - items in a row come back as they were, and a pack that is
 * damaged or of another size than stated is refused.
 */
#include "supervisor/pack.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

START_TEST(items_come_back_in_order)
{
	auto_buf b = {.max = 4096};
	struct span rest, label, data;
	struct err err = {0};
	int64_t n;

	pack_add(&b, 7, span_of("plan"), span_of("\x81"));
	pack_add(&b, INT64_MAX, span_of(""), span_of(""));
	rest = buf_span(&b);
	ck_assert_int_eq(pack_next(&rest, &n, &label, &data, &err), RC_OK);
	ck_assert(n == 7 && span_is(label, "plan") && span_is(data, "\x81"));
	ck_assert_int_eq(pack_next(&rest, &n, &label, &data, &err), RC_OK);
	ck_assert(n == INT64_MAX && label.n == 0 && data.n == 0);
	ck_assert_int_eq(
	    pack_next(&rest, &n, &label, &data, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(pack_cut_anywhere_is_refused_and_left_where_it_was)
{
	auto_buf b = {.max = 4096};
	struct span rest, label, data;
	struct err err = {0};
	size_t cut;
	int64_t n;

	pack_add(&b, 300, span_of("plan"), span_of("some bytes"));
	for (cut = 1; cut < b.len; cut++) {
		rest = span_make(b.data, cut);
		ck_assert_int_eq(
		    pack_next(&rest, &n, &label, &data, &err), RC_INVALID);
		ck_assert(rest.p == b.data && rest.n == cut);
	}
}
END_TEST

static const struct {
	const char *text;
	int64_t stated;
	size_t max;
	enum rc rc;
} sizes[] = {
    {"", 0, 0, RC_OK},
    {"", 1, 9, RC_INVALID},
    {"x", 1, 1, RC_OK},
    {"x", 0, 9, RC_INVALID},
    {"x", 2, 9, RC_INVALID},
    {"abcabcabc", 9, 9, RC_OK},
    {"abcabcabc", 9, 8, RC_INVALID},
    {"abcabcabc", 8, 9, RC_INVALID},
    {"abcabcabc", -1, 9, RC_INVALID},
    {"abcabcabc", INT64_MAX, 9, RC_INVALID},
};

START_TEST(inflates_to_the_stated_size_or_not_at_all)
{
	auto_buf b = {.max = 4096};
	auto_str out = NULL;
	struct err err = {0};
	enum rc rc;

	ck_assert_int_eq(
	    pack_deflate(span_of(sizes[_i].text), &b, &err), RC_OK);
	rc = pack_inflate(
	    buf_span(&b), sizes[_i].stated, sizes[_i].max, &out, &err);
	ck_assert_int_eq(rc, sizes[_i].rc);
	ck_assert_int_eq(out != NULL, rc == RC_OK);
	if (rc == RC_OK)
		ck_assert_str_eq(out, sizes[_i].text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {items_come_back_in_order, 0},
	    {pack_cut_anywhere_is_refused_and_left_where_it_was, 0},
	    {inflates_to_the_stated_size_or_not_at_all, ARRAY_LEN(sizes)},
	};

	return RUN_TESTS("pack", tests);
}
