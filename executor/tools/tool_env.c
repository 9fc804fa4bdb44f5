/* tool_env.c - what tools work with. */
#include "executor/tools/tool_env.h"

#include <stdlib.h>

struct source_opened {
	const struct source *source;
	void *opened;
	struct source_opened *next;
};

void
tool_env_init(struct tool_env *env, const struct conf *conf, zloop_t *loop)
{
	*env = (struct tool_env){.conf = conf, .loop = loop};
	if (loop == NULL)
		return;
	env->http = http_new(loop);
	env->offload = offload_pool_new(loop);
}

void
tool_env_done(struct tool_env *env)
{
	/* Threads may work with the sources still. */
	offload_pool_free(env->offload);
	http_free(env->http);
	while (env->sources != NULL) {
		struct source_opened *o = env->sources;

		env->sources = o->next;
		o->source->close(o->opened);
		free(o);
	}
}

static const struct source_opened *
find(const struct tool_env *env, const struct source *source)
{
	const struct source_opened *o = env->sources;

	while (o != NULL && o->source != source)
		o = o->next;
	return o;
}

enum rc
tool_env_open(
    struct tool_env *env, const struct source *source, struct err *err)
{
	struct source_opened *o;
	void *opened = NULL;
	enum rc rc;

	if (source == NULL || find(env, source) != NULL)
		return RC_OK;
	rc = source->open(env, &opened, err);
	if (rc != RC_OK)
		return rc;
	o = xcalloc(1, sizeof(*o));
	*o = (struct source_opened){source, opened, env->sources};
	env->sources = o;
	return RC_OK;
}

enum rc
tool_env_check(const struct tool_env *env, struct err *err)
{
	const struct source_opened *o;
	enum rc rc = RC_OK;

	for (o = env->sources; o != NULL && rc == RC_OK; o = o->next)
		if (o->source->check != NULL)
			rc = o->source->check(o->opened, err);
	return rc;
}

void *
tool_env_source(const struct tool_env *env, const struct source *source)
{
	const struct source_opened *o = find(env, source);

	return o != NULL ? o->opened : NULL;
}
