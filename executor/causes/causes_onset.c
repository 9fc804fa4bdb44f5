/*
 * causes_onset.c - when it began: the moment at which most series step out
 * of their usual range together.
 *
 * The usual is taken from before the search begins, so that the episode
 * itself does not blur it. For each candidate the step between the means of
 * a short stretch before and after counts, in spreads beyond 2, squared, so
 * that a few strong steps outweigh many faint ones.
 */
#include "executor/causes/causes.h"
#include "executor/causes/causes_change.h"

#include <math.h>
#include <stdlib.h>

#define CLIP 8.0
#define STEP_FROM 2.0
#define TYPICAL_DELAY_S 300.0 /* an alert this late is no surprise */
#define DELAY_DECAY_S 300.0
#define DEFAULT_DELAY_S 120.0
#define ALERT_WEIGHT 3.0 /* of the service that the alert is about */
#define STRETCH_S 180.0
enum { STRETCH_MIN = 2, STRETCH_MAX = 24, USUAL_MIN = 3, YOUNG_MIN = 5 };

struct search {
	const struct causes_set *set;
	struct causes_range usual, candidates;
	size_t stretch; /* points on each side */
	double *floors;
	double *sum;   /* of z up to a point */
	size_t *count; /* of points that are numbers, likewise */
	double *scratch;
	float *gain; /* per service, one more for none, and point */
};

static double
kind_weight(enum causes_kind kind)
{
	static const double weights[CAUSES_KINDS] = {
	    [CAUSES_OTHER] = .5,
	    [CAUSES_LATENCY] = 1,
	    [CAUSES_ERROR] = 1,
	    [CAUSES_AVAIL] = 1,
	    [CAUSES_CPU] = 1,
	    [CAUSES_MEMORY] = 1,
	    [CAUSES_SATURATION] = 1,
	    [CAUSES_RESTART] = 1,
	    [CAUSES_DISK] = .5,
	    [CAUSES_NETWORK] = .4,
	    [CAUSES_LOAD] = .4,
	    [CAUSES_INFO] = 0,
	};

	return weights[kind];
}

/* Mean of z over [from, to), NaN without points. */
static double
mean_between(const struct search *s, size_t from, size_t to)
{
	size_t n = s->count[to] - s->count[from];

	return n == 0 ? NAN : (s->sum[to] - s->sum[from]) / (double)n;
}

static bool
standardise(struct search *s, size_t i)
{
	const struct causes_series *series = causes_set_at(s->set, i);
	size_t points = causes_set_grid(s->set)->points;
	double full = causes_full_of(series, points), spread;
	size_t n = causes_points(series, &s->usual, full, s->scratch);
	struct causes_base base;

	if (n < USUAL_MIN)
		return false;
	base = causes_base_of(
	    s->scratch, n, s->stretch, s->floors[i], s->scratch + points);
	spread = fmax(base.up, base.down);
	s->sum[0] = 0;
	s->count[0] = 0;
	for (size_t t = 0; t < points; t++) {
		double v = series->v[t], z = 0;

		if (isfinite(v))
			z = ((full > 0 ? full - v : v) - base.median) / spread;
		z = fmin(fmax(z, -CLIP), CLIP);
		s->sum[t + 1] = s->sum[t] + z;
		s->count[t + 1] = s->count[t] + (isfinite(v) ? 1 : 0);
	}
	return true;
}

/* A service counts once, by what steps most: many series of one noisy
 * thing are no more than one. */
static void
add_gains(struct search *s, uint16_t service, double weight)
{
	size_t points = causes_set_grid(s->set)->points;
	size_t row = MIN((size_t)service, causes_set_services(s->set));
	float *gain = s->gain + row * points;

	for (size_t t = s->candidates.from; t < s->candidates.to; t++) {
		size_t from = t > s->stretch ? t - s->stretch : 0;
		double d =
		    fabs(mean_between(s, t, MIN(t + s->stretch, points)) -
			 mean_between(s, from, t));

		if (d > STEP_FROM)
			gain[t] = (float)fmax(gain[t],
			    weight * (d - STEP_FROM) * (d - STEP_FROM));
	}
}

