/*
 * test_slow_disk.c - a disk whose syncs take half a second each: who only reads
 * does not wait for it, and nobody is told what it has not kept yet.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/held.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum {
	SYNC_MS = 500,
	LOOKS = 15,
	SYNCS_LEAST = 4, /* that the run waits for, one after another */
};

#define STEP                                                                   \
	"{\"decision\":\"EXECUTE\",\"step\":\"s\",\"tool\":\"echo\","          \
	"\"args\":{\"text\":\"x\"}},"
#define PLANS "[" STEP STEP "{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

static struct house *
slow_house(void)
{
	auto_str shim = program("libshim_sync.so");
	auto_str preload = xasprintf("LD_PRELOAD=%s", shim);
	auto_str sync = xasprintf("CULPRIT_TEST_SYNC_MS=%d", SYNC_MS);
	const char *env[] = {
	    preload, sync, "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
	static const char *const more[] = {
	    "--tools=echo", "--lease-ms=60000", NULL};

	return house_start(
	    &(struct house_spec){.script = PLANS, .more = more, .env = env});
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The median time of looking at the list of runs, in milliseconds. */
static int64_t
looks_ms(struct house *h)
{
	auto_str url = house_url(h, "/api/investigations?limit=5");
	int64_t took[LOOKS];

	for (int i = 0; i < LOOKS; i++) {
		int64_t begun = clk_mono_ms();
		struct answer *w = ask(NULL, url, NULL, NULL);

		took[i] = clk_mono_ms() - begun;
		ck_assert_int_eq(w->status, 200);
		answer_free(w);
	}
	qsort(took, LOOKS, sizeof(took[0]), compare);
	return took[LOOKS / 2];
}

START_TEST(who_reads_does_not_wait_for_the_disk)
{
	struct house *h = slow_house();
	struct proc *run = held_watch(h, "run");
	int64_t begun, median;
	struct transcript *t;

	ck_assert(proc_await_out(run, "\"started\"", HOUSE_MS));
	begun = clk_mono_ms();
	median = looks_ms(h);
	ck_assert_msg(median < SYNC_MS / 2, "%lld ms", (long long)median);
	t = held_finish(run);
	/* It waited for the disk, before each of its words. */
	ck_assert_int_ge(clk_mono_ms() - begun, SYNCS_LEAST * SYNC_MS);
	ck_assert_int_eq(transcript_count(t, "feedback"), 2);
	transcript_free(t);
	proc_free(run);
	held_house_done(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {who_reads_does_not_wait_for_the_disk, 0},
	};

	return RUN_TESTS("slow_disk", tests);
}
