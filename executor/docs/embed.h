/*
 * embed.h - texts as vectors, by any OpenAI-compatible /embeddings.
 *
 * Questions and passages are told apart as models want it: by what stands
 * before the text, or by another name of the model. Blocks; never on the loop.
 */
#ifndef EXECUTOR_DOCS_EMBED_H
#define EXECUTOR_DOCS_EMBED_H

#include "executor/docs/service.h"

enum {
	EMBED_DIMENSIONS_MAX = 8192,
	EMBED_BATCH_MAX = 256,
	EMBED_TEXT_MAX = 6000, /* bytes of a text that are sent */
};

enum embed_side { EMBED_QUERY, EMBED_PASSAGE };

/* All borrowed; NULL or 0: the default. */
struct embed_conf {
	struct service service;
	const char *model;
	const char *query_model;
	const char *query_prefix, *passage_prefix; /* "none": nothing */
	int dimensions;
	int batch;
	int64_t query_ms; /* how long a question waits */
};

/* Vectors of one length, one behind the other; zeroed, there are none. */
struct embed_vectors {
	float *list; /* owned */
	size_t n;
	int dimensions;
};

/* RC_INVALID: what is wrong with the settings. */
NODISCARD enum rc embed_check(const struct embed_conf *c, struct err *err);

/* Changes whenever the same passage may get another vector: by these
 * settings. The caller's. */
char *embed_version(const struct embed_conf *c);

/*
 * The vectors of at most EMBED_BATCH_MAX texts, each of length 1, in their
 * order. As service_ask fails; RC_INVALID: these texts, or so many of them,
 * are not taken.
 */
NODISCARD enum rc embed(const struct embed_conf *c, enum embed_side side,
    const struct span *texts, size_t n, int64_t timeout_ms,
    const atomic_bool *cancelled, struct embed_vectors *ret, struct err *err);
void embed_vectors_done(struct embed_vectors *v);

#endif
