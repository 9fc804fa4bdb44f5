/*
 * followup.h - a question to an investigation that has ended: what it names
 * is looked at, and the answers are what came of that.
 *
 * It names evidence (E3), an alert or whatever else stands as a name in the
 * answers so far, a metric, or an expression in backticks. Documents are asked
 * it as it is.
 */
#ifndef PLANNER_RULES_FOLLOWUP_H
#define PLANNER_RULES_FOLLOWUP_H

#include "planner/rules/study.h"

struct drawing;

enum {
	FOLLOWUP_ASKS_MAX = 12,
	FOLLOWUP_NAMES_MAX = 3, /* looked for in evidence */
	FOLLOWUP_PLACES_MAX =
	    2, /* pieces of evidence that one is looked for in */
	FOLLOWUP_METRICS_MAX = 2,
	FOLLOWUP_SERIES_MAX = 5, /* told of each */
};

struct followup {
	bool asks; /* the run is one */
	struct ask ask[FOLLOWUP_ASKS_MAX];
	int n;
};

void followup_init(struct followup *u, const struct facts *f);
void followup_done(struct followup *u);

/* The conclusion's `answers`, the caller's; incidents as it has them. NULL: the
 * run is no follow-up. */
cJSON *followup_answers(struct drawing *d, const cJSON *incidents);

#endif
