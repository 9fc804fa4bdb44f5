/*
 * split_in.h - what the ways of reading a document share: they tell its
 * blocks in their order, and these become passages.
 */
#ifndef EXECUTOR_DOCS_SPLIT_IN_H
#define EXECUTOR_DOCS_SPLIT_IN_H

#include "common/base/buf.h"
#include "executor/docs/split.h"

#include <stdbool.h>

struct splitting {
	struct span text;
	struct passages *out;
	char *path[SPLIT_LEVELS]; /* the headings in force; owned */
	const char *open; /* where the passage at hand begins; or NULL */
	bool has_body;    /* besides its heading */
	/* For line numbers: the lines before at. */
	const char *at;
	int lines;
	bool full;
};

/* The start of the line that p is in. */
const char *split_line_start(struct span text, const char *p);
/* Behind the end of it. */
const char *split_line_end(struct span text, const char *p);

/* A heading of level 1 to SPLIT_LEVELS, or a block of the body, begins there:
 * at the start of a line. */
void split_heading(
    struct splitting *s, const char *at, int level, struct span title);
void split_block(struct splitting *s, const char *at);

/* Ends the passage at hand before p. */
void split_flush(struct splitting *s, const char *p);

/* The readers. */
enum rc split_markdown(struct splitting *s, struct err *err);
void split_rst(struct splitting *s);
void split_text(struct splitting *s);

#endif
