/*
 * causes_hosts.h - nodes at fault: on which pods suffer that do not suffer
 * elsewhere. Pure.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_HOSTS_H
#define EXECUTOR_CAUSES_CAUSES_HOSTS_H

#include "executor/causes/causes_change.h"

struct causes_host {
	uint16_t node;
	double blame; /* how much those pods suffer, in bits of evidence */
	size_t split; /* services that suffer here and not elsewhere */
	size_t plain; /* services that are well here */
};

struct causes_hosts {
	struct causes_host *list; /* owned; most split first */
	size_t n;
	struct causes_edge *edges; /* owned; from such a service to the node */
	size_t nedges;
};

/* All nodes with such a service, whether that is enough to blame them or not.
 * worth is that of each series. */
struct causes_hosts causes_hosts(const struct causes_set *set,
    const struct causes_change *changes, const double *worth);
void causes_hosts_done(struct causes_hosts *h);

/* Is it the node, given the evidence of its own series? */
bool causes_host_is_at_fault(const struct causes_host *h, double own);

#endif
