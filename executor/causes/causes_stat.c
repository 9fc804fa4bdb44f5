/*
 * causes_stat.c - medians, spreads with floors, evidence.
 *
 * Invariant: a spread is never 0, so no score is ever infinite.
 */
#include "executor/causes/causes_stat.h"
#include "common/base/attr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SIGMA 1.4826
#define IQR_TO_SIGMA 1.349
#define LEVEL_FLOOR 0.05 /* a change of 5 % is one spread at least */
#define LEAST_SPREAD 1e-12
#define EPISODES 0.8 /* this share of stretches counts as usual */
#define EVIDENCE_FROM 2.0
#define EVIDENCE_MAX 8.0

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Most calls sort a handful of values: qsort costs more than it sorts. */
static void
sort(double *v, size_t n)
{
	if (n > 24) {
		qsort(v, n, sizeof(*v), compare);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		double x = v[i];
		size_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static double
sorted_quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return v[n - 1];
	return v[i] + (at - (double)i) * (v[i + 1] - v[i]);
}

double
causes_quantile(double *v, size_t n, double q)
{
	if (n == 0)
		return 0;
	sort(v, n);
	return sorted_quantile(v, n, q);
}

double
causes_median(double *v, size_t n)
{
	return causes_quantile(v, n, 0.5);
}

struct causes_halves
causes_halves_of(double *v, size_t n)
{
	struct causes_halves h = {0, 0};
	size_t k = (n + 1) / 2;

	if (n == 0)
		return h;
	sort(v, n);
	for (size_t i = 0; i < k; i++) {
		h.low += v[i];
		h.high += v[n - 1 - i];
	}
	h.low /= (double)k;
	h.high /= (double)k;
	return h;
}

/* How far stretches of m points went up and down from the median. */
static void
episodes(const double *v, size_t n, size_t m, double median, double *tmp,
    double *ret_up, double *ret_down)
{
	double *up = tmp, *down = tmp + n, *part = tmp + 2 * n;
	size_t stride = MAX(m / 2, (size_t)1), k = 0;

	for (size_t i = 0; i + m <= n; i += stride) {
		memcpy(part, v + i, m * sizeof(*v));
		struct causes_halves h = causes_halves_of(part, m);

		up[k] = h.high - median;
		down[k++] = median - h.low;
	}
	*ret_up = causes_quantile(up, k, EPISODES);
	*ret_down = causes_quantile(down, k, EPISODES);
}

struct causes_base
causes_base_of(const double *v, size_t n, size_t m, double floor, double *tmp)
{
	struct causes_base b = {0, LEAST_SPREAD, LEAST_SPREAD, LEAST_SPREAD};
	double iqr, mad, up, down;

	if (n == 0)
		return b;
	memcpy(tmp, v, n * sizeof(*v));
	b.median = causes_median(tmp, n);
	iqr = sorted_quantile(tmp, n, 0.75) - sorted_quantile(tmp, n, 0.25);
	for (size_t i = 0; i < n; i++)
		tmp[i] = fabs(v[i] - b.median);
	mad = causes_median(tmp, n);
	b.spread = fmax(mad * MAD_TO_SIGMA, iqr / IQR_TO_SIGMA);
	b.spread = fmax(b.spread, LEVEL_FLOOR * fabs(b.median));
	b.spread = fmax(b.spread, fmax(floor, LEAST_SPREAD));

	m = MIN(MAX(m, (size_t)1), MAX(n / 4, (size_t)1));
	episodes(v, n, m, b.median, tmp, &up, &down);
	b.up = fmax(b.spread, up);
	b.down = fmax(b.spread, down);
	return b;
}

double
causes_evidence(double z)
{
	if (!(z > EVIDENCE_FROM))
		return 0;
	return fmin(log2(z - EVIDENCE_FROM + 1), EVIDENCE_MAX);
}

double
causes_score(double weight, double half)
{
	return 1 / (1 + exp(half - weight));
}
