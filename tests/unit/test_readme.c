/* test_readme.c - the README's table of settings is the one there is. */
#include "common/conf.h"
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

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_readme_lists_every_setting, 0},
	};

	return RUN_TESTS("readme", tests);
}
