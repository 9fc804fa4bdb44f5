/*
 * causes_names.h - what metric and label names tell: kind, direction, unit,
 * whose series it is. Conventions of Prometheus, OpenTelemetry, Kubernetes
 * and the service meshes; nothing of one installation's own.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_NAMES_H
#define EXECUTOR_CAUSES_CAUSES_NAMES_H

#include "executor/causes/causes.h"

/* Is name what plain, a name of [a-z0-9_], is in UTF-8 (service.name for
 * service_name)? Every lookup here takes them for the same. */
bool causes_same_name(const char *name, const char *plain);

enum causes_kind causes_kind_of(const char *metric);
/* The kind of a series of that metric with this label. */
enum causes_kind causes_kind_with(
    enum causes_kind kind, const char *label, const char *value);
const char *causes_kind_name(enum causes_kind kind); /* "latency" ... */

/* What a text about an alert is about: LATENCY, ERROR or OTHER. */
enum causes_kind causes_symptom_of(const char *text);

/* "seconds", "bytes", "percent", "ratio", ... or "". With form "rate" a
 * total's unit is per second. Static. */
const char *causes_unit_of(const char *metric, const char *form);

/* Measured at the calling side (http_client_..., outbound). */
bool causes_is_outgoing(const char *metric);

/* Of a machine that several services share (node_..., host_...). */
bool causes_is_shared(const char *metric);

/* Does the statistic of this series add up with its count (a mean does, a
 * quantile does not)? From the metric's name and a label's value. */
bool causes_is_quantile(const char *text);
bool causes_is_mean(const char *text);

/* Labels that name a service, the most telling first; NULL ends it. */
extern const char *const causes_service_labels[];

/* Labels that name both ends of a dependency. */
struct causes_pair {
	const char *client, *server;
};
extern const struct causes_pair causes_pairs[];
extern const size_t causes_npairs;

/*
 * The service a series belongs to, written to out; "" when no label tells.
 * Pods lose their hashes, instances their ports.
 */
void causes_service_of(const char *metric, const struct causes_label *labels,
    size_t n, char *out, size_t size);

/* Both ends of a dependency, when the labels name them. */
bool causes_pair_of(const struct causes_label *labels, size_t n,
    const char **ret_client, const char **ret_server);

/* Is this label part of who, rather than what (service, pod, instance)? */
bool causes_is_identity(const char *label);

/* Cuts "cart.shop.svc.cluster.local" to "cart", in place. */
void causes_strip_domain(char *name);

/* Cuts a pod's or replica set's generated suffix, in place. */
void causes_strip_pod(char *name);

#endif
