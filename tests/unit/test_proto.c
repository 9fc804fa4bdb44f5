/*
 * test_proto.c - the bytes of every message and of what messages carry, what
 * is refused; and PROTOCOL.md held against the list.
 */
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum { BYTES_MAX = 1 << 20 };

#define TEXT(s)                                                                \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}
#define RUN TEXT("1m844zwr62wsvsbe8")
/* {"k": [1, nil]} and [7, "v"], where any value may stand. */
#define VALUE_MAP TEXT("\x81\xa1k\x92\x01\xc0")
#define VALUE_LIST TEXT("\x92\x07\xa1v")

static const struct golden {
	struct proto m;
	const char *name, *hex;
} messages[] = {
#define MESSAGE(NAME, msg, bytes, ...)                                         \
	{{.type = PROTO_##NAME, .msg = {__VA_ARGS__}}, #NAME, bytes},
#define ASK(NAME, query, bytes, ...)
#define RECORD(record, bytes, ...)
#include "tests/unit/proto_golden.def"
#undef MESSAGE
#undef ASK
#undef RECORD
};

static const struct golden earlier[] = {
#define MESSAGE(NAME, msg, bytes, ...)
#define ASK(NAME, query, bytes, ...)
#define RECORD(record, bytes, ...)
#define WAS(NAME, msg, bytes, ...)                                             \
	{{.type = PROTO_##NAME, .msg = {__VA_ARGS__}}, #NAME, bytes},
#include "tests/unit/proto_golden.def"
#undef MESSAGE
#undef ASK
#undef RECORD
};

static const struct asked {
	enum proto_ask ask;
	union proto_args args;
	const char *name, *hex;
} asks[] = {
#define MESSAGE(NAME, msg, bytes, ...)
#define ASK(NAME, query, bytes, ...)                                           \
	{PROTO_ASK_##NAME, {.query = {__VA_ARGS__}}, #query, bytes},
#define RECORD(record, bytes, ...)
#include "tests/unit/proto_golden.def"
#undef MESSAGE
#undef ASK
#undef RECORD
};

static const struct asked earlier_asks[] = {
#define MESSAGE(NAME, msg, bytes, ...)
#define ASK(NAME, query, bytes, ...)
#define RECORD(record, bytes, ...)
#define ASK_WAS(NAME, query, bytes, ...)                                       \
	{PROTO_ASK_##NAME, {.query = {__VA_ARGS__}}, #query, bytes},
#include "tests/unit/proto_golden.def"
#undef MESSAGE
#undef ASK
#undef RECORD
};

static void
put_hex(struct buf *b, const char *hex)
{
	unsigned byte;

	for (; hex[0] != '\0'; hex += 2) {
		ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
		buf_addc(b, (char)byte);
	}
}

static void
assert_bytes(const struct buf *b, const struct buf *golden, const char *what)
{
	auto_buf hex = {.max = BYTES_MAX};
	size_t i;

	for (i = 0; i < b->len; i++)
		buf_addf(&hex, "%02x", (unsigned char)b->data[i]);
	ck_assert_msg(span_equal(buf_span(b), buf_span(golden)),
	    "%s is now %s", what, buf_str(&hex));
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

/* ---- the very bytes ---- */

static void
check_message(const struct golden *g)
{
	auto_buf golden = {.max = BYTES_MAX}, b = {.max = BYTES_MAX};
	struct proto m;

	put_hex(&golden, g->hex);
	proto_encode(&b, &g->m);
	assert_bytes(&b, &golden, g->name);
	assert_decodes(buf_span(&golden), &m);
	ck_assert_int_eq(m.type, g->m.type);
	buf_reset(&b);
	proto_encode(&b, &m);
	assert_bytes(&b, &golden, g->name);
}

START_TEST(a_message_has_the_bytes_it_always_had)
{
	check_message(&messages[_i]);
}
END_TEST

START_TEST(a_message_without_its_newer_fields_has_them_too)
{
	check_message(&earlier[_i]);
}
END_TEST

static void
check_ask(const struct asked *a)
{
	auto_buf golden = {.max = BYTES_MAX}, b = {.max = BYTES_MAX};
	struct proto_query q = {.what = span_of(a->name)};
	union proto_args args;
	enum proto_ask ask = PROTO_ASKS;
	struct err err = {0};

	put_hex(&golden, a->hex);
	ck_assert_str_eq(proto_ask_name(a->ask), a->name);
	proto_put_args(&b, a->ask, &a->args);
	assert_bytes(&b, &golden, a->name);
	q.args = buf_span(&golden);
	ck_assert_msg(
	    proto_get_args(&q, &ask, &args, &err) == RC_OK, "%s", err.text);
	ck_assert_int_eq(ask, a->ask);
	buf_reset(&b);
	proto_put_args(&b, ask, &args);
	assert_bytes(&b, &golden, a->name);
}

START_TEST(a_query_has_the_bytes_it_always_had)
{
	check_ask(&asks[_i]);
}
END_TEST

START_TEST(a_query_without_its_newer_fields_has_them_too)
{
	check_ask(&earlier_asks[_i]);
}
END_TEST

#define MESSAGE(NAME, msg, bytes, ...)
#define ASK(NAME, query, bytes, ...)
#define RECORD(rec, bytes, ...) RECORD_CHECK(rec, rec, bytes, __VA_ARGS__)
#define RECORD_WAS(rec, bytes, ...)                                            \
	RECORD_CHECK(rec, rec##_was, bytes, __VA_ARGS__)
#define RECORD_CHECK(rec, name, bytes, ...)                                    \
	static void check_##name(struct buf *golden, struct buf *b)            \
	{                                                                      \
		const struct proto_##rec from = {__VA_ARGS__};                 \
		struct proto_##rec back;                                       \
		struct err err = {0};                                          \
                                                                               \
		put_hex(golden, bytes);                                        \
		proto_put_##rec(b, &from);                                     \
		assert_bytes(b, golden, #rec);                                 \
		ck_assert_msg(                                                 \
		    proto_get_##rec(buf_span(golden), &back, &err) == RC_OK,   \
		    "%s", err.text);                                           \
		buf_reset(b);                                                  \
		proto_put_##rec(b, &back);                                     \
		assert_bytes(b, golden, #rec);                                 \
	}
#include "tests/unit/proto_golden.def"
#undef RECORD

static void (*const records[])(struct buf *golden, struct buf *b) = {
#define RECORD(rec, bytes, ...) check_##rec,
#include "tests/unit/proto_golden.def"
#undef RECORD
};

static void (*const earlier_records[])(struct buf *golden, struct buf *b) = {
#define RECORD(rec, bytes, ...)
#define RECORD_WAS(rec, bytes, ...) check_##rec##_was,
#include "tests/unit/proto_golden.def"
#undef MESSAGE
#undef ASK
#undef RECORD
};

START_TEST(what_a_message_carries_has_the_bytes_it_always_had)
{
	auto_buf golden = {.max = BYTES_MAX}, b = {.max = BYTES_MAX};

	records[_i](&golden, &b);
}
END_TEST

START_TEST(what_it_carried_before_a_field_came_has_them_too)
{
	auto_buf golden = {.max = BYTES_MAX}, b = {.max = BYTES_MAX};

	earlier_records[_i](&golden, &b);
}
END_TEST

static const struct golden *
golden_of(enum proto_type type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(messages); i++)
		if (messages[i].m.type == type)
			return &messages[i];
	ck_abort_msg("there are no golden bytes of %s", proto_name(type));
}

/* How many fields a golden message has: its map's. */
static uint32_t
golden_fields(const struct golden *g)
{
	auto_buf b = {.max = BYTES_MAX};
	struct wire_r r;

	put_hex(&b, g->hex);
	r = wire_reader(buf_span(&b));
	wire_array(&r);
	wire_u64(&r);
	wire_u64(&r);
	return wire_map(&r);
}

START_TEST(no_message_field_query_or_record_is_without_golden_bytes)
{
	static const struct {
		enum proto_type type;
		uint32_t fields;
	} listed[] = {
#define MSG(msg, NAME, number, sender, what) {PROTO_##NAME, 0
#define QUERY(query, NAME, what) {0, 0
#define MAP(map, where, what) {0, 0
#define LIST(seq, where, what) {0, 0
#define FIELD(record, type, field) +1
#define END(record) },
#include "common/wire/proto_messages.def"
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(listed); i++)
		if (listed[i].type != 0)
			ck_assert_msg(golden_fields(golden_of(
					  listed[i].type)) == listed[i].fields,
			    "%s", proto_name(listed[i].type));
	ck_assert_uint_eq(ARRAY_LEN(asks), PROTO_ASKS);
	ck_assert_uint_eq(ARRAY_LEN(listed),
	    ARRAY_LEN(messages) + ARRAY_LEN(asks) + ARRAY_LEN(records));
}
END_TEST

/* ---- what is refused ---- */

START_TEST(an_empty_message_carries_no_fields)
{
	struct proto m = {.type = messages[_i].m.type}, back;
	struct wire_r r;
	auto_buf b = {.max = BYTES_MAX};

	proto_encode(&b, &m);
	assert_decodes(buf_span(&b), &back);
	ck_assert_int_eq(back.type, m.type);
	r = wire_reader(buf_span(&b));
	ck_assert_uint_eq(wire_array(&r), 3);
	ck_assert_uint_eq(wire_u64(&r), PROTO_VERSION);
	ck_assert_uint_eq(wire_u64(&r), (uint64_t)m.type);
	ck_assert_uint_eq(wire_map(&r), 0);
}
END_TEST

START_TEST(a_message_cut_anywhere_is_refused)
{
	auto_buf b = {.max = BYTES_MAX};
	struct proto back;
	struct err err;
	size_t n;

	put_hex(&b, messages[_i].hex);
	for (n = 0; n < b.len; n++)
		ck_assert_int_eq(proto_decode(span_make(b.data, n), &back,
		    &err), RC_INVALID);
	buf_addc(&b, '\0');
	assert_refused(buf_span(&b), RC_INVALID, "after the end");
}
END_TEST

/* A value, and which golden values may stand where it does: nil is as good as
 * nothing, a map or a list stands where any value may, and bytes may be sent
 * as text. */
#define ONLY(type) (1U << (type))
static const unsigned any = ONLY(WIRE_MAP) | ONLY(WIRE_ARRAY);
static const struct {
	struct span bytes;
	unsigned types;
} values[] = {
	{{"\x05", 1}, ONLY(WIRE_INT)},
	{{"\xff", 1}, 0},
	{{"\xa1x", 2}, ONLY(WIRE_STR) | ONLY(WIRE_BIN)},
	{{"\xc4\x01\xff", 3}, ONLY(WIRE_BIN)},
	{{"\xc0", 1}, ONLY(WIRE_INT) | ONLY(WIRE_STR) | ONLY(WIRE_BIN)},
	{{"\xc3", 1}, 0},
	{{"\x90", 1}, 0},
	{{"\x80", 1}, 0},
	{{"\xcb\x3f\xf0\0\0\0\0\0\0", 9}, 0},
};

/* A message with one field, whose value is the bytes of value. */
static void
put_one(struct buf *b, enum proto_type type, struct span field,
    struct span value)
{
	buf_reset(b);
	wire_put_array(b, 3);
	wire_put_u64(b, PROTO_VERSION);
	wire_put_u64(b, (uint64_t)type);
	wire_put_map(b, 1);
	wire_put_span(b, field);
	wire_put_raw(b, value);
}

static void
try_values(enum proto_type type, struct span field, enum wire_type golden)
{
	auto_str name = xstrndup(field.p, field.n);
	auto_buf b = {.max = BYTES_MAX};
	struct proto m;
	size_t k;

	for (k = 0; k < ARRAY_LEN(values); k++) {
		put_one(&b, type, field, values[k].bytes);
		if ((values[k].types | any) >> golden & 1U)
			assert_decodes(buf_span(&b), &m);
		else
			assert_refused(buf_span(&b), RC_INVALID, name);
	}
}

START_TEST(a_field_of_another_type_is_refused_by_its_name)
{
	auto_buf b = {.max = BYTES_MAX};
	struct wire_r r;
	uint32_t n;

	put_hex(&b, messages[_i].hex);
	r = wire_reader(buf_span(&b));
	wire_array(&r);
	wire_u64(&r);
	wire_u64(&r);
	for (n = wire_map(&r); n > 0; n--) {
		struct span field = wire_str(&r);

		try_values(messages[_i].m.type, field, wire_peek(&r));
		wire_raw(&r);
	}
	ck_assert(!r.bad);
}
END_TEST

START_TEST(unknown_fields_are_ignored)
{
	struct proto m;
	auto_buf b = {.max = BYTES_MAX};

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
	auto_buf b = {.max = BYTES_MAX};

	for (number = 0; number < 300; number++) {
		bool known = false;
		size_t i;

		for (i = 0; i < ARRAY_LEN(messages); i++)
			known |= (uint64_t)messages[i].m.type == number;
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
	auto_buf b = {.max = BYTES_MAX};

	for (v = 0; v < 10; v++) {
		put_head(&b, v, PROTO_BYE);
		if (v == 1 || v == 2)
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

/* ---- what messages carry ---- */

static const struct {
	const char *what, *hex;
	const char *says; /* NULL: it is taken */
} args[] = {
    {"list", "", NULL},
    {"list", "80", NULL},
    {"list", "81a56c696d6974ccc8", NULL},		/* limit: 200 */
    {"list", "81a56c696d6974ccc9", "list: limit is 201; it may be from 0 to "
				   "200"},
    {"list", "81a56c696d6974a23530", "list: limit has another type"}, /* "50" */
    {"list", "81a66265666f7265a3313233", "list: before has another type"},
    {"list", "81a66265666f7265ff", "list: before has another type"}, /* -1 */
    {"list", "81a66265666f7265cf7fffffffffffffff", NULL},
    {"list", "81a66265666f7265cf8000000000000000", "list: before is 9223"},
    {"list", "81a673746174757305", "list: status has another type"},
    {"list", "82a673746174757305a56c696d697405", "list: status has another"},
    {"list", "a26e6f", "list has another type than expected: it is a map"},
    {"list", "90", "list has another type than expected: it is a map"},
    {"checkpoint", "81a16ea133", "checkpoint: n has another type"},
    {"checkpoint", "81a16ece00100001", "checkpoint: n is 1048577"},
    {"evidence", "81a2696403", "evidence: id has another type"},
    {"evidence", "81a4746f646f03", NULL},		/* not known: ignored */
    {"lists", "80", "there is no query \"lists\""},
    {"lis", "80", "there is no query \"lis\""},
    {"", "80", "there is no query \"\""},
};

START_TEST(a_query_takes_its_args_and_no_others)
{
	struct proto_query q = {.what = span_of(args[_i].what)};
	auto_buf b = {.max = BYTES_MAX};
	union proto_args got;
	enum proto_ask ask;
	struct err err = {0};
	enum rc rc;

	put_hex(&b, args[_i].hex);
	q.args = buf_span(&b);
	rc = proto_get_args(&q, &ask, &got, &err);
	if (args[_i].says == NULL) {
		ck_assert_msg(rc == RC_OK, "%s", err.text);
		return;
	}
	ck_assert_int_eq(rc, RC_INVALID);
	assert_contains(err.text, args[_i].says);
}
END_TEST

static const struct {
	const char *hex;
	const char *says;
} leases[] = {
    {"93a1720502", NULL},
    {"93c0c0c0", NULL},			/* nil is as good as nothing */
    {"94a172050281a16b01", NULL},	/* more than is known */
    {"92a17205", "RENEW.tasks has another type"},
    {"93a172a13502", "RENEW.tasks: task has another type"},
    {"9305a17202", "RENEW.tasks: run has another type"},
    {"80", "RENEW.tasks has another type"},
};

START_TEST(a_list_of_values_is_taken_in_its_order)
{
	auto_buf b = {.max = BYTES_MAX};
	struct proto_lease l = {.task = 77};
	struct err err = {0};
	enum rc rc;

	put_hex(&b, leases[_i].hex);
	rc = proto_get_lease(buf_span(&b), &l, &err);
	if (leases[_i].says == NULL) {
		ck_assert_msg(rc == RC_OK, "%s", err.text);
		ck_assert_uint_ne(l.task, 77);
		return;
	}
	ck_assert_int_eq(rc, RC_INVALID);
	assert_contains(err.text, leases[_i].says);
	ck_assert_uint_eq(l.task, 77);
}
END_TEST

/* Whoever reads JSON finds each key; what tells by being there does not stand
 * there empty. */
START_TEST(a_page_of_the_list_has_no_next_where_there_is_none)
{
	static const char runs[] = "\x90";
	auto_buf b = {.max = BYTES_MAX};

	proto_put_listing(&b,
	    &(struct proto_listing){.investigations = {runs, 1}});
	ck_assert_uint_eq(wire_find(buf_span(&b), "investigations").n, 1);
	ck_assert_uint_eq(wire_find(buf_span(&b), "next").n, 0);
	buf_reset(&b);
	proto_put_listed(&b, &(struct proto_listed){.id = RUN});
	ck_assert_uint_eq(wire_find(buf_span(&b), "reason").n, 1);
	ck_assert_uint_eq(wire_find(buf_span(&b), "finished_ms").n, 1);
}
END_TEST

static const struct {
	struct proto m;
	const char *says; /* NULL: it is good */
} bounded[] = {
    {{.type = PROTO_DECIDE, .decide = {.by = TEXT("a")}}, NULL},
    {{.type = PROTO_DECIDE}, "DECIDE: by has 0 bytes; it may have from 1 to "
			     "63"},
    {{.type = PROTO_HELLO, .hello = {.name = TEXT("n"), .capacity = 256}},
	NULL},
    {{.type = PROTO_HELLO, .hello = {.name = TEXT("n"), .capacity = 257}},
	"HELLO: capacity is 257; it may be from 1 to 256"},
    {{.type = PROTO_HELLO, .hello = {.name = TEXT("n")}},
	"HELLO: capacity is 0"},
    {{.type = PROTO_HELLO, .hello = {.capacity = 8}}, "HELLO: name has 0"},
    {{.type = PROTO_SUBMIT}, NULL},
    {{.type = PROTO_BYE, .bye = {.ends = UINT64_MAX}}, NULL},
};

START_TEST(a_message_is_held_against_its_bounds)
{
	struct err err = {0};
	enum rc rc = proto_check(&bounded[_i].m, &err);

	ck_assert_int_eq(rc, bounded[_i].says == NULL ? RC_OK : RC_INVALID);
	if (bounded[_i].says != NULL)
		assert_contains(err.text, bounded[_i].says);
}
END_TEST

/* ---- names, and PROTOCOL.md ---- */

static char *
protocol_page(void)
{
	const char *source = getenv("CULPRIT_SOURCE");
	auto_str path = NULL;
	char *page;

	ck_assert_msg(source != NULL, "CULPRIT_SOURCE is not set");
	path = xasprintf("%s/common/wire/PROTOCOL.md", source);
	page = file_read(path);
	ck_assert_msg(page[0] != '\0', "%s is not there", path);
	return page;
}

/* How many rows of a table the section has that begin with a name. */
static size_t
rows_of(const char *page, const char *title, const char *next)
{
	const char *section = strstr(page, title), *end, *at;
	size_t n = 0;

	ck_assert_ptr_nonnull(section);
	end = strstr(section + 1, next);
	for (at = strstr(section, "\n| `"); at != NULL && (end == NULL ||
	     at < end); at = strstr(at + 1, "\n| `"))
		n++;
	return n;
}

START_TEST(the_page_lists_each_message_with_its_sender_and_no_other)
{
	static const char *const from[] = {[PROTO_FROM_WORKER] = "worker",
	    [PROTO_FROM_GATEWAY] = "gateway",
	    [PROTO_FROM_SUPERVISOR] = "supervisor"};
	auto_str page = protocol_page();
	const enum proto_type *t;
	size_t i;

	for (t = proto_types(), i = 0; *t != 0; t++, i++) {
		auto_str row = xasprintf("\n| `%s` | %s |", proto_name(*t),
		    from[proto_sender(*t)]);

		ck_assert_str_eq(proto_name(*t), golden_of(*t)->name);
		ck_assert_str_ne(proto_what(*t), "?");
		assert_contains(page, row);
	}
	ck_assert_uint_eq(i, ARRAY_LEN(messages));
	ck_assert_uint_eq(rows_of(page, "\n## Messages\n", "\n### "), i);
	ck_assert_str_eq(proto_name((enum proto_type)99), "?");
}
END_TEST

START_TEST(the_page_lists_each_query_and_no_other)
{
	auto_str page = protocol_page();
	unsigned i;

	for (i = 0; i < PROTO_ASKS; i++) {
		auto_str row =
		    xasprintf("\n| `%s` |", proto_ask_name((enum proto_ask)i));

		assert_contains(page, row);
	}
	ck_assert_uint_eq(rows_of(page, "\n## Queries\n", "\n## "), i);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_message_has_the_bytes_it_always_had, ARRAY_LEN(messages)},
	    {a_message_without_its_newer_fields_has_them_too,
		ARRAY_LEN(earlier)},
	    {a_query_has_the_bytes_it_always_had, ARRAY_LEN(asks)},
	    {a_query_without_its_newer_fields_has_them_too,
		ARRAY_LEN(earlier_asks)},
	    {what_a_message_carries_has_the_bytes_it_always_had,
		ARRAY_LEN(records)},
	    {what_it_carried_before_a_field_came_has_them_too,
		ARRAY_LEN(earlier_records)},
	    {no_message_field_query_or_record_is_without_golden_bytes, 0},
	    {an_empty_message_carries_no_fields, ARRAY_LEN(messages)},
	    {a_message_cut_anywhere_is_refused, ARRAY_LEN(messages)},
	    {a_field_of_another_type_is_refused_by_its_name,
		ARRAY_LEN(messages)},
	    {unknown_fields_are_ignored, 0},
	    {numbers_that_are_not_in_the_list_are_refused, 0},
	    {the_neighbouring_versions_are_spoken_and_no_others, 0},
	    {what_has_no_head_is_no_message, 0},
	    {a_message_over_the_limit_is_refused_before_it_is_read, 0},
	    {a_query_takes_its_args_and_no_others, ARRAY_LEN(args)},
	    {a_list_of_values_is_taken_in_its_order, ARRAY_LEN(leases)},
	    {a_page_of_the_list_has_no_next_where_there_is_none, 0},
	    {a_message_is_held_against_its_bounds, ARRAY_LEN(bounded)},
	    {the_page_lists_each_message_with_its_sender_and_no_other, 0},
	    {the_page_lists_each_query_and_no_other, 0},
	};

	return RUN_TESTS("proto", tests);
}
