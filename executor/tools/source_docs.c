/* source_docs.c - the documents that tools answer from. */
#include "executor/tools/source_docs.h"

#include "common/base/log.h"
#include "executor/docs/docs.h"

static void
on_told(void *arg UNUSED, bool bad, const char *what, const char *name,
    const char *text)
{
	log_write(bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, what, "document", name,
	    "what", text, NULL);
}

static enum rc
source_open(const struct tool_env *env, void **ret, struct err *err)
{
	const struct conf *conf = env->conf;
	auto_str path = xasprintf("%s/docs.db", conf->data_dir);
	struct docs_conf docs = {.path = path,
	    .dir = conf->docs_dir,
	    .starter = conf->docs_starter,
	    .tell = on_told};
	struct docs *d = NULL;
	enum rc rc = env->loop == NULL ? docs_check(&docs, err)
				       : docs_open(&docs, &d, err);

	if (rc == RC_OK)
		*ret = d;
	return rc;
}

static void
source_close(void *opened)
{
	docs_close(opened);
}

const struct source source_docs = {
    .open = source_open,
    .close = source_close,
};
