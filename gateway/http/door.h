/*
 * door.h - the listening socket, and who gets past it.
 *
 * A connection's head is looked at (not consumed) under an absolute
 * deadline, checked strictly, and only then is the socket handed on.
 * Everything else is answered here and closed: what the HTTP library gets to
 * see is one well-formed request.
 */
#ifndef GATEWAY_HTTP_DOOR_H
#define GATEWAY_HTTP_DOOR_H

#include "gateway/http/head.h"
#include "gateway/http/problem.h"

#include <czmq.h>
#include <sys/socket.h>

struct door;

struct door_spec {
	const char *listen; /* HOST:PORT, [V6]:PORT; port 0 picks one */
	unsigned connections_max;
	int64_t head_ms; /* from accept to the end of the head */
	/*
	 * A good head. true: the socket is taken, door_closed follows when it
	 * is closed. false: refused with *ret_problem. head lives until the
	 * call returns.
	 */
	bool (*on_head)(void *ctx, int fd, const struct sockaddr *peer,
	    socklen_t peer_len, const struct head *head,
	    struct problem *ret_problem);
	void *ctx;
};

/* Listens; resolving a name may block. RC_INVALID, RC_IO with advice. */
NODISCARD enum rc door_new(zloop_t *loop, const struct door_spec *spec,
    struct door **ret_door, struct err *err);

/* Closes the listening socket and all connections still at the door. */
void door_free(struct door *d);

/* Accepts no more; those at the door may still come in. */
void door_stop(struct door *d);

/* The address it listens on: "127.0.0.1:9900", "[::1]:9900". */
const char *door_address(const struct door *d);

/* The same, but one that can be connected to: loopback for a wildcard. */
const char *door_reachable(const struct door *d);

/* Only this machine can connect. */
bool door_is_loopback(const struct door *d);

/* A connection that on_head took is gone. */
void door_closed(struct door *d);

/* To be called about once a second: ends what is over its deadline. */
void door_tick(struct door *d);

/*
 * Writes what fits of p to a connected socket, without waiting: the last
 * word to a client whose request was broken off.
 */
void door_last_word(int fd, const struct problem *p);

#endif
