/*
 * dial.h - how a worker or a gateway reaches the supervisor: plainly over
 * ipc and loopback, with the configured CURVE keys over tcp.
 */
#ifndef COMMON_AGENT_DIAL_H
#define COMMON_AGENT_DIAL_H

#include "common/net/bus.h"
#include "common/agent/conf.h"

/* bus_connect with the keys that the configuration names, if it does. */
NODISCARD enum rc dial(const struct conf *conf, zloop_t *loop,
    const char *endpoint, const struct bus_handler *h, struct bus **ret_bus,
    struct err *err);

/* --check: the endpoint may be used, and the keys can be read. */
NODISCARD enum rc dial_check(
    const struct conf *conf, const char *endpoint, struct err *err);

#endif
