/*
 * test_slow.c - viewers that do not read and heads that come a byte at a time
 * cost little, are cut, and keep nobody else waiting. tests/fault/slow has
 * this test at full length, with the limits of a build as it is deployed.
 */
#include "tests/harness/invariant.h"
#include "tests/harness/slow.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	READERS = 150,
	HEADS = 400,
	STALL_S = 2,
	HEADS_MS = 6000,
	READERS_LONG = 1000,
	HEADS_LONG = 2000,
	HEADS_LONG_MS = 30000,
	KIB_EACH = 64,
	CUT_S = 30,
	HEAD_S = 10, /* a head may take */
	LATE_S = 3,
	P99_MS = 100,
};

static bool
is_long(void)
{
	return getenv("CULPRIT_FAULT_LONG") != NULL;
}

static struct house *
start(const char *const *more)
{
	return house_start(
	    &(struct house_spec){.script = slow_script, .more = more});
}

static void
end(struct house *h)
{
	house_stop(h);
	invariant_assert(&(struct invariant){
	    .data_dir = house_data(h), .settled = true});
	house_drop(h);
}

static void
check_others(const struct slow_others *o)
{
	ck_assert_int_gt(o->asked, 0);
	ck_assert_int_eq(o->failed, 0);
	if (is_long())
		ck_assert_double_le(o->p99_ms, P99_MS);
}

START_TEST(viewers_that_do_not_read_are_cut_and_keep_nobody_waiting)
{
	static const char *const quick[] = {"--tools=echo", "--stall=2", NULL};
	static const char *const usual[] = {"--tools=echo", NULL};
	int n = is_long() ? READERS_LONG : READERS;
	struct house *h = start(is_long() ? usual : quick);
	struct slow_readers r;

	slow_read(h, n, HOUSE_MS, &r);
	printf("%d viewers that do not read: %.1f KiB of the gateway's each, "
	       "all cut after %.1f s; %d streams read whole meanwhile; others' "
	       "requests: %d, p50 %.1f ms, p99 %.1f ms, %.1f ms at most, %d "
	       "failed\n",
	    r.n, r.kib_each, r.cut_s_max, r.whole, r.others.asked,
	    r.others.p50_ms, r.others.p99_ms, r.others.max_ms,
	    r.others.failed);
	ck_assert_int_eq(r.cut, n);
	ck_assert_int_gt(r.whole, 0);
	if (is_long()) { /* sanitizers keep what is freed */
		ck_assert_double_le(r.cut_s_max, CUT_S);
		ck_assert_double_le(r.kib_each, KIB_EACH);
	}
	check_others(&r.others);
	end(h);
}
END_TEST

START_TEST(slow_heads_are_ended_and_keep_nobody_waiting)
{
	static const char *const quick[] = {
	    "--tools=echo", "--request-timeout=2", NULL};
	static const char *const usual[] = {"--tools=echo", NULL};
	struct house *h = start(is_long() ? usual : quick);
	struct slow_heads r;

	slow_dribble(h, is_long() ? HEADS_LONG : HEADS,
	    is_long() ? HEADS_LONG_MS : HEADS_MS, &r);
	printf("%d heads that come a byte a second: %lld bytes, %lld ended and "
	       "begun again, held %.1f s at most; others' requests: %d, p50 "
	       "%.1f ms, p99 %.1f ms, %.1f ms at most, %d failed\n",
	    r.n, (long long)r.bytes, (long long)r.cut, r.held_s_max,
	    r.others.asked, r.others.p50_ms, r.others.p99_ms, r.others.max_ms,
	    r.others.failed);
	ck_assert_int_ge(r.cut, r.n);
	if (is_long())
		ck_assert_double_le(r.held_s_max, HEAD_S + LATE_S);
	check_others(&r.others);
	end(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {viewers_that_do_not_read_are_cut_and_keep_nobody_waiting, 0},
	    {slow_heads_are_ended_and_keep_nobody_waiting, 0},
	};

	return RUN_TESTS("slow", tests);
}
