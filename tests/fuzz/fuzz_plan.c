/*
 * fuzz_plan.c - what a planner decided: refused in words that can be sent
 * on, or within every limit, written back as the same plan, and judged in
 * the same way however often.
 *
 * The first byte chooses the form, a msgpack map or JSON text. Texts that
 * are too long are the unit tests' matter.
 */
#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/json/tree.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"

#include <assert.h>
#include <stdlib.h>

static const char catalogue[] =
    "[{\"name\":\"echo\",\"what\":\"says it again\",\"args\":{\"type\":"
    "\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"maxLength\":"
    "9,\"description\":\"wörds to be said\"}},\"required\":[\"text\"],"
    "\"additionalProperties\":false}},"
    "{\"name\":\"query\",\"args\":{\"type\":\"object\",\"properties\":{"
    "\"n\":{\"type\":[\"integer\",\"null\"],\"minimum\":1,\"maximum\":5},"
    "\"how\":{\"enum\":[\"é\",\"sum\",3]},\"by\":{\"type\":\"array\","
    "\"items\":{\"type\":\"string\"},\"maxItems\":2}},"
    "\"additionalProperties\":{\"type\":\"boolean\"}}},"
    "{\"name\":\"now\"}]";

static cJSON *
tools(void)
{
	static cJSON *tree;

	if (tree == NULL &&
	    json_parse(span_of(catalogue), NULL, &tree, NULL) != RC_OK)
		abort();
	return tree;
}

static void
is_said(const struct err *err)
{
	assert(err->text[0] != '\0' && utf8_ok(span_of(err->text)));
}

static void
is_inside(struct span s, struct span map)
{
	assert(s.n == 0 || (s.p >= map.p && s.p + s.n <= map.p + map.n));
}

static void
step_is_good(const struct plan_step *s)
{
	struct wire_r r = wire_reader(s->args);

	assert(s->step.n <= PLAN_TEXT_MAX && utf8_ok(s->step));
	assert(s->tool.n > 0 && s->tool.n <= PLAN_TOOL_MAX);
	assert(s->args.n > 0 && s->args.n <= PLAN_ARGS_MAX);
	assert(wire_peek(&r) == WIRE_MAP);
	assert(wire_check(s->args, NULL) == RC_OK);
}

static void
plan_is_good(const struct plan *p, struct span map)
{
	unsigned i;

	assert(span_is(
	    wire_find_str(map, "decision"), plan_decision_name(p->decision)));
	assert(p->step.n <= PLAN_TEXT_MAX && p->context.n <= PLAN_TEXT_MAX);
	assert(p->report.n <= PLAN_REPORT_MAX);
	assert(wire_depth(map) <= PLAN_DEPTH_MAX);
	is_inside(p->step, map);
	is_inside(p->context, map);
	is_inside(p->report, map);
	assert(p->n_steps <= PLAN_STEPS_MAX);
	for (i = 0; i < p->n_steps; i++) {
		step_is_good(&p->steps[i]);
		is_inside(p->steps[i].step, map);
		is_inside(p->steps[i].tool, map);
	}
}

/* A step that is alone takes the words of its plan, having none. */
static void
is_same(const struct plan *p, const struct plan *q)
{
	unsigned i;

	assert(p->decision == q->decision && p->n_steps == q->n_steps);
	assert(span_equal(p->step, q->step));
	assert(span_equal(p->context, q->context));
	for (i = 0; i < p->n_steps; i++) {
		const struct plan_step *a = &p->steps[i], *b = &q->steps[i];

		assert(span_equal(a->tool, b->tool));
		assert(span_equal(a->args, b->args));
		assert(span_equal(a->step, b->step) ||
		       (p->n_steps == 1 && a->step.n == 0 &&
			   span_equal(b->step, p->step)));
	}
}

static bool
is_listed(struct span name)
{
	return span_is(name, "echo") || span_is(name, "query") ||
	       span_is(name, "now");
}

static void
judge(const struct plan *p, const struct plan *again)
{
	struct err err = {0}, second = {0};
	enum rc rc = plan_check(p, tools(), &err);
	unsigned i, listed = 0;

	assert(plan_check(again, tools(), &second) == rc);
	assert(strcmp(err.text, second.text) == 0);
	if (rc != RC_OK)
		is_said(&err);
	if (p->decision != PLAN_DECISION_EXECUTE) {
		assert(rc == RC_OK);
		return;
	}
	for (i = 0; i < p->n_steps; i++) {
		listed += is_listed(p->steps[i].tool);
		if (rc == RC_OK)
			assert(plan_check_step(&p->steps[i], tools(), NULL) ==
			       RC_OK);
	}
	assert(rc != RC_OK || (listed == p->n_steps && listed > 0));
	assert(rc != RC_DENIED || listed < p->n_steps);
}

static void
read_map(struct span map)
{
	static struct buf b1 = {.max = 2 * PLAN_BYTES_MAX};
	static struct buf b2 = {.max = 2 * PLAN_BYTES_MAX};
	struct plan p, q;
	struct err err = {0};
	enum rc rc;

	p.n_steps = PLAN_STEPS_MAX + 1;
	rc = plan_parse(map, &p, &err);
	if (rc != RC_OK) {
		assert(rc == RC_INVALID || rc == RC_TOOBIG);
		assert(p.n_steps == PLAN_STEPS_MAX + 1);
		is_said(&err);
		return;
	}
	plan_is_good(&p, map);
	buf_reset(&b1);
	buf_reset(&b2);
	plan_put(&b1, &p);
	assert(wire_check(buf_span(&b1), NULL) == RC_OK);
	assert(plan_parse(buf_span(&b1), &q, NULL) == RC_OK);
	is_same(&p, &q);
	plan_put(&b2, &q);
	assert(span_equal(buf_span(&b1), buf_span(&b2)));
	judge(&p, &q);
}

/* JSON to msgpack, to JSON, to the same msgpack. */
static void
read_text(struct span text)
{
	static struct buf map = {.max = PLAN_BYTES_MAX};
	static struct buf again = {.max = PLAN_BYTES_MAX};
	static struct buf told = {.max = 4 * PLAN_BYTES_MAX};
	struct err err = {0};

	buf_reset(&map);
	buf_reset(&again);
	buf_reset(&told);
	if (plan_from_json(text, &map, &err) != RC_OK) {
		is_said(&err);
		return;
	}
	assert(wire_check(buf_span(&map), NULL) == RC_OK);
	wire_to_json(&told, buf_span(&map));
	assert(plan_from_json(buf_span(&told), &again, NULL) == RC_OK);
	assert(span_equal(buf_span(&map), buf_span(&again)));
	read_map(buf_span(&map));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_make(data + 1, size - 1);
	if (data[0] % 2 == 1)
		read_text(rest);
	else if (wire_check(rest, NULL) == RC_OK)
		read_map(rest);
	return 0;
}
