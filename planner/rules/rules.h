/*
 * rules.h - the deterministic diagnosing planner. Pure: the same state gives
 * the same update, and nothing is kept between rounds.
 *
 *   round 1   alerts, rules, down targets
 *   round 2   per firing rule its expression over the window; per incident
 *             what uses the resource it is about, and find_causes
 *   round 3   the history of what stands out
 *   then      the conclusion and its report
 *
 * A round is planned from what the rounds before found and is asked once:
 * a step that failed is not tried again, it becomes an open point.
 */
#ifndef PLANNER_RULES_RULES_H
#define PLANNER_RULES_RULES_H

#include "common/base/buf.h"
#include "common/report/report.h"
#include "common/base/span.h"

#include <stdint.h>

struct cJSON;

/*
 * Appends the update for a state (a msgpack map, checked): the next plan, or
 * FINISH with conclusion and report. fallback is the language where the
 * state names none. left_ms is the time it has, 0 where that is not known: how
 * many incidents are studied goes by it, by the rounds and by how long steps
 * took so far. b's mark tells of overflow.
 */
void rules_plan(struct buf *b, struct span state, enum report_lang fallback,
    int64_t left_ms);

/*
 * The arguments of the rules' own find_causes in whose place that feedback,
 * which somebody else asked for, may stand (adopt.h); the caller's. NULL: it
 * may not, and why.
 */
struct cJSON *rules_adopt(
    struct span state, const struct cJSON *feedback, struct err *why);

#endif
