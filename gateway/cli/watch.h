/*
 * watch.h - a run watched to its end, as `investigate` and `follow` do.
 */
#ifndef GATEWAY_CLI_WATCH_H
#define GATEWAY_CLI_WATCH_H

#include "gateway/cli/cmd.h"
#include "gateway/cli/stream.h"

/* Progress to stderr, the report or JSON lines to stdout; the exit status.
 * spec says which run, and lacks what is the same for everybody. */
int watch_run(const struct cmd_args *a, struct stream_spec spec);

#endif
