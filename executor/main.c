/*
 * main.c - culprit-executor: runs the steps of plans.
 */
#include "executor/executor.h"

int
main(int argc, char **argv)
{
	static const struct agent_spec executor = {
	    .name = "executor",
	    .what = "runs the steps of plans: Prometheus and other tools",
	    .who = CONF_EXECUTOR,
	    .start = executor_start,
	    .drain = executor_drain,
	    .reload = executor_reload,
	    .stop = executor_stop,
	    .check = executor_check,
	    .once = executor_once,
	};

	return agent_main(argc, argv, &executor);
}
