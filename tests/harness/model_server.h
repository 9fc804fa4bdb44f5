/* model_server.h - a real model behind a real server, for a test. */
#ifndef TESTS_HARNESS_MODEL_SERVER_H
#define TESTS_HARNESS_MODEL_SERVER_H

#include "common/base/attr.h"
#include "tests/harness/spawn.h"

/*
 * Starts tests/harness/SCRIPT (llama_serve, e5_serve) with one argument, or
 * none (NULL), in dir; the caller frees the process and *ret_url. A server
 * that does not come up in its time is tried again: the libraries behind them
 * hang now and then while they start. NULL: it cannot be had here, with the
 * reason in *ret_why, the caller's, for SKIP_TEST.
 */
struct proc *model_server_start(const char *script, const char *setting,
    const char *dir, char **ret_url, char **ret_why);

#endif
