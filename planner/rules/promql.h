/*
 * promql.h - a PromQL scanner: what does an alert's expression measure?
 *
 * No parser of the whole language: it understands strings, comments,
 * brackets, operators with their precedence and modifiers (`by`, `on`,
 * `group_left`, `bool`), which is what taking an expression apart at its top
 * needs. What it does not understand it hands back whole. Spans point into
 * the expression.
 */
#ifndef PLANNER_RULES_PROMQL_H
#define PLANNER_RULES_PROMQL_H

#include "common/base/span.h"

#include <stdbool.h>

enum { PROMQL_MEASURES_MAX = 6, PROMQL_DEPTH_MAX = 64 };

enum promql_role {
	PROMQL_COMPARED,  /* held against a number or another series */
	PROMQL_ABSENT,    /* its absence is the alert */
	PROMQL_REFERENCE, /* what another measure is held against */
	PROMQL_EXCLUDED,  /* right of `unless` */
	PROMQL_WHOLE,     /* the expression or operand as it stands */
};

struct promql_measure {
	struct span expr; /* without comparison and outer parentheses */
	/* Within expr: of max(x > 5) the "> 5", without which expr has values
	 * below its threshold too; n is 0 where there is none. */
	struct span cut;
	enum promql_role role;
	char op[3]; /* "expr op threshold" fires: ">", "<=", … */
	bool has_threshold;
	double threshold;
};

/*
 * Takes expr apart; how many measures, at least one, in the order they
 * stand. Operands of and, or, unless each give their own.
 */
int promql_measures(
    struct span expr, struct promql_measure ret[PROMQL_MEASURES_MAX]);

/* The names of the metrics expr reads, each once, at most max. */
int promql_metrics(struct span expr, struct span *ret, int max);

/* Whether it reads no metric at all: vector(1), hour() > 8. */
bool promql_is_constant(struct span expr);

/* Whether strings and brackets close, so that it can stand in another. */
bool promql_is_balanced(struct span expr);

/* Reads a constant: number, sign, + - * / % ^, parentheses. */
bool promql_constant(struct span expr, double *ret);

#endif
