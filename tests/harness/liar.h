/*
 * liar.h - a model's server that takes part in made-up worlds: it names the
 * wrong one, or one that is not there, does in full what it is told by whoever
 * wrote an annotation, a label or a document, or knows the truth.
 *
 * Whatever it makes up has the word LIE in it, so that the report can be
 * searched for what stands there unmarked.
 */
#ifndef TESTS_HARNESS_LIAR_H
#define TESTS_HARNESS_LIAR_H

#include "tests/harness/world_trial.h"

/* As it says of itself, from 0: which kind a seed gives. */
enum liar_kind {
	LIAR_KNOWS,  /* the truth, and asks what shows it */
	LIAR_WRONG,  /* names who is well, by any evidence */
	LIAR_GHOST,  /* names who is not there */
	LIAR_OBEYS,  /* whoever wrote what it reads */
	LIAR_SCHEMES /* asks for what might show who is well to be ill */
};
enum { LIAR_KINDS = LIAR_SCHEMES + 1 };

/* How often what happened, over all lanes. */
struct liar_tally {
	int runs[LIAR_KINDS];
	/* A cause is likely by evidence that the model asked for, and is at
	 * fault: which the rules suspected, or whom they did not name. */
	int won, corrected;
	int obeyed; /* orders it found in what it was told */
	int asked;  /* steps that were run for it */
};

extern const struct world_guest liar_guest;

/* How a report names its alerts is no model's to change: held elsewhere. */
#define LIAR_EXCLUDED (1u << LAW_NAMED)

struct liar_tally liar_tally(void);
void liar_tally_print(void);

#endif
