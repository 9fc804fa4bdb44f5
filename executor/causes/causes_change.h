/*
 * causes_change.h - how each series after a moment differs from before it.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_CHANGE_H
#define EXECUTOR_CAUSES_CAUSES_CHANGE_H

#include "executor/causes/causes.h"
#include "executor/causes/causes_stat.h"

struct causes_change {
	bool known;          /* enough points on both sides */
	size_t before;       /* how many there were on that one */
	bool gone;           /* was there throughout, and is no more */
	double up_z, down_z; /* of the upper and the lower half after */
	double high, low;    /* those halves' means */
	struct causes_base base;
	double up_early, down_early; /* how much of it was there already just
				      * before: 0 none, 1 all */
	double full; /* not 0: values were read as full - v (availability) */
};

/* A stretch of the grid: points [from, to). */
struct causes_range {
	size_t from, to;
};

/* The points of s in range that are numbers, in order; availability turned
 * into what is missing from it (*ret_full, else 0). Returns how many. */
size_t causes_points(const struct causes_series *s,
    const struct causes_range *range, double full, double *out);

/* 100 or 1 for availability, by its values; 0 for all else. */
double causes_full_of(const struct causes_series *s, size_t points);

/*
 * The least change that matters, for each series: 10 % of the typical level
 * of its family before; of availability 0.5 % of the whole. The result is
 * the caller's (free).
 */
double *causes_floors(
    const struct causes_set *set, const struct causes_range *before);

/* Compares; the result has one entry per series and is the caller's. */
struct causes_change *causes_changes(const struct causes_set *set,
    const struct causes_range *before, const struct causes_range *after);

#endif
