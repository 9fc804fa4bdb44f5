/* source_docs.c - the documents that tools answer from. */
#include "executor/tools/source_docs.h"

#include "common/base/log.h"

#include <stdlib.h>

static void
on_told(void *arg UNUSED, bool bad, const char *what, const char *name,
    const char *text)
{
	log_write(bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, what, "document", name,
	    "what", text, NULL);
}

static void
source_close(void *opened)
{
	struct source_docs *s = opened;

	docs_close(s->docs);
	docs_settings_done(&s->settings);
	free(s);
}

static enum rc
source_open(const struct tool_env *env, void **ret, struct err *err)
{
	struct source_docs *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	docs_settings_init(&s->settings, env->conf);
	s->settings.docs.tell = on_told;
	rc = env->loop == NULL ? docs_check(&s->settings.docs, err)
			       : docs_open(&s->settings.docs, &s->docs, err);
	if (rc == RC_OK)
		*ret = s;
	else
		source_close(s);
	return rc;
}

const struct source source_docs = {
    .open = source_open,
    .close = source_close,
};
