/*
 * causes_near.c - fetching for a big cluster, in steps that each cost what
 * they look at:
 *
 *   reach -> what decides, per service -> suspects -> all of theirs, per pod
 *
 * Invariant: of a suspect no kind of series is left out; what was not looked
 * at of others is said.
 */
#include "executor/causes/causes_near.h"
#include "executor/causes/causes_discover.h"
#include "executor/causes/causes_look.h"
#include "executor/causes/causes_names.h"
#include "executor/causes/causes_places.h"
#include "executor/causes/causes_range.h"
#include "executor/causes/causes_reach.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	NODES = 2,       /* on which pods of suspects suffer alone */
	NODE_NAMES = 16, /* with their addresses */
	NODE_SERIES = 4000,
	NEAR_SERIES = 20000, /* of all services near, that are summed up */
	SUSPECTS = 4,        /* besides the alert's own service */
	SUSPECT_SERIES = 6000,
	SET_SERIES = 16000, /* with the sums of all others */
};

struct near {
	struct causes_fetching *f;
	struct causes_reach reach;
	struct causes_look all;
	const char *suspects[SUSPECTS + 1];
	size_t nsuspects;
	unsigned rate_s;
};

/* ---- what to ask for ---- */

static bool
ends(const char *name, const char *tail)
{
	size_t n = strlen(name), k = strlen(tail);

	return n > k && strcmp(name + n - k, tail) == 0;
}

static bool
is_per_pod(const struct causes_metric *m)
{
	return m->by != NULL && strstr(m->by, "pod") != NULL;
}

/* What decides, once for each service: a mean says what a quantile of many
 * buckets does, and what names pods only is not worth summing up. */
static void
choose_decisive(struct causes_look *l, size_t nmetrics)
{
	for (size_t i = 0; i < nmetrics; i++) {
		struct causes_metric *m = &l->metrics[i];
		enum causes_kind k = causes_kind_of(m->name);

		m->chosen = m->count > 0 && causes_priority(k) < 2 &&
			    !ends(m->name, "_bucket") &&
			    !(k == CAUSES_INFO && is_per_pod(m));
		if (is_per_pod(m))
			m->by = NULL;
	}
}

/* All of them, one by one where that is not too many. */
static void
choose_all(struct causes_look *l, size_t nmetrics, size_t max)
{
	for (size_t i = 0; i < nmetrics; i++) {
		struct causes_metric *m = &l->metrics[i];

		m->chosen = m->count > 0;
		if (m->count <= max &&
		    (!ends(m->name, "_bucket") || is_per_pod(m)))
			m->by = NULL;
	}
}

static struct causes_asks
plan(const struct near *n, const struct causes_look *l)
{
	struct causes_asks asks = causes_plan(l->metrics, n->f->nmetrics,
	    n->f->rq->scope, n->f->odd.full ? "" : buf_str(&n->f->odd),
	    n->rate_s, n->f->limits.metric_series_max);

	/* That all are summed up is how this goes, and nothing left out. */
	for (size_t i = 0; i < asks.n; i++)
		asks.list[i].aggregated = false;
	return asks;
}

/* ---- the steps ---- */

/* Sampled as the alert's own service is. */
static enum rc
set_grid(struct near *n)
{
	const char *const own[] = {n->reach.names[0]};
	struct causes_fetching *f = n->f;
	struct causes_look look;
	double interval;
	enum rc rc;

	causes_look_like(f, &n->all, own, 1, &look);
	for (size_t i = 0; i < f->nmetrics; i++) {
		f->metrics[i].count = look.metrics[i].count;
		f->metrics[i].matcher = look.metrics[i].matcher;
	}
	rc = causes_discover_interval(f, &interval);
	for (size_t i = 0; i < f->nmetrics; i++)
		f->metrics[i].matcher = NULL;
	causes_look_done(&look);
	if (rc != RC_OK)
		return rc;
	causes_range_grid(f, interval);
	n->rate_s = (unsigned)ceil(fmax(2.2 * interval, f->grid.step_s));
	f->out->set = causes_set_new(&f->grid, SET_SERIES);
	for (size_t i = 0; i < f->limits.nedges; i++)
		causes_set_edge(f->out->set, f->limits.edges[i].client,
		    f->limits.edges[i].server);
	return RC_OK;
}

