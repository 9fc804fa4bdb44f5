/*
 * llm_record.h - what was asked and answered, kept in a folder: one file for
 * each prompt, named by its hash, so that it can be played back.
 */
#ifndef PLANNER_LLM_LLM_RECORD_H
#define PLANNER_LLM_LLM_RECORD_H

#include "planner/llm/llm.h"

/* RC_IO: the folder cannot be written, and why. Makes it where it is not. */
NODISCARD enum rc llm_record_open(const char *dir, struct err *err);

/* Keeps one answer, secrets blacked out; planner is who asked. A prompt that
 * is asked again replaces what it was answered before. */
NODISCARD enum rc llm_record_put(const char *dir, const char *planner,
    const cJSON *messages, const struct llm_reply *reply, struct err *err);

/* The answer kept for a prompt, whose spans live in *tree, the caller's. A
 * prompt that nobody asked is a reply with RC_NOTFOUND. */
void llm_record_get(const char *dir, const cJSON *messages, cJSON **tree,
    struct llm_reply *ret);

/* Who asked what is kept there, as --planner has it; RC_NOTFOUND, RC_INVALID:
 * there is nothing to play back. */
NODISCARD enum rc llm_record_planner(
    const char *dir, char ret[32], struct err *err);

#endif
