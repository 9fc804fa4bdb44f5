/*
 * llm_preset.h - the servers that --llm knows by name: where they are, which
 * model is usual there, and what is special about them. One table.
 */
#ifndef PLANNER_LLM_LLM_PRESET_H
#define PLANNER_LLM_LLM_PRESET_H

#include "common/base/buf.h"
#include "common/base/rc.h"

#include <stdbool.h>

/* How an answer's form is asked for: each is tried where the one before is
 * refused, and the first that is taken is remembered. */
enum llm_shape {
	LLM_SHAPE_SCHEMA, /* response_format json_schema */
	LLM_SHAPE_OBJECT, /* response_format json_object */
	LLM_SHAPE_CALL,   /* a function that must be called */
	LLM_SHAPE_PLAIN,  /* in words only */
};
enum { LLM_SHAPE_COUNT = LLM_SHAPE_PLAIN + 1 };

const char *llm_shape_name(enum llm_shape shape);

struct llm_preset {
	const char *name;
	const char *base;  /* NULL: --llm-url says */
	const char *model; /* NULL: --llm-model must say */
	const char *key;   /* the variable its users have the key in, or NULL */
	const char *body;  /* JSON object of extra fields, or NULL */
	const char *tokens;   /* what limits the answer: max_tokens … */
	enum llm_shape shape; /* the first one that makes sense to try */
	int window;           /* tokens the usual model takes */
	bool wants_key;
};

/* NULL: any other server. RC_INVALID lists the names there are. */
NODISCARD enum rc llm_preset_find(
    const char *name, const struct llm_preset **ret, struct err *err);

#endif
