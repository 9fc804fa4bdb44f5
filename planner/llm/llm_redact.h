/*
 * llm_redact.h - what looks like a secret is blacked out before a text leaves
 * for a model or is kept: keys, tokens, passwords, private keys; mail and IP
 * addresses on request, and what patterns of the operator's match.
 */
#ifndef PLANNER_LLM_LLM_REDACT_H
#define PLANNER_LLM_LLM_REDACT_H

#include "common/agent/conf.h"
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

enum { LLM_REDACT_PATTERNS_MAX = 64 };

/*
 * What the configuration demands besides, of the whole process from now on;
 * to be called before there are threads. RC_INVALID or RC_IO: which word or
 * line of the file is wrong and how; nothing has changed then.
 */
NODISCARD enum rc llm_redact_open(const struct conf *conf, struct err *err);

/* Appends text with each secret as [redacted]; the words that tell what it
 * was stay. How many there were. */
int llm_redact(struct buf *b, struct span text);

#endif
