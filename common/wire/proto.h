/*
 * proto.h - typed messages, and what they carry, to and from bytes; generated
 * from the .def.
 *
 * Decoding a message checks the bytes whole (wire_check) first. Nothing here
 * allocates: spans in what was decoded point into the bytes it came from.
 */
#ifndef COMMON_WIRE_PROTO_H
#define COMMON_WIRE_PROTO_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"
#include "common/wire/wire.h"

#include <stdint.h>

/* Versions N and N-1 work together; the one before is refused. */
enum { PROTO_VERSION = 1, PROTO_VERSION_OLDEST = 1 };

/* No message is larger; a tool's evidence is cut off well before. */
enum { PROTO_BYTES_MAX = 16 << 20 };

enum proto_sender { PROTO_FROM_WORKER, PROTO_FROM_GATEWAY,
	PROTO_FROM_SUPERVISOR };

enum proto_type {
#define MSG(name, NAME, number, sender, what) PROTO_##NAME = (number),
#include "common/wire/proto_messages.def"
};

/* What QUERY asks for. */
enum proto_ask {
#define QUERY(name, NAME, what) PROTO_ASK_##NAME,
#include "common/wire/proto_messages.def"
	PROTO_ASKS
};

/* ---- records: struct proto_NAME is what the list says of NAME ---- */

#define PROTO_C_U64 uint64_t
#define PROTO_C_BOOL bool
#define PROTO_C_STR struct span
#define PROTO_C_BIN struct span
#define PROTO_C_RAW struct span

#define REC(name) struct proto_##name {
#define FIELD(record, type, name) PROTO_C_##type name;
#define END(record)                                                            \
	};
#include "common/wire/proto_messages.def"

/* The bounds of a BOUNDED field; the codec holds records against them, a
 * message's are held by proto_check. */
#define PROTO_LEAST(record, field) proto_least_##record##_##field
#define PROTO_MOST(record, field) proto_most_##record##_##field
#define BOUNDED(record, type, name, least, most)                               \
	enum { PROTO_LEAST(record, name) = (least) };                          \
	enum { PROTO_MOST(record, name) = (most) };
#include "common/wire/proto_messages.def"

struct proto {
	enum proto_type type;
	union {
#define MSG(name, NAME, number, sender, what) struct proto_##name name;
#include "common/wire/proto_messages.def"
	};
};

/* The args of a QUERY; which, its `what` says. */
union proto_args {
#define QUERY(name, NAME, what) struct proto_##name name;
#include "common/wire/proto_messages.def"
};

/* What a message is called, e.g. "RESULT"; "?" for none. */
const char *proto_name(enum proto_type type);
const char *proto_what(enum proto_type type);
enum proto_sender proto_sender(enum proto_type type);

/* The types in the order of the list, for tables and tests; 0 ends it. */
const enum proto_type *proto_types(void);

/* Appends msg. An empty field is left out. b's mark tells of overflow. */
void proto_encode(struct buf *b, const struct proto *msg);

/*
 * Reads a message. RC_INVALID: not msgpack, not a message, a type that is
 * not in the list, or a field of another type; RC_DENIED: a version this
 * build does not speak, named in err.
 */
NODISCARD enum rc proto_decode(struct span bytes, struct proto *ret_msg,
    struct err *err);

/* RC_INVALID, naming the first field that is not within its bounds. */
NODISCARD enum rc proto_check(const struct proto *msg, struct err *err);

/* ---- what QUERY asks for ---- */

/* `what` of the message: "list". */
const char *proto_ask_name(enum proto_ask ask);

/* Appends the args; nothing where all are empty. */
void proto_put_args(
    struct buf *b, enum proto_ask ask, const union proto_args *args);

/* RC_INVALID: there is no such query, or its args are not what it takes. */
NODISCARD enum rc proto_get_args(const struct proto_query *query,
    enum proto_ask *ret_ask, union proto_args *ret_args, struct err *err);

/* ---- the other records ---- */

struct proto_record;

void proto_put(
    struct buf *b, const struct proto_record *record, const void *from);

/* The next value of r, which passed wire_check. RC_INVALID, naming the field:
 * it is none of these, or a field is of another type or out of bounds. */
NODISCARD enum rc proto_next(struct wire_r *r,
    const struct proto_record *record, void *ret, struct err *err);

/* proto_put_NAME(b, &record), proto_next_NAME(r, &record, err), and
 * proto_get_NAME(span, &record, err) for one alone. */
#define MAP(name, where, what) PROTO_RECORD(name)
#define LIST(name, where, what) PROTO_RECORD(name)
#define PROTO_RECORD(name)                                                     \
	extern const struct proto_record proto_record_##name;                  \
	static inline void proto_put_##name(                                   \
	    struct buf *b, const struct proto_##name *from)                    \
	{                                                                      \
		proto_put(b, &proto_record_##name, from);                      \
	}                                                                      \
	NODISCARD static inline enum rc proto_next_##name(                     \
	    struct wire_r *r, struct proto_##name *ret, struct err *err)       \
	{                                                                      \
		return proto_next(r, &proto_record_##name, ret, err);          \
	}                                                                      \
	NODISCARD static inline enum rc proto_get_##name(                      \
	    struct span from, struct proto_##name *ret, struct err *err)       \
	{                                                                      \
		struct wire_r r = wire_reader(from);                           \
                                                                               \
		return proto_next(&r, &proto_record_##name, ret, err);         \
	}
#include "common/wire/proto_messages.def"
#undef PROTO_RECORD

#endif
