/*
 * pager_campaign.c - alerts that are sent again and again while processes are
 * killed; started by tests/fault/pager, which says what the arguments are.
 */
#include "common/base/clk.h"
#include "tests/harness/pager.h"
#include "tests/harness/texts.h"

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
	spec.posts = (int)argument(argc, argv, 1, 10000);
	spec.kills = (int)argument(argc, argv, 2, 40);
	spec.seed = (uint64_t)argument(argc, argv, 3, clk_wall_ms() % 1000000);
	spec.groups = MAX(spec.posts / 20, 1);
	return run_campaign("pager", campaign);
}
