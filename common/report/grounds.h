/*
 * grounds.h - what a model claims, held against the evidence it cites and the
 * conclusion that code drew.
 *
 * That a name or a figure occurs somewhere shows nothing: who is at fault is
 * what the code's conclusion says, or it is not borne. Beyond that nothing is
 * quoted, and no link is made, that its evidence does not hold. Pure.
 */
#ifndef COMMON_REPORT_GROUNDS_H
#define COMMON_REPORT_GROUNDS_H

#include <cjson/cJSON.h>

#include "common/base/rc.h"

/*
 * claim: one of the conclusion's `opinion`; state: the run's, for its
 * `executor_feedback`. RC_INVALID: what is wrong, in words for its author.
 */
NODISCARD enum rc grounds_hold(const cJSON *claim, const cJSON *conclusion,
    const cJSON *state, struct err *why);

#endif
