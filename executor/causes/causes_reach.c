/*
 * causes_reach.c - who is within reach of the alert's service.
 *
 * Along calls, which labels name; where nothing is known of these, whoever
 * shares its namespace. One count each, which answers names only.
 */
#include "executor/causes/causes_reach.h"
#include "executor/causes/causes_graph.h"
#include "executor/causes/causes_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAR UINT16_MAX

struct reading {
	struct causes_fetching *f;
	struct causes_set *set; /* of names and edges only */
	struct causes_reach *reach;
};

static void
on_done(void *arg, const struct prom_outcome *o)
{
	struct reading *r = arg;

	causes_fetching_heard(r->f, o);
	if (o->rc == RC_OK) {
		r->f->answered++;
		return;
	}
	causes_fetching_failed(r->f, o);
	if (o->rc == RC_CANCELLED)
		return;
	r->f->out->refused = true;
	causes_fetching_skip(r->f, "who depends on whom", o->err.text);
}

/* Told twice is known once. */
static bool
again(void *arg)
{
	(void)arg;
	return true;
}

static size_t
list_of(const struct prom_labels *labels, struct causes_label *list, char *text,
    size_t size)
{
	size_t n = 0, used = 0;

	for (size_t i = 0; i < labels->n && n < CAUSES_LABELS_MAX; i++) {
		struct span k = labels->list[i].name;
		struct span v = labels->list[i].value;

		if (used + k.n + v.n + 2 > size)
			break;
		list[n].name = text + used;
		used += (size_t)snprintf(
			    text + used, size - used, "%.*s", SPAN_ARG(k)) +
			1;
		list[n++].value = text + used;
		used += (size_t)snprintf(
			    text + used, size - used, "%.*s", SPAN_ARG(v)) +
			1;
	}
	return n;
}

/* ---- along calls ---- */

static enum rc
on_edge(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct reading *r = arg;
	struct causes_label list[CAUSES_LABELS_MAX];
	char text[4096];
	size_t n = list_of(labels, list, text, sizeof(text));
	const char *client, *server;
	char *a, *b;

	(void)err;
	if (!causes_pair_of(list, n, &client, &server))
		return RC_OK;
	a = xstrdup(client);
	b = xstrdup(server);
	causes_strip_domain(a);
	causes_strip_domain(b);
	causes_set_edge(r->set, a, b);
	free(a);
	free(b);
	return RC_OK;
}

static char *
edges_query(const struct causes_fetching *f, const struct causes_pair *p)
{
	const char *scope = f->rq->scope;

	return xasprintf("count by (%s,%s) ({%s!=\"\",%s!=\"\"%s%s})",
	    p->client, p->server, p->client, p->server,
	    scope[0] != '\0' ? "," : "", scope);
}

static enum rc
read_edges(struct reading *r)
{
	static const struct prom_sink sink = {.series = on_edge};
	struct causes_fetching *f = r->f;
	struct prom_job jobs[64] = {0};
	char *queries[64];
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < causes_npairs && n < ARRAY_LEN(jobs); i++) {
		if (!((f->clients & f->servers) >> i & 1))
			continue;
		queries[n] = edges_query(f, &causes_pairs[i]);
		jobs[n] = (struct prom_job){
		    .ask = {.what = PROM_INSTANT,
			.query = queries[n],
			.at_ms = causes_fetching_ms(f->rq->alert_s)},
		    .reader = {.sink = &sink,
			.again = again,
			.done = on_done,
			.arg = r}};
		n++;
	}
	rc = causes_fetching_ask(f, jobs, n);
	for (size_t i = 0; i < n; i++)
		free(queries[i]);
	for (size_t i = 0; i < f->limits.nedges; i++)
		causes_set_edge(r->set, f->limits.edges[i].client,
		    f->limits.edges[i].server);
	return rc;
}

static void
add_name(struct causes_reach *reach, const char *name)
{
	for (size_t i = 0; i < reach->n; i++)
		if (strcmp(reach->names[i], name) == 0)
			return;
	if (reach->n == CAUSES_REACH_MAX)
		reach->over++;
	else
		reach->names[reach->n++] = xstrdup(name);
}

