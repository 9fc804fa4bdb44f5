/*
 * finish.h - how a run ends: a report, a verdict on it, one last event.
 */
#ifndef SUPERVISOR_RUN_FINISH_H
#define SUPERVISOR_RUN_FINISH_H

#include "supervisor/run/supervisor.h"

/* Writes all three; the run is among those that ended from then on. */
void finish_run(struct supervisor *s, struct run *r, enum ending e);

#endif
