/*
 * causes_rank.c - services in order of how well a fault in each explains
 * what changed.
 *
 * A service is blamed for symptoms that no service it calls shows as
 * strongly, and for what its resources do; it is believed the more, the more
 * of its callers suffer. Invariant: weights are finite and not negative.
 */
#include "executor/causes/causes_finding.h"
#include "executor/causes/causes_hosts.h"
#include "executor/causes/causes_link.h"
#include "executor/causes/causes_nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXPLAINED 0.75 /* taken off by an equally bad callee */
#define OTHER_WEIGHT 0.1
#define MARKER_WEIGHT 1.0
#define UNREACHED 0.5 /* the alert's service does not depend on it */
#define OWN_PRIOR 0.5 /* the alert's service itself, all else equal */
#define LIKELY_FROM 3.5
#define NOTHING 1.0 /* evidence below this is nothing to speak of */
enum { FINDINGS_MAX = 60, RULED_OUT_MAX = 24 };

struct rank {
	const struct causes_set *set;
	const struct causes_question *q;
	struct causes_range before, after;
	struct causes_change *changes;
	double *worth;
	struct causes_node *nodes;
	struct causes_hosts hosts;
	struct causes_edge *edges; /* calls, and what runs on nodes at fault */
	struct causes_graph *graph;
	double *symptom; /* per service */
	uint16_t *steps; /* from the alert's service */
	uint16_t *scratch;
	uint16_t alert;
	bool walk; /* the alert's service calls something */
	size_t services;
};

/* ---- before and after ---- */

static void
set_ranges(struct rank *r, double onset_s)
{
	const struct causes_grid *g = causes_set_grid(r->set);
	size_t onset = causes_grid_point(g, onset_s);

	if (onset == g->points && onset > 0)
		onset--;
	r->before.from = onset > CAUSES_BASELINE ? onset - CAUSES_BASELINE : 0;
	r->before.to = r->after.from = onset;
	r->after.to = g->points;
}

static bool
is_at_fault(const struct rank *r, const struct causes_host *h)
{
	const struct causes_node *n = &r->nodes[h->node];

	return causes_host_is_at_fault(
	    h, fmax(causes_node_inner(n), n->resource));
}

/* Who suffers on a node at fault depends on it; how many edges there are. */
static size_t
add_hosts(struct rank *r)
{
	const struct causes_edge *calls;
	size_t n = causes_set_edges(r->set, &calls);

	r->hosts = causes_hosts(r->set, r->changes, r->worth);
	r->edges = xcalloc(n + r->hosts.nedges + 1, sizeof(*r->edges));
	if (n > 0)
		memcpy(r->edges, calls, n * sizeof(*calls));
	for (size_t i = 0; i < r->hosts.n; i++) {
		struct causes_host *h = &r->hosts.list[i];

		if (!is_at_fault(r, h)) {
			h->split = 0;
			continue;
		}
		causes_node_blame_host(&r->nodes[h->node], h->blame);
		for (size_t k = 0; k < r->hosts.nedges; k++)
			if (r->hosts.edges[k].server == h->node)
				r->edges[n++] = r->hosts.edges[k];
	}
	return n;
}

static void
rank_init(struct rank *r, double onset_s)
{
	const uint16_t *near;
	size_t nedges;

	r->services = causes_set_services(r->set);
	r->alert = r->q->service != NULL
		       ? causes_set_find(r->set, r->q->service)
		       : CAUSES_NONE;
	set_ranges(r, onset_s);
	r->changes = causes_changes(r->set, &r->before, &r->after);
	r->worth = causes_worth(r->set, r->changes, r->q->symptom);
	r->nodes =
	    causes_nodes(r->set, r->changes, r->worth, r->alert, r->after.from);
	nedges = add_hosts(r);
	r->graph = causes_graph_new(r->services, r->edges, nedges);
	r->symptom = xcalloc(r->services + 1, sizeof(*r->symptom));
	r->steps = xcalloc(r->services + 1, sizeof(*r->steps));
	r->scratch = xcalloc(r->services + 1, sizeof(*r->scratch));
	for (size_t i = 0; i < r->services; i++)
		r->symptom[i] = causes_node_symptom(&r->nodes[i]);
	if (r->alert == CAUSES_NONE)
		return;
	causes_graph_distances(r->graph, r->alert, false, r->steps);
	r->walk = causes_graph_callees(r->graph, r->alert, &near) > 0;
}

static void
rank_done(struct rank *r)
{
	free(r->changes);
	free(r->worth);
	free(r->nodes);
	causes_graph_free(r->graph);
	causes_hosts_done(&r->hosts);
	free(r->edges);
	free(r->symptom);
	free(r->steps);
	free(r->scratch);
}

