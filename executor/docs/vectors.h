/*
 * vectors.h - the vectors of the index: beside the passages, in the same file,
 * and searched whole, which is exact.
 *
 * A vector is kept as its largest number (a float) and then each number as a
 * share of it in an int8: a quarter of the floats, and the cosine is the same
 * to the third decimal. They are of one model; those of another one go as soon
 * as the one that writes finds them.
 */
#ifndef EXECUTOR_DOCS_VECTORS_H
#define EXECUTOR_DOCS_VECTORS_H

#include "executor/docs/base.h"
#include "executor/docs/embed.h"
#include "executor/docs/milvus.h"

enum { VECTORS_BYTES_MAX = 512 << 20 }; /* of memory */

/* ---- writing: inside a transaction of the caller's ---- */

/* Makes the index one of this model's vectors: where it was of another's,
 * or they had another length, it has none now. dimensions 0: not known. */
NODISCARD enum rc vectors_begin(
    struct base *b, const char *version, int dimensions, struct err *err);

/* v NULL: the text cannot be embedded. */
NODISCARD enum rc vectors_put(struct base *b, struct span hash, const float *v,
    int dimensions, struct err *err);

/* Those of passages that are gone. */
NODISCARD enum rc vectors_tidy(struct base *b, struct err *err);

/* ---- reading ---- */

/* A vector as it is kept, as numbers; the caller's. */
float *vectors_unpack(const char *packed, int dimensions);

/* A passage without a vector. */
struct vectors_lack {
	int64_t id;
	char *hash, *text; /* owned */
};

/* Appends up to max of them, behind the passage of that id; returns in *n. */
NODISCARD enum rc vectors_lacking(struct base *b, int64_t behind,
    struct vectors_lack *list, size_t max, size_t *n, struct err *err);
void vectors_lack_done(struct vectors_lack *list, size_t n);

enum { VECTORS_LANGUAGES = 2 }; /* Chinese or not */

/* All of them in memory, as of one version of the file; zeroed, none. */
struct vectors {
	int64_t of;         /* version */
	bool read, sampled; /* not all of them are here */
	int dimensions;
	char *version; /* of the model's; owned */
	size_t n, cap;
	int64_t *ids; /* of the passages, ascending */
	float *scale;
	uint8_t *language;
	int8_t *list;
	/* What the vectors of a language have in common, and how far each is
	 * from that. */
	float *mean[VECTORS_LANGUAGES];
	float *apart;
	long passages; /* there are, with vectors or without */
	long with;     /* that have one */
};

/* Reads them, or only enough to tell what is usual, unless they are those of
 * the file already. RC_TOOBIG. */
NODISCARD enum rc vectors_read(
    struct vectors *v, struct base *b, bool sample, struct err *err);
void vectors_done(struct vectors *v);

struct vectors_hit {
	int64_t id;
	/* By how many standard deviations it is nearer than the passages of
	 * its language are. */
	float nearness;
};

/*
 * The nearest to question q, the best first, at most max; how many.
 *
 * Models see the language before the meaning: a question in Chinese is nearer
 * to any text in Chinese than to the one in English that answers it. So of
 * both what their language has in common is taken away first, and a cosine is
 * held against those of its own language.
 */
size_t vectors_find(const struct vectors *v, const float *q, bool chinese,
    struct vectors_hit *list, size_t max);

/* The same of passages that somebody else found, by their hashes: those that
 * are here, the best first. */
NODISCARD enum rc vectors_weigh(const struct vectors *v, struct base *b,
    const float *q, bool chinese, const struct milvus_hit *hits, size_t n,
    struct vectors_hit *list, size_t max, size_t *ret_n, struct err *err);

#endif
