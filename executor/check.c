/*
 * check.c - executor --check: is the configuration good, does what the tools
 * answer from answer?
 */
#include "executor/executor.h"

#include "common/agent/dial.h"
#include "executor/tools/toolset.h"

enum rc
executor_check(const struct conf *conf, struct err *err)
{
	AUTO(toolset) tools = NULL;
	struct tool_env env;
	enum rc rc = toolset_new(conf->tools, conf->tool_classes, &tools, err);

	if (rc == RC_OK)
		rc = dial_check(conf, conf->back, err);
	if (rc != RC_OK)
		return rc;
	tool_env_init(&env, conf, NULL);
	rc = toolset_open(tools, &env, err);
	if (rc == RC_OK)
		rc = tool_env_check(&env, err);
	tool_env_done(&env);
	return rc;
}
