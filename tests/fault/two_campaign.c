/*
 * two_campaign.c - two supervisors of one folder, as often as asked for, in
 * batches of a folder each; started by tests/fault/two, which says what the
 * arguments are.
 */
#include "common/base/clk.h"
#include "tests/harness/rivals.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 200, CLIENTS = 16 };

static int rounds_wanted;
static uint64_t seed;

static struct rivals_result sum;

static int
rounds_of(const struct rivals_result *r)
{
	return r->rounds[RIVALS_REFUSED] + r->rounds[RIVALS_SERVED] +
	       r->rounds[RIVALS_BOTH];
}

static void
one_batch(int batch)
{
	auto_str name =
	    xasprintf("two%llu-b%d", (unsigned long long)seed, batch);
	struct rivals_result r;

	rivals_batch(&(struct rivals_spec){.name = name,
			 .seed = seed * 1000003 + (uint64_t)batch,
			 .rounds = MIN(BATCH, rounds_wanted - rounds_of(&sum)),
			 .clients = CLIENTS},
	    &r);
	for (int w = 0; w < RIVALS_WAYS; w++)
		sum.rounds[w] += r.rounds[w];
	sum.stale += r.stale;
	sum.served.accepted += r.served.accepted;
	sum.served.cancelled += r.served.cancelled;
	sum.violations += r.violations;
	sum.ms += r.ms;
	printf("%s", buf_str(&r.text));
	buf_done(&r.text);
}

static void
print_sum(void)
{
	printf("%d rounds of two supervisors: %d refused by the lock, %d took "
	       "over a lost lock (%d with both running); %lld runs accepted, "
	       "%lld cancelled; %d stale commits, %d violations; %.1f s, seed "
	       "%llu\n",
	    rounds_of(&sum), sum.rounds[RIVALS_REFUSED],
	    sum.rounds[RIVALS_SERVED] + sum.rounds[RIVALS_BOTH],
	    sum.rounds[RIVALS_BOTH], (long long)sum.served.accepted,
	    (long long)sum.served.cancelled, sum.stale, sum.violations,
	    (double)sum.ms / 1000, (unsigned long long)seed);
}

/* As a test, since what the harness asserts wants one around it. */
START_TEST(campaign)
{
	for (int b = 0; rounds_of(&sum) < rounds_wanted && sum.violations == 0;
	     b++)
		one_batch(b);
	print_sum();
	ck_assert_int_eq(sum.violations, 0);
}
END_TEST

int
main(int argc, char **argv)
{
	rounds_wanted = (int)argument(argc, argv, 1, 1000);
	seed = (uint64_t)argument(argc, argv, 2, clk_wall_ms() % 1000000);
	return run_campaign("two", campaign);
}
