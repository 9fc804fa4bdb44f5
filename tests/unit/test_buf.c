/* test_buf.c - what a growing buffer keeps when it is made to fit. */
#include "common/buf.h"
#include "tests/harness/texts.h"

#include <string.h>

START_TEST(a_buffer_that_fits_keeps_its_bytes_and_grows_again)
{
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	buf_fit(&b);
	ck_assert_str_eq(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "0123456789");
	buf_consume(&b, 9995);
	buf_fit(&b);
	ck_assert_uint_eq(b.cap, 6);
	ck_assert_str_eq(buf_str(&b), "56789");
	buf_adds(&b, "abc");
	ck_assert_str_eq(buf_str(&b), "56789abc");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_buffer_that_fits_keeps_its_bytes_and_grows_again, 0},
	};

	return RUN_TESTS("buf", tests);
}
