/*
 * llm_redact.h - what looks like a secret is blacked out before a text leaves
 * for a model or is kept: keys, tokens, passwords, private keys.
 */
#ifndef PLANNER_LLM_LLM_REDACT_H
#define PLANNER_LLM_LLM_REDACT_H

#include "common/base/buf.h"
#include "common/base/span.h"

/* Appends text with each secret as [redacted]; the words that tell what it
 * was stay. How many there were. */
int llm_redact(struct buf *b, struct span text);

#endif
