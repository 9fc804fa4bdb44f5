/*
 * test_worlds.c - reports about made-up worlds never say what is not so.
 *
 * A few worlds; tests/fault/worlds tries as many as one likes.
 */
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"
#include "tests/harness/world_trial.h"

#include <stdio.h>

enum { WORLDS = 200, SEED = 1, TELL_MOST = 2 };

START_TEST(no_report_says_what_is_not_so)
{
	struct world_result r = {0};

	programs_bare();
	world_trial(
	    &(struct world_trial){
		.seed = SEED, .worlds = WORLDS, .tell_most = TELL_MOST},
	    &r);
	if (r.violations > 0)
		printf("%s", buf_str(&r.text));
	world_result_print(&r);
	/* That nothing is said is not what makes it pass. */
	ck_assert_int_gt(r.completed, WORLDS / 2);
	ck_assert_int_gt(r.all_clears, 0);
	ck_assert_int_gt(r.likely, 0);
	ck_assert_int_gt(r.upset, 0);
	ck_assert_int_eq(r.violations, 0);
	buf_done(&r.text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {no_report_says_what_is_not_so, 0},
	};

	return RUN_TESTS("worlds", tests);
}
