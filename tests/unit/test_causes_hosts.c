/*
 * test_causes_hosts.c - is it a service or the node on which its pods run?
 */
#include "executor/causes/causes.h"
#include "tests/harness/dice.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 220, ONSET = 200, STEP = 30, NODES = 4 };
#define START 1700000000.0

/* Values around level, times factor from the onset on. */
static void
fill(float *v, double level, double factor, uint64_t id)
{
	struct dice d = dice_of(7, id, 0);

	for (size_t t = 0; t < POINTS; t++)
		v[t] = (float)(level * (1 + dice_int(&d, -5, 5) / 100.0) *
			       (t >= ONSET ? factor : 1));
}

static void
add(struct causes_set *set, const char *metric, const char *label,
    const char *value, const char *pod, double level, double factor)
{
	static uint64_t id;
	struct causes_label labels[] = {{label, value}, {"pod", pod}};
	struct err err;
	float *v;

	ck_assert(causes_set_add(set, metric, "", labels, pod != NULL ? 2 : 1,
		      NULL, &v, &err) == RC_OK);
	fill(v, level, factor, ++id);
}

/* How many times as slow each service is: on the first node, elsewhere. */
static const struct {
	const char *label;
	double here[3], elsewhere[3];
	double load;      /* of the first node, times as much */
	double neighbour; /* CPU of one service's pod there */
	const char *first;
	size_t hosted;
} cases[] = {
    {"all that run there are slow", {6, 6, 6}, {1, 1, 1}, 1, 1, "worker-0", 3},
    {"and a neighbour takes the CPUs", {6, 6, 6}, {1, 1, 1}, 8, 30, "worker-0",
	3},
    {"one of three is slow there", {1, 6, 1}, {1, 1, 1}, 1, 1, "b", 0},
    {"a service is slow wherever it runs", {1, 6, 1}, {1, 6, 1}, 1, 1, "b", 0},
    {"two of three, and the node is busy", {6, 6, 1}, {1, 1, 1}, 8, 1,
	"worker-0", 2},
    {"all are slow everywhere", {6, 9, 6}, {6, 9, 6}, 1, 1, "b", 0},
};

START_TEST(a_node_is_named_where_what_runs_on_it_suffers)
{
	static const char *const services[] = {"a", "b", "c"};
	const struct causes_grid grid = {START, STEP, POINTS};
	AUTO(causes_set) set = causes_set_new(&grid, 1000);
	struct causes_question q = {.service = "a",
	    .symptom = CAUSES_LATENCY,
	    .alert_s = START + ONSET * STEP + 120,
	    .at_s = START + POINTS * STEP,
	    .onset_s = NAN};
	AUTO(causes_result) r = NULL;

	causes_set_edge(set, "a", "b");
	causes_set_edge(set, "a", "c");
	for (size_t n = 0; n < NODES; n++) {
		auto_str node = xasprintf("worker-%zu", n);
		auto_str address = xasprintf("10.0.0.%zu", n);
		auto_str instance = xasprintf("10.0.0.%zu:9100", n);

		causes_set_alias(set, address, node);
		add(set, "node_load1", "instance", instance, NULL, 2,
		    n == 0 ? cases[_i].load : 1);
		for (size_t s = 0; s < ARRAY_LEN(services); s++) {
			auto_str pod = xasprintf(
			    "%s-6b8c9d4f5-x2z4%zu", services[s], n + 2);

			causes_set_place(set, pod, node);
			add(set, "request_duration_seconds", "service",
			    services[s], pod, .1,
			    n == 0 ? cases[_i].here[s]
				   : cases[_i].elsewhere[s]);
			add(set, "container_cpu_usage", "container",
			    services[s], pod, .3,
			    n == 0 && s == 2 ? cases[_i].neighbour : 1);
		}
	}
	r = causes_find(set, &q);
	ck_assert_uint_gt(r->ncauses, 0);
	ck_assert_msg(strcmp(causes_set_name(set, r->causes[0].service),
			  cases[_i].first) == 0,
	    "%s: %s", cases[_i].label,
	    causes_set_name(set, r->causes[0].service));
	ck_assert_uint_eq(r->causes[0].hosted, cases[_i].hosted);
	ck_assert(cases[_i].hosted == 0 || causes_is_likely(r));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_node_is_named_where_what_runs_on_it_suffers,
		(int)ARRAY_LEN(cases)},
	};

	return RUN_TESTS("causes_hosts", tests);
}
