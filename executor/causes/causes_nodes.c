/*
 * causes_nodes.c - series' evidence gathered by service.
 *
 * Invariant: series that are many services' doing, or that are measured
 * where it hurts, never count as much as a service's own.
 */
#include "executor/causes/causes_nodes.h"
#include "executor/causes/causes_names.h"

#include <math.h>
#include <stdlib.h>

#define SHARED_WEIGHT 0.4
#define EVIDENCE_MAX 8.0
#define OTHER_SYMPTOM_WEIGHT 0.6 /* latency when errors are alerted on */
#define EARLY_FROM 0.5
#define EARLY_WEIGHT 0.3 /* of a change that was there before */
#define GONE_WORTH 3.0
#define LONE_LATENCY 0.8 /* one series alone may be a fluke */
#define SHARE_MIN 0.02
#define ELSEWHERE 0.25
#define SHARE_FROM 0.5 /* evidence that makes a service part of the damage */
enum { MARKER_POINTS = 3 }; /* a deployment may precede its effect */

/* What a rise or a fall of each kind is worth as a sign of a fault. */
static const struct {
	double up, down;
} weights[CAUSES_KINDS] = {
    [CAUSES_OTHER] = {.5, .5},
    [CAUSES_LATENCY] = {1, .25},
    [CAUSES_ERROR] = {1, .25},
    [CAUSES_AVAIL] = {1, 0},
    [CAUSES_CPU] = {1, .25},
    [CAUSES_MEMORY] = {1, .25},
    [CAUSES_SATURATION] = {1, .25},
    [CAUSES_RESTART] = {1, 0},
    [CAUSES_DISK] = {.6, .2},
    [CAUSES_NETWORK] = {.5, .2},
    [CAUSES_LOAD] = {.4, .4},
    [CAUSES_INFO] = {0, 0},
};

static bool
is_failure(enum causes_kind k)
{
	return k == CAUSES_ERROR || k == CAUSES_AVAIL;
}

static bool
is_symptom(enum causes_kind k)
{
	return k == CAUSES_LATENCY || is_failure(k);
}

static bool
is_resource(enum causes_kind k)
{
	return k == CAUSES_CPU || k == CAUSES_MEMORY || k == CAUSES_DISK ||
	       k == CAUSES_SATURATION || k == CAUSES_RESTART;
}

double
causes_node_inner(const struct causes_node *n)
{
	double l = n->latency[0] * LONE_LATENCY;

	if (n->nlatency > 1)
		l = (n->latency[0] + n->latency[1]) / 2;
	return fmax(l, n->failure);
}

double
causes_node_symptom(const struct causes_node *n)
{
	return fmax(n->callers, causes_node_inner(n));
}

double
causes_node_blame(const struct causes_node *n)
{
	double share = isnan(n->share) ? 1 : fmax(n->share, SHARE_MIN);

	return fmax(n->callers, causes_node_inner(n) * share);
}

void
causes_node_blame_host(struct causes_node *n, double blame)
{
	n->callers = fmax(n->callers, blame);
	n->resource = fmin(EVIDENCE_MAX, n->resource / SHARED_WEIGHT);
}

/* ---- worth of one series ---- */

static double
worth_of(const struct causes_series *s, const struct causes_change *c,
    enum causes_kind symptom)
{
	double up, down, w;

	if (c->gone && (s->kind == CAUSES_CPU || s->kind == CAUSES_MEMORY))
		return GONE_WORTH;
	if (!c->known)
		return 0;
	up = weights[s->kind].up * causes_evidence(c->up_z);
	down = weights[s->kind].down * causes_evidence(c->down_z);
	if (c->up_early >= EARLY_FROM)
		up *= EARLY_WEIGHT;
	if (c->down_early >= EARLY_FROM)
		down *= EARLY_WEIGHT;
	w = fmax(up, down);
	if (s->shared)
		w *= SHARED_WEIGHT;
	if ((symptom == CAUSES_LATENCY && is_failure(s->kind)) ||
	    (symptom == CAUSES_ERROR && s->kind == CAUSES_LATENCY))
		w *= OTHER_SYMPTOM_WEIGHT;
	return w;
}

double *
causes_worth(const struct causes_set *set, const struct causes_change *changes,
    enum causes_kind symptom)
{
	size_t n = causes_set_count(set);
	double *worth = xcalloc(n + 1, sizeof(*worth));

