/*
 * outbox.h - messages that wait for the commit they speak of.
 *
 * Invariant: nothing is sent before outbox_flush; after a failed commit
 * outbox_clear forgets it all.
 */
#ifndef SUPERVISOR_RUN_OUTBOX_H
#define SUPERVISOR_RUN_OUTBOX_H

#include "common/net/bus.h"

enum { OUTBOX_BYTES_MAX = 512 << 20 };

struct outbox {
	struct buf bytes;
};

void outbox_init(struct outbox *o);
void outbox_done(struct outbox *o);

/* Encodes msg for peer of bus; RC_TOOBIG: it can never be sent. */
NODISCARD enum rc outbox_add(struct outbox *o, struct bus *bus,
    const struct bus_peer *peer, const struct proto *msg);

/* Sends what is there now, in order; calls gone for each peer that is no
 * longer there. What gone adds stays for the next time. */
void outbox_flush(struct outbox *o,
    void (*gone)(void *ctx, struct bus *bus, const struct bus_peer *peer),
    void *ctx);
void outbox_clear(struct outbox *o);
bool outbox_is_empty(const struct outbox *o);

#endif
