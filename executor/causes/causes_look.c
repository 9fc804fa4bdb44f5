/*
 * causes_look.c - which series some services have.
 *
 * One count per label that may name a service; of a metric's labels the most
 * telling one under which there are any decides, as in causes_service_of.
 * Invariant: by and matchers live as long as the look, and metrics point there.
 */
#include "executor/causes/causes_look.h"
#include "executor/causes/causes_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counting {
	struct causes_fetching *f;
	struct causes_look *look;
	uint32_t *counts;               /* per label and metric */
	size_t *totals;                 /* per label and name */
	const struct causes_pair *pair; /* of the label, or NULL */
	size_t label;
	size_t metric, name; /* of the row that comes; or none */
	bool taken;
};

/* ---- matchers ---- */

/* How a service's name stands in the values of a label. */
static const char *
tail_of(const char *label)
{
	if (strstr(label, "pod") != NULL)
		return "(?:-[a-z0-9]{1,10}){0,2}";
	return strcmp(label, "instance") == 0 ? "(?::[0-9]+)?" : "";
}

static char *
matcher_of(const char *label, const char *const *names, size_t n)
{
	auto_buf b = {.max = PROM_QUERY_MAX}, re = {.max = PROM_QUERY_MAX};

	buf_adds(&re, "(?:");
	for (size_t i = 0; i < n; i++) {
		buf_adds(&re, i > 0 ? "|" : "");
		causes_put_literal(&re, names[i]);
	}
	buf_addf(&re, ")%s", tail_of(label));
	buf_addf(&b, "%s=~", label);
	prom_put_quoted(&b, buf_span(&re));
	return buf_take(&b);
}

static void
put_matchers(struct causes_fetching *f, struct causes_look *l)
{
	uint64_t pairs = f->clients & f->servers;

	for (size_t i = 0; i < l->nby; i++)
		free(l->matchers[i]);
	l->nby = 0;
	for (size_t i = 0; i < causes_npairs; i++)
		if (pairs >> i & 1) {
			free(l->by[l->nby]);
			l->by[l->nby] = xasprintf("%s,%s",
			    causes_pairs[i].client, causes_pairs[i].server);
			l->matchers[l->nby++] =
			    matcher_of(causes_pairs[i].server, l->names, l->n);
		}
	for (size_t i = 0; causes_service_labels[i] != NULL; i++)
		if (f->labels >> i & 1) {
			free(l->by[l->nby]);
			l->by[l->nby] = xstrdup(causes_service_labels[i]);
			l->matchers[l->nby++] = matcher_of(
			    causes_service_labels[i], l->names, l->n);
		}
}

/* ---- counts ---- */

static int
by_metric_name(const void *a, const void *b)
{
	return strcmp(((const struct causes_metric *)a)->name,
	    ((const struct causes_metric *)b)->name);
}

static size_t
metric_of(const struct causes_look *l, size_t n, const char *name)
{
	struct causes_metric key = {.name = (char *)name};
	const struct causes_metric *m =
	    bsearch(&key, l->metrics, n, sizeof(key), by_metric_name);

	return m == NULL || causes_is_useless(name) ? n
						    : (size_t)(m - l->metrics);
}

static size_t
name_of(const struct causes_look *l, const char *name)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->names[i], name) != 0)
		i++;
	return i;
}

static enum rc
on_row(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct counting *c = arg;
	const char *label =
	    c->pair != NULL ? c->pair->server : c->look->by[c->label];
	struct span v = prom_label_get(labels, label);
	struct span name = prom_label_get(labels, "__name__");
	char metric[512], value[512], service[512];
	struct causes_label one = {label, value};

	(void)err;
	snprintf(metric, sizeof(metric), "%.*s", SPAN_ARG(name));
	snprintf(value, sizeof(value), "%.*s", SPAN_ARG(v));
	snprintf(service, sizeof(service), "%s", value);
	if (c->pair == NULL)
		causes_service_of(metric, &one, 1, service, sizeof(service));
	c->metric = metric_of(c->look, c->f->nmetrics, metric);
	c->name = name_of(c->look, service);
	c->taken = c->metric < c->f->nmetrics && c->name < c->look->n;
	return RC_OK;
}

static enum rc
on_number(void *arg, double t_s, double v, struct err *err)
{
	struct counting *c = arg;

	(void)t_s;
	(void)err;
	if (!c->taken || !(v > 0) || v > 1e9)
		return RC_OK;
	c->counts[c->label * c->f->nmetrics + c->metric] += (uint32_t)v;
	c->totals[c->label * c->look->n + c->name] += (size_t)v;
	return RC_OK;
}

static void
on_counted(void *arg, const struct prom_outcome *o)
{
	struct counting *c = arg;

	causes_fetching_heard(c->f, o);
	if (o->rc == RC_OK)
		c->f->answered++;
	else
		causes_fetching_failed(c->f, o);
	if (o->rc != RC_OK && o->rc != RC_CANCELLED) {
		c->f->out->refused = true;
		causes_fetching_skip(
		    c->f, "which series the services have", o->err.text);
	}
}

static char *
count_query(const struct causes_fetching *f, const struct causes_look *l,
    size_t i, const struct causes_pair *pair)
{
	auto_buf b = {.max = 2 * PROM_QUERY_MAX};

	buf_addf(&b, "count by (__name__,%s) ({%s", l->by[i], l->matchers[i]);
	if (pair != NULL)
		buf_addf(&b, ",%s!=\"\"", pair->client);
	if (f->rq->scope[0] != '\0')
		buf_addf(&b, ",%s", f->rq->scope);
	buf_adds(&b, "})");
	return buf_take(&b);
}

