/* cluster_in.h - what the files of a made-up cluster share. */
#ifndef TESTS_HARNESS_CLUSTER_IN_H
#define TESTS_HARNESS_CLUSTER_IN_H

#include "tests/harness/cluster.h"

enum {
	CLUSTER_STEP_S = 30,
	CLUSTER_BEFORE = 212, /* points before the first fault */
	CLUSTER_SLOT = 30,    /* points from one fault to the next */
	CLUSTER_LASTS = 12,   /* points that one lasts */
	CLUSTER_POINTS = CLUSTER_BEFORE + CLUSTER_FAULTS * CLUSTER_SLOT,
	CLUSTER_CALLEES = 2,
	CLUSTER_TEAM = 25, /* services of a team, which call each other */
};

struct cluster {
	struct cluster_shape shape;
	int64_t start_s;
	char **services;
	char **nodes;
	size_t (*callees)[CLUSTER_CALLEES]; /* own number: none */
	float *hurt[CLUSTER_FAULTS];        /* of each service: 1 the culprit */
	size_t culprit[CLUSTER_FAULTS];     /* a service's number or a node's */
	size_t alerted[CLUSTER_FAULTS];
	size_t noisy; /* the pod that takes the node's CPUs */
};

/* Pod p of all, and where it runs. */
size_t cluster_node_of(const struct cluster *c, size_t pod);
bool cluster_is_of_node(enum cluster_fault f);

/* The fault under way at a point; CLUSTER_FAULTS: none. */
enum cluster_fault cluster_at(size_t point);

#endif
