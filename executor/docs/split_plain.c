/*
 * split_plain.c - the blocks of reStructuredText and of plain text.
 *
 * A heading of reStructuredText is a line over, or also under, a row of one
 * punctuation mark; which mark is which level is told by the order in which
 * they come. A block is what stands between blank lines and begins at the
 * margin: what is indented belongs to the line above it.
 */
#include "executor/docs/split_in.h"

#include <ctype.h>
#include <string.h>

enum { MARKS_MAX = 2 * SPLIT_LEVELS };

struct lines {
	struct span text;
	const char *at; /* the line at hand */
};

/* The next line, without its end; false: there is none. */
static bool
next_line(struct lines *l, struct span *ret)
{
	const char *end = l->text.p + l->text.n, *behind;

	if (l->at >= end)
		return false;
	behind = split_line_end(l->text, l->at);
	*ret = span_make(l->at, (size_t)(behind - l->at));
	while (ret->n > 0 && strchr(" \t\r\n", ret->p[ret->n - 1]) != NULL)
		ret->n--;
	l->at = behind;
	return true;
}

/* A row of one mark, at least 3 of them (docutils takes fewer under a title
 * as short as that; a list's dashes would then be headings). */
static bool
is_row(struct span line)
{
	size_t i;

	if (line.n < 3 || !ispunct((unsigned char)line.p[0]))
		return false;
	for (i = 1; i < line.n; i++)
		if (line.p[i] != line.p[0])
			return false;
	return true;
}

static bool
is_indented(struct span line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

struct marks {
	char seen[MARKS_MAX];
	int n;
};

/* Over and under is another level than under alone: in upper half. */
static int
level_of(struct marks *m, char mark, bool over)
{
	char key = (char)(over ? mark | 0x80 : mark);
	int i;

	for (i = 0; i < m->n; i++)
		if (m->seen[i] == key)
			return MIN(i + 1, SPLIT_LEVELS);
	if (m->n < MARKS_MAX)
		m->seen[m->n++] = key;
	return MIN(m->n, SPLIT_LEVELS);
}

/* How many columns a title takes at most: characters may be two wide. */
static bool
row_suits(struct span row, struct span title)
{
	size_t i, n = 0;

	for (i = 0; i < title.n; i++)
		n += ((unsigned char)title.p[i] & 0xC0) != 0x80;
	return row.n >= n;
}

/* Is there a heading at l? Then it is told, and l is behind it. */
static bool
take_heading(struct splitting *s, struct lines *l, struct marks *m)
{
	struct lines look = *l;
	const char *at = l->at;
	struct span a, b, c;

	if (!next_line(&look, &a) || a.n == 0 || !next_line(&look, &b))
		return false;
	if (is_row(a) && b.n > 0 && !is_row(b) && next_line(&look, &c) &&
	    is_row(c) && c.p[0] == a.p[0] && row_suits(c, span_trim(b))) {
		split_heading(s, at, level_of(m, a.p[0], true), b);
		*l = look;
		return true;
	}
	if (is_row(a) || is_indented(a) || !is_row(b) || !row_suits(b, a))
		return false;
	split_heading(s, at, level_of(m, b.p[0], false), a);
	l->at = split_line_end(l->text, b.p);
	return true;
}

void
split_rst(struct splitting *s)
{
	struct lines l = {s->text, s->text.p};
	struct marks marks = {.n = 0};
	bool fresh = true;
	struct span line;

	for (;;) {
		const char *at = l.at;

		if (take_heading(s, &l, &marks)) {
			fresh = true;
			continue;
		}
		if (!next_line(&l, &line) || s->full)
			return;
		if (line.n > 0 && fresh && !is_indented(line))
			split_block(s, at);
		fresh = line.n == 0;
	}
}

void
split_text(struct splitting *s)
{
	struct lines l = {s->text, s->text.p};
	bool fresh = true;
	struct span line;
	const char *at = l.at;

	while (!s->full && next_line(&l, &line)) {
		if (line.n > 0 && fresh)
			split_block(s, at);
		fresh = line.n == 0;
		at = l.at;
	}
}
