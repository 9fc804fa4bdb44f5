/*
 * rivals.h - two supervisors of one folder, again and again, while clients
 * are served: the first stands still, a second is started, the first goes on.
 */
#ifndef TESTS_HARNESS_RIVALS_H
#define TESTS_HARNESS_RIVALS_H

#include "tests/harness/crowd.h"

enum rivals_way {
	RIVALS_REFUSED, /* the first has its lock: the second is refused */
	RIVALS_SERVED,	/* the lock's file is gone: the second takes over, and
			   stands still while the first goes on */
	RIVALS_BOTH,	/* the same, and both run */
	RIVALS_WAYS
};

struct rivals_spec {
	const char *name; /* of its clients' keys */
	uint64_t seed;
	int rounds;
	int clients;
};

struct rivals_result {
	int rounds[RIVALS_WAYS];
	int stale; /* commits of one that was superseded */
	struct crowd_count served;
	int64_t ms;
	int violations;
	struct buf text; /* a line for each; the caller's (buf_done) */
};

/* So many rounds in a folder of its own; stops at the first violation. */
void rivals_batch(const struct rivals_spec *spec, struct rivals_result *ret);

#endif
