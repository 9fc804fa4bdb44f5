/*
 * doors.h - where the supervisor listens, and whom it lets in.
 */
#ifndef SUPERVISOR_DOORS_DOORS_H
#define SUPERVISOR_DOORS_DOORS_H

#include "supervisor/run/supervisor.h"

/*
 * front and back are plain over ipc and loopback. With --curve-key tcp is
 * guarded: gateways' keys open front, workers' keys open back, and what
 * cannot be proven (zap.h) ends the process.
 */
NODISCARD enum rc doors_open(struct supervisor *s, struct err *err);
void doors_close(struct supervisor *s);
/* --check: endpoints, keys and folders, without opening any. */
NODISCARD enum rc doors_check(const struct conf *conf, struct err *err);

#endif
