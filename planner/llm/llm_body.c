/* llm_body.c - a request's JSON. */
#include "planner/llm/llm_body.h"

#include "common/base/num.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/llm/llm_stream.h"

static void
put_key(struct buf *b, const char *key)
{
	buf_addc(b, ',');
	json_put_string(b, span_of(key));
	buf_addc(b, ':');
}

static void
put_message(struct buf *b, const char *role, struct span content)
{
	buf_adds(b, "{\"role\":");
	json_put_string(b, span_of(role));
	buf_adds(b, ",\"content\":");
	json_put_string(b, content);
	buf_addc(b, '}');
}

/* For a model without a system role its words lead the first question. */
void
llm_body_put_messages(struct buf *b, const struct llm_body *of)
{
	bool merge = (of->without & LLM_FEATURE_SYSTEM) != 0;
	struct span system = {"", 0};
	const cJSON *m;
	size_t begin;

	buf_addc(b, '[');
	begin = b->len;
	cJSON_ArrayForEach (m, of->messages) {
		auto_buf both = {.max = LLM_BODY_MAX};

		if (merge && tree_is(m, "role", "system")) {
			system = tree_span(m, "content");
			continue;
		}
		if (system.n > 0) {
			buf_add_span(&both, system);
			buf_adds(&both, "\n\n");
			system.n = 0;
		}
		buf_add_span(&both, tree_span(m, "content"));
		if (b->len > begin)
			buf_addc(b, ',');
		put_message(b, tree_str(m, "role"), buf_span(&both));
	}
	buf_addc(b, ']');
}

static void
put_schema(struct buf *b, const struct llm_body *of)
{
	buf_adds(b, "{\"type\":\"json_schema\",\"json_schema\":{\"name\":"
		    "\"plan\",\"strict\":false,\"schema\":");
	json_print(b, of->schema);
	buf_adds(b, "}}");
}

static void
put_function(struct buf *b, const struct llm_body *of)
{
	put_key(b, "tools");
	buf_adds(b,
	    "[{\"type\":\"function\",\"function\":{\"name\":"
	    "\"" LLM_ANSWER_FUNCTION "\",\"description\":\"your answer\","
	    "\"parameters\":");
	json_print(b, of->schema);
	buf_adds(b, "}}]");
	put_key(b, "tool_choice");
	buf_adds(b, "{\"type\":\"function\",\"function\":{\"name\":"
		    "\"" LLM_ANSWER_FUNCTION "\"}}");
}

static void
put_shape(struct buf *b, const struct llm_body *of)
{
	if (of->schema == NULL)
		return;
	switch (of->shape) {
	case LLM_SHAPE_SCHEMA:
		put_key(b, "response_format");
		put_schema(b, of);
		return;
	case LLM_SHAPE_OBJECT:
		put_key(b, "response_format");
		buf_adds(b, "{\"type\":\"json_object\"}");
		return;
	case LLM_SHAPE_CALL:
		put_function(b, of);
		return;
	case LLM_SHAPE_PLAIN:
		return;
	}
}

static void
put_limit(struct buf *b, const struct llm_body *of)
{
	const char *key = of->settings->preset->tokens;
	bool other = (of->without & LLM_FEATURE_TOKENS) != 0;

	if ((of->without & LLM_FEATURE_LIMIT) != 0)
		return;
	if (other)
		key = strcmp(key, "max_tokens") == 0 ? "max_completion_tokens"
						     : "max_tokens";
	put_key(b, key);
	buf_addf(b, "%d", of->answer_tokens);
}

static bool
is_of_thinking(const char *field)
{
	return strcmp(field, "enable_thinking") == 0 ||
	       strcmp(field, "chat_template_kwargs") == 0;
}

void
llm_body_put(struct buf *b, const struct llm_body *of)
{
	const struct llm_settings *s = of->settings;
	const cJSON *field;

	buf_adds(b, "{\"model\":");
	json_put_string(b, span_of(of->model));
	put_key(b, "messages");
	llm_body_put_messages(b, of);
	put_key(b, "stream");
	buf_adds(b, "true");
	if ((of->without & LLM_FEATURE_USAGE) == 0) {
		put_key(b, "stream_options");
		buf_adds(b, "{\"include_usage\":true}");
	}
	if ((of->without & LLM_FEATURE_TEMPERATURE) == 0 &&
	    tree_at(s->body, "temperature") == NULL) {
		put_key(b, "temperature");
		num_put_json(b, s->temperature);
	}
	if (tree_at(s->body, "max_tokens") == NULL &&
	    tree_at(s->body, "max_completion_tokens") == NULL)
		put_limit(b, of);
	put_shape(b, of);
	cJSON_ArrayForEach (field, s->body) {
		if ((of->without & LLM_FEATURE_THINKING) != 0 &&
		    is_of_thinking(field->string))
			continue;
		put_key(b, field->string);
		json_print(b, field);
	}
	buf_addc(b, '}');
}
