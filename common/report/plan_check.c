/*
 * plan_check.c - plans from JSON, and whether the tools there are can run
 * them.
 *
 * Judged in code, never by trust: a plan may come from a model that obeys
 * whoever wrote an annotation.
 */
#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/json/schema.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"

static const struct json_limits limits = {
    .bytes_max = PLAN_BYTES_MAX,
    .depth_max = PLAN_DEPTH_MAX,
    .values_max = 100000,
};

enum rc
plan_from_tree(const cJSON *tree, struct buf *b, struct err *err)
{
	if (!cJSON_IsObject(tree))
		return err_set(err, RC_INVALID, "plan: must be an object");
	wire_put_tree(b, tree);
	return buf_check(b, "a plan", err);
}

enum rc
plan_from_json(struct span text, struct buf *b, struct err *err)
{
	AUTO(tree) tree = NULL;
	enum rc rc = json_parse(text, &limits, &tree, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "plan");
	return plan_from_tree(tree, b, err);
}

/* The tools' names, for whoever has to name one of them. */
static void
list_tools(const cJSON *tools, struct buf *b)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, tools)
		buf_addf(
		    b, "%s%s", b->len > 0 ? ", " : "", tree_str(t, "name"));
}

static const cJSON *
find_tool(const cJSON *tools, struct span name)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, tools)
		if (span_equal(tree_span(t, "name"), name))
			return t;
	return NULL;
}

static enum rc
check_args(const struct plan_step *s, const cJSON *tool, struct err *err)
{
	AUTO(tree) args = wire_to_tree(s->args);
	enum rc rc = schema_check(tree_at(tool, "args"), args, "args", err);

	if (rc != RC_OK)
		return err_prefix(
		    err, RC_INVALID, "arguments of %.*s", SPAN_ARG(s->tool));
	return RC_OK;
}

enum rc
plan_check_step(const struct plan_step *s, const cJSON *tools, struct err *err)
{
	const cJSON *tool = find_tool(tools, s->tool);
	auto_buf names = {.max = 400};

	if (tool != NULL)
		return check_args(s, tool, err);
	list_tools(tools, &names);
	return err_set(err, RC_DENIED,
	    "\"%.*s\" is not a tool that is enabled here; there are: %s",
	    SPAN_ARG(s->tool), names.len > 0 ? buf_str(&names) : "none");
}

enum rc
plan_check(const struct plan *p, const cJSON *tools, struct err *err)
{
	unsigned i;

	if (p->decision != PLAN_DECISION_EXECUTE)
		return RC_OK;
	if (p->n_steps == 0)
		return err_set(
		    err, RC_INVALID, "plan: EXECUTE without a tool to run");
	for (i = 0; i < p->n_steps; i++) {
		enum rc rc = plan_check_step(&p->steps[i], tools, err);

		if (rc != RC_OK)
			return err_prefix(err, rc, "plan: step %u", i + 1);
	}
	return RC_OK;
}
