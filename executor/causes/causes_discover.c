/*
 * causes_discover.c - which metrics there are, of what type, in how many
 * series, sampled how often: a handful of cheap questions.
 *
 * Invariant: after causes_discover_names the metrics are sorted by name.
 */
#include "executor/causes/causes_discover.h"
#include "executor/causes/causes_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SAMPLED_METRICS = 6,  /* whose raw samples tell the interval */
	SAMPLED_SERIES = 100, /* of a metric at most */
	SAMPLED_S = 1800,
	NAMES_BACK_S = 3600,
	ODD_MAX = 2048, /* bytes of labels asked for in quotes */
};

/* ---- names and types ---- */

static void
metric_add(struct causes_fetching *f, const char *name, size_t count)
{
	size_t n = f->nmetrics;

	if (n == CAUSES_METRICS_MAX) {
		f->nmetrics_over++;
		return;
	}
	if ((n & (n - 1)) == 0)
		f->metrics = xrealloc(
		    f->metrics, MAX((size_t)1, n * 2) * sizeof(*f->metrics));
	f->metrics[f->nmetrics++] =
	    (struct causes_metric){.name = xstrdup(name), .count = count};
}

static enum rc
on_name(void *arg, cJSON *item, struct err *err)
{
	struct causes_fetching *f = arg;

	(void)err;
	if (cJSON_IsString(item))
		metric_add(f, item->valuestring, 0);
	cJSON_Delete(item);
	return RC_OK;
}

/* The names are asked for anew. */
static bool
names_again(void *arg)
{
	struct causes_fetching *f = arg;

	while (f->nmetrics > 0)
		free(f->metrics[--f->nmetrics].name);
	f->nmetrics_over = 0;
	return true;
}

/* What is told twice is told once. */
static bool
told_again(void *arg)
{
	(void)arg;
	return true;
}

/* A label that tells whose a series is, or who calls whom. */
static void
note_label(struct causes_fetching *f, const char *name)
{
	for (size_t i = 0; causes_service_labels[i] != NULL; i++)
		if (strcmp(causes_service_labels[i], name) == 0)
			f->labels |= UINT64_C(1) << i;
	for (size_t i = 0; i < causes_npairs; i++) {
		if (strcmp(causes_pairs[i].client, name) == 0)
			f->clients |= UINT64_C(1) << i;
		if (strcmp(causes_pairs[i].server, name) == 0)
			f->servers |= UINT64_C(1) << i;
	}
}

/* Labels of the kind that Prometheus 3 and OpenTelemetry have; a server that
 * has one can be asked for it. */
static enum rc
on_label(void *arg, cJSON *item, struct err *err)
{
	struct causes_fetching *f = arg;
	auto_buf quoted = {.max = ODD_MAX};

	(void)err;
	if (cJSON_IsString(item))
		note_label(f, item->valuestring);
	if (cJSON_IsString(item) && causes_is_odd_label(item->valuestring)) {
		prom_put_label(&quoted, item->valuestring);
		if (memmem(buf_str(&f->odd), f->odd.len, quoted.data,
			quoted.len) == NULL)
			buf_addf(&f->odd, "%s%s", f->odd.len > 0 ? "," : "",
			    buf_str(&quoted));
	}
	cJSON_Delete(item);
	return RC_OK;
}

struct types {
	struct causes_fetching *f;
	cJSON *by_name; /* metric: type */
	size_t n;
};

static enum rc
on_type(void *arg, cJSON *item, struct err *err)
{
	struct types *t = arg;
	const cJSON *m = cJSON_GetObjectItem(item, "metric");
	const cJSON *type = cJSON_GetObjectItem(item, "type");

	(void)err;
	if (cJSON_IsString(m) && cJSON_IsString(type) &&
	    t->n++ < CAUSES_METRICS_MAX)
		cJSON_AddStringToObject(
		    t->by_name, m->valuestring, type->valuestring);
	cJSON_Delete(item);
	return RC_OK;
}

static void
on_names_done(void *arg, const struct prom_outcome *o)
{
	struct causes_fetching *f = arg;

	causes_fetching_heard(f, o);
	if (o->rc == RC_OK)
		f->answered++;
	else
		causes_fetching_failed(f, o);
	if (o->rc == RC_OK && causes_fetching_partial(o)) {
		/* Which are missing, nobody knows. */
		f->out->refused = true;
		causes_fetching_skip_part(f, o->warnings);
	}
}

/* Older back ends have no metadata: names tell enough then. */
static void
on_types_done(void *arg, const struct prom_outcome *o)
{
	(void)arg;
	(void)o;
}

static int
by_metric_name(const void *a, const void *b)
{
	return strcmp(((const struct causes_metric *)a)->name,
	    ((const struct causes_metric *)b)->name);
}

