/* baseline.c - the rules planner beside a model. */
#include "planner/baseline.h"

#include <string.h>

#include "common/json/tree.h"
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

/* The feedback without a model's steps. */
static void
put_own(struct buf *b, struct span list, int *ret_rests_on)
{
	struct wire_r r = wire_reader(list);
	uint32_t n = wire_array(&r), own = 0, i;
	struct wire_r again = r;

	for (i = 0; i < n; i++) {
		if (is_models(wire_raw(&r)))
			continue;
		own++;
		*ret_rests_on = (int)i + 1;
	}
	wire_put_array(b, own);
	for (i = 0; i < n; i++) {
		struct span f = wire_raw(&again);

		if (!is_models(f))
			wire_put_raw(b, f);
	}
}

static void
put_state(struct buf *b, struct span state, int *ret_rests_on)
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
			put_own(b, value, ret_rests_on);
		else
			wire_put_raw(b, value);
	}
}

void
baseline_make(struct baseline *b, struct span state, enum report_lang fallback,
    int64_t left_ms)
{
	auto_buf own = {.max = state.n + 64};
	struct span conclusion;
	struct err err;

	*b = (struct baseline){.rests_on = 0};
	buf_init(&b->update, BACKEND_UPDATE_MAX);
	put_state(&own, state, &b->rests_on);
	rules_plan(&b->update, buf_span(&own), fallback, left_ms);
	b->fails = b->update.full || plan_of_update(buf_span(&b->update),
					 &b->plan, &err) != RC_OK;
	conclusion = wire_find(buf_span(&b->update), "conclusion");
	if (!b->fails && conclusion.n > 0)
		b->conclusion = wire_to_tree(conclusion);
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
