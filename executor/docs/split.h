/*
 * split.h - a document into passages: what can be quoted by itself.
 *
 * A passage begins at a heading or, where a section is long, between two of
 * its blocks; a table and a block of code are never cut. Its text is the
 * document's own lines.
 */
#ifndef EXECUTOR_DOCS_SPLIT_H
#define EXECUTOR_DOCS_SPLIT_H

#include "common/base/rc.h"
#include "common/base/span.h"

enum {
	SPLIT_BYTES_MAX = 2 << 20, /* of a document */
	SPLIT_PASSAGES_MAX = 4000,
	SPLIT_GOAL = 1600, /* bytes after which a section is cut */
	SPLIT_LEVELS = 6,
	SPLIT_TITLE_MAX = 200, /* bytes of a heading that are kept */
};

enum split_kind { SPLIT_NONE, SPLIT_MARKDOWN, SPLIT_RST, SPLIT_TEXT };

struct passage {
	char *path; /* its headings, outermost first, " > " between them */
	struct span text;       /* of the document */
	int line_from, line_to; /* from 1, both included */
};

struct passages {
	char *title; /* the first heading, or "" */
	struct passage *list;
	size_t n;
};

/* By the end of its name; SPLIT_NONE: no document. */
enum split_kind split_kind_of(struct span name);

/*
 * RC_INVALID: empty, or no UTF-8 text; RC_TOOBIG: over one of the limits. The
 * passages point into text.
 */
NODISCARD enum rc split(enum split_kind kind, struct span text,
    struct passages *ret, struct err *err);

/* Zeroed, it is empty. */
void passages_done(struct passages *p);

#endif
