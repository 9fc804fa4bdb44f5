/*
 * run.c - one plan step, from what was planned to its feedback.
 *
 * Invariant: a run ends by finish() exactly once, or by run_cancel.
 */
#include "executor/run.h"
#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/json/json.h"
#include "common/wire/proto.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/wire/wire.h"

#include <stdlib.h>

/* More than any window that is asked for. */
#define WINDOW_MAX_S UINT64_C(1000000000)

struct run {
	struct tool_call call;
	struct run_env *env;
	LIST_ENTRY(run) link;
	cJSON *args, *labels; /* owned */
	char *input;          /* owned; the spans below point into it */
	struct span step, tool_name;
	struct span args_wire;
	int64_t started_us;
	int timer;     /* -1: none */
	bool starting; /* inside run_start */
	bool ended;
	run_done_fn *done;
	void *arg;
};

static void
run_free(struct run *run)
{
	LIST_REMOVE(run, link);
	if (run->timer >= 0)
		zloop_timer_end(run->env->tool_env->loop, run->timer);
	tool_result_done(&run->call.result);
	cJSON_Delete(run->args);
	cJSON_Delete(run->labels);
	free(run->input);
	free(run);
}

/* ---- feedback ---- */

/* Texts of foreign servers are cut to size on their way in here. */
static struct span
told(struct buf *text)
{
	if (text->len > 0)
		text->len = utf8_tidy(text->data, text->len);
	return buf_span(text);
}

static void
put_feedback(struct buf *b, struct run *run, int64_t ms, bool with_data)
{
	static const char empty_map[] = {(char)0x80};
	struct tool_result *r = &run->call.result;
	const struct tool *tool = run->call.tool;
	auto_buf data = {.max = RUN_FEEDBACK_MAX};
	struct proto_feedback fb = {
	    .status = span_of(r->success ? "SUCCESS" : "FAILED"),
	    .tool = run->tool_name,
	    .step = run->step,
	    .args = run->args_wire,
	    .query = told(&r->query),
	    .summary = told(&r->summary),
	    .suggestion = told(&r->suggestion),
	    .ms = (uint64_t)ms,
	    .unknown = r->unknown,
	    .role = span_of(tool != NULL ? tool_role_name(tool->role) : ""),
	};

	if (fb.args.n == 0)
		fb.args = span_make(empty_map, sizeof(empty_map));
	if (with_data)
		wire_put_tree(&data, r->data);
	fb.data = buf_span(&data);
	proto_put_feedback(b, &fb);
	buf_mark(b, &data);
}

/* Tells the outcome; frees the run unless run_start still holds it. */
static void
finish(struct run *run)
{
	struct tool_result *r = &run->call.result;
	int64_t ms = (clk_mono_us() - run->started_us) / 1000;
	auto_buf feedback = {.max = RUN_FEEDBACK_MAX};
	struct run_outcome out;

	run->ended = true;
	put_feedback(&feedback, run, ms, r->data != NULL);
	if (feedback.full) {
		/* The reader has the evidence; the planner the summary. */
		buf_reset(&feedback);
		put_feedback(&feedback, run, ms, false);
	}
	out = (struct run_outcome){.success = r->success,
	    .tool = run->call.tool != NULL ? run->call.tool->name : "",
	    .ms = ms,
	    .feedback = buf_span(&feedback),
	    .evidence = buf_span(&r->evidence),
	    .media = r->media};
	run->done(run->arg, &out);
	if (!run->starting)
		run_free(run);
}

static void
on_tool_done(struct tool_call *call)
{
	FAILPOINT(tool_ends);
	finish(call->owner);
}

static void
on_tool_progress(struct tool_call *call, const char *text)
{
	struct run *run = call->owner;

	if (run->env->progress != NULL)
		run->env->progress(run->arg, text);
}

static void
fail(struct run *run, const char *suggestion, const char *text)
{
	tool_fail(&run->call, suggestion, text);
	finish(run);
}

static void
stop_late(struct run *run)
{
	const struct tool *tool = run->call.tool;
	int64_t ms = (clk_mono_us() - run->started_us) / 1000;
	auto_str text = NULL;
	char took[WHEN_TEXT];

	if (tool->cancel != NULL)
		tool->cancel(&run->call);
	text = xasprintf("%s did not end within %s and was stopped.",
	    tool->name, when_print_duration(ms, took));
	run->call.result.unknown = true;
	fail(run,
	    "Ask for less at once, or see whether what it asks is "
	    "overloaded.",
	    text);
}

