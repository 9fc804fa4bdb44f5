/*
 * causes_fetch.c - from an alert's time and scope to a set of series.
 *
 *   names, types -> series per name -> sampling interval -> ranges
 *
 * Invariant: what was not looked at is in the list of what was skipped; a
 * part that fails costs that part only.
 */
#include "executor/causes_fetch.h"
#include "executor/causes_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARALLEL = 4,
	SERIES_MAX = 10000,
	METRIC_SERIES_MAX = 1000,
	POINTS_MAX = 400,
	METRICS_MAX = 20000,
	SKIPPED_MAX = 100,
	SAMPLED_METRICS = 6,  /* whose raw samples tell the interval */
	SAMPLED_SERIES = 100, /* of a metric at most */
	SAMPLED_S = 1800,
	STEP_MIN_S = 5,
	NAMES_BACK_S = 3600,
	AFTER_POINTS = 60, /* of an episode, however long ago it began */
	AFTER_MIN_S = 1800,
};

struct fetch {
	const struct causes_request *rq;
	struct causes_source *src;
	struct causes_limits limits;
	const atomic_bool *cancelled;
	causes_progress_fn *progress;
	void *progress_arg;
	struct causes_fetched *out;
	struct causes_metric *metrics;
	size_t nmetrics;
	struct buf selector; /* everything in scope */
	size_t answered;
	enum rc failed; /* of the first that failed */
	struct err err;
	double *gaps; /* between raw samples */
	size_t ngaps, gaps_max;
	double last_s; /* the latest raw sample */
	double end_s;
	struct causes_grid grid;
};

/* ---- bookkeeping ---- */

static void
skip(struct fetch *f, const char *what, const char *why)
{
	struct causes_fetched *o = f->out;

	if (o->nskipped == SKIPPED_MAX)
		return;
	if ((o->nskipped & (o->nskipped - 1)) == 0)
		o->skipped = xrealloc(o->skipped,
		    MAX((size_t)1, o->nskipped * 2) * sizeof(*o->skipped));
	o->skipped[o->nskipped++] =
	    (struct causes_skipped){xstrdup(what), xstrdup(why)};
}

void
causes_fetched_done(struct causes_fetched *f)
{
	for (size_t i = 0; i < f->nskipped; i++) {
		free(f->skipped[i].what);
		free(f->skipped[i].why);
	}
	free(f->skipped);
	causes_set_free(f->set);
	*f = (struct causes_fetched){0};
}

static void
report(struct fetch *f, const char *what, size_t done, size_t all)
{
	if (f->progress != NULL)
		f->progress(f->progress_arg, what, done, all);
}

static void
note_failure(struct fetch *f, const struct prom_outcome *o)
{
	if (f->failed != RC_OK)
		return;
	f->failed = o->rc;
	f->err = o->err;
}

static enum rc
run(struct fetch *f, const struct prom_job *jobs, size_t n)
{
	f->out->questions += n;
	return f->src->run(
	    f->src->ctx, jobs, n, f->limits.parallel, f->cancelled);
}

static int64_t
ms(double s)
{
	return (int64_t)llround(s * 1000);
}

/* ---- names and types ---- */

static void
metric_add(struct fetch *f, const char *name, size_t count)
{
	size_t n = f->nmetrics;

	if (n == METRICS_MAX)
		return;
	if ((n & (n - 1)) == 0)
		f->metrics = xrealloc(
		    f->metrics, MAX((size_t)1, n * 2) * sizeof(*f->metrics));
	f->metrics[f->nmetrics++] =
	    (struct causes_metric){.name = xstrdup(name), .count = count};
}

static enum rc
on_name(void *arg, cJSON *item, struct err *err)
{
	struct fetch *f = arg;

	(void)err;
	if (cJSON_IsString(item))
		metric_add(f, item->valuestring, 0);
	cJSON_Delete(item);
	return RC_OK;
}

struct types {
	struct fetch *f;
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
	if (cJSON_IsString(m) && cJSON_IsString(type) && t->n++ < METRICS_MAX &&
	    strcmp(type->valuestring, "gauge") != 0)
		cJSON_AddStringToObject(
		    t->by_name, m->valuestring, type->valuestring);
	else if (cJSON_IsString(m) && cJSON_IsString(type))
		cJSON_AddStringToObject(t->by_name, m->valuestring, "gauge");
	cJSON_Delete(item);
	return RC_OK;
}

