/*
 * source_docs.h - the documents that tools answer from.
 */
#ifndef EXECUTOR_TOOLS_SOURCE_DOCS_H
#define EXECUTOR_TOOLS_SOURCE_DOCS_H

#include "executor/docs/settings.h"
#include "executor/tools/tool_env.h"

/* What it is once opened. */
struct source_docs {
	struct docs_settings settings;
	struct docs *docs; /* NULL where nothing is to be asked (--check) */
};

extern const struct source source_docs;

#endif
