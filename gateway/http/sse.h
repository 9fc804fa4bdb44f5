/*
 * sse.h - events as text/event-stream. Pure.
 *
 *   id: <run>.<seq>\n event: TYPE\n data: {json}\n \n
 */
#ifndef GATEWAY_HTTP_SSE_H
#define GATEWAY_HTTP_SSE_H

#include "common/base/buf.h"
#include "common/base/rc.h"

#include <stdint.h>

/* No event's data is larger, as JSON, so that whoever reads the stream can get
 * past each. What would be is left out, and {omitted, bytes, detail} says so
 * in its place. */
enum { SSE_DATA_MAX = 16 << 20 };

/* Appends one event. type: letters and "_" only, else "message" is written.
 * data: one msgpack value. b needs room for SSE_DATA_MAX and a little. */
void sse_event(struct buf *b, const char *run, uint64_t seq, struct span type,
    struct span data);

/* The same without an id: it is not there to come back to. */
void sse_fleeting(struct buf *b, struct span type, struct span data);

/* Appends the line that tells a browser how soon to come back. */
void sse_retry(struct buf *b);

/*
 * The number in an id that this run's stream gave out, or in the number
 * alone. Empty: 0. RC_INVALID: it is neither.
 */
NODISCARD enum rc sse_id_parse(
    struct span id, const char *run, uint64_t *ret_seq, struct err *err);

#endif
