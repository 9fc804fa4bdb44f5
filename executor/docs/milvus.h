/*
 * milvus.h - passages' vectors in a Milvus, by its RESTful API: version 2
 * where the server has it (from 2.3.13 on), else version 1. Blocks; never on
 * the loop.
 *
 * A collection is of one model: its name has the hash of that model's
 * settings, so that another model gets another collection.
 */
#ifndef EXECUTOR_DOCS_MILVUS_H
#define EXECUTOR_DOCS_MILVUS_H

#include "executor/docs/service.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	MILVUS_HASH_MAX = 65,
	MILVUS_NAME_MAX = 256,
	MILVUS_ROWS_MAX = 100, /* of one insert */
};

/* All borrowed. */
struct milvus_conf {
	struct service service;
	const char *collection; /* what its name begins with */
	int64_t search_ms;      /* how long a question waits */
};

enum milvus_dialect { MILVUS_UNKNOWN, MILVUS_V1, MILVUS_V2 };

struct milvus {
	const struct milvus_conf *conf;
	char model[16];             /* its settings, hashed */
	char name[MILVUS_NAME_MAX]; /* of the collection, once known */
	enum milvus_dialect dialect;
	const atomic_bool *cancelled; /* NULL: never */
};

/* RC_INVALID: what is wrong with the settings. */
NODISCARD enum rc milvus_check(const struct milvus_conf *c, struct err *err);

/* version: of the model (embed.h). Asks nothing. */
void milvus_init(struct milvus *m, const struct milvus_conf *conf,
    const char *version, const atomic_bool *cancelled);

/*
 * The collection is there afterwards; *ret_made: it was not before. RC_DENIED:
 * the token; RC_BUSY: it is being loaded; RC_UPSTREAM, RC_TIMEOUT.
 */
NODISCARD enum rc milvus_ensure(
    struct milvus *m, int dimensions, bool *ret_made, struct err *err);

struct milvus_row {
	const char *hash; /* of the passage's text */
	bool chinese;
	const float *vector;
};

/* All rows of that document are gone afterwards. RC_NOTFOUND: the collection
 * is. */
NODISCARD enum rc milvus_drop_doc(
    struct milvus *m, struct span doc, struct err *err);
NODISCARD enum rc milvus_insert(struct milvus *m, struct span doc,
    const struct milvus_row *rows, size_t n, int dimensions, struct err *err);

struct milvus_hit {
	char hash[MILVUS_HASH_MAX];
};

/* The nearest of one language, the best first; how many in *n. RC_NOTFOUND: no
 * collection; RC_BUSY: it is not loaded. */
NODISCARD enum rc milvus_search(struct milvus *m, const float *vector,
    int dimensions, bool chinese, struct milvus_hit *list, size_t max,
    size_t *n, struct err *err);

#endif
