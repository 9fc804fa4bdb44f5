/*
 * world_promql.h - as much of PromQL as a made-up world needs to be asked in.
 *
 * Selectors, ranges and subqueries with offset; rate and its kin, *_over_time,
 * timestamp, absent, vector; sum, avg, min, max, count by and without; the
 * operators, matched by all labels or by those of on. Whatever else is asked
 * is answered with an empty vector, as a Prometheus would that has no such
 * series.
 */
#ifndef TESTS_HARNESS_WORLD_PROMQL_H
#define TESTS_HARNESS_WORLD_PROMQL_H

#include "tests/harness/world.h"

struct world_sample_of {
	struct world_labels labels;
	uint64_t key; /* of its labels but __name__ */
	double v;
};

struct world_vector {
	struct world_sample_of *at;
	int n, cap;
	bool is_scalar;
};

void world_vector_done(struct world_vector *v);

/* Empties it, where another will be made. */
struct world_sample_of *world_vector_add(
    struct world_vector *v, const struct world_labels *labels, double value);

struct promql;

/* NULL: not understood. */
struct promql *world_promql_new(const struct world *w, const char *text);
void world_promql_free(struct promql *q);
DEFINE_AUTO(world_promql, struct promql, world_promql_free);

/* The value at t; the caller's. */
struct world_vector world_promql_at(struct promql *q, double t);

/* Calls each for every sample of a bare range selector (`up[5m]`), the series
 * one after the other; false: it is not one. */
bool world_promql_raw(struct promql *q, double t,
    void (*each)(void *ctx, const struct world_labels *l, double t, double v),
    void *ctx);

#endif
