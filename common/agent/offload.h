/*
 * offload.h - work that may block or burn, on a thread of its own; its end
 * and its progress are told on the loop.
 *
 * The pool belongs to the loop's thread. A piece of work that is called off
 * is told so through a flag and forgotten: nobody waits for it but
 * offload_pool_free.
 */
#ifndef COMMON_AGENT_OFFLOAD_H
#define COMMON_AGENT_OFFLOAD_H

#include "common/base/rc.h"

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { OFFLOAD_TEXT_MAX = 200 };

struct offload_pool;
struct offload;

struct offload_spec {
	/* On the thread. Looks at *cancelled now and then. */
	void (*work)(
	    void *arg, struct offload *o, const atomic_bool *cancelled);
	/* On the loop; not after offload_cancel. progress may be NULL. */
	void (*progress)(void *arg, const char *text);
	void (*done)(void *arg);
	/* Frees arg, after done or instead of it; on the loop or in
	 * offload_pool_free, never while work runs. */
	void (*free)(void *arg);
	void *arg;
};

struct offload_pool *offload_pool_new(zloop_t *loop);

/* Calls all off and waits for the threads. */
void offload_pool_free(struct offload_pool *pool);

/* RC_IO: no thread or descriptor is to be had; arg is not freed. */
NODISCARD enum rc offload_start(struct offload_pool *pool,
    const struct offload_spec *spec, struct offload **ret, struct err *err);

/* Forgets it: arg is freed once work has returned. */
void offload_cancel(struct offload *o);

/* From work: says how far it is; a later text replaces an earlier one that
 * the loop has not seen yet. */
void offload_tell(struct offload *o, const char *text);

#endif
