/*
 * test_route.c - the graph's validation, and routing over every node and
 * every combination of facts, against an oracle written from the design.
 */
#include "supervisor/run/graph.h"
#include "supervisor/run/route.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

/* ---- the table ---- */

static const struct edge good[] = {
	{ NODE_START, WHEN_ALWAYS, NODE_SUPERVISOR },
	{ NODE_SUPERVISOR, WHEN_GOES_ON, NODE_PLANNER },
	{ NODE_SUPERVISOR, WHEN_ENDS, NODE_END },
	{ NODE_PLANNER, WHEN_STEPS, NODE_EXECUTOR },
	{ NODE_PLANNER, WHEN_NO_STEPS, NODE_SUPERVISOR },
	{ NODE_EXECUTOR, WHEN_ALWAYS, NODE_SUPERVISOR },
};

START_TEST(the_graph_of_the_design_is_the_one_in_force)
{
	struct err err = {0};
	size_t i;

	ck_assert_msg(graph_validate(&graph_main, &err) == RC_OK, "%s",
	    err.text);
	ck_assert_uint_eq(graph_main.n, ARRAY_LEN(good));
	for (i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(graph_main.edges[i].from == good[i].from &&
			graph_main.edges[i].when == good[i].when &&
			graph_main.edges[i].to == good[i].to, "edge %zu", i);
}
END_TEST

enum { ADDED = 6 };

/* The good table with one edge replaced, or added at its end. */
static const struct {
	const char *label;
	size_t at;
	struct edge edge;
	const char *says;
} defects[] = {
	{"back to start", 5, {NODE_EXECUTOR, WHEN_ALWAYS, NODE_START},
	    "back to start"},
	{"out of end", ADDED, {NODE_END, WHEN_ALWAYS, NODE_PLANNER},
	    "node end has 1 edges"},
	{"twice one condition", ADDED,
	    {NODE_PLANNER, WHEN_STEPS, NODE_SUPERVISOR}, "one condition"},
	{"twice always", ADDED, {NODE_EXECUTOR, WHEN_ALWAYS, NODE_PLANNER},
	    "one condition"},
	{"without its opposite", 2, {NODE_EXECUTOR, WHEN_ENDS, NODE_END},
	    "leaves open"},
	{"the wrong opposite", 4,
	    {NODE_PLANNER, WHEN_ENDS, NODE_SUPERVISOR}, "leaves open"},
	{"always and a condition", ADDED,
	    {NODE_EXECUTOR, WHEN_ENDS, NODE_END}, "leaves open"},
	{"end not reached", 2, {NODE_SUPERVISOR, WHEN_ENDS, NODE_PLANNER},
	    "between start and end"},
	{"executor not reached", 3,
	    {NODE_PLANNER, WHEN_STEPS, NODE_SUPERVISOR},
	    "between start and end"},
	{"a loop without a way out", 5,
	    {NODE_EXECUTOR, WHEN_ALWAYS, NODE_EXECUTOR},
	    "between start and end"},
};

START_TEST(every_defect_of_a_graph_is_refused)
{
	struct edge edges[ADDED + 1];
	struct graph g = {edges, MAX(ADDED, defects[_i].at + 1)};
	struct err err = {0};

	memcpy(edges, good, sizeof(good));
	edges[defects[_i].at] = defects[_i].edge;
	ck_assert_msg(graph_validate(&g, &err) == RC_INVALID, "%s",
	    defects[_i].label);
	assert_contains(err.text, defects[_i].says);
}
END_TEST

START_TEST(a_graph_without_any_one_of_its_edges_is_refused)
{
	size_t gone, i;

	for (gone = 0; gone < ARRAY_LEN(good); gone++) {
		struct edge edges[ARRAY_LEN(good)];
		struct graph g = {edges, 0};
		struct err err = {0};

		for (i = 0; i < ARRAY_LEN(good); i++)
			if (i != gone)
				edges[g.n++] = good[i];
		ck_assert_int_eq(graph_validate(&g, &err), RC_INVALID);
		ck_assert_uint_gt(strlen(err.text), 0);
	}
	ck_assert_int_eq(graph_validate(&(struct graph){good, 0},
	    &(struct err){0}), RC_INVALID);
}
END_TEST

START_TEST(node_names_read_back)
{
	struct err err = {0};
	int n;

	for (n = 0; n < NODE_COUNT; n++) {
		enum node back = NODE_END;

		ck_assert_int_eq(node_parse(node_name((enum node)n), &back,
		    &err), RC_OK);
		ck_assert_int_eq(back, n);
	}
	ck_assert_int_eq(node_parse("Planner", &(enum node){NODE_END}, &err),
	    RC_INVALID);
	assert_contains(err.text, "Planner");
}
END_TEST

START_TEST(the_picture_names_every_edge)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	graph_mermaid(&graph_main, f);
	fclose(f);
	assert_contains(text, "flowchart LR\n");
	assert_contains(text, "start --> supervisor\n");
	assert_contains(text, "planner -->|\"EXECUTE\"| executor\n");
	assert_contains(text, "planner -->|\"PLAN, FINISH\"| supervisor\n");
	assert_contains(text, "executor --> supervisor\n");
	assert_contains(text, "supervisor -->|\"else\"| planner\n");
	assert_contains(text, "| end_\n");
	free(text);
}
END_TEST

