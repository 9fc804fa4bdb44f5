/*
 * endpoint.h - who can reach a ZeroMQ endpoint.
 *
 * Plain sockets are for this user and this machine: ipc in a private folder,
 * tcp on loopback. Everything else needs CURVE.
 */
#ifndef COMMON_NET_ENDPOINT_H
#define COMMON_NET_ENDPOINT_H

#include "common/base/rc.h"

enum endpoint_reach {
	ENDPOINT_IPC,      /* whoever may enter the folder */
	ENDPOINT_LOOPBACK, /* tcp: whoever is on this machine */
	ENDPOINT_OPEN,     /* tcp: whoever routes here, or might */
};

/* RC_INVALID: neither "ipc://PATH" nor "tcp://HOST:PORT". A host that is not
 * a loopback address literally, nor "localhost", counts as open. */
NODISCARD enum rc endpoint_reach(
    const char *endpoint, enum endpoint_reach *ret, struct err *err);

/* RC_DENIED: an ipc endpoint that other users of this machine can reach:
 * its folder is open to them, or it has none. */
NODISCARD enum rc endpoint_is_private(const char *endpoint, struct err *err);

#endif
