/*
 * remote_write.h - what agents send a Prometheus: series of native histograms
 * (protobuf in snappy), under any names.
 */
#ifndef TESTS_HARNESS_REMOTE_WRITE_H
#define TESTS_HARNESS_REMOTE_WRITE_H

#include "common/base/buf.h"

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

#endif
