/*
 * window.h - how much of events is on its way to each gateway.
 *
 * ZeroMQ takes messages for a gateway that stands still, thousands of them,
 * and tells nobody how large its queue is. So each message of events says how
 * much was sent with it, and the gateway says how far it has come (ATTACH):
 * what is between the two is in some queue, and bounded here.
 */
#ifndef SUPERVISOR_RUN_WINDOW_H
#define SUPERVISOR_RUN_WINDOW_H

#include "common/net/bus.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	/* More than a fast gateway far away has under way. */
	WINDOW_BYTES = 8 << 20,
	/* What a message takes beside its events, in queues too. */
	WINDOW_MESSAGE_BYTES = 128,
	/* Who attaches every second, and did not for so long, is gone. */
	WINDOW_SILENT_MS = 60000,
};

struct windows;

struct windows *windows_new(void);
void windows_free(struct windows *all);

/* A gateway attaches and has seen that much, 0 where it does not tell: is of
 * a version that does not, or has heard nothing yet. What it was sent so far,
 * counted from 1. */
uint64_t window_attach(
    struct windows *all, const struct bus_peer *peer, uint64_t seen);

/* May it be sent bytes of events now? One message always, where nothing is
 * under way; whatever there is to one that does not tell. */
bool window_fits(
    const struct windows *all, const struct bus_peer *peer, size_t bytes);

/* What will have been sent with those bytes; 0: it has not attached. */
uint64_t window_after(
    const struct windows *all, const struct bus_peer *peer, size_t bytes);
/* And now it has. */
void window_sent(
    struct windows *all, const struct bus_peer *peer, size_t bytes);

/* Forgets those that have not attached for WINDOW_SILENT_MS, telling of
 * each. */
void window_forget(struct windows *all, int64_t now_ms,
    void (*gone)(void *ctx, const struct bus_peer *peer), void *ctx);

#endif
