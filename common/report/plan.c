/*
 * plan.c - a plan out of a msgpack map and back, strictly and bounded.
 *
 * Nothing is allocated: this runs for every round of every run. What may be
 * absent is absent; what is there has the right type and size, or the plan
 * is refused with the name of the field.
 */
#include "common/report/plan.h"

#include "common/wire/proto.h"
#include "common/wire/wire.h"

#include <stdio.h>

static const char empty_map[] = {(char)0x80};

static const char *const decisions[] = {
    [PLAN_DECISION_PLAN] = "PLAN",
    [PLAN_DECISION_EXECUTE] = "EXECUTE",
    [PLAN_DECISION_FINISH] = "FINISH",
};

const char *
plan_decision_name(enum plan_decision d)
{
	return decisions[d];
}

/* A string field, absent or nil as empty; where is "" or "steps[2].". */
static enum rc
read_text(struct span map, const char *where, const char *key, size_t max,
    struct span *ret, struct err *err)
{
	struct wire_r r = wire_reader(wire_find(map, key));
	enum wire_type type = wire_peek(&r);
	struct span s = {"", 0};

	if (type != WIRE_STR && type != WIRE_NIL && type != WIRE_NONE)
		return err_set(
		    err, RC_INVALID, "plan: %s%s must be a string", where, key);
	if (type == WIRE_STR)
		s = wire_str(&r);
	if (s.n > max)
		return err_set(err, RC_TOOBIG,
		    "plan: %s%s has %zu bytes, over its limit of %zu", where,
		    key, s.n, max);
	*ret = s;
	return RC_OK;
}

static enum rc
read_args(struct span map, const char *where, struct span *ret, struct err *err)
{
	struct span args = wire_find(map, "args");
	struct wire_r r = wire_reader(args);
	enum wire_type type = wire_peek(&r);

	if (type == WIRE_NONE || type == WIRE_NIL)
		args = span_make(empty_map, sizeof(empty_map));
	else if (type != WIRE_MAP)
		return err_set(
		    err, RC_INVALID, "plan: %sargs must be an object", where);
	if (args.n > PLAN_ARGS_MAX)
		return err_set(err, RC_TOOBIG,
		    "plan: %sargs has %zu bytes, over its limit of %d", where,
		    args.n, PLAN_ARGS_MAX);
	*ret = args;
	return RC_OK;
}

static enum rc
read_step(
    struct span map, const char *where, struct plan_step *ret, struct err *err)
{
	struct plan_step s = {0};
	enum rc rc = read_text(map, where, "step", PLAN_TEXT_MAX, &s.step, err);

	if (rc == RC_OK)
		rc = read_text(map, where, "tool", PLAN_TOOL_MAX, &s.tool, err);
	if (rc == RC_OK)
		rc = read_args(map, where, &s.args, err);
	if (rc == RC_OK)
		*ret = s;
	return rc;
}

static enum rc
read_steps(struct span list, struct plan *p, struct err *err)
{
	struct wire_r r = wire_reader(list);
	enum wire_type type = wire_peek(&r);
	uint32_t n, i;

	if (type == WIRE_NONE || type == WIRE_NIL)
		return RC_OK;
	if (type != WIRE_ARRAY)
		return err_set(err, RC_INVALID, "plan: steps must be a list");
	n = wire_array(&r);
	if (n > PLAN_STEPS_MAX)
		return err_set(err, RC_TOOBIG,
		    "plan: steps has %u entries, over its limit of %d", n,
		    PLAN_STEPS_MAX);
	for (i = 0; i < n; i++) {
		char where[24];
		enum rc rc;

		snprintf(where, sizeof(where), "steps[%u].", i);
		if (wire_peek(&r) != WIRE_MAP)
			return err_set(err, RC_INVALID,
			    "plan: steps[%u] must be an object", i);
		rc = read_step(wire_raw(&r), where, &p->steps[i], err);
		if (rc == RC_OK && p->steps[i].tool.n == 0)
			rc = err_set(err, RC_INVALID,
			    "plan: steps[%u].tool is missing", i);
		if (rc != RC_OK)
			return rc;
	}
	p->n_steps = n;
	return RC_OK;
}

/* The tool beside `steps` goes first, unless it is listed as well. */
static enum rc
add_first(struct plan *p, const struct plan_step *first, struct err *err)
{
	unsigned i;

	if (first->tool.n == 0)
		return RC_OK;
	for (i = 0; i < p->n_steps; i++)
		if (span_equal(p->steps[i].tool, first->tool) &&
		    span_equal(p->steps[i].args, first->args))
			return RC_OK;
	if (p->n_steps == PLAN_STEPS_MAX)
		return err_set(err, RC_TOOBIG,
		    "plan: tool and steps are more than %d steps",
		    PLAN_STEPS_MAX);
	memmove(&p->steps[1], &p->steps[0], p->n_steps * sizeof(p->steps[0]));
	p->steps[0] = *first;
	p->n_steps++;
	return RC_OK;
}

