/*
 * check.c - executor --check: is the configuration good, does Prometheus
 * answer?
 */
#include "executor/executor.h"

#include "common/dial.h"

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	struct prom_outcome *kept = arg;

	*kept = *outcome;
	kept->warnings = "";
}

enum rc
executor_check(const struct conf *conf, struct err *err)
{
	static const struct prom_sink sink = {0};
	struct tool_env env;
	struct prom_outcome outcome = {0};
	struct prom_job job = {.ask = {.what = PROM_INSTANT, .query = "1"},
	    .reader = {.sink = &sink, .done = on_done, .arg = &outcome}};
	struct toolset *tools = NULL;
	enum rc rc = toolset_new(conf->tools, conf->tool_classes, &tools, err);

	toolset_free(tools);
	if (rc != RC_OK)
		return rc;
	rc = dial_check(conf, conf->back, err);
	if (rc == RC_OK)
		rc = executor_env(conf, NULL, NULL, &env, err);
	if (rc == RC_OK) {
		rc = prom_run(&env.prom, &job, 1, 1, NULL);
		dependencies_done(&env.dependencies);
	}
	if (rc != RC_OK || outcome.rc == RC_OK)
		return rc;
	return err_set(
	    err, outcome.rc, "%s. %s", outcome.err.text, outcome.advice);
}
