/*
 * baseline.h - what the rules planner says of a run in which a model takes
 * part, as if there were none: it sees its own steps and no others.
 *
 * That is the floor: whatever a model asks or claims, the conclusion that is
 * delivered is the one the rules come to by what they asked themselves.
 */
#ifndef PLANNER_BASELINE_H
#define PLANNER_BASELINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/report/plan.h"
#include "common/report/report.h"

/* What a step that a model asked for begins with; no step of the rules does. */
#define BASELINE_MARK "model: "

struct baseline {
	struct buf update; /* the rules' answer, PROTOCOL.md */
	struct plan plan;  /* of it */
	cJSON *conclusion; /* of it; NULL: none yet */
	int rests_on;      /* so many entries of the feedback, up to the rules'
			    * last, are what it rests on */
	bool fails; /* the rules have no answer that fits; update says so */
};

/* Of a run's state, a msgpack map that was checked; the rest as rules_plan
 * has it. */
void baseline_make(struct baseline *b, struct span state,
    enum report_lang fallback, int64_t left_ms);

/*
 * The same with a step that a model asked for, whose evidence that is, as one
 * of the rules' own, where it may stand in for that. RC_DENIED: it may not,
 * and why, in words for the model; b is then empty.
 */
NODISCARD enum rc baseline_adopt(struct baseline *b, struct span state,
    enum report_lang fallback, const char *evidence, struct err *why);

void baseline_done(struct baseline *b);

/* Whether the rules have nothing left to ask. */
bool baseline_finishes(const struct baseline *b);

#endif
