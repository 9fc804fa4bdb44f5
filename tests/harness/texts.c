/*
 * texts.c - assertions on texts, and the one way a test program runs.
 *
 * Every test runs in its own process (CK_FORK), so that a crash or a leak
 * fails the guilty one by name.
 */
#include "tests/harness/texts.h"

#include <errno.h>
#include "common/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	TEST_S = 600,	/* until it is said to hang */
	SKIPPED = 77,	/* to ctest: SKIP_RETURN_CODE */
	SKIPS_MAX = 4096, /* bytes */
	TAIL_BYTES = 6000,
};

/* Lines, in memory that the processes of the tests share; NULL: by itself. */
static char *skips;

bool
text_contains(const char *text, const char *needle)
{
	return text != NULL && strstr(text, needle) != NULL;
}

const char *
text_tail(const char *text)
{
	size_t n = strlen(text);

	return n > TAIL_BYTES ? text + n - TAIL_BYTES : text;
}

char *
text_replaced(const char *text, const char *from, const char *to)
{
	auto_buf b = {.max = 64 << 20};
	const char *at;

	for (; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
		buf_add(&b, text, (size_t)(at - text));
		buf_adds(&b, to);
	}
	buf_adds(&b, text);
	return buf_take(&b);
}

int
text_count(const char *text, const char *needle)
{
	int n = 0;

	for (; (text = strstr(text, needle)) != NULL; text++)
		n++;
	return n;
}

void
skip_test(const char *test, const char *why)
{
	char line[512];

	/* START_TEST(name) makes a function of it called name_fn. */
	snprintf(line, sizeof(line), "skipped: %s: %.*s: %s\n",
	    program_invocation_short_name, (int)(strlen(test) - strlen("_fn")),
	    test, why);
	if (skips == NULL)
		fputs(line, stdout);
	else if (strstr(skips, line) == NULL &&
		 strlen(skips) + strlen(line) < SKIPS_MAX)
		strcat(skips, line);
}

int
skip_all(const char *why)
{
	printf("skipped: %s: %s\n", program_invocation_short_name, why);
	return SKIPPED;
}

static void
skips_open(void)
{
	void *p = mmap(NULL, SKIPS_MAX, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	skips = p != MAP_FAILED ? p : NULL;
}

/* What was skipped is told; was anything? */
static bool
skips_told(void)
{
	if (skips == NULL || skips[0] == '\0')
		return false;
	fputs(skips, stdout);
	return true;
}

int
run_tests(const char *name, const struct test_entry *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	size_t i;
	int failed;

	tcase_set_timeout(tcase, TEST_S);
	for (i = 0; i < n; i++) {
		if (tests[i].loop_end > 0)
			tcase_add_loop_test(
			    tcase, tests[i].test, 0, tests[i].loop_end);
		else
			tcase_add_test(tcase, tests[i].test);
	}
	suite_add_tcase(suite, tcase);
	skips_open();
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (skips_told() && failed == 0)
		return SKIPPED;
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
run_campaign(const char *name, const TTest *test)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int64_t
argument(int argc, char **argv, int i, int64_t fallback)
{
	return argc > i ? strtoll(argv[i], NULL, 10) : fallback;
}
