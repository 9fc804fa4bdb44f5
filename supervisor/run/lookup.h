/*
 * lookup.h - a run by its id or key: in memory, or its row in the store.
 */
#ifndef SUPERVISOR_RUN_LOOKUP_H
#define SUPERVISOR_RUN_LOOKUP_H

#include "supervisor/run/supervisor.h"

/* A run's row, kept past the store's callback. */
struct lookup_row {
	char id[STORE_ID_MAX + 1];
	char digest[STORE_KEY_MAX + 1];
	char status[32];
	int64_t row, created_ms, finished_ms, last_seq;
};

/* The run of that id that is in memory, ended or not; or NULL. */
struct run *lookup_run(const struct supervisor *s, struct span id);

/* RC_NOTFOUND: no such run, said so. */
NODISCARD enum rc lookup_find(struct supervisor *s, struct span id,
    struct lookup_row *ret, struct err *err);

/* The one started under that idempotency key, durable or not; RC_NOTFOUND:
 * none. */
NODISCARD enum rc lookup_key(struct supervisor *s, struct span key,
    struct lookup_row *ret, struct err *err);

#endif
