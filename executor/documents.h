/*
 * documents.h - executor --docs: what is in the index of documents, for
 * people.
 */
#ifndef EXECUTOR_DOCUMENTS_H
#define EXECUTOR_DOCUMENTS_H

#include "common/agent/conf.h"

/*
 * args: "list", "show NAME" or "search TEXT…". Reads the index as it is, also
 * while executors keep it; where there is none, makes it. The exit status: 1
 * where nothing is found, or what is asked for is not there; 2 wrong usage.
 */
int documents_main(const struct conf *conf, const char *const *args, int n);

#endif
