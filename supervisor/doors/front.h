/*
 * front.h - gateways' messages: submit, follow, cancel, decide, query.
 */
#ifndef SUPERVISOR_DOORS_FRONT_H
#define SUPERVISOR_DOORS_FRONT_H

#include "common/net/bus.h"

extern const struct bus_handler front_handler;

#endif
