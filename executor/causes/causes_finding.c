/*
 * causes_finding.c - one series' change as a finding.
 *
 * Invariant: availability, which is compared as what is missing from it, is
 * told as itself again.
 */
#include "executor/causes/causes_finding.h"
#include "executor/causes/causes_names.h"

#include <math.h>
#include <string.h>

#define CLASS_FROM 0.7 /* evidence that makes a resource an explanation */
#define MEMORY_GROWTH 2.0

/* Is this use of something limited, near its limit? */
static bool
is_saturated(const struct causes_series *s, const struct causes_change *c)
{
	const char *unit = causes_unit_of(s->metric, s->form);

	if (s->kind != CAUSES_CPU && s->kind != CAUSES_MEMORY &&
	    s->kind != CAUSES_DISK && s->kind != CAUSES_SATURATION)
		return false;
	if (strcmp(unit, "percent") == 0)
		return c->high >= 80 && c->up_z > c->down_z;
	return strcmp(unit, "ratio") == 0 && c->high >= 0.8 && c->high <= 1.5;
}

/*
 * Within a service, what explains goes before what suffers: something at its
 * limit; memory that grew a lot (which costs CPU, while CPU costs no
 * memory); CPU, restarts and queues; then the rest.
 */
static int
class_of(
    const struct causes_series *s, const struct causes_change *c, double worth)
{
	if (s->shared || worth < CLASS_FROM)
		return worth >= 0.5 && !s->shared && is_saturated(s, c) ? 3 : 0;
	if (is_saturated(s, c))
		return 3;
	if (s->kind == CAUSES_MEMORY &&
	    c->high >= MEMORY_GROWTH * fmax(c->base.median, 1e-12))
		return 2;
	return s->kind == CAUSES_CPU || s->kind == CAUSES_RESTART ||
	       s->kind == CAUSES_SATURATION;
}

/* The first point since just before the onset outside the usual band. */
static double
began_at(const struct causes_set *set, const struct causes_finding *f,
    const struct causes_range *after)
{
	const struct causes_series *s = causes_set_at(set, f->series);
	const struct causes_grid *g = causes_set_grid(set);
	size_t t = after->from > 2 ? after->from - 2 : 0;

	for (; t < after->to; t++) {
		double v = s->v[t];

		if (isfinite(v) &&
		    (f->direction > 0 ? v > f->high : v < f->low))
			break;
	}
	if (t == after->to)
		t = after->from;
	return g->start_s + (double)t * g->step_s;
}

struct causes_finding
causes_finding_of(const struct causes_set *set, size_t i,
    const struct causes_change *c, double worth,
    const struct causes_range *after)
{
	const struct causes_series *s = causes_set_at(set, i);
	bool rose = c->known && c->up_z >= c->down_z;
	double wide = 2 * (rose ? c->base.up : c->base.down);
	struct causes_finding f = {.series = i,
	    .service = s->service,
	    .before = c->base.median,
	    .after = rose ? c->high : c->low,
	    .z = rose ? c->up_z : c->down_z,
	    .evidence = worth,
	    .direction = rose ? 1 : -1};

	if (!c->known)
		return f; /* gone: nothing after it */
	if (s->kind == CAUSES_AVAIL) {
		f.before = c->full - f.before;
		f.after = c->full - f.after;
		f.direction = -f.direction;
	}
	f.low = f.before - wide;
	f.high = f.before + wide;
	f.rank_class = rose ? class_of(s, c, worth) : 0;
	f.began_s = began_at(set, &f, after);
	return f;
}
