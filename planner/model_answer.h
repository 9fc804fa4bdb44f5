/*
 * model_answer.h - a turn's update out of what the rules say and what a model
 * said: the plan of both, or the rules' conclusion with the model's view
 * beside it. Pure.
 */
#ifndef PLANNER_MODEL_ANSWER_H
#define PLANNER_MODEL_ANSWER_H

#include "planner/model_view.h"

/* Appends the rules' plan or conclusion, with the note. held: the model wanted
 * to conclude already, and is not asked while the rules look on. */
void model_answer_rules(struct buf *b, const struct model_answer *a, bool held);

/*
 * Appends a plan of the model's steps (of its plan, a tree that was checked)
 * and those the rules ask for. RC_CONFLICT: none of the model's is left to
 * run, and why, in words for the model; nothing was appended.
 */
NODISCARD enum rc model_answer_look(struct buf *b, const struct model_answer *a,
    const cJSON *plan, struct err *err);

/* Appends the end: the conclusion is the code's, a model's view stands beside
 * it as far as it holds, the rest in a note that says that it does not. */
void model_answer_finish(
    struct buf *b, const struct model_answer *a, const struct model_view *v);

#endif