static double
gain_at(const struct search *s, size_t t, uint16_t alert)
{
	size_t points = causes_set_grid(s->set)->points;
	double sum = 0;

	for (size_t i = 0; i <= causes_set_services(s->set); i++)
		sum += (double)s->gain[i * points + t] *
		       (i == alert ? ALERT_WEIGHT : 1);
	return sum;
}

/* The candidate with most gain; late alerts are less likely the later. */
static double
best_of(const struct search *s, double alert_s, uint16_t alert)
{
	const struct causes_grid *g = causes_set_grid(s->set);
	double best = NAN, most = 0;

	for (size_t t = s->candidates.from; t < s->candidates.to; t++) {
		double at = g->start_s + (double)t * g->step_s;
		double late = fmax(0, alert_s - at - TYPICAL_DELAY_S);
		double gain = gain_at(s, t, alert) * exp(-late / DELAY_DECAY_S);

		if (gain > most) {
			most = gain;
			best = at;
		}
	}
	if (isnan(best))
		best = alert_s - fmax(DEFAULT_DELAY_S, g->step_s);
	return best;
}

static int
by_point(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The point from which half of the series have samples. */
static size_t
history_from(const struct causes_set *set)
{
	size_t n = causes_set_count(set), k = 0, from;
	size_t points = causes_set_grid(set)->points;
	size_t *first = xcalloc(n + 1, sizeof(*first));

	for (size_t i = 0; i < n; i++) {
		const float *v = causes_set_at(set, i)->v;
		size_t t = 0;

		while (t < points && !isfinite(v[t]))
			t++;
		if (t < points)
			first[k++] = t;
	}
	qsort(first, k, sizeof(*first), by_point);
	from = k > 0 ? first[k / 2] : 0;
	free(first);
	return from;
}

/*
 * An alert needs a sample or so to fire: not in the last step before it.
 * Where samples do not reach back beyond the search (a Prometheus that was
 * just set up), the first third of them is what was usual, unless that is so
 * little that the alert's own time says more.
 */
static void
set_ranges(struct search *s, double alert_s)
{
	const struct causes_grid *g = causes_set_grid(s->set);
	double lead = fmax(CAUSES_LEAD_S, 2 * g->step_s);
	size_t young = history_from(s->set), third;

	s->candidates.from = causes_grid_point(g, alert_s - lead);
	s->candidates.to = causes_grid_point(
	    g, alert_s - fmin(g->step_s, 60) + g->step_s / 100);
	third = s->candidates.to > young ? (s->candidates.to - young) / 3 : 0;
	if (third >= YOUNG_MIN)
		s->candidates.from = MAX(s->candidates.from, young + third);
	s->usual.to = s->candidates.from;
	if (s->usual.to < USUAL_MIN)
		s->usual.to = s->candidates.to;
	s->usual.from =
	    s->usual.to > CAUSES_BASELINE ? s->usual.to - CAUSES_BASELINE : 0;
	s->stretch = (size_t)(STRETCH_S / g->step_s);
	s->stretch =
	    MIN(MAX(s->stretch, (size_t)STRETCH_MIN), (size_t)STRETCH_MAX);
}

double
causes_onset(const struct causes_set *set, double alert_s, uint16_t alert)
{
	size_t points = causes_set_grid(set)->points;
	struct search s = {.set = set};
	double best;

	set_ranges(&s, alert_s);
	s.floors = causes_floors(set, &s.usual);
	s.sum = xcalloc(points + 1, sizeof(*s.sum));
	s.count = xcalloc(points + 1, sizeof(*s.count));
	s.gain = xcalloc(
	    (causes_set_services(set) + 1) * points + 1, sizeof(*s.gain));
	s.scratch = xcalloc(4 * points + 1, sizeof(*s.scratch));
	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *series = causes_set_at(set, i);
		double w = kind_weight(series->kind);

		if (w > 0 && standardise(&s, i))
			add_gains(&s, series->service, w);
	}
	best = best_of(&s, alert_s, alert);
	free(s.floors);
	free(s.sum);
	free(s.count);
	free(s.gain);
	free(s.scratch);
	return best;
}
