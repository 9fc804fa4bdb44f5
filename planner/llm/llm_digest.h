/*
 * llm_digest.h - one step's result within a budget of bytes: lists become
 * shorter at their ends, strings between characters, numbers stay whole. Pure.
 */
#ifndef PLANNER_LLM_LLM_DIGEST_H
#define PLANNER_LLM_LLM_DIGEST_H

#include "common/base/buf.h"

#include <cjson/cJSON.h>

/*
 * Appends the result of a step, a map of `executor_feedback`: its evidence,
 * status and summary, and of its data as much as fits with that in about max
 * bytes, saying what was left out. 0: no data. Text of others stands between
 * <data> and </data>, and cannot hold either.
 */
void llm_digest_put(struct buf *b, const cJSON *feedback, size_t max);

/* Appends text so that it can hold neither mark of a fence. */
void llm_fence_put(struct buf *b, const char *text);

#endif
