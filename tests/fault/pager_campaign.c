/*
 * pager_campaign.c - alerts that are sent again and again while processes are
 * killed; started by tests/fault/pager, which says what the arguments are.
 */
#include "common/base/clk.h"
#include "tests/harness/pager.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct pager_spec spec;

/* As a test, since what the harness asserts wants one around it. */
START_TEST(campaign)
{
	struct pager_result r;

	pager_batch(&spec, &r);
	printf("%s%d messages acknowledged, %d of them again, of %d incidents; "
	       "%d kills, %d not answered, %d refused; %d violations; %.1f s, "
	       "seed %llu\n",
	    buf_str(&r.text), r.acked, r.again, spec.groups, r.kills,
	    r.unanswered, r.refused, r.violations, (double)r.ms / 1000,
	    (unsigned long long)spec.seed);
	ck_assert_int_eq(r.violations, 0);
	buf_done(&r.text);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("pager");
	TCase *tcase = tcase_create("pager");
	SRunner *runner = srunner_create(suite);
	int failed;

	spec.posts = argc > 1 ? atoi(argv[1]) : 10000;
	spec.kills = argc > 2 ? atoi(argv[2]) : 40;
	spec.seed = argc > 3 ? strtoull(argv[3], NULL, 10)
			     : (uint64_t)clk_wall_ms() % 1000000;
	spec.groups = MAX(spec.posts / 20, 1);
	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, campaign);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
