/*
 * folder.h - what is in the folder of documents, and reading it without
 * leaving it: a link that leads out is not followed, whoever made it.
 */
#ifndef EXECUTOR_DOCS_FOLDER_H
#define EXECUTOR_DOCS_FOLDER_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"
#include "executor/docs/map.h"

#include <stdbool.h>

/* What the folder adds to the vocabulary; no document. */
#define FOLDER_SYNONYMS "synonyms.txt"

struct folder_file {
	char *name;     /* from the folder; owned */
	char stamp[80]; /* another one when the file was written */
	size_t bytes;
};

struct folder {
	struct folder_file *list;
	size_t n;
	bool more;     /* than DOCS_MAX: the rest is left out */
	bool synonyms; /* the file is there */
};

/* Every document below dir. watch, an inotify descriptor or -1, is told of
 * every folder met. RC_IO: dir cannot be read. */
NODISCARD enum rc folder_walk(
    const char *dir, int watch, struct folder *ret, struct err *err);
void folder_done(struct folder *f);

/* Appends the content of a file below dir, up to b's maximum. RC_DENIED: it
 * is a link that leads out; RC_INVALID: no regular file; RC_TOOBIG. */
NODISCARD enum rc folder_read(
    const char *dir, const char *name, struct buf *b, struct err *err);

/* May a document be called that? No way out of the folder, nothing hidden. */
NODISCARD enum rc folder_check_name(struct span name, struct err *err);

#endif
