/*
 * causes_nodes.h - what the changes of its series say about each service.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_NODES_H
#define EXECUTOR_CAUSES_CAUSES_NODES_H

#include "executor/causes/causes_change.h"
#include "executor/causes/causes_graph.h"

/* Evidence, in the bits of causes_evidence. */
struct causes_node {
	double latency[2]; /* the two strongest of its own series */
	size_t nlatency;
	double failure; /* errors, missing availability */
	double resource;
	double other;    /* load, network, outgoing calls, the rest */
	double callers;  /* how its callers see it: mean of the worse half */
	double load;     /* requests, in whatever unit they are counted */
	double share;    /* of the damage, 0 to 1; NaN: cannot be told */
	double change_s; /* deployment marker, or NaN */
	size_t series, compared; /* its own, and those with enough points */
	bool changed;            /* something of it is worth a word */
};

/* The service's own symptoms, without how others see it. */
double causes_node_inner(const struct causes_node *n);
/* All its symptoms. */
double causes_node_symptom(const struct causes_node *n);
/* Symptoms it can be blamed for, given its share of the damage. */
double causes_node_blame(const struct causes_node *n);

/* It is a machine at fault, on which pods suffer by so much: what its own
 * series show is its doing then. */
void causes_node_blame_host(struct causes_node *n, double blame);

/* The worth of each series' change (and of its direction); caller's. */
double *causes_worth(const struct causes_set *set,
    const struct causes_change *changes, enum causes_kind symptom);

/* One node per service, the caller's (free). alert: the alert's service, or
 * CAUSES_NONE; onset is the point the episode begins at. */
struct causes_node *causes_nodes(const struct causes_set *set,
    const struct causes_change *changes, const double *worth, uint16_t alert,
    size_t onset);

#endif
