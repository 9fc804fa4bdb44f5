/*
 * causes_stat.h - robust statistics on short, dirty series.
 *
 * Everything takes plain doubles without NaN and survives constant input.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_STAT_H
#define EXECUTOR_CAUSES_CAUSES_STAT_H

#include <stddef.h>

/* These sort v. n == 0: 0. quantile interpolates linearly. */
double causes_median(double *v, size_t n);
double causes_quantile(double *v, size_t n, double q);

/* Half of the values, the greater and the smaller, as means. Sorts v; with
 * an odd n the middle counts in both. */
struct causes_halves {
	double high, low;
};
struct causes_halves causes_halves_of(double *v, size_t n);

struct causes_base {
	double median;
	double spread; /* greatest of 1.4826 MAD, IQR / 1.349 and the floors */
	double up, down; /* spread that allows for earlier episodes: what
			  * stretches as long as the one in question did
			  * before, up to the 80th of 100 */
};

/*
 * What was usual: v in order of time, of which stretches of m points are
 * compared; floor is an absolute least spread, besides 5 % of the median.
 * tmp holds 3 n.
 */
struct causes_base causes_base_of(
    const double *v, size_t n, size_t m, double floor, double *tmp);

/* Spreads beyond 2 as bits of evidence: log2(z - 1), at most 8. */
double causes_evidence(double z);

/* Evidence of a whole case as a number between 0 and 1: 0.5 at usual. */
double causes_score(double weight, double half);

#endif
