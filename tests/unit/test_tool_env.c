/*
 * test_tool_env.c - sources: opened once for all tools that answer from them,
 * asked by --check, closed at the end.
 */
#include "executor/tools/toolset.h"
#include "tests/harness/texts.h"

struct counted {
	int opened, closed;
	bool refuses, silent;
};

static struct counted mine;

static enum rc
mine_open(const struct tool_env *env, void **ret, struct err *err)
{
	ck_assert_str_eq(env->conf->dependencies, "here");
	if (mine.refuses)
		return err_set(err, RC_INVALID, "dependencies: not there");
	mine.opened++;
	*ret = &mine;
	return RC_OK;
}

static enum rc
mine_check(void *opened, struct err *err)
{
	ck_assert_ptr_eq(opened, &mine);
	return mine.silent ? err_set(err, RC_IO, "does not answer") : RC_OK;
}

static void
mine_close(void *opened)
{
	ck_assert_ptr_eq(opened, &mine);
	mine.closed++;
}

static const struct source source_mine = {
    .open = mine_open, .check = mine_check, .close = mine_close};

static const struct conf conf = {.dependencies = "here"};

START_TEST(a_source_is_opened_once_and_closed_once)
{
	struct tool_env env;
	struct err err;

	tool_env_init(&env, &conf, NULL);
	ck_assert_ptr_null(tool_env_source(&env, &source_mine));
	ck_assert(tool_env_open(&env, &source_mine, &err) == RC_OK);
	ck_assert(tool_env_open(&env, &source_mine, &err) == RC_OK);
	ck_assert(tool_env_open(&env, NULL, &err) == RC_OK);
	ck_assert_ptr_eq(tool_env_source(&env, &source_mine), &mine);
	ck_assert_ptr_null(tool_env_source(&env, NULL));
	ck_assert_int_eq(mine.opened, 1);
	tool_env_done(&env);
	ck_assert_int_eq(mine.closed, 1);
}
END_TEST

START_TEST(a_source_that_cannot_be_opened_is_not_closed)
{
	struct tool_env env;
	struct err err;

	mine.refuses = true;
	tool_env_init(&env, &conf, NULL);
	ck_assert(tool_env_open(&env, &source_mine, &err) == RC_INVALID);
	ck_assert_str_eq(err.text, "dependencies: not there");
	ck_assert_ptr_null(tool_env_source(&env, &source_mine));
	tool_env_done(&env);
	ck_assert_int_eq(mine.closed, 0);
}
END_TEST

START_TEST(a_check_asks_the_sources_that_are_open)
{
	struct tool_env env;
	struct err err;

	mine.silent = true;
	tool_env_init(&env, &conf, NULL);
	ck_assert(tool_env_check(&env, &err) == RC_OK);
	ck_assert(tool_env_open(&env, &source_mine, &err) == RC_OK);
	ck_assert(tool_env_check(&env, &err) == RC_IO);
	ck_assert_str_eq(err.text, "does not answer");
	mine.silent = false;
	ck_assert(tool_env_check(&env, &err) == RC_OK);
	tool_env_done(&env);
}
END_TEST

START_TEST(only_what_enabled_tools_answer_from_is_opened)
{
	/* No URL: a Prometheus could not be opened. */
	AUTO(toolset) without = NULL;
	AUTO(toolset) with = NULL;
	struct tool_env env;
	struct err err;

	tool_env_init(&env, &conf, NULL);
	ck_assert(toolset_new("echo", NULL, &without, &err) == RC_OK);
	ck_assert(toolset_open(without, &env, &err) == RC_OK);
	ck_assert(toolset_new("echo, find_causes", NULL, &with, &err) == RC_OK);
	ck_assert(toolset_open(with, &env, &err) == RC_INVALID);
	assert_contains(err.text, "prometheus-url: ");
	tool_env_done(&env);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_source_is_opened_once_and_closed_once, 0},
	    {a_source_that_cannot_be_opened_is_not_closed, 0},
	    {a_check_asks_the_sources_that_are_open, 0},
	    {only_what_enabled_tools_answer_from_is_opened, 0},
	};

	return RUN_TESTS("tool_env", tests);
}
