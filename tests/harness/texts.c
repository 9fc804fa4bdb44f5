/*
 * texts.c - assertions on texts, and the one way a test program runs.
 *
 * Every test runs in its own process (CK_FORK), so that a crash or a leak
 * fails the guilty one by name.
 */
#include "tests/harness/texts.h"

#include <stdlib.h>

bool
text_contains(const char *text, const char *needle)
{
	return text != NULL && strstr(text, needle) != NULL;
}

int
text_count(const char *text, const char *needle)
{
	int n = 0;

	for (; (text = strstr(text, needle)) != NULL; text++)
		n++;
	return n;
}

int
run_tests(const char *name, const struct test_entry *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	size_t i;
	int failed;

	tcase_set_timeout(tcase, 30);
	for (i = 0; i < n; i++) {
		if (tests[i].loop_end > 0)
			tcase_add_loop_test(
			    tcase, tests[i].test, 0, tests[i].loop_end);
		else
			tcase_add_test(tcase, tests[i].test);
	}
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
