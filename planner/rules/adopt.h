/*
 * adopt.h - whether another's answer of find_causes may stand in the place of
 * the rules' own.
 *
 * Who chooses the question chooses the answer: by another onset, window or
 * scope something else can be made to stand out in most systems. So a question
 * may differ from the rules' own only in what their own evidence fixes: where
 * that failed, in nothing; where the alert's own labels name no service, in
 * one more that its expression or its series names; else in the moment at
 * which its symptom was seen to begin, and then the two agree on who comes
 * first, and the symptom was not there before that one changed.
 */
#ifndef PLANNER_RULES_ADOPT_H
#define PLANNER_RULES_ADOPT_H

#include "common/base/rc.h"
#include "planner/rules/case.h"

/* The rules' own question, borrowed, which that feedback answers as well as
 * their own answer does, or better. NULL: none, and why, in words for whoever
 * asked it. */
const cJSON *adopt_question(
    const struct kase *k, const cJSON *feedback, struct err *why);

#endif
