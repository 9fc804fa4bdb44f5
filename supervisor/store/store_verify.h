/*
 * store_verify.h - holds a whole store against its own chains.
 *
 * Reads the file at path through a connection of its own, at one moment, also
 * while a supervisor works on it; changes nothing. What the chains are is in
 * store_chain.h.
 */
#ifndef SUPERVISOR_STORE_STORE_VERIFY_H
#define SUPERVISOR_STORE_STORE_VERIFY_H

#include "supervisor/store/store_chain.h"
#include "supervisor/store/store.h"

struct store_verified {
	int64_t finished, open;	/* runs that were looked at */
	int64_t faults;
	int64_t place;		/* the newest in the chain over all runs */
	char link[2 * CHAIN_BYTES + 1];	/* its link: keep it elsewhere */
};

/*
 * id: one run, empty: all, and the chain over all. Calls fault with the first
 * thing of each run that does not fit; run is "" where it is none's. RC_OK
 * also with faults. RC_NOTFOUND: no such run. RC_CONFLICT, RC_IO: it is no
 * store, or cannot be read.
 */
NODISCARD enum rc store_verify(const char *path, struct span id,
    void (*fault)(void *ctx, const char *run, const char *what), void *ctx,
    struct store_verified *ret, struct err *err);

#endif
