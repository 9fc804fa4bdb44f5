/*
 * llm_plan.h - a model's answer as a plan or a conclusion, read strictly.
 *
 * The JSON may stand in a fence, in prose, or have text behind it; it is
 * taken as it is, or refused with the exact reason, to be told the model.
 * Nothing is mended here. Bare Markdown is a FINISH with that report.
 */
#ifndef PLANNER_LLM_LLM_PLAN_H
#define PLANNER_LLM_LLM_PLAN_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/base/rc.h"
#include "common/base/span.h"

enum {
	LLM_STEPS_MAX = 4, /* of one answer */
	LLM_FINDINGS_MAX = 12,
};

struct llm_plan_rules {
	const cJSON *tools;    /* the catalogue */
	const cJSON *evidence; /* list of {id}, what may be cited */
};

/*
 * The plan as a tree of the schema below, the caller's. cut: the server cut
 * the answer short. RC_INVALID or RC_DENIED: what is wrong, in words for the
 * model.
 */
NODISCARD enum rc llm_plan_read(struct span text, bool cut,
    const struct llm_plan_rules *rules, cJSON **ret, struct err *err);

/*
 * The JSON schema of an answer, the caller's. For a server it demands every
 * field that an answer is made of, so that none is left out; what is read
 * may leave out what its decision does not need.
 */
cJSON *llm_plan_schema(const cJSON *tools, bool for_server);

#endif
