/*
 * sse_read.h - a text/event-stream, byte by byte, into events.
 *
 * Follows the HTML standard's grammar: any of the three line ends, one
 * optional blank after the colon, several data lines joined by LF. Ignored
 * are a byte order mark at the start, comments, unknown fields, a retry that
 * is no number, an id with a NUL, and an event without data. Text is not looked
 * into: whether data is UTF-8, or JSON, is for who takes it to say.
 *
 * Input may be cut anywhere, inside a line end too: the same events come of
 * it. What an end of input leaves without its empty line is no event; who
 * must know that a stream was whole waits for the event that says so.
 */
#ifndef COMMON_NET_SSE_READ_H
#define COMMON_NET_SSE_READ_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdint.h>

enum { SSE_READ_ID_MAX = 1024, SSE_READ_TYPE_MAX = 256 };

/* Borrowed for the call. */
struct sse_event {
	struct span id;   /* of this event; empty when it has none */
	struct span type; /* "message" where none is named */
	struct span data;
};

struct sse_read {
	struct buf line, id, type, data;
	bool begun; /* a byte order mark is none any more */
	bool has_data;
	bool after_cr;
	int64_t retry_ms; /* the last one asked for; -1: none */
	void (*on_event)(void *ctx, const struct sse_event *ev);
	void *ctx;
};

/* max_bytes: of a line, and of an event's data; twice that is the most it
 * takes. on_event must not call the reader it is called by. */
void sse_read_init(struct sse_read *r, size_t max_bytes,
    void (*on_event)(void *ctx, const struct sse_event *ev), void *ctx);
void sse_read_done(struct sse_read *r);

/* Another connection: forgets what is not complete, and that it failed. */
void sse_read_restart(struct sse_read *r);

/* Calls on_event for each event that bytes completes. RC_TOOBIG: a line or
 * part of an event is over its limit; so it stays until a restart, since what
 * would come next could not be told from what was lost. */
NODISCARD enum rc sse_read_feed(
    struct sse_read *r, struct span bytes, struct err *err);

#endif
