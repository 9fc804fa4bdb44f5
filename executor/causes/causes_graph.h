/*
 * causes_graph.h - who calls whom, and the walks over it. Pure.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_GRAPH_H
#define EXECUTOR_CAUSES_CAUSES_GRAPH_H

#include "executor/causes/causes.h"

struct causes_graph;

/* Borrows edges until freed. */
struct causes_graph *causes_graph_new(
    size_t services, const struct causes_edge *edges, size_t nedges);
void causes_graph_free(struct causes_graph *g);
DEFINE_AUTO(causes_graph, struct causes_graph, causes_graph_free);

/* Those that s calls, or that call s; borrowed. */
size_t causes_graph_callees(
    const struct causes_graph *g, uint16_t s, const uint16_t **ret);
size_t causes_graph_callers(
    const struct causes_graph *g, uint16_t s, const uint16_t **ret);

/*
 * Steps from s to every service, along calls (or against them with up);
 * UINT16_MAX where there is no way. ret has one place per service.
 */
void causes_graph_distances(
    const struct causes_graph *g, uint16_t s, bool up, uint16_t *ret);

/*
 * What a fault in s explains of the others: for each one that depends on it,
 * directly or not, the lesser of its symptom and limit, halved per step
 * further away.
 */
double causes_graph_cover(const struct causes_graph *g, uint16_t s,
    const double *symptom, double limit, uint16_t *scratch);

/*
 * The way from one service to another that shows the most symptoms among
 * the shortest; 0 when there is none. Both ends included.
 */
size_t causes_graph_path(const struct causes_graph *g, uint16_t from,
    uint16_t to, const double *symptom, uint16_t *ret, size_t max);

#endif
