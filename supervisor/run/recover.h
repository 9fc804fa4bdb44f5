/*
 * recover.h - after a restart: every run that had not ended goes on.
 */
#ifndef SUPERVISOR_RUN_RECOVER_H
#define SUPERVISOR_RUN_RECOVER_H

#include "supervisor/run/supervisor.h"

/* To be followed by turn_end. died_at: the row of the run that the process
 * before died at; 0: at none. Not RC_OK: the store cannot be read. */
NODISCARD enum rc recover_runs(
    struct supervisor *s, int64_t died_at, struct err *err);

#endif
