/*
 * oracle_campaign.c - as many made-up worlds as asked for, in which a model
 * takes part; started by tests/fault/oracle, which says what the arguments
 * are.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/liar.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 200, TELL_MOST = 5 };

static int worlds_wanted;
static uint64_t seed;

/* As a test, since what the harness asserts wants one around it. */
START_TEST(campaign)
{
	struct world_result r = {0};

	while (r.worlds < worlds_wanted && r.violations < TELL_MOST) {
		int n = MIN(BATCH, worlds_wanted - r.worlds);

		world_trial(&(struct world_trial){.guest = &liar_guest,
				.excluded = LIAR_EXCLUDED,
				.seed = seed,
				.worlds = n,
				.tell_most = TELL_MOST},
		    &r);
		seed += (uint64_t)n;
		printf("%s", buf_str(&r.text));
		buf_reset(&r.text);
		world_result_print(&r);
		liar_tally_print();
		fflush(stdout);
	}
	buf_done(&r.text);
	ck_assert_int_eq(r.violations, 0);
}
END_TEST

int
main(int argc, char **argv)
{
	worlds_wanted = (int)argument(argc, argv, 1, BATCH);
	seed = (uint64_t)argument(argc, argv, 2, clk_wall_ms() % 1000000000);
	return run_campaign("oracle", campaign);
}
