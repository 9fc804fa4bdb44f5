/*
 * md.h - text of others inside Markdown: it stays text.
 *
 * Labels, annotations, error messages and a model's sentences may hold
 * anything. Whatever passes through here cannot start a heading, a link, a
 * table cell, an HTML tag or a citation, and shows as what it was. Control
 * and direction-changing characters are dropped, line ends become spaces.
 */
#ifndef COMMON_REPORT_MD_H
#define COMMON_REPORT_MD_H

#include "common/base/buf.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends s as plain text, at most max bytes of it, cut with an ellipsis. */
void md_put_text(struct buf *b, struct span s, size_t max);

/* Appends s as code, e.g. a query or `k=v`; where a code span cannot hold
 * it safely (a tag, a backtick), as plain text. in_cell: for a table. */
void md_put_code(struct buf *b, struct span s, size_t max, bool in_cell);

/* Appends lines as a block of code, as they are: control and direction-changing
 * characters are dropped, and its fence is longer than any in them. */
void md_put_block(struct buf *b, struct span s);

/*
 * Appends a sentence in which `…` marks code; everything else in it is plain
 * text. An unpaired backtick is a character.
 */
void md_put_sentence(struct buf *b, struct span s);

/* Appends s to a sentence as code, for md_put_sentence to find: backticks
 * become apostrophes, control characters spaces. */
void md_quote(struct buf *sentence, struct span s, size_t max);

/* Appends the text a line of Markdown shows: escapes and entities undone,
 * marks of emphasis and code left out. For comparing, not for reading. */
void md_plain(struct buf *b, struct span line);

#endif
