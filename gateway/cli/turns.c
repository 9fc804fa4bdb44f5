/*
 * turns.c - the turns of one agent in a stored run.
 */
#include "gateway/cli/turns.h"

#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/wire/proto.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"

#include <string.h>

/* As the supervisor puts it before what a planner said of its failing. */
static const char planner_failed[] = "the planner failed: ";

static struct span
state_of(struct span checkpoint)
{
	return wire_find(checkpoint, "state");
}

static void
put_pairs(struct buf *b, struct span map, uint32_t more)
{
	struct wire_r r = wire_reader(map);

	wire_put_map(b, wire_map(&r) + more);
	wire_put_raw(b, span_make(r.p, (size_t)(r.end - r.p)));
}

static void
put_found(struct buf *b, struct span map, const char *key)
{
	struct span v = wire_find(map, key);

	wire_put_str(b, key);
	if (v.n != 0)
		wire_put_raw(b, v);
	else
		wire_put_nil(b);
}

/* ---- planner ---- */

void
turns_planner_input(struct buf *b, struct span before, struct span after)
{
	put_pairs(b, state_of(before), 2);
	put_found(b, before, "tools");
	wire_put_str(b, "renders");
	wire_put_bool(
	    b, wire_find_str(state_of(after), "final_report").n == 0);
}

static cJSON *
failed(const char *text)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "failed", text);
	return o;
}

static void
add_steps(cJSON *o, const struct plan *p)
{
	cJSON *list = cJSON_AddArrayToObject(o, "steps");

	for (unsigned i = 0; i < p->n_steps; i++) {
		cJSON *step = cJSON_CreateObject();

		json_add_span(step, "tool", p->steps[i].tool);
		cJSON_AddItemToObject(
		    step, "args", wire_to_tree(p->steps[i].args));
		cJSON_AddItemToArray(list, step);
	}
}

static void
add_found(cJSON *o, const char *as, struct span v)
{
	if (v.n != 0)
		cJSON_AddItemToObject(o, as, wire_to_tree(v));
}

/* What a planner's update, or the state it led to, says it decided; judged
 * as the supervisor does. */
static cJSON *
answer_of(struct span map, struct span conclusion, struct span report)
{
	auto_str why = NULL;
	struct plan p;
	struct err err;
	cJSON *o;

	if (plan_of_update(map, &p, &err) != RC_OK) {
		why = xasprintf("%s%s", planner_failed, err.text);
		return failed(why);
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "decision", plan_decision_name(p.decision));
	add_steps(o, &p);
	add_found(o, "conclusion", conclusion);
	add_found(o, "report", report);
	return o;
}

cJSON *
turns_planner_then(struct span after)
{
	struct span state = state_of(after);
	auto_str reason = NULL;

	if (!span_is(wire_find_str(after, "node"), "end"))
		return answer_of(state, wire_find(state, "conclusion"),
		    wire_find(state, "final_report"));
	reason = xasprintf("%.*s", SPAN_ARG(wire_find_str(state, "reason")));
	return failed(reason);
}

static struct span
either(struct span map, struct span other, const char *key)
{
	struct span v = wire_find(map, key);

	return v.n != 0 ? v : wire_find(other, key);
}

cJSON *
turns_planner_now(struct span before, struct span update)
{
	struct span state = state_of(before);

	return answer_of(update, either(update, state, "conclusion"),
	    either(update, state, "final_report"));
}

/* ---- executor ---- */

static uint32_t
outcomes(struct span checkpoint, struct wire_r *ret_r)
{
	*ret_r =
	    wire_reader(wire_find(state_of(checkpoint), "executor_feedback"));
	return wire_peek(ret_r) == WIRE_ARRAY ? wire_array(ret_r) : 0;
}

unsigned
turns_steps(struct span before, struct span after)
{
	struct wire_r ignored;
	uint32_t n = outcomes(before, &ignored);
	uint32_t m = outcomes(after, &ignored);

	return m > n ? m - n : 0;
}

