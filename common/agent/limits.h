/*
 * limits.h - what a process may take of the machine, and what is left for
 * itself however many connect to it.
 *
 * Descriptors. libzmq's ipc listener aborts when it cannot accept, and its
 * tcp listener goes round and round; czmq aborts when a socket cannot be
 * made. So the last LIMITS_SPARE descriptors are not for those who connect:
 * accept4 is this program's, and turns away at once whoever would get one of
 * them, over tcp; over a socket of this machine, where our own processes come
 * from, half as many are kept. What the loop has to open itself it can open.
 *
 * Memory. A peer with a key, or one on this machine, can send what grows
 * without end (README). It is to cost this process, not the machine: past
 * --memory-max it ends as memory.h says.
 */
#ifndef COMMON_AGENT_LIMITS_H
#define COMMON_AGENT_LIMITS_H

#include "common/agent/conf.h"
#include "common/base/rc.h"

enum { LIMITS_SPARE = 64 };

/* At the start, before the first thread and socket: as many descriptors as
 * this user may have, no more memory than --memory-max. RC_IO: there are not
 * enough of one or the other to start with. */
NODISCARD enum rc limits_set(const struct conf *conf, struct err *err);

/* Logs how many were turned away since it did so last, if any. */
void limits_tell(void);

#endif