static void
on_names_done(void *arg, const struct prom_outcome *o)
{
	struct fetch *f = arg;

	if (o->rc == RC_OK)
		f->answered++;
	else
		note_failure(f, o);
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
set_types(struct fetch *f, const cJSON *by_name)
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

static enum rc
ask_names(struct fetch *f)
{
	static const struct prom_sink name_sink = {.item = on_name};
	static const struct prom_sink type_sink = {.item = on_type};
	const char *matchers[] = {buf_str(&f->selector), NULL};
	struct types types = {.f = f, .by_name = cJSON_CreateObject()};
	struct prom_job jobs[] = {
	    {.ask = {.what = PROM_LABEL_VALUES,
		 .label = "__name__",
		 .matchers = matchers,
		 .start_ms = ms(f->rq->alert_s - NAMES_BACK_S),
		 .end_ms = ms(f->rq->at_s)},
		.reader = {.sink = &name_sink,
		    .done = on_names_done,
		    .arg = f}},
	    {.ask = {.what = PROM_METADATA},
		.reader = {.sink = &type_sink,
		    .done = on_types_done,
		    .arg = &types}},
	};
	enum rc rc = run(f, jobs, ARRAY_LEN(jobs));

	set_types(f, types.by_name);
	cJSON_Delete(types.by_name);
	return rc;
}

/* ---- how many series each ---- */

struct counting {
	struct fetch *f;
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

	on_names_done(c->f, o);
}

static enum rc
ask_counts(struct fetch *f)
{
	static const struct prom_sink sink = {
	    .series = on_count_series, .sample = on_count};
	struct counting c = {.f = f};
	auto_str query =
	    xasprintf("count by (__name__) (%s)", buf_str(&f->selector));
	struct prom_job job = {.ask = {.what = PROM_INSTANT,
				   .query = query,
				   .at_ms = ms(f->rq->alert_s)},
	    .reader = {.sink = &sink, .done = on_count_done, .arg = &c}};

	return run(f, &job, 1);
}

/* ---- how often they are sampled ---- */

struct sampling {
	struct fetch *f;
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
	struct fetch *f = s->f;

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

/* People sample at round intervals: the next of them, within 20 %. */
static double
round_interval(double s)
{
	static const double round[] = {
	    5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600};

	for (size_t i = 0; i < ARRAY_LEN(round); i++)
		if (s <= round[i] * 1.2)
			return round[i];
	return s;
}

static double
interval_of(struct fetch *f)
{
	if (f->ngaps == 0)
		return 60;
	qsort(f->gaps, f->ngaps, sizeof(*f->gaps), by_value);
	return round_interval(fmax(f->gaps[f->ngaps / 2], (double)STEP_MIN_S));
}

static size_t
sampling_jobs(struct fetch *f, struct prom_job *jobs, char **queries,
    struct sampling *states)
{
	static const struct prom_sink sink = {
	    .series = on_raw_series, .sample = on_raw};
	size_t stride = f->nmetrics / SAMPLED_METRICS + 1, k = 0;

	for (size_t i = 0; i < f->nmetrics && k < SAMPLED_METRICS; i++) {
		const struct causes_metric *m = &f->metrics[i];

		if (m->count == 0 || m->count > SAMPLED_SERIES ||
		    strspn(m->name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
			"OPQRSTUVWXYZ0123456789_:") != strlen(m->name))
			continue;
		states[k] = (struct sampling){f, NAN};
		queries[k] = xasprintf("%s%s%s%s[%ds]", m->name,
		    f->rq->scope[0] != '\0' ? "{" : "", f->rq->scope,
		    f->rq->scope[0] != '\0' ? "}" : "", SAMPLED_S);
		jobs[k] = (struct prom_job){.ask = {.what = PROM_INSTANT,
						.query = queries[k],
						.at_ms = ms(f->rq->alert_s)},
		    .reader = {.sink = &sink,
			.done = on_types_done,
			.arg = &states[k]}};
		k++;
		i += stride - 1;
	}
	return k;
}

static enum rc
ask_interval(struct fetch *f, double *ret_s)
{
	struct prom_job jobs[SAMPLED_METRICS];
	char *queries[SAMPLED_METRICS] = {NULL};
	struct sampling states[SAMPLED_METRICS];
	size_t n;
	enum rc rc;

	f->gaps_max = 50000;
	f->gaps = xcalloc(f->gaps_max, sizeof(*f->gaps));
	n = sampling_jobs(f, jobs, queries, states);
	rc = run(f, jobs, n);
	*ret_s = interval_of(f);
	for (size_t i = 0; i < n; i++)
		free(queries[i]);
	free(f->gaps);
	f->gaps = NULL;
	return rc;
}

/* ---- the grid ---- */

/* Points fall on samples, where they are regular: half a step less delay. */
static void
set_grid(struct fetch *f, double interval_s)
{
	const struct causes_request *rq = f->rq;
	double step = interval_s, back, end, start;
	double lead = fmax(CAUSES_LEAD_S, 2 * step);

	end = fmin(
	    rq->at_s, rq->alert_s + fmax(AFTER_MIN_S, AFTER_POINTS * step));
	back = rq->window_s > 0 ? rq->window_s : CAUSES_BASELINE * step + lead;
	back = fmax(back, 3 * step);
	while ((end - rq->alert_s + back) / step + 1 >
	       (double)f->limits.points_max)
		step = round_interval(step * 1.5);
	if (f->last_s > 0)
		end = f->last_s + floor((end - f->last_s) / step) * step;
	start = end - ceil((end - rq->alert_s + back) / step) * step;
	f->grid = (struct causes_grid){
	    start, step, (size_t)llround((end - start) / step) + 1};
}

/* ---- ranges ---- */

struct range {
	struct fetch *f;
	const struct causes_ask *ask;
	float *v;
	struct causes_grid grid;
	bool history;
};

static size_t
copy_label(char *text, size_t used, size_t size, struct span s)
{
	size_t n = MIN(s.n, size - used - 1);

	memcpy(text + used, s.p != NULL ? s.p : "", n);
	text[used + n] = '\0';
	return used + n + 1;
}

static enum rc
on_range_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct range *r = arg;
	struct causes_label list[CAUSES_LABELS_MAX];
	char text[8192], metric[512];
	size_t used = 0, n = 0;

	snprintf(metric, sizeof(metric), "%.*s",
	    SPAN_ARG(prom_label_get(labels, "__name__")));
	for (size_t i = 0; i < labels->n && n < ARRAY_LEN(list); i++) {
		struct span name = labels->list[i].name;
		struct span value = labels->list[i].value;

		if (span_is(name, "__name__") ||
		    used + name.n + value.n + 2 > sizeof(text))
			continue;
		list[n].name = text + used;
		used = copy_label(text, used, sizeof(text), name);
		list[n++].value = text + used;
		used = copy_label(text, used, sizeof(text), value);
	}
	if (r->history) {
		r->v = causes_set_history(r->f->out->set,
		    r->ask->metric != NULL ? r->ask->metric : metric,
		    r->ask->form, list, n);
		return RC_OK;
	}
	return causes_set_add(r->f->out->set,
	    r->ask->metric != NULL ? r->ask->metric : metric, r->ask->form,
	    list, n, r->f->rq->service, &r->v, err);
}

static enum rc
on_range_sample(void *arg, double t_s, double v, struct err *err)
{
	struct range *r = arg;
	const struct causes_grid *g = &r->grid;
	double i = round((t_s - g->start_s) / g->step_s);

	(void)err;
	if (r->v != NULL && i >= 0 && i < (double)g->points && isfinite(v))
		r->v[(size_t)i] = (float)v;
	return RC_OK;
}

static void
on_range_done(void *arg, const struct prom_outcome *o)
{
	struct range *r = arg;
	const char *what =
	    r->ask->metric != NULL ? r->ask->metric : r->ask->expr;

	if (o->rc == RC_OK)
		r->f->answered++;
	else
		note_failure(r->f, o);
	if (o->rc != RC_OK && o->rc != RC_CANCELLED)
		skip(r->f, what, o->err.text);
	else if (r->ask->aggregated)
		skip(r->f, what, "its many series were summed per service");
}

/* A history that cannot be had is no loss worth telling. */
static void
on_history_done(void *arg, const struct prom_outcome *o)
{
	(void)arg;
	(void)o;
}

static struct prom_job
range_job(struct range *r)
{
	static const struct prom_sink sink = {
	    .series = on_range_series, .sample = on_range_sample};
	const struct causes_grid *g = &r->grid;

	return (struct prom_job){
	    .ask = {.what = PROM_RANGE,
		.query = r->ask->expr,
		.start_ms = ms(g->start_s),
		.end_ms = ms(g->start_s + (double)(g->points - 1) * g->step_s),
		.step_ms = ms(g->step_s)},
	    .reader = {.sink = &sink,
		.done = r->history ? on_history_done : on_range_done,
		.arg = r}};
}

/* All questions over one grid, a batch at a time so that progress shows. */
static enum rc
ask_ranges(struct fetch *f, const struct causes_asks *asks,
    const struct causes_grid *grid, bool history)
{
	struct prom_job *jobs = xcalloc(asks->n + 1, sizeof(*jobs));
	struct range *states = xcalloc(asks->n + 1, sizeof(*states));
	size_t batch = (size_t)f->limits.parallel * 8;
	const char *what = history ? "history" : "series";
	enum rc rc = RC_OK;

	for (size_t i = 0; i < asks->n; i++) {
		states[i] = (struct range){.f = f,
		    .ask = &asks->list[i],
		    .grid = *grid,
		    .history = history};
		jobs[i] = range_job(&states[i]);
	}
	for (size_t i = 0; i < asks->n && rc == RC_OK; i += batch) {
		report(f, what, i, asks->n);
		rc = run(f, jobs + i, MIN(batch, asks->n - i));
	}
	report(f, what, asks->n, asks->n);
	free(jobs);
	free(states);
	return rc;
}

/* The days before the grid, thinly. */
static struct causes_grid
history_grid(const struct fetch *f)
{
	double step = fmax(CAUSES_HISTORY_STEP_S, f->grid.step_s);

	return (struct causes_grid){
	    f->grid.start_s - CAUSES_HISTORY * step, step, CAUSES_HISTORY};
}

static void
note_unchosen(struct fetch *f)
{
	for (size_t i = 0; i < f->nmetrics; i++)
		if (!f->metrics[i].chosen &&
		    f->metrics[i].count > f->limits.series_max / 100)
			skip(f, f->metrics[i].name,
			    "does not fit the budget of series");
}

static enum rc
fetch_series(struct fetch *f)
{
	struct causes_asks asks;
	struct causes_grid before;
	double interval;
	enum rc rc;

	if (f->nmetrics == 0) {
		skip(f, buf_str(&f->selector), "no series are there");
		set_grid(f, STEP_MIN_S);
		f->out->set = causes_set_new(&f->grid, 1);
		return RC_OK;
	}
	rc = ask_counts(f);
	if (rc != RC_OK)
		return rc;
	report(f, "sampling", 0, 1);
	rc = ask_interval(f, &interval);
	if (rc != RC_OK)
		return rc;
	set_grid(f, interval);
	f->out->set = causes_set_new(&f->grid, f->limits.series_max);
	for (size_t i = 0; i < f->limits.nedges; i++)
		causes_set_edge(f->out->set, f->limits.edges[i].client,
		    f->limits.edges[i].server);
	causes_choose(f->metrics, f->nmetrics, f->limits.series_max);
	note_unchosen(f);
	asks = causes_plan(f->metrics, f->nmetrics, f->rq->scope,
	    (unsigned)ceil(fmax(2.2 * interval, f->grid.step_s)),
	    f->limits.metric_series_max);
	rc = ask_ranges(f, &asks, &f->grid, false);
	before = history_grid(f);
	if (rc == RC_OK)
		rc = ask_ranges(f, &asks, &before, true);
	causes_asks_done(&asks);
	return rc;
}

static void
fetch_init(struct fetch *f, const struct causes_limits *limits)
{
	f->limits = *limits;
	if (f->limits.parallel == 0)
		f->limits.parallel = PARALLEL;
	if (f->limits.series_max == 0)
		f->limits.series_max = SERIES_MAX;
	if (f->limits.metric_series_max == 0)
		f->limits.metric_series_max = METRIC_SERIES_MAX;
	if (f->limits.points_max == 0)
		f->limits.points_max = POINTS_MAX;
	buf_init(&f->selector, PROM_QUERY_MAX);
	buf_addf(&f->selector, "{__name__=~\".+\"%s%s}",
	    f->rq->scope[0] != '\0' ? "," : "", f->rq->scope);
}

static void
fetch_done(struct fetch *f)
{
	for (size_t i = 0; i < f->nmetrics; i++)
		free(f->metrics[i].name);
	free(f->metrics);
	buf_done(&f->selector);
}

enum rc
causes_fetch(const struct causes_request *rq, struct causes_source *src,
    const struct causes_limits *limits, const atomic_bool *cancelled,
    causes_progress_fn *progress, void *arg, struct causes_fetched *ret,
    struct err *err)
{
	struct causes_fetched out = {0};
	struct fetch f = {.rq = rq,
	    .src = src,
	    .cancelled = cancelled,
	    .progress = progress,
	    .progress_arg = arg,
	    .out = &out};
	enum rc rc;

	fetch_init(&f, limits);
	report(&f, "names", 0, 1);
	rc = ask_names(&f);
	if (rc == RC_OK && f.answered > 0)
		rc = fetch_series(&f);
	if (rc == RC_CANCELLED)
		rc = err_set(err, rc, "called off");
	else if (out.set == NULL || (f.nmetrics > 0 && f.answered < 2))
		rc = err_set(err, f.failed != RC_OK ? f.failed : RC_NOTFOUND,
		    "%s",
		    f.failed != RC_OK ? f.err.text : "there are no series");
	else
		rc = RC_OK;
	fetch_done(&f);
	if (rc != RC_OK)
		causes_fetched_done(&out);
	else
		*ret = out;
	return rc;
}
