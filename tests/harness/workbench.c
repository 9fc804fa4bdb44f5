/* workbench.c - the real tools on a loop of the test's own. */
#include "tests/harness/workbench.h"

#include "common/json/json.h"
#include "common/wire/wire.h"
#include "tests/harness/loop.h"

#include <check.h>

void
workbench_open(struct workbench *b, stub_fn *answer, void *arg)
{
	struct stub_http *stub = stub_http_new(answer, arg);

	workbench_open_at(b, stub_http_url(stub), NULL);
	b->stub = stub;
}

void
workbench_open_at(struct workbench *b, const char *url, const char *dir)
{
	auto_str tools = xasprintf("echo, get_current_time,"
				   "query_prometheus_alerts,"
				   "query_prometheus_rules,"
				   "query_prometheus_metrics,"
				   "query_prometheus_targets,"
				   "find_causes%s",
	    dir != NULL ? ", search_docs" : "");
	struct err err = {0};

	*b = (struct workbench){0};
	b->loop = zloop_new();
	ck_assert_msg(
	    toolset_new(tools, NULL, &b->tools, &err) == RC_OK, "%s", err.text);
	b->conf = (struct conf){.prometheus_url = url,
	    .prometheus_timeout_ms = NEVER_MS,
	    .prometheus_parallel = 2,
	    .data_dir = dir,
	    .docs_starter = true};
	tool_env_init(&b->tool_env, &b->conf, b->loop);
	ck_assert_msg(toolset_open(b->tools, &b->tool_env, &err) == RC_OK, "%s",
	    err.text);
	b->prom = tool_env_source(&b->tool_env, &source_prom);
	b->env = (struct run_env){.tools = b->tools, .tool_env = &b->tool_env};
	buf_init(&b->evidence, TOOL_EVIDENCE_MAX);
}

void
workbench_close(struct workbench *b)
{
	tool_env_done(&b->tool_env);
	toolset_free(b->tools);
	zloop_destroy(&b->loop);
	if (b->stub != NULL)
		stub_http_free(b->stub);
	cJSON_Delete(b->feedback);
	buf_done(&b->evidence);
}

static void
on_outcome(void *arg, const struct run_outcome *outcome)
{
	struct workbench *b = arg;
	struct err err = {0};

	ck_assert_msg(
	    wire_check(outcome->feedback, &err) == RC_OK, "%s", err.text);
	cJSON_Delete(b->feedback);
	b->feedback = wire_to_tree(outcome->feedback);
	buf_reset(&b->evidence);
	buf_add_span(&b->evidence, outcome->evidence);
	snprintf(b->media, sizeof(b->media), "%s", outcome->media);
	b->success = outcome->success;
	b->done = true;
}

struct run *
workbench_start(struct workbench *b, const char *step_json, int64_t deadline_ms)
{
	AUTO(json) step = NULL;
	auto_buf wire = {.max = 1 << 20};
	struct err err = {0};

	ck_assert_msg(
	    json_parse(span_of(step_json), NULL, &step, &err) == RC_OK,
	    "%s: %s", step_json, err.text);
	wire_put_tree(&wire, step);
	b->done = false;
	return run_start(&b->env, buf_span(&wire), deadline_ms, on_outcome, b);
}

/* Runs a step to its end; its summary. */
const char *
workbench_perform(struct workbench *b, const char *step_json)
{
	workbench_start(b, step_json, 0);
	ck_assert(b->done || loop_until(b->loop, &b->done, AWAIT_MS));
	return json_str(b->feedback, "summary");
}

const cJSON *
workbench_data(const struct workbench *b, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(b->feedback, "data"), key);
}

double
workbench_number(const struct workbench *b, const char *key)
{
	return cJSON_GetNumberValue(workbench_data(b, key));
}
