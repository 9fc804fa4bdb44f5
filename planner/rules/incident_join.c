/*
 * incident_join.c - which alerts are of one incident.
 *
 * Union-find over the alerts; what may belong together is brought side by
 * side by sorting, so that only neighbours are compared.
 */
#include "planner/rules/incident_join.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"

/* An alert under one of its workloads' names. */
struct key {
	struct span name, namespace;
	struct about *about;
};

struct grouping {
	struct incidents *x;
	int *parent; /* by place in x->about */
	struct about **sorted;
	struct key *keys;
	int n_keys;
	double together_s;
};

static int
root_of(struct grouping *g, int i)
{
	while (g->parent[i] != i) {
		g->parent[i] = g->parent[g->parent[i]];
		i = g->parent[i];
	}
	return i;
}

/* The earlier in the list stays the root. */
static void
join(struct grouping *g, const struct about *a, const struct about *b)
{
	int i = root_of(g, (int)(a - g->x->about));
	int k = root_of(g, (int)(b - g->x->about));

	if (i != k)
		g->parent[MAX(i, k)] = MIN(i, k);
}

static bool
is_within(const struct about *a, const struct about *b, double most_s)
{
	return a->since <= 0 || b->since <= 0 ||
	       fabs(a->since - b->since) <= most_s;
}

static int
by_since(const struct about *a, const struct about *b)
{
	return (a->since > b->since) - (a->since < b->since);
}

/* ---- the same thing ---- */

static int
by_thing(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = identity_compare(&a->identity, &b->identity);

	return d != 0 ? d : by_since(a, b);
}

static int
by_thing_and_rule(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = identity_compare(&a->identity, &b->identity);

	return d != 0 ? d
		      : strcmp(tree_str(a->alert, "name"),
			    tree_str(b->alert, "name"));
}

static bool
is_same_thing(const struct about *a, const struct about *b)
{
	return !identity_is_empty(&a->identity) &&
	       identity_compare(&a->identity, &b->identity) == 0;
}

/* What is narrower than a workload or node at any time, as what one rule says
 * of it; else what began near in time. */
static void
join_things(struct grouping *g, int n)
{
	struct about **s = g->sorted;
	int i;

	qsort(s, (size_t)n, sizeof(struct about *), by_thing);
	for (i = 1; i < n; i++)
		if (is_same_thing(s[i - 1], s[i]) &&
		    (s[i]->identity.is_thing ||
			is_within(s[i - 1], s[i], g->together_s)))
			join(g, s[i - 1], s[i]);
	qsort(s, (size_t)n, sizeof(struct about *), by_thing_and_rule);
	for (i = 1; i < n; i++)
		if (is_same_thing(s[i - 1], s[i]) &&
		    tree_is(
			s[i]->alert, "name", tree_str(s[i - 1]->alert, "name")))
			join(g, s[i - 1], s[i]);
}

/* ---- the same workload ---- */

static int
compare_names(const struct key *a, const struct key *b)
{
	int d = span_compare(a->name, b->name);

	return d != 0 ? d
		      : identity_compare_places(
			    &a->about->identity, &b->about->identity);
}

static int
by_name(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	int d = compare_names(a, b);

	if (d == 0)
		d = span_compare(a->namespace, b->namespace);
	return d != 0 ? d : by_since(a->about, b->about);
}

/* Where a name is known of one namespace only, those that name none mean
 * that one. They are sorted before it. */
static void
settle_namespaces(struct key *keys, int n)
{
	int i, k, m;

	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && compare_names(&keys[i], &keys[k]) == 0;
		     k++)
			;
		for (m = i; m < k && keys[m].namespace.n == 0; m++)
			;
		if (m == i || m == k ||
		    !span_equal(keys[m].namespace, keys[k - 1].namespace))
			continue;
		while (m-- > i)
			keys[m].namespace = keys[k - 1].namespace;
	}
}

static void
find_names(struct grouping *g, int n)
{
	int i, k;

	g->keys = xcalloc((size_t)n * IDENTITY_NAMES_MAX + 1, sizeof(*g->keys));
	for (i = 0; i < n; i++) {
		const struct identity *d = &g->sorted[i]->identity;

		for (k = 0; k < d->n_names; k++)
			g->keys[g->n_keys++] = (struct key){
			    d->names[k], d->namespace, g->sorted[i]};
	}
}

static void
join_workloads(struct grouping *g, int n)
{
	struct key *k;
	int i;

	find_names(g, n);
	k = g->keys;
	qsort(k, (size_t)g->n_keys, sizeof(*k), by_name);
	settle_namespaces(k, g->n_keys);
	qsort(k, (size_t)g->n_keys, sizeof(*k), by_name);
	for (i = 1; i < g->n_keys; i++)
		if (compare_names(&k[i - 1], &k[i]) == 0 &&
		    span_equal(k[i - 1].namespace, k[i].namespace) &&
		    is_within(k[i - 1].about, k[i].about, g->together_s))
			join(g, k[i - 1].about, k[i].about);
}

