/* runs.h - calls about the investigation that a command's first argument names.
 */
#ifndef GATEWAY_CLI_RUNS_H
#define GATEWAY_CLI_RUNS_H

#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"

/* GETs what is at rest behind it ("/report"), or does method to it; as
 * call_make. accept NULL: JSON. */
NODISCARD enum rc runs_call(const struct cmd_args *a, const char *method,
    const char *rest, const char *accept, struct call_reply *ret_reply,
    struct err *err);

#endif
