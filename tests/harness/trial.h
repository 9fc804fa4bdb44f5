/*
 * trial.h - one round of chaos: real processes with the proxy between them,
 * clients over HTTP, and everything they saw held against the model.
 */
#ifndef TESTS_HARNESS_TRIAL_H
#define TESTS_HARNESS_TRIAL_H

#include "tests/harness/chaos.h"

#include <stdbool.h>

struct trial_spec {
	uint64_t seed;     /* of script, clients, and what befalls messages */
	uint64_t messages; /* ends once so many came to the proxy */
	int clients, planners, executors;
	int lease_ms;
	int harsh;      /* percent of the usual evil */
	int restart_ms; /* ends and begins a process so often; 0: never */
};

struct trial_result {
	struct chaos_counts counts;
	int runs, cancelled, viewers, again; /* again: requests sent again */
	int restarts;
	char *divergence; /* NULL: none; else a report, the caller's */
};

/* Adds to *sum; false: it ended with a divergence. */
bool trial_run(const struct trial_spec *spec, struct trial_result *sum);

#endif
