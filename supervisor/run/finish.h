/*
 * finish.h - how a run ends: a report, a verdict on it, one last event.
 */
#ifndef SUPERVISOR_RUN_FINISH_H
#define SUPERVISOR_RUN_FINISH_H

#include "supervisor/run/supervisor.h"

/* Writes all three; the run is among those that ended from then on. Where
 * the report takes long to make, that is later, and r->judging until then. */
void finish_run(struct supervisor *s, struct run *r, enum ending e);

/* The same at once, however long it takes: for a run at whose end the
 * supervisor before this one was. Should it have died of it, that is noticed
 * now. */
void finish_now(struct supervisor *s, struct run *r, enum ending e);

#endif
