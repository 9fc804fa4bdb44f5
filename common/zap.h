/*
 * zap.h - who may connect: the process's answer to ZeroMQ's question.
 *
 * ZeroMQ asks about the key of each CURVE connection at a fixed address in
 * the process (ZAP, RFC 27). Where nobody listens there it may let everybody
 * in. So there is one listener, begun before the first bind, and it is put
 * to the proof through the front door: a key that is let in must get in, and
 * one that nobody knows must not, at start and for as long as we live.
 */
#ifndef COMMON_ZAP_H
#define COMMON_ZAP_H

#include "common/curve.h"
#include "common/rc.h"

#include <czmq.h>

enum {
	ZAP_PROBE_EVERY_MS = 10000,
	ZAP_PROBE_LIMIT_MS = 30000, /* for one proof */
	ZAP_REREAD_MS = 500,        /* folders of keys, at most so often */
};

struct zap;

struct zap_spec {
	zloop_t *loop;
	const struct curve_pair *own; /* the listening sockets' pair */
	/* A proof failed: the process must end. Called once. */
	void (*on_dead)(void *ctx, const struct err *why);
	void *ctx;
};

/* RC_CONFLICT: there is one in this process already. */
NODISCARD enum rc zap_new(
    const struct zap_spec *spec, struct zap **ret_zap, struct err *err);
void zap_free(struct zap *z);

/* Lets the keys of dir's *.pub in at the sockets of the domain. What is
 * added to the folder, or taken away, counts from the next connection on. */
NODISCARD enum rc zap_let_in(
    struct zap *z, const char *domain, const char *dir, struct err *err);

/* Proves a bound endpoint of the domain, and does so again as long as z
 * lives. Blocks until proven, which takes milliseconds. */
NODISCARD enum rc zap_watch(
    struct zap *z, const char *domain, const char *endpoint, struct err *err);

#endif