/* A loop also rings the timers that were ended by whoever rang before in the
 * same pass, when their run is gone. */
static int
on_late(zloop_t *loop UNUSED, int timer, void *arg)
{
	struct run_env *env = arg;
	struct run *run;

	LIST_FOREACH (run, &env->runs, link)
		if (run->timer == timer)
			break;
	if (run == NULL)
		return 0;
	run->timer = -1;
	stop_late(run);
	return 0;
}

/* ---- reading the step ---- */

/* An investigation of now may have waited for this step. What is longer ago
 * is not what the present tells of. */
enum { RUN_PRESENT_MS = 60000 };

static void
read_args(struct run *run, struct span args)
{
	run->args_wire = args;
	if (args.n > 0)
		run->args = wire_to_tree(args);
	if (cJSON_IsNull(run->args) || run->args == NULL) {
		cJSON_Delete(run->args);
		run->args = cJSON_CreateObject();
		run->args_wire.n = 0;
	}
}

/* The moment it is about: now, where none is named that has been. */
static int64_t
moment(uint64_t at_ms, int64_t now_ms)
{
	return at_ms > 0 && at_ms <= (uint64_t)now_ms ? (int64_t)at_ms : now_ms;
}

static enum rc
read_input(struct run *run, struct span input, struct err *err)
{
	int64_t now_ms = clk_wall_ms();
	struct proto_step s = {0};
	enum rc rc;

	run->input = xcalloc(1, input.n + 1);
	memcpy(run->input, input.p, input.n);
	rc = proto_get_step(span_make(run->input, input.n), &s, err);
	run->step = s.step;
	run->tool_name = s.tool;
	read_args(run, s.args);
	if (s.labels.n > 0)
		run->labels = wire_to_tree(s.labels);
	run->call.now_ms = now_ms;
	run->call.at_ms = moment(s.at, now_ms);
	run->call.past =
	    s.past || run->call.at_ms < now_ms - RUN_PRESENT_MS;
	run->call.window_ms = s.window > 0
				  ? (int64_t)MIN(s.window, WINDOW_MAX_S) * 1000
				  : RUN_WINDOW_MS;
	run->call.key = s.key;
	run->call.args = run->args;
	run->call.labels = run->labels;
	return rc;
}

static void
start_timer(struct run *run, int64_t deadline_ms)
{
	int64_t ms = run->call.tool->timeout_ms;

	if (deadline_ms > 0)
		ms = MIN(ms, deadline_ms - clk_mono_ms());
	run->timer = zloop_timer(
	    run->env->tool_env->loop, (size_t)MAX(ms, 1), 1, on_late, run->env);
}

static void
start_tool(struct run *run, int64_t deadline_ms)
{
	const struct tool *tool;
	struct err err = {0};

	if (toolset_find(run->env->tools, run->tool_name, &tool, &err) !=
	    RC_OK) {
		fail(run,
		    "Use one of the tools that are enabled, or enable "
		    "it with CULPRIT_TOOLS.",
		    err.text);
		return;
	}
	run->call.tool = tool;
	run->call.source = tool_env_source(run->env->tool_env, tool->source);
	if (toolset_check(run->env->tools, tool, run->args, &err) != RC_OK) {
		fail(run, "Correct the arguments and try again.", err.text);
		return;
	}
	FAILPOINT(tool_begins);
	if (tool->start(&run->call, &err) != RC_OK)
		fail(run, "Correct the arguments and try again.", err.text);
	else if (!run->ended)
		start_timer(run, deadline_ms);
}

struct run *
run_start(struct run_env *env, struct span input, int64_t deadline_ms,
    run_done_fn *done, void *arg)
{
	struct run *run = xcalloc(1, sizeof(*run));
	struct err err;

	run->env = env;
	LIST_INSERT_HEAD(&env->runs, run, link);
	run->done = done;
	run->arg = arg;
	run->timer = -1;
	run->started_us = clk_mono_us();
	run->call.env = env->tool_env;
	run->call.done = on_tool_done;
	run->call.progress = on_tool_progress;
	run->call.owner = run;
	tool_result_init(&run->call.result);
	run->starting = true;
	if (read_input(run, input, &err) == RC_OK)
		start_tool(run, deadline_ms);
	else
		fail(run, "Correct the step and try again.", err.text);
	run->starting = false;
	if (!run->ended)
		return run;
	run_free(run);
	return NULL;
}

void
run_cancel(struct run *run)
{
	const struct tool *tool = run->call.tool;

	if (tool->cancel != NULL)
		tool->cancel(&run->call);
	run_free(run);
}
