/*
 * test_rest.c - when a process gives back what the heap kept.
 */
#include "common/agent/rest.h"
#include "tests/harness/texts.h"

START_TEST(rest_comes_once_after_each_busy_time)
{
	struct rest r = {0};

	ck_assert(!rest_tick(&r, false, 5000));
	for (int64_t at = 10000; at < 30000; at += 10000) {
		ck_assert(!rest_tick(&r, true, at));
		ck_assert(!rest_tick(&r, false, at + REST_MS - 1));
		ck_assert(rest_tick(&r, false, at + REST_MS));
		ck_assert(!rest_tick(&r, false, at + 2 * REST_MS));
	}
}
END_TEST

START_TEST(rest_waits_while_work_comes_again_and_again)
{
	struct rest r = {0};

	for (int64_t at = 0; at < 100 * REST_MS; at += REST_MS / 2)
		ck_assert(!rest_tick(&r, at % REST_MS == 0, at));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {rest_comes_once_after_each_busy_time, 0},
	    {rest_waits_while_work_comes_again_and_again, 0},
	};

	return RUN_TESTS("rest", tests);
}
