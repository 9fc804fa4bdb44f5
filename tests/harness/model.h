/*
 * model.h - what must be true of a run, told without the supervisor's code.
 *
 * A model is a script of plans of echo steps, and the one story each of its
 * runs can have: which events in which order (the steps of one plan may
 * interleave, and may be tried more than once), which evidence, which end. A
 * cancelled run may leave the story at any event.
 */
#ifndef TESTS_HARNESS_MODEL_H
#define TESTS_HARNESS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

enum { MODEL_PLANS = 14, MODEL_STEPS = 6, MODEL_TEXT = 700 };

enum model_decision { MODEL_PLAN, MODEL_EXECUTE, MODEL_FINISH };

struct model_step {
	char text[MODEL_TEXT];
	bool refused; /* its arguments do not fit the tool */
};

struct model_plan {
	enum model_decision decision;
	int n;
	struct model_step steps[MODEL_STEPS];
	char word[32]; /* of the plan's text, and of the report */
};

struct model {
	int n;
	struct model_plan plans[MODEL_PLANS];
};

/* A script by chance. */
void model_make(struct model *m, uint64_t seed);

/* For --planner-script; the caller's. */
char *model_script(const struct model *m);

/*
 * Holds a whole transcript, [{seq, type, data}], against the story. input:
 * what was asked; NULL: any. NULL: it fits; else what does not, the
 * caller's. ret_cancelled: it ended as a cancelled one.
 */
char *model_check(const struct model *m, const struct cJSON *events,
    const char *input, bool *ret_cancelled);

/* The same for the final state, as GET /api/investigations/ID shows it. */
char *model_check_state(
    const struct model *m, const struct cJSON *state, const char *input);

/* The bytes of a piece of evidence, by its number; NULL: there is none. */
const char *model_evidence(const struct model *m, int number);

#endif
