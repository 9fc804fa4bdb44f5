/*
 * listener.h - a bus that is bound at one endpoint, without keys.
 */
#ifndef TESTS_HARNESS_LISTENER_H
#define TESTS_HARNESS_LISTENER_H

#include "common/net/bus.h"

/* *ret_bus is the caller's, unless it failed as bus_listen does. */
NODISCARD enum rc listener_open(zloop_t *loop, const char *endpoint,
    const struct bus_handler *h, struct bus **ret_bus, struct err *err);

#endif
