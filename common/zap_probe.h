/*
 * zap_probe.h - one connection to an own endpoint, to see if it is let in.
 *
 * It says nothing over the connection; only the handshake counts.
 */
#ifndef COMMON_ZAP_PROBE_H
#define COMMON_ZAP_PROBE_H

#include "common/curve.h"

struct zap_probe;

enum zap_probe_state {
	ZAP_PROBE_WAITS,
	ZAP_PROBE_IN,
	ZAP_PROBE_OUT, /* the handler's answer was no */
};

/* Begins to connect, with the keys of client, to the server's endpoint.
 * NULL: no socket is to be had. */
struct zap_probe *zap_probe_new(const char *endpoint,
    const struct curve_pair *client, const char *server_key);
void zap_probe_free(struct zap_probe *p);

/* How far it got. Never blocks. */
enum zap_probe_state zap_probe_look(struct zap_probe *p);

#endif
