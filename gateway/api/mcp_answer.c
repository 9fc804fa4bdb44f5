/* mcp_answer.c - the MCP server's answers, into a stream or gathered for one.
 */
#include "gateway/api/mcp_in.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/json/json.h"

static void
message_put(struct mcp *m, const char *as, struct span json)
{
	struct exchange *x = m->x;
	const cJSON *id = tree_at(m->item, "id");
	struct buf *b = &m->out;

	if (web_is_stream(x->h)) {
		b = web_out(x->h);
		buf_adds(b, "event: message\ndata: ");
	} else if (m->n_answers > 0) {
		buf_addc(b, ',');
	}
	buf_adds(b, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (cJSON_IsString(id) || cJSON_IsNumber(id))
		json_print(b, id);
	else
		buf_adds(b, "null");
	buf_addf(b, ",\"%s\":", as);
	buf_add_span(b, json);
	buf_addc(b, '}');
	if (web_is_stream(x->h))
		buf_adds(b, "\n\n");
	m->n_answers++;
}

void
mcp_result(struct mcp *m, struct span json)
{
	message_put(m, "result", json);
}

void
mcp_error(struct mcp *m, int code, const char *fmt, ...)
{
	char text[1024];
	auto_buf b = {.max = 8192};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_addf(&b, "{\"code\":%d,\"message\":", code);
	json_put_string(&b, span_of(text));
	buf_addc(&b, '}');
	message_put(m, "error", buf_span(&b));
}

void
mcp_progress(struct mcp *m, const char *text)
{
	const cJSON *meta = tree_at(tree_at(m->item, "params"), "_meta");
	const cJSON *token = tree_at(meta, "progressToken");
	struct buf *b;

	if (!m->reads_stream ||
	    !(cJSON_IsString(token) || cJSON_IsNumber(token)))
		return;
	if (!web_is_stream(m->x->h))
		web_stream(m->x->h, NULL);
	/* Who does not read is not told of each step. */
	if (web_pending(m->x->h) > SERVER_PENDING_MAX / 2)
		return;
	b = web_out(m->x->h);
	buf_adds(b, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/progress\",\"params\":{"
		    "\"progressToken\":");
	json_print(b, token);
	buf_addf(
	    b, ",\"progress\":%lld,\"message\":", (long long)++m->progress);
	json_put_string(b, span_of(text));
	buf_adds(b, "}}\n\n");
	web_flush(m->x->h);
}
