/*
 * test_wire.c - msgpack as it is checked and read: every first byte, lies,
 * depth, readers that stay within their bytes.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/texts.h"

#include <float.h>
#include <msgpack.h>
#include <stdlib.h>

enum { BYTES_MAX = 1 << 20 };

/* For tables, and for expressions. */
#define LIT(text)                                                              \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
#define BYTES(text) ((struct span)LIT(text))

static bool
is_good(struct span s)
{
	struct err err = {0};
	enum rc rc = wire_check(s, &err);

	ck_assert(rc == RC_OK || rc == RC_INVALID);
	ck_assert_msg((rc == RC_OK) == (err.text[0] == '\0'), "%s", err.text);
	return rc == RC_OK;
}

/* ---- every first byte ---- */

/* What follows the first byte so that it is whole; -1: refused whatever
 * follows. Written from the specification, not from the code. */
static int
tail_of(int c)
{
	if (c <= 0x7f || c == 0x80 || c == 0x90 || c == 0xa0 || c >= 0xe0)
		return 0;
	if (c < 0x90)
		return 2 * (c & 15);
	if (c < 0xa0)
		return c & 15;
	if (c < 0xc0)
		return c & 31;
	switch (c) {
	case 0xc0:
	case 0xc2:
	case 0xc3:
		return 0;
	case 0xc4:
	case 0xcc:
	case 0xd0:
	case 0xd9:
		return 1;
	case 0xc5:
	case 0xcd:
	case 0xd1:
	case 0xda:
	case 0xdc:
	case 0xde:
		return 2;
	case 0xc6:
	case 0xca:
	case 0xce:
	case 0xd2:
	case 0xdb:
	case 0xdd:
	case 0xdf:
		return 4;
	case 0xcb:
	case 0xcf:
	case 0xd3:
		return 8;
	}
	return -1;
}

/* A tail of zeros is: no length, the number 0, or, where children follow,
 * so many zeros; a map's keys must be empty strings instead. */
static void
put_tail(struct buf *b, int c, int n)
{
	int i;

	for (i = 0; i < n; i++)
		buf_addc(
		    b, c > 0x80 && c < 0x90 && i % 2 == 0 ? (char)0xa0 : '\0');
}

static void
first_byte(int nth)
{
	int n = tail_of(nth);
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	buf_addc(&b, (char)nth);
	put_tail(&b, nth, n < 0 ? 32 : n);
	ck_assert_msg(is_good(buf_span(&b)) == (n >= 0), "byte %02x", nth);
	if (n < 0)
		return;
	buf_addc(&b, '\0');
	ck_assert_msg(!is_good(buf_span(&b)), "byte %02x: trailing", nth);
}

START_TEST(every_first_byte_is_taken_or_refused_as_specified)
{
	int i;

	for (i = 0; i < 256; i++)
		first_byte(i);
}
END_TEST

static void
first_byte_cut(int nth)
{
	int n = tail_of(nth), cut;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	buf_addc(&b, (char)nth);
	put_tail(&b, nth, n < 0 ? 32 : n);
	for (cut = 0; cut < n; cut++)
		ck_assert_msg(!is_good(span_make(b.data, (size_t)cut + 1)),
		    "byte %02x cut to %d", nth, cut + 1);
	ck_assert(!is_good(span_make(b.data, 0)));
	ck_assert(!is_good((struct span){NULL, 0}));
}

START_TEST(every_first_byte_is_refused_when_cut_short)
{
	int i;

	for (i = 0; i < 256; i++)
		first_byte_cut(i);
}
END_TEST

