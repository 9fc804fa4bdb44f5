/*
 * facts.h - what a run's state tells a planner: alerts, rules, targets, and
 * the answers to what was asked.
 *
 * The one place that knows how tools word their answers (`data` of a
 * feedback). Everything borrowed from the state's tree.
 */
#ifndef PLANNER_RULES_FACTS_H
#define PLANNER_RULES_FACTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/zone.h"
#include "common/report/report.h"
#include "common/report/tool_role.h"

struct facts {
	cJSON *state; /* owned */
	enum report_lang lang;
	struct zone zone;     /* of the reader */
	double at_s;          /* the moment it is about, unix seconds */
	double clock_ahead_s; /* of the server's clock before ours, where it
			       * matters: at_s is the server's then */
	double window_s;
	bool past;     /* at_s is not now: lists of the present do not count */
	bool nobody;   /* no executor is here */
	cJSON *alerts; /* owned; alerts_of_state */
	const cJSON *alerts_answer, *rules_answer, *targets_answer;
	const cJSON *rules;   /* list, or NULL */
	const cJSON *targets; /* list, or NULL */
};

void facts_init(struct facts *f, struct span state, enum report_lang fallback);
void facts_done(struct facts *f);

/* The first tool of that role that executors offer, or NULL; unknown
 * catalogues offer the usual ones, which find no causes. */
const char *facts_tool(const struct facts *f, enum tool_role role);
/* The same as the catalogue describes it. */
const cJSON *facts_described(const struct facts *f, enum tool_role role);

/* The answer to exactly this step, or NULL while there is none. */
const cJSON *facts_answer(
    const struct facts *f, const char *tool, const cJSON *args);

/* The newest answer of a role's tools, failed or not, or NULL. */
const cJSON *facts_latest(const struct facts *f, enum tool_role role);

/* How often the tool has failed in a row, up to its newest answer; -1: it has
 * not been asked yet. */
int facts_failures(const struct facts *f, const char *tool);

/* SUCCESS; NULL is not. */
bool answer_ok(const cJSON *answer);
/* Its evidence id, "" when it has none. */
const char *answer_evidence(const cJSON *answer);
/* What a failed one said. */
const char *answer_error(const cJSON *answer);
/* Its series, an empty list when there are none. */
const cJSON *answer_series(const cJSON *answer);
/* Whether it had more series than those. */
bool answer_left_out(const cJSON *answer);

/* The alerting rule behind an alert, or NULL: same name, its own labels all
 * among the alert's. */
const cJSON *facts_rule(const struct facts *f, const cJSON *alert);

/* Its expression, never NULL. */
const char *rule_expr(const cJSON *rule);

/* Unix seconds since when an alert is active; 0 when it does not say. */
double facts_since(const cJSON *alert);

/* Critical and pending for minutes: only its rule's `for` is not over. */
bool facts_is_long_pending(const struct facts *f, const cJSON *alert);
/* That, or firing: to be looked into. */
bool facts_is_active(const struct facts *f, const cJSON *alert);

/* ---- a series ---- */

/* All of them samples; times are unix seconds, 0 where unknown. */
struct series {
	const cJSON *labels;
	const char *name; /* of the metric, or "" */
	double first, last, min, max;
	double baseline; /* median of the first half; NaN: none then */
	double from_t, to_t, max_t, min_t;
	double hole_t, hole_end_t; /* no samples between these; 0: no hole */
	bool is_range;             /* else only last is known */
};

/* Which of its ends lack samples, beyond what their distance explains. */
bool series_begins_late(const struct series *s, const struct facts *f);
bool series_ends_early(const struct series *s, const struct facts *f);
bool series_has_hole(const struct series *s, const struct facts *f);
/* Its values differ by no more than is told of them. */
bool series_is_flat(const struct series *s);
/* There were samples all through the window. */
bool series_is_whole(const struct series *s, const struct facts *f);

/* Reads one element of answer_series; false when it has no value. */
bool series_read(const cJSON *from, struct series *ret);

/* Whether every label of the series is among those given, so that an alert
 * with those labels came of it. */
bool series_fits(const struct series *s, const cJSON *labels);

#endif
