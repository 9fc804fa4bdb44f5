/*
 * resource.h - which resource an alert is about, and who may be using it.
 *
 * By the conventions metric names follow, whoever exports them: an alert
 * whose expression reads cpu metrics is about the processor, and whatever
 * else counts cpu seconds on the same machine says who uses it.
 */
#ifndef PLANNER_RULES_RESOURCE_H
#define PLANNER_RULES_RESOURCE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/report/report.h"
#include "common/base/span.h"

enum resource_unit {
	UNIT_NONE,
	UNIT_CORES,
	UNIT_BYTES,
	UNIT_BYTES_S,
	UNIT_SECONDS,
	UNIT_MS,
	UNIT_SECONDS_S, /* of a second, as throttling has it */
	UNIT_PERCENT,
	UNIT_RATIO, /* told in percent */
	UNIT_COUNT, /* how often; whole, where it is one at least */
	UNIT_RESTARTS,
	UNIT_PER_S /* what is counted; told for as long as gives a number */
};

struct resource {
	const char *key;
	const char *what[REPORT_LANGS];
	const char *words; /* in metric names, "|" between them */
	const char *users; /* RE2 of the metrics that tell who uses it */
	const char *also;  /* more matchers, or "" */
	bool counter;
	enum resource_unit unit;
	double least; /* who uses less is the cause of nothing */
};

/* By the metrics of the expression, then by the alert's name; NULL: none. */
const struct resource *resource_of(struct span expr, const char *alert);

/* Whether expr reads metrics of a whole machine; a pod label on those is the
 * exporter's. */
bool resource_is_of_machine(struct span expr);

/*
 * Appends the query for who uses it most on the machine, pod … the labels
 * are about: at most top series, each with its metric's name in the label
 * `metric`. For an alert about a machine the metrics of expr's own family are
 * left out: they are the symptom. range_s is the width of rates. false: the
 * labels name nothing to look around in.
 */
bool resource_users_query(struct buf *b, const struct resource *r,
    struct span expr, const cJSON *labels, int top, int range_s);

/* Appends the query for the metrics that tell of it anywhere: how many series
 * of each. */
void resource_anywhere_query(
    struct buf *b, const struct resource *r, struct span expr);

/* Whether find_causes calls a change of this resource this kind. */
bool resource_is_kind(const struct resource *r, const char *kind);

/* Appends a selector of one user's series as that query gave it: counters as
 * a rate. */
void resource_user_query(
    struct buf *b, const struct resource *r, const cJSON *user, int range_s);

/*
 * The label that tells a user from the others (process group, container …):
 * its key, with the value in *ret_value; NULL when the series is only the
 * machine's own.
 */
const char *resource_user_key(
    const cJSON *user, const cJSON *alert_labels, const char **ret_value);

/* What such a key is called: process group, container …; key itself. */
const char *resource_key_word(const char *key, enum report_lang lang);

/* Appends a quoted PromQL string. */
void promql_put_string(struct buf *b, const char *s);

#endif
