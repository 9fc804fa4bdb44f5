/*
 * wire.c - reading msgpack in place, and writing it.
 *
 * One function, wire_head, knows the format: it decodes the first byte and
 * its length field. Check, skip and every typed reader stand on it, so that
 * what was checked is what is read.
 */
#include "common/wire/wire.h"

#include <msgpack.h>

#include "common/base/utf8.h"

struct head {
	enum wire_type type;
	uint64_t n;	/* payload bytes, elements, pairs, or the value */
	int64_t i;	/* WIRE_INT when negative */
	double d;
	bool negative;
};

static uint64_t
big_endian(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* The formats from 0xc0 on: their type, bytes of length or value field. */
static const struct format {
	enum wire_type type;
	uint8_t field;
	bool is_signed;
	bool known;
} formats[32] = {
	[0x00] = {WIRE_NIL, 0, false, true},	/* c0 */
	[0x02] = {WIRE_BOOL, 0, false, true},	/* c2 false */
	[0x03] = {WIRE_BOOL, 0, false, true},	/* c3 true */
	[0x04] = {WIRE_BIN, 1, false, true},	/* c4 */
	[0x05] = {WIRE_BIN, 2, false, true},
	[0x06] = {WIRE_BIN, 4, false, true},
	[0x0a] = {WIRE_DOUBLE, 4, false, true},	/* ca */
	[0x0b] = {WIRE_DOUBLE, 8, false, true},
	[0x0c] = {WIRE_INT, 1, false, true},	/* cc */
	[0x0d] = {WIRE_INT, 2, false, true},
	[0x0e] = {WIRE_INT, 4, false, true},
	[0x0f] = {WIRE_INT, 8, false, true},
	[0x10] = {WIRE_INT, 1, true, true},	/* d0 */
	[0x11] = {WIRE_INT, 2, true, true},
	[0x12] = {WIRE_INT, 4, true, true},
	[0x13] = {WIRE_INT, 8, true, true},
	[0x19] = {WIRE_STR, 1, false, true},	/* d9 */
	[0x1a] = {WIRE_STR, 2, false, true},
	[0x1b] = {WIRE_STR, 4, false, true},
	[0x1c] = {WIRE_ARRAY, 2, false, true},	/* dc */
	[0x1d] = {WIRE_ARRAY, 4, false, true},
	[0x1e] = {WIRE_MAP, 2, false, true},	/* de */
	[0x1f] = {WIRE_MAP, 4, false, true},
};

static void
head_set_signed(struct head *h, uint64_t v, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;

	h->i = (int64_t)(v << shift) >> shift;
	h->negative = h->i < 0;
	h->n = (uint64_t)h->i;
}

static void
head_set_double(struct head *h, uint64_t v, unsigned bytes)
{
	uint32_t narrow = (uint32_t)v;
	float f;

	if (bytes == 8) {
		memcpy(&h->d, &v, sizeof(h->d));
	} else {
		memcpy(&f, &narrow, sizeof(f));
		h->d = (double)f;
	}
}

/* The short forms, where the first byte holds the length or the value. */
static bool
head_short(uint8_t c, struct head *h)
{
	if (c <= 0x7f)
		*h = (struct head){.type = WIRE_INT, .n = c, .i = c};
	else if (c <= 0x8f)
		*h = (struct head){.type = WIRE_MAP, .n = c & 0x0fU};
	else if (c <= 0x9f)
		*h = (struct head){.type = WIRE_ARRAY, .n = c & 0x0fU};
	else if (c <= 0xbf)
		*h = (struct head){.type = WIRE_STR, .n = c & 0x1fU};
	else if (c >= 0xe0)
		*h = (struct head){.type = WIRE_INT,
		    .n = (uint64_t)(int64_t)(int8_t)c,
		    .i = (int8_t)c,
		    .negative = true};
	else
		return false;
	return true;
}

/* Decodes the head at *pp and moves behind it; false when it is not one. */
static bool
wire_head(const uint8_t **pp, const uint8_t *end, struct head *h)
{
	const uint8_t *p = *pp;
	const struct format *f;
	uint64_t v;

	if (p >= end)
		return false;
	if (head_short(*p, h)) {
		*pp = p + 1;
		return true;
	}
	f = &formats[*p - 0xc0];
	if (!f->known || (size_t)(end - p - 1) < f->field)
		return false;
	v = f->field != 0 ? big_endian(p + 1, f->field) : *p & 1U;
	*h = (struct head){.type = f->type, .n = v, .i = (int64_t)v};
	if (f->is_signed)
		head_set_signed(h, v, f->field);
	if (f->type == WIRE_DOUBLE)
		head_set_double(h, v, f->field);
	*pp = p + 1 + f->field;
	return true;
}

static uint64_t
head_children(const struct head *h)
{
	if (h->type == WIRE_ARRAY)
		return h->n;
	return h->type == WIRE_MAP ? h->n * 2 : 0;
}

static uint64_t
head_payload(const struct head *h)
{
	return h->type == WIRE_STR || h->type == WIRE_BIN ? h->n : 0;
}

/* ---- check ---- */

struct level {
	uint64_t left;	/* values still to come at this level */
	bool is_map;
};

static const char *
check_one(const uint8_t **pp, const uint8_t *end, bool is_key, struct head *h)
{
	const uint8_t *start;

	if (!wire_head(pp, end, h))
		return "a value cut short or of a refused type";
	if (is_key && h->type != WIRE_STR)
		return "a map key that is not a string";
	/* A child takes a byte at least: a count over that is a lie. */
	if (head_children(h) > (uint64_t)(end - *pp))
		return "a count larger than the bytes that follow";
	if (head_payload(h) > (uint64_t)(end - *pp))
		return "a length larger than the bytes that follow";
	start = *pp;
	*pp += head_payload(h);
	if (h->type == WIRE_STR && !utf8_ok(span_make(start, h->n)))
		return "a string that is not UTF-8";
	return NULL;
}

static const char *
check_all(const uint8_t **pp, const uint8_t *end)
{
	struct level stack[WIRE_DEPTH_MAX + 1] = {{1, false}};
	int depth = 0;

	while (depth >= 0) {
		struct level *l = &stack[depth];
		const char *why;
		struct head h;

		if (l->left == 0) {
			depth--;
			continue;
		}
		why = check_one(pp, end, l->is_map && l->left % 2 == 0, &h);
		if (why != NULL)
			return why;
		l->left--;
		if (head_children(&h) == 0)
			continue;
		if (depth == WIRE_DEPTH_MAX)
			return "nesting that is too deep";
		stack[++depth] = (struct level){head_children(&h),
		    h.type == WIRE_MAP};
	}
	return NULL;
}

/* An empty span may point nowhere, from where C does not count even 0 on. */
static const uint8_t *
start_of(struct span bytes)
{
	return (const uint8_t *)(bytes.p != NULL ? bytes.p : "");
}

enum rc
wire_check(struct span bytes, struct err *err)
{
	const uint8_t *start = start_of(bytes), *p = start;
	const uint8_t *end = p + bytes.n;
	const char *why = check_all(&p, end);

	if (why == NULL && p != end)
		why = "bytes after the end";
	if (why == NULL)
		return RC_OK;
	return err_set(err, RC_INVALID, "msgpack: %s at byte %zu of %zu", why,
	    (size_t)(p - start), bytes.n);
}

unsigned
wire_depth(struct span value)
{
	const uint8_t *p = start_of(value), *end = p + value.n;
	uint64_t left[WIRE_DEPTH_MAX + 1] = {1};
	unsigned depth = 0, most = 0;
	struct head h;

	for (;;) {
		while (depth > 0 && left[depth] == 0)
			depth--;
		if (left[depth]-- == 0 || !wire_head(&p, end, &h) ||
		    head_payload(&h) > (uint64_t)(end - p))
			return most;
		p += head_payload(&h);
		if (head_children(&h) == 0 || depth == WIRE_DEPTH_MAX)
			continue;
		left[++depth] = head_children(&h);
		most = MAX(most, depth);
	}
}

/* ---- read ---- */

struct wire_r
wire_reader(struct span bytes)
{
	const uint8_t *p = start_of(bytes);

	return (struct wire_r){p, p + bytes.n, false};
}

enum wire_type
wire_peek(const struct wire_r *r)
{
	const uint8_t *p = r->p;
	struct head h;

	if (r->bad || !wire_head(&p, r->end, &h))
		return WIRE_NONE;
	return h.type;
}

/* Reads a head of one of two types; on another, sets the mark. */
static struct head
read_head(struct wire_r *r, enum wire_type type, enum wire_type also)
{
	struct head h = {.type = WIRE_NONE};

	if (r->bad)
		return h;
	if (!wire_head(&r->p, r->end, &h) ||
	    (h.type != type && h.type != also) ||
	    head_payload(&h) > (uint64_t)(r->end - r->p)) {
		r->bad = true;
		return (struct head){.type = WIRE_NONE};
	}
	return h;
}

uint32_t
wire_map(struct wire_r *r)
{
	return (uint32_t)read_head(r, WIRE_MAP, WIRE_MAP).n;
}

uint32_t
wire_array(struct wire_r *r)
{
	return (uint32_t)read_head(r, WIRE_ARRAY, WIRE_ARRAY).n;
}

static struct span
read_bytes(struct wire_r *r, enum wire_type type, enum wire_type also)
{
	struct head h = read_head(r, type, also);
	struct span s = {(const char *)r->p, h.n};

	r->p += h.n;
	return s;
}

struct span
wire_str(struct wire_r *r)
{
	return read_bytes(r, WIRE_STR, WIRE_STR);
}

struct span
wire_bin(struct wire_r *r)
{
	return read_bytes(r, WIRE_BIN, WIRE_STR);
}

int64_t
wire_int(struct wire_r *r)
{
	struct head h = read_head(r, WIRE_INT, WIRE_INT);

	if (!h.negative && h.n > INT64_MAX)
		r->bad = true;
	return r->bad ? 0 : h.i;
}

uint64_t
wire_u64(struct wire_r *r)
{
	struct head h = read_head(r, WIRE_INT, WIRE_INT);

	if (h.negative)
		r->bad = true;
	return r->bad ? 0 : h.n;
}

double
wire_double(struct wire_r *r)
{
	struct head h = read_head(r, WIRE_DOUBLE, WIRE_INT);

	if (h.type != WIRE_INT)
		return h.d;
	return h.negative ? (double)h.i : (double)h.n;
}

bool
wire_bool(struct wire_r *r)
{
	return read_head(r, WIRE_BOOL, WIRE_BOOL).n != 0;
}

struct span
wire_raw(struct wire_r *r)
{
	const uint8_t *start = r->p;
	uint64_t left = 1;
	struct head h;

	while (left > 0 && !r->bad) {
		if (!wire_head(&r->p, r->end, &h) ||
		    head_payload(&h) > (uint64_t)(r->end - r->p) ||
		    head_children(&h) > (uint64_t)(r->end - r->p)) {
			r->bad = true;
			break;
		}
		r->p += head_payload(&h);
		left += head_children(&h) - 1;
	}
	if (r->bad)
		return (struct span){NULL, 0};
	return span_make(start, (size_t)(r->p - start));
}

enum rc
wire_end(const struct wire_r *r, struct err *err)
{
	if (r->bad)
		return err_set(err, RC_INVALID,
		    "msgpack: a field has another type than expected");
	if (r->p != r->end)
		return err_set(err, RC_INVALID, "msgpack: %zu bytes too many",
		    (size_t)(r->end - r->p));
	return RC_OK;
}

struct span
wire_find(struct span map, const char *key)
{
	struct wire_r r = wire_reader(map);
	struct span sought = span_of(key);
	uint32_t n;

	if (wire_peek(&r) != WIRE_MAP)
		return (struct span){NULL, 0};
	for (n = wire_map(&r); n > 0 && !r.bad; n--) {
		struct span k = wire_str(&r);
		struct span v = wire_raw(&r);

		if (!r.bad && span_equal(k, sought))
			return v;
	}
	return (struct span){NULL, 0};
}

struct span
wire_find_str(struct span map, const char *key)
{
	struct wire_r r = wire_reader(wire_find(map, key));

	if (wire_peek(&r) != WIRE_STR)
		return (struct span){NULL, 0};
	return wire_str(&r);
}

int64_t
wire_find_int(struct span map, const char *key, int64_t absent)
{
	struct wire_r r = wire_reader(wire_find(map, key));

	if (wire_peek(&r) != WIRE_INT)
		return absent;
	return wire_int(&r);
}

/* ---- write ---- */

static int
sink(void *data, const char *p, size_t n)
{
	buf_add(data, p, n);
	return 0;
}

static msgpack_packer
packer(struct buf *b)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, b, sink);
	return pk;
}

void
wire_put_nil(struct buf *b)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_nil(&pk);
}

void
wire_put_bool(struct buf *b, bool v)
{
	msgpack_packer pk = packer(b);

	if (v)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
}

void
wire_put_int(struct buf *b, int64_t v)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_int64(&pk, v);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_uint64(&pk, v);
}

void
wire_put_double(struct buf *b, double v)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_double(&pk, v);
}

void
wire_put_span(struct buf *b, struct span s)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_str(&pk, s.n);
	buf_add_span(b, s);
}

void
wire_put_str(struct buf *b, const char *s)
{
	wire_put_span(b, span_of(s));
}

void
wire_put_bin(struct buf *b, struct span s)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_bin(&pk, s.n);
	buf_add_span(b, s);
}

void
wire_put_array(struct buf *b, uint32_t n)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_array(&pk, n);
}

void
wire_put_map(struct buf *b, uint32_t n)
{
	msgpack_packer pk = packer(b);

	msgpack_pack_map(&pk, n);
}

void
wire_put_raw(struct buf *b, struct span value)
{
	buf_add_span(b, value);
}
