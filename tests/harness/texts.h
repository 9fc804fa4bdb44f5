/* texts.h - what several tests say about texts. */
#ifndef TESTS_TEXTS_H
#define TESTS_TEXTS_H

#include "common/base/attr.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Fails the test, showing both, unless needle occurs in text. */
#define assert_contains(text, needle)                                          \
	ck_assert_msg(text_contains(text, needle),                             \
	    "expected to find \"%s\" in \"%s\"", needle, text)
#define assert_lacks(text, needle)                                             \
	ck_assert_msg(!text_contains(text, needle),                            \
	    "expected not to find \"%s\" in \"%s\"", needle, text)

bool text_contains(const char *text, const char *needle);

/* The end of a text that may be longer than what Check can say. */
const char *text_tail(const char *text);

/* A copy in which each `from` is `to`; the caller's. */
char *text_replaced(const char *text, const char *from, const char *to);

/* How often needle occurs, also overlapping itself. */
int text_count(const char *text, const char *needle);

/*
 * Notes that the calling test cannot be made here, and why; it then returns.
 * Its program tells at its end, with the status that ctest takes for skipped:
 * what was not looked at has not passed. The second is for a whole program:
 * the exit status of its main.
 */
#define SKIP_TEST(why) skip_test(__func__, why)
void skip_test(const char *test, const char *why);
int skip_all(const char *why);

/* Runs one suite of one test case per list entry; exit status of main. */
struct test_entry {
	const TTest *test;
	int loop_end; /* > 0: a loop test over 0 .. loop_end - 1 */
};
int run_tests(const char *name, const struct test_entry *tests, size_t n);

#define RUN_TESTS(name, list)                                                  \
	run_tests(name, list, sizeof(list) / sizeof((list)[0]))

/* One long test in this process, without a limit; exit status of main. */
int run_campaign(const char *name, const TTest *test);
/* The number that main was given i-th, or else `fallback`. */
int64_t argument(int argc, char **argv, int i, int64_t fallback);

#endif
