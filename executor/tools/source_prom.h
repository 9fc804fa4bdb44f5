/*
 * source_prom.h - the Prometheus that tools answer from, as the configuration
 * says it, and what it cannot tell by itself.
 */
#ifndef EXECUTOR_TOOLS_SOURCE_PROM_H
#define EXECUTOR_TOOLS_SOURCE_PROM_H

#include "executor/causes/dependencies.h"
#include "executor/prom/prom.h"
#include "executor/tools/tool_env.h"

struct source_prom {
	struct prom_conf conf;
	unsigned parallel; /* queries one call may have under way */
	struct dependencies dependencies; /* where no metric tells */
};

/* Opened, it is a struct source_prom. */
extern const struct source source_prom;

#endif
