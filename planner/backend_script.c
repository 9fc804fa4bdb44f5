/*
 * backend_script.c - plans read from a file, for tests, benchmarks, replay.
 *
 * The n-th plan is that of round n, the last one repeats. Every update is
 * encoded at start; a turn costs one look for the round in the state and one
 * copy, since thousands a second are asked for.
 */
#include "planner/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/wire/proto.h"
#include "common/report/report.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"

enum { SCRIPT_BYTES_MAX = 16 << 20, SCRIPT_PLANS_MAX = 1000 };

struct backend {
	struct buf *updates;
	int n;
};

static void
script_stop(struct backend *b)
{
	int i;

	if (b == NULL)
		return;
	for (i = 0; i < b->n; i++)
		buf_done(&b->updates[i]);
	free(b->updates);
	free(b);
}

DEFINE_AUTO(script, struct backend, script_stop);

static enum rc
read_file(const char *path, struct buf *b, struct err *err)
{
	FILE *f = fopen(path, "re");
	char piece[4096];
	enum rc rc;
	size_t n;

	if (f == NULL)
		return err_set(
		    err, RC_IO, "cannot be read: %s", strerror(errno));
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && !b->full)
		buf_add(b, piece, n);
	rc = ferror(f) != 0
		 ? err_set(err, RC_IO, "cannot be read: %s", strerror(errno))
		 : buf_check(b, "it", err);
	fclose(f);
	return rc;
}

/* A script that ends without a report still ends in one, which whoever asked
 * makes: of its conclusion, or else of what the step says. */
static void
put_conclusion(struct buf *b, const struct plan *p)
{
	wire_put_map(b, 2);
	wire_put_str(b, "summary");
	wire_put_span(b, p->step);
	wire_put_str(b, "confidence");
	wire_put_str(b, report_confidence_name(REPORT_UNDETERMINED));
}

/* A word that is misspelt would be a step that does something else. */
static enum rc
known(const cJSON *tree, struct err *err)
{
	static const char *const keys[] = {"decision", "step", "tool",
	    "context", "args", "steps", "report", "conclusion", NULL};
	static const char *const of_step[] = {"step", "tool", "args", NULL};
	struct json_in in = json_in(tree, "plan", err);
	const cJSON *step, *steps = tree_at(tree, "steps");
	enum rc rc;

	json_in_known(&in, keys);
	rc = json_in_end(&in);
	cJSON_ArrayForEach (step, steps) {
		in = json_in(step, "steps", err);
		json_in_known(&in, of_step);
		if (rc == RC_OK)
			rc = json_in_end(&in);
	}
	return rc;
}

static enum rc
encode(struct buf *update, const cJSON *tree, struct err *err)
{
	struct span conclusion;
	struct plan p;
	auto_buf map = {.max = PLAN_BYTES_MAX}, plan = {.max = PLAN_BYTES_MAX};
	auto_buf ending = {.max = PLAN_BYTES_MAX};
	enum rc rc;

	rc = known(tree, err);
	if (rc == RC_OK)
		rc = plan_from_tree(tree, &map, err);
	if (rc == RC_OK)
		rc = plan_parse(buf_span(&map), &p, err);
	if (rc != RC_OK)
		return rc;
	plan_put(&plan, &p);
	conclusion = wire_find(buf_span(&map), "conclusion");
	if (p.decision == PLAN_DECISION_FINISH && p.report.n == 0 &&
	    conclusion.n == 0) {
		put_conclusion(&ending, &p);
		conclusion = buf_span(&ending);
	}
	proto_put_answer(
	    update, &(struct proto_answer){.planner_plan = buf_span(&plan),
			.decision = span_of(plan_decision_name(p.decision)),
			.final_report =
			    p.decision == PLAN_DECISION_FINISH
				? p.report
				: span_of(""),
			.conclusion = conclusion});
	buf_mark(update, &plan);
	buf_mark(update, &ending);
	return buf_check(update, "a plan", err);
}

static enum rc
load(struct backend *b, const cJSON *plans, struct err *err)
{
	int n = cJSON_GetArraySize(plans);
	const cJSON *plan;

	if (!cJSON_IsArray(plans) || n == 0 || n > SCRIPT_PLANS_MAX)
		return err_set(err, RC_INVALID,
		    "must be a JSON array of 1 to %d plans", SCRIPT_PLANS_MAX);
	b->updates = xcalloc((size_t)n, sizeof(*b->updates));
	cJSON_ArrayForEach (plan, plans) {
		struct buf *update = &b->updates[b->n++];
		enum rc rc;

		buf_init(update, BACKEND_UPDATE_MAX);
		rc = encode(update, plan, err);
		if (rc != RC_OK)
			return err_prefix(err, rc, "entry %d", b->n);
	}
	return RC_OK;
}

static enum rc
read_script(struct backend *b, const struct conf *conf, struct err *err)
{
	static const struct json_limits limits = {
	    .bytes_max = SCRIPT_BYTES_MAX,
	    .depth_max = PLAN_DEPTH_MAX + 1,
	    .values_max = 1000000,
	};
	AUTO(tree) plans = NULL;
	auto_buf text = {.max = SCRIPT_BYTES_MAX};
	enum rc rc;

	rc = read_file(conf->planner_script, &text, err);
	if (rc == RC_OK)
		rc = json_parse(buf_span(&text), &limits, &plans, err);
	if (rc == RC_OK)
		rc = load(b, plans, err);
	return rc;
}

static enum rc
script_start(const struct conf *conf, zloop_t *loop, struct backend **ret,
    struct err *err)
{
	AUTO(script) b = xcalloc(1, sizeof(*b));
	enum rc rc;

	(void)loop;
	if (conf->planner_script == NULL)
		return err_set(err, RC_INVALID,
		    "the script planner needs --planner-script FILE "
		    "(CULPRIT_PLANNER_SCRIPT)");
	rc = read_script(b, conf, err);
	if (rc != RC_OK)
		return err_prefix(
		    err, rc, "planner script %s", conf->planner_script);
	*ret = TAKE(b);
	return RC_OK;
}

static void
script_plan(struct backend *b, struct turn *t)
{
	/* `turns` also counts answers that led to no round. */
	int64_t round = wire_find_int(t->state, "turns", -1);

	if (round < 0)
		round = wire_find_int(t->state, "iteration", 0);
	round = MAX(round, 0);
	t->answer(t, buf_span(&b->updates[MIN(round, b->n - 1)]));
}

const struct backend_ops backend_script = {
    .name = "script",
    .start = script_start,
    .plan = script_plan,
    .stop = script_stop,
};
