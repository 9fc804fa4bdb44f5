/* test_documents.c - culprit docs: what a person sees of the index. */
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <sys/stat.h>

static const struct {
	const char *args[4];
	int status;
	const char *says;
} cases[] = {
    {{"list"}, 0,
	"disk.md                              folder      2 passages  Disk\n"},
    {{"list"}, 0,
	"bad.md                               folder   left out: it is "
	"empty\n"},
    {{"list"}, 0, "dns.zh.md                            starter "},
    {{"show", "disk.md"}, 0,
	"disk.md#1, lines 1 to 3: Disk\n\n# Disk\n\nIt is full.\n\ndisk.md#2, "
	"lines 5 to 7: Disk > Mend\n"},
    {{"show", "none.md"}, 1, ""},
    {{"search", "the", "disk is full"}, 0, "disk.md#1, lines 1 to 3, score "},
    {{"search", "parental leave policy"}, 1, "No passage fits, of "},
    {{"search"}, 2, ""},
    {{"frobnicate"}, 2, ""},
    {{"show"}, 2, ""},
};

START_TEST(a_person_looks_into_the_documents)
{
	char *root = scratch_new();
	auto_str dir = xasprintf("%s/docs", root);
	auto_str disk = xasprintf("%s/disk.md", dir);
	auto_str bad = xasprintf("%s/bad.md", dir);
	auto_str culprit = program("culprit");
	auto_str docs = xasprintf("--docs-dir=%s", dir);
	auto_str data = xasprintf("--data-dir=%s", root);
	const char *argv[10] = {culprit, "docs", docs, data};
	struct proc_spec spec = {.argv = argv, .dir = root, .name = "docs"};
	char *out = NULL, *err = NULL;
	int i, times;

	mkdir(dir, 0700);
	file_write(disk, "# Disk\n\nIt is full.\n\n## Mend\n\nEmpty it.\n");
	file_write(bad, "");
	for (i = 0; i < 4; i++)
		argv[4 + i] = cases[_i].args[i];
	/* The first makes the index, the second finds it. */
	for (times = 0; times < 2; times++) {
		ck_assert_int_eq(
		    proc_run(&spec, AWAIT_MS, &out, &err), cases[_i].status);
		assert_contains(out, cases[_i].says);
		if (cases[_i].status == 2)
			assert_contains(err, "culprit docs search TEXT");
		free(out);
		free(err);
	}
	scratch_free(root);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_person_looks_into_the_documents, ARRAY_LEN(cases)},
	};

	return RUN_TESTS("documents", tests);
}
