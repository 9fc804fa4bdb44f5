/* world_over_time.c - ranges and subqueries, and what functions make of them.
 */
#include "tests/harness/world_promql_in.h"

#include "common/base/rc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
promql_course_add(struct promql_course *c, double t, double v)
{
	if (c->n == 0)
		*c = (struct promql_course){
		    .first = v, .first_t = t, .min = v, .max = v, .last = v};
	c->changes += v != c->last;
	c->last = v;
	c->last_t = t;
	c->sum += v;
	c->min = fmin(c->min, v);
	c->max = fmax(c->max, v);
	c->n++;
}

/* NAN: no value. */
static double
course_value(const struct promql_course *c, const char *fn, double range)
{
	double grown = c->last - c->first, span = c->last_t - c->first_t;

	if (strcmp(fn, "rate") == 0 || strcmp(fn, "irate") == 0)
		return c->n < 2 ? NAN : grown / span;
	if (strcmp(fn, "increase") == 0)
		return c->n < 2 ? NAN : grown / span * range;
	if (strcmp(fn, "delta") == 0)
		return c->n < 2 ? NAN : grown;
	if (strcmp(fn, "changes") == 0 || strcmp(fn, "resets") == 0)
		return c->changes;
	if (strcmp(fn, "sum_over_time") == 0)
		return c->sum;
	if (strcmp(fn, "avg_over_time") == 0)
		return c->sum / c->n;
	if (strcmp(fn, "min_over_time") == 0)
		return c->min;
	if (strcmp(fn, "max_over_time") == 0)
		return c->max;
	if (strcmp(fn, "last_over_time") == 0)
		return c->last;
	if (strcmp(fn, "count_over_time") == 0)
		return c->n;
	return strcmp(fn, "present_over_time") == 0 ? 1 : NAN;
}

static void
put_course(struct world_vector *out, const struct promql_course *c,
    const char *fn, double range, const struct world_labels *labels)
{
	double v = c->n > 0 ? course_value(c, fn, range) : NAN;

	if (isnan(v))
		return;
	promql_drop_name(&world_vector_add(out, labels, v)->labels);
}

struct world_vector
promql_over_samples(struct promql *range, double t, const char *fn)
{
	struct promql *of = range->args[0];
	double until = t - range->offset - of->offset;
	double from = until - range->range;
	struct world_vector out = {0};

	promql_match(of);
	for (int i = 0; i < of->n_matched; i++) {
		const struct world_series *s = of->matched[i];
		double at = (floor(from / WORLD_SCRAPE_S) + 1) * WORLD_SCRAPE_S;
		struct promql_course c = {.n = 0};

		at = fmax(at,
		    floor(of->world->begin / WORLD_SCRAPE_S) * WORLD_SCRAPE_S);
		for (; at <= until; at += WORLD_SCRAPE_S) {
			double v = world_sample(of->world, s, at);

			if (!isnan(v))
				promql_course_add(&c, at, v);
		}
		put_course(&out, &c, fn, range->range, &s->labels);
	}
	return out;
}

struct world_vector
promql_over_subquery(struct promql *range, double t, const char *fn)
{
	double until = t - range->offset, step = range->step;
	double at = (floor((until - range->range) / step) + 1) * step;
	struct world_vector out = {0};
	auto_vector all = {0};
	struct promql_course *courses = NULL;

	for (; at <= until; at += step) {
		auto_vector v = world_promql_at(range->args[0], at);

		for (int i = 0; i < v.n; i++) {
			int k = promql_find(&all, v.at[i].key);

			if (k < 0) {
				k = all.n;
				world_vector_add(&all, &v.at[i].labels, 0);
				courses = xrealloc(courses,
				    (size_t)all.cap * sizeof(*courses));
				courses[k] = (struct promql_course){.n = 0};
			}
			promql_course_add(&courses[k], at, v.at[i].v);
		}
	}
	for (int i = 0; i < all.n; i++)
		put_course(
		    &out, &courses[i], fn, range->range, &all.at[i].labels);
	free(courses);
	return out;
}

bool
world_promql_raw(struct promql *q, double t,
    void (*each)(void *ctx, const struct world_labels *l, double t, double v),
    void *ctx)
{
	struct promql *of = q->args[0];

	if (q->kind != Q_RANGED || of->kind != Q_SELECT || q->step > 0)
		return false;
	promql_match(of);
	for (int i = 0; i < of->n_matched; i++) {
		const struct world_series *s = of->matched[i];
		double at = (floor((t - q->range) / WORLD_SCRAPE_S) + 1) *
			    WORLD_SCRAPE_S;

		for (; at <= t; at += WORLD_SCRAPE_S) {
			double v = world_sample(of->world, s, at);

			if (!isnan(v))
				each(ctx, &s->labels, at, v);
		}
	}
	return true;
}
