/* llm_preset.c - the table of servers. */
#include "planner/llm/llm_preset.h"

#include <string.h>

/* Thinking is off unless --llm-body says otherwise: DashScope's open models
 * think by default, at the reader's expense; its commercial ones do not. */
static const struct llm_preset presets[] = {
    {.name = "dashscope",
	.base = "https://dashscope.aliyuncs.com/compatible-mode/v1",
	.model = "qwen-plus",
	.key = "DASHSCOPE_API_KEY",
	.body = "{\"enable_thinking\":false}",
	.tokens = "max_tokens",
	.window = 128000,
	.wants_key = true},
    {.name = "openai",
	.base = "https://api.openai.com/v1",
	.model = "gpt-4.1-mini",
	.key = "OPENAI_API_KEY",
	.tokens = "max_completion_tokens",
	.window = 128000,
	.wants_key = true},
    {.name = "deepseek",
	.base = "https://api.deepseek.com/v1",
	.model = "deepseek-chat",
	.key = "DEEPSEEK_API_KEY",
	.tokens = "max_tokens",
	.shape = LLM_SHAPE_OBJECT,
	.window = 64000,
	.wants_key = true},
    {.name = "ollama",
	.base = "http://127.0.0.1:11434/v1",
	.model = "qwen3:8b",
	.tokens = "max_tokens",
	.window = 4096},
    {.name = "vllm",
	.base = "http://127.0.0.1:8000/v1",
	.key = "VLLM_API_KEY",
	.body = "{\"chat_template_kwargs\":{\"enable_thinking\":false}}",
	.tokens = "max_tokens",
	.window = 32768},
    {.name = "llamacpp",
	.base = "http://127.0.0.1:8080/v1",
	.model = "default",
	.key = "LLAMA_API_KEY",
	.body = "{\"chat_template_kwargs\":{\"enable_thinking\":false}}",
	.tokens = "max_tokens",
	.window = 8192},
};

static const struct llm_preset any = {
    .name = "openai-compatible", .tokens = "max_tokens", .window = 16384};

static const char *const shapes[LLM_SHAPE_COUNT] = {
    [LLM_SHAPE_SCHEMA] = "json_schema",
    [LLM_SHAPE_OBJECT] = "json_object",
    [LLM_SHAPE_CALL] = "tool call",
    [LLM_SHAPE_PLAIN] = "plain text",
};

const char *
llm_shape_name(enum llm_shape shape)
{
	return shapes[shape];
}

enum rc
llm_preset_find(
    const char *name, const struct llm_preset **ret, struct err *err)
{
	auto_buf names = {.max = 400};
	size_t i;

	if (name == NULL) {
		*ret = &any;
		return RC_OK;
	}
	for (i = 0; i < ARRAY_LEN(presets); i++) {
		if (strcmp(presets[i].name, name) == 0) {
			*ret = &presets[i];
			return RC_OK;
		}
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", presets[i].name);
	}
	return err_set(err, RC_INVALID,
	    "--llm (CULPRIT_LLM) is one of %s, not \"%.60s\"; for any other "
	    "server leave it out and set --llm-url",
	    buf_str(&names), name);
}
