/*
 * promql_scan.h - PromQL's tokens, one after the other, with the brackets
 * around them. Bounded: brackets nest PROMQL_DEPTH_MAX deep at most.
 */
#ifndef PLANNER_RULES_PROMQL_SCAN_H
#define PLANNER_RULES_PROMQL_SCAN_H

#include "planner/rules/promql.h"

enum kind {
	T_END,
	T_NAME,
	T_NUMBER,
	T_STRING,
	T_OPEN,
	T_CLOSE,
	T_OP,
	T_COMMA,
	T_BAD
};

struct token {
	enum kind kind;
	const char *p;
	size_t n;
};

struct scan {
	const char *p;
	const char *end;
	char open[PROMQL_DEPTH_MAX];
	int depth;
	bool bad;
};

struct scan scan_of(struct span e);

/* T_END behind the last; T_BAD, and ever after, where the text is none. */
struct token scan_next(struct scan *s);

/* Whether the token is that word, in any case; words ends with NULL. */
bool token_is(struct token t, const char *word);
bool token_is_one_of(struct token t, const char *const *words);

#endif
