/*
 * mcp_tools.c - what other agents can have done: an investigation, what it
 * left, and each tool of the executors that only reads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/report/tool_class.h"
#include "common/wire/wire.h"
#include "gateway/api/mcp_in.h"
#include "gateway/api/request.h"

enum {
	STEP_WITHIN_MS = 60000,
	EVIDENCE_USUAL = 32 << 10,
	EVIDENCE_MOST = 1 << 20,
};

/* ---- the result of a call ---- */

/* {"content":[{"type":"text","text":TEXT}], ...; the caller closes it. */
static void
content_put(struct buf *b, struct span text, bool failed)
{
	buf_adds(b, "{\"content\":[{\"type\":\"text\",\"text\":");
	json_put_string(b, text);
	buf_addf(b, "}],\"isError\":%s", failed ? "true" : "false");
}

/* A failure that whoever asked can do something about. */
static void
failed(struct mcp *m, struct span text)
{
	auto_buf b = {.max = API_JSON_MAX};

	content_put(&b, text, true);
	buf_addc(&b, '}');
	mcp_result(m, buf_span(&b));
}

static struct mcp *
mcp_of(void *exchange)
{
	return ((struct exchange *)exchange)->more;
}

static void
on_fail(void *ctx, const char *why)
{
	struct mcp *m = mcp_of(ctx);

	failed(m, span_of(why));
	m->go_on(m);
}

/* True: it was refused, and that is the answer. */
static bool
refused(struct mcp *m, const struct proto_reply *r)
{
	if (span_is(r->rc, rc_name(RC_OK)))
		return false;
	failed(m, r->text.n > 0 ? r->text : r->rc);
	m->go_on(m);
	return true;
}

/* ---- tools of the executors ---- */

static void
on_step(void *ctx, const struct proto_reply *r)
{
	struct mcp *m = mcp_of(ctx);
	struct proto_feedback f;
	struct err err;
	auto_buf text = {.max = API_JSON_MAX}, b = {.max = API_JSON_MAX};
	bool good;

	if (refused(m, r))
		return;
	if (proto_get_feedback(r->value, &f, &err) != RC_OK) {
		failed(m, span_of(err.text));
		m->go_on(m);
		return;
	}
	good = span_is(f.status, "SUCCESS");
	buf_add_span(&text, f.summary);
	if (f.suggestion.n > 0)
		buf_addf(&text, "\n%.*s", SPAN_ARG(f.suggestion));
	if (f.data.n > 0) {
		buf_adds(&text, "\n\n");
		wire_to_json(&text, f.data);
	}
	content_put(&b, buf_span(&text), !good);
	buf_addc(&b, '}');
	mcp_result(m, buf_span(&b));
	m->go_on(m);
}

static const struct link_ops step_ops = {
    .on_reply = on_step, .on_fail = on_fail};

/* The tool itself checks the arguments against its schema. */
static bool
step_call(struct mcp *m, const char *tool, const cJSON *args)
{
	struct exchange *x = m->x;
	auto_buf b = {.max = 4 * REQUEST_BODY_MAX};

	if (args != NULL)
		wire_put_tree(&b, args);
	else
		wire_put_map(&b, 0);
	x->call = link_step(x->api->link,
	    &(struct proto_step){.step = span_of("asked over MCP"),
		.tool = span_of(tool),
		.args = buf_span(&b),
		.language = span_of(x->api->language)},
	    STEP_WITHIN_MS, &step_ops, x);
	return false;
}

/* ---- investigate_alert ---- */

static void
on_outcome(void *ctx, const struct proto_reply *r)
{
	struct mcp *m = mcp_of(ctx);
	struct proto_told told;
	struct err err;
	auto_buf b = {.max = API_JSON_MAX};

	if (refused(m, r))
		return;
	if (proto_get_told(r->value, &told, &err) != RC_OK) {
		failed(m, span_of(err.text));
		m->go_on(m);
		return;
	}
	content_put(&b, told.markdown, false);
	buf_addf(&b, ",\"structuredContent\":{\"id\":\"%s\",\"status\":",
	    link_run(m->x->call));
	json_put_string(&b, told.status);
	buf_adds(&b, ",\"reason\":");
	json_put_string(&b, told.reason);
	buf_adds(&b, ",\"conclusion\":");
	wire_to_json(&b, told.conclusion);
	buf_adds(&b, "}}");
	mcp_result(m, buf_span(&b));
	m->go_on(m);
}

static const struct link_ops outcome_ops = {
    .on_reply = on_outcome, .on_fail = on_fail};

static void
outcome_ask(struct exchange *x, const char *run)
{
	x->call = link_query(
	    x->api->link, PROTO_ASK_REPORT, run, NULL, &outcome_ops, x);
}

static void
on_run_reply(void *ctx, const struct proto_reply *r)
{
	struct mcp *m = mcp_of(ctx);
	auto_str text = NULL;

	if (refused(m, r) || r->run.n == 0)
		return;
	text = xasprintf("investigation %.*s", SPAN_ARG(r->run));
	mcp_progress(m, text);
}

