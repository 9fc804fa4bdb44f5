/* baseline.c - the rules planner beside a model. */
#include "planner/baseline.h"

#include <string.h>

#include "common/json/tree.h"
#include "common/report/tool_role.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "planner/backend.h"
#include "planner/rules/rules.h"

static bool
is_models(struct span feedback)
{
	struct span step = wire_find_str(feedback, "step");
	size_t n = strlen(BASELINE_MARK);

	return step.n >= n && memcmp(step.p, BASELINE_MARK, n) == 0;
}

/* A step of a model's that counts as the rules' own, asked with these. */
struct adopted {
	const char *evidence;
	const cJSON *args;
};

static bool
is_adopted(const struct adopted *a, struct span feedback)
{
	struct wire_r r = wire_reader(wire_find(feedback, "evidence"));

	return a != NULL && wire_peek(&r) == WIRE_ARRAY && wire_array(&r) > 0 &&
	       span_is(wire_str(&r), a->evidence);
}

static void
put_adopted(struct buf *b, struct span feedback, const struct adopted *a)
{
	struct wire_r r = wire_reader(feedback);
	uint32_t n = wire_map(&r);

	wire_put_map(b, n);
	while (n-- > 0) {
		struct span key = wire_str(&r), value = wire_raw(&r);

		wire_put_span(b, key);
		if (span_is(key, "args"))
			wire_put_tree(b, a->args);
		else
			wire_put_raw(b, value);
	}
}

/* The feedback without a model's steps, but for the one adopted. */
static void
put_own(
    struct buf *b, struct span list, const struct adopted *a, int *ret_rests_on)
{
	struct wire_r r = wire_reader(list);
	uint32_t n = wire_array(&r), own = 0, i;
	struct wire_r again = r;

	for (i = 0; i < n; i++) {
		struct span f = wire_raw(&r);

		if (is_models(f) && !is_adopted(a, f))
			continue;
		own++;
		*ret_rests_on = (int)i + 1;
	}
	wire_put_array(b, own);
	for (i = 0; i < n; i++) {
		struct span f = wire_raw(&again);

		if (!is_models(f))
			wire_put_raw(b, f);
		else if (is_adopted(a, f))
			put_adopted(b, f, a);
	}
}

static void
put_state(struct buf *b, struct span state, const struct adopted *a,
    int *ret_rests_on)
{
	struct wire_r r = wire_reader(state);
	uint32_t n = wire_map(&r);

	wire_put_map(b, n);
	while (n-- > 0) {
		struct span key = wire_str(&r), value = wire_raw(&r);
		struct wire_r list = wire_reader(value);

		wire_put_span(b, key);
		if (span_is(key, "executor_feedback") &&
		    wire_peek(&list) == WIRE_ARRAY)
			put_own(b, value, a, ret_rests_on);
		else
			wire_put_raw(b, value);
	}
}

static void
make(struct baseline *b, struct span state, const struct adopted *a,
    enum report_lang fallback, int64_t left_ms)
{
	auto_buf own = {.max = state.n + PLAN_ARGS_MAX};
	struct span conclusion;
	struct err err;

	*b = (struct baseline){.rests_on = 0};
	buf_init(&b->update, BACKEND_UPDATE_MAX);
	put_state(&own, state, a, &b->rests_on);
	rules_plan(&b->update, buf_span(&own), fallback, left_ms);
	b->fails = b->update.full || plan_of_update(buf_span(&b->update),
					 &b->plan, &err) != RC_OK;
	conclusion = wire_find(buf_span(&b->update), "conclusion");
	if (!b->fails && conclusion.n > 0)
		b->conclusion = wire_to_tree(conclusion);
}

void
baseline_make(struct baseline *b, struct span state, enum report_lang fallback,
    int64_t left_ms)
{
	make(b, state, NULL, fallback, left_ms);
}

/* NULL: no step of a model's has that evidence. */
static cJSON *
models_step(struct span state, const char *evidence)
{
	struct wire_r r = wire_reader(wire_find(state, "executor_feedback"));
	const struct adopted a = {.evidence = evidence};
	uint32_t n = wire_peek(&r) == WIRE_ARRAY ? wire_array(&r) : 0;

	while (n-- > 0) {
		struct span f = wire_raw(&r);

		if (is_models(f) && is_adopted(&a, f))
			return wire_to_tree(f);
	}
	return NULL;
}

enum rc
baseline_adopt(struct baseline *b, struct span state, enum report_lang fallback,
    const char *evidence, struct err *why)
{
	AUTO(tree) step = models_step(state, evidence);
	AUTO(tree) args = NULL;
	auto_buf own = {.max = state.n + PLAN_ARGS_MAX};
	int ignored;

	*b = (struct baseline){.rests_on = 0};
	if (step == NULL || tool_role_of_feedback(step) != TOOL_ROLE_CAUSES)
		return err_set(why, RC_DENIED,
		    "%.8s is no answer of find_causes that you asked for",
		    evidence);
	put_state(&own, state, NULL, &ignored);
	args = rules_adopt(buf_span(&own), step, why);
	if (args == NULL)
		return err_prefix(why, RC_DENIED, "%.8s", evidence);
	make(b, state, &(struct adopted){evidence, args}, fallback, 0);
	return RC_OK;
}

void
baseline_done(struct baseline *b)
{
	buf_done(&b->update);
	cJSON_Delete(b->conclusion);
	b->conclusion = NULL;
}

bool
baseline_finishes(const struct baseline *b)
{
	return !b->fails && b->plan.decision == PLAN_DECISION_FINISH;
}
