/*
 * llm_prompt.h - a run's state as a conversation with a model.
 *
 * Append-only: each step is a question of the model's and its answer, in the
 * order of the state, so the prompt of a later turn begins with that of an
 * earlier one, byte for byte, and a server's prefix cache serves it. Pure.
 */
#ifndef PLANNER_LLM_LLM_PROMPT_H
#define PLANNER_LLM_LLM_PROMPT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/report/report.h"
#include "planner/llm/llm_words.h"

enum { LLM_BYTES_A_TOKEN = 3 }; /* at least, but for Chinese */

struct llm_prompt {
	const struct llm_words *words;
	const cJSON *state;
	const cJSON *tools;      /* those it may ask */
	const cJSON *conclusion; /* the rules', NULL: they are not done */
	int concluded_after;     /* so many entries of the feedback are what it
				  * rests on */
	const char *mark;        /* what begins a step of the model's own */
	enum report_lang lang;
	size_t bytes; /* the most it may have */
	bool last;    /* no further look */
};

/*
 * The messages, a list of {role, content}, the caller's. Over its bytes the
 * data of results goes, the oldest first. Secrets are blacked out.
 */
cJSON *llm_prompt_make(const struct llm_prompt *p);

/* One more message at its end; what the same role says again is joined. */
void llm_prompt_add(cJSON *messages, const char *role, const char *content);

/* What the messages say, in bytes. */
size_t llm_prompt_bytes(const cJSON *messages);

/* The tools as the prompt lists them. */
void llm_prompt_put_tools(struct buf *b, const cJSON *tools);

#endif
