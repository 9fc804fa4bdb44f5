/*
 * tool_basic.c - get_current_time, and echo for tests and benchmarks.
 */
#include "common/json/json.h"
#include "common/base/num.h"
#include "common/base/when.h"
#include "executor/tools/tool.h"

static enum rc
time_start(struct tool_call *call, struct err *err UNUSED)
{
	static const char *const days[] = {"Thursday", "Friday", "Saturday",
	    "Sunday", "Monday", "Tuesday", "Wednesday"};
	struct tool_result *r = &call->result;
	char text[WHEN_TEXT];
	const char *day = days[call->now_ms / 86400000 % 7];

	when_print(call->now_ms, text);
	r->data = cJSON_CreateObject();
	cJSON_AddStringToObject(r->data, "utc", text);
	json_add_double(r->data, "unix", (double)call->now_ms / 1000);
	cJSON_AddStringToObject(r->data, "weekday", day);
	buf_addf(&r->summary, "It is %s, %s (UTC).", day, text);
	buf_adds(&r->query, "the time");
	json_print(&r->evidence, r->data);
	r->success = true;
	tool_done(call);
	return RC_OK;
}

const struct tool tool_current_time = {
    .name = "get_current_time",
    .what = "The current time in UTC: RFC 3339, Unix seconds, weekday.",
    .args = "{\"type\":\"object\",\"properties\":{},"
	    "\"additionalProperties\":false}",
    .role = TOOL_ROLE_CLOCK,
    .class = TOOL_READ,
    .timeout_ms = 1000,
    .start = time_start,
};

static enum rc
echo_start(struct tool_call *call, struct err *err)
{
	struct tool_result *r = &call->result;
	struct json_in in = json_in(call->args, "args", err);
	const char *text = json_in_str_opt(&in, "text", NULL, "");

	if (json_in_end(&in) != RC_OK)
		return in.rc;
	buf_adds(&r->summary, text);
	buf_adds(&r->evidence, text);
	buf_adds(&r->query, "echo");
	if (call->key.n > 0) {
		r->data = cJSON_CreateObject();
		json_add_span(r->data, "key", call->key);
	}
	r->media = "text/plain; charset=utf-8";
	r->success = true;
	tool_done(call);
	return RC_OK;
}

const struct tool tool_echo = {
    .name = "echo",
    .what = "Answers with its text. For tests and benchmarks.",
    .args = "{\"type\":\"object\",\"properties\":{\"text\":{"
	    "\"type\":\"string\",\"maxLength\":16000}},"
	    "\"additionalProperties\":false}",
    .class = TOOL_READ,
    .on_request = true,
    .timeout_ms = 1000,
    .start = echo_start,
};
