/*
 * statements.h - what a finding states, held against the answers it cites.
 *
 * A finding may say in `says` which kind of statement its text makes, and of
 * what: {kind, service}, or {kind, labels, from, to} of a series between two
 * moments. Each kind has a predicate over the feedback
 * that the finding cites; a statement whose own evidence contradicts it, or
 * that cites no answer that could bear it, does not hold. Pure.
 */
#ifndef COMMON_REPORT_STATEMENTS_H
#define COMMON_REPORT_STATEMENTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* One that says nothing, or of a kind that is not known here, holds. state:
 * the run's, for its `executor_feedback`. */
bool statement_holds(const cJSON *finding, const cJSON *state);

/* How far from its ends, and between two samples, a series over a window of
 * so many seconds may have none and still count as whole. */
double statement_slack_s(double window_s);

/* Values between these are told as one: they differ by a thousandth. */
bool statement_is_flat(double min, double max);

/* The kinds there are, in order; NULL ends them. */
const char *statement_kind(int i);

#endif
