/*
 * test_oracle.c - a model that knows better wins, one that lies does not.
 *
 * A few trials; tests/fault/oracle makes as many as one likes.
 */
#include "common/base/rc.h"
#include "tests/harness/liar.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>

enum { TRIALS = 60, SEED = 1, TELL_MOST = 2 };

START_TEST(who_knows_wins_and_who_lies_does_not)
{
	struct world_result r = {0};
	struct liar_tally t;

	programs_bare();
	world_trial(&(struct world_trial){.guest = &liar_guest,
			.excluded = LIAR_EXCLUDED,
			.seed = SEED,
			.worlds = TRIALS,
			.tell_most = TELL_MOST},
	    &r);
	t = liar_tally();
	if (r.violations > 0)
		printf("%s", buf_str(&r.text));
	world_result_print(&r);
	liar_tally_print();
	fflush(stdout);
	/* Each was there, and did what it does. */
	ck_assert_int_gt(t.corrected, 0);
	ck_assert_int_gt(t.obeyed, 0);
	ck_assert_int_gt(t.asked, 0);
	for (int i = 0; i < LIAR_KINDS; i++)
		ck_assert_int_gt(t.runs[i], 0);
	ck_assert_int_eq(r.violations, 0);
	buf_done(&r.text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {who_knows_wins_and_who_lies_does_not, 0},
	};

	return RUN_TESTS("oracle", tests);
}
