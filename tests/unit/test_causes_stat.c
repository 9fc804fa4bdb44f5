/*
 * test_causes_stat.c - find_causes' statistics, on numbers worked by hand.
 */
#include "common/base/attr.h"
#include "executor/causes/causes_stat.h"

#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

START_TEST(median_of_even_count_is_the_mean_of_the_middle)
{
	double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2}, one[] = {7};

	ck_assert_double_eq(causes_median(odd, 3), 5);
	ck_assert_double_eq(causes_median(even, 4), 2.5);
	ck_assert_double_eq(causes_median(one, 1), 7);
	ck_assert_double_eq(causes_median(NULL, 0), 0);
}
END_TEST

START_TEST(quantile_interpolates_between_neighbours)
{
	double v[] = {10, 20, 30, 40, 50};

	ck_assert_double_eq(causes_quantile(v, 5, 0.25), 20);
	ck_assert_double_eq_tol(causes_quantile(v, 5, 0.9), 46, 1e-9);
	ck_assert_double_eq(causes_quantile(v, 5, 1), 50);
	ck_assert_double_eq(causes_quantile(v, 5, 0), 10);
}
END_TEST

START_TEST(long_series_are_sorted_as_well_as_short_ones)
{
	double v[101];

	for (int i = 0; i < 101; i++)
		v[i] = (i * 37) % 101;
	ck_assert_double_eq(causes_median(v, 101), 50);
	for (int i = 1; i < 101; i++)
		ck_assert_double_le(v[i - 1], v[i]);
}
END_TEST

START_TEST(halves_share_the_middle_of_an_odd_count)
{
	double v[] = {1, 2, 9};
	struct causes_halves h = causes_halves_of(v, 3);

	ck_assert_double_eq(h.high, 5.5);
	ck_assert_double_eq(h.low, 1.5);
}
END_TEST

START_TEST(spread_is_the_scaled_median_deviation)
{
	/* median 100, deviations 10 and 20 and 0: their median is 10; the
	 * quartiles 90 and 110 give 20 / 1.349 = 14.826. */
	double v[] = {80, 90, 100, 110, 120}, tmp[15];
	struct causes_base b = causes_base_of(v, 5, 1, 0, tmp);

	ck_assert_double_eq(b.median, 100);
	ck_assert_double_eq_tol(b.spread, 14.826, 0.01);
}
END_TEST

START_TEST(constant_series_have_a_floor_instead_of_no_spread)
{
	double v[] = {8, 8, 8, 8}, zero[] = {0, 0, 0, 0}, tmp[12];

	ck_assert_double_eq_tol(
	    causes_base_of(v, 4, 1, 0, tmp).spread, 0.4, 1e-9);
	ck_assert_double_eq_tol(
	    causes_base_of(v, 4, 1, 3, tmp).spread, 3, 1e-9);
	ck_assert_double_gt(causes_base_of(zero, 4, 1, 0, tmp).spread, 0);
}
END_TEST

START_TEST(rounding_error_is_not_a_spread)
{
	double v[40], tmp[120];

	for (int i = 0; i < 40; i++)
		v[i] = 0.1 + (i % 2) * 1e-17;
	ck_assert_double_ge(causes_base_of(v, 40, 5, 0, tmp).spread, 0.005);
}
END_TEST

START_TEST(one_outlier_before_leaves_the_spread_alone)
{
	double v[21], tmp[63];

	for (int i = 0; i < 21; i++)
		v[i] = 100 + i % 3;
	v[4] = 1e6;
	ck_assert_double_le(causes_base_of(v, 21, 2, 0, tmp).up, 6);
}
END_TEST

START_TEST(episodes_that_keep_coming_back_are_usual)
{
	/* Two points in twelve at 50: a third of all stretches of 4 reach
	 * it, while quartiles and deviations do not. */
	double v[60], tmp[180];

	for (int i = 0; i < 60; i++)
		v[i] = i % 12 < 2 ? 50 : 10;
	ck_assert_double_eq(causes_base_of(v, 60, 4, 0, tmp).up, 40);
	ck_assert_double_eq(causes_base_of(v, 60, 4, 0, tmp).down, 0.5);
}
END_TEST

START_TEST(evidence_begins_beyond_two_spreads_and_is_bounded)
{
	ck_assert_double_eq(causes_evidence(2), 0);
	ck_assert_double_eq(causes_evidence(-50), 0);
	ck_assert_double_eq(causes_evidence(NAN), 0);
	ck_assert_double_eq(causes_evidence(3), 1);
	ck_assert_double_eq(causes_evidence(9), 3);
	ck_assert_double_eq(causes_evidence(1e30), 8);
}
END_TEST

START_TEST(score_is_a_half_where_it_is_said_to_be)
{
	ck_assert_double_eq(causes_score(4, 4), 0.5);
	ck_assert_double_lt(causes_score(0, 4), 0.05);
	ck_assert_double_gt(causes_score(12, 4), 0.99);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {median_of_even_count_is_the_mean_of_the_middle, 0},
	    {quantile_interpolates_between_neighbours, 0},
	    {long_series_are_sorted_as_well_as_short_ones, 0},
	    {halves_share_the_middle_of_an_odd_count, 0},
	    {spread_is_the_scaled_median_deviation, 0},
	    {constant_series_have_a_floor_instead_of_no_spread, 0},
	    {rounding_error_is_not_a_spread, 0},
	    {one_outlier_before_leaves_the_spread_alone, 0},
	    {episodes_that_keep_coming_back_are_usual, 0},
	    {evidence_begins_beyond_two_spreads_and_is_bounded, 0},
	    {score_is_a_half_where_it_is_said_to_be, 0},
	};

	return RUN_TESTS("causes_stat", tests);
}
