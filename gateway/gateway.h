/*
 * gateway.h - the process: HTTP to messages, messages to SSE.
 *
 * It holds no state that a restart loses. DATA_DIR/gateway.addr names the
 * address it can be reached at, for those who started it on port 0.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "common/agent/agent.h"

extern const struct agent_spec gateway_spec;

#endif
