/*
 * term.h - text from elsewhere, made safe to put on a terminal.
 *
 * Labels and annotations come from whoever wrote them. What could move the
 * cursor, change colours, retitle a window or reorder what is read is shown
 * as what it is ("\x1b"), never sent.
 */
#ifndef GATEWAY_CLI_TERM_H
#define GATEWAY_CLI_TERM_H

#include "common/base/buf.h"
#include "common/base/span.h"

enum term_style {
	TERM_LINE, /* line ends and tabs become blanks */
	TERM_TEXT, /* line ends and tabs are kept */
	TERM_JSON, /* JSON text, same value: \u001b, bytes not UTF-8 dropped */
};

/* Appends s in that style. The result is always UTF-8. */
void term_put(struct buf *b, struct span s, enum term_style style);

/* Columns that s, which went through term_put, takes on a terminal. */
int term_width(struct span s);

/* The longest start of s that fits into columns; *ret_cut tells whether it
 * is less than all of it. */
struct span term_fit(struct span s, int columns, bool *ret_cut);

#endif
