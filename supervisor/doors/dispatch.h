/*
 * dispatch.h - queued tasks to workers that have room.
 */
#ifndef SUPERVISOR_DOORS_DISPATCH_H
#define SUPERVISOR_DOORS_DISPATCH_H

#include "supervisor/run/supervisor.h"

/* Leases what is queued. */
void dispatch_all(struct supervisor *s);

/* No worker silent for longer than this gets a task (monotonic). */
int64_t dispatch_alive_since(const struct supervisor *s);

/* Which kind of worker, of which none is here, a run's tasks wait for;
 * NODE_START: none. */
enum node dispatch_lacks(const struct supervisor *s, const struct run *r);

#endif
