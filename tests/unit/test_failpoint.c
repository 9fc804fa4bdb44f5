/*
 * test_failpoint.c - failpoints do what they are told, once; the list and
 * the sources agree; a build without them has nothing of them.
 */
#include "common/base/failpoint.h"
#include "common/base/buf.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {
#define FP(name, who, fails, moment) #name,
#include "common/base/failpoints.def"
#undef FP
};

static const char *const programs[] = {"culprit", "culprit-supervisor",
    "culprit-gateway", "culprit-planner", "culprit-executor"};

/* ---- the list and the sources ---- */

static struct buf sources;

static int
source_add(const char *path, const struct stat *st UNUSED, int type,
    struct FTW *at UNUSED)
{
	size_t n = strlen(path);

	if (type == FTW_F && n > 2 && strcmp(path + n - 2, ".c") == 0) {
		auto_str text = file_read(path);

		buf_adds(&sources, text);
	}
	return 0;
}

static int
times(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

START_TEST(every_name_is_in_the_sources_once)
{
	static const char *const folders[] = {
	    "common", "supervisor", "planner", "executor", "gateway"};
	const char *root = getenv("CULPRIT_SOURCE");

	buf_init(&sources, 64 << 20);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		auto_str path = xasprintf("%s/%s", root, folders[i]);

		ck_assert_int_eq(nftw(path, source_add, 16, FTW_PHYS), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_str plain = xasprintf("FAILPOINT(%s)", names[i]);
		auto_str rc = xasprintf("FAILPOINT_RC(%s,", names[i]);
		int n = times(buf_str(&sources), plain) +
			times(buf_str(&sources), rc);

		ck_assert_msg(
		    n == 1, "%s is in the sources %d times", names[i], n);
	}
	ck_assert_uint_ge(ARRAY_LEN(names), 60);
	buf_done(&sources);
}
END_TEST

#ifdef CULPRIT_FAILPOINTS

static const struct {
	const char *list, *want;
} wrong[] = {
    {"turn_comitted:kill", "the nearest is turn_committed"},
    {"turn_committed", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:die", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:kill=5", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:hang=", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:hang=0", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:kill@0", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:kill@x", "must be NAME:ACTION[@N[+]]"},
    {"tick:kill,turn_committed:kill@", "must be NAME:ACTION[@N[+]]"},
    {"turn_committed:error", "turn_committed is no moment that can fail"},
};

START_TEST(a_wrong_list_is_refused_and_says_what_is_right)
{
	struct err err = {0};

	ck_assert_int_eq(failpoint_set(wrong[_i].list, NULL, &err), RC_INVALID);
	assert_contains(err.text, wrong[_i].want);
}
END_TEST

START_TEST(a_program_with_a_wrong_list_does_not_start)
{
	auto_str path = program(programs[_i]);
	char *dir = scratch_new();
	auto_str data = xasprintf("--data-dir=%s/d", dir);
	const char *const argv[] = {
	    path, _i == 0 ? "up" : data, _i == 0 ? data : NULL, NULL};
	static const char *const env[] = {
	    "CULPRIT_FAILPOINT=nonsense:kill", NULL};
	auto_str said = NULL;
	int status = proc_run(
	    &(struct proc_spec){
		.argv = argv, .env = env, .dir = dir, .name = "p"},
	    20000, NULL, &said);

	ck_assert_int_ne(status, 0);
	ck_assert_int_lt(status, 128);
	assert_contains(said, "CULPRIT_FAILPOINT: there is no");
	scratch_free(dir);
}
END_TEST

/* In a child: comes by n times; its exit status is how many of them failed,
 * or 128 and the signal it ended by. */
static int
come_by(const char *list, const char *dir, int n)
{
	pid_t pid = fork();
	int how = 0, failed = 0;
	struct err err;

	if (pid == 0) {
		/* Check's would end the test as well. */
		signal(SIGTERM, SIG_DFL);
		if (failpoint_set(list, dir, &err) != RC_OK)
			_exit(99);
		for (int i = 0; i < n; i++) {
			FAILPOINT(tick);
			failed += FAILPOINT_RC(commit_fails, &err) != RC_OK;
		}
		_exit(failed);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &how, 0), pid);
	return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

static const struct {
	const char *label, *list;
	int n, first, again;
} runs[] = {
    {"nothing is asked for", "", 5, 0, 0},
    {"another moment", "begun:kill", 5, 0, 0},
    {"it dies the first time", "tick:kill", 1, 128 + SIGKILL, 0},
    {"it dies the third time", "tick:kill@3", 3, 128 + SIGKILL, 0},
    {"it does not come by often enough", "tick:kill@3", 2, 0, 0},
    {"it dies whenever it starts", "tick:kill@1+", 1, 128 + SIGKILL,
	128 + SIGKILL},
    {"it exits", "tick:exit", 2, 1, 0},
    {"it asks itself to end", "tick:term@2", 2, 128 + SIGTERM, 0},
    {"it fails once", "commit_fails:error@2", 5, 1, 0},
    {"it fails from then on", "commit_fails:error@2+", 5, 4, 4},
    {"it waits a little", "tick:hang=20@1+", 3, 0, 0},
    {"several", "commit_fails:error,tick:kill@3", 4, 128 + SIGKILL, 0},
};

START_TEST(it_happens_when_it_was_told_to_and_once)
{
	char *dir = scratch_new();

	ck_assert_msg(
	    come_by(runs[_i].list, dir, runs[_i].n) == runs[_i].first &&
		come_by(runs[_i].list, dir, runs[_i].n) == runs[_i].again,
	    "%s", runs[_i].label);
	scratch_free(dir);
}
END_TEST

static bool
is_stopped_for_good(void *pid)
{
	auto_str path = xasprintf("/proc/%d/stat", *(pid_t *)pid);
	auto_str stat = file_read(path);
	const char *state = strrchr(stat, ')');

	return state != NULL && strncmp(state, ") S", 3) == 0;
}

START_TEST(it_hangs_for_good)
{
	struct err err;
	pid_t pid = fork();

	if (pid == 0) {
		if (failpoint_set("tick:hang", NULL, &err) == RC_OK)
			FAILPOINT(tick);
		_exit(0);
	}
	ck_assert(await(is_stopped_for_good, &pid, AWAIT_MS));
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* What the macros are in a build without: the header, read once more. */
#undef COMMON_BASE_FAILPOINT_H
#undef CULPRIT_FAILPOINTS
#undef FAILPOINT
#undef FAILPOINT_RC
#define failpoint_open failpoint_open_without
#include "common/base/failpoint.h"
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

START_TEST(a_build_without_them_has_nothing)
{
	struct err err;

	ck_assert_str_eq(TEXT_OF(FAILPOINT(tick)), "((void)0)");
	ck_assert_str_eq(
	    TEXT_OF(FAILPOINT_RC(commit_fails, &err)), "((void)(&err), RC_OK)");
	ck_assert_int_eq(failpoint_open_without("/nowhere", &err), RC_OK);
}
END_TEST

#define OTHERS                                                                 \
	{a_wrong_list_is_refused_and_says_what_is_right,                       \
	    (int)ARRAY_LEN(wrong)},                                            \
	    {a_program_with_a_wrong_list_does_not_start,                       \
		(int)ARRAY_LEN(programs)},                                     \
	    {it_happens_when_it_was_told_to_and_once, (int)ARRAY_LEN(runs)},   \
	    {it_hangs_for_good, 0},                                            \
	{                                                                      \
		a_build_without_them_has_nothing, 0                            \
	}

#else

START_TEST(the_programs_know_no_name)
{
	auto_str path = program(programs[_i]);
	auto_str copy = NULL;
	FILE *f = fopen(path, "re");
	auto_buf all = {0};
	char part[65536];
	size_t n;

	ck_assert_ptr_nonnull(f);
	buf_init(&all, 256 << 20);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&all, part, n);
	fclose(f);
	ck_assert_ptr_null(memmem(all.data, all.len, "FAILPOINT", 9));
	/* The longer names: a short one may be a word of something else. */
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_msg(
		    strlen(names[i]) < 14 || memmem(all.data, all.len, names[i],
						 strlen(names[i])) == NULL,
		    "%s has %s", programs[_i], names[i]);
}
END_TEST

#define OTHERS                                                                 \
	{                                                                      \
		the_programs_know_no_name, (int)ARRAY_LEN(programs)            \
	}

#endif

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_name_is_in_the_sources_once, 0},
	    OTHERS,
	};

	return RUN_TESTS("failpoint", tests);
}