/* What the alert's service depends on, then who calls any of these. */
static void
walk(struct reading *r, uint16_t alert)
{
	const struct causes_edge *edges;
	size_t nedges = causes_set_edges(r->set, &edges);
	size_t n = causes_set_services(r->set);
	AUTO(causes_graph) g = causes_graph_new(n, edges, nedges);
	uint16_t *steps = xcalloc(n + 1, sizeof(*steps)), far = 0;

	causes_graph_distances(g, alert, false, steps);
	for (size_t i = 0; i < n; i++)
		if (steps[i] != FAR)
			far = MAX(far, steps[i]);
	for (unsigned d = 1; d <= far; d++)
		for (size_t i = 0; i < n; i++)
			if (steps[i] == d)
				add_name(r->reach,
				    causes_set_name(r->set, (uint16_t)i));
	free(steps);
}

/* ---- by namespace ---- */

static enum rc
on_member(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct reading *r = arg;
	struct causes_label list[CAUSES_LABELS_MAX];
	char text[4096], service[512];
	size_t n = list_of(labels, list, text, sizeof(text));

	(void)err;
	causes_service_of("", list, n, service, sizeof(service));
	if (service[0] != '\0')
		add_name(r->reach, service);
	return RC_OK;
}

/* Labels that name services, not their pods or where they run. */
static void
put_owner_labels(struct buf *b, const struct causes_fetching *f)
{
	static const char *const places[] = {
	    "pod", "instance", "host", "node", "name", "job", "replica"};

	for (size_t i = 0; causes_service_labels[i] != NULL; i++) {
		const char *label = causes_service_labels[i];
		size_t k = 0;

		while (
		    k < ARRAY_LEN(places) && strstr(label, places[k]) == NULL)
			k++;
		if (k == ARRAY_LEN(places) && f->labels >> i & 1)
			buf_addf(b, "%s%s", b->len > 0 ? "," : "", label);
	}
}

static enum rc
read_members(struct reading *r)
{
	static const struct prom_sink sink = {.series = on_member};
	const char *scope = r->f->rq->scope;
	auto_buf by = {.max = 4096}, query = {.max = PROM_QUERY_MAX};
	struct prom_job job = {
	    .ask = {.what = PROM_INSTANT,
		.at_ms = causes_fetching_ms(r->f->rq->alert_s)},
	    .reader = {
		.sink = &sink, .again = again, .done = on_done, .arg = r}};

	put_owner_labels(&by, r->f);
	if (by.len == 0)
		return RC_OK;
	buf_addf(&query, "count by (%s) ({namespace=", buf_str(&by));
	prom_put_quoted(&query, span_of(r->f->rq->space));
	buf_addf(&query, "%s%s})", scope[0] != '\0' ? "," : "", scope);
	job.ask.query = buf_str(&query);
	return causes_fetching_ask(r->f, &job, 1);
}

enum rc
causes_reach(struct causes_fetching *f, struct causes_reach *ret)
{
	static const struct causes_grid none = {0, 1, 1};
	AUTO(causes_set) set = causes_set_new(&none, 1);
	struct reading r = {.f = f, .set = set, .reach = ret};
	uint16_t alert;
	enum rc rc;

	*ret = (struct causes_reach){.n = 0};
	if (f->rq->service == NULL)
		return RC_OK;
	add_name(ret, f->rq->service);
	rc = read_edges(&r);
	alert = causes_set_find(set, f->rq->service);
	if (alert != CAUSES_NONE)
		walk(&r, alert);
	ret->graph = ret->n > 1;
	if (rc == RC_OK && !ret->graph && f->rq->space != NULL)
		rc = read_members(&r);
	if (rc != RC_OK)
		causes_reach_done(ret);
	return rc;
}

void
causes_reach_done(struct causes_reach *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->names[i]);
	*r = (struct causes_reach){.n = 0};
}
