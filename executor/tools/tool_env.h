/*
 * tool_env.h - what tools work with: a loop, HTTP, threads, and the sources
 * they answer from.
 *
 * A source is a back end: Prometheus, say. It is opened once, when a tool that
 * is enabled answers from it, and its tools share it; a tool whose file brings
 * a source of its own needs nothing changed here.
 */
#ifndef EXECUTOR_TOOLS_TOOL_ENV_H
#define EXECUTOR_TOOLS_TOOL_ENV_H

#include "common/agent/conf.h"
#include "common/net/http.h"
#include "common/agent/offload.h"
#include "common/base/rc.h"

struct tool_env;

struct source {
	/* Reads its part of env->conf. Opens files, sends nothing; env has no
	 * loop for --check. On RC_OK *ret is the source's own. */
	enum rc (*open)(
	    const struct tool_env *env, void **ret, struct err *err);
	/* Does it answer? May block for seconds. NULL: nothing to ask. */
	enum rc (*check)(void *opened, struct err *err);
	void (*close)(void *opened);
};

struct source_opened;

struct tool_env {
	const struct conf *conf;      /* borrowed */
	zloop_t *loop;                /* borrowed; NULL: for --check */
	struct http *http;            /* NULL without a loop */
	struct offload_pool *offload; /* for work that blocks; the same */
	struct source_opened *sources;
};

void tool_env_init(
    struct tool_env *env, const struct conf *conf, zloop_t *loop);

/* Every call has ended. Waits for the threads. */
void tool_env_done(struct tool_env *env);

/* Opens it unless it is open; NULL is none, and nothing to open. */
NODISCARD enum rc tool_env_open(
    struct tool_env *env, const struct source *source, struct err *err);

/* Asks each that is open whether it answers; the first that does not. */
NODISCARD enum rc tool_env_check(const struct tool_env *env, struct err *err);

/* What open gave; NULL: not open. */
void *tool_env_source(const struct tool_env *env, const struct source *source);

#endif
