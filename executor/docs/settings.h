/* settings.h - the index of documents as the options say. */
#ifndef EXECUTOR_DOCS_SETTINGS_H
#define EXECUTOR_DOCS_SETTINGS_H

#include "common/agent/conf.h"
#include "executor/docs/docs.h"

struct docs_settings {
	struct docs_conf docs;
	char *path, *shelf; /* owned; docs points at them */
	struct embed_conf embed;
	struct milvus_conf milvus;
};

/* conf outlives them; they stay where they are. */
void docs_settings_init(struct docs_settings *s, const struct conf *conf);
void docs_settings_done(struct docs_settings *s);

#endif
