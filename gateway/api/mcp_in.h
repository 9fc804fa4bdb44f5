/*
 * mcp_in.h - what the parts of the MCP server share: mcp.c speaks JSON-RPC,
 * mcp_tools.c does what is asked, mcp_answer.c says what came of it.
 */
#ifndef GATEWAY_API_MCP_IN_H
#define GATEWAY_API_MCP_IN_H

#include "common/json/tree.h"
#include "gateway/api/api_in.h"

enum {
	MCP_METHOD_UNKNOWN = -32601,
	MCP_PARAMS_WRONG = -32602,
	MCP_FAILED = -32603,
};

/* One POST, and which of its messages is being answered. */
struct mcp {
	struct exchange *x;
	cJSON *body;       /* of it all, owned */
	const cJSON *item; /* the request that is answered, in body */
	struct buf out;    /* the answers, where they are no stream */
	int n_answers;
	bool reads_stream;  /* the client takes an event stream */
	int64_t progress;   /* notifications of this request so far */
	int64_t from, most; /* of evidence: which bytes are wanted */
	/* What was answered later is answered: goes on with the next. */
	void (*go_on)(struct mcp *m);
};

/* Ends the request's answer; json is the whole result. */
void mcp_result(struct mcp *m, struct span json);
void mcp_error(struct mcp *m, int code, const char *fmt, ...) PRINTF(3, 4);

/* How far it is, where the client asked to be told. */
void mcp_progress(struct mcp *m, const char *text);

/* tools/list and tools/call; true: answered, false: go_on comes. */
bool mcp_tools_list(struct mcp *m, const cJSON *params);
bool mcp_tools_call(struct mcp *m, const cJSON *params);

#endif
