/*
 * front.h - gateways' messages: submit, follow, cancel, decide, query.
 */
#ifndef SUPERVISOR_FRONT_H
#define SUPERVISOR_FRONT_H

#include "common/bus.h"

extern const struct bus_handler front_handler;

#endif
