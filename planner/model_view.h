/*
 * model_view.h - what a model concluded, judged: what of it holds, what does
 * not, and whether the cause it names becomes the conclusion's. Pure.
 *
 * A cause is never taken from a model's words. It may point to an answer that
 * it asked for itself; where that may stand in the place of the rules' own
 * (planner/rules/adopt.h) they draw their conclusion anew, from it, and only
 * where they then hold the same cause likely that is the conclusion.
 */
#ifndef PLANNER_MODEL_VIEW_H
#define PLANNER_MODEL_VIEW_H

#include "planner/baseline.h"

struct model_answer {
	const struct baseline *base;
	struct span wire;   /* the run's state, checked */
	const cJSON *state; /* the same */
	enum report_lang lang;
	const char *by;   /* the model's name */
	const char *note; /* what a reader should know, or NULL */
};

struct model_view {
	struct baseline
	    adopted;          /* of which conclusion is, if evidence is set */
	const char *evidence; /* the model's, adopted; NULL: none. The plan's */
	const cJSON *conclusion; /* the code's */
	/* As PROTOCOL.md has it: claims that hold, and the verdict. Owned. */
	cJSON *opinion;
	struct buf unverified; /* what it said besides */
	struct buf wrong; /* why, in words for the model; empty: all holds */
};

/* Of a plan that FINISHes, a tree that was checked; plan and a outlive v. */
void model_view_init(
    struct model_view *v, const struct model_answer *a, const cJSON *plan);
void model_view_done(struct model_view *v);

#endif
