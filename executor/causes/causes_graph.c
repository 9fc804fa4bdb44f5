/*
 * causes_graph.c - adjacency both ways, breadth-first walks.
 *
 * Invariant: neighbours of s are list[first[s]] to list[first[s + 1]].
 */
#include "executor/causes/causes_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAR UINT16_MAX
#define COVER_DECAY 0.5 /* per step further from the cause */

struct side {
	size_t *first;
	uint16_t *list;
};

struct causes_graph {
	size_t n;
	struct side down, up; /* to callees, to callers */
};

static struct side
side_new(size_t n, const struct causes_edge *edges, size_t nedges, bool up)
{
	struct side s = {xcalloc(n + 2, sizeof(size_t)),
	    xcalloc(nedges + 1, sizeof(uint16_t))};
	size_t *at = xcalloc(n + 1, sizeof(*at));

	for (size_t i = 0; i < nedges; i++)
		s.first[(up ? edges[i].server : edges[i].client) + 1]++;
	for (size_t i = 0; i < n; i++)
		s.first[i + 1] += s.first[i];
	memcpy(at, s.first, (n + 1) * sizeof(*at));
	for (size_t i = 0; i < nedges; i++) {
		uint16_t a = up ? edges[i].server : edges[i].client;

		s.list[at[a]++] = up ? edges[i].client : edges[i].server;
	}
	free(at);
	return s;
}

struct causes_graph *
causes_graph_new(
    size_t services, const struct causes_edge *edges, size_t nedges)
{
	struct causes_graph *g = xcalloc(1, sizeof(*g));

	g->n = services;
	g->down = side_new(services, edges, nedges, false);
	g->up = side_new(services, edges, nedges, true);
	return g;
}

void
causes_graph_free(struct causes_graph *g)
{
	if (g == NULL)
		return;
	free(g->down.first);
	free(g->down.list);
	free(g->up.first);
	free(g->up.list);
	free(g);
}

static size_t
neighbours(const struct side *side, uint16_t s, const uint16_t **ret)
{
	*ret = side->list + side->first[s];
	return side->first[s + 1] - side->first[s];
}

size_t
causes_graph_callees(
    const struct causes_graph *g, uint16_t s, const uint16_t **ret)
{
	return neighbours(&g->down, s, ret);
}

size_t
causes_graph_callers(
    const struct causes_graph *g, uint16_t s, const uint16_t **ret)
{
	return neighbours(&g->up, s, ret);
}

void
causes_graph_distances(
    const struct causes_graph *g, uint16_t s, bool up, uint16_t *ret)
{
	uint16_t *queue = xcalloc(g->n + 1, sizeof(*queue));
	size_t head = 0, tail = 0;

	memset(ret, 0xff, g->n * sizeof(*ret));
	ret[s] = 0;
	queue[tail++] = s;
	while (head < tail) {
		uint16_t x = queue[head++];
		const uint16_t *near;
		size_t n = neighbours(up ? &g->up : &g->down, x, &near);

		for (size_t i = 0; i < n; i++) {
			if (ret[near[i]] != FAR)
				continue;
			ret[near[i]] = (uint16_t)(ret[x] + 1);
			queue[tail++] = near[i];
		}
	}
	free(queue);
}

double
causes_graph_cover(const struct causes_graph *g, uint16_t s,
    const double *symptom, double limit, uint16_t *scratch)
{
	double sum = 0;

	if (g->up.first[s] == g->up.first[s + 1])
		return 0;
	causes_graph_distances(g, s, true, scratch);
	for (size_t v = 0; v < g->n; v++)
		if (scratch[v] != FAR && scratch[v] > 0)
			sum += pow(COVER_DECAY, scratch[v] - 1) *
			       fmin(symptom[v], limit);
	return sum;
}

size_t
causes_graph_path(const struct causes_graph *g, uint16_t from, uint16_t to,
    const double *symptom, uint16_t *ret, size_t max)
{
	uint16_t *left = xcalloc(g->n + 1, sizeof(*left)), at = from;
	size_t n = 0;

	causes_graph_distances(g, to, true, left);
	if (left[from] != FAR && (size_t)left[from] < max) {
		ret[n++] = from;
		while (at != to) {
			const uint16_t *near;
			size_t k = neighbours(&g->down, at, &near);
			uint16_t best = to;
			double most = -1;

			for (size_t i = 0; i < k; i++)
				if (left[near[i]] < left[at] &&
				    symptom[near[i]] > most) {
					best = near[i];
					most = symptom[best];
				}
			ret[n++] = at = best;
		}
	}
	free(left);
	return n;
}
