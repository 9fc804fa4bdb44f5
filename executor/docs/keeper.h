/*
 * keeper.h - the one that writes the index: what the folder has becomes what
 * the index has.
 *
 * Of all keepers of one index, in whatever process, the one with the lock
 * writes; the kernel gives the lock back when that process ends, however it
 * ends. A document is put in one transaction with others, so that a reader
 * sees it as it was or as it is.
 */
#ifndef EXECUTOR_DOCS_KEEPER_H
#define EXECUTOR_DOCS_KEEPER_H

#include "executor/docs/base.h"
#include "executor/docs/docs.h"

struct keeper {
	struct docs_conf conf; /* borrowed */
	const atomic_bool *stop;
	int lock;  /* -1: another one writes */
	int watch; /* inotify, or -1 */
	struct base base;
	struct words *words; /* of the vocabulary as it is in more; or NULL */
	char *more;
};

void keeper_init(
    struct keeper *k, const struct docs_conf *conf, const atomic_bool *stop);
void keeper_done(struct keeper *k);

/* Takes the lock, if nobody has it. RC_CONFLICT: somebody has. */
NODISCARD enum rc keeper_lock(struct keeper *k, struct err *err);

/* Brings the index up to date. With the lock. RC_CANCELLED: stopped, and what
 * was done by then is kept. */
NODISCARD enum rc keeper_update(struct keeper *k, struct err *err);

#endif
