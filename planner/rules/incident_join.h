/* incident_join.h - which alerts are of one incident, and why. */
#ifndef PLANNER_RULES_INCIDENT_JOIN_H
#define PLANNER_RULES_INCIDENT_JOIN_H

#include "planner/rules/incident.h"

/*
 * Sets parent[i], for each of x->about, to the first alert of its incident;
 * watchdogs stay alone. What is of one workload counts as near in time within
 * together_s.
 */
void incident_join(struct incidents *x, int *parent, double together_s);

/*
 * Why two alerts are of one incident, whenever they began: the workload or
 * node they share in *ret_name, or who depends on whom.
 */
enum relation { NOT_RELATED, SAME_THING, SAME_WORKLOAD, SAME_NODE, DEPENDS };
struct tie {
	enum relation relation;
	struct span name;            /* of SAME_WORKLOAD, SAME_NODE */
	const char *client, *server; /* of DEPENDS */
};
struct tie incident_tie(
    const struct incidents *x, const struct about *a, const struct about *b);

#endif
