/*
 * shelf.h - the documents that were put, not found: files in a folder of the
 * index's own, from which they get into it as those of any other folder do.
 *
 * So the index can be thrown away, and they are not. What is put is on the
 * disk, whole, when the call returns, or what was there before still is.
 */
#ifndef EXECUTOR_DOCS_SHELF_H
#define EXECUTOR_DOCS_SHELF_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>

enum { SHELF_TEXT_MAX = 1000 << 10 }; /* bytes of a document */

/* Makes the folder, where it is missing, and clears it of what was being put
 * when its process died. */
NODISCARD enum rc shelf_open(const char *dir, struct err *err);

/* name has been checked (folder.h). RC_CONFLICT: a part of it is a document,
 * or it is a folder of documents. */
NODISCARD enum rc shelf_put(
    const char *dir, const char *name, struct span text, struct err *err);

/* RC_NOTFOUND. */
NODISCARD enum rc shelf_remove(
    const char *dir, const char *name, struct err *err);

bool shelf_has(const char *dir, const char *name);

#endif
