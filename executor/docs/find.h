/*
 * find.h - the passages that answer a question.
 *
 * FTS5 finds who shares the question's rarest words (BM25, a title's words
 * and a heading's counting more); these are then scored by how much of what
 * the question says they say: from 0 to 1, comparable between questions and
 * collections, so that one threshold tells what fits from what does not.
 */
#ifndef EXECUTOR_DOCS_FIND_H
#define EXECUTOR_DOCS_FIND_H

#include "executor/docs/base.h"
#include "executor/docs/docs.h"

/* ret is zeroed. */
NODISCARD enum rc find(struct base *b, struct words *w,
    const struct docs_query *query, struct docs_found *ret, struct err *err);

#endif
