/*
 * owner.h - whose a name is: a pod's owner, and names of those that only
 * tell of others (exporters, agents on a machine). Conventions of Kubernetes
 * and Prometheus; nothing of one installation's own.
 */
#ifndef COMMON_REPORT_OWNER_H
#define COMMON_REPORT_OWNER_H

#include <stdbool.h>
#include <stddef.h>

/* How much of the name is its owner's: of a pod (Deployment, StatefulSet,
 * DaemonSet, Job), of a replica set, of a job a CronJob made. */
size_t owner_of_pod(const char *name);
size_t owner_of_replicaset(const char *name);
size_t owner_of_job(const char *name);

/* kubelet, cadvisor or kube-state-metrics, also as a chart's release prefixes
 * them. */
bool owner_is_agent(const char *value);

/* The same and whatever else calls itself an exporter, a pod's name as well. */
bool owner_is_exporter(const char *value);

#endif
