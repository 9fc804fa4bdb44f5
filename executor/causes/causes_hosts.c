/*
 * causes_hosts.c - nodes on which pods suffer that do not suffer elsewhere.
 *
 * A service is the same everywhere; where it suffers in one place only, the
 * place is different. Invariant: places are sorted by service, then node.
 */
#include "executor/causes/causes_hosts.h"

#include <math.h>
#include <stdlib.h>

#define SUFFERS 2.0 /* evidence from which a pod does */
#define GONE 3.0
#define ELSEWHERE 0.25 /* of the other places may suffer too */
#define OWN_SIGN 2.0   /* a node's own evidence that makes one enough */

/* Ways of suffering, each of which is compared with itself: where all fail
 * because of one that is not there, that one still is in one place only. */
enum { MISSING, LATE, FAILING, WAYS };

struct place {
	uint16_t service, node;
	double hurt[WAYS];
};

static int
by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* What a pod's user notices, or that it is not there any more; WAYS: none of
 * these. */
static int
way_of(const struct causes_series *s, const struct causes_change *c)
{
	if (s->node == CAUSES_NONE || s->service == CAUSES_NONE ||
	    s->client != CAUSES_NONE || s->outgoing || s->node == s->service)
		return WAYS;
	if (c->gone || (s->kind == CAUSES_AVAIL && c->known))
		return MISSING;
	if (s->kind == CAUSES_LATENCY && c->known)
		return LATE;
	return s->kind == CAUSES_ERROR && c->known ? FAILING : WAYS;
}

/* One for each service and node: the worst of its pods there. */
static size_t
places_of(const struct causes_set *set, const struct causes_change *changes,
    const double *worth, struct place *list)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *s = causes_set_at(set, i);
		int way = way_of(s, &changes[i]);

		if (way == WAYS)
			continue;
		list[n] = (struct place){s->service, s->node, {0}};
		list[n++].hurt[way] =
		    changes[i].gone ? fmax(GONE, worth[i]) : worth[i];
	}
	qsort(list, n, sizeof(*list), by_place);
	for (size_t i = 0; i < n; i++) {
		struct place *last = &list[k > 0 ? k - 1 : 0];

		if (k == 0 || by_place(last, &list[i]) != 0)
			list[k++] = list[i];
		else
			for (int w = 0; w < WAYS; w++)
				last->hurt[w] =
				    fmax(last->hurt[w], list[i].hurt[w]);
	}
	return k;
}

static struct causes_host *
host_of(struct causes_hosts *h, uint16_t node)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].node == node)
			return &h->list[i];
	h->list[h->n] = (struct causes_host){.node = node};
	return &h->list[h->n++];
}

/* How much it suffers here in a way that it does not elsewhere. */
static double
alone(const struct place *p, const size_t *bad, size_t n)
{
	double most = 0;

	for (int w = 0; w < WAYS; w++)
		if (p->hurt[w] >= SUFFERS &&
		    (double)(bad[w] - 1) <= ELSEWHERE * (double)(n - 1))
			most = fmax(most, p->hurt[w]);
	return most;
}

/* The places [from, to) of one service. */
static void
judge(struct causes_hosts *h, const struct place *from, const struct place *to)
{
	size_t n = (size_t)(to - from), bad[WAYS] = {0};

	for (const struct place *p = from; p < to; p++)
		for (int w = 0; w < WAYS; w++)
			bad[w] += p->hurt[w] >= SUFFERS;
	for (const struct place *p = from; p < to && n > 1; p++) {
		struct causes_host *host = host_of(h, p->node);
		double hurt = alone(p, bad, n);

		host->split += hurt > 0;
		host->blame += hurt;
		if (hurt > 0)
			h->edges[h->nedges++] =
			    (struct causes_edge){p->service, p->node};
		else if (fmax(p->hurt[MISSING],
			     fmax(p->hurt[LATE], p->hurt[FAILING])) < SUFFERS)
			host->plain++;
	}
}

static int
by_split(const void *a, const void *b)
{
	const struct causes_host *x = a, *y = b;
	double p = x->blame * (double)x->split / (double)(x->split + x->plain);
	double q = y->blame * (double)y->split / (double)(y->split + y->plain);

	return (p < q) - (p > q);
}

struct causes_hosts
causes_hosts(const struct causes_set *set, const struct causes_change *changes,
    const double *worth)
{
	size_t count = causes_set_count(set), n, end, k = 0;
	struct place *list = xcalloc(count + 1, sizeof(*list));
	struct causes_hosts h = {0};

	n = places_of(set, changes, worth, list);
	h.list = xcalloc(n + 1, sizeof(*h.list));
	h.edges = xcalloc(n + 1, sizeof(*h.edges));
	for (size_t i = 0; i < n; i = end) {
		for (end = i; end < n && list[end].service == list[i].service;
		     end++)
			;
		judge(&h, list + i, list + end);
	}
	for (size_t i = 0; i < h.n; i++)
		if (h.list[i].split > 0)
			h.list[k++] = h.list[i];
	h.n = k;
	qsort(h.list, h.n, sizeof(*h.list), by_split);
	for (size_t i = 0; i < h.n; i++)
		h.list[i].blame /= (double)h.list[i].split;
	free(list);
	return h;
}

void
causes_hosts_done(struct causes_hosts *h)
{
	free(h->list);
	free(h->edges);
}

bool
causes_host_is_at_fault(const struct causes_host *h, double own)
{
	return h->split >= h->plain && (h->split > 1 || own >= OWN_SIGN);
}
