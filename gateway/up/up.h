/*
 * up.h - culprit-up, the program behind `culprit up`: all processes on one
 * machine. It stays as long as they do, so it is small.
 */
#ifndef GATEWAY_UP_UP_H
#define GATEWAY_UP_UP_H

#include "common/agent/conf.h"

enum up_exit { UP_DONE = 0, UP_FAILED = 1, UP_USAGE = 2 };

/* The program, with the arguments after `culprit up`; its exit status. */
int up_main(int argc, char **argv);

/*
 * Starts all processes of conf, starts again what dies, prints one line
 * "ready http://HOST:PORT" on stdout once /readyz answers 200, and ends them
 * all when asked to by a signal. RC_OK: it came to that, or to giving up;
 * *ret_status is the exit status. RC_CONFLICT: another one runs there; RC_IO.
 */
NODISCARD enum rc up_run(
    const struct conf *conf, int *ret_status, struct err *err);

#endif
