/*
 * embedder.h - a thread that gives passages their vectors, after they are in
 * the index.
 *
 * It writes only while the keeper of the same process does. What fails is
 * tried again, later and later; nobody waits for it.
 */
#ifndef EXECUTOR_DOCS_EMBEDDER_H
#define EXECUTOR_DOCS_EMBEDDER_H

#include "executor/docs/docs.h"

struct embedder;

/* conf outlives it. RC_IO: no thread is to be had. */
NODISCARD enum rc embedder_start(const struct docs_conf *conf,
    const atomic_bool *keeps, struct embedder **ret, struct err *err);

/* There may be something to do. On any thread. */
void embedder_wake(struct embedder *e);

/* Waits for its end. NULL is none. */
void embedder_stop(struct embedder *e);

#endif
