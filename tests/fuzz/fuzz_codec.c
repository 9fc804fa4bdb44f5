/*
 * fuzz_codec.c - what one process may send another: bytes are refused, or
 * they are the one message that other readers of msgpack see in them, and
 * encoding that message gives it again.
 */
#include "common/json/json.h"
#include "common/wire/proto.h"
#include "common/json/tree.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"

#include <assert.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>

static struct span input;

static void
is_inside(struct span s)
{
	assert(s.n <= input.n);
	assert(s.n == 0 || (s.p >= input.p && s.p + s.n <= input.p + input.n));
}

/* ---- the rules of wire_check, said again the slow way ---- */

static bool plain_value(struct span *rest, int depth, bool key);

static bool
plain_number(struct span *rest, unsigned bytes, uint64_t *ret)
{
	if (rest->n < bytes)
		return false;
	for (*ret = 0; bytes > 0; bytes--) {
		*ret = *ret * 256 + (uint8_t)*rest->p;
		*rest = span_make(rest->p + 1, rest->n - 1);
	}
	return true;
}

static bool
plain_text(struct span *rest, uint64_t n, bool utf8)
{
	struct span s = span_make(rest->p, (size_t)n);

	if (n > rest->n || (utf8 && !utf8_ok(s)))
		return false;
	*rest = span_make(rest->p + n, rest->n - (size_t)n);
	return true;
}

static bool
plain_values(struct span *rest, uint64_t n, int depth, bool map)
{
	uint64_t i;

	n *= map ? 2 : 1;
	if (n > 0 && depth == WIRE_DEPTH_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!plain_value(rest, depth + 1, map && i % 2 == 0))
			return false;
	return true;
}

