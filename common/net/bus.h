/*
 * bus.h - messages over one ZeroMQ socket, delivered on the event loop.
 *
 * The thread that runs the loop owns the socket. Bytes that are no message
 * never reach on_msg. A message sent may still be lost with its peer: only
 * an answer counts (PROTOCOL.md).
 */
#ifndef COMMON_NET_BUS_H
#define COMMON_NET_BUS_H

#include "common/net/curve.h"
#include "common/wire/proto.h"
#include "common/base/rc.h"

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
	/* A connecting bus is connected again: the other side may be another
	 * process. Not told of the first time. May be NULL. */
	void (*on_again)(void *ctx);
	void *ctx;
};

struct bus;

/* CURVE, for tcp; ipc has no use for it. */
struct bus_guard {
	const struct curve_pair *pair;	/* our own */
	const char *server_key;		/* to connect: whom to expect there */
	const char *domain;		/* to listen: whom zap.h lets in */
};

/* RC_DENIED, RC_INVALID: a process must not use that endpoint so. */
NODISCARD enum rc bus_may(
    const char *endpoint, bool guarded, struct err *err);

/* A ROUTER that is bound nowhere yet. */
struct bus *bus_new_listener(zloop_t *loop, const struct bus_handler *h);

/* Binds it to an endpoint, maybe of several. With a guard (NULL: without) it
 * lets nobody in but whom zap_let_in knows. An ipc endpoint's folder must
 * exist, and be private. RC_IO: cannot bind, or another process holds it.
 * RC_DENIED: others could reach it: without a guard tcp is for loopback, and
 * with one not every build of libzmq keeps strangers out. */
NODISCARD enum rc bus_listen(struct bus *b, const char *endpoint,
    const struct bus_guard *guard, struct err *err);

/* DEALER, connecting and reconnecting for as long as it lives, under a
 * fresh random identity; guard: NULL: without. RC_DENIED: as above. */
NODISCARD enum rc bus_connect(zloop_t *loop, const char *endpoint,
    const struct bus_guard *guard, const struct bus_handler *h,
    struct bus **ret_bus, struct err *err);

/* What was bound last, port 0 and host names resolved; the caller's. */
char *bus_bound(struct bus *b);

/* Handles what has arrived, as the loop would, but for on_turn. */
void bus_drain(struct bus *b);

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
