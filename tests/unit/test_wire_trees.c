/*
 * test_wire_trees.c - whole values of msgpack: random ones held against
 * msgpack-c, printed as JSON, and there and back.
 */
#include "common/json/json.h"
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

/* ---- random trees, with msgpack-c as the oracle ---- */

static uint64_t
random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void
put_text(struct buf *b, uint64_t *seed)
{
	static const char *const parts[] = {"", "a", "\"", "\\", "\n", "\x01",
	    "\x7f", "é", "漢字", "😀", "</script>", "\t", "plain words"};
	auto_buf text;
	uint64_t n = random_next(seed) % 30;

	buf_init(&text, BYTES_MAX);
	while (n-- > 0)
		buf_adds(&text, parts[random_next(seed) % ARRAY_LEN(parts)]);
	wire_put_span(b, buf_span(&text));
}

/* Of all magnitudes, so that every width is written. */
static uint64_t
random_number(uint64_t *seed)
{
	uint64_t v = random_next(seed);

	return v >> random_next(seed) % 64;
}

static void put_random(struct buf *b, uint64_t *seed, int depth);

static void
put_many(struct buf *b, uint64_t *seed, int depth, bool map)
{
	uint32_t n = (uint32_t)(random_next(seed) % (depth < 2 ? 20 : 4));
	uint32_t i;

	if (map)
		wire_put_map(b, n);
	else
		wire_put_array(b, n);
	for (i = 0; i < n; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%u", i);
		if (map)
			wire_put_str(b, key);
		put_random(b, seed, depth + 1);
	}
}

static void
put_random(struct buf *b, uint64_t *seed, int depth)
{
	static const double odd[] = {
	    0.1, -0.0, 1e300, -5e-324, DBL_MAX, 0.5, 1e22, 3.141592653589793};

	switch (random_next(seed) % (depth < 6 ? 9 : 7)) {
	case 0:
		wire_put_nil(b);
		break;
	case 1:
		wire_put_bool(b, random_next(seed) % 2 == 0);
		break;
	case 2:
		wire_put_int(b, -(int64_t)(random_number(seed) >> 1));
		break;
	case 3:
		wire_put_u64(b, random_number(seed));
		break;
	case 4:
		wire_put_double(b, odd[random_next(seed) % ARRAY_LEN(odd)]);
		break;
	case 5:
		put_text(b, seed);
		break;
	case 6:
		wire_put_bin(b, span_make("\0\xff\x80"
					  "bytes",
				    random_next(seed) % 9));
		break;
	case 7:
		put_many(b, seed, depth, false);
		break;
	case 8:
		put_many(b, seed, depth, true);
		break;
	}
}

/* Is what our reader reads what msgpack-c has unpacked? */
static void compare(struct wire_r *r, const msgpack_object *o);

static void
compare_many(struct wire_r *r, const msgpack_object *o)
{
	uint32_t i;

	if (o->type == MSGPACK_OBJECT_ARRAY) {
		ck_assert_uint_eq(wire_array(r), o->via.array.size);
		for (i = 0; i < o->via.array.size; i++)
			compare(r, &o->via.array.ptr[i]);
		return;
	}
	ck_assert_uint_eq(wire_map(r), o->via.map.size);
	for (i = 0; i < o->via.map.size; i++) {
		compare(r, &o->via.map.ptr[i].key);
		compare(r, &o->via.map.ptr[i].val);
	}
}

