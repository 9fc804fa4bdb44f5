/*
 * once.h - an agent alone: run with --once on one input, or with --check.
 */
#ifndef GATEWAY_CLI_ONCE_H
#define GATEWAY_CLI_ONCE_H

#include "common/base/buf.h"
#include "common/agent/sibling.h"
#include "common/base/span.h"

#include <stdint.h>

/*
 * Runs the agent with --once on input to its end; it dies with this process.
 * What it wrote is appended to out, its exit status is *ret_status; what it
 * says on stderr is left to the person. RC_TIMEOUT: it was killed after
 * limit_ms; RC_TOOBIG: it wrote more than out takes; RC_IO: it cannot be run,
 * or died.
 */
NODISCARD enum rc once_run(struct sibling *agent, struct span input,
    int64_t limit_ms, struct buf *out, int *ret_status, struct err *err);

/*
 * Runs the agent with --check. What it says, on either output, is appended to
 * out; *ret_status, the result as above.
 */
NODISCARD enum rc once_check(struct sibling *agent, int64_t limit_ms,
    struct buf *out, int *ret_status, struct err *err);

#endif