static void
set_types(struct causes_fetching *f, const cJSON *by_name)
{
	static const struct {
		const char *name;
		enum causes_type type;
	} types[] = {{"gauge", CAUSES_TYPE_GAUGE},
	    {"counter", CAUSES_TYPE_COUNTER},
	    {"histogram", CAUSES_TYPE_HISTOGRAM},
	    {"summary", CAUSES_TYPE_SUMMARY}};
	const cJSON *t;

	if (f->nmetrics == 0)
		return;
	qsort(f->metrics, f->nmetrics, sizeof(*f->metrics), by_metric_name);
	cJSON_ArrayForEach (t, by_name) {
		struct causes_metric key = {.name = t->string};
		struct causes_metric *m = bsearch(
		    &key, f->metrics, f->nmetrics, sizeof(key), by_metric_name);

		for (size_t i = 0; m != NULL && i < ARRAY_LEN(types); i++)
			if (strcmp(types[i].name, t->valuestring) == 0)
				m->type = types[i].type;
	}
}

static void
skip_over(struct causes_fetching *f)
{
	auto_str what = xasprintf("%zu metrics", f->nmetrics_over);
	auto_str why = xasprintf(
	    "there are more than the %d names looked at; a scope makes them "
	    "fewer",
	    CAUSES_METRICS_MAX);

	causes_fetching_skip(f, what, why);
}

enum rc
causes_discover_names(struct causes_fetching *f)
{
	static const struct prom_sink name_sink = {.item = on_name};
	static const struct prom_sink type_sink = {.item = on_type};
	static const struct prom_sink label_sink = {.item = on_label};
	const char *matchers[] = {buf_str(&f->selector), NULL};
	struct types types = {.f = f, .by_name = cJSON_CreateObject()};
	struct prom_job jobs[] = {
	    {.ask = {.what = PROM_LABEL_VALUES,
		 .label = "__name__",
		 .matchers = matchers,
		 .start_ms = causes_fetching_ms(f->rq->alert_s - NAMES_BACK_S),
		 .end_ms = causes_fetching_ms(f->rq->at_s)},
		.reader = {.sink = &name_sink,
		    .again = names_again,
		    .done = on_names_done,
		    .arg = f}},
	    {.ask = {.what = PROM_METADATA},
		.reader = {.sink = &type_sink,
		    .again = told_again,
		    .done = on_types_done,
		    .arg = &types}},
	    {.ask = {.what = PROM_LABEL_NAMES,
		 .matchers = matchers,
		 .start_ms = causes_fetching_ms(f->rq->alert_s - NAMES_BACK_S),
		 .end_ms = causes_fetching_ms(f->rq->at_s)},
		.reader = {.sink = &label_sink,
		    .again = told_again,
		    .done = on_types_done,
		    .arg = f}},
	};
	enum rc rc;

	buf_init(&f->odd, ODD_MAX);
	rc = causes_fetching_ask(f, jobs, ARRAY_LEN(jobs));
	if (f->nmetrics_over > 0)
		skip_over(f);
	set_types(f, types.by_name);
	cJSON_Delete(types.by_name);
	return rc;
}

/* ---- how many series ---- */

static enum rc
on_statistic(void *arg, cJSON *item, struct err *err)
{
	struct causes_fetching *f = arg;
	const cJSON *n = cJSON_GetObjectItem(item, "numSeries");

	(void)err;
	if (cJSON_IsNumber(n) && n->valuedouble > 0 && n->valuedouble < 1e12)
		f->size = (size_t)n->valuedouble;
	cJSON_Delete(item);
	return RC_OK;
}

/* Counting them all would cost more than all that follows. */
enum rc
causes_discover_size(struct causes_fetching *f)
{
	static const struct prom_sink sink = {.item = on_statistic};
	struct prom_job job = {.ask = {.what = PROM_SIZE},
	    .reader = {.sink = &sink,
		.again = told_again,
		.done = on_types_done,
		.arg = f}};

	return causes_fetching_ask(f, &job, 1);
}

/* ---- how many series each ---- */

struct counting {
	struct causes_fetching *f;
	struct causes_metric *m;
};

static enum rc
on_count_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct counting *c = arg;
	struct span name = prom_label_get(labels, "__name__");
	char text[512];

	(void)err;
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
	c->m = bsearch(&(struct causes_metric){.name = text}, c->f->metrics,
	    c->f->nmetrics, sizeof(*c->m), by_metric_name);
	return RC_OK;
}

static enum rc
on_count(void *arg, double t_s, double v, struct err *err)
{
	struct counting *c = arg;

	(void)t_s;
	(void)err;
	if (c->m != NULL && v > 0 && v < 1e9)
		c->m->count = (size_t)v;
	return RC_OK;
}

