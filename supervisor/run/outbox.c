/*
 * outbox.c - a queue of encoded messages in one growing piece of memory.
 */
#include "supervisor/run/outbox.h"
#include "common/base/failpoint.h"

struct slot {
	struct bus *bus;
	struct bus_peer peer;
	size_t n;
};

void
outbox_init(struct outbox *o)
{
	buf_init(&o->bytes, OUTBOX_BYTES_MAX);
}

void
outbox_done(struct outbox *o)
{
	buf_done(&o->bytes);
}

void
outbox_clear(struct outbox *o)
{
	/* A storm's memory is given back. */
	if (o->bytes.cap > 4 << 20)
		buf_done(&o->bytes);
	else
		buf_reset(&o->bytes);
}

enum rc
outbox_add(struct outbox *o, struct bus *bus, const struct bus_peer *peer,
    const struct proto *msg)
{
	size_t at = o->bytes.len;
	struct slot slot = {.bus = bus, .peer = *peer};

	buf_add(&o->bytes, &slot, sizeof(slot));
	proto_encode(&o->bytes, msg);
	slot.n = o->bytes.len - at - sizeof(slot);
	if (o->bytes.full || slot.n > PROTO_BYTES_MAX) {
		o->bytes.len = at;
		o->bytes.full = false;
		return RC_TOOBIG;
	}
	memcpy(o->bytes.data + at, &slot, sizeof(slot));
	return RC_OK;
}

/* A site that is told to fail says what a peer that is gone says. */
static enum rc
slot_send(const struct slot *slot, const char *bytes)
{
	struct err err;

	if (FAILPOINT_RC(outbox_fails, &err) != RC_OK)
		return RC_CLOSED;
	return bus_send_bytes(
	    slot->bus, &slot->peer, span_make(bytes, slot->n));
}

void
outbox_flush(struct outbox *o,
    void (*gone)(void *ctx, struct bus *bus, const struct bus_peer *peer),
    void *ctx)
{
	size_t at = 0, end = o->bytes.len;
	struct slot slot;

	/* What gone adds belongs to the next commit. */
	while (at < end) {
		memcpy(&slot, o->bytes.data + at, sizeof(slot));
		at += sizeof(slot);
		if (slot_send(&slot, o->bytes.data + at) == RC_CLOSED)
			gone(ctx, slot.bus, &slot.peer);
		FAILPOINT(outbox_half);
		at += slot.n;
	}
	if (o->bytes.len > end)
		buf_consume(&o->bytes, end);
	else
		outbox_clear(o);
}

bool
outbox_is_empty(const struct outbox *o)
{
	return o->bytes.len == 0;
}
