/*
 * recover.h - after a restart: every run that had not ended goes on.
 */
#ifndef SUPERVISOR_RECOVER_H
#define SUPERVISOR_RECOVER_H

#include "supervisor/supervisor.h"

/* To be followed by turn_end. Not RC_OK: what is kept cannot be read. */
NODISCARD enum rc recover_runs(struct supervisor *s, struct err *err);

#endif
