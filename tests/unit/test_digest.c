/*
 * test_digest.c - series boiled down to figures, against plain arithmetic.
 */
#include "common/base/when.h"
#include "common/json/json.h"
#include "executor/tools/digest.h"
#include "executor/tools/tool.h"
#include "tests/harness/texts.h"

#include <math.h>
#include <stdlib.h>

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
plain_median(const double *v, size_t n)
{
	double sorted[1000];

	memcpy(sorted, v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return n % 2 == 1 ? sorted[n / 2]
			  : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/* One series of n samples at 1 s, over a range of 2 n seconds: all of them
 * are in the first half. */
static cJSON *
figures(const double *v, size_t n)
{
	static const struct prom_labels labels = {.n = 0};
	AUTO(digest) d = digest_new(1, 1 + 2 * (double)n);
	AUTO(json) tree = NULL;
	struct err err;
	size_t i;

	ck_assert(digest_sink.series(d, &labels, &err) == RC_OK);
	for (i = 0; i < n; i++)
		ck_assert(
		    digest_sink.sample(d, 1 + (double)i, v[i], &err) == RC_OK);
	ck_assert(digest_sink.series_end(d, &err) == RC_OK);
	tree = digest_tree(d);
	return cJSON_DetachItemFromArray(
	    cJSON_GetObjectItem(tree, "series"), 0);
}

static double
get(const cJSON *o, const char *key)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItem(o, key));
}

START_TEST(the_baseline_is_the_median_whatever_the_order_and_the_ties)
{
	unsigned seed = 11;
	int round;

	for (round = 0; round < 3000; round++) {
		double v[200], sum = 0;
		size_t i, n = 1 + (size_t)rand_r(&seed) % 199;
		int range = 1 + rand_r(&seed) % (round % 3 == 0 ? 3 : 10000);
		AUTO(json) f = NULL;

		for (i = 0; i < n; i++)
			sum += v[i] = rand_r(&seed) % range - range / 3;
		if (round % 5 == 0)
			qsort(v, n, sizeof(*v), by_value);
		f = figures(v, n);
		ck_assert(get(f, "baseline") == plain_median(v, n));
		ck_assert(get(f, "n") == (double)n);
		ck_assert(fabs(get(f, "mean") - sum / (double)n) < 1e-6);
		qsort(v, n, sizeof(*v), by_value);
		ck_assert(get(f, "min") == v[0] && get(f, "max") == v[n - 1]);
	}
}
END_TEST

/* Times of samples over [0, 100], and the longest stretch without. */
static const struct {
	double times[6], from, to;
	size_t n;
} holes[] = {
    {{0, 10, 20, 30, 40, 50}, 0, 0, 6},
    {{0, 10, 20, 60, 70, 80}, 20, 60, 6},
    {{0, 20, 30, 80, 90, 100}, 30, 80, 6},
    {{0, 90}, 0, 0, 2},
    {{50}, 0, 0, 1},
};

START_TEST(the_longest_hole_between_samples_is_told)
{
	static const struct prom_labels labels = {.n = 0};
	AUTO(digest) d = digest_new(0, 100);
	AUTO(json) tree = NULL;
	const cJSON *f;
	struct err err;
	int64_t from = 0, to = 0;

	ck_assert(digest_sink.series(d, &labels, &err) == RC_OK);
	for (size_t i = 0; i < holes[_i].n; i++)
		ck_assert(digest_sink.sample(d, holes[_i].times[i], 1, &err) ==
			  RC_OK);
	ck_assert(digest_sink.series_end(d, &err) == RC_OK);
	tree = digest_tree(d);
	f = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "series"), 0);
	ck_assert(cJSON_HasObjectItem(f, "hole_to") == (holes[_i].to > 0));
	if (holes[_i].to <= 0)
		return;
	ck_assert(when_rfc3339(span_of(json_str(f, "hole_from")), &from,
		      NULL) == RC_OK);
	ck_assert(
	    when_rfc3339(span_of(json_str(f, "hole_to")), &to, NULL) == RC_OK);
	ck_assert_int_eq(from, (int64_t)holes[_i].from * 1000);
	ck_assert_int_eq(to, (int64_t)holes[_i].to * 1000);
}
END_TEST

START_TEST(infinities_and_gaps_do_not_upset_the_figures)
{
	static const double odd[] = {NAN, INFINITY, 1, NAN, -INFINITY, 2};
	static const double none[] = {NAN, NAN};
	AUTO(json) f = figures(odd, ARRAY_LEN(odd));
	AUTO(json) g = figures(none, ARRAY_LEN(none));

	ck_assert_str_eq(json_str(f, "max"), "+Inf");
	ck_assert_str_eq(json_str(f, "min"), "-Inf");
	ck_assert(get(f, "nan") == 2 && get(f, "n") == 6);
	ck_assert(get(f, "baseline") == 1.5);
	ck_assert_str_eq(json_str(g, "value"), "NaN");
}
END_TEST

START_TEST(a_series_without_end_is_refused)
{
	static const struct prom_labels labels = {.n = 0};
	AUTO(digest) d = digest_new(0, 1);
	struct err err = {0};
	enum rc rc = digest_sink.series(d, &labels, &err);
	int i;

	for (i = 0; i < DIGEST_SAMPLES_MAX && rc == RC_OK; i++)
		rc = digest_sink.sample(d, i, i, &err);
	ck_assert_int_eq(rc, RC_OK);
	ck_assert_int_eq(digest_sink.sample(d, i, i, &err), RC_TOOBIG);
	assert_contains(err.text, "use a longer step");
}
END_TEST

START_TEST(series_with_long_labels_are_left_out_beyond_the_budget)
{
	AUTO(digest) d = digest_new(0, 0);
	AUTO(json) tree = NULL;
	auto_buf text = {.max = 4 << 20}, big = {.max = 20000};
	struct prom_labels labels = {.n = 1};
	struct err err;
	int i;

	while (big.len < 16000)
		buf_adds(&big, "0123456789");
	labels.list[0] = (struct prom_label){span_of("x"), buf_span(&big)};
	for (i = 0; i < 40; i++)
		ck_assert(digest_sink.series(d, &labels, &err) == RC_OK &&
			  digest_sink.sample(d, 1, i, &err) == RC_OK &&
			  digest_sink.series_end(d, &err) == RC_OK);
	tree = digest_tree(d);
	json_print(&text, tree);
	ck_assert_uint_lt(text.len, TOOL_DATA_MAX);
	ck_assert_int_gt(
	    cJSON_GetArraySize(cJSON_GetObjectItem(tree, "series")), 5);
	ck_assert(get(tree, "series_left_out") > 20);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_baseline_is_the_median_whatever_the_order_and_the_ties, 0},
	    {the_longest_hole_between_samples_is_told, ARRAY_LEN(holes)},
	    {infinities_and_gaps_do_not_upset_the_figures, 0},
	    {a_series_without_end_is_refused, 0},
	    {series_with_long_labels_are_left_out_beyond_the_budget, 0},
	};

	return RUN_TESTS("digest", tests);
}
