/*
 * llm_fault.h - what a failed request to a model's server means, and so what
 * is done about it. Servers word the same failure in many ways; the words
 * are one table.
 */
#ifndef PLANNER_LLM_LLM_FAULT_H
#define PLANNER_LLM_LLM_FAULT_H

#include "common/base/rc.h"
#include "common/base/span.h"

enum llm_fault_kind {
	LLM_FAULT_NONE,
	LLM_FAULT_BUSY,    /* 429, overload: again later */
	LLM_FAULT_SERVER,  /* its own failure: again later */
	LLM_FAULT_KEY,     /* the key is not accepted */
	LLM_FAULT_QUOTA,   /* unpaid or used up: not again */
	LLM_FAULT_MODEL,   /* there is no such model */
	LLM_FAULT_PATH,    /* no such path, or no such model */
	LLM_FAULT_LONG,    /* the prompt is over the model's window */
	LLM_FAULT_FEATURE, /* it cannot do something that was asked for */
	LLM_FAULT_BAD,     /* anything else that is wrong with the request */
};

/* What may be left out of a request, or said in another way. */
enum llm_feature {
	LLM_FEATURE_NONE = 0,
	LLM_FEATURE_SHAPE = 1, /* response_format or tools */
	LLM_FEATURE_USAGE = 2, /* stream_options */
	LLM_FEATURE_TEMPERATURE = 4,
	LLM_FEATURE_TOKENS = 8,    /* max_tokens, or its newer name */
	LLM_FEATURE_THINKING = 16, /* the preset's extra fields */
	LLM_FEATURE_SYSTEM = 32,   /* a system message */
	LLM_FEATURE_LIMIT = 64,    /* max_tokens of any name */
};

struct llm_fault {
	enum llm_fault_kind kind;
	enum llm_feature feature; /* of LLM_FAULT_FEATURE */
	struct err text;          /* for a person: what it said, what to do */
};

/* Of an answer that is not 2xx, or (status 200) of an error object in
 * mid-stream. shown names the server; body may be anything. */
void llm_fault_read(
    struct llm_fault *ret, const char *shown, int status, struct span body);

#endif
