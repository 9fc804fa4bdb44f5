/*
 * stream.h - a run's events as they come, whatever happens to the connection.
 *
 * Starts a run or joins one; when the connection breaks it connects again
 * and goes on after the last event it saw, so that each numbered event is
 * delivered once and in order. A run that was being started when it broke is
 * asked for again under the same key, hence started once.
 */
#ifndef GATEWAY_CLI_STREAM_H
#define GATEWAY_CLI_STREAM_H

#include "common/base/rc.h"
#include "common/net/sse_read.h"
#include "gateway/http/sse.h"

#include <stdbool.h>

struct call_at;

/* Of one event, with the name of its line. */
enum { STREAM_EVENT_MAX = SSE_DATA_MAX + 64 };

struct stream_spec {
	const struct call_at *at;
	const char *body; /* JSON of the run to start; NULL: follow run */
	const char *path; /* where body goes; NULL: /api/ai_ops */
	const char *run;  /* the run to follow; NULL with body */
	/* Ctrl-C: true asks for the run's cancelling and goes on to its end,
	 * a second one leaves; false leaves at once. */
	bool interrupt_cancels;
	void (*on_event)(void *ctx, const struct sse_event *ev);
	/* One sentence for the person who watches. */
	void (*on_note)(void *ctx, const char *text);
	/* About every 100 ms, to show time passing. */
	void (*on_tick)(void *ctx);
	void *ctx;
};

/*
 * Blocks until the run has ended (RC_OK: its `finished` was delivered).
 * RC_CANCELLED: the person left; RC_CLOSED: cannot be reached, or not again
 * for a minute; else the gateway's refusal. Takes SIGINT and SIGTERM.
 */
NODISCARD enum rc stream_run(const struct stream_spec *spec, struct err *err);

#endif
