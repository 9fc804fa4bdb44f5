/*
 * causes_reach.h - which services the alert's one depends on, nearest first:
 * those whose series are worth asking for where there are too many in all.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_REACH_H
#define EXECUTOR_CAUSES_CAUSES_REACH_H

#include "executor/causes/causes_fetching.h"

enum { CAUSES_REACH_MAX = 200 }; /* services */

struct causes_reach {
	char *names[CAUSES_REACH_MAX]; /* owned; the alert's service first */
	size_t n;
	size_t over; /* further ones, which there was no room for */
	bool graph;  /* found along calls, not by the namespace */
};

/* Nobody, where the alert has no service. RC_CANCELLED or RC_OK. */
NODISCARD enum rc causes_reach(
    struct causes_fetching *f, struct causes_reach *ret);
void causes_reach_done(struct causes_reach *r);

#endif