	for (size_t i = 0; i < n; i++)
		worth[i] =
		    worth_of(causes_set_at(set, i), &changes[i], symptom);
	return worth;
}

/* ---- a service's own series ---- */

static void
add_latency(struct causes_node *n, double w)
{
	n->nlatency++;
	if (w > n->latency[0]) {
		n->latency[1] = n->latency[0];
		n->latency[0] = w;
	} else if (w > n->latency[1]) {
		n->latency[1] = w;
	}
}

static void
add_own(struct causes_node *n, const struct causes_series *s,
    const struct causes_change *c, double w)
{
	if (s->kind == CAUSES_LOAD && c->known)
		n->load = fmax(n->load, c->high);
	if (s->kind == CAUSES_LATENCY && !s->outgoing && c->known)
		add_latency(n, w);
	else if (is_failure(s->kind) && !s->outgoing)
		n->failure = fmax(n->failure, w);
	else if (is_resource(s->kind))
		n->resource = fmax(n->resource, w);
	else
		n->other = fmax(n->other, w);
}

/* A label set that appears near the onset: a new version, say. */
static void
add_marker(struct causes_node *n, const struct causes_series *s,
    const struct causes_grid *g, size_t onset)
{
	size_t first = 0,
	       near = onset > MARKER_POINTS ? onset - MARKER_POINTS : 0;

	while (first < g->points && !isfinite(s->v[first]))
		first++;
	if (first > 0 && first >= near && first < g->points)
		n->change_s = g->start_s + (double)first * g->step_s;
}

/* ---- how callers see a service ---- */

struct view {
	uint16_t server, client;
	double worth;
};

static int
by_server(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	if (x->server != y->server)
		return x->server < y->server ? -1 : 1;
	if (x->client != y->client)
		return x->client < y->client ? -1 : 1;
	return (x->worth < y->worth) - (x->worth > y->worth);
}

static int
by_worth(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	return (x->worth < y->worth) - (x->worth > y->worth);
}

static size_t
views_of(const struct causes_set *set, const double *worth, struct view *views)
{
	size_t n = 0;

	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *s = causes_set_at(set, i);

		if (s->client != CAUSES_NONE && s->service != CAUSES_NONE &&
		    is_symptom(s->kind))
			views[n++] =
			    (struct view){s->service, s->client, worth[i]};
	}
	qsort(views, n, sizeof(*views), by_server);
	return n;
}

/*
 * A single caller that finds a service slow may itself be what is slow; so
 * the worse half of the callers counts, each by its worst series.
 */
static void
add_callers(const struct causes_set *set, const double *worth,
    struct causes_node *nodes)
{
	struct view *views = xcalloc(causes_set_count(set) + 1, sizeof(*views));
	size_t n = views_of(set, worth, views), end;

	for (size_t i = 0; i < n; i = end) {
		size_t k = 0, half;
		double sum = 0;

		for (end = i; end < n && views[end].server == views[i].server;
		     end++)
			if (end == i ||
			    views[end].client != views[end - 1].client)
				views[i + k++] = views[end];
		qsort(views + i, k, sizeof(*views), by_worth);
		half = (k + 1) / 2;
		for (size_t j = 0; j < half; j++)
			sum += views[i + j].worth;
		nodes[views[i].server].callers = sum / (double)half;
	}
	free(views);
}

/* ---- share of the damage ---- */

struct damage {
	uint16_t variant, service;
	bool adds_up; /* a mean or a ratio: times load it is a total */
	bool alerted; /* the alert's own service, and it shows */
	double amount;
};

static int
by_variant(const void *a, const void *b)
{
	const struct damage *x = a, *y = b;

	if (x->variant != y->variant)
		return x->variant < y->variant ? -1 : 1;
	return (x->service > y->service) - (x->service < y->service);
}

static int
by_service(const void *a, const void *b)
{
	const struct damage *x = a, *y = b;

	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	return (x->amount > y->amount) - (x->amount < y->amount);
}

static bool
adds_up(const struct causes_series *s)
{
	bool quantile =
	    causes_is_quantile(s->metric) || causes_is_quantile(s->form);

	if (causes_is_mean(s->metric) || causes_is_mean(s->form))
		return true;
	for (size_t i = 0; i < s->nlabels; i++) {
		if (causes_is_identity(s->labels[i].name))
			continue;
		if (causes_is_mean(s->labels[i].value))
			return true;
		quantile |= causes_is_quantile(s->labels[i].value) ||
			    causes_is_quantile(s->labels[i].name);
	}
	return !quantile;
}

