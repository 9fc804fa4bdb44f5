/*
 * front.h - what the parts of the gateways' door share.
 */
#ifndef SUPERVISOR_FRONT_H
#define SUPERVISOR_FRONT_H

#include "supervisor/supervisor.h"

/* A run's row, kept past the store's callback. */
struct front_row {
	bool found;
	char id[STORE_ID_MAX + 1];
	char digest[STORE_KEY_MAX + 1];
	char status[32];
	int64_t row, created_ms, finished_ms, last_seq;
};

/* RC_NOTFOUND: no such run, said so. */
NODISCARD enum rc front_find(struct supervisor *s, struct span id,
    struct front_row *ret, struct err *err);

/* REPLY about a run, or with what is wrong (err: not for RC_OK). */
void front_reply(struct supervisor *s, const struct bus_peer *peer,
    uint64_t req, enum rc rc, const char *run, const struct err *err);

#endif