static enum rc
read_decision(struct span map, enum plan_decision *ret, struct err *err)
{
	struct span d = {"", 0};
	unsigned i;
	enum rc rc = read_text(map, "", "decision", 32, &d, err);

	if (rc != RC_OK)
		return rc;
	for (i = 0; i < ARRAY_LEN(decisions); i++) {
		if (!span_is(d, decisions[i]))
			continue;
		*ret = (enum plan_decision)i;
		return RC_OK;
	}
	return err_set(err, RC_INVALID,
	    "plan: decision must be PLAN, EXECUTE or FINISH, not \"%.*s\"",
	    SPAN_ARG(d));
}

enum rc
plan_parse(struct span map, struct plan *ret_plan, struct err *err)
{
	struct plan p = {0};
	struct plan_step first = {0};
	struct wire_r r = wire_reader(map);
	enum rc rc;

	if (wire_peek(&r) != WIRE_MAP)
		return err_set(err, RC_INVALID, "plan: must be an object");
	if (map.n > PLAN_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "plan: %zu bytes, over the limit of %d", map.n,
		    PLAN_BYTES_MAX);
	if (wire_depth(map) > PLAN_DEPTH_MAX)
		return err_set(err, RC_TOOBIG,
		    "plan: nested over %d levels deep", PLAN_DEPTH_MAX);
	rc = read_decision(map, &p.decision, err);
	if (rc == RC_OK)
		rc = read_step(map, "", &first, err);
	if (rc == RC_OK)
		rc = read_text(
		    map, "", "context", PLAN_TEXT_MAX, &p.context, err);
	if (rc == RC_OK)
		rc = read_text(
		    map, "", "report", PLAN_REPORT_MAX, &p.report, err);
	if (rc == RC_OK)
		rc = read_steps(wire_find(map, "steps"), &p, err);
	if (rc == RC_OK)
		rc = add_first(&p, &first, err);
	if (rc != RC_OK)
		return rc;
	p.step = first.step;
	*ret_plan = p;
	return RC_OK;
}

static void
put_step(struct buf *b, const struct plan_step *s)
{
	wire_put_map(b, 3);
	wire_put_str(b, "step");
	wire_put_span(b, s->step);
	wire_put_str(b, "tool");
	wire_put_span(b, s->tool);
	wire_put_str(b, "args");
	wire_put_raw(b, s->args);
}

enum rc
plan_of_update(struct span update, struct plan *ret_plan, struct err *err)
{
	struct proto_answer a;
	struct plan p;
	enum rc rc = proto_get_answer(update, &a, err);

	if (rc == RC_OK && a.error.n != 0)
		return err_set(err, RC_UPSTREAM, "%.*s", SPAN_ARG(a.error));
	if (rc == RC_OK)
		rc = plan_parse(a.planner_plan, &p, err);
	if (rc != RC_OK)
		return rc;
	if (!span_is(a.decision, plan_decision_name(p.decision)))
		return err_set(
		    err, RC_INVALID, "its plan and its decision differ");
	if (p.decision == PLAN_DECISION_EXECUTE && p.n_steps == 0)
		return err_set(
		    err, RC_INVALID, "it said EXECUTE and named no tool");
	*ret_plan = p;
	return RC_OK;
}

void
plan_put(struct buf *b, const struct plan *p)
{
	static const struct plan_step none = {
	    .args = {empty_map, sizeof(empty_map)}};
	const struct plan_step *first = p->n_steps > 0 ? &p->steps[0] : &none;
	/* One step stands in the fields beside, once: plans are stored. */
	bool alone = p->n_steps <= 1 &&
		     (first->step.n == 0 || span_equal(first->step, p->step));
	unsigned n = alone ? 0 : p->n_steps;
	unsigned i;

	wire_put_map(b, 6);
	wire_put_str(b, "decision");
	wire_put_str(b, plan_decision_name(p->decision));
	wire_put_str(b, "step");
	wire_put_span(b, p->step);
	wire_put_str(b, "tool");
	wire_put_span(b, first->tool);
	wire_put_str(b, "context");
	wire_put_span(b, p->context);
	wire_put_str(b, "args");
	wire_put_raw(b, first->args);
	wire_put_str(b, "steps");
	wire_put_array(b, n);
	for (i = 0; i < n; i++)
		put_step(b, &p->steps[i]);
}