static enum rc
ask_decisive(struct near *n)
{
	struct causes_asks asks;
	enum rc rc;

	choose_decisive(&n->all, n->f->nmetrics);
	asks = plan(n, &n->all);
	rc = causes_range_ask(n->f, &asks, &n->f->grid, false);
	causes_asks_done(&asks);
	return rc;
}

static struct causes_question
question(const struct near *n)
{
	const struct causes_request *rq = n->f->rq;

	return (struct causes_question){.service = rq->service,
	    .symptom = rq->symptom,
	    .alert_s = rq->alert_s,
	    .at_s = rq->at_s,
	    .onset_s = rq->onset_s};
}

/* The alert's service, and who is most suspect by now. */
static void
find_suspects(struct near *n)
{
	struct causes_question q = question(n);
	AUTO(causes_result) r = causes_find(n->f->out->set, &q);
	const char **names = n->suspects;
	size_t k = 0;

	names[k++] = n->reach.names[0];
	for (size_t i = 0; i < r->ncauses && k <= SUSPECTS; i++) {
		const char *name =
		    causes_set_name(n->f->out->set, r->causes[i].service);

		/* As long as the reach is there. */
		for (size_t j = 1; j < n->reach.n; j++)
			if (strcmp(n->reach.names[j], name) == 0)
				names[k++] = n->reach.names[j];
	}
	n->nsuspects = k;
}

static const char *
matcher_by(const struct causes_look *l, const char *label)
{
	for (size_t i = 0; i < l->nby; i++)
		if (strcmp(l->by[i], label) == 0)
			return l->matchers[i];
	return NULL;
}

static enum rc
ask_places(struct near *n, const struct causes_look *l)
{
	const char *pods = matcher_by(l, "pod");

	return pods != NULL ? causes_places(n->f, pods) : RC_OK;
}

/* As many of them as the budget allows, the alert's service first. */
static void
look_at_suspects(struct near *n, struct causes_look *look)
{
	causes_look_like(n->f, &n->all, n->suspects, n->nsuspects, look);
	while (look->series > SUSPECT_SERIES && n->nsuspects > 1) {
		causes_look_done(look);
		causes_look_like(
		    n->f, &n->all, n->suspects, --n->nsuspects, look);
	}
}

static enum rc
ask_suspects(struct near *n)

{
	struct causes_fetching *f = n->f;
	struct causes_grid before = causes_range_history(f);
	struct causes_look look;
	struct causes_asks asks;
	enum rc rc;

	find_suspects(n);
	look_at_suspects(n, &look);
	choose_all(&look, f->nmetrics, f->limits.metric_series_max);
	asks = plan(n, &look);
	rc = ask_places(n, &look);
	if (rc == RC_OK)
		rc = causes_range_ask(f, &asks, &f->grid, false);
	if (rc == RC_OK)
		rc = causes_range_ask(f, &asks, &before, true);
	causes_asks_done(&asks);
	causes_look_done(&look);
	return rc;
}

/* ---- nodes ---- */

/* What a node's own series are, not those of what runs there. */
static void
choose_nodes_own(const struct near *n, struct causes_look *l)
{
	choose_decisive(l, n->f->nmetrics);
	for (size_t i = 0; i < n->f->nmetrics; i++)
		if (n->all.metrics[i].count > 0)
			l->metrics[i].chosen = false;
}

/* How others fare there and elsewhere, and who takes its CPUs. */
static void
choose_guests(struct causes_look *l, size_t nmetrics, size_t max)
{
	choose_all(l, nmetrics, max);
	for (size_t i = 0; i < nmetrics; i++) {
		struct causes_metric *m = &l->metrics[i];
		enum causes_kind k = causes_kind_of(m->name);

		m->chosen = m->chosen && m->by == NULL &&
			    !ends(m->name, "_bucket") &&
			    (k == CAUSES_LATENCY || k == CAUSES_ERROR ||
				k == CAUSES_AVAIL || k == CAUSES_LOAD ||
				k == CAUSES_CPU);
	}
}

