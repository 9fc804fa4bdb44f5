/* test_readme.c - the README's table of settings is the one there is, and each
 * of them does something. */
#include "common/agent/conf.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <string.h>

/* Every word of help that begins with CULPRIT_ stands in the README, in a
 * row of the table. */
START_TEST(the_readme_lists_every_setting)
{
	auto_str path = xasprintf("%s/README.md", getenv("CULPRIT_SOURCE"));
	auto_str readme = file_read(path);
	char *help = NULL;
	const char *at;
	size_t n;
	FILE *f = open_memstream(&help, &n);
	int settings = 0;

	conf_help(f, CONF_ALL);
	fclose(f);
	for (at = help; (at = strstr(at, "CULPRIT_")) != NULL; settings++) {
		size_t len =
		    strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		auto_str row = xasprintf("| `%.*s` |", (int)len, at);

		assert_contains(readme, row);
		at += len;
	}
	ck_assert_int_gt(settings, 10);
	free(help);
}
END_TEST

static void
assert_range_told(void *readme, const struct conf_about *a)
{
	auto_str row = xasprintf("\n| `%s` |", a->variable);
	auto_str range = xasprintf(
	    "(%lld to %lld)", (long long)a->min, (long long)a->max);
	auto_str line = NULL;
	const char *at = strstr(readme, row);

	ck_assert_msg(at != NULL, "%s has no row", a->variable);
	line = xstrndup(at + 1, strcspn(at + 1, "\n"));
	if (a->is_number)
		assert_contains(line, range);
}

START_TEST(the_readme_tells_the_range_of_every_number)
{
	auto_str path = xasprintf("%s/README.md", getenv("CULPRIT_SOURCE"));
	auto_str readme = file_read(path);

	conf_describe(CONF_ALL, assert_range_told, readme);
}
END_TEST

/* What the README shows of a file, `$ cat NAME`, works with a program. */
static const struct {
	const char *file, *command, *says;
} examples[] = {
    {"culprit.conf", "culprit-executor --version --config", ""},
    {"/etc/culprit.conf", "culprit-supervisor --version --config", ""},
    {"plans.json",
	"echo '{\"input\": \"why?\"}' | culprit-planner --once --planner "
	"script --planner-script",
	"say it"},
};

START_TEST(the_files_that_the_readme_shows_are_taken)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/README.md", getenv("CULPRIT_SOURCE"));
	auto_str readme = file_read(path);
	auto_str head = xasprintf("\n$ cat %s", examples[_i].file);
	const char *at = strstr(readme, head), *end;
	auto_str text = NULL;
	auto_str file = xasprintf("%s/file", dir);
	auto_str command = xasprintf("PATH=$CULPRIT_BIN:$PATH; %s %s",
	    examples[_i].command, file);
	auto_str out = NULL;
	auto_str err = NULL;
	int status;

	ck_assert_msg(at != NULL, "the README shows no %s", examples[_i].file);
	at = strchr(at + 1, '\n') + 1;
	for (end = at; *end != '$' && strncmp(end, "```", 3) != 0;)
		end = strchr(end, '\n') + 1;
	text = xstrndup(at, (size_t)(end - at));
	file_write(file, text);
	status = proc_run(
	    &(struct proc_spec){.argv = (const char *const[]){"/bin/sh", "-c",
				    command, NULL},
		.dir = dir,
		.name = "example"},
	    AWAIT_MS, &out, &err);
	ck_assert_msg(status == 0, "%s: %s", command, err);
	assert_contains(out, examples[_i].says);
	scratch_free(dir);
}
END_TEST

static const char *const fields[] = {
#define OPT(field, flag, type, def, min, max, who, help) #field,
#include "common/agent/conf_options.def"
#undef OPT
};

START_TEST(every_setting_is_read)
{
	auto_str command = xasprintf(
	    "cd \"$CULPRIT_SOURCE\" && grep -rqE --include='*.c' "
	    "'(->|\\.)%s\\>' common supervisor planner executor gateway",
	    fields[_i]);

	ck_assert_msg(system(command) == 0, "nothing reads %s", fields[_i]);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_readme_lists_every_setting, 0},
	    {the_readme_tells_the_range_of_every_number, 0},
	    {the_files_that_the_readme_shows_are_taken,
		(int)ARRAY_LEN(examples)},
	    {every_setting_is_read, (int)ARRAY_LEN(fields)},
	};

	return RUN_TESTS("readme", tests);
}
