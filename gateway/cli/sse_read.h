/*
 * sse_read.h - a text/event-stream, byte by byte, into events.
 *
 * Follows the HTML standard's grammar: any of the three line ends, one
 * optional blank after the colon, several data lines joined, comments and
 * unknown fields ignored, an event without data dropped.
 */
#ifndef GATEWAY_CLI_SSE_READ_H
#define GATEWAY_CLI_SSE_READ_H

#include "common/buf.h"
#include "common/rc.h"
#include "common/span.h"
#include "gateway/sse.h"

#include <stdint.h>

/* One event at most, with the name of its line. */
enum { SSE_READ_BYTES_MAX = SSE_DATA_MAX + 64 };

struct sse_event {
	struct span id; /* of this event; empty when it has none */
	struct span type;
	struct span data;
};

struct sse_read {
	struct buf line, id, type, data;
	bool has_data;
	bool after_cr;
	int64_t retry_ms; /* the last one asked for; -1: none */
	void (*on_event)(void *ctx, const struct sse_event *ev);
	void *ctx;
};

void sse_read_init(struct sse_read *r,
    void (*on_event)(void *ctx, const struct sse_event *ev), void *ctx);
void sse_read_done(struct sse_read *r);

/* Forgets an event that is not complete: the connection broke. */
void sse_read_restart(struct sse_read *r);

/* Calls on_event for each event that bytes completes. RC_TOOBIG: a line or
 * an event is over the limit. */
NODISCARD enum rc sse_read_feed(
    struct sse_read *r, struct span bytes, struct err *err);

#endif
