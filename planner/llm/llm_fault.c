/*
 * llm_fault.c - the meaning of a failure, by its words and by its status.
 */
#include "planner/llm/llm_fault.h"

#include <stdio.h>

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"

enum { SAID_MAX = 200 };

/* The first row whose words occur, in any case. */
static const struct {
	const char *words;
	enum llm_fault_kind kind;
	enum llm_feature feature;
} meanings[] = {
    {"insufficient_quota", LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {"insufficient balance", LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {"exceeded your current quota", LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {"arrearage", LLM_FAULT_QUOTA, LLM_FEATURE_NONE},
    {"throttling", LLM_FAULT_BUSY, LLM_FEATURE_NONE},
    {"invalid_api_key", LLM_FAULT_KEY, LLM_FEATURE_NONE},
    {"context_length_exceeded", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"exceed_context_size", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"maximum context", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"context window", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"range of input length", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"prompt is too long", LLM_FAULT_LONG, LLM_FEATURE_NONE},
    {"range of max_tokens", LLM_FAULT_FEATURE, LLM_FEATURE_LIMIT},
    {"stream_options", LLM_FAULT_FEATURE, LLM_FEATURE_USAGE},
    {"enable_thinking", LLM_FAULT_FEATURE, LLM_FEATURE_THINKING},
    {"chat_template_kwargs", LLM_FAULT_FEATURE, LLM_FEATURE_THINKING},
    {"response_format", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"json_schema", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"json_object", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"json mode", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"the word 'json'", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"tool_choice", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"support tool", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"grammar", LLM_FAULT_FEATURE, LLM_FEATURE_SHAPE},
    {"max_completion_tokens", LLM_FAULT_FEATURE, LLM_FEATURE_TOKENS},
    {"max_tokens", LLM_FAULT_FEATURE, LLM_FEATURE_TOKENS},
    {"temperature", LLM_FAULT_FEATURE, LLM_FEATURE_TEMPERATURE},
    {"system role", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"role 'system'", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"system message", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"support 'system'", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"developer instruction", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"assistant roles", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"roles must alternate", LLM_FAULT_FEATURE, LLM_FEATURE_SYSTEM},
    {"model_not_found", LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {"model not found", LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {"does not exist", LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {"model not exist", LLM_FAULT_MODEL, LLM_FEATURE_NONE},
    {"valid model", LLM_FAULT_MODEL, LLM_FEATURE_NONE},
};

static const struct {
	int from, to;
	enum llm_fault_kind kind;
} statuses[] = {
    {401, 401, LLM_FAULT_KEY},
    {402, 402, LLM_FAULT_QUOTA},
    {403, 403, LLM_FAULT_KEY},
    {404, 405, LLM_FAULT_PATH},
    {408, 408, LLM_FAULT_SERVER},
    {413, 413, LLM_FAULT_LONG},
    {425, 425, LLM_FAULT_SERVER},
    {429, 429, LLM_FAULT_BUSY},
    {200, 299, LLM_FAULT_SERVER}, /* in mid-stream */
    {500, 599, LLM_FAULT_SERVER},
};

static const char *const advice[] = {
    [LLM_FAULT_NONE] = "",
    [LLM_FAULT_BUSY] = "; it is overloaded, or this key asks too often",
    [LLM_FAULT_SERVER] = "",
    [LLM_FAULT_KEY] = "; check --llm-key-file, and that the key is one of "
		      "this server's",
    [LLM_FAULT_QUOTA] = "; the account is unpaid or used up",
    [LLM_FAULT_MODEL] = "; check --llm-model",
    [LLM_FAULT_PATH] = "; check the path of --llm-url, which mostly ends in "
		       "/v1, and --llm-model",
    [LLM_FAULT_LONG] = "; the prompt is over the model's window, see "
		       "--llm-window",
    [LLM_FAULT_FEATURE] = "",
    [LLM_FAULT_BAD] = "",
};

/* Whether words are meant by their own meaning at that status: a server that
 * is busy may speak of anything. */
static bool
counts(int status, enum llm_fault_kind kind)
{
	if (kind == LLM_FAULT_QUOTA || kind == LLM_FAULT_LONG)
		return true;
	if (kind == LLM_FAULT_FEATURE)
		return status == 400 || status == 404 || status == 415 ||
		       status == 422 || status == 500 || status == 501;
	if (kind == LLM_FAULT_MODEL)
		return status == 400 || status == 404 || status == 422;
	return status < 500;
}

static void
kind_of(struct llm_fault *f, int status, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(meanings); i++) {
		if (strcasestr(text, meanings[i].words) == NULL ||
		    !counts(status, meanings[i].kind))
			continue;
		f->kind = meanings[i].kind;
		f->feature = meanings[i].feature;
		return;
	}
	f->kind = LLM_FAULT_BAD;
	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			f->kind = statuses[i].kind;
}

/* The sentence in an error's JSON, whichever of the usual places it is in. */
static void
put_said(struct buf *b, struct span body)
{
	AUTO(tree) tree = NULL;
	const cJSON *error;
	struct err ignored;

	if (json_parse(body, NULL, &tree, &ignored) != RC_OK) {
		buf_add_span(b, utf8_cut(span_trim(body), SAID_MAX));
		return;
	}
	error = tree_at(tree, "error");
	if (cJSON_IsString(error))
		buf_adds(b, error->valuestring);
	else if (tree_has(error, "message"))
		buf_adds(b, tree_str(error, "message"));
	else if (tree_has(tree, "message"))
		buf_adds(b, tree_str(tree, "message"));
	else
		buf_adds(b, tree_str(tree, "detail"));
}

void
llm_fault_read(
    struct llm_fault *ret, const char *shown, int status, struct span body)
{
	auto_buf said = {.max = 8 << 10}, all = {.max = 64 << 10};
	struct llm_fault f = {.feature = LLM_FEATURE_NONE};

	buf_add_span(&all, utf8_cut(body, 32 << 10));
	kind_of(&f, status, buf_str(&all));
	put_said(&said, body);
	if (said.len > 0)
		said.len = utf8_tidy(said.data, MIN(said.len, SAID_MAX));
	err_set(&f.text, RC_UPSTREAM, "%s answered %d%s%.*s%s", shown, status,
	    said.len > 0 ? ": " : "", SPAN_ARG(buf_span(&said)),
	    advice[f.kind]);
	*ret = f;
}