/* ---- weights ---- */

/* The callee most to blame, and how much; CAUSES_NONE without one. */
static uint16_t
worst_callee(const struct rank *r, uint16_t s, double *ret_blame)
{
	const uint16_t *near;
	size_t n = causes_graph_callees(r->graph, s, &near);
	uint16_t worst = CAUSES_NONE;

	*ret_blame = 0;
	for (size_t i = 0; i < n; i++) {
		double blame = causes_node_blame(&r->nodes[near[i]]);

		if (blame > *ret_blame) {
			*ret_blame = blame;
			worst = near[i];
		}
	}
	return worst;
}

/* How much of the symptoms of s a callee accounts for, 0 to 1. */
static double
explained(const struct rank *r, uint16_t s, uint16_t *ret_by)
{
	double blame;

	*ret_by = worst_callee(r, s, &blame);
	if (!(r->symptom[s] > 0))
		return 0;
	return fmin(1, blame / r->symptom[s]);
}

static void
weigh(const struct rank *r, uint16_t s, struct causes_cause *c)
{
	const struct causes_node *n = &r->nodes[s];
	uint16_t by;
	double own =
	    causes_node_blame(n) * (1 - EXPLAINED * explained(r, s, &by));
	double resource = n->resource, direct;

	if (!isnan(n->change_s) && own + resource > 0)
		resource += MARKER_WEIGHT;
	direct = own + resource;
	c->service = s;
	c->symptom = r->symptom[s];
	c->resource = n->resource;
	c->share = n->share;
	c->change_s = n->change_s;
	c->covered = direct <= 0
			 ? 0
			 : causes_graph_cover(r->graph, s, r->symptom,
			       r->symptom[s] + n->resource, r->scratch) *
			       direct / (direct + 1);
	c->weight = direct + OTHER_WEIGHT * n->other + c->covered;
	if (r->walk && r->steps[s] == UINT16_MAX)
		c->weight *= UNREACHED;
	if (s == r->alert)
		c->weight += OWN_PRIOR;
	for (size_t i = 0; i < r->hosts.n; i++)
		if (r->hosts.list[i].node == s)
			c->hosted = r->hosts.list[i].split;
	c->score = causes_score(c->weight, LIKELY_FROM);
	if (r->alert != CAUSES_NONE)
		c->npath = causes_graph_path(r->graph, r->alert, s, r->symptom,
		    c->path, CAUSES_PATH_MAX);
}

static int
by_weight(const void *a, const void *b)
{
	const struct causes_cause *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->service > y->service) - (x->service < y->service);
}

static void
rank_causes(const struct rank *r, struct causes_result *res)
{
	res->causes = xcalloc(r->services + 1, sizeof(*res->causes));
	for (size_t s = 0; s < r->services; s++) {
		struct causes_cause *c = &res->causes[res->ncauses];

		weigh(r, (uint16_t)s, c);
		if (c->weight > 0)
			res->ncauses++;
		else
			memset(c, 0, sizeof(*c));
	}
	qsort(res->causes, res->ncauses, sizeof(*res->causes), by_weight);
	res->stands_out =
	    res->ncauses > 0 && res->causes[0].weight >= LIKELY_FROM;
}

/* ---- findings ---- */

struct place {
	double weight; /* of the service */
	struct causes_finding f;
};

static int
by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	if (x->f.rank_class != y->f.rank_class)
		return y->f.rank_class - x->f.rank_class;
	if (x->f.evidence != y->f.evidence)
		return x->f.evidence < y->f.evidence ? 1 : -1;
	return (x->f.series > y->f.series) - (x->f.series < y->f.series);
}

static double *
weights_of(const struct rank *r, const struct causes_result *res)
{
	double *w = xcalloc(r->services + 1, sizeof(*w));

	for (size_t i = 0; i < res->ncauses; i++)
		w[res->causes[i].service] = res->causes[i].weight;
	return w;
}