static const struct causes_pair *
pair_at(const struct causes_fetching *f, size_t at)
{
	for (size_t i = 0; i < causes_npairs; i++)
		if ((f->clients & f->servers) >> i & 1 && at-- == 0)
			return &causes_pairs[i];
	return NULL;
}

static enum rc
count(struct causes_fetching *f, struct causes_look *l, uint32_t *counts,
    size_t *totals)
{
	static const struct prom_sink sink = {
	    .series = on_row, .sample = on_number};
	struct prom_job jobs[CAUSES_LOOK_MAX];
	struct counting states[CAUSES_LOOK_MAX];
	char *queries[CAUSES_LOOK_MAX];
	enum rc rc;

	for (size_t i = 0; i < l->nby; i++) {
		states[i] = (struct counting){.f = f,
		    .look = l,
		    .counts = counts,
		    .totals = totals,
		    .pair = pair_at(f, i),
		    .label = i};
		queries[i] = count_query(f, l, i, states[i].pair);
		jobs[i] = (struct prom_job){
		    .ask = {.what = PROM_INSTANT,
			.query = queries[i],
			.at_ms = causes_fetching_ms(f->rq->alert_s)},
		    .reader = {
			.sink = &sink, .done = on_counted, .arg = &states[i]}};
	}
	rc = causes_fetching_ask(f, jobs, l->nby);
	for (size_t i = 0; i < l->nby; i++)
		free(queries[i]);
	return rc;
}

/* ---- what follows from them ---- */

/* Under one label most of them are found; totals: by label, then name. */
static void
add_up(struct causes_look *l, const size_t *totals)
{
	l->totals = xcalloc(l->n + 1, sizeof(*l->totals));
	for (size_t k = 0; k < l->nby; k++)
		for (size_t i = 0; i < l->n; i++)
			l->totals[i] = MAX(l->totals[i], totals[k * l->n + i]);
}

/* As many from the beginning as fit, at least one. */
static size_t
fitting(const struct causes_look *l, size_t max)
{
	size_t sum = 0, i;

	for (i = 0; i < l->n; i++) {
		sum += l->totals[i];
		if (sum > max && i > 0)
			break;
	}
	return i;
}

static void
assign(struct causes_look *l, size_t nmetrics, const uint32_t *counts)
{
	for (size_t m = 0; m < nmetrics; m++)
		for (size_t k = 0; k < l->nby; k++) {
			if (counts[k * nmetrics + m] == 0)
				continue;
			l->metrics[m].count = counts[k * nmetrics + m];
			l->metrics[m].by = l->by[k];
			l->metrics[m].matcher = l->matchers[k];
			l->series += l->metrics[m].count;
			break;
		}
}

static struct causes_look
look_of(struct causes_fetching *f, const char *const *names, size_t n)
{
	struct causes_look l = {.names = names, .n = n};

	l.metrics = xcalloc(f->nmetrics + 1, sizeof(*l.metrics));
	for (size_t i = 0; i < f->nmetrics; i++)
		l.metrics[i] = (struct causes_metric){
		    .name = f->metrics[i].name, .type = f->metrics[i].type};
	put_matchers(f, &l);
	return l;
}

enum rc
causes_look(struct causes_fetching *f, const char *const *names, size_t n,
    size_t series_max, struct causes_look *look)
{
	struct causes_look l = look_of(f, names, n);
	uint32_t *counts;
	size_t *totals, fits;
	enum rc rc;

	counts = xcalloc(l.nby * f->nmetrics + 1, sizeof(*counts));
	totals = xcalloc(l.nby * n + 1, sizeof(*totals));
	rc = count(f, &l, counts, totals);
	add_up(&l, totals);
	fits = fitting(&l, series_max);
	if (fits < l.n) {
		l.n = fits;
		put_matchers(f, &l);
	}
	assign(&l, f->nmetrics, counts);
	free(counts);
	free(totals);
	if (rc == RC_OK)
		*look = l;
	else
		causes_look_done(&l);
	return rc;
}

/* Of all series of the known ones, how large a part the names have. */
static double
share_of(const struct causes_look *known, const char *const *names, size_t n)
{
	double all = 0, part = 0;

	for (size_t i = 0; i < known->n; i++)
		all += (double)known->totals[i];
	for (size_t k = 0; k < n; k++) {
		size_t i = name_of(known, names[k]);

		part += i < known->n ? (double)known->totals[i]
				     : all / (double)known->n;
	}
	return all > 0 ? part / all : 1;
}

void
causes_look_like(struct causes_fetching *f, const struct causes_look *known,
    const char *const *names, size_t n, struct causes_look *look)
{
	struct causes_look l = look_of(f, names, n);
	double share = share_of(known, names, n);

	for (size_t i = 0; i < f->nmetrics; i++) {
		const struct causes_metric *m = &known->metrics[i];

		for (size_t k = 0; m->count > 0 && k < l.nby; k++)
			if (m->matcher == known->matchers[k]) {
				l.metrics[i].by = l.by[k];
				l.metrics[i].matcher = l.matchers[k];
				l.metrics[i].count =
				    (size_t)((double)m->count * share) + 1;
				l.series += l.metrics[i].count;
			}
	}
	*look = l;
}

void
causes_look_done(struct causes_look *l)
{
	for (size_t i = 0; i < l->nby; i++) {
		free(l->by[i]);
		free(l->matchers[i]);
	}
	free(l->metrics);
	free(l->totals);
}
