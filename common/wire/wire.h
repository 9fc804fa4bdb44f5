/*
 * wire.h - msgpack, written through msgpack-c and read without allocating.
 *
 * Why both: msgpack-c packs, and every byte that leaves is packed by it. It
 * does not unpack, since that is where a peer's bytes decide: msgpack-c 4
 * allocates what a count promises before it looks for it, so that 5 bytes ask
 * for 8 GiB; a MiB of nils becomes 25 MiB of objects; and bytes behind the
 * end, or text that is not UTF-8, are taken. The reader here costs no memory,
 * and what it accepts is the contract of the next paragraph.
 *
 * A peer's bytes pass wire_check once, before anything looks inside. It is
 * O(bytes): counts are held against what remains, depth, text encoding and
 * trailing bytes are checked, extension types are refused and map keys must
 * be strings. Readers are sticky: read the fields in statements, then ask
 * wire_end once.
 */
#ifndef COMMON_WIRE_WIRE_H
#define COMMON_WIRE_WIRE_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

enum { WIRE_DEPTH_MAX = 24 };

/* RC_INVALID with the offset of what is wrong, or RC_OK. */
NODISCARD enum rc wire_check(struct span bytes, struct err *err);

/* How many arrays and maps of bytes, which passed wire_check, are in each
 * other, 0 to WIRE_DEPTH_MAX; empty ones do not count. What becomes part of a
 * message must leave room for what is put around it. */
unsigned wire_depth(struct span value);

/* ---- reading: spans point into the bytes that are read ---- */

enum wire_type {
	WIRE_NIL,
	WIRE_BOOL,
	WIRE_INT,
	WIRE_DOUBLE,
	WIRE_STR,
	WIRE_BIN,
	WIRE_ARRAY,
	WIRE_MAP,
	WIRE_NONE,	/* nothing left, or an earlier read failed */
};

struct wire_r {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

struct wire_r wire_reader(struct span bytes);

/* The type of the next value; does not move. */
enum wire_type wire_peek(const struct wire_r *r);

/* Each reads the next value; another type sets the mark and gives 0. */
uint32_t wire_map(struct wire_r *r);
uint32_t wire_array(struct wire_r *r);
struct span wire_str(struct wire_r *r);
struct span wire_bin(struct wire_r *r);	/* also takes a string */
int64_t wire_int(struct wire_r *r);
uint64_t wire_u64(struct wire_r *r);	/* a negative number sets the mark */
double wire_double(struct wire_r *r);	/* also takes an integer */
bool wire_bool(struct wire_r *r);

/* The next value whole, as it stands; reads past it. */
struct span wire_raw(struct wire_r *r);

/* RC_INVALID when a read failed or bytes are left. */
NODISCARD enum rc wire_end(const struct wire_r *r, struct err *err);

/* The value of a key of the map in bytes; an empty span when absent. */
struct span wire_find(struct span map, const char *key);
struct span wire_find_str(struct span map, const char *key);
int64_t wire_find_int(struct span map, const char *key, int64_t absent);

/* ---- writing: appends to b, whose mark is checked by the caller ---- */

void wire_put_nil(struct buf *b);
void wire_put_bool(struct buf *b, bool v);
void wire_put_int(struct buf *b, int64_t v);
void wire_put_u64(struct buf *b, uint64_t v);
void wire_put_double(struct buf *b, double v);
void wire_put_str(struct buf *b, const char *s);
void wire_put_span(struct buf *b, struct span s);	/* as a string */
void wire_put_bin(struct buf *b, struct span s);
void wire_put_array(struct buf *b, uint32_t n);
void wire_put_map(struct buf *b, uint32_t n);
void wire_put_raw(struct buf *b, struct span value);

/* ---- msgpack and JSON ---- */

/* Appends the JSON text of one value; bytes must have passed wire_check.
 * Not-a-number and infinities become the strings "NaN", "+Inf", "-Inf";
 * binary becomes base64. */
void wire_to_json(struct buf *b, struct span value);

/* The tree of one value, the caller's (cJSON_Delete). */
struct cJSON *wire_to_tree(struct span value);

/* Appends a tree. Numbers without a fraction become integers. */
void wire_put_tree(struct buf *b, const struct cJSON *tree);

#endif