static void
on_count_done(void *arg, const struct prom_outcome *o)
{
	struct counting *c = arg;

	causes_fetching_heard(c->f, o);
	if (o->rc == RC_OK)
		c->f->answered++;
	else
		causes_fetching_failed(c->f, o);
	if (o->rc != RC_OK && o->rc != RC_CANCELLED)
		causes_fetching_skip(
		    c->f, "how many series each metric has", o->err.text);
}

enum rc
causes_discover_counts(struct causes_fetching *f)
{
	static const struct prom_sink sink = {
	    .series = on_count_series, .sample = on_count};
	struct counting c = {.f = f};
	auto_str query =
	    xasprintf("count by (__name__) (%s)", buf_str(&f->selector));
	struct prom_job job = {.ask = {.what = PROM_INSTANT,
				   .query = query,
				   .at_ms = causes_fetching_ms(f->rq->alert_s)},
	    .reader = {.sink = &sink,
		.again = told_again,
		.done = on_count_done,
		.arg = &c}};

	return causes_fetching_ask(f, &job, 1);
}

/* ---- how often they are sampled ---- */

struct sampling {
	struct causes_fetching *f;
	double last;
};

static enum rc
on_raw_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct sampling *s = arg;

	(void)labels;
	(void)err;
	s->last = NAN;
	return RC_OK;
}

static enum rc
on_raw(void *arg, double t_s, double v, struct err *err)
{
	struct sampling *s = arg;
	struct causes_fetching *f = s->f;

	(void)v;
	(void)err;
	if (!isnan(s->last) && t_s > s->last && f->ngaps < f->gaps_max)
		f->gaps[f->ngaps++] = t_s - s->last;
	s->last = t_s;
	if (t_s > f->last_s)
		f->last_s = t_s;
	return RC_OK;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
causes_round_interval(double s)
{
	static const double round[] = {
	    5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600};

	for (size_t i = 0; i < ARRAY_LEN(round); i++)
		if (s <= round[i] * 1.2)
			return round[i];
	return s;
}

static double
interval_of(struct causes_fetching *f)
{
	if (f->ngaps == 0)
		return 60;
	qsort(f->gaps, f->ngaps, sizeof(*f->gaps), by_value);
	return causes_round_interval(
	    fmax(f->gaps[f->ngaps / 2], (double)CAUSES_STEP_MIN_S));
}

static char *
sampling_query(const struct causes_fetching *f, const struct causes_metric *m)
{
	auto_buf b = {.max = PROM_QUERY_MAX};
	auto_buf matchers = {.max = PROM_QUERY_MAX};

	buf_addf(&matchers, "%s%s%s", f->rq->scope,
	    f->rq->scope[0] != '\0' && m->matcher != NULL ? "," : "",
	    m->matcher != NULL ? m->matcher : "");
	prom_put_selector(&b, m->name, buf_str(&matchers));
	buf_addf(&b, "[%ds]", SAMPLED_S);
	return buf_take(&b);
}

static size_t
sampling_jobs(struct causes_fetching *f, struct prom_job *jobs, char **queries,
    struct sampling *states)
{
	static const struct prom_sink sink = {
	    .series = on_raw_series, .sample = on_raw};
	size_t stride = f->nmetrics / SAMPLED_METRICS + 1, k = 0;

	for (size_t i = 0; i < f->nmetrics && k < SAMPLED_METRICS; i++) {
		const struct causes_metric *m = &f->metrics[i];

		if (m->count == 0 || m->count > SAMPLED_SERIES ||
		    m->type == CAUSES_TYPE_HISTOGRAM)
			continue;
		states[k] = (struct sampling){f, NAN};
		queries[k] = sampling_query(f, m);
		jobs[k] = (struct prom_job){
		    .ask = {.what = PROM_INSTANT,
			.query = queries[k],
			.at_ms = causes_fetching_ms(f->rq->alert_s)},
		    .reader = {.sink = &sink,
			.again = told_again,
			.done = on_types_done,
			.arg = &states[k]}};
		k++;
		i += stride - 1;
	}
	return k;
}

enum rc
causes_discover_interval(struct causes_fetching *f, double *ret_s)
{
	struct prom_job jobs[SAMPLED_METRICS];
	char *queries[SAMPLED_METRICS] = {NULL};
	struct sampling states[SAMPLED_METRICS];
	size_t n;
	enum rc rc;

	f->gaps_max = 50000;
	f->gaps = xcalloc(f->gaps_max, sizeof(*f->gaps));
	n = sampling_jobs(f, jobs, queries, states);
	rc = causes_fetching_ask(f, jobs, n);
	*ret_s = interval_of(f);
	for (size_t i = 0; i < n; i++)
		free(queries[i]);
	free(f->gaps);
	f->gaps = NULL;
	return rc;
}
