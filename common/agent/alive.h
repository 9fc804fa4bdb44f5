/*
 * alive.h - a process's sign of life, for who cannot ask it anything: a file
 * that it writes again and again while all is well with it.
 *
 * It holds the machine's time since its start, which no change of the clock
 * moves and which all containers of a machine share.
 */
#ifndef COMMON_AGENT_ALIVE_H
#define COMMON_AGENT_ALIVE_H

#include "common/base/rc.h"

enum { ALIVE_MS = 1000, ALIVE_STALE_MS = 10000 };

/* Writes it; a failure is RC_IO. */
NODISCARD enum rc alive_tell(const char *path, struct err *err);

/* Was it written within ALIVE_STALE_MS? RC_OK, or what is the case. */
NODISCARD enum rc alive_ask(const char *path, struct err *err);

#endif
