/*
 * test_pack.c - records come back as they were, and a pack that is damaged
 * or of another size than stated is refused.
 */
#include "supervisor/store/pack.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(records_come_back_in_order)
{
	auto_buf b = {.max = 4096};
	struct record r;
	struct span rest;
	struct err err = {0};

	pack_add(&b, &(struct record){3, 7, span_of("plan"), span_of("\x81")});
	pack_add(&b, &(struct record){.kind = 255, .n = INT64_MAX});
	rest = buf_span(&b);
	ck_assert_int_eq(pack_next(&rest, &r, &err), RC_OK);
	ck_assert(r.kind == 3 && r.n == 7 && span_is(r.label, "plan") &&
		  span_is(r.data, "\x81"));
	ck_assert_int_eq(pack_next(&rest, &r, &err), RC_OK);
	ck_assert(r.kind == 255 && r.n == INT64_MAX && r.label.n == 0 &&
		  r.data.n == 0);
	ck_assert_int_eq(pack_next(&rest, &r, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(pack_cut_anywhere_is_refused_and_left_where_it_was)
{
	auto_buf b = {.max = 4096};
	struct record r;
	struct span rest;
	struct err err = {0};
	size_t cut;

	pack_add(&b,
	    &(struct record){1, 300, span_of("plan"), span_of("some bytes")});
	for (cut = 1; cut < b.len; cut++) {
		rest = span_make(b.data, cut);
		ck_assert_int_eq(pack_next(&rest, &r, &err), RC_INVALID);
		ck_assert(rest.p == b.data && rest.n == cut);
	}
}
END_TEST

enum { TEXT_BYTES = 300 };

static const struct {
	int64_t stated;
	size_t max;
	enum rc rc;
} sizes[] = {
    {TEXT_BYTES, TEXT_BYTES, RC_OK},
    {TEXT_BYTES, TEXT_BYTES - 1, RC_INVALID},
    {TEXT_BYTES - 1, TEXT_BYTES, RC_INVALID},
    {TEXT_BYTES + 1, 4096, RC_INVALID},
    {0, 4096, RC_INVALID},
    {-1, 4096, RC_INVALID},
    {INT64_MAX, 4096, RC_INVALID},
};

static const struct span none;

START_TEST(what_was_said_before_takes_little_room)
{
	struct packer *p = packer_new();
	char text[2000], again[1500], packed[2000];
	struct span before = {text, sizeof(text)}, made;
	uint32_t x = 2463534242U;
	struct err err;

	for (size_t i = 0; i + 9 < sizeof(text); i += 9) {
		x ^= x << 13, x ^= x >> 17, x ^= x << 5;
		snprintf(text + i, 10, "%08x ", x);
	}
	memcpy(again, text + 100, sizeof(again));
	for (int with = 0; with < 2; with++) {
		auto_str out = NULL;
		auto_str wrong = NULL;
		struct span b = with ? before : none;

		made = packer_compress(p, span_make(again, 1500), b);
		ck_assert_uint_gt(made.n, with ? 10 : 900);
		ck_assert_uint_lt(made.n, with ? 60 : 1600);
		memcpy(packed, made.p, made.n);
		ck_assert_int_eq(packer_expand(p, span_make(packed, made.n),
				     1500, b, 1500, &out, &err),
		    RC_OK);
		ck_assert_mem_eq(out, again, 1500);
		ck_assert_int_eq(packer_expand(p, span_make(packed, made.n),
				     1500, with ? none : before, 1500, &wrong,
				     &err),
		    with ? RC_INVALID : RC_OK);
	}
	packer_free(p);
}
END_TEST

START_TEST(expands_to_the_stated_size_or_not_at_all)
{
	struct packer *p = packer_new();
	char text[TEXT_BYTES + 1];
	auto_str packed = NULL;
	auto_str out = NULL;
	struct err err = {0};
	struct span made;
	enum rc rc;

	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (char)('a' + i % 3);
	text[TEXT_BYTES] = '\0';
	made = packer_compress(p, span_of(text), none);
	ck_assert_uint_gt(made.n, 0);
	ck_assert_uint_lt(made.n, TEXT_BYTES);
	packed = xcalloc(1, made.n);
	memcpy(packed, made.p, made.n);
	rc = packer_expand(p, span_make(packed, made.n), sizes[_i].stated,
	    none, sizes[_i].max, &out, &err);
	ck_assert_int_eq(rc, sizes[_i].rc);
	ck_assert_int_eq(out != NULL, rc == RC_OK);
	if (rc == RC_OK)
		ck_assert_str_eq(out, text);
	packer_free(p);
}
END_TEST

START_TEST(content_that_was_changed_is_refused)
{
	struct packer *p = packer_new();
	struct span made;
	char packed[64];
	struct err err;

	made = packer_compress(p, span_of("abcdefgh"), none);
	ck_assert_uint_gt(made.n, 8);
	memcpy(packed, made.p, made.n);
	/* The last bytes of all are the sum. */
	for (size_t i = 0; i < 4; i++) {
		auto_str out = NULL;

		packed[made.n - 1 - i] ^= 1;
		ck_assert_int_eq(packer_expand(p, span_make(packed, made.n), 8,
				     none, 8, &out, &err),
		    RC_INVALID);
		packed[made.n - 1 - i] ^= 1;
	}
	packer_free(p);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {records_come_back_in_order, 0},
	    {pack_cut_anywhere_is_refused_and_left_where_it_was, 0},
	    {what_was_said_before_takes_little_room, 0},
	    {expands_to_the_stated_size_or_not_at_all, ARRAY_LEN(sizes)},
	    {content_that_was_changed_is_refused, 0},
	};

	return RUN_TESTS("pack", tests);
}
