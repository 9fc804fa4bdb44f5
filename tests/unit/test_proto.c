/*
 * test_proto.c - every message of the list, there and back, and what is
 * refused; and PROTOCOL.md held against the list.
 */
#include "common/proto.h"
#include "common/wire.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum { BYTES_MAX = 1 << 20 };

/* ---- the list, read a second time and independently of proto.c ---- */

enum kind { KIND_U64, KIND_STR, KIND_BIN, KIND_RAW };

static const struct row {
	const char *message, *field;
	enum kind kind;
	size_t offset;
} rows[] = {
#define MSG(msg, NAME, number, sender, what)
#define FIELD(msg, type, name)                                                 \
	{#msg, #name, KIND_##type, offsetof(struct proto, msg.name)},
#define END(msg)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
};

static const struct listed {
	const char *message, *name, *sender, *what;
	int number;
	enum proto_sender from;
} list[] = {
#define MSG(msg, NAME, num, sender, what)                                      \
	{#msg, #NAME, #sender, what, num, PROTO_FROM_##sender},
#define FIELD(msg, type, name)
#define END(msg)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
};

static void
set(struct proto *m, const struct row *r, uint64_t n, struct span s)
{
	char *at = (char *)m + r->offset;

	if (r->kind == KIND_U64)
		memcpy(at, &n, sizeof(n));
	else
		memcpy(at, &s, sizeof(s));
}

static uint64_t
get_number(const struct proto *m, const struct row *r)
{
	uint64_t n;

	memcpy(&n, (const char *)m + r->offset, sizeof(n));
	return n;
}

static struct span
get_span(const struct proto *m, const struct row *r)
{
	struct span s;

	memcpy(&s, (const char *)m + r->offset, sizeof(s));
	return s;
}

static const char *const samples[] = {
	[KIND_U64] = "", [KIND_STR] = "téxt", [KIND_BIN] = "\xff\xfe",
	[KIND_RAW] = "\x81\xa1k\x92\x01\xc0"};

/* A message with every field set to something of its own. */
static struct proto
filled(const struct listed *l)
{
	struct proto m = {.type = (enum proto_type)l->number};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].message, l->message) == 0)
			set(&m, &rows[i], UINT64_MAX - i,
			    span_of(samples[rows[i].kind]));
	return m;
}

static void
assert_same(const struct listed *l, const struct proto *a,
    const struct proto *b)
{
	size_t i;

	ck_assert_int_eq(a->type, b->type);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].message, l->message) != 0)
			continue;
		if (rows[i].kind == KIND_U64)
			ck_assert_msg(get_number(a, &rows[i]) ==
				get_number(b, &rows[i]), "%s.%s", l->name,
			    rows[i].field);
		else
			ck_assert_msg(span_equal(get_span(a, &rows[i]),
					  get_span(b, &rows[i])), "%s.%s",
			    l->name, rows[i].field);
	}
}

static void
assert_decodes(struct span bytes, struct proto *ret)
{
	struct err err = {0};

	ck_assert_msg(proto_decode(bytes, ret, &err) == RC_OK, "%s",
	    err.text);
}

/* Refused with rc and those words, and *ret is left as it was. */
static void
assert_refused(struct span bytes, enum rc rc, const char *says)
{
	struct proto m = {.type = PROTO_BYE};
	struct err err = {0};

	ck_assert_msg(proto_decode(bytes, &m, &err) == rc, "%s: %s", says,
	    err.text);
	assert_contains(err.text, says);
	ck_assert_int_eq(m.type, PROTO_BYE);
}

START_TEST(a_full_message_comes_back_as_it_went)
{
	struct proto m = filled(&list[_i]), back;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	proto_encode(&b, &m);
	assert_decodes(buf_span(&b), &back);
	assert_same(&list[_i], &m, &back);
}
END_TEST

START_TEST(an_empty_message_carries_no_fields)
{
	struct proto m = {.type = (enum proto_type)list[_i].number}, back;
	struct wire_r r;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	proto_encode(&b, &m);
	assert_decodes(buf_span(&b), &back);
	assert_same(&list[_i], &m, &back);
	r = wire_reader(buf_span(&b));
	ck_assert_uint_eq(wire_array(&r), 3);
	ck_assert_uint_eq(wire_u64(&r), PROTO_VERSION);
	ck_assert_uint_eq(wire_u64(&r), (uint64_t)list[_i].number);
	ck_assert_uint_eq(wire_map(&r), 0);
}
END_TEST

