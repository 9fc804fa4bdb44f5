/*
 * test_dependencies.c - who calls whom, as configured.
 */
#include "executor/causes/dependencies.h"
#include "tests/harness/texts.h"

START_TEST(pairs_are_read_with_spaces_and_empty_parts)
{
	struct dependencies d;
	struct err err;

	ck_assert_int_eq(dependencies_read(" web > cart,, cart>db ,", &d,
			     &err), RC_OK);
	ck_assert_uint_eq(d.n, 2);
	ck_assert_str_eq(d.pairs[0].client, "web");
	ck_assert_str_eq(d.pairs[0].server, "cart");
	ck_assert_str_eq(d.pairs[1].client, "cart");
	ck_assert_str_eq(d.pairs[1].server, "db");
	dependencies_done(&d);
}
END_TEST

START_TEST(nothing_configured_is_no_pair)
{
	struct dependencies d;
	struct err err;

	ck_assert_int_eq(dependencies_read(NULL, &d, &err), RC_OK);
	ck_assert_uint_eq(d.n, 0);
	dependencies_done(&d);
}
END_TEST

static const char *const wrong[] = {"web", ">db", "web>", "a>b>c", "a>b,c"};

START_TEST(what_is_no_pair_is_refused)
{
	struct dependencies d;
	struct err err;

	ck_assert_int_eq(dependencies_read(wrong[_i], &d, &err), RC_INVALID);
	assert_contains(err.text, "caller>callee");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {pairs_are_read_with_spaces_and_empty_parts, 0},
	    {nothing_configured_is_no_pair, 0},
	    {what_is_no_pair_is_refused, ARRAY_LEN(wrong)},
	};

	return RUN_TESTS("dependencies", tests);
}
