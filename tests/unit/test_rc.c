/*
 * test_rc.c - the texts of failures can always be sent: they are UTF-8,
 * whatever they were made from and wherever they were cut.
 */
#include "common/base/rc.h"
#include "common/base/utf8.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

static const struct {
	const char *label, *from, *kept;
} texts[] = {
    {"plain", "plain", "plain"},
    {"whole characters", "aé€\xf0\x9f\x98\x80z", "aé€\xf0\x9f\x98\x80z"},
    {"cut at the end", "a\xe2\x82", "a"},
    {"cut in the middle", "\"a\xe2\x82\" no", "\"a\" no"},
    {"cut, another follows", "a\xe2\x82é", "aé"},
    {"cut twice", "\xf0\x9f\x98\xf0\x9fz", "z"},
    {"no beginning", "\x82\x82z", "z"},
    {"Latin 1", "caf\xe9 noir", "caf noir"},
    {"overlong", "\xc0\x80\xe0\x80\x80.", "."},
    {"nothing of it", "\xff\xfe", ""},
};

START_TEST(text_keeps_whole_characters_only)
{
	struct err err;

	ck_assert_int_eq(
	    err_set(&err, RC_INVALID, "%s", texts[_i].from), RC_INVALID);
	ck_assert_msg(strcmp(err.text, texts[_i].kept) == 0, "%s: \"%s\"",
	    texts[_i].label, err.text);
}
END_TEST

START_TEST(text_cut_by_a_precision_can_be_sent)
{
	struct err err;

	err_set(&err, RC_INVALID, "\"%.4s\" is unknown", "日本語");
	ck_assert_str_eq(err.text, "\"日\" is unknown");
	err_prefix(&err, RC_INVALID, "%.4s", "aüü");
	ck_assert_str_eq(err.text, "aü: \"日\" is unknown");
}
END_TEST

/* The room ends at every place of a character once. */
START_TEST(text_that_is_too_long_ends_with_a_whole_character)
{
	char from[2 * sizeof(((struct err *)NULL)->text)];
	struct err err;
	size_t i, n = (size_t)_i;

	memset(from, 'x', n);
	for (i = 0; i + n + 4 < sizeof(from); i += 3)
		memcpy(from + n + i, "€", 4);
	err_set(&err, RC_TOOBIG, "%s", from);
	ck_assert(utf8_ok(span_of(err.text)));
	ck_assert_uint_ge(strlen(err.text), sizeof(err.text) - 3);
	err_prefix(&err, RC_TOOBIG, "%s", "before");
	ck_assert(utf8_ok(span_of(err.text)));
	ck_assert_uint_ge(strlen(err.text), sizeof(err.text) - 3);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {text_keeps_whole_characters_only, ARRAY_LEN(texts)},
	    {text_cut_by_a_precision_can_be_sent, 0},
	    {text_that_is_too_long_ends_with_a_whole_character, 3},
	};

	return RUN_TESTS("rc", tests);
}