START_TEST(a_message_cut_anywhere_is_refused)
{
	struct proto m = filled(&list[_i]), back;
	struct err err;
	size_t n;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	proto_encode(&b, &m);
	for (n = 0; n < b.len; n++)
		ck_assert_int_eq(proto_decode(span_make(b.data, n), &back,
		    &err), RC_INVALID);
	buf_addc(&b, '\0');
	assert_refused(buf_span(&b), RC_INVALID, "after the end");
}
END_TEST

/* A message with one field, whose value is the bytes of value. */
static void
put_one(struct buf *b, const struct listed *l, const char *field,
    struct span value)
{
	buf_reset(b);
	wire_put_array(b, 3);
	wire_put_u64(b, PROTO_VERSION);
	wire_put_u64(b, (uint64_t)l->number);
	wire_put_map(b, 1);
	wire_put_str(b, field);
	wire_put_raw(b, value);
}

static const struct {
	struct span bytes;
	unsigned kinds;	/* a bit for each kind of field that takes it */
} values[] = {
#define ONLY(kind) (1U << (kind))
	{{"\x05", 1}, ONLY(KIND_U64) | ONLY(KIND_RAW)},
	{{"\xff", 1}, ONLY(KIND_RAW)},
	{{"\xa1x", 2}, ONLY(KIND_STR) | ONLY(KIND_BIN) | ONLY(KIND_RAW)},
	{{"\xc4\x01\xff", 3}, ONLY(KIND_BIN) | ONLY(KIND_RAW)},
	{{"\xc0", 1}, ONLY(KIND_RAW)},
	{{"\xc3", 1}, ONLY(KIND_RAW)},
	{{"\x90", 1}, ONLY(KIND_RAW)},
	{{"\x80", 1}, ONLY(KIND_RAW)},
	{{"\xcb\x3f\xf0\0\0\0\0\0\0", 9}, ONLY(KIND_RAW)},
};

static const struct listed *
list_find(const char *message)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		if (strcmp(list[i].message, message) == 0)
			return &list[i];
	ck_abort_msg("no message %s", message);
}

START_TEST(a_field_of_another_type_is_refused_by_its_name)
{
	struct proto m;
	size_t i, k;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct listed *l = list_find(rows[i].message);

		for (k = 0; k < ARRAY_LEN(values); k++) {
			put_one(&b, l, rows[i].field, values[k].bytes);
			if (values[k].kinds >> rows[i].kind & 1U)
				assert_decodes(buf_span(&b), &m);
			else
				assert_refused(buf_span(&b), RC_INVALID,
				    rows[i].field);
		}
	}
}
END_TEST

START_TEST(unknown_fields_are_ignored)
{
	struct proto m;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	wire_put_array(&b, 3);
	wire_put_u64(&b, PROTO_VERSION);
	wire_put_u64(&b, PROTO_WELCOME);
	wire_put_map(&b, 4);
	wire_put_str(&b, "later");
	wire_put_raw(&b, span_make("\x81\xa1k\x92\x01\xc0", 6));
	wire_put_str(&b, "epoch");
	wire_put_u64(&b, 7);
	wire_put_str(&b, "epoc");
	wire_put_str(&b, "8");
	wire_put_str(&b, "");
	wire_put_nil(&b);
	assert_decodes(buf_span(&b), &m);
	ck_assert_uint_eq(m.welcome.epoch, 7);
	ck_assert_uint_eq(m.welcome.lease_ms, 0);
}
END_TEST

static void
put_head(struct buf *b, uint64_t version, uint64_t number)
{
	buf_reset(b);
	wire_put_array(b, 3);
	wire_put_u64(b, version);
	wire_put_u64(b, number);
	wire_put_map(b, 0);
}

START_TEST(numbers_that_are_not_in_the_list_are_refused)
{
	uint64_t number;
	struct proto m;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	for (number = 0; number < 300; number++) {
		bool known = false;
		size_t i;

		for (i = 0; i < ARRAY_LEN(list); i++)
			known = known || (uint64_t)list[i].number == number;
		put_head(&b, PROTO_VERSION, number);
		if (known)
			assert_decodes(buf_span(&b), &m);
		else
			assert_refused(buf_span(&b), RC_INVALID,
			    "is not known");
	}
	/* One that is another's lower half. */
	put_head(&b, PROTO_VERSION, (UINT64_C(1) << 32) + 1);
	assert_refused(buf_span(&b), RC_INVALID, "is not known");
}
END_TEST

START_TEST(the_neighbouring_versions_are_spoken_and_no_others)
{
	uint64_t v;
	struct proto m;
	auto_buf b;

	buf_init(&b, BYTES_MAX);
	for (v = 0; v < 10; v++) {
		put_head(&b, v, PROTO_BYE);
		if (v >= PROTO_VERSION_OLDEST && v <= PROTO_VERSION + 1)
			assert_decodes(buf_span(&b), &m);
		else
			assert_refused(buf_span(&b), RC_DENIED,
			    "protocol version");
	}
	put_head(&b, UINT64_MAX, PROTO_BYE);
	assert_refused(buf_span(&b), RC_DENIED, "protocol version");
}
END_TEST

