/*
 * crowd.h - clients that want their investigations done whatever happens:
 * they submit under a key, follow, leave, come back, cancel, read again.
 *
 * What fails for want of a server (no connection, 503, a stream that stops)
 * is tried again, with the same key and behind the last event. Any other
 * answer than the protocol allows is trouble.
 */
#ifndef TESTS_HARNESS_CROWD_H
#define TESTS_HARNESS_CROWD_H

#include "tests/harness/invariant.h"

#include <stdint.h>

struct crowd;

struct crowd_spec {
	const char *url;  /* of the gateway */
	const char *name; /* begins every Idempotency-Key */
	int clients;      /* at a time */
	uint64_t seed;
	const char *only; /* the kind of all of them; NULL: any */
};

struct crowd *crowd_new(const struct crowd_spec *spec);
void crowd_free(struct crowd *c);

/* Lets them act, for at most ms. */
void crowd_step(struct crowd *c, int ms);

/* No new ones come; those that are here finish what they want. */
void crowd_close(struct crowd *c);
int crowd_left(const struct crowd *c);

/* Who still wants what, for messages; the caller's. */
char *crowd_wants(const struct crowd *c);

/* Lines of what was answered and must not be; "" when nothing was. */
const char *crowd_trouble(const struct crowd *c);

/* Puts the runs they were told of and what they saw into in; borrowed. */
void crowd_tell(struct crowd *c, struct invariant *in);

struct crowd_count {
	int64_t accepted, finished, cancelled, retries, resumes;
};
struct crowd_count crowd_count(const struct crowd *c);

#endif
