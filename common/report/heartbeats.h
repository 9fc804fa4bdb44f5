/*
 * heartbeats.h - names of alerts that always fire, so that their absence is
 * noticed: they are no incident and start nothing.
 */
#ifndef COMMON_REPORT_HEARTBEATS_H
#define COMMON_REPORT_HEARTBEATS_H

#include "common/base/span.h"

/* Whether an alert of that name is known to be one: Watchdog,
 * DeadMansSwitch, InfoInhibitor and their like, however they are spelt. */
bool heartbeats_has_name(struct span name);

#endif
