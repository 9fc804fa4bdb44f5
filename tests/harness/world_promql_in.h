/* world_promql_in.h - the tree of an expression, which one file makes and
 * another walks. */
#ifndef TESTS_HARNESS_WORLD_PROMQL_IN_H
#define TESTS_HARNESS_WORLD_PROMQL_IN_H

#include <regex.h>

#include "tests/harness/world_promql.h"

enum {
	PROMQL_MATCHERS_MAX = 12,
	PROMQL_ARGS_MAX = 3,
	PROMQL_NAMES_MAX = 80,
	PROMQL_WORD_MAX = 80,
	PROMQL_VALUE_MAX = 4096,
};

enum promql_kind { Q_NUMBER, Q_SELECT, Q_CALL, Q_SUM_UP, Q_BINARY, Q_RANGED };

struct promql_matcher {
	char name[PROMQL_WORD_MAX];
	char *value;
	bool equal, regex;
	regex_t compiled;
};

struct promql {
	const struct world *world;
	enum promql_kind kind;
	char word[PROMQL_WORD_MAX]; /* function, aggregation or operator */
	double number;
	struct promql *args[PROMQL_ARGS_MAX];
	int n_args;
	/* Of a selector: */
	struct promql_matcher *matchers;
	int n_matchers;
	const struct world_series **matched; /* once asked */
	int n_matched;
	/* Of a range, [range:step], which stands above what it is of. */
	double range, step;
	double offset; /* of a selector or a range */
	/* by, without, on, ignoring: */
	char (*names)[PROMQL_WORD_MAX];
	int n_names;
	bool with_names, excludes, returns_bool;
};

/* What is kept of a series in a range, or of a group. */
struct promql_course {
	double first, last, first_t, last_t, sum, min, max;
	int n, changes;
};

#define auto_vector CLEANUP(world_vector_done) struct world_vector

/* ---- world_eval.c ---- */

void promql_drop_name(struct world_labels *l);
/* Which series a selector matches, once. */
void promql_match(struct promql *q);
/* The place of the one with these labels; -1: none. */
int promql_find(const struct world_vector *v, uint64_t key);

/* ---- world_over_time.c ---- */

void promql_course_add(struct promql_course *c, double t, double v);
/* fn over a range of samples, or over a subquery. */
struct world_vector promql_over_samples(
    struct promql *range, double t, const char *fn);
struct world_vector promql_over_subquery(
    struct promql *range, double t, const char *fn);

#endif
