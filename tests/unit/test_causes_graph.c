/*
 * test_causes_graph.c - walks over who calls whom.
 *
 *	0 -> 1 -> 3        4 calls nobody and is called by nobody
 *	0 -> 2 -> 3 -> 0   (a cycle)
 */
#include "executor/causes/causes_graph.h"

#include "tests/harness/texts.h"

#include <check.h>
#include <stdlib.h>

static const struct causes_edge edges[] = {
    {0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 0}};
enum { N = 5 };

static struct causes_graph *
graph(size_t nedges)
{
	return causes_graph_new(N, edges, nedges);
}

START_TEST(neighbours_are_known_both_ways)
{
	struct causes_graph *g = graph(5);
	const uint16_t *near;

	ck_assert_uint_eq(causes_graph_callees(g, 0, &near), 2);
	ck_assert_uint_eq(near[0], 1);
	ck_assert_uint_eq(near[1], 2);
	ck_assert_uint_eq(causes_graph_callers(g, 3, &near), 2);
	ck_assert_uint_eq(causes_graph_callees(g, 4, &near), 0);
	causes_graph_free(g);
}
END_TEST

START_TEST(distances_survive_a_cycle)
{
	struct causes_graph *g = graph(5);
	uint16_t d[N];

	causes_graph_distances(g, 0, false, d);
	ck_assert_uint_eq(d[0], 0);
	ck_assert_uint_eq(d[1], 1);
	ck_assert_uint_eq(d[3], 2);
	ck_assert_uint_eq(d[4], UINT16_MAX);
	causes_graph_distances(g, 3, true, d);
	ck_assert_uint_eq(d[0], 2);
	causes_graph_free(g);
}
END_TEST

START_TEST(cover_halves_with_every_step_and_is_capped)
{
	struct causes_graph *g = graph(4); /* without the cycle */
	double symptom[N] = {4, 2, 0, 6, 9};
	uint16_t scratch[N];

	/* callers of 3: 1 (2), 2 (0); of those: 0 (4), halved */
	ck_assert_double_eq(
	    causes_graph_cover(g, 3, symptom, 100, scratch), 2 + 0 + 2);
	/* what it shows itself limits what it explains */
	ck_assert_double_eq(
	    causes_graph_cover(g, 3, symptom, 1, scratch), 1 + 0 + 0.5);
	ck_assert_double_eq(causes_graph_cover(g, 4, symptom, 100, scratch), 0);
	causes_graph_free(g);
}
END_TEST

START_TEST(path_goes_where_it_hurts_most)
{
	struct causes_graph *g = graph(5);
	double symptom[N] = {4, 1, 3, 6, 0};
	uint16_t path[8];

	ck_assert_uint_eq(causes_graph_path(g, 0, 3, symptom, path, 8), 3);
	ck_assert_uint_eq(path[0], 0);
	ck_assert_uint_eq(path[1], 2);
	ck_assert_uint_eq(path[2], 3);
	causes_graph_free(g);
}
END_TEST

START_TEST(path_to_oneself_is_one_and_to_nowhere_none)
{
	struct causes_graph *g = graph(5);
	double symptom[N] = {0};
	uint16_t path[8];

	ck_assert_uint_eq(causes_graph_path(g, 2, 2, symptom, path, 8), 1);
	ck_assert_uint_eq(causes_graph_path(g, 0, 4, symptom, path, 8), 0);
	ck_assert_uint_eq(causes_graph_path(g, 0, 3, symptom, path, 2), 0);
	causes_graph_free(g);
}
END_TEST

START_TEST(no_edges_is_a_graph_too)
{
	struct causes_graph *g = causes_graph_new(2, NULL, 0);
	double symptom[2] = {1, 1};
	uint16_t scratch[2];

	ck_assert_double_eq(causes_graph_cover(g, 0, symptom, 1, scratch), 0);
	causes_graph_free(g);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {neighbours_are_known_both_ways, 0},
	    {distances_survive_a_cycle, 0},
	    {cover_halves_with_every_step_and_is_capped, 0},
	    {path_goes_where_it_hurts_most, 0},
	    {path_to_oneself_is_one_and_to_nowhere_none, 0},
	    {no_edges_is_a_graph_too, 0},
	};

	return RUN_TESTS("causes_graph", tests);
}
