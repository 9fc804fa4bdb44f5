/*
 * kill_campaign.c - as many kills as asked for, in batches of a folder each;
 * started by tests/fault/kills, which says what the arguments are.
 */
#include "common/base/clk.h"
#include "tests/harness/campaign.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 250, CLIENTS = 24, BATCH_LIMIT_MS = 600000 };

static int kills_wanted, batch_kills;
static bool with_model;
/* Those who have nothing to do with its account. */
static const unsigned spared_with_model =
    1u << V_GATEWAY | 1u << V_EXECUTOR | 1u << V_EXECUTOR_2;
static uint64_t seed;

static struct campaign_result sum;
static int batches;

static int64_t
kills_of(const struct killer_count *n)
{
	int64_t all = 0;

	for (int v = 0; v < VICTIMS; v++)
		all += n->kills[v];
	return all;
}

static void
add(const struct campaign_result *r)
{
	for (int v = 0; v < VICTIMS; v++)
		sum.killed.kills[v] += r->killed.kills[v];
	sum.killed.at_failpoints += r->killed.at_failpoints;
	sum.killed.names = MAX(sum.killed.names, r->killed.names);
	sum.served.accepted += r->served.accepted;
	sum.served.cancelled += r->served.cancelled;
	sum.served.retries += r->served.retries;
	sum.served.resumes += r->served.resumes;
	sum.violations += r->violations;
	sum.asked += r->asked;
	sum.ms += r->ms;
	batches++;
}

static void
one_batch(void)
{
	auto_str name =
	    xasprintf("s%llu-b%d", (unsigned long long)seed, batches);
	struct campaign_result r;

	campaign_batch(&(struct campaign_spec){.name = name,
			   .seed = seed * 1000003 + (uint64_t)batches,
			   .kills = MIN(batch_kills,
			       kills_wanted - (int)kills_of(&sum.killed)),
			   .clients = CLIENTS,
			   .model = with_model,
			   .spared = with_model ? spared_with_model : 0,
			   .life_ms_min = 20,
			   .life_ms_max = 800,
			   .armed_of_ten = 9,
			   .hit_max = 8,
			   .settle_ms = 60000,
			   .limit_ms = BATCH_LIMIT_MS},
	    &r);
	add(&r);
	printf("batch %d: %lld kills, %lld runs, %d violations, %.1f s\n%s",
	    batches, (long long)kills_of(&r.killed),
	    (long long)r.served.accepted, r.violations, (double)r.ms / 1000,
	    buf_str(&r.text));
	fflush(stdout);
	buf_done(&r.text);
}

static void
print_sum(void)
{
	double s = (double)sum.ms / 1000;

	printf("\n%lld kills (%lld of them at failpoints, up to %d different "
	       "ones in a batch)\n",
	    (long long)kills_of(&sum.killed),
	    (long long)sum.killed.at_failpoints, sum.killed.names);
	for (int v = 0; v < VICTIMS; v++)
		printf("  %-11s %lld\n", killer_name((enum victim)v),
		    (long long)sum.killed.kills[v]);
	printf("%lld runs accepted, %lld cancelled; %lld retries, %lld "
	       "streams resumed\n",
	    (long long)sum.served.accepted, (long long)sum.served.cancelled,
	    (long long)sum.served.retries, (long long)sum.served.resumes);
	if (with_model)
		printf("%d requests to a model\n", sum.asked);
	printf("%d violations; %.1f s, %.1f kills/s, seed %llu\n",
	    sum.violations, s, (double)kills_of(&sum.killed) / s,
	    (unsigned long long)seed);
}

/* As a test, since what the harness asserts wants one around it. */
START_TEST(campaign)
{
	while (kills_of(&sum.killed) < kills_wanted && sum.violations == 0)
		one_batch();
	print_sum();
	ck_assert_int_eq(sum.violations, 0);
}
END_TEST

int
main(int argc, char **argv)
{
	kills_wanted = (int)argument(argc, argv, 1, 1000);
	seed = (uint64_t)argument(argc, argv, 2, clk_wall_ms() % 1000000);
	batch_kills = (int)argument(argc, argv, 3, BATCH);
	with_model = argc > 4 && strcmp(argv[4], "llm") == 0;
	return run_campaign("kills", campaign);
}
