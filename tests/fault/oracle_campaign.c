/*
 * oracle_campaign.c - as many made-up worlds as asked for, in which a model
 * takes part; started by tests/fault/oracle, which says what the arguments
 * are.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/liar.h"

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
	Suite *suite = suite_create("oracle");
	TCase *tcase = tcase_create("oracle");
	SRunner *runner = srunner_create(suite);
	int failed;

	worlds_wanted = argc > 1 ? atoi(argv[1]) : BATCH;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10)
			: (uint64_t)clk_wall_ms() % 1000000000;
	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, campaign);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