START_TEST(what_has_no_head_is_no_message)
{
	static const struct {
		struct span bytes;
		const char *says;
	} cases[] = {
		{{"", 0}, "cut short"},
		{{"\xc0", 1}, "three parts"},
		{{"\x80", 1}, "three parts"},
		{{"\x90", 1}, "three parts"},
		{{"\x92\x01\x0a", 3}, "three parts"},
		{{"\x94\x01\x0a\x80\xc0", 5}, "three parts"},
		{{"\x93\xa1" "1\x0a\x80", 5}, "without a head"},
		{{"\x93\x01\xc0\x80", 4}, "without a head"},
		{{"\x93\xff\x0a\x80", 4}, "without a head"},
		{{"\x93\x01\x0a\x90", 4}, "another type"},
		{{"\x93\x01\x0a\xc0", 4}, "another type"},
		{{"\x93\x01\x0a\x81\x01\x01", 6}, "not a string"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_refused(cases[i].bytes, RC_INVALID, cases[i].says);
}
END_TEST

START_TEST(a_message_over_the_limit_is_refused_before_it_is_read)
{
	char *p = calloc(1, PROTO_BYTES_MAX + 1);

	assert_refused(span_make(p, PROTO_BYTES_MAX + 1), RC_TOOBIG,
	    "the limit is");
	free(p);
}
END_TEST

START_TEST(names_and_senders_are_those_of_the_list)
{
	const enum proto_type *t = proto_types();
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		ck_assert_int_eq(t[i], list[i].number);
		ck_assert_str_eq(proto_name(t[i]), list[i].name);
		ck_assert_str_eq(proto_what(t[i]), list[i].what);
		ck_assert_int_eq(proto_sender(t[i]), list[i].from);
		for (k = 0; k < i; k++)
			ck_assert_int_ne(list[i].number, list[k].number);
	}
	ck_assert_int_eq(t[i], 0);
	ck_assert_str_eq(proto_name((enum proto_type)99), "?");
}
END_TEST

/* ---- PROTOCOL.md ---- */

static char *
protocol_page(void)
{
	const char *source = getenv("CULPRIT_SOURCE");
	auto_str path = NULL;
	char *page;

	ck_assert_msg(source != NULL, "CULPRIT_SOURCE is not set");
	path = xasprintf("%s/common/PROTOCOL.md", source);
	page = file_read(path);
	ck_assert_msg(page[0] != '\0', "%s is not there", path);
	return page;
}

START_TEST(the_page_lists_each_message_with_its_sender)
{
	static const char *const from[] = {[PROTO_FROM_WORKER] = "worker",
	    [PROTO_FROM_GATEWAY] = "gateway",
	    [PROTO_FROM_SUPERVISOR] = "supervisor"};
	auto_str page = protocol_page();
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		auto_str row = xasprintf("\n| `%s` | %s |", list[i].name,
		    from[list[i].from]);

		assert_contains(page, row);
	}
}
END_TEST

START_TEST(the_page_lists_no_other_message)
{
	auto_str page = protocol_page();
	const char *section = strstr(page, "\n## Messages\n");
	const char *end, *at;
	size_t n = 0;

	ck_assert_ptr_nonnull(section);
	end = strstr(section + 1, "\n### ");
	ck_assert_ptr_nonnull(end);
	for (at = strstr(section, "\n| `"); at != NULL && at < end;
	     at = strstr(at + 1, "\n| `"))
		n++;
	ck_assert_uint_eq(n, ARRAY_LEN(list));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_full_message_comes_back_as_it_went, ARRAY_LEN(list)},
	    {an_empty_message_carries_no_fields, ARRAY_LEN(list)},
	    {a_message_cut_anywhere_is_refused, ARRAY_LEN(list)},
	    {a_field_of_another_type_is_refused_by_its_name, 0},
	    {unknown_fields_are_ignored, 0},
	    {numbers_that_are_not_in_the_list_are_refused, 0},
	    {the_neighbouring_versions_are_spoken_and_no_others, 0},
	    {what_has_no_head_is_no_message, 0},
	    {a_message_over_the_limit_is_refused_before_it_is_read, 0},
	    {names_and_senders_are_those_of_the_list, 0},
	    {the_page_lists_each_message_with_its_sender, 0},
	    {the_page_lists_no_other_message, 0},
	};

	return RUN_TESTS("proto", tests);
}
