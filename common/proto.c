/*
 * proto.c - one codec for all messages, driven by tables from the .def.
 *
 * Invariant: a message's fields are described once, in the .def; both
 * directions follow the table that is made from it here.
 */
#include "common/proto.h"

#include <assert.h>
#include <stddef.h>

#include "common/wire.h"

enum field_type { FIELD_U64, FIELD_STR, FIELD_BIN, FIELD_RAW };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;	/* in struct proto */
};

#define MSG(msg, NAME, number, from, text)                                     \
	static const struct field fields_##msg[] = {
#define FIELD(msg, ftype, fname)                                               \
	{#fname, FIELD_##ftype, offsetof(struct proto, msg.fname)},
#define END(msg)                                                               \
	{                                                                      \
		NULL, FIELD_U64, 0                                             \
	}                                                                      \
	}                                                                      \
	;
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END

static const struct message {
	enum proto_type type;
	const char *name;
	enum proto_sender sender;
	const char *what;
	const struct field *fields;
} messages[] = {
#define MSG(msg, NAME, number, from, text)                                     \
	{PROTO_##NAME, #NAME, PROTO_FROM_##from, text, fields_##msg},
#define FIELD(msg, type, name)
#define END(msg)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
};

static const enum proto_type types[] = {
#define MSG(msg, NAME, number, from, text) PROTO_##NAME,
#define FIELD(msg, type, name)
#define END(msg)
#include "common/proto_messages.def"
#undef MSG
#undef FIELD
#undef END
    0,
};

static const struct message *
message_find(uint64_t number)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(messages); i++)
		if ((uint64_t)messages[i].type == number)
			return &messages[i];
	return NULL;
}

const char *
proto_name(enum proto_type type)
{
	const struct message *m = message_find(type);

	return m != NULL ? m->name : "?";
}

const char *
proto_what(enum proto_type type)
{
	const struct message *m = message_find(type);

	return m != NULL ? m->what : "?";
}

enum proto_sender
proto_sender(enum proto_type type)
{
	const struct message *m = message_find(type);

	assert(m != NULL);
	return m->sender;
}

const enum proto_type *
proto_types(void)
{
	return types;
}

static bool
field_is_empty(const struct proto *msg, const struct field *f)
{
	const char *at = (const char *)msg + f->offset;

	if (f->type == FIELD_U64)
		return *(const uint64_t *)(const void *)at == 0;
	return ((const struct span *)(const void *)at)->n == 0;
}

static void
field_encode(struct buf *b, const struct proto *msg, const struct field *f)
{
	const char *at = (const char *)msg + f->offset;
	const struct span *s = (const struct span *)(const void *)at;

	wire_put_str(b, f->name);
	switch (f->type) {
	case FIELD_U64:
		wire_put_u64(b, *(const uint64_t *)(const void *)at);
		break;
	case FIELD_STR:
		wire_put_span(b, *s);
		break;
	case FIELD_BIN:
		wire_put_bin(b, *s);
		break;
	case FIELD_RAW:
		wire_put_raw(b, *s);
		break;
	}
}

void
proto_encode(struct buf *b, const struct proto *msg)
{
	const struct message *m = message_find(msg->type);
	const struct field *f;
	uint32_t n = 0;

	assert(m != NULL);
	for (f = m->fields; f->name != NULL; f++)
		n += !field_is_empty(msg, f);
	wire_put_array(b, 3);
	wire_put_u64(b, PROTO_VERSION);
	wire_put_u64(b, (uint64_t)m->type);
	wire_put_map(b, n);
	for (f = m->fields; f->name != NULL; f++)
		if (!field_is_empty(msg, f))
			field_encode(b, msg, f);
}

static const struct field *
field_find(const struct message *m, struct span name)
{
	const struct field *f;

	for (f = m->fields; f->name != NULL; f++)
		if (span_is(name, f->name))
			return f;
	return NULL;
}

static void
field_decode(struct wire_r *r, struct proto *msg, const struct field *f)
{
	char *at = (char *)msg + f->offset;
	struct span *s = (struct span *)(void *)at;

	switch (f->type) {
	case FIELD_U64:
		*(uint64_t *)(void *)at = wire_u64(r);
		break;
	case FIELD_STR:
		*s = wire_str(r);
		break;
	case FIELD_BIN:
		*s = wire_bin(r);
		break;
	case FIELD_RAW:
		*s = wire_raw(r);
		break;
	}
}

static enum rc
fields_decode(struct wire_r *r, const struct message *m, struct proto *msg,
    struct err *err)
{
	uint32_t n;

	for (n = wire_map(r); n > 0 && !r->bad; n--) {
		struct span name = wire_str(r);
		const struct field *f = field_find(m, name);

		if (f == NULL)
			wire_raw(r);
		else
			field_decode(r, msg, f);
		if (r->bad)
			return err_set(err, RC_INVALID,
			    "message %s: field %.*s has another type than "
			    "expected", m->name, SPAN_ARG(name));
	}
	return wire_end(r, err);
}

enum rc
proto_decode(struct span bytes, struct proto *ret_msg, struct err *err)
{
	struct wire_r r = wire_reader(bytes);
	const struct message *m;
	struct proto msg;
	uint64_t version, number;
	enum rc rc;

	if (bytes.n > PROTO_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "a message of %zu bytes; the limit is %d", bytes.n,
		    PROTO_BYTES_MAX);
	rc = wire_check(bytes, err);
	if (rc != RC_OK)
		return rc;
	if (wire_array(&r) != 3)
		return err_set(err, RC_INVALID, "not a message of three parts");
	version = wire_u64(&r);
	number = wire_u64(&r);
	if (r.bad)
		return err_set(err, RC_INVALID, "a message without a head");
	if (version < PROTO_VERSION_OLDEST || version > PROTO_VERSION + 1)
		return err_set(err, RC_DENIED,
		    "protocol version %llu; this build speaks %d to %d",
		    (unsigned long long)version, PROTO_VERSION_OLDEST,
		    PROTO_VERSION + 1);
	m = message_find(number);
	if (m == NULL)
		return err_set(err, RC_INVALID, "message type %llu is not known",
		    (unsigned long long)number);
	memset(&msg, 0, sizeof(msg));
	msg.type = m->type;
	rc = fields_decode(&r, m, &msg, err);
	if (rc == RC_OK)
		*ret_msg = msg;
	return rc;
}