/* What is told of a step on the way: its tool and what came of it. */
static void
tell_event(struct mcp *m, const struct proto_event *e)
{
	struct span tool = wire_find_str(e->data, "tool");
	struct span said = wire_find_str(e->data, "summary");
	auto_buf b = {.max = 4096};

	if (said.n == 0)
		said = wire_find_str(e->data, "step");
	buf_addf(&b, "%.*s", SPAN_ARG(e->type));
	if (tool.n > 0)
		buf_addf(&b, " %.*s", SPAN_ARG(tool));
	if (said.n > 0)
		buf_addf(&b, ": %.*s", (int)MIN(said.n, 300), said.p);
	mcp_progress(m, buf_str(&b));
}

static void
on_run_events(void *ctx, const struct proto_events *list)
{
	struct exchange *x = ctx;
	struct mcp *m = mcp_of(x);
	struct wire_r r = wire_reader(list->list);
	uint32_t n = list->list.n > 0 ? wire_array(&r) : 0;
	struct proto_event e;
	struct err ignored;
	auto_str run = NULL;

	for (; n > 0 && proto_next_event(&r, &e, &ignored) == RC_OK; n--) {
		if (e.seq <= link_taken(x->call))
			continue;
		link_took(x->call, e.seq);
		if (span_is(e.type, "plan") || span_is(e.type, "feedback"))
			tell_event(m, &e);
	}
	if (list->last == 0)
		return;
	run = xstrdup(link_run(x->call));
	exchange_call_end(x);
	outcome_ask(x, run);
}

static const struct link_ops run_ops = {
    .on_reply = on_run_reply, .on_events = on_run_events, .on_fail = on_fail};

/* As the body of POST /api/ai_ops, whose words for what is wrong it has. */
static bool
investigate(struct mcp *m, const cJSON *args)
{
	struct exchange *x = m->x;
	auto_buf body = {.max = 2 * REQUEST_BODY_MAX};
	auto_buf input = {.max = 4 * REQUEST_BODY_MAX};
	char digest[SHA256_TEXT], key[API_KEY_TEXT];
	struct link_submit s = {.key = key, .digest = digest, .follow = true};
	struct err err;
	enum rc rc;

	if (args != NULL)
		json_print(&body, args);
	rc = request_parse(buf_span(&body), x->api->language, clk_wall_ms(),
	    &input, digest, &err);
	if (rc != RC_OK) {
		failed(m, span_of(err.text));
		return true;
	}
	api_key_make(key);
	s.input = buf_span(&input);
	x->call = link_submit(x->api->link, &s, &run_ops, x);
	return false;
}

/* ---- what an investigation left ---- */

static bool
get_report(struct mcp *m, const cJSON *args)
{
	outcome_ask(m->x, tree_str(args, "id"));
	return false;
}

static void
on_evidence(void *ctx, const struct proto_reply *r)
{
	struct mcp *m = mcp_of(ctx);
	struct span all = r->bytes;
	auto_buf text = {.max = API_JSON_MAX}, b = {.max = API_JSON_MAX};
	size_t from, n;

	if (refused(m, r))
		return;
	from = MIN((size_t)m->from, all.n);
	n = MIN((size_t)m->most, all.n - from);
	/* Not into the middle of a character. */
	while (from + n < all.n && n > 0 &&
	       ((unsigned char)all.p[from + n] & 0xc0) == 0x80)
		n--;
	buf_add_span(&text, span_make(all.p + from, n));
	if (from > 0 || n < all.n)
		buf_addf(&text,
		    "\n(bytes %zu to %zu of %zu; ask for others with "
		    "\"from\" and \"bytes\")",
		    from, from + n, all.n);
	content_put(&b, buf_span(&text), false);
	buf_addc(&b, '}');
	mcp_result(m, buf_span(&b));
	m->go_on(m);
}

static const struct link_ops evidence_ops = {
    .on_reply = on_evidence, .on_fail = on_fail};

static bool
get_evidence(struct mcp *m, const cJSON *args)
{
	static const char *const known[] = {
	    "id", "evidence", "from", "bytes", NULL};
	struct err err;
	struct json_in in = json_in(args, "arguments", &err);
	union proto_args ask = {
	    .evidence = {.id = tree_span(args, "evidence")}};

	json_in_known(&in, known);
	m->from = json_in_int_opt(&in, "from", 0, INT32_MAX, 0);
	m->most =
	    json_in_int_opt(&in, "bytes", 1, EVIDENCE_MOST, EVIDENCE_USUAL);
	if (json_in_end(&in) != RC_OK) {
		failed(m, span_of(err.text));
		return true;
	}
	m->x->call = link_query(m->x->api->link, PROTO_ASK_EVIDENCE,
	    tree_str(args, "id"), &ask, &evidence_ops, m->x);
	return false;
}

/* ---- the tools there are ---- */

/* Those of the gateway's own; of the executors' a name is told where it is
 * another than theirs. */
