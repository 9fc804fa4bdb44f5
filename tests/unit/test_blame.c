/* test_blame.c - at which run a process died, told to the next one. */
#include "supervisor/run/blame.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that dies at work on that row. */
static void
die_at(const char *path, uint64_t epoch, int64_t row)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct blame *b = NULL;
		int64_t before;
		struct err err;

		if (blame_open(path, epoch, &b, &before, &err) != RC_OK)
			_exit(1);
		blame_set(b, 99);
		blame_set(b, row);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

static int64_t
row_of(const char *path, uint64_t epoch)
{
	struct blame *b = NULL;
	int64_t row = -1;
	struct err err;

	ck_assert_int_eq(blame_open(path, epoch, &b, &row, &err), RC_OK);
	blame_close(b);
	return row;
}

START_TEST(the_next_process_is_told_and_no_other)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/at_work", dir);

	ck_assert_int_eq(row_of(path, 1), 0);
	die_at(path, 2, 7);
	ck_assert_int_eq(row_of(path, 3), 7);
	ck_assert_int_eq(row_of(path, 4), 0);
	die_at(path, 5, 8);
	/* Somebody was there between the two, without this file. */
	ck_assert_int_eq(row_of(path, 7), 0);
	die_at(path, 8, 0);
	ck_assert_int_eq(row_of(path, 9), 0);
	scratch_free(dir);
}
END_TEST

START_TEST(without_a_file_nobody_is_to_blame)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/is/no/folder", dir);
	struct blame *b = NULL;
	int64_t row = 77;
	struct err err;

	ck_assert_int_eq(blame_open(path, 2, &b, &row, &err), RC_IO);
	assert_contains(err.text, path);
	ck_assert_ptr_null(b);
	ck_assert_int_eq(row, 77);
	blame_set(b, 5);
	blame_close(b);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_next_process_is_told_and_no_other, 0},
	    {without_a_file_nobody_is_to_blame, 0},
	};

	return RUN_TESTS("blame", tests);
}
