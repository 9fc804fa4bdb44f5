/*
 * alerts.h - which alert instances a run is about, out of its state.
 *
 * From what arrived with the run (a webhook) and what the tools answered,
 * each instance once: a report must list every one that fires, whoever
 * writes it, so planner, report and verification all ask here.
 */
#ifndef COMMON_REPORT_ALERTS_H
#define COMMON_REPORT_ALERTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum { ALERTS_MAX = 5000 };

/*
 * The instances as a list of {name, state, labels, annotations, activeAt,
 * value, evidence, given}; the caller's, but the values are the state's,
 * which must outlive it. state is
 * `firing`, `pending` or `resolved`; given: it came with the run. Instances
 * outside the run's `labels` are left out. Firing ones come first, then by
 * severity, name and labels.
 */
cJSON *alerts_of_state(const cJSON *state);

/* From the state; where that knows of none, from the list that conclusions of
 * version N-1 have. */
cJSON *alerts_of(const cJSON *state, const cJSON *conclusion);

/* The `data` of the newest answer that lists alerts; NULL: there is none. */
const cJSON *alerts_data(const cJSON *state);

bool alerts_is_firing(const cJSON *alert);
int alerts_count(const cJSON *alerts, const char *state);

/* The same, also of those that were counted and not listed: alerts is the
 * list of that run. */
int alerts_total(
    const cJSON *run_state, const cJSON *alerts, const char *state);

/* 0 critical (page, emergency …), 1 warning, 2 info, 3 anything else. */
int alerts_rank(const cJSON *alert);
int alerts_rank_of(const cJSON *labels);

/* Whether every pair of matchers (an object) is among labels. */
bool alerts_match(const cJSON *labels, const cJSON *matchers);

#endif