/* ---- the same node ---- */

static int
compare_nodes(const struct about *a, const struct about *b)
{
	int d = span_compare(a->identity.node, b->identity.node);

	return d != 0 ? d : identity_compare_places(&a->identity, &b->identity);
}

static int
by_node(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = compare_nodes(a, b);

	return d != 0 ? d : by_since(a, b);
}

/* Measured from the first of a group, so that a long day of alerts on one
 * node does not become one incident link by link. */
static void
join_nodes(struct grouping *g, int n)
{
	struct about **s = g->sorted;
	int i, first = 0;

	qsort(s, (size_t)n, sizeof(struct about *), by_node);
	for (i = 1; i < n; i++) {
		if (s[i]->identity.node.n > 0 &&
		    compare_nodes(s[first], s[i]) == 0 &&
		    is_within(s[first], s[i], INCIDENT_NEAR_S))
			join(g, s[first], s[i]);
		else
			first = i;
	}
}

/* ---- dependencies ---- */

/* The first key of that name, or where it would stand. */
static int
first_key(const struct grouping *g, struct span name)
{
	int lo = 0, hi = g->n_keys;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (span_compare(g->keys[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
by_name_and_time(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	int d = span_compare(a->name, b->name);

	return d != 0 ? d : by_since(a->about, b->about);
}

/* Both ends in the order they began, each of one held to the first of the
 * other that is near. */
static void
join_ends(struct grouping *g, struct span client, struct span server)
{
	int c = first_key(g, client), s = first_key(g, server);

	for (; c < g->n_keys && span_equal(g->keys[c].name, client); c++) {
		const struct about *a = g->keys[c].about;

		while (s < g->n_keys && span_equal(g->keys[s].name, server) &&
		       g->keys[s].about->since < a->since - INCIDENT_NEAR_S)
			s++;
		if (s == g->n_keys || !span_equal(g->keys[s].name, server))
			return;
		if (a->since > 0 &&
		    is_within(a, g->keys[s].about, INCIDENT_NEAR_S) &&
		    identity_compare_places(
			&a->identity, &g->keys[s].about->identity) == 0)
			join(g, a, g->keys[s].about);
	}
}

static void
join_dependencies(struct grouping *g)
{
	int i;

	qsort(g->keys, (size_t)g->n_keys, sizeof(*g->keys), by_name_and_time);
	for (i = 0; i < g->x->n_edges; i++)
		join_ends(g, span_of(g->x->edges[i].client),
		    span_of(g->x->edges[i].server));
}

static bool
is_named(const struct identity *d, const char *name)
{
	int i;

	for (i = 0; i < d->n_names; i++)
		if (span_is(d->names[i], name))
			return true;
	return false;
}

/* A workload's name that both have, in one namespace as far as they say. */
static bool
same_workload(
    const struct identity *p, const struct identity *q, struct span *ret_name)
{
	int i, k;

	if (p->namespace.n > 0 && q->namespace.n > 0 &&
	    !span_equal(p->namespace, q->namespace))
		return false;
	for (i = 0; i < p->n_names; i++)
		for (k = 0; k < q->n_names; k++)
			if (span_equal(p->names[i], q->names[k])) {
				*ret_name = p->names[i];
				return true;
			}
	return false;
}

struct tie
incident_tie(
    const struct incidents *x, const struct about *a, const struct about *b)
{
	const struct identity *p = &a->identity, *q = &b->identity;
	struct tie t = {.relation = NOT_RELATED};
	int i;

	if (identity_compare_places(p, q) != 0)
		return t;
	if (same_workload(p, q, &t.name))
		t.relation = SAME_WORKLOAD;
	else if (is_same_thing(a, b))
		t.relation = SAME_THING;
	else if (p->node.n > 0 && span_equal(p->node, q->node))
		t = (struct tie){.relation = SAME_NODE, .name = p->node};
	for (i = 0; t.relation == NOT_RELATED && i < x->n_edges; i++) {
		const struct edge *e = &x->edges[i];

		if ((is_named(p, e->client) && is_named(q, e->server)) ||
		    (is_named(p, e->server) && is_named(q, e->client)))
			t = (struct tie){.relation = DEPENDS,
			    .client = e->client,
			    .server = e->server};
	}
	return t;
}

/* ---- all of it ---- */

void
incident_join(struct incidents *x, int *parent, double together_s)
{
	struct grouping g = {
	    .x = x, .parent = parent, .together_s = together_s};
	int n = 0, i;

	g.sorted = xcalloc((size_t)x->n_about + 1, sizeof(struct about *));
	for (i = 0; i < x->n_about; i++) {
		parent[i] = i;
		if (!x->about[i].watchdog)
			g.sorted[n++] = &x->about[i];
	}
	join_things(&g, n);
	join_workloads(&g, n);
	join_nodes(&g, n);
	join_dependencies(&g);
	for (i = 0; i < x->n_about; i++)
		parent[i] = root_of(&g, i);
	free(g.sorted);
	free(g.keys);
}