static bool
plain_value(struct span *rest, int depth, bool key)
{
	uint64_t c, n = 0;

	if (!plain_number(rest, 1, &c))
		return false;
	if (key && !(c >= 0xa0 && c <= 0xbf) && !(c >= 0xd9 && c <= 0xdb))
		return false;
	if (c <= 0x7f || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
		return true;
	if (c <= 0x9f)
		return plain_values(rest, c & 15, depth, c <= 0x8f);
	if (c <= 0xbf)
		return plain_text(rest, c & 31, true);
	if (c >= 0xc4 && c <= 0xc6)
		return plain_number(rest, 1u << (c - 0xc4), &n) &&
		       plain_text(rest, n, false);
	if (c == 0xca || c == 0xcb)
		return plain_number(rest, c == 0xca ? 4 : 8, &n);
	if (c >= 0xcc && c <= 0xd3)
		return plain_number(rest, 1u << (c & 3), &n);
	if (c >= 0xd9 && c <= 0xdb)
		return plain_number(rest, 1u << (c - 0xd9), &n) &&
		       plain_text(rest, n, true);
	if (c >= 0xdc)
		return plain_number(rest, c % 2 == 0 ? 2 : 4, &n) &&
		       plain_values(rest, n, depth, c >= 0xde);
	return false;
}

/* ---- the same values as msgpack-c ---- */

static void same_value(struct wire_r *r, const msgpack_object *o);

static void
same_text(struct span s, const char *p, uint32_t n)
{
	is_inside(s);
	assert(span_equal(s, span_make(p, n)));
}

static void
same_map(struct wire_r *r, const msgpack_object *o)
{
	uint32_t i;

	assert(wire_map(r) == o->via.map.size);
	for (i = 0; i < o->via.map.size; i++) {
		const msgpack_object_str *k = &o->via.map.ptr[i].key.via.str;

		same_text(wire_str(r), k->ptr, k->size);
		same_value(r, &o->via.map.ptr[i].val);
	}
}

static void
same_array(struct wire_r *r, const msgpack_object *o)
{
	uint32_t i;

	assert(wire_array(r) == o->via.array.size);
	for (i = 0; i < o->via.array.size; i++)
		same_value(r, &o->via.array.ptr[i]);
}

static void
same_double(double a, double b)
{
	assert(a == b || (isnan(a) && isnan(b)));
}

static void
same_value(struct wire_r *r, const msgpack_object *o)
{
	static const enum wire_type types[] = {
	    [MSGPACK_OBJECT_NIL] = WIRE_NIL,
	    [MSGPACK_OBJECT_BOOLEAN] = WIRE_BOOL,
	    [MSGPACK_OBJECT_POSITIVE_INTEGER] = WIRE_INT,
	    [MSGPACK_OBJECT_NEGATIVE_INTEGER] = WIRE_INT,
	    [MSGPACK_OBJECT_FLOAT32] = WIRE_DOUBLE,
	    [MSGPACK_OBJECT_FLOAT64] = WIRE_DOUBLE,
	    [MSGPACK_OBJECT_STR] = WIRE_STR,
	    [MSGPACK_OBJECT_BIN] = WIRE_BIN,
	    [MSGPACK_OBJECT_ARRAY] = WIRE_ARRAY,
	    [MSGPACK_OBJECT_MAP] = WIRE_MAP,
	};

	assert(o->type < ARRAY_LEN(types) && wire_peek(r) == types[o->type]);
	if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		assert(wire_u64(r) == o->via.u64);
	else if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		assert(wire_int(r) == o->via.i64);
	else if (types[o->type] == WIRE_DOUBLE)
		same_double(wire_double(r), o->via.f64);
	else if (o->type == MSGPACK_OBJECT_STR)
		same_text(wire_str(r), o->via.str.ptr, o->via.str.size);
	else if (o->type == MSGPACK_OBJECT_BIN)
		same_text(wire_bin(r), o->via.bin.ptr, o->via.bin.size);
	else if (o->type == MSGPACK_OBJECT_BOOLEAN)
		assert(wire_bool(r) == o->via.boolean);
	else if (o->type == MSGPACK_OBJECT_MAP)
		same_map(r, o);
	else if (o->type == MSGPACK_OBJECT_NIL)
		assert(wire_raw(r).n == 1);
	else
		same_array(r, o);
}

static void
same_as_msgpack_c(struct span value)
{
	struct wire_r r = wire_reader(value);
	msgpack_unpacked u;
	size_t at = 0;

	msgpack_unpacked_init(&u);
	assert(msgpack_unpack_next(&u, value.p, value.n, &at) ==
	       MSGPACK_UNPACK_SUCCESS);
	assert(at == value.n);
	same_value(&r, &u.data);
	assert(wire_end(&r, NULL) == RC_OK);
	msgpack_unpacked_destroy(&u);
}

/* ---- any reads of any bytes stay within them ---- */

static void
read_one(struct wire_r *r, unsigned how)
{
	if (how == 0)
		wire_map(r);
	else if (how == 1)
		wire_array(r);
	else if (how == 2)
		is_inside(wire_str(r));
	else if (how == 3)
		is_inside(wire_bin(r));
	else if (how == 4)
		wire_int(r);
	else if (how == 5)
		wire_u64(r);
	else if (how == 6)
		wire_double(r);
	else
		is_inside(wire_raw(r));
}

static void
read_anyhow(struct span bytes)
{
	struct wire_r r = wire_reader(bytes);
	size_t i;

	for (i = 0; i < bytes.n && i < 16; i++) {
		read_one(&r, (uint8_t)bytes.p[bytes.n - 1 - i] % 8);
		assert(r.p >= (const uint8_t *)bytes.p && r.p <= r.end);
	}
	is_inside(wire_find(bytes, "run"));
	is_inside(wire_find_str(bytes, "tool"));
	wire_find_int(bytes, "turns", 0);
}

/* ---- JSON ---- */

/* Text and tree say the same, and a tree that is put is read back. */
static void
to_json_and_back(struct span value)
{
	static struct buf text = {.max = 1 << 20}, told = {.max = 1 << 20};
	static struct buf b1 = {.max = 1 << 20}, b2 = {.max = 1 << 20};
	AUTO(tree) tree = wire_to_tree(value);
	AUTO(tree) parsed = NULL;
	AUTO(tree) again = NULL;

	buf_reset(&text);
	buf_reset(&told);
	buf_reset(&b1);
	buf_reset(&b2);
	wire_to_json(&text, value);
	parsed = cJSON_ParseWithLength(buf_str(&text), text.len);
	assert(parsed != NULL && utf8_ok(buf_span(&text)));
	json_print(&told, tree);
	buf_reset(&text);
	json_print(&text, parsed);
	assert(span_equal(buf_span(&told), buf_span(&text)));
	wire_put_tree(&b1, tree);
	assert(wire_check(buf_span(&b1), NULL) == RC_OK);
	again = wire_to_tree(buf_span(&b1));
	wire_put_tree(&b2, again);
	assert(!b1.full && span_equal(buf_span(&b1), buf_span(&b2)));
}

/* ---- messages, and what they carry ---- */

#define GOOD_U64(v) (void)(v)
#define GOOD_BOOL GOOD_U64
#define GOOD_STR(v) (is_inside(v), assert(utf8_ok(v)))
#define GOOD_BIN(v) is_inside(v)
#define GOOD_RAW(v)                                                            \
	(is_inside(v), assert((v).n == 0 || wire_check(v, NULL) == RC_OK))

#define SAME_U64(a, b) assert((a) == (b))
#define SAME_BOOL SAME_U64
#define SAME_STR(a, b) assert(span_equal(a, b))
#define SAME_BIN SAME_STR
/* Nil stands where a value that has to be there is none. */
#define SAME_RAW(a, b) assert((a).n == 0 || span_equal(a, b))

#define REC(rec)                                                               \
	static void good_##rec(const struct proto_##rec *v UNUSED)             \
	{
#define FIELD(rec, type, name) GOOD_##type(v->name);
#define END(rec) }
#include "common/wire/proto_messages.def"

#define REC(rec)                                                               \
	static void same_##rec(const struct proto_##rec *a UNUSED,             \
	    const struct proto_##rec *b UNUSED)                                \
	{
#define FIELD(rec, type, name) SAME_##type(a->name, b->name);
#define END(rec) }
#include "common/wire/proto_messages.def"

static void
fields_are_good(const struct proto *m)
{
	switch (m->type) {
#define MSG(msg, NAME, number, sender, what)                                   \
	case PROTO_##NAME:                                                     \
		good_##msg(&m->msg);                                           \
		break;
#include "common/wire/proto_messages.def"
	}
}

static void
fields_are_same(const struct proto *a, const struct proto *b)
{
	assert(a->type == b->type);
	switch (a->type) {
#define MSG(msg, NAME, number, sender, what)                                   \
	case PROTO_##NAME:                                                     \
		same_##msg(&a->msg, &b->msg);                                  \
		break;
#include "common/wire/proto_messages.def"
	}
}

static struct span
bytes_of(struct buf *b)
{
	assert(!b->full);
	assert(b->len == 0 || wire_check(buf_span(b), NULL) == RC_OK);
	return buf_span(b);
}

/* The input as each of those: none, or what is put is got again. */
static void
records_there_and_back(void)
{
	static struct buf b = {.max = PROTO_BYTES_MAX};
	struct err err;

#define TRY(rec)                                                               \
	{                                                                      \
		struct proto_##rec one, two;                                   \
                                                                               \
		buf_reset(&b);                                                 \
		if (proto_get_##rec(input, &one, &err) == RC_OK) {             \
			good_##rec(&one);                                      \
			proto_put_##rec(&b, &one);                             \
			if (proto_get_##rec(bytes_of(&b), &two, &err) !=       \
			    RC_OK)                                             \
				abort();                                       \
			same_##rec(&one, &two);                                \
		}                                                              \
	}
#define MAP(rec, where, what) TRY(rec)
#define LIST(rec, where, what) TRY(rec)
#include "common/wire/proto_messages.def"
}

static void
queries_there_and_back(void)
{
	static struct buf b = {.max = PROTO_BYTES_MAX};
	struct proto_query q = {.args = input}, again;
	union proto_args one, two;
	enum proto_ask ask, same;
	struct err err;
	int i;

	for (i = 0; i < PROTO_ASKS; i++) {
		q.what = span_of(proto_ask_name((enum proto_ask)i));
		if (proto_get_args(&q, &ask, &one, &err) != RC_OK)
			continue;
		assert((int)ask == i);
		buf_reset(&b);
		proto_put_args(&b, ask, &one);
		again = (struct proto_query){
		    .what = q.what, .args = bytes_of(&b)};
		if (proto_get_args(&again, &same, &two, &err) != RC_OK)
			abort();
		switch (ask) {
#define QUERY(query, NAME, what)                                               \
	case PROTO_ASK_##NAME:                                                 \
		good_##query(&one.query);                                      \
		same_##query(&one.query, &two.query);                          \
		break;
#include "common/wire/proto_messages.def"
		case PROTO_ASKS:
			abort();
		}
	}
}

static void
encode_and_decode(const struct proto *m)
{
	static struct buf b1 = {.max = PROTO_BYTES_MAX};
	static struct buf b2 = {.max = PROTO_BYTES_MAX};
	struct proto again;

	buf_reset(&b1);
	buf_reset(&b2);
	proto_encode(&b1, m);
	assert(!b1.full);
	assert(proto_decode(buf_span(&b1), &again, NULL) == RC_OK);
	fields_are_same(m, &again);
	proto_encode(&b2, &again);
	assert(span_equal(buf_span(&b1), buf_span(&b2)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proto m = {.type = PROTO_WHO};
	struct err err = {0};
	struct span rest;

	input = rest = span_make(data, size);
	read_anyhow(input);
	if (wire_check(input, &err) != RC_OK) {
		assert(err.text[0] != '\0');
		assert(!plain_value(&rest, 0, false) || rest.n > 0);
		assert(proto_decode(input, &m, &err) == RC_INVALID);
		assert(m.type == PROTO_WHO);
		return 0;
	}
	assert(plain_value(&rest, 0, false) && rest.n == 0);
	same_as_msgpack_c(input);
	to_json_and_back(input);
	records_there_and_back();
	queries_there_and_back();
	if (proto_decode(input, &m, &err) != RC_OK) {
		assert(err.text[0] != '\0' && utf8_ok(span_of(err.text)));
		assert(m.type == PROTO_WHO);
		return 0;
	}
	fields_are_good(&m);
	encode_and_decode(&m);
	return 0;
}
