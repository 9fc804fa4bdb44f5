/*
 * test_agent.c - the skeleton of every process: its arguments, its data folder.
 */
#include "common/agent/agent.h"
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stand_in.h"
#include "tests/harness/texts.h"

#include <sys/stat.h>

enum { LIMIT_MS = AWAIT_MS };

static const struct {
	const char *args[3];
	int status;
	const char *out, *err;
} calls[] = {
    {{"--help"}, 0, "culprit-executor - stands in for one", NULL},
    {{"--help"}, 0, "--prometheus-url", NULL},
    {{"--version"}, 0, "culprit-executor " CULPRIT_VERSION "\n", NULL},
    {{"--check"}, 0, "configuration is good", NULL},
    {{"--check", "--prometheus-ca-file", "/d"}, 1, NULL, "no file /d"},
    {{"--once"}, 2, NULL, "has no --once"},
    {{"--alive"}, 2, NULL, "none is named"},
    {{"--alive", "--alive-file", "/d"}, 1, NULL, "no sign of life in /d"},
    {{"--what"}, 2, NULL, "\"--what\" is not an option here; see --help"},
    {{"--deadline", "3"}, 2, NULL, "\"--deadline\" is not an option"},
    {{"word"}, 2, NULL, "\"word\" is not an option"},
    {{"--capacity", "0"}, 2, NULL, "capacity must be"},
    {{"--log-level", "loud"}, 2, NULL, "log-level must be debug"},
    {{"--back", "bad://x"}, AGENT_EXIT_REFUSED, NULL, "bad://x"},
};

START_TEST(a_process_answers_its_arguments)
{
	char *dir = scratch_new();
	const char *args[4] = {
	    calls[_i].args[0], calls[_i].args[1], calls[_i].args[2], NULL};
	struct proc *p;
	auto_str out = NULL;
	auto_str err = NULL;

	p = stand_in_start(dir, args);
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), calls[_i].status);
	out = proc_out(p);
	err = proc_err(p);
	if (calls[_i].out != NULL)
		assert_contains(out, calls[_i].out);
	else
		ck_assert_str_eq(out, "");
	if (calls[_i].err != NULL)
		assert_contains(err, calls[_i].err);
	else
		ck_assert_str_eq(err, "");
	proc_free(p);
	scratch_free(dir);
}
END_TEST

START_TEST(the_data_folder_is_made_and_is_private)
{
	char *dir = scratch_new();
	auto_str deep = xasprintf("%s/a/b", dir);
	struct stat st;
	struct proc *p;

	if (_i == 1) {
		auto_str a = xasprintf("%s/a", dir);

		ck_assert_int_eq(mkdir(a, 0755), 0);
		ck_assert_int_eq(mkdir(deep, 0777), 0);
		ck_assert_int_eq(chmod(deep, 0777), 0);
	}
	p = stand_in_start(dir, (const char *const[]){"--data-dir", deep,
				    "--back", "bad://x", NULL});
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), AGENT_EXIT_REFUSED);
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	proc_free(p);
	scratch_free(dir);
}
END_TEST

START_TEST(a_data_folder_that_cannot_be_is_named)
{
	char *dir = scratch_new();
	auto_str file = xasprintf("%s/file%s", dir, _i == 0 ? "" : "/below");
	auto_str said = NULL;
	struct proc *p;

	if (_i == 0)
		file_write(file, "");
	else {
		auto_str above = xasprintf("%s/file", dir);

		file_write(above, "");
	}
	p = stand_in_start(
	    dir, (const char *const[]){"--data-dir", file, NULL});
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 1);
	said = proc_err(p);
	assert_contains(said, file);
	proc_free(p);
	scratch_free(dir);
}
END_TEST

static int
run_all(void)
{
	const struct test_entry tests[] = {
	    {a_process_answers_its_arguments, ARRAY_LEN(calls)},
	    {the_data_folder_is_made_and_is_private, 2},
	    {a_data_folder_that_cannot_be_is_named, 2},
	};

	return RUN_TESTS("agent", tests);
}

int
main(int argc, char **argv)
{
	return stand_in_main(argc, argv, run_all);
}