/* The class of a tool of the catalogue; empty where it is not there. */
static struct span
class_of(struct span checkpoint, struct span tool)
{
	struct wire_r r = wire_reader(wire_find(checkpoint, "tools"));
	uint32_t n = wire_peek(&r) == WIRE_ARRAY ? wire_array(&r) : 0;

	for (; n > 0; n--) {
		struct span t = wire_raw(&r);

		if (span_equal(wire_find_str(t, "name"), tool))
			return wire_find_str(t, "class");
	}
	return (struct span){NULL, 0};
}

static uint64_t
number_of(struct span map, const char *key)
{
	return (uint64_t)MAX(wire_find_int(map, key, 0), 0);
}

enum rc
turns_step_input(struct buf *b, struct span before, unsigned i,
    struct span *ret_tool, struct span *ret_class, struct err *err)
{
	struct span state = state_of(before);
	struct plan p;
	enum rc rc = plan_parse(wire_find(state, "planner_plan"), &p, err);

	if (rc == RC_OK && i >= p.n_steps)
		rc = err_set(err, RC_INVALID, "the plan has no step %u", i);
	if (rc != RC_OK)
		return rc;
	proto_put_step(b, &(struct proto_step){.step = p.steps[i].step,
			      .tool = p.steps[i].tool,
			      .args = p.steps[i].args,
			      .context = p.context,
			      .iteration = number_of(state, "iteration"),
			      .index = i,
			      .at = number_of(state, "at"),
			      .window = number_of(state, "window"),
			      .labels = wire_find(state, "labels"),
			      .language = wire_find_str(state, "language")});
	*ret_tool = p.steps[i].tool;
	*ret_class = class_of(before, p.steps[i].tool);
	return RC_OK;
}

/* What the state says of the evidence a feedback names; NULL: it names none. */
static cJSON *
evidence_then(struct span state, struct span feedback)
{
	struct wire_r ids = wire_reader(wire_find(feedback, "evidence"));
	struct wire_r r = wire_reader(wire_find(state, "evidence"));
	uint32_t n = wire_peek(&r) == WIRE_ARRAY ? wire_array(&r) : 0;
	struct span id;

	if (wire_peek(&ids) != WIRE_ARRAY || wire_array(&ids) == 0)
		return NULL;
	id = wire_str(&ids);
	for (; n > 0; n--) {
		struct span meta = wire_raw(&r);
		cJSON *o;

		if (!span_equal(wire_find_str(meta, "id"), id))
			continue;
		o = cJSON_CreateObject();
		add_found(o, "bytes", wire_find(meta, "bytes"));
		add_found(o, "sha256", wire_find(meta, "sha256"));
		return o;
	}
	return NULL;
}

cJSON *
turns_step_then(struct span before, struct span after, unsigned i)
{
	struct wire_r r;
	uint32_t skip = outcomes(before, &r) + i;
	struct span feedback;
	cJSON *o = cJSON_CreateObject(), *evidence;

	outcomes(after, &r);
	for (; skip > 0; skip--)
		wire_raw(&r);
	feedback = wire_raw(&r);
	add_found(o, "status", wire_find(feedback, "status"));
	add_found(o, "summary", wire_find(feedback, "summary"));
	evidence = evidence_then(state_of(after), feedback);
	if (evidence != NULL)
		cJSON_AddItemToObject(o, "evidence", evidence);
	add_found(o, "data", wire_find(feedback, "data"));
	return o;
}

static void
add_copy(cJSON *o, const cJSON *from, const char *key)
{
	const cJSON *v = tree_at(from, key);

	if (v != NULL)
		cJSON_AddItemToObject(o, key, cJSON_Duplicate(v, true));
}

cJSON *
turns_step_now(const cJSON *feedback)
{
	const cJSON *evidence = tree_at(feedback, "evidence");
	cJSON *o = cJSON_CreateObject();

	add_copy(o, feedback, "status");
	add_copy(o, feedback, "summary");
	if (cJSON_IsObject(evidence)) {
		cJSON *e = cJSON_AddObjectToObject(o, "evidence");

		add_copy(e, evidence, "bytes");
		add_copy(e, evidence, "sha256");
	}
	add_copy(o, feedback, "data");
	return o;
}
