/*
 * test_texts.c - how a test program ends: what was skipped has not passed, and
 * is told.
 */
#include "common/base/attr.h"
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

START_TEST(it_passes)
{
}
END_TEST

START_TEST(it_is_skipped)
{
	SKIP_TEST("there is none here");
}
END_TEST

START_TEST(it_fails)
{
	ck_abort_msg("as it should");
}
END_TEST

static int
passes(void)
{
	const struct test_entry tests[] = {{it_passes, 0}};

	return RUN_TESTS("passes", tests);
}

static int
skips(void)
{
	const struct test_entry tests[] = {
	    {it_passes, 0}, {it_is_skipped, 3}, {it_passes, 0}};

	return RUN_TESTS("skips", tests);
}

static int
fails(void)
{
	const struct test_entry tests[] = {{it_is_skipped, 0}, {it_fails, 0}};

	return RUN_TESTS("fails", tests);
}

static int
skips_all(void)
{
	return skip_all("there is none here");
}

static const struct {
	int (*main)(void);
	int status;
	const char *says;
	int times;
} ends[] = {
    {passes, EXIT_SUCCESS, "skipped:", 0},
    {skips, SKIPPED,
	"skipped: test_texts: it_is_skipped: there is none here\n", 1},
    {fails, EXIT_FAILURE,
	"skipped: test_texts: it_is_skipped: there is none here\n", 1},
    {skips_all, SKIPPED, "skipped: test_texts: there is none here\n", 1},
};

START_TEST(what_is_skipped_is_told_and_has_not_passed)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/out", dir);
	auto_str out = NULL;
	int how = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (freopen(path, "we", stdout) == NULL)
			_exit(126);
		how = ends[_i].main();
		fflush(NULL);
		_exit(how);
	}
	ck_assert_int_eq(waitpid(pid, &how, 0), pid);
	ck_assert(WIFEXITED(how));
	out = file_read(path);
	ck_assert_msg(
	    WEXITSTATUS(how) == ends[_i].status, "%d: %s", how, out);
	ck_assert_int_eq(text_count(out, ends[_i].says), ends[_i].times);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_skipped_is_told_and_has_not_passed,
		(int)ARRAY_LEN(ends)},
	};

	return RUN_TESTS("texts", tests);
}
