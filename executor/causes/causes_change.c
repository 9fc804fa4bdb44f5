/*
 * causes_change.c - before and after, series by series.
 *
 * Invariant: values are compared in a form in which "more" is what a fault
 * does: availability is read as its complement.
 */
#include "executor/causes/causes_change.h"

#include <math.h>
#include <stdlib.h>

#define FAMILY_FLOOR 0.1
#define AVAIL_FLOOR 0.005
#define EVE_S 180.0
#define HISTORY_TAIL 0.1
enum { BEFORE_MIN = 3, AFTER_MIN = 1, GONE_MIN = 10, HISTORY_MIN = 20 };

double
causes_full_of(const struct causes_series *s, size_t points)
{
	double most = 0;

	if (s->kind != CAUSES_AVAIL)
		return 0;
	for (size_t i = 0; i < points; i++)
		if (s->v[i] > most)
			most = s->v[i];
	return most > 1.5 ? 100 : 1;
}

size_t
causes_points(const struct causes_series *s, const struct causes_range *range,
    double full, double *out)
{
	size_t n = 0;

	for (size_t i = range->from; i < range->to; i++) {
		double v = s->v[i];

		if (isfinite(v))
			out[n++] = full > 0 ? full - v : v;
	}
	return n;
}

/* ---- floors ---- */

struct level {
	uint16_t family;
	double median;
};

static int
by_family(const void *a, const void *b)
{
	const struct level *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return (x->median > y->median) - (x->median < y->median);
}

static size_t
levels_of(const struct causes_set *set, const struct causes_range *before,
    struct level *levels)
{
	double *v = xcalloc(before->to - before->from + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *s = causes_set_at(set, i);
		size_t k = causes_points(s, before, 0, v);

		if (k < BEFORE_MIN)
			continue;
		for (size_t j = 0; j < k; j++)
			v[j] = fabs(v[j]);
		levels[n++] = (struct level){s->family, causes_median(v, k)};
	}
	free(v);
	qsort(levels, n, sizeof(*levels), by_family);
	return n;
}

/* The median level of each family, by its number. */
static double *
family_levels(const struct causes_set *set, const struct causes_range *before)
{
	size_t count = causes_set_count(set), n, end;
	struct level *levels = xcalloc(count + 1, sizeof(*levels));
	double *typical = xcalloc(UINT16_MAX + 1, sizeof(*typical));

	n = levels_of(set, before, levels);
	for (size_t i = 0; i < n; i = end) {
		for (end = i; end < n && levels[end].family == levels[i].family;
		     end++)
			;
		typical[levels[i].family] =
		    (levels[i + (end - i) / 2].median +
			levels[i + (end - i - 1) / 2].median) /
		    2;
	}
	free(levels);
	return typical;
}

double *
causes_floors(const struct causes_set *set, const struct causes_range *before)
{
	size_t count = causes_set_count(set);
	size_t points = causes_set_grid(set)->points;
	double *floors = xcalloc(count + 1, sizeof(*floors));
	double *typical = family_levels(set, before);

	for (size_t i = 0; i < count; i++) {
		const struct causes_series *s = causes_set_at(set, i);
		double full = causes_full_of(s, points);

		floors[i] = full > 0 ? AVAIL_FLOOR * full
				     : FAMILY_FLOOR * typical[s->family];
	}
	free(typical);
	return floors;
}

/* ---- changes ---- */

/*
 * What had changed before the onset is another episode's doing, or none's.
 * v: the last points before it, of which half must show it.
 */
static void
set_early(struct causes_change *c, double *v, size_t n)
{
	double median = causes_median(v, n), usual = c->base.median;

	if (c->high > usual)
		c->up_early = (median - usual) / (c->high - usual);
	if (c->low < usual)
		c->down_early = (usual - median) / (usual - c->low);
}

/* Points just before the onset that are looked at, of some three minutes. */
static struct causes_range
eve_of(const struct causes_set *set, const struct causes_range *before)
{
	double n = floor(EVE_S / causes_set_grid(set)->step_s);
	size_t k = n < 1 ? 1 : (size_t)n;

	return (struct causes_range){
	    before->to - MIN(k, before->to - before->from), before->to};
}

/*
 * What eight hours in ten know is usual too, at whatever time of day: the
 * spreads reach as far as the days before did.
 */
static void
allow_history(struct causes_change *c, const struct causes_series *s, double *v)
{
	size_t n = 0;

	for (size_t i = 0; s->history != NULL && i < CAUSES_HISTORY; i++)
		if (isfinite(s->history[i]))
			v[n++] = c->full > 0 ? c->full - s->history[i]
					     : s->history[i];
	if (n < HISTORY_MIN)
		return;
	c->base.up = fmax(c->base.up,
	    causes_quantile(v, n, 1 - HISTORY_TAIL) - c->base.median);
	c->base.down = fmax(
	    c->base.down, c->base.median - causes_quantile(v, n, HISTORY_TAIL));
}

static struct causes_change
change_of(const struct causes_series *s, const struct causes_range *before,
    const struct causes_range *after, const struct causes_range *eve,
    double floor, size_t points, double *scratch)
{
	struct causes_change c = {.full = causes_full_of(s, points)};
	double *b = scratch, *a = b + points, *tmp = a + points;
	size_t nb = causes_points(s, before, c.full, b);
	size_t na = causes_points(s, after, c.full, a);
	struct causes_halves h;

	c.before = nb;
	c.gone = na == 0 && after->to - after->from >= 2 && nb >= GONE_MIN &&
		 nb * 10 >= (before->to - before->from) * 9;
	if (nb < BEFORE_MIN || na < AFTER_MIN)
		return c;
	c.known = true;
	c.base = causes_base_of(b, nb, na, floor, tmp);
	h = causes_halves_of(a, na);
	c.high = h.high;
	c.low = h.low;
	allow_history(&c, s, tmp);
	set_early(&c, b, causes_points(s, eve, c.full, b));
	c.up_z = (h.high - c.base.median) / c.base.up;
	c.down_z = (c.base.median - h.low) / c.base.down;
	return c;
}

struct causes_change *
causes_changes(const struct causes_set *set, const struct causes_range *before,
    const struct causes_range *after)
{
	size_t n = causes_set_count(set);
	size_t points = causes_set_grid(set)->points;
	struct causes_change *changes = xcalloc(n + 1, sizeof(*changes));
	double *floors = causes_floors(set, before);
	double *scratch =
	    xcalloc(5 * points + CAUSES_HISTORY + 1, sizeof(*scratch));
	struct causes_range eve = eve_of(set, before);

	for (size_t i = 0; i < n; i++)
		changes[i] = change_of(causes_set_at(set, i), before, after,
		    &eve, floors[i], points, scratch);
	free(scratch);
	free(floors);
	return changes;
}
