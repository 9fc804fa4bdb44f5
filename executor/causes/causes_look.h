/*
 * causes_look.h - which series some services have: by which label of each
 * metric they are found, and how many they are. Costs what they are, however
 * many others the server has.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_LOOK_H
#define EXECUTOR_CAUSES_CAUSES_LOOK_H

#include "executor/causes/causes_fetching.h"

enum { CAUSES_LOOK_MAX = 64 }; /* labels, and pairs of them */

struct causes_look {
	const char *const *names; /* borrowed */
	size_t n;
	/* One for each of the fetch's, in their order, with count, by and
	 * matcher set; names are the fetch's. count 0: they have none. */
	struct causes_metric *metrics;
	char *by[CAUSES_LOOK_MAX], *matchers[CAUSES_LOOK_MAX]; /* owned */
	size_t nby;
	size_t *totals; /* owned; series of each name */
	size_t series;  /* in all */
};

/*
 * Looks for series of the services or nodes. Those at the end of names are
 * left out (n is less then) where all would be more than series_max.
 * RC_CANCELLED or RC_OK; then look is the caller's, _done.
 */
NODISCARD enum rc causes_look(struct causes_fetching *f,
    const char *const *names, size_t n, size_t series_max,
    struct causes_look *look);

/*
 * The same for other names without asking: under the labels that are known
 * by now, with as many series as the look has of these names, or of one of
 * its names on the average. look is the caller's, _done.
 */
void causes_look_like(struct causes_fetching *f,
    const struct causes_look *known, const char *const *names, size_t n,
    struct causes_look *look);
void causes_look_done(struct causes_look *look);

#endif
