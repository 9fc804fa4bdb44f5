/*
 * zap.h - who may connect: the process's answer to ZeroMQ's question.
 *
 * ZeroMQ asks about the key of each CURVE connection at a fixed address in
 * the process (ZAP, RFC 27). Where nobody listens there it would let everybody
 * in, but that a bus which is guarded tells it not to (bus_listen).
 */
#ifndef COMMON_NET_ZAP_H
#define COMMON_NET_ZAP_H

#include "common/base/rc.h"

#include <czmq.h>

enum { ZAP_REREAD_MS = 500 }; /* folders of keys, at most so often */

struct zap;

/* RC_CONFLICT: there is one in this process already. */
NODISCARD enum rc zap_new(
    zloop_t *loop, struct zap **ret_zap, struct err *err);
void zap_free(struct zap *z);

/* Lets the keys of dir's *.pub in at the sockets of the domain. What is
 * added to the folder, or taken away, counts from the next connection on. */
NODISCARD enum rc zap_let_in(
    struct zap *z, const char *domain, const char *dir, struct err *err);

#endif