/* Added seconds, or failed requests, of every service that has both. */
static size_t
damages_of(const struct causes_set *set, const struct causes_change *changes,
    const double *worth, const struct causes_node *nodes, uint16_t alert,
    struct damage *list)
{
	size_t n = 0;

	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *s = causes_set_at(set, i);
		const struct causes_change *c = &changes[i];
		const struct causes_node *node;

		if (!c->known || s->service == CAUSES_NONE || s->outgoing ||
		    s->client != CAUSES_NONE || !is_symptom(s->kind))
			continue;
		node = &nodes[s->service];
		if (!(node->load > 0) ||
		    (s->service != alert &&
			causes_node_inner(node) < SHARE_FROM))
			continue;
		list[n++] = (struct damage){.variant = s->variant,
		    .service = s->service,
		    .adds_up = adds_up(s),
		    .alerted = s->service == alert && worth[i] >= SHARE_FROM,
		    .amount = fmax(0, c->high - c->base.median) * node->load};
	}
	qsort(list, n, sizeof(*list), by_variant);
	return n;
}

/*
 * Turns amounts into shares of what the alert's service has of this measure,
 * where it shows, or else of the largest. When some measure does show there,
 * the others are not what the alert is about, and count for less.
 */
static size_t
shares_of(struct damage *list, size_t n, bool adding, bool alerted)
{
	size_t kept = 0, end;

	for (size_t i = 0; i < n; i = end) {
		double whole = 0, largest = 0, scale = 1;

		for (end = i; end < n && list[end].variant == list[i].variant;
		     end++) {
			largest = fmax(largest, list[end].amount);
			if (list[end].alerted)
				whole = fmax(whole, list[end].amount);
		}
		if (whole <= 0 && alerted)
			scale = ELSEWHERE;
		whole = whole > 0 ? whole : largest;
		if (whole <= 0 || (adding && !list[i].adds_up))
			continue;
		for (size_t j = i; j < end; j++) {
			list[kept] = list[j];
			list[kept++].amount =
			    scale * fmin(1, list[j].amount / whole);
		}
	}
	qsort(list, kept, sizeof(*list), by_service);
	return kept;
}

static void
add_shares(const struct causes_set *set, const struct causes_change *changes,
    const double *worth, uint16_t alert, struct causes_node *nodes)
{
	struct damage *list = xcalloc(causes_set_count(set) + 1, sizeof(*list));
	size_t n = damages_of(set, changes, worth, nodes, alert, list), end;
	bool adding = false, alerted = false;

	for (size_t i = 0; i < n; i++)
		adding |= list[i].adds_up;
	for (size_t i = 0; i < n; i++)
		alerted |= list[i].alerted && list[i].adds_up == adding;
	n = shares_of(list, n, adding, alerted);
	for (size_t i = 0; i < n; i = end) {
		for (end = i; end < n && list[end].service == list[i].service;
		     end++)
			;
		/* Of sums the greatest; of quantiles, which are no sums,
		 * the one in the middle. */
		nodes[list[i].service].share =
		    list[adding ? end - 1 : i + (end - i) / 2].amount;
	}
	free(list);
}

struct causes_node *
causes_nodes(const struct causes_set *set, const struct causes_change *changes,
    const double *worth, uint16_t alert, size_t onset)
{
	size_t n = causes_set_services(set);
	struct causes_node *nodes = xcalloc(n + 1, sizeof(*nodes));

	for (size_t i = 0; i < n; i++)
		nodes[i].share = nodes[i].change_s = NAN;
	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *s = causes_set_at(set, i);

		if (s->service == CAUSES_NONE)
			continue;
		nodes[s->service].series++;
		nodes[s->service].compared += changes[i].known;
		nodes[s->service].changed |= worth[i] > 0;
		if (s->kind == CAUSES_INFO)
			add_marker(
			    &nodes[s->service], s, causes_set_grid(set), onset);
		else if (s->client == CAUSES_NONE)
			add_own(&nodes[s->service], s, &changes[i], worth[i]);
	}
	add_callers(set, worth, nodes);
	add_shares(set, changes, worth, alert, nodes);
	return nodes;
}
