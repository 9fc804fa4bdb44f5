/* test_window.c - how much of events may be on its way to a gateway. */
#include "supervisor/run/window.h"
#include "common/base/clk.h"
#include "tests/harness/texts.h"

static const struct bus_peer a = {1, "a"}, b = {1, "b"};

START_TEST(so_much_may_be_under_way_and_no_more)
{
	struct windows *all = windows_new();

	ck_assert_uint_eq(window_attach(all, &a, 0), 1);
	ck_assert_uint_eq(window_attach(all, &a, 1), 1);
	ck_assert_uint_eq(window_after(all, &a, 100), 101);
	window_sent(all, &a, 100);
	ck_assert(window_fits(all, &a, WINDOW_BYTES - 100));
	ck_assert(!window_fits(all, &a, WINDOW_BYTES - 99));
	window_sent(all, &a, WINDOW_BYTES - 100);
	ck_assert(!window_fits(all, &a, 1));
	ck_assert_uint_eq(window_attach(all, &a, 101), 1 + WINDOW_BYTES);
	ck_assert(window_fits(all, &a, 100));
	ck_assert(!window_fits(all, &a, 101));
	windows_free(all);
}
END_TEST

START_TEST(one_message_may_always_be)
{
	struct windows *all = windows_new();

	window_attach(all, &a, 1);
	ck_assert(window_fits(all, &a, 2 * WINDOW_BYTES));
	window_sent(all, &a, 2 * WINDOW_BYTES);
	ck_assert(!window_fits(all, &a, 1));
	window_attach(all, &a, 2 * WINDOW_BYTES);
	ck_assert(window_fits(all, &a, WINDOW_BYTES - 1));
	windows_free(all);
}
END_TEST

START_TEST(who_tells_nothing_is_sent_everything)
{
	struct windows *all = windows_new();

	ck_assert_uint_eq(window_after(all, &a, 7), 0);
	window_sent(all, &a, 7);
	ck_assert(window_fits(all, &a, 2 * WINDOW_BYTES));
	window_attach(all, &a, 0);
	window_sent(all, &a, 2 * WINDOW_BYTES);
	ck_assert(window_fits(all, &a, 2 * WINDOW_BYTES));
	windows_free(all);
}
END_TEST

/* What is late, or was said of another supervisor's count. */
START_TEST(neither_a_lower_nor_an_impossible_word_counts)
{
	struct windows *all = windows_new();

	window_attach(all, &a, 1);
	window_sent(all, &a, WINDOW_BYTES);
	window_attach(all, &a, WINDOW_BYTES + 2);
	ck_assert(!window_fits(all, &a, 1));
	window_attach(all, &a, 1000);
	window_attach(all, &a, 1);
	ck_assert(window_fits(all, &a, 999));
	ck_assert(!window_fits(all, &a, 1000));
	windows_free(all);
}
END_TEST

static void
count(void *n, const struct bus_peer *peer)
{
	ck_assert(bus_peer_equal(peer, &a));
	++*(int *)n;
}

START_TEST(who_does_not_attach_any_more_is_forgotten)
{
	struct windows *all = windows_new();
	int n = 0;

	clk_fix_ms(1000);
	window_attach(all, &a, 1);
	window_sent(all, &a, WINDOW_BYTES);
	clk_fix_ms(2000);
	window_attach(all, &b, 1);
	window_forget(all, 1000 + WINDOW_SILENT_MS - 1, count, &n);
	ck_assert_int_eq(n, 0);
	window_forget(all, 1000 + WINDOW_SILENT_MS, count, &n);
	ck_assert_int_eq(n, 1);
	ck_assert_uint_eq(window_attach(all, &a, 5), 1);
	ck_assert_uint_eq(window_after(all, &b, 1), 2);
	windows_free(all);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {so_much_may_be_under_way_and_no_more, 0},
	    {one_message_may_always_be, 0},
	    {who_tells_nothing_is_sent_everything, 0},
	    {neither_a_lower_nor_an_impossible_word_counts, 0},
	    {who_does_not_attach_any_more_is_forgotten, 0},
	};

	return RUN_TESTS("window", tests);
}
