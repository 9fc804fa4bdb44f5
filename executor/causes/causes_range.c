/*
 * causes_range.c - the grid of points, and the values of series on it.
 *
 * Invariant: an answer that breaks off and comes again adds no series twice.
 */
#include "executor/causes/causes_range.h"
#include "executor/causes/causes_discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AFTER_POINTS = 60, /* of an episode, however long ago it began */
	AFTER_MIN_S = 1800,
};

/* ---- the grid ---- */

/* Points fall on samples, where they are regular: half a step less delay. */
void
causes_range_grid(struct causes_fetching *f, double interval_s)
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
		step = causes_round_interval(step * 1.5);
	if (f->last_s > 0)
		end = f->last_s + floor((end - f->last_s) / step) * step;
	start = end - ceil((end - rq->alert_s + back) / step) * step;
	f->grid = (struct causes_grid){
	    start, step, (size_t)llround((end - start) / step) + 1};
}

/* ---- ranges ---- */

struct range {
	struct causes_fetching *f;
	const struct causes_ask *ask;
	float *v;
	struct causes_grid grid;
	bool history;
	bool again;  /* what comes was told before, as far as it came */
	bool native; /* so is the series that comes now */
	char name[512];
};

/* Where the next one goes. */
static size_t
copy_label(char *text, size_t used, struct span s)
{
	memcpy(text + used, s.p != NULL ? s.p : "", s.n);
	text[used + s.n] = '\0';
	return used + s.n + 1;
}

static enum rc
on_range_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct range *r = arg;
	struct causes_label list[CAUSES_LABELS_MAX];
	char text[8192];
	const char *metric = r->name;
	size_t used = 0, n = 0;

	r->native = false;
	snprintf(r->name, sizeof(r->name), "%.*s",
	    SPAN_ARG(prom_label_get(labels, "__name__")));
	for (size_t i = 0; i < labels->n && n < ARRAY_LEN(list); i++) {
		struct span name = labels->list[i].name;
		struct span value = labels->list[i].value;

		if (span_is(name, "__name__") ||
		    used + name.n + value.n + 2 > sizeof(text))
			continue;
		list[n].name = text + used;
		used = copy_label(text, used, name);
		list[n++].value = text + used;
		used = copy_label(text, used, value);
	}
	if (r->history) {
		r->v = causes_set_history(r->f->out->set,
		    r->ask->metric != NULL ? r->ask->metric : metric,
		    r->ask->form, list, n);
		return RC_OK;
	}
	if (r->again) {
		r->v = causes_set_again(r->f->out->set,
		    r->ask->metric != NULL ? r->ask->metric : metric,
		    r->ask->form, list, n);
		if (r->v != NULL)
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

/* No metadata said that it is one: what is sent through remote write has
 * none. */
static enum rc
on_range_histogram(
    void *arg, double t_s, double count, double sum, struct err *err)
{
	struct range *r = arg;

	(void)t_s;
	(void)count;
	(void)sum;
	(void)err;
	for (size_t i = 0; !r->native && i < r->f->nmetrics; i++)
		if (strcmp(r->f->metrics[i].name, r->name) == 0)
			r->f->metrics[i].native = true;
	r->native = true;
	return RC_OK;
}

static bool
range_again(void *arg)
{
	struct range *r = arg;

	r->again = true;
	return true;
}

static void
on_range_done(void *arg, const struct prom_outcome *o)
{
	struct range *r = arg;
	const char *what =
	    r->ask->metric != NULL ? r->ask->metric : r->ask->expr;

	causes_fetching_heard(r->f, o);
	if (o->rc == RC_OK) {
		r->f->answered++;
		r->f->out->read += r->ask->series;
	} else {
		causes_fetching_failed(r->f, o);
	}
	r->f->out->refused |=
	    r->ask->decisive && (o->rc != RC_OK || causes_fetching_partial(o));
	if (o->rc != RC_OK && o->rc != RC_CANCELLED)
		causes_fetching_skip(r->f, what, o->err.text);
	else if (o->rc == RC_OK && causes_fetching_partial(o))
		causes_fetching_skip_part(r->f, o->warnings);
	else if (r->ask->aggregated)
		causes_fetching_skip(
		    r->f, what, "its many series were summed per service");
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
	static const struct prom_sink sink = {.series = on_range_series,
	    .sample = on_range_sample,
	    .histogram = on_range_histogram};
	const struct causes_grid *g = &r->grid;

	return (struct prom_job){
	    .ask = {.what = PROM_RANGE,
		.query = r->ask->expr,
		.start_ms = causes_fetching_ms(g->start_s),
		.end_ms = causes_fetching_ms(
		    g->start_s + (double)(g->points - 1) * g->step_s),
		.step_ms = causes_fetching_ms(g->step_s)},
	    .reader = {.sink = &sink,
		.again = range_again,
		.done = r->history ? on_history_done : on_range_done,
		.arg = r}};
}

/* All questions over one grid, a batch at a time so that progress shows. */
enum rc
causes_range_ask(struct causes_fetching *f, const struct causes_asks *asks,
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
		causes_fetching_report(f, what, i, asks->n);
		rc = causes_fetching_ask(f, jobs + i, MIN(batch, asks->n - i));
	}
	causes_fetching_report(f, what, asks->n, asks->n);
	free(jobs);
	free(states);
	return rc;
}

/* The days before the grid, thinly. */
struct causes_grid
causes_range_history(const struct causes_fetching *f)
{
	double step = fmax(CAUSES_HISTORY_STEP_S, f->grid.step_s);

	return (struct causes_grid){
	    f->grid.start_s - CAUSES_HISTORY * step, step, CAUSES_HISTORY};
}