static const struct {
	const char *name, *what, *schema;
	bool (*call)(struct mcp *m, const cJSON *args);
} own[] = {
    {"investigate_alert",
	"Investigates what fires, or a question about it: finds the cause "
	"and writes a Markdown report whose claims point at evidence "
	"([E1] ...). Takes seconds, two minutes at most; progress is told.",
	"{\"type\":\"object\",\"properties\":{"
	"\"input\":{\"type\":\"string\",\"description\":\"a question or an "
	"alert's name; empty: whatever fires\"},"
	"\"at\":{\"type\":\"string\",\"description\":\"the moment it is "
	"about: RFC 3339, or like -1h; default now\"},"
	"\"window\":{\"type\":\"string\",\"description\":\"how far to look "
	"back, like 30m\"},"
	"\"labels\":{\"type\":\"object\",\"additionalProperties\":"
	"{\"type\":\"string\"},\"description\":\"only alerts with these "
	"labels\"},"
	"\"language\":{\"enum\":[\"zh\",\"en\"]}},"
	"\"additionalProperties\":false}",
	investigate},
    {"get_report", "The report of an investigation that has ended.",
	"{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\","
	"\"description\":\"the investigation's id\"}},"
	"\"required\":[\"id\"],\"additionalProperties\":false}",
	get_report},
    {"get_evidence",
	"What a tool returned in an investigation, as it came: a report's "
	"[E3] is evidence E3.",
	"{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},"
	"\"evidence\":{\"type\":\"string\",\"description\":\"like E3\"},"
	"\"from\":{\"type\":\"integer\",\"minimum\":0},"
	"\"bytes\":{\"type\":\"integer\",\"minimum\":1,"
	"\"maximum\":1048576}},"
	"\"required\":[\"id\",\"evidence\"],\"additionalProperties\":false}",
	get_evidence},
};

static const struct {
	const char *tool, *as;
} renamed[] = {{"query_prometheus_alerts", "list_alerts"}};

static const char *
name_outside(const char *tool)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcmp(renamed[i].tool, tool) == 0)
			return renamed[i].as;
	return tool;
}

static const char *
name_inside(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcmp(renamed[i].as, name) == 0)
			return renamed[i].tool;
	return name;
}

static void
tool_put(struct buf *b, const char *name, const char *what, struct span schema)
{
	buf_adds(b, "{\"name\":");
	json_put_string(b, span_of(name));
	buf_adds(b, ",\"description\":");
	json_put_string(b, span_of(what));
	buf_adds(b, ",\"inputSchema\":");
	buf_add_span(b, schema);
	buf_adds(b, ",\"annotations\":{\"readOnlyHint\":true,"
		    "\"openWorldHint\":true}}");
}

static void
on_tools(void *ctx, const struct proto_reply *r)
{
	struct mcp *m = mcp_of(ctx);
	AUTO(tree) tools = NULL;
	const cJSON *t;
	auto_buf b = {.max = API_JSON_MAX};
	size_t i;

	if (!span_is(r->rc, rc_name(RC_OK))) {
		mcp_error(m, MCP_FAILED, "%.*s", SPAN_ARG(r->text));
		m->go_on(m);
		return;
	}
	tools = wire_to_tree(r->value);
	buf_adds(&b, "{\"tools\":[");
	for (i = 0; i < ARRAY_LEN(own); i++) {
		buf_adds(&b, i > 0 ? "," : "");
		tool_put(&b, own[i].name, own[i].what, span_of(own[i].schema));
	}
	cJSON_ArrayForEach (t, tools) {
		auto_buf schema = {.max = API_JSON_MAX};

		if (!tree_is(t, "class", tool_class_name(TOOL_READ)))
			continue;
		json_print(&schema, tree_at(t, "args"));
		buf_addc(&b, ',');
		tool_put(&b, name_outside(tree_str(t, "name")),
		    tree_str(t, "what"), buf_span(&schema));
	}
	buf_adds(&b, "]}");
	mcp_result(m, buf_span(&b));
	m->go_on(m);
}

static void
on_tools_fail(void *ctx, const char *why)
{
	struct mcp *m = mcp_of(ctx);

	mcp_error(m, MCP_FAILED, "%s", why);
	m->go_on(m);
}

static const struct link_ops tools_ops = {
    .on_reply = on_tools, .on_fail = on_tools_fail};

bool
mcp_tools_list(struct mcp *m, const cJSON *params UNUSED)
{
	m->x->call = link_query(
	    m->x->api->link, PROTO_ASK_CATALOGUE, "", NULL, &tools_ops, m->x);
	return false;
}

bool
mcp_tools_call(struct mcp *m, const cJSON *params)
{
	const char *name = tree_str(params, "name");
	const cJSON *args = tree_at(params, "arguments");
	size_t i;

	if (name[0] == '\0' || (args != NULL && !cJSON_IsObject(args))) {
		mcp_error(m, MCP_PARAMS_WRONG,
		    "params need a name, and arguments that are an object");
		return true;
	}
	for (i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(own[i].name, name) == 0)
			return own[i].call(m, args);
	return step_call(m, name_inside(name), args);
}
