/*
 * bus.h - messages over one ZeroMQ socket, delivered on the event loop.
 *
 * The thread that runs the loop owns the socket. Bytes that are no message
 * never reach on_msg. A message sent may still be lost with its peer: only
 * an answer counts (PROTOCOL.md).
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "common/proto.h"
#include "common/rc.h"

#include <czmq.h>

/* A peer of a listening bus; names the connection, not the process. */
enum { BUS_PEER_MAX = 32 };
struct bus_peer {
	uint8_t n;
	char id[BUS_PEER_MAX];
};

struct bus_handler {
	/* msg and its spans live until the call returns. */
	void (*on_msg)(void *ctx, const struct bus_peer *peer,
	    const struct proto *msg);
	/* The peer sent bytes that are no message; err says why. */
	void (*on_bad)(void *ctx, const struct bus_peer *peer,
	    const struct err *err);
	/* Everything that had arrived was delivered (up to a bound): the
	 * place to commit once for all of it. May be NULL. */
	void (*on_turn)(void *ctx);
	void *ctx;
};

struct bus;

/* ROUTER, bound. An ipc endpoint's folder must exist. RC_IO: cannot bind, or
 * another process holds it. */
NODISCARD enum rc bus_listen(zloop_t *loop, const char *endpoint,
    const struct bus_handler *h, struct bus **ret_bus, struct err *err);

/* DEALER, connecting and reconnecting for as long as it lives, under a
 * fresh random identity. */
NODISCARD enum rc bus_connect(zloop_t *loop, const char *endpoint,
    const struct bus_handler *h, struct bus **ret_bus, struct err *err);

/* Queued messages get a second to leave. */
void bus_free(struct bus *b);

/* peer: NULL on a connecting bus. RC_CLOSED: the peer is gone. RC_BUSY: its
 * queue is full. Never blocks. */
NODISCARD enum rc bus_send(struct bus *b, const struct bus_peer *peer,
    const struct proto *msg);

/* The same for a message that was encoded before. */
NODISCARD enum rc bus_send_bytes(struct bus *b, const struct bus_peer *peer,
    struct span bytes);

static inline bool
bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b)
{
	return a->n == b->n && memcmp(a->id, b->id, a->n) == 0;
}

#endif
