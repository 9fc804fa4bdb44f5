/*
 * causes_link.h - what is missing between an alert and its first suspect.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_LINK_H
#define EXECUTOR_CAUSES_CAUSES_LINK_H

#include "executor/causes/causes_change.h"

enum { CAUSES_FEW = 10 }; /* points before: what is usual is a guess */

struct causes_link {
	const struct causes_set *set;
	const struct causes_change *changes;
	const double *worth;
	struct causes_range after;
	uint16_t alert; /* its service, or CAUSES_NONE */
	double alert_s;
};

/* Of enum causes_missing: the entity, the path, the order of events. */
unsigned causes_link_missing(
    const struct causes_link *l, const struct causes_cause *first);

#endif
