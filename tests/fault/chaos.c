/*
 * chaos.c - many rounds of chaos, each with a script, clients and fates of
 * its own, until so many messages went through the proxy or one diverged.
 *
 *	chaos --messages N --seed S
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "tests/harness/dice.h"
#include "tests/harness/trial.h"

enum { ROUND_MESSAGES = 50000 };

static bool
option(char **arg, const char *name, uint64_t *ret)
{
	char *end = NULL;

	if (strcmp(arg[0], name) != 0 || arg[1] == NULL)
		return false;
	errno = 0;
	*ret = strtoull(arg[1], &end, 10);
	return errno == 0 && *end == '\0' && end != arg[1];
}

/* What a round is like follows from its seed, so that it can be repeated. */
static struct trial_spec
round_spec(uint64_t own, uint64_t n)
{
	struct dice d = dice_of(own, 1, 0);

	return (struct trial_spec){.seed = own,
	    .messages = n,
	    .clients = dice_int(&d, 32, 96),
	    .planners = dice_int(&d, 1, 3),
	    .executors = dice_int(&d, 2, 5),
	    .lease_ms = dice_int(&d, 150, 500),
	    .harsh = dice_int(&d, 30, 300),
	    .restart_ms = dice_percent(&d, 60) ? dice_int(&d, 1000, 6000) : 0};
}

static void
print_round(
    const struct trial_spec *s, const struct trial_result *r, double seconds)
{
	printf(
	    "round seed %" PRIu64 ": %d %% harsh, lease %d ms, %d clients, "
	    "%d planners, %d executors, a restart each %d ms; so far %" PRIu64
	    " messages, %d runs, %.0f s\n",
	    s->seed, s->harsh, s->lease_ms, s->clients, s->planners,
	    s->executors, s->restart_ms, r->counts.messages, r->runs, seconds);
	fflush(stdout);
}

static void
print_all(const struct trial_result *r, uint64_t from, double seconds)
{
	chaos_print_counts(&r->counts, stdout);
	printf("seed %" PRIu64 ": %" PRIu64 " messages, %d runs (%d cancelled, "
	       "%d watched by others besides), %d requests sent again, %d "
	       "restarts, %d divergences, %.1f s\n",
	    from, r->counts.messages, r->runs, r->cancelled, r->viewers,
	    r->again, r->restarts, r->divergence != NULL, seconds);
}

static uint64_t messages = 1000000, seed = 1;
static struct trial_result sum;

/* The harness speaks up through Check, so this is a test to it. */
START_TEST(every_round_follows_the_model)
{
	int64_t start = clk_mono_ms();
	uint64_t n;

	for (n = 0; sum.counts.messages < messages; n++) {
		uint64_t left = messages - sum.counts.messages;
		struct trial_spec s = round_spec(
		    seed + n, left < ROUND_MESSAGES ? left : ROUND_MESSAGES);
		bool good = trial_run(&s, &sum);

		print_round(&s, &sum, (double)(clk_mono_ms() - start) / 1000);
		if (good)
			continue;
		printf("%s\nagain: tests/fault/chaos --seed %" PRIu64
		       " --messages %d\n",
		    sum.divergence, s.seed, ROUND_MESSAGES);
		break;
	}
	print_all(&sum, seed, (double)(clk_mono_ms() - start) / 1000);
}
END_TEST

static int
run(void)
{
	Suite *suite = suite_create("chaos");
	TCase *tcase = tcase_create("chaos");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, every_round_follows_the_model);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_MINIMAL);
	failed = srunner_ntests_failed(runner) > 0 || sum.divergence != NULL;
	srunner_free(runner);
	free(sum.divergence);
	return failed;
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i += 2) {
		if (option(argv + i, "--messages", &messages) ||
		    option(argv + i, "--seed", &seed))
			continue;
		fprintf(stderr, "usage: chaos [--messages N] [--seed S]\n");
		return 2;
	}
	return run();
}