static void
rank_findings(const struct rank *r, struct causes_result *res)
{
	size_t n = causes_set_count(r->set), k = 0;
	struct place *places = xcalloc(n + 1, sizeof(*places));
	double *weight = weights_of(r, res);

	for (size_t i = 0; i < n; i++) {
		uint16_t s = causes_set_at(r->set, i)->service;

		res->compared += r->changes[i].known;
		if (r->changes[i].known)
			res->points_before =
			    MAX(res->points_before, r->changes[i].before);
		if (r->worth[i] > 0)
			places[k++] =
			    (struct place){s == CAUSES_NONE ? 0 : weight[s],
				causes_finding_of(r->set, i, &r->changes[i],
				    r->worth[i], &r->after)};
	}
	qsort(places, k, sizeof(*places), by_place);
	res->nfindings = MIN(k, (size_t)FINDINGS_MAX);
	res->findings_cut = k > res->nfindings;
	res->findings = xcalloc(res->nfindings + 1, sizeof(*res->findings));
	for (size_t i = 0; i < res->nfindings; i++) {
		res->findings[i] = places[i].f;
		res->findings[i].score =
		    causes_score(places[i].weight, LIKELY_FROM) *
		    (0.5 + fmin(places[i].f.evidence, 4) / 8);
	}
	free(weight);
	free(places);
}

static void
attach_support(struct causes_result *res)
{
	for (size_t i = 0; i < res->ncauses; i++) {
		struct causes_cause *c = &res->causes[i];

		for (size_t j = 0; j < res->nfindings; j++)
			if (res->findings[j].service == c->service &&
			    c->nsupport < CAUSES_SUPPORT_MAX)
				c->support[c->nsupport++] = j;
	}
}

/* ---- what it is not ---- */

/* Most of its series were compared, and none of them is worth a word: what
 * is told of a service elsewhere is never nothing. */
static bool
is_quiet(const struct causes_node *n)
{
	return n->compared > 0 && 2 * n->compared >= n->series && !n->changed;
}

static void
rule_out(const struct rank *r, struct causes_result *res)
{
	/* Enough to say "nothing unusual" of anything. */
	bool looked =
	    !r->q->unread && !r->q->refused && res->points_before >= CAUSES_FEW;

	res->ruled_out = xcalloc(RULED_OUT_MAX, sizeof(*res->ruled_out));
	for (size_t i = 0; i < r->services; i++) {
		uint16_t s = (uint16_t)i, by;
		double share = explained(r, s, &by);
		bool quiet = looked && is_quiet(&r->nodes[s]);

		if (res->nruled_out == RULED_OUT_MAX)
			return;
		if (res->ncauses > 0 && res->causes[0].service == s)
			continue;
		if (r->symptom[s] >= NOTHING && share >= 0.5)
			quiet = false;
		else if (!quiet)
			continue;
		res->ruled_out[res->nruled_out++] =
		    (struct causes_ruled_out){s, quiet ? CAUSES_NONE : by,
			r->symptom[s], r->nodes[s].compared};
	}
}

static void
link_first(const struct rank *r, struct causes_result *res)
{
	struct causes_link l = {.set = r->set,
	    .changes = r->changes,
	    .worth = r->worth,
	    .after = r->after,
	    .alert = r->alert,
	    .alert_s = r->q->alert_s};

	if (r->q->refused)
		res->missing |= CAUSES_REFUSED;
	if (res->points_before < CAUSES_FEW)
		res->missing |= CAUSES_FEW_BEFORE;
	if (res->ncauses > 0)
		res->missing |= causes_link_missing(&l, &res->causes[0]);
}

bool
causes_is_likely(const struct causes_result *r)
{
	return r->stands_out && r->missing == 0;
}

static double
onset_of(const struct causes_set *set, const struct causes_question *q)
{
	return !isnan(q->onset_s)
		   ? q->onset_s
		   : causes_onset(set, q->alert_s,
			 q->service != NULL ? causes_set_find(set, q->service)
					    : CAUSES_NONE);
}

size_t
causes_suspect_nodes(const struct causes_set *set,
    const struct causes_question *q, uint16_t *ret, size_t max)
{
	struct rank r = {.set = set, .q = q};
	struct causes_hosts hosts;
	size_t n;

	rank_init(&r, onset_of(set, q));
	hosts = causes_hosts(set, r.changes, r.worth);
	n = MIN(hosts.n, max);
	for (size_t i = 0; i < n; i++)
		ret[i] = hosts.list[i].node;
	causes_hosts_done(&hosts);
	rank_done(&r);
	return n;
}

struct causes_result *
causes_find(const struct causes_set *set, const struct causes_question *q)
{
	struct causes_result *res = xcalloc(1, sizeof(*res));
	struct rank r = {.set = set, .q = q};

	res->onset_given = !isnan(q->onset_s);
	res->onset_s = onset_of(set, q);
	rank_init(&r, res->onset_s);
	rank_causes(&r, res);
	rank_findings(&r, res);
	attach_support(res);
	rule_out(&r, res);
	link_first(&r, res);
	rank_done(&r);
	return res;
}

void
causes_result_free(struct causes_result *r)
{
	if (r == NULL)
		return;
	free(r->causes);
	free(r->findings);
	free(r->ruled_out);
	free(r);
}
