/*
 * main.c - culprit-executor: runs the steps of plans.
 */
#include "executor/documents.h"
#include "executor/executor.h"

#include <string.h>

static bool
executor_extra(const struct conf *conf, int *ret_status)
{
	if (strcmp(conf->args[0], "--docs") != 0)
		return false;
	*ret_status =
	    documents_main(conf, conf->args + 1, conf->n_args - 1);
	return true;
}

int
main(int argc, char **argv)
{
	static const struct agent_spec executor = {
	    .name = "executor",
	    .what = "runs the steps of plans: Prometheus and other tools; "
		    "--docs list, show NAME\nor search TEXT looks into the "
		    "documents",
	    .who = CONF_EXECUTOR,
	    .start = executor_start,
	    .drain = executor_drain,
	    .reload = executor_reload,
	    .is_well = executor_is_well,
	    .stop = executor_stop,
	    .check = executor_check,
	    .once = executor_once,
	    .extra = executor_extra,
	};

	return agent_main(argc, argv, &executor);
}
