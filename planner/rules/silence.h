/*
 * silence.h - what keeps "no alert is firing" from being said, and what is
 * worth saying beside it.
 *
 * The all-clear is a claim like any other: it rests on a whole answer, on
 * rules that exist and are evaluated, and on a scope that hid nothing.
 */
#ifndef PLANNER_RULES_SILENCE_H
#define PLANNER_RULES_SILENCE_H

#include "planner/rules/conclude.h"

/* Whether there are rules that would fire, as far as can be told. */
bool silence_is_watched(const struct kase *k);

/* What is still to be asked before silence means something. */
void silence_ask(struct kase *k);
void silence_ask_done(struct kase *k);

/*
 * Tells all of it as findings of no incident and as advice. The claims that
 * forbid the all-clear are appended to ret_doubts, the others that a reader
 * must know to ret_notes (lists of {text, evidence}).
 */
void silence_tell(
    struct drawing *d, cJSON *ret_doubts, cJSON *ret_notes);

/* Whether the first doubt says what is the case instead of "none fires". */
bool silence_leads(const struct drawing *d);

#endif
