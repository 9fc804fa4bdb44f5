/*
 * cluster.h - a made-up Kubernetes cluster and what a Prometheus has of it:
 * services that call each other, their pods, the nodes these run on, and one
 * fault after another, each with the alert it raises.
 *
 * The same shape gives the same cluster everywhere. Series are those of
 * cadvisor, kube-state-metrics, node-exporter, a service graph, and of the
 * programs themselves.
 */
#ifndef TESTS_HARNESS_CLUSTER_H
#define TESTS_HARNESS_CLUSTER_H

#include "common/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum cluster_fault {
	CLUSTER_CPU,      /* throttled at its limit */
	CLUSTER_ERRORS,   /* fails requests */
	CLUSTER_RESTARTS, /* half of its pods in a crash loop */
	CLUSTER_MEMORY,   /* two and a half times as much of it */
	CLUSTER_NODE,     /* a noisy neighbour on a node takes its CPUs */
	CLUSTER_PRESSURE, /* a node is out of memory */
	CLUSTER_GONE,     /* a node is not ready, nor scraped any more */
	CLUSTER_FAULTS
};

struct cluster_shape {
	size_t services, pods, nodes; /* pods of each service */
};

struct cluster;

/* Its last sample is at end_s. */
struct cluster *cluster_new(const struct cluster_shape *shape, int64_t end_s);
void cluster_free(struct cluster *c);

/* Writes all of it to a Prometheus that takes remote writes; did it? How many
 * series and samples that were. */
bool cluster_send(struct cluster *c, const char *url, size_t *ret_series,
    size_t *ret_samples);

const char *cluster_fault_name(enum cluster_fault f);

/* What is to blame: a service or a node; as long as c lives. */
const char *cluster_culprit(const struct cluster *c, enum cluster_fault f);

/* Appends the step of find_causes for the alert that the fault raised. */
void cluster_put_step(
    const struct cluster *c, enum cluster_fault f, struct buf *b);

#endif
