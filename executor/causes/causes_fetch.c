/*
 * causes_fetch.c - from an alert's time and scope to a set of series.
 *
 *   names, types -> series per name -> sampling interval -> ranges
 *
 * Invariant: what was not looked at is in the list of what was skipped; a
 * part that fails costs that part only.
 */
#include "executor/causes/causes_discover.h"
#include "executor/causes/causes_near.h"
#include "executor/causes/causes_places.h"
#include "executor/causes/causes_range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARALLEL = 4,
	SERIES_MAX = 10000,
	METRIC_SERIES_MAX = 1000,
	POINTS_MAX = 400,
	CROWDED = 2, /* times series_max: only what is near is looked at */
};

void
causes_fetched_done(struct causes_fetched *f)
{
	for (size_t i = 0; i < f->nskipped; i++) {
		free(f->skipped[i].what);
		free(f->skipped[i].why);
	}
	free(f->skipped);
	buf_done(&f->warnings);
	causes_set_free(f->set);
	*f = (struct causes_fetched){0};
}

static void
note_unchosen(struct causes_fetching *f)
{
	for (size_t i = 0; i < f->nmetrics; i++)
		if (!f->metrics[i].chosen &&
		    !causes_is_useless(f->metrics[i].name) &&
		    f->metrics[i].count > f->limits.series_max / 100)
			causes_fetching_skip(f, f->metrics[i].name,
			    "does not fit the budget of series");
}

/* What was asked for as gauges, and was found to be native histograms. */
static enum rc
ask_natives(struct causes_fetching *f, unsigned rate_s)
{
	struct causes_asks asks;
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < f->nmetrics; i++) {
		struct causes_metric *m = &f->metrics[i];

		m->chosen = m->native && m->type != CAUSES_TYPE_HISTOGRAM;
		n += m->chosen;
		if (m->chosen)
			m->type = CAUSES_TYPE_HISTOGRAM;
	}
	if (n == 0)
		return RC_OK;
	asks = causes_plan(f->metrics, f->nmetrics, f->rq->scope,
	    f->odd.full ? "" : buf_str(&f->odd), rate_s,
	    f->limits.metric_series_max);
	rc = causes_range_ask(f, &asks, &f->grid, false);
	causes_asks_done(&asks);
	return rc;
}

static enum rc
fetch_series(struct causes_fetching *f)
{
	struct causes_asks asks;
	struct causes_grid before;
	unsigned rate_s;
	double interval;
	bool near = false;
	enum rc rc;

	if (f->nmetrics == 0) {
		causes_fetching_skip(
		    f, buf_str(&f->selector), "no series are there");
		causes_range_grid(f, CAUSES_STEP_MIN_S);
		f->out->set = causes_set_new(&f->grid, 1);
		return RC_OK;
	}
	rc = causes_discover_size(f);
	if (rc == RC_OK && f->size > CROWDED * f->limits.series_max)
		rc = causes_near(f, &near);
	if (rc != RC_OK || near)
		return rc;
	rc = causes_discover_counts(f);
	if (rc != RC_OK)
		return rc;
	causes_fetching_report(f, "sampling", 0, 1);
	rc = causes_discover_interval(f, &interval);
	if (rc != RC_OK)
		return rc;
	causes_range_grid(f, interval);
	f->out->set = causes_set_new(&f->grid, f->limits.series_max);
	for (size_t i = 0; i < f->limits.nedges; i++)
		causes_set_edge(f->out->set, f->limits.edges[i].client,
		    f->limits.edges[i].server);
	causes_choose(f->metrics, f->nmetrics, f->limits.series_max);
	note_unchosen(f);
	f->out->known = causes_useful(f->metrics, f->nmetrics);
	rate_s = (unsigned)ceil(fmax(2.2 * interval, f->grid.step_s));
	asks = causes_plan(f->metrics, f->nmetrics, f->rq->scope,
	    f->odd.full ? "" : buf_str(&f->odd), rate_s,
	    f->limits.metric_series_max);
	rc = causes_places(f, "");
	if (rc == RC_OK)
		rc = causes_range_ask(f, &asks, &f->grid, false);
	if (rc == RC_OK)
		rc = ask_natives(f, rate_s);
	before = causes_range_history(f);
	if (rc == RC_OK)
		rc = causes_range_ask(f, &asks, &before, true);
	causes_asks_done(&asks);
	return rc;
}

static void
fetch_init(struct causes_fetching *f, const struct causes_limits *limits)
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
fetch_done(struct causes_fetching *f)
{
	for (size_t i = 0; i < f->nmetrics; i++)
		free(f->metrics[i].name);
	free(f->metrics);
	buf_done(&f->selector);
	buf_done(&f->odd);
}

enum rc
causes_fetch(const struct causes_request *rq, struct causes_source *src,
    const struct causes_limits *limits, const atomic_bool *cancelled,
    causes_progress_fn *progress, void *arg, struct causes_fetched *ret,
    struct err *err)
{
	struct causes_fetched out = {0};
	struct causes_fetching f = {.rq = rq,
	    .src = src,
	    .cancelled = cancelled,
	    .progress = progress,
	    .progress_arg = arg,
	    .out = &out};
	enum rc rc;

	fetch_init(&f, limits);
	causes_fetching_report(&f, "names", 0, 1);
	rc = causes_discover_names(&f);
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
