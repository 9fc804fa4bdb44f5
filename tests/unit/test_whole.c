/*
 * test_whole.c - whole numbers and evidence's names as they are written, and
 * no other way; buffers that know of what others did not hold.
 */
#include "common/base/buf.h"
#include "common/report/evidence_id.h"
#include "common/base/num.h"
#include "tests/harness/texts.h"

#include <stdint.h>

static const struct {
	const char *text;
	uint64_t most;
	bool good;
	uint64_t value;
} numbers[] = {
    {"0", 0, true, 0},
    {"1", 0, false, 0},
    {"7", 9, true, 7},
    {"9", 8, false, 0},
    {"200", 200, true, 200},
    {"201", 200, false, 0},
    {"199", 200, true, 199},
    {"1000", 200, false, 0},
    {"9223372036854775807", INT64_MAX, true, INT64_MAX},
    {"9223372036854775808", INT64_MAX, false, 0},
    {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
    {"18446744073709551616", UINT64_MAX, false, 0},
    {"18446744073709551620", UINT64_MAX, false, 0},
    {"99999999999999999999", UINT64_MAX, false, 0},
    {"", 9, false, 0},
    {"00", 9, false, 0},
    {"07", 9, false, 0},
    {"-1", 9, false, 0},
    {"+1", 9, false, 0},
    {" 1", 9, false, 0},
    {"1 ", 9, false, 0},
    {"1x", 99, false, 0},
    {"1.0", 99, false, 0},
    {"/", 99, false, 0},
    {":", 99, false, 0},
};

START_TEST(a_whole_number_is_digits_and_nothing_else)
{
	uint64_t n = 77;

	ck_assert_msg(num_parse_whole(span_of(numbers[_i].text),
			  numbers[_i].most, &n) == numbers[_i].good,
	    "\"%s\"", numbers[_i].text);
	ck_assert_uint_eq(n, numbers[_i].good ? numbers[_i].value : 77);
}
END_TEST

START_TEST(a_number_ends_where_its_text_does)
{
	uint64_t n = 0;

	ck_assert(num_parse_whole(span_make("123", 2), 99, &n));
	ck_assert_uint_eq(n, 12);
}
END_TEST

static const struct {
	const char *text;
	int64_t number; /* 0: it is none */
} ids[] = {
    {"E1", 1},
    {"E9", 9},
    {"E10", 10},
    {"E9223372036854775807", INT64_MAX},
    {"E9223372036854775808", 0},
    {"E0", 0},
    {"E01", 0},
    {"E", 0},
    {"", 0},
    {"e1", 0},
    {"1", 0},
    {"E1junk", 0},
    {"E 1", 0},
    {"E-1", 0},
    {"EE1", 0},
};

START_TEST(evidence_has_one_name)
{
	char text[EVIDENCE_ID_TEXT];
	int64_t n = 0;

	ck_assert_msg(evidence_id_parse(span_of(ids[_i].text), &n) ==
			  (ids[_i].number != 0),
	    "\"%s\"", ids[_i].text);
	ck_assert_int_eq(n, ids[_i].number);
	if (n != 0)
		ck_assert_str_eq(evidence_id_print(n, text), ids[_i].text);
}
END_TEST

START_TEST(what_is_made_of_a_buffer_that_was_full_is_not_whole)
{
	auto_buf small = {.max = 4}, large = {.max = 100}, other = {.max = 100};

	buf_adds(&small, "1234");
	buf_add_buf(&large, &small);
	ck_assert(!large.full);
	ck_assert_str_eq(buf_str(&large), "1234");
	buf_mark(&other, &small);
	ck_assert(!other.full);
	buf_adds(&small, "5");
	buf_add_buf(&large, &small);
	ck_assert(large.full);
	buf_mark(&other, &small);
	ck_assert(other.full);
	/* And stays so, whatever comes. */
	buf_reset(&small);
	buf_mark(&other, &small);
	ck_assert(other.full);
}
END_TEST

START_TEST(a_buffer_that_is_cut_takes_more_again)
{
	auto_buf b = {.max = 4};

	buf_adds(&b, "123");
	buf_adds(&b, "45");
	ck_assert(b.full);
	buf_cut(&b, 2);
	ck_assert(!b.full);
	ck_assert_str_eq(buf_str(&b), "12");
	buf_adds(&b, "34");
	ck_assert_str_eq(buf_str(&b), "1234");
	ck_assert(!b.full);
	buf_done(&b);
	buf_cut(&b, 0);
	ck_assert_str_eq(buf_str(&b), "");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_whole_number_is_digits_and_nothing_else, ARRAY_LEN(numbers)},
	    {a_number_ends_where_its_text_does, 0},
	    {evidence_has_one_name, ARRAY_LEN(ids)},
	    {what_is_made_of_a_buffer_that_was_full_is_not_whole, 0},
	    {a_buffer_that_is_cut_takes_more_again, 0},
	};

	return RUN_TESTS("whole", tests);
}