static const struct {
	const char *label;
	struct span bytes;
	const char *says;
} lies[] = {
    {"array 32 of 4 G", LIT("\xdd\xff\xff\xff\xff"), "count larger"},
    {"map 32 of 4 G", LIT("\xdf\xff\xff\xff\xff"), "count larger"},
    {"map of 2^31 pairs", LIT("\xdf\x80\x00\x00\x00"), "count larger"},
    {"array 16",
	LIT("\xdc\xff\xff"
	    "1"),
	"count larger"},
    {"map 16",
	LIT("\xde\x00\x02\xa1"
	    "a\x01"),
	"count larger"},
    {"short array", LIT("\x93\x01\x02"), "count larger"},
    {"short map",
	LIT("\x82\xa1"
	    "a"),
	"count larger"},
    {"str 8",
	LIT("\xd9\x05"
	    "four"),
	"length larger"},
    {"str 16",
	LIT("\xda\xff\xff"
	    "x"),
	"length larger"},
    {"str 32",
	LIT("\xdb\xff\xff\xff\xff"
	    "x"),
	"length larger"},
    {"bin 8",
	LIT("\xc4\xff"
	    "x"),
	"length larger"},
    {"bin 16",
	LIT("\xc5\xff\xff"
	    "x"),
	"length larger"},
    {"bin 32",
	LIT("\xc6\xff\xff\xff\xff"
	    "x"),
	"length larger"},
    {"short str",
	LIT("\xa5"
	    "four"),
	"length larger"},
    {"a lie inside", LIT("\x91\x91\x91\xdd\xff\xff\xff\xff"), "count"},
    {"key int", LIT("\x81\x01\x02"), "not a string"},
    {"key nil", LIT("\x81\xc0\x02"), "not a string"},
    {"key bin", LIT("\x81\xc4\x01k\x02"), "not a string"},
    {"key map", LIT("\x81\x80\x02"), "not a string"},
    {"second key",
	LIT("\x82\xa1"
	    "a\x01\x01\x01"),
	"not a string"},
    {"inner key",
	LIT("\x81\xa1"
	    "a\x81\xc3\x01"),
	"not a string"},
    {"ext 8", LIT("\xc7\x01\x01x"), "refused type"},
    {"fixext 1", LIT("\xd4\x01x"), "refused type"},
    {"fixext 16",
	LIT("\xd8\x01"
	    "0123456789abcdef"),
	"refused type"},
    {"never used", LIT("\xc1"), "refused type"},
    {"bad UTF-8", LIT("\xa2\xc3("), "UTF-8"},
    {"overlong", LIT("\xa2\xc0\xaf"), "UTF-8"},
    {"surrogate", LIT("\xa3\xed\xa0\x80"), "UTF-8"},
    {"cut character", LIT("\xa1\xe2"), "UTF-8"},
    {"bad UTF-8 key", LIT("\x81\xa1\xff\x01"), "UTF-8"},
    {"trailing nil", LIT("\x01\xc0"), "after the end"},
    {"nothing", LIT(""), "cut short"},
};

static void
lie_is_refused(int nth)
{
	struct err err = {0};

	ck_assert_msg(wire_check(lies[nth].bytes, &err) == RC_INVALID, "%s",
	    lies[nth].label);
	assert_contains(err.text, lies[nth].says);
	assert_contains(err.text, "at byte ");
}

START_TEST(lies_are_refused_and_named)
{
	int i;

	for (i = 0; i < (int)ARRAY_LEN(lies); i++)
		lie_is_refused(i);
}
END_TEST

/* ---- depth ---- */

static void
nest(struct buf *b, bool maps, int depth)
{
	int i;

	for (i = 0; i < depth; i++)
		buf_adds(b, maps ? "\x81\xa1k" : "\x91");
	wire_put_nil(b);
}

START_TEST(nesting_is_bounded)
{
	auto_buf deep, deeper;

	buf_init(&deep, BYTES_MAX);
	buf_init(&deeper, BYTES_MAX);
	nest(&deep, _i == 1, WIRE_DEPTH_MAX);
	nest(&deeper, _i == 1, WIRE_DEPTH_MAX + 1);
	ck_assert(is_good(buf_span(&deep)));
	ck_assert_uint_eq(wire_depth(buf_span(&deep)), WIRE_DEPTH_MAX);
	ck_assert(!is_good(buf_span(&deeper)));
	buf_reset(&deeper);
	nest(&deeper, _i == 1, 200000);
	ck_assert(!is_good(buf_span(&deeper)));
}
END_TEST

START_TEST(what_passed_the_check_can_be_printed_at_any_depth)
{
	auto_buf deep, text;
	AUTO(tree) tree = NULL;

	buf_init(&deep, BYTES_MAX);
	buf_init(&text, BYTES_MAX);
	nest(&deep, false, WIRE_DEPTH_MAX - 1);
	deep.len--;
	wire_put_array(&deep, 1);
	wire_put_array(&deep, 0);
	ck_assert(is_good(buf_span(&deep)));
	wire_to_json(&text, buf_span(&deep));
	ck_assert_uint_eq(text.len, 2 * (WIRE_DEPTH_MAX + 1));
	tree = wire_to_tree(buf_span(&deep));
	ck_assert(cJSON_IsArray(tree));
}
END_TEST

/* ---- reading ---- */