static void
compare(struct wire_r *r, const msgpack_object *o)
{
	switch (o->type) {
	case MSGPACK_OBJECT_NIL:
		ck_assert_int_eq(wire_peek(r), WIRE_NIL);
		wire_raw(r);
		break;
	case MSGPACK_OBJECT_BOOLEAN:
		ck_assert_int_eq(wire_bool(r), o->via.boolean);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		ck_assert_uint_eq(wire_u64(r), o->via.u64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		ck_assert_int_eq(wire_int(r), o->via.i64);
		break;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		ck_assert_double_eq(wire_double(r), o->via.f64);
		break;
	case MSGPACK_OBJECT_STR:
		ck_assert(span_equal(
		    wire_str(r), span_make(o->via.str.ptr, o->via.str.size)));
		break;
	case MSGPACK_OBJECT_BIN:
		ck_assert_int_eq(wire_peek(r), WIRE_BIN);
		ck_assert(span_equal(
		    wire_bin(r), span_make(o->via.bin.ptr, o->via.bin.size)));
		break;
	case MSGPACK_OBJECT_ARRAY:
	case MSGPACK_OBJECT_MAP:
		compare_many(r, o);
		break;
	case MSGPACK_OBJECT_EXT:
		ck_abort_msg("an extension was unpacked");
	}
}

enum { SEEDS = 200 };

static void
tree_reads(int nth)
{
	uint64_t seed = (uint64_t)nth * 2654435761U + 1;
	msgpack_unpacked u;
	struct wire_r r;
	struct err err = {0};
	size_t cut;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	put_many(&b, &seed, 0, nth % 2 == 0);
	ck_assert_msg(wire_check(buf_span(&b), &err) == RC_OK, "%s", err.text);
	msgpack_unpacked_init(&u);
	ck_assert_int_eq(msgpack_unpack_next(&u, b.data, b.len, NULL),
	    MSGPACK_UNPACK_SUCCESS);
	r = wire_reader(buf_span(&b));
	compare(&r, &u.data);
	ck_assert_msg(wire_end(&r, &err) == RC_OK, "%s", err.text);
	msgpack_unpacked_destroy(&u);
	for (cut = 0; cut < b.len; cut++)
		ck_assert_msg(!is_good(span_make(b.data, cut)),
		    "cut to %zu of %zu", cut, b.len);
}

START_TEST(random_trees_read_as_msgpack_c_reads_them)
{
	int i;

	for (i = 0; i < SEEDS; i++)
		tree_reads(i);
}
END_TEST

static void
tree_flipped(int nth)
{
	uint64_t seed = (uint64_t)nth * 7919 + 3;
	auto_buf b, text;
	int k;

	buf_init(&b, BYTES_MAX);
	buf_init(&text, 64 << 20);
	put_many(&b, &seed, 0, true);
	for (k = 0; k < 200; k++) {
		char *p = malloc(b.len);
		size_t at = random_next(&seed) % b.len;

		memcpy(p, b.data, b.len);
		p[at] = (char)(p[at] ^ 1 << random_next(&seed) % 8);
		if (is_good(span_make(p, b.len))) {
			AUTO(tree) tree = wire_to_tree(span_make(p, b.len));

			ck_assert_ptr_nonnull(tree);
			buf_reset(&text);
			wire_to_json(&text, span_make(p, b.len));
		}
		free(p);
	}
}

START_TEST(a_flipped_bit_never_lets_the_reader_out_of_bounds)
{
	int i;

	for (i = 0; i < 40; i++)
		tree_flipped(i);
}
END_TEST

/* ---- JSON ---- */

static const struct {
	struct span bytes;
	const char *json;
} texts[] = {
    {LIT("\xc0"), "null"},
    {LIT("\xc2"), "false"},
    {LIT("\xc3"), "true"},
    {LIT("\x07"), "7"},
    {LIT("\xe0"), "-32"},
    {LIT("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
    {LIT("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), "-9223372036854775808"},
    {LIT("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
    {LIT("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), "\"+Inf\""},
    {LIT("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), "\"-Inf\""},
    {LIT("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "\"NaN\""},
    {LIT("\xa0"), "\"\""},
    {LIT("\xa8\"\\\b\f\n\r\t\x01"), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\""},
    {LIT("\xa2\x7f/"), "\"\\u007f/\""},
    {LIT("\xa1\0"), "\"\\u0000\""},
    {LIT("\xa3\xe6\xbc\xa2"), "\"漢\""},
    {LIT("\xc4\x00"), "\"\""},
    {LIT("\xc4\x01"
	 "f"),
	"\"Zg==\""},
    {LIT("\xc4\x02"
	 "fo"),
	"\"Zm8=\""},
    {LIT("\xc4\x03"
	 "foo"),
	"\"Zm9v\""},
    {LIT("\xc4\x04\xff\xff\xff\xff"), "\"/////w==\""},
    {LIT("\x90"), "[]"},
    {LIT("\x80"), "{}"},
    {LIT("\x93\x01\x90\xc0"), "[1,[],null]"},
    {LIT("\x82\xa1"
	 "a\x01\xa1\"\x80"),
	"{\"a\":1,\"\\\"\":{}}"},
};

static void
value_prints(int nth)
{
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	ck_assert(is_good(texts[nth].bytes));
	wire_to_json(&b, texts[nth].bytes);
	ck_assert_str_eq(buf_str(&b), texts[nth].json);
}

START_TEST(values_print_as_json)
{
	int i;

	for (i = 0; i < (int)ARRAY_LEN(texts); i++)
		value_prints(i);
}
END_TEST

static void
tree_prints(int nth)
{
	uint64_t seed = (uint64_t)nth * 40503 + 17;
	AUTO(json) read = NULL;
	AUTO(tree) made = NULL;
	struct err err = {0};
	auto_buf b, text;

	buf_init(&b, BYTES_MAX);
	buf_init(&text, BYTES_MAX);
	put_many(&b, &seed, 0, nth % 2 == 0);
	wire_to_json(&text, buf_span(&b));
	ck_assert_msg(json_parse(buf_span(&text), NULL, &read, &err) == RC_OK,
	    "%s: %s", err.text, buf_str(&text));
	made = wire_to_tree(buf_span(&b));
	ck_assert(cJSON_Compare(read, made, true));
}

START_TEST(random_trees_print_json_that_a_strict_reader_takes)
{
	int i;

	for (i = 0; i < SEEDS; i++)
		tree_prints(i);
}
END_TEST

/* A tree holds no binary and no integer over 2^53, so the second way round
 * is exact. */
static void
tree_survives(int nth)
{
	uint64_t seed = (uint64_t)nth * 69069 + 5;
	AUTO(tree) once = NULL;
	AUTO(tree) twice = NULL;
	struct err err = {0};
	auto_buf b, again;

	buf_init(&b, BYTES_MAX);
	buf_init(&again, BYTES_MAX);
	put_many(&b, &seed, 0, true);
	once = wire_to_tree(buf_span(&b));
	wire_put_tree(&again, once);
	ck_assert_msg(
	    wire_check(buf_span(&again), &err) == RC_OK, "%s", err.text);
	twice = wire_to_tree(buf_span(&again));
	ck_assert(cJSON_Compare(once, twice, true));
	buf_reset(&b);
	wire_put_tree(&b, twice);
	ck_assert(span_equal(buf_span(&b), buf_span(&again)));
}

START_TEST(trees_survive_the_wire)
{
	int i;

	for (i = 0; i < SEEDS; i++)
		tree_survives(i);
}
END_TEST

START_TEST(whole_numbers_of_a_tree_become_integers)
{
	static const struct {
		double d;
		enum wire_type type;
	} cases[] = {{0, WIRE_INT}, {-7, WIRE_INT},
	    {9007199254740992.0, WIRE_INT}, {-9007199254740992.0, WIRE_INT},
	    {0.5, WIRE_DOUBLE}, {9007199254740994.0, WIRE_DOUBLE},
	    {1e300, WIRE_DOUBLE}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(tree) t = cJSON_CreateNumber(cases[i].d);
		struct wire_r r;
		auto_buf b;

		buf_init(&b, 64);
		wire_put_tree(&b, t);
		r = wire_reader(buf_span(&b));
		ck_assert_int_eq(wire_peek(&r), cases[i].type);
		ck_assert_double_eq(wire_double(&r), cases[i].d);
	}
}
END_TEST

START_TEST(doubles_print_so_that_they_read_back_the_same)
{
	uint64_t seed = 99;
	int i;

	for (i = 0; i < 20000; i++) {
		uint64_t bits = random_next(&seed);
		auto_buf b, text;
		double d;

		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			continue;
		buf_init(&b, 64);
		buf_init(&text, 64);
		wire_put_double(&b, d);
		wire_to_json(&text, buf_span(&b));
		ck_assert_msg(
		    strtod(buf_str(&text), NULL) == d, "%s", buf_str(&text));
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {random_trees_read_as_msgpack_c_reads_them, 0},
	    {a_flipped_bit_never_lets_the_reader_out_of_bounds, 0},
	    {values_print_as_json, 0},
	    {random_trees_print_json_that_a_strict_reader_takes, 0},
	    {trees_survive_the_wire, 0},
	    {whole_numbers_of_a_tree_become_integers, 0},
	    {doubles_print_so_that_they_read_back_the_same, 0},
	};

	return RUN_TESTS("wire_trees", tests);
}
