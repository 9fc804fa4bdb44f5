/*
 * identity.h - what an alert is about, out of its labels.
 *
 * A tuple: where (cluster, tenant, namespace), which workload, which node,
 * or whatever else the labels say. What the exporter put there about itself
 * (its job, service, pod, instance …) is left out: one exporter tells of
 * many things.
 */
#ifndef PLANNER_RULES_IDENTITY_H
#define PLANNER_RULES_IDENTITY_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/base/span.h"

enum {
	IDENTITY_PLACES = 9, /* labels that bound everything: cluster … */
	IDENTITY_NAMES_MAX = 4,
	IDENTITY_LABELS_MAX = 12,
};

/* Labels an exporter may have put there: bits. */
enum identity_own {
	OWN_JOB = 1,
	OWN_SERVICE = 2,
	OWN_POD = 4,
	OWN_CONTAINER = 8,
	OWN_NAMESPACE = 16,
	OWN_INSTANCE = 32,
	OWN_INSTANCE_BESIDE = 64, /* where a pod or node is named */
	OWN_TARGET = 128,         /* none: the target is what it is about */
};

/* The pair as it tells things apart: a pod's owner, a host without its port.
 * All borrowed from the labels. */
struct identity_label {
	const char *key;
	const char *value; /* as it stands */
	struct span name;  /* reduced */
};

struct identity {
	const char *place[IDENTITY_PLACES]; /* "" where absent */
	struct span namespace;
	struct span names[IDENTITY_NAMES_MAX]; /* of workloads */
	int n_names;
	struct span node;
	/* All that tells, in one order for all alerts: the namespace first. */
	struct identity_label label[IDENTITY_LABELS_MAX];
	int n_labels;
	bool is_thing; /* narrower than a workload or node: a volume, a queue */
};

/* Which labels of an expression's series are its exporter's; expr may be
 * empty: then 0. */
unsigned identity_own_of_expr(struct span expr);

/* Borrows the labels. own: of its expression; what the values of the labels
 * themselves give away is added. */
void identity_of(struct identity *x, const cJSON *labels, unsigned own);

/* < 0, 0, > 0: by all that tells, places too; 0 is the same thing. */
int identity_compare(const struct identity *a, const struct identity *b);
/* By cluster, tenant … only. */
int identity_compare_places(const struct identity *a, const struct identity *b);

/* Without a namespace, workload, node or anything else. */
bool identity_is_empty(const struct identity *x);

int span_compare(struct span a, struct span b);

/* The labels as an object without those of the exporter; the caller's. */
cJSON *identity_labels_own(const cJSON *labels, unsigned own);

#endif
