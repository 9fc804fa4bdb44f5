/*
 * mcp.c - the Model Context Protocol over streamable HTTP, without sessions:
 * each POST is answered by itself, so any gateway can answer it.
 *
 * Invariant: the messages of a POST are answered one after another, each
 * request once. https://modelcontextprotocol.io/specification
 */
#include "gateway/api/mcp_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "gateway/api/request.h"
#include "gateway/http/prefer.h"

enum {
	DEPTH_MAX = 16,
	VALUES_MAX = 4096,
	INVALID = -32600,
	UNREADABLE = -32700,
};

/* Newest first; the oldest spoke over another transport, but shakes hands
 * alike. */
static const char *const versions[] = {
    "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

static const char instructions[] =
    "Culprit investigates alerts of a Prometheus. list_alerts tells what "
    "fires; investigate_alert finds the cause and writes a report in which "
    "[E1], [E2] name evidence that get_evidence returns; the other tools "
    "look at one thing at once. Nothing here changes anything.";

static const char *
version_known(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(versions); i++)
		if (strcmp(versions[i], name) == 0)
			return versions[i];
	return NULL;
}

/* ---- methods ---- */

static bool
initialize(struct mcp *m, const cJSON *params)
{
	const char *theirs = version_known(tree_str(params, "protocolVersion"));
	auto_buf b = {.max = 4096};

	buf_addf(&b,
	    "{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}},"
	    "\"serverInfo\":{\"name\":\"culprit\",\"title\":\"Culprit\","
	    "\"version\":\"%s\"},\"instructions\":",
	    theirs != NULL ? theirs : versions[0], CULPRIT_VERSION);
	json_put_string(&b, span_of(instructions));
	buf_addc(&b, '}');
	mcp_result(m, buf_span(&b));
	return true;
}

static bool
ping(struct mcp *m, const cJSON *params UNUSED)
{
	mcp_result(m, span_of("{}"));
	return true;
}

static const struct {
	const char *name;
	/* True: answered; false: go_on is called once it is. */
	bool (*answer)(struct mcp *m, const cJSON *params);
} methods[] = {
    {"initialize", initialize},
    {"ping", ping},
    {"tools/list", mcp_tools_list},
    {"tools/call", mcp_tools_call},
};

static bool
is_answer(const cJSON *item)
{
	return tree_at(item, "method") == NULL &&
	       (tree_at(item, "result") != NULL ||
		   tree_at(item, "error") != NULL);
}

/* True: it is done with. */
static bool
take(struct mcp *m)
{
	const char *method = tree_str(m->item, "method");
	size_t i;

	/* Nothing is asked of the client, and what it notes changes nothing. */
	if (is_answer(m->item))
		return true;
	if (!cJSON_IsObject(m->item) || !tree_is(m->item, "jsonrpc", "2.0") ||
	    method[0] == '\0') {
		mcp_error(m, INVALID, "not a request of JSON-RPC 2.0");
		return true;
	}
	if (tree_at(m->item, "id") == NULL)
		return true;
	m->progress = 0;
	for (i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, method) == 0)
			return methods[i].answer(m, tree_at(m->item, "params"));
	mcp_error(
	    m, MCP_METHOD_UNKNOWN, "there is no method \"%.60s\" here", method);
	return true;
}

/* ---- one POST ---- */

static void
finish(struct mcp *m)
{
	const struct web_reply accepted = {.status = 202};
	struct exchange *x = m->x;
	auto_buf b = {.max = API_JSON_MAX};

	exchange_call_end(x);
	if (web_is_stream(x->h)) {
		web_end(x->h);
		web_flush(x->h);
	} else if (m->n_answers == 0) {
		web_reply(x->h, &accepted, NULL);
	} else {
		buf_adds(&b, cJSON_IsArray(m->body) ? "[" : "");
		buf_add_buf(&b, &m->out);
		buf_adds(&b, cJSON_IsArray(m->body) ? "]" : "");
		api_reply_json(x, 200, &b);
	}
}

/* From item on. */
static void
go(struct mcp *m)
{
	while (m->item != NULL && take(m))
		m->item = cJSON_IsArray(m->body) ? m->item->next : NULL;
	if (m->item == NULL)
		finish(m);
}

static void
go_on(struct mcp *m)
{
	exchange_call_end(m->x);
	m->item = cJSON_IsArray(m->body) ? m->item->next : NULL;
	go(m);
}

static void
mcp_free(void *mcp)
{
	struct mcp *m = mcp;

	cJSON_Delete(m->body);
	buf_done(&m->out);
	free(m);
}

/* What was asked for before the handshake told a version says none. */
static bool
version_spoken(struct exchange *x)
{
	struct span v = web_header(x->h, "MCP-Protocol-Version");
	auto_str name = xstrndup(v.p != NULL ? v.p : "", v.n);

	if (v.p == NULL || version_known(name) != NULL)
		return true;
	exchange_problem(x, 400,
	    "MCP-Protocol-Version %.40s is not spoken here; %s is, and back "
	    "to %s",
	    name, versions[0], versions[ARRAY_LEN(versions) - 1]);
	return false;
}

void
api_mcp(struct api *api, struct web *h)
{
	static const struct json_limits limits = {
	    REQUEST_BODY_MAX, DEPTH_MAX, VALUES_MAX};
	static const char *const offers[] = {api_sse, NULL};
	struct exchange *x = exchange_new(api, h);
	struct mcp *m;
	struct err err;

	if (!version_spoken(x))
		return;
	m = xcalloc(1, sizeof(*m));
	m->x = x;
	m->go_on = go_on;
	x->more = m;
	x->more_free = mcp_free;
	buf_init(&m->out, API_JSON_MAX);
	m->reads_stream = prefer_media(web_header(h, "Accept"), offers) != NULL;
	if (json_parse(web_body(h), &limits, &m->body, &err) != RC_OK) {
		mcp_error(m, UNREADABLE, "%s", err.text);
		api_reply_json(x, 400, &m->out);
		return;
	}
	m->item = cJSON_IsArray(m->body) ? m->body->child : m->body;
	if (m->item == NULL)
		mcp_error(m, INVALID, "an empty batch");
	go(m);
}
