/*
 * proto.c - one codec for all records, driven by tables from the .def.
 *
 * Invariant: a record's fields are described once, in the .def; both
 * directions follow the table that is made from it here.
 */
#include "common/wire/proto.h"

#include <assert.h>
#include <stddef.h>

enum field_type { FIELD_U64, FIELD_BOOL, FIELD_STR, FIELD_BIN, FIELD_RAW };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;        /* in the record */
	bool always;          /* written also when it is empty */
	uint64_t least, most; /* of the number, or of the bytes */
};

#define REC(name) static const struct field fields_##name[] = {
#define FIELD_ROW(record, ftype, fname, ...)                                   \
	{.name = #fname,                                                       \
	    .type = FIELD_##ftype,                                             \
	    .offset = offsetof(struct proto_##record, fname),                  \
	    __VA_ARGS__},
#define FIELD(record, type, name)                                              \
	FIELD_ROW(record, type, name, .most = UINT64_MAX)
#define KEY(record, type, name)                                                \
	FIELD_ROW(record, type, name, .most = UINT64_MAX, .always = true)
#define BOUNDED(record, ftype, fname, lo, hi)                                  \
	FIELD_ROW(record, ftype, fname, .least = (lo), .most = (hi))
#define END(record)                                                            \
	{                                                                      \
		.name = NULL                                                   \
	}                                                                      \
	}                                                                      \
	;
#include "common/wire/proto_messages.def"

struct proto_record {
	const char *name; /* for whoever is told what is wrong */
	bool list;
	const struct field *fields;
	size_t bytes; /* of its struct */
};

/* Room for any. */
union any {
#define REC(name) struct proto_##name name;
#include "common/wire/proto_messages.def"
};

