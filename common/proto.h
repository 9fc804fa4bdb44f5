/*
 * proto.h - typed messages to and from bytes, generated from the .def.
 *
 * Decoding checks the bytes whole (wire_check) first and allocates nothing:
 * spans in a decoded message point into the bytes it came from.
 */
#ifndef COMMON_PROTO_H
#define COMMON_PROTO_H

#include "common/buf.h"
#include "common/rc.h"
#include "common/span.h"

#include <stdint.h>

/* Versions N and N-1 work together; the one before is refused. */
enum { PROTO_VERSION = 1, PROTO_VERSION_OLDEST = 1 };

/* No message is larger; a tool's evidence is cut off well before. */
enum { PROTO_BYTES_MAX = 16 << 20 };

enum proto_sender { PROTO_FROM_WORKER, PROTO_FROM_GATEWAY,
	PROTO_FROM_SUPERVISOR };

enum proto_type {
#define MSG(name, NAME, number, sender, what) PROTO_##NAME = (number),
#define FIELD(msg, type, name)
#define END(name)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
};

#define PROTO_C_U64 uint64_t
#define PROTO_C_STR struct span
#define PROTO_C_BIN struct span
#define PROTO_C_RAW struct span

#define MSG(name, NAME, number, sender, what) struct proto_##name {
#define FIELD(msg, type, name) PROTO_C_##type name;
#define END(name)                                                              \
	};
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END

struct proto {
	enum proto_type type;
	union {
#define MSG(name, NAME, number, sender, what) struct proto_##name name;
#define FIELD(msg, type, name)
#define END(name)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
	};
};

/* What a message is called, e.g. "RESULT"; "?" for none. */
const char *proto_name(enum proto_type type);
const char *proto_what(enum proto_type type);
enum proto_sender proto_sender(enum proto_type type);

/* The types in the order of the list, for tables and tests; 0 ends it. */
const enum proto_type *proto_types(void);

/* Appends msg. An empty RAW field is left out. b's mark tells of overflow. */
void proto_encode(struct buf *b, const struct proto *msg);

/*
 * Reads a message. RC_INVALID: not msgpack, not a message, a type that is
 * not in the list, or a field of another type; RC_DENIED: a version this
 * build does not speak, named in err.
 */
NODISCARD enum rc proto_decode(struct span bytes, struct proto *ret_msg,
    struct err *err);

#endif