/* ---- routing ---- */

static const int64_t iterations[] = {0, 1, 9, 10, 11, INT64_MAX};
static const int64_t failures[] = {0, 1, 2, 3, 4, INT64_MAX};
static const int64_t turns[] = {0, 1, 23, 24, 25, INT64_MAX};

static const enum node lacking[] = {NODE_START, NODE_PLANNER, NODE_EXECUTOR};

/* 4: none, PLAN, EXECUTE, FINISH; 16: the four flags; 3: who is missing. */
enum { COMBINATIONS = 6 * 6 * 6 * 4 * 16 * 3 };

static struct facts
facts_of(int n)
{
	struct facts f = {0};
	int d;

	f.iteration = iterations[n % 6];
	f.failures = failures[n / 6 % 6];
	f.turns = turns[n / 36 % 6];
	d = n / 216 % 4;
	f.has_decision = d > 0;
	f.decision = d > 0 ? (enum plan_decision)(d - 1) : PLAN_DECISION_PLAN;
	f.deadline_passed = (n / 864 & 1) != 0;
	f.cancelled = (n / 864 & 2) != 0;
	f.planner_failed = (n / 864 & 4) != 0;
	f.unread = (n / 6912 & 1) != 0;
	f.lacks = lacking[n / 13824];
	return f;
}

/* Of whatever else it was, nothing is known. */
START_TEST(a_run_that_is_given_up_ends_as_that)
{
	static const enum ending given_up[] = {
	    ENDING_DIED, ENDING_UNREADABLE};
	size_t i;
	int n;

	for (n = 0; n < COMBINATIONS; n++) {
		for (i = 0; i < ARRAY_LEN(given_up); i++) {
			struct facts f = facts_of(n);

			f.given_up = given_up[i];
			ck_assert_int_eq(route_ending(&f), given_up[i]);
			ck_assert_int_eq(
			    route_next(&graph_main, NODE_SUPERVISOR, &f),
			    NODE_END);
		}
	}
	ck_assert_str_eq(ending_name(ENDING_DIED), "supervisor_died");
	ck_assert_str_eq(ending_status(ENDING_DIED), "failed");
	ck_assert_str_eq(ending_name(ENDING_UNREADABLE), "unreadable");
	ck_assert_str_eq(ending_status(ENDING_UNREADABLE), "failed");
}
END_TEST

static bool
finished(const struct facts *f)
{
	return f->has_decision && f->decision == PLAN_DECISION_FINISH;
}

/* What the design says, each reason by itself, then by rank. */
static const char *
oracle(const struct facts *f)
{
	const struct {
		bool holds;
		const char *name;
	} reasons[] = {
		{f->cancelled, "cancelled"},
		{f->planner_failed, "planner_failed"},
		{finished(f) && f->unread, "nothing_read"},
		{finished(f), "finish"},
		{f->deadline_passed && f->lacks == NODE_EXECUTOR,
		    "no_executor"},
		{f->deadline_passed && f->lacks == NODE_PLANNER, "no_planner"},
		{f->deadline_passed, "deadline"},
		{f->failures > 2, "tool_failed"},
		{f->iteration > 9, "rounds"},
		{f->turns > 23, "turns"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].holds)
			return reasons[i].name;
	return "none";
}

