/*
 * find.h - the passages that answer a question.
 *
 * FTS5 finds who shares the question's rarest words (BM25, a title's words
 * and a heading's counting more); these are then scored by how much of what
 * the question says they say: from 0 to 1, comparable between questions and
 * collections, so that one threshold tells what fits from what does not. Where
 * the question is a vector, too, those nearest to it join them: find_fuse.c.
 */
#ifndef EXECUTOR_DOCS_FIND_H
#define EXECUTOR_DOCS_FIND_H

#include "executor/docs/base.h"
#include "executor/docs/docs.h"
#include "executor/docs/vectors.h"

/* The question as a vector, and what it is held against. */
struct find_by {
	const struct embed_vectors *question; /* NULL: by its words alone */
	const char *version;     /* of the model, as embed.h has it */
	struct vectors *vectors; /* read where they are not those of the file */
	const struct milvus_hit *hits; /* what Milvus found; NULL: not asked */
	size_t n_hits;
	bool outdated; /* set: the model's vectors have another length now */
};

/* ret is zeroed. */
NODISCARD enum rc find(struct base *b, struct words *w,
    const struct docs_query *query, struct find_by *by,
    struct docs_found *ret, struct err *err);

#endif
