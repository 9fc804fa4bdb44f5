/*
 * remote_write.h - what agents send a Prometheus (protobuf in snappy): series
 * of native histograms under any names, and plain samples by the million.
 */
#ifndef TESTS_HARNESS_REMOTE_WRITE_H
#define TESTS_HARNESS_REMOTE_WRITE_H

#include "common/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct remote_point {
	int64_t t_ms;
	uint64_t fast, slow; /* observations so far: of 0.04 s, of 2 s */
};

struct remote_series {
	const char *name;
	const char *labels[2][2]; /* name and value; NULL: no more */
	const struct remote_point *points;
	size_t n;
	bool custom; /* buckets of our own choice, not exponential */
};

/* Sends them in one request; the HTTP status, 0: none. */
int remote_write(
    const char *url, const struct remote_series *series, size_t n);

/* Series of plain samples, sent some hundreds at once. */
struct remote_batch;

struct remote_batch *remote_batch_new(const char *url);

/* A series: names and values of its labels by turns, NULL ends them; then its
 * samples, each later than the one before. */
void remote_batch_series(struct remote_batch *b, const char *const *labels);
void remote_batch_sample(struct remote_batch *b, int64_t t_ms, double v);

/* Sends the rest, and frees b; were all of them taken? */
bool remote_batch_free(struct remote_batch *b);

#endif
