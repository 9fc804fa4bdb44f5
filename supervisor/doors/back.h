/*
 * back.h - workers' messages: join, outcomes, renewals, progress.
 */
#ifndef SUPERVISOR_DOORS_BACK_H
#define SUPERVISOR_DOORS_BACK_H

#include "common/net/bus.h"

extern const struct bus_handler back_handler;

#endif
