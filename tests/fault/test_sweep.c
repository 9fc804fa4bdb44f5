/*
 * test_sweep.c - kill -9, and SIGTERM, at every named moment that comes by
 * itself while clients are served, each once, and what must hold afterwards.
 *
 * That each was reached shows in that it ended the process: a name nobody comes by any
 * more fails here. The moments that need provoking are in test_moments.c.
 */
#include "common/base/failpoint.h"
#include "tests/fault/not_swept.h"
#include "tests/harness/campaign.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef CULPRIT_FAILPOINTS

/* A house each, for the time a part may take. */
enum { PARTS = 4 };

static bool
is_swept(const char *name)
{
	/* It wants a death in the midst of a run's work, which random ones
	 * hardly are: test_poison.c has them. */
	if (strcmp(name, "recover_counted") == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_swept); i++)
		if (strcmp(not_swept[i], name) == 0)
			return false;
	return true;
}

static void
sweep(int part, bool asks, struct campaign_result *r)
{
	auto_buf list = {0};

	buf_init(&list, 64 << 10);
	for (enum failpoint f = 0; f < FP_COUNT; f++)
		if (is_swept(failpoint_info(f)->name) && (int)f % PARTS == part)
			buf_addf(&list, "%s,", failpoint_info(f)->name);
	campaign_batch(&(struct campaign_spec){.name = "sweep",
			   .failpoints = buf_str(&list),
			   .asks = asks,
			   .all_points = true,
			   .seed = (uint64_t)part,
			   .clients = 8,
			   .life_ms_min = 1500,
			   .life_ms_max = 4000,
			   .armed_of_ten = 10,
			   .hit_max = 1,
			   .settle_ms = AWAIT_MS,
			   .limit_ms = 3 * AWAIT_MS},
	    r);
	ck_assert_msg(r->violations == 0, "%s", buf_str(&r->text));
	buf_done(&r->text);
}

START_TEST(a_kill_at_every_moment_loses_nothing)
{
	struct campaign_result r;

	sweep(_i, false, &r);
}
END_TEST

/* It ends, and no step is done again that was recorded. */
START_TEST(being_asked_to_end_at_every_moment_ends_it_well)
{
	struct campaign_result r;

	sweep(_i, true, &r);
	printf("asked to end at %d moments: the last had ended after %lld ms\n",
	    r.killed.names, (long long)r.killed.slowest_ms);
}
END_TEST

#endif

int
main(void)
{
#ifdef CULPRIT_FAILPOINTS
	const struct test_entry tests[] = {
	    {a_kill_at_every_moment_loses_nothing, PARTS},
	    {being_asked_to_end_at_every_moment_ends_it_well, PARTS},
	};

	return RUN_TESTS("sweep", tests);
#else
	(void)not_swept;
	return skip_all("built without failpoints");
#endif
}
