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
	    {every_setting_is_read, (int)ARRAY_LEN(fields)},
	};

	return RUN_TESTS("readme", tests);
}
