/*
 * test_two.c - two supervisors of one folder: only one of them commits, and
 * clients notice nothing. tests/fault/two does it as often as you like.
 */
#include "tests/harness/rivals.h"
#include "tests/harness/texts.h"

START_TEST(of_two_supervisors_only_the_later_one_commits)
{
	struct rivals_result r;

	rivals_batch(&(struct rivals_spec){
			 .name = "two", .seed = 1, .rounds = 8, .clients = 6},
	    &r);
	ck_assert_msg(r.violations == 0, "%s", buf_str(&r.text));
	ck_assert_int_eq(r.rounds[RIVALS_SERVED], 6);
	ck_assert_int_gt(r.served.accepted, 0);
	buf_done(&r.text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {of_two_supervisors_only_the_later_one_commits, 0},
	};

	return RUN_TESTS("two", tests);
}