static enum rc
ask_guests(struct near *n, const char *matcher)
{
	struct causes_fetching *f = n->f;
	char *guests[CAUSES_GUESTS_MAX];
	struct causes_look look = {.n = 0};
	struct causes_asks asks = {.n = 0};
	size_t k;
	enum rc rc = causes_guests(f, matcher, (const char *const *)n->suspects,
	    n->nsuspects, guests, &k);

	if (k > 0)
		causes_look_like(
		    f, &n->all, (const char *const *)guests, k, &look);
	if (rc == RC_OK && k > 0)
		rc = ask_places(n, &look);
	if (rc == RC_OK && k > 0) {
		choose_guests(&look, f->nmetrics, f->limits.metric_series_max);
		asks = plan(n, &look);
		rc = causes_range_ask(f, &asks, &f->grid, false);
	}
	causes_asks_done(&asks);
	causes_look_done(&look);
	for (size_t i = 0; i < k; i++)
		free(guests[i]);
	return rc;
}

/* Where pods of a suspect suffer on some nodes only, these are looked at. */
static enum rc
ask_nodes(struct near *n)
{
	struct causes_fetching *f = n->f;
	struct causes_question q = question(n);
	const char *names[NODE_NAMES];
	uint16_t nodes[NODES];
	size_t k = causes_suspect_nodes(f->out->set, &q, nodes, NODES), m = 0;
	struct causes_look look;
	struct causes_asks asks;
	enum rc rc;

	for (size_t i = 0; i < k; i++)
		names[m++] = causes_set_name(f->out->set, nodes[i]);
	for (size_t i = 0; i < k; i++)
		m += causes_set_aliases(
		    f->out->set, names[i], names + m, NODE_NAMES - m);
	if (k == 0)
		return RC_OK;
	rc = causes_look(f, names, m, NODE_SERIES, &look);
	if (rc != RC_OK)
		return rc;
	choose_nodes_own(n, &look);
	asks = plan(n, &look);
	rc = causes_range_ask(f, &asks, &f->grid, false);
	if (rc == RC_OK && matcher_by(&look, "node") != NULL)
		rc = ask_guests(n, matcher_by(&look, "node"));
	causes_asks_done(&asks);
	causes_look_done(&look);
	return rc;
}

static void
note_left(struct near *n)
{
	size_t over = n->reach.over + n->reach.n - n->all.n;
	auto_str far = xasprintf("%zu services", over);
	auto_str rest = xasprintf(
	    "series of services outside (%zu series in all)", n->f->size);

	causes_fetching_skip(n->f, rest,
	    n->reach.graph
		? "no call leads there from the alert's service"
		: "no call is known that leads there from the alert's "
		  "service, and they are not in its namespace");
	if (over > 0)
		causes_fetching_skip(n->f, far,
		    "they are further from the alert's service than the "
		    "budget of series goes");
}

static enum rc
fetch(struct near *n, bool *ret_done)
{
	struct causes_fetching *f = n->f;
	enum rc rc = causes_look(f, (const char *const *)n->reach.names,
	    n->reach.n, NEAR_SERIES, &n->all);

	if (rc != RC_OK || n->all.series == 0)
		return rc;
	*ret_done = true;
	f->out->known = n->all.series;
	note_left(n);
	rc = set_grid(n);
	if (rc == RC_OK)
		rc = ask_decisive(n);
	if (rc == RC_OK)
		rc = ask_suspects(n);
	if (rc == RC_OK)
		rc = ask_nodes(n);
	f->out->known = MAX(f->out->known, f->out->read);
	return rc;
}

enum rc
causes_near(struct causes_fetching *f, bool *ret_done)
{
	struct near n = {.f = f};
	enum rc rc = causes_reach(f, &n.reach);

	*ret_done = false;
	if (rc == RC_OK && n.reach.n > 0)
		rc = fetch(&n, ret_done);
	causes_look_done(&n.all);
	causes_reach_done(&n.reach);
	return rc;
}
