/*
 * test_pager.c - alerts that are sent again and again while supervisor and
 * gateway are killed: one investigation an incident, and nothing acknowledged
 * is lost. tests/fault/pager does it as often as you like.
 */
#include "tests/harness/pager.h"
#include "tests/harness/texts.h"

START_TEST(what_was_acknowledged_is_there_once)
{
	struct pager_result r;

	pager_batch(&(struct pager_spec){
			.seed = 1, .posts = 120, .groups = 12, .kills = 4},
	    &r);
	ck_assert_msg(r.violations == 0, "%s", buf_str(&r.text));
	ck_assert_int_eq(r.kills, 4);
	ck_assert_int_gt(r.again, 0);
	buf_done(&r.text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_was_acknowledged_is_there_once, 0},
	};

	return RUN_TESTS("pager", tests);
}