static const struct {
	struct span bytes;
	bool is_int, is_u64;
	int64_t i;
	uint64_t u;
} numbers[] = {
    {LIT("\x00"), true, true, 0, 0},
    {LIT("\x7f"), true, true, 127, 127},
    {LIT("\xff"), true, false, -1, 0},
    {LIT("\xe0"), true, false, -32, 0},
    {LIT("\xcc\xff"), true, true, 255, 255},
    {LIT("\xcd\xff\xff"), true, true, 65535, 65535},
    {LIT("\xce\xff\xff\xff\xff"), true, true, 4294967295, 4294967295},
    {LIT("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), true, true, INT64_MAX,
	INT64_MAX},
    {LIT("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), false, true, 0,
	UINT64_C(1) << 63},
    {LIT("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), false, true, 0, UINT64_MAX},
    {LIT("\xd0\x80"), true, false, -128, 0},
    {LIT("\xd0\x7f"), true, true, 127, 127},
    {LIT("\xd1\x80\x00"), true, false, -32768, 0},
    {LIT("\xd2\x80\x00\x00\x00"), true, false, INT32_MIN, 0},
    {LIT("\xd2\x00\x00\x00\x05"), true, true, 5, 5},
    {LIT("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), true, false, INT64_MIN, 0},
    {LIT("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"), true, false, -1, 0},
    {LIT("\xa1"
	 "1"),
	false, false, 0, 0},
    {LIT("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"), false, false, 0, 0},
    {LIT("\xc3"), false, false, 0, 0},
    {LIT("\xc0"), false, false, 0, 0},
};

static void
integer_reads(int nth)
{
	struct wire_r i = wire_reader(numbers[nth].bytes);
	struct wire_r u = i, d = i;
	struct err err = {0};

	ck_assert_int_eq(wire_int(&i), numbers[nth].i);
	ck_assert_int_eq(wire_end(&i, &err) == RC_OK, numbers[nth].is_int);
	ck_assert_uint_eq(wire_u64(&u), numbers[nth].u);
	ck_assert_int_eq(wire_end(&u, &err) == RC_OK, numbers[nth].is_u64);
	if (numbers[nth].is_int)
		ck_assert_double_eq(wire_double(&d), (double)numbers[nth].i);
	else if (numbers[nth].is_u64)
		ck_assert_double_eq(wire_double(&d), (double)numbers[nth].u);
}

START_TEST(integers_are_read_over_their_whole_range)
{
	int i;

	for (i = 0; i < (int)ARRAY_LEN(numbers); i++)
		integer_reads(i);
}
END_TEST

START_TEST(doubles_of_both_widths_are_read)
{
	struct wire_r f = wire_reader(BYTES("\xca\x3f\xc0\x00\x00"));
	struct wire_r d =
	    wire_reader(BYTES("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00"));

	ck_assert_double_eq(wire_double(&f), 1.5);
	ck_assert_double_eq(wire_double(&d), -1.5);
	ck_assert(!f.bad && !d.bad);
}
END_TEST

enum { READERS = 8 };

/* Reads the next value as type; 0, empty or false is what a failure gives. */
static bool
read_is_empty(struct wire_r *r, int reader)
{
	switch (reader) {
	case 0:
		return wire_map(r) == 0;
	case 1:
		return wire_array(r) == 0;
	case 2:
		return wire_str(r).n == 0;
	case 3:
		return wire_bin(r).n == 0;
	case 4:
		return wire_int(r) == 0;
	case 5:
		return wire_u64(r) == 0;
	case 6:
		return wire_double(r) == 0;
	case 7:
		return !wire_bool(r);
	}
	return false;
}

static const struct {
	struct span bytes;
	enum wire_type type;
	unsigned readers; /* a bit for each that takes it */
} typed[] = {
    {LIT("\xc0"), WIRE_NIL, 0},
    {LIT("\xc3"), WIRE_BOOL, 1U << 7},
    {LIT("\x05"), WIRE_INT, 1U << 4 | 1U << 5 | 1U << 6},
    {LIT("\xca\x3f\xc0\x00\x00"), WIRE_DOUBLE, 1U << 6},
    {LIT("\xa1x"), WIRE_STR, 1U << 2 | 1U << 3},
    {LIT("\xc4\x01x"), WIRE_BIN, 1U << 3},
    {LIT("\x91\x01"), WIRE_ARRAY, 1U << 1},
    {LIT("\x81\xa1k\x01"), WIRE_MAP, 1U << 0},
    {LIT(""), WIRE_NONE, 0},
    {LIT("\xc1"), WIRE_NONE, 0},
    {LIT("\xd4\x01x"), WIRE_NONE, 0},
};

START_TEST(a_reader_takes_its_type_only_and_stays_failed)
{
	int k;

	for (k = 0; k < READERS; k++) {
		struct wire_r r = wire_reader(typed[_i].bytes);
		bool takes = (typed[_i].readers >> k & 1U) != 0;
		struct err err = {0};

		ck_assert_int_eq(wire_peek(&r), typed[_i].type);
		ck_assert_int_eq(!read_is_empty(&r, k), takes);
		ck_assert_int_eq(!r.bad, takes);
		if (takes)
			continue;
		/* Whatever came next, nothing more is read. */
		r = (struct wire_r){(const uint8_t *)"\xa1x\x05", NULL, true};
		r.end = r.p + 3;
		ck_assert_int_eq(wire_peek(&r), WIRE_NONE);
		ck_assert(read_is_empty(&r, k));
		ck_assert(wire_raw(&r).n == 0);
		ck_assert_int_eq(wire_end(&r, &err), RC_INVALID);
	}
}
END_TEST

START_TEST(unchecked_bytes_are_never_read_past_their_end)
{
	size_t i, n;
	int k;

	for (i = 0; i < ARRAY_LEN(lies); i++) {
		for (n = 0; n <= lies[i].bytes.n; n++) {
			/* A copy of exact length, so that ASan sees. */
			char *p = malloc(n + 1);
			struct span s = {p + 1, n};
			auto_buf text;

			buf_init(&text, BYTES_MAX);
			memcpy(p + 1, lies[i].bytes.p, n);
			for (k = 0; k < READERS; k++) {
				struct wire_r r = wire_reader(s);

				read_is_empty(&r, k);
				wire_raw(&r);
				ck_assert(r.p <= r.end);
			}
			wire_find(s, "k");
			wire_find_str(s, "k");
			ck_assert_int_eq(wire_find_int(s, "no", 7), 7);
			free(p);
		}
	}
}
END_TEST

START_TEST(bytes_left_over_are_told)
{
	struct wire_r r = wire_reader(BYTES("\x01\x02"));
	struct err err = {0};

	wire_int(&r);
	ck_assert_int_eq(wire_end(&r, &err), RC_INVALID);
	assert_contains(err.text, "1 bytes too many");
}
END_TEST

START_TEST(raw_takes_one_value_whole)
{
	struct span s = BYTES("\x82\xa1"
			      "a\x92\x01\x81\xa1z\xc4\x02xy\xa1"
			      "b\xc0");
	struct wire_r r = wire_reader(s);
	struct err err = {0};

	ck_assert(span_equal(wire_raw(&r), s));
	ck_assert_int_eq(wire_end(&r, &err), RC_OK);
	ck_assert(span_equal(
	    wire_find(s, "a"), BYTES("\x92\x01\x81\xa1z\xc4\x02xy")));
	ck_assert(span_equal(wire_find(s, "b"), BYTES("\xc0")));
	ck_assert_uint_eq(wire_find(s, "z").n, 0);
	ck_assert_uint_eq(wire_find(s, "").n, 0);
	ck_assert_uint_eq(wire_find(BYTES("\x91\x01"), "a").n, 0);
	ck_assert_uint_eq(wire_find((struct span){NULL, 0}, "a").n, 0);
	ck_assert_uint_eq(wire_find_str(s, "a").n, 0);
	ck_assert_int_eq(wire_find_int(s, "b", -4), -4);
}
END_TEST

START_TEST(depth_is_that_of_the_deepest_value)
{
	ck_assert_uint_eq(wire_depth(BYTES("")), 0);
	ck_assert_uint_eq(wire_depth(BYTES("\x05")), 0);
	ck_assert_uint_eq(wire_depth(BYTES("\x90")), 0);
	ck_assert_uint_eq(wire_depth(BYTES("\x91\x90")), 1);
	ck_assert_uint_eq(wire_depth(BYTES("\x93\x91\x91\x01\x02\x91\x03")), 3);
	ck_assert_uint_eq(wire_depth(BYTES("\x82\xa1"
					   "a\x91\x01\xa1"
					   "b\x02")),
	    2);
	ck_assert_uint_eq(wire_depth(BYTES("\x92\xa1[\xc4\x02\x91\x91")), 1);
}
END_TEST

/* Where something is absent, readers count on from where they begin. */
START_TEST(reader_of_nothing_points_somewhere)
{
	struct wire_r r = wire_reader((struct span){NULL, 0});
	struct err err = {0};

	ck_assert(r.p != NULL && r.p == r.end);
	ck_assert_int_eq(wire_end(&r, &err), RC_OK);
	ck_assert_int_eq(wire_peek(&r), WIRE_NONE);
	ck_assert_int_eq(wire_check((struct span){NULL, 0}, &err), RC_INVALID);
	assert_contains(err.text, "at byte 0 of 0");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_first_byte_is_taken_or_refused_as_specified, 0},
	    {every_first_byte_is_refused_when_cut_short, 0},
	    {lies_are_refused_and_named, 0},
	    {nesting_is_bounded, 2},
	    {what_passed_the_check_can_be_printed_at_any_depth, 0},
	    {integers_are_read_over_their_whole_range, 0},
	    {doubles_of_both_widths_are_read, 0},
	    {a_reader_takes_its_type_only_and_stays_failed, ARRAY_LEN(typed)},
	    {unchecked_bytes_are_never_read_past_their_end, 0},
	    {bytes_left_over_are_told, 0},
	    {raw_takes_one_value_whole, 0},
	    {depth_is_that_of_the_deepest_value, 0},
	    {reader_of_nothing_points_somewhere, 0},
	};

	return RUN_TESTS("wire", tests);
}
