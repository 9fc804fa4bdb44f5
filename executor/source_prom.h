/*
 * source_prom.h - the Prometheus that tools answer from, as the configuration
 * says it, and what it cannot tell by itself.
 */
#ifndef EXECUTOR_SOURCE_PROM_H
#define EXECUTOR_SOURCE_PROM_H

#include "executor/dependencies.h"
#include "executor/prom.h"
#include "executor/tool_env.h"

struct source_prom {
	struct prom_conf conf;
	unsigned parallel; /* queries one call may have under way */
	struct dependencies dependencies; /* where no metric tells */
};

/* Opened, it is a struct source_prom. */
extern const struct source source_prom;

#endif
