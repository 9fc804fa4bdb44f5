/*
 * executor.c - the executor process: steps in, evidence out.
 */
#include "executor/executor.h"
#include "common/base/failpoint.h"
#include "common/json/json.h"
#include "common/base/log.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "common/agent/worker.h"
#include "executor/run.h"

#include <stdlib.h>

enum { TOOLS_BYTES_MAX = PROTO_MOST(hello, tools) };

struct executor {
	struct worker *worker;
	struct toolset *tools;
	struct buf described; /* the tools, as msgpack */
	struct tool_env tool_env;
	struct run_env run_env;
	struct job *jobs; /* under way */
};

/* What a task's user pointer is. */
struct job {
	struct executor *executor;
	struct worker_task *task;
	struct run *run; /* NULL while it is being started */
	struct job *prev, *next;
};

/* ---- tasks ---- */

static struct job *
job_new(struct executor *x, struct worker_task *t)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->executor = x;
	job->task = t;
	job->next = x->jobs;
	if (x->jobs != NULL)
		x->jobs->prev = job;
	x->jobs = job;
	return job;
}

static void
job_free(struct job *job)
{
	if (job->prev != NULL)
		job->prev->next = job->next;
	else
		job->executor->jobs = job->next;
	if (job->next != NULL)
		job->next->prev = job->prev;
	free(job);
}

static void
log_task(const struct job *job, const struct run_outcome *outcome)
{
	char ms[24];

	snprintf(ms, sizeof(ms), "%lld", (long long)outcome->ms);
	log_info("step done", "run", job->task->run, "tool", outcome->tool,
	    "status", outcome->success ? "SUCCESS" : "FAILED", "ms", ms, NULL);
}

static void
on_outcome(void *arg, const struct run_outcome *outcome)
{
	struct job *job = arg;
	auto_buf update = {.max = RUN_FEEDBACK_MAX + 100};

	log_task(job, outcome);
	proto_put_outcome(
	    &update, &(struct proto_outcome){.feedback = outcome->feedback});
	FAILPOINT(outcome_packed);
	worker_done(job->executor->worker, job->task, buf_span(&update),
	    outcome->evidence, outcome->media);
	/* Else on_task, which started it just now, frees the job. */
	if (job->run != NULL)
		job_free(job);
}

static void
on_progress(void *arg, const char *text)
{
	struct job *job = arg;
	auto_buf data = {.max = 1000};

	proto_put_said(&data, &(struct proto_said){.text = span_of(text)});
	worker_progress(
	    job->executor->worker, job->task, "progress", buf_span(&data));
}

static void
on_task(void *ctx, struct worker_task *t)
{
	struct executor *x = ctx;
	struct job *job = job_new(x, t);
	struct run *run;

	t->user = job;
	run = run_start(&x->run_env, t->input, t->deadline_ms, on_outcome, job);
	if (run == NULL)
		job_free(job);
	else
		job->run = run;
}

static void
on_revoke(void *ctx UNUSED, struct worker_task *t)
{
	struct job *job = t->user;

	run_cancel(job->run);
	job_free(job);
}

/* ---- life ---- */

/* Enables the tools that conf names; else all is as before. */
static enum rc
take_tools(struct executor *x, const struct conf *conf, struct err *err)
{
	AUTO(toolset) tools = NULL;
	AUTO(json) tree = NULL;
	auto_buf described = {.max = TOOLS_BYTES_MAX};
	enum rc rc = toolset_new(conf->tools, conf->tool_classes, &tools, err);

	if (rc == RC_OK)
		rc = toolset_open(tools, &x->tool_env, err);
	if (rc != RC_OK)
		return rc;
	tree = toolset_describe(tools);
	wire_put_tree(&described, tree);
	rc = buf_check(&described, "the description of the tools", err);
	if (rc != RC_OK)
		return rc;
	/* A run looks for its tool when it begins, and not later. */
	toolset_free(x->tools);
	x->tools = TAKE(tools);
	x->run_env.tools = x->tools;
	buf_reset(&x->described);
	buf_add_span(&x->described, buf_span(&described));
	return RC_OK;
}

void
executor_reload(void *state, const struct conf *conf)
{
	struct executor *x = state;
	struct err err;

	if (take_tools(x, conf, &err) != RC_OK) {
		log_error(
		    "the tools stay as they were", "reason", err.text, NULL);
		return;
	}
	log_info("tools were read again", "tools",
	    conf->tools != NULL ? conf->tools : "all that only read", NULL);
	worker_tools(x->worker, buf_span(&x->described));
}

static enum rc
begin(struct executor *x, struct agent *a, struct err *err)
{
	const struct conf *conf = agent_conf(a);
	struct worker_spec spec = {.role = "executor",
	    .on_task = on_task,
	    .on_revoke = on_revoke,
	    .ctx = x};
	enum rc rc;

	tool_env_init(&x->tool_env, conf, agent_loop(a));
	buf_init(&x->described, TOOLS_BYTES_MAX);
	x->run_env = (struct run_env){
	    .tool_env = &x->tool_env, .progress = on_progress};
	rc = take_tools(x, conf, err);
	if (rc != RC_OK)
		return rc;
	spec.tools = buf_span(&x->described);
	return worker_new(a, &spec, &x->worker, err);
}

enum rc
executor_start(struct agent *a, void **ret_state, struct err *err)
{
	struct executor *x = xcalloc(1, sizeof(*x));
	enum rc rc = begin(x, a, err);

	if (rc != RC_OK) {
		executor_stop(x);
		return rc;
	}
	*ret_state = x;
	return RC_OK;
}

void
executor_drain(void *state)
{
	struct executor *x = state;

	worker_drain(x->worker);
}

bool
executor_is_well(const void *state)
{
	const struct executor *x = state;

	return worker_is_well(x->worker);
}

void
executor_stop(void *state)
{
	struct executor *x = state;

	while (x->jobs != NULL) {
		run_cancel(x->jobs->run);
		job_free(x->jobs);
	}
	worker_free(x->worker);
	tool_env_done(&x->tool_env);
	toolset_free(x->tools);
	buf_done(&x->described);
	free(x);
}
