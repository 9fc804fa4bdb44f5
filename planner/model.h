/*
 * model.h - the ways of planning in which a model takes part; one backend
 * with different habits.
 *
 *   openai        asked every round; what it asks runs beside what the rules
 *                 ask, and it is asked once more for the end
 *   rules+openai  asked when the rules have nothing left to ask: it judges,
 *                 and may look further
 *   replay        one of the two, its answers from where --record kept them
 */
#ifndef PLANNER_MODEL_H
#define PLANNER_MODEL_H

#include <stdio.h>
#include <sys/queue.h>

#include "planner/backend.h"
#include "planner/llm/llm.h"
#include "planner/llm/llm_words.h"
#include "planner/model_answer.h"

enum {
	MODEL_REPAIRS_MAX = 2, /* of one turn's answer */
	MODEL_SHORTER_MAX = 3, /* prompts of one turn */
	MODEL_ROUNDS_MAX = 8,  /* behind which it can only conclude */
	MODEL_LEAST_MS = 1500, /* with less left it is not asked */
	/* A step takes 30 s at most; with less than this left the run would
	 * end in the midst of it. Twice that while the rules look, too. */
	MODEL_LOOK_MS = 40000,
};

/* What struct backend is here. */
struct backend {
	const struct conf *conf;
	const char *name;
	enum report_lang language; /* where the state names none */
	bool each_round;
	const char *record; /* folder, or NULL */
	bool replays;
	struct llm_settings settings;
	struct llm_words words;
	size_t bytes;    /* of a prompt, at most */
	struct llm *llm; /* NULL: only checked, or replays */
};

/* What the settings' window leaves for a prompt. */
void model_measure(struct backend *b);

/* A turn of the model's. Each answers its turn, now or later. */
void model_plan(struct backend *b, struct turn *t);
void model_cancel(struct backend *b, struct turn *t);
void model_granted(
    struct backend *b, struct turn *t, uint64_t request, const char *why);
void model_settled(struct backend *b, struct turn *t, uint64_t request);

/* --check. */
NODISCARD enum rc model_check(struct backend *b, FILE *out, struct err *err);

#endif
