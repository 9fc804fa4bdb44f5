/*
 * llm_body.h - a request's JSON: the prompt, and how the form of its answer
 * is asked for. Pure.
 */
#ifndef PLANNER_LLM_LLM_BODY_H
#define PLANNER_LLM_LLM_BODY_H

#include "common/base/buf.h"
#include "planner/llm/llm_fault.h"
#include "planner/llm/llm_settings.h"

enum { LLM_BODY_MAX = 8 << 20 };

struct llm_body {
	const struct llm_settings *settings;
	const char *model;
	const cJSON *messages; /* list of {role, content} */
	const cJSON *schema;   /* of the answer; NULL: words will do */
	enum llm_shape shape;
	unsigned without; /* features the server does not have */
	int answer_tokens;
};

/* Appends the body. What the prompt is stands in it as it is given, so that
 * a longer one begins with the bytes of the shorter. */
void llm_body_put(struct buf *b, const struct llm_body *of);

/* Appends the messages alone. */
void llm_body_put_messages(struct buf *b, const struct llm_body *of);

#endif
