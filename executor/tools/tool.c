/*
 * tool.c - a call's result, and its end.
 */
#include "executor/tools/tool.h"

#include "common/base/utf8.h"

void
tool_result_init(struct tool_result *r)
{
	*r = (struct tool_result){.media = "application/json"};
	buf_init(&r->summary, TOOL_SUMMARY_MAX);
	buf_init(&r->evidence, TOOL_EVIDENCE_MAX);
	buf_init(&r->query, TOOL_QUERY_MAX);
	buf_init(&r->suggestion, TOOL_SUGGESTION_MAX);
}

void
tool_result_done(struct tool_result *r)
{
	buf_done(&r->summary);
	buf_done(&r->evidence);
	buf_done(&r->query);
	buf_done(&r->suggestion);
	cJSON_Delete(r->data);
	r->data = NULL;
}

void
tool_done(struct tool_call *call)
{
	call->done(call);
}

void
tool_fail(struct tool_call *call, const char *suggestion, const char *text)
{
	struct tool_result *r = &call->result;

	r->success = false;
	/* Half an answer would prove nothing. */
	buf_reset(&r->evidence);
	buf_reset(&r->summary);
	buf_add_span(&r->summary, utf8_cut(span_of(text), r->summary.max));
	buf_reset(&r->suggestion);
	buf_add_span(
	    &r->suggestion, utf8_cut(span_of(suggestion), r->suggestion.max));
}
