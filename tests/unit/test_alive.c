/* test_alive.c - the sign of life on disk: what counts as one. */
#include "common/agent/alive.h"
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

static const struct {
	const char *text; /* NULL: what alive_tell writes; "": no file */
	enum rc rc;
	const char *says;
} signs[] = {
    {NULL, RC_OK, NULL},
    {"", RC_IO, "no sign of life"},
    {"00000000000000000000\n", RC_TIMEOUT, "s old"},
    {"99999999999999999999\n", RC_INVALID, "another program's file"},
    {"12\n", RC_INVALID, "another program's file"},
};

START_TEST(only_a_fresh_sign_of_life_is_one)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/alive", dir);
	struct err err = {0};

	if (signs[_i].text == NULL)
		ck_assert_int_eq(alive_tell(path, &err), RC_OK);
	else if (signs[_i].text[0] != '\0')
		file_write(path, signs[_i].text);
	ck_assert_int_eq(alive_ask(path, &err), signs[_i].rc);
	if (signs[_i].says != NULL)
		assert_contains(err.text, signs[_i].says);
	scratch_free(dir);
}
END_TEST

START_TEST(where_it_cannot_be_written_is_said)
{
	struct err err = {0};

	ck_assert_int_eq(alive_tell("/proc/none/alive", &err), RC_IO);
	assert_contains(err.text, "/proc/none/alive");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {only_a_fresh_sign_of_life_is_one, (int)ARRAY_LEN(signs)},
	    {where_it_cannot_be_written_is_said, 0},
	};

	return RUN_TESTS("alive", tests);
}
