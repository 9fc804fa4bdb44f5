/*
 * model_answer.h - a turn's update out of what the rules say and what a model
 * said: the plan of both, or the rules' conclusion with the model's view
 * beside it. Pure.
 */
#ifndef PLANNER_MODEL_ANSWER_H
#define PLANNER_MODEL_ANSWER_H

#include "planner/baseline.h"

struct model_answer {
	const struct baseline *base;
	struct span wire;   /* the run's state, checked */
	const cJSON *state; /* the same */
	enum report_lang lang;
	const char *by;   /* the model's name */
	const char *note; /* what a reader should know, or NULL */
};

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

/*
 * Appends the end: the conclusion is the rules'. What the model claims and
 * cites evidence for stands beside it where citations and figures hold; the
 * rest stands in a note that says that it was not verified. ret_holds: there
 * is no such rest.
 */
void model_answer_finish(struct buf *b, const struct model_answer *a,
    const cJSON *plan, bool *ret_holds);

#endif
