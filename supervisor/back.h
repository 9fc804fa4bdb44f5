/*
 * back.h - workers' messages: join, outcomes, renewals, progress.
 */
#ifndef SUPERVISOR_BACK_H
#define SUPERVISOR_BACK_H

#include "common/bus.h"

extern const struct bus_handler back_handler;

#endif