static const struct message {
	enum proto_type type;
	enum proto_sender sender;
	const char *what;
	struct proto_record record;
} messages[] = {
#define MSG(msg, NAME, number, from, text)                                     \
	{PROTO_##NAME, PROTO_FROM_##from, text,                                \
	    {.name = #NAME,                                                    \
		.fields = fields_##msg,                                        \
		.bytes = sizeof(struct proto_##msg)}},
#include "common/wire/proto_messages.def"
};

static const enum proto_type types[] = {
#define MSG(msg, NAME, number, from, text) PROTO_##NAME,
#include "common/wire/proto_messages.def"
    0,
};

static const struct proto_record queries[] = {
#define QUERY(query, NAME, text)                                               \
	[PROTO_ASK_##NAME] = {.name = #query,                                  \
	    .fields = fields_##query,                                          \
	    .bytes = sizeof(struct proto_##query)},
#include "common/wire/proto_messages.def"
};

#define MAP(map, where, text)                                                  \
	const struct proto_record proto_record_##map = {.name = where,         \
	    .fields = fields_##map,                                            \
	    .bytes = sizeof(struct proto_##map)};
#define LIST(seq, where, text)                                                 \
	const struct proto_record proto_record_##seq = {.name = where,         \
	    .list = true,                                                      \
	    .fields = fields_##seq,                                            \
	    .bytes = sizeof(struct proto_##seq)};
#include "common/wire/proto_messages.def"

/* All messages begin where the union does. */
static const size_t message_offset = offsetof(struct proto, hello);

/* ---- names ---- */

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

	return m != NULL ? m->record.name : "?";
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

const char *
proto_ask_name(enum proto_ask ask)
{
	return queries[ask].name;
}

/* ---- writing ---- */

/* The number, or how many bytes. */
static uint64_t
field_size(const void *record, const struct field *f)
{
	const void *at = (const char *)record + f->offset;

	if (f->type == FIELD_U64)
		return *(const uint64_t *)at;
	if (f->type == FIELD_BOOL)
		return *(const bool *)at;
	return ((const struct span *)at)->n;
}

static void
field_put(struct buf *b, const void *record, const struct field *f)
{
	const void *at = (const char *)record + f->offset;
	const struct span *s = at;

	switch (f->type) {
	case FIELD_U64:
		wire_put_u64(b, *(const uint64_t *)at);
		break;
	case FIELD_BOOL:
		wire_put_bool(b, *(const bool *)at);
		break;
	case FIELD_STR:
		wire_put_span(b, *s);
		break;
	case FIELD_BIN:
		wire_put_bin(b, *s);
		break;
	case FIELD_RAW:
		if (s->n != 0)
			wire_put_raw(b, *s);
		else
			wire_put_nil(b);
		break;
	}
}

void
proto_put(struct buf *b, const struct proto_record *rec, const void *from)
{
	const struct field *f;
	uint32_t n = 0;

	for (f = rec->fields; f->name != NULL; f++)
		n += rec->list || f->always || field_size(from, f) != 0;
	if (rec->list)
		wire_put_array(b, n);
	else
		wire_put_map(b, n);
	for (f = rec->fields; f->name != NULL; f++) {
		if (!rec->list && !f->always && field_size(from, f) == 0)
			continue;
		if (!rec->list)
			wire_put_str(b, f->name);
		field_put(b, from, f);
	}
}

void
proto_encode(struct buf *b, const struct proto *msg)
{
	const struct message *m = message_find(msg->type);

	assert(m != NULL);
	wire_put_array(b, 3);
	wire_put_u64(b, PROTO_VERSION);
	wire_put_u64(b, (uint64_t)m->type);
	proto_put(b, &m->record, (const char *)msg + message_offset);
}

void
proto_put_args(struct buf *b, enum proto_ask ask, const union proto_args *args)
{
	const struct field *f = queries[ask].fields;

	while (f->name != NULL && field_size(args, f) == 0)
		f++;
	if (f->name != NULL)
		proto_put(b, &queries[ask], args);
}

/* ---- reading ---- */

static const struct field *
field_find(const struct proto_record *rec, struct span name)
{
	const struct field *f;

	for (f = rec->fields; f->name != NULL; f++)
		if (span_is(name, f->name))
			return f;
	return NULL;
}

static void
field_read(struct wire_r *r, void *record, const struct field *f)
{
	void *at = (char *)record + f->offset;
	struct span *s = at;

	switch (f->type) {
	case FIELD_U64:
		*(uint64_t *)at = wire_u64(r);
		break;
	case FIELD_BOOL:
		*(bool *)at = wire_bool(r);
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

/* One field's value; f NULL: of one that is not known. */
static enum rc
field_next(struct wire_r *r, const struct proto_record *rec,
    const struct field *f, void *record, struct err *err)
{
	if (f == NULL || (wire_peek(r) == WIRE_NIL && f->type != FIELD_RAW))
		wire_raw(r);
	else
		field_read(r, record, f);
	if (r->bad)
		return err_set(err, RC_INVALID,
		    "%s: %s has another type than expected", rec->name,
		    f != NULL ? f->name : "a field");
	return RC_OK;
}

static enum rc
map_read(struct wire_r *r, const struct proto_record *rec, void *record,
    struct err *err)
{
	uint32_t n = wire_map(r);
	enum rc rc = RC_OK;

	if (r->bad)
		return err_set(err, RC_INVALID,
		    "%s has another type than expected: it is a map",
		    rec->name);
	for (; n > 0 && rc == RC_OK; n--) {
		struct span name = wire_str(r);

		rc = field_next(r, rec, field_find(rec, name), record, err);
	}
	return rc;
}

static enum rc
list_read(struct wire_r *r, const struct proto_record *rec, void *record,
    struct err *err)
{
	const struct field *f = rec->fields;
	uint32_t n = wire_array(r);
	enum rc rc = RC_OK;

	for (; n > 0 && rc == RC_OK; n--) {
		bool known = f->name != NULL;

		rc = field_next(r, rec, known ? f : NULL, record, err);
		f += known;
	}
	if (rc == RC_OK && (r->bad || f->name != NULL))
		return err_set(err, RC_INVALID,
		    "%s has another type than expected: it is a list of so "
		    "many values",
		    rec->name);
	return rc;
}

static enum rc
bounds_check(
    const struct proto_record *rec, const void *record, struct err *err)
{
	const struct field *f;

	for (f = rec->fields; f->name != NULL; f++) {
		uint64_t n = field_size(record, f);

		if (n >= f->least && n <= f->most)
			continue;
		return err_set(err, RC_INVALID,
		    "%s: %s %s %llu%s; it may %s from %llu to %llu", rec->name,
		    f->name, f->type == FIELD_U64 ? "is" : "has",
		    (unsigned long long)n, f->type == FIELD_U64 ? "" : " bytes",
		    f->type == FIELD_U64 ? "be" : "have",
		    (unsigned long long)f->least, (unsigned long long)f->most);
	}
	return RC_OK;
}

enum rc
proto_next(struct wire_r *r, const struct proto_record *rec, void *ret,
    struct err *err)
{
	union any any;
	enum rc rc;

	memset(&any, 0, sizeof(any));
	rc = rec->list ? list_read(r, rec, &any, err)
		       : map_read(r, rec, &any, err);
	if (rc == RC_OK)
		rc = bounds_check(rec, &any, err);
	if (rc == RC_OK)
		memcpy(ret, &any, rec->bytes);
	return rc;
}

enum rc
proto_get_args(const struct proto_query *query, enum proto_ask *ret_ask,
    union proto_args *ret_args, struct err *err)
{
	struct wire_r r = wire_reader(query->args);
	union proto_args args;
	unsigned ask = 0;
	enum rc rc = RC_OK;

	while (ask < PROTO_ASKS && !span_is(query->what, queries[ask].name))
		ask++;
	if (ask == PROTO_ASKS)
		return err_set(err, RC_INVALID, "there is no query \"%.*s\"",
		    SPAN_ARG(query->what));
	memset(&args, 0, sizeof(args));
	if (query->args.n != 0)
		rc = proto_next(&r, &queries[ask], &args, err);
	if (rc != RC_OK)
		return rc;
	*ret_ask = (enum proto_ask)ask;
	*ret_args = args;
	return RC_OK;
}

/* The version and the number; what they name is in *ret. */
static enum rc
head_read(struct wire_r *r, const struct message **ret, struct err *err)
{
	uint64_t version, number;

	if (wire_array(r) != 3)
		return err_set(err, RC_INVALID, "not a message of three parts");
	version = wire_u64(r);
	number = wire_u64(r);
	if (r->bad)
		return err_set(err, RC_INVALID, "a message without a head");
	if (version < PROTO_VERSION_OLDEST || version > PROTO_VERSION + 1)
		return err_set(err, RC_DENIED,
		    "protocol version %llu; this build speaks %d to %d",
		    (unsigned long long)version, PROTO_VERSION_OLDEST,
		    PROTO_VERSION + 1);
	*ret = message_find(number);
	if (*ret == NULL)
		return err_set(err, RC_INVALID,
		    "message type %llu is not known",
		    (unsigned long long)number);
	return RC_OK;
}

enum rc
proto_decode(struct span bytes, struct proto *ret_msg, struct err *err)
{
	struct wire_r r = wire_reader(bytes);
	const struct message *m = NULL;
	struct proto msg;
	enum rc rc;

	if (bytes.n > PROTO_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "a message of %zu bytes; the limit is %d", bytes.n,
		    PROTO_BYTES_MAX);
	rc = wire_check(bytes, err);
	if (rc == RC_OK)
		rc = head_read(&r, &m, err);
	if (rc != RC_OK)
		return rc;
	memset(&msg, 0, sizeof(msg));
	msg.type = m->type;
	rc = map_read(&r, &m->record, (char *)&msg + message_offset, err);
	if (rc == RC_OK)
		rc = wire_end(&r, err);
	if (rc == RC_OK)
		*ret_msg = msg;
	return rc;
}

enum rc
proto_check(const struct proto *msg, struct err *err)
{
	const struct message *m = message_find(msg->type);

	assert(m != NULL);
	return bounds_check(
	    &m->record, (const char *)msg + message_offset, err);
}