static const char *
oracle_next(enum node n, const struct facts *f)
{
	bool execute = f->has_decision &&
	    f->decision == PLAN_DECISION_EXECUTE;

	switch (n) {
	case NODE_START:
	case NODE_EXECUTOR:
		return "supervisor";
	case NODE_SUPERVISOR:
		return strcmp(oracle(f), "none") == 0 ? "planner" : "end";
	case NODE_PLANNER:
		return execute ? "executor" : "supervisor";
	case NODE_END:
		break;
	}
	ck_abort();
}

START_TEST(every_node_and_every_combination_of_facts_goes_where_it_should)
{
	int i, n;

	for (i = 0; i < COMBINATIONS; i++) {
		struct facts f = facts_of(i);

		ck_assert_msg(strcmp(ending_name(route_ending(&f)),
		    oracle(&f)) == 0, "combination %d: %s, not %s", i,
		    ending_name(route_ending(&f)), oracle(&f));
		for (n = 0; n < NODE_END; n++)
			ck_assert_msg(strcmp(node_name(route_next(&graph_main,
			    (enum node)n, &f)), oracle_next((enum node)n,
			    &f)) == 0, "combination %d at node %d", i, n);
	}
}
END_TEST

START_TEST(cancel_comes_before_everything_and_finish_before_the_limits)
{
	struct facts f = {.has_decision = true,
	    .decision = PLAN_DECISION_FINISH, .iteration = 10, .turns = 24,
	    .failures = 3, .deadline_passed = true};

	ck_assert_str_eq(ending_status(route_ending(&f)), "completed");
	f.unread = true;
	ck_assert_str_eq(ending_status(route_ending(&f)), "incomplete");
	f.planner_failed = true;
	ck_assert_str_eq(ending_status(route_ending(&f)), "failed");
	f.cancelled = true;
	ck_assert_str_eq(ending_status(route_ending(&f)), "cancelled");
}
END_TEST

/* Follows a planner that never finishes. */
static int
rounds_walked(enum plan_decision d, int *ret_turns)
{
	struct facts f = {0};
	enum node n = NODE_START;
	int rounds = 0, moves = 0;

	*ret_turns = 0;
	while (n != NODE_END) {
		ck_assert_int_lt(++moves, 1000);
		n = route_next(&graph_main, n, &f);
		if (n == NODE_PLANNER) {
			f.has_decision = true;
			f.decision = d;
			f.iteration += d == PLAN_DECISION_EXECUTE;
			f.turns++;
			++*ret_turns;
		}
		rounds += n == NODE_EXECUTOR;
	}
	return rounds;
}

START_TEST(the_eleventh_round_is_never_started)
{
	int n;

	ck_assert_int_eq(rounds_walked(PLAN_DECISION_EXECUTE, &n), 10);
	ck_assert_int_eq(n, 10);
	ck_assert_int_eq(rounds_walked(PLAN_DECISION_PLAN, &n), 0);
	ck_assert_int_eq(n, 24);
	ck_assert_int_eq(rounds_walked(PLAN_DECISION_FINISH, &n), 0);
	ck_assert_int_eq(n, 1);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_graph_of_the_design_is_the_one_in_force, 0},
	    {every_defect_of_a_graph_is_refused, ARRAY_LEN(defects)},
	    {a_graph_without_any_one_of_its_edges_is_refused, 0},
	    {node_names_read_back, 0},
	    {the_picture_names_every_edge, 0},
	    {every_node_and_every_combination_of_facts_goes_where_it_should,
		0},
	    {cancel_comes_before_everything_and_finish_before_the_limits, 0},
	    {a_run_that_is_given_up_ends_as_that, 0},
	    {the_eleventh_round_is_never_started, 0},
	};

	return RUN_TESTS("route", tests);
}
