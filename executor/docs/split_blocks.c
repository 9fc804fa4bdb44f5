/*
 * split_blocks.c - the blocks of a document, as they are told, into passages.
 */
#include "executor/docs/split_in.h"

#include "common/base/utf8.h"

#include <stdlib.h>

/* ---- lines ---- */

const char *
split_line_start(struct span text, const char *p)
{
	while (p > text.p && p[-1] != '\n')
		p--;
	return p;
}

const char *
split_line_end(struct span text, const char *p)
{
	const char *end = text.p + text.n;
	const char *at = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

	return at != NULL ? at + 1 : end;
}

/* The number of the line that begins at p; asked in rising order. */
static int
line_number(struct splitting *s, const char *p)
{
	for (; s->at < p; s->at++)
		s->lines += *s->at == '\n';
	return s->lines + 1;
}

/* ---- passages ---- */

static char *
path_text(const struct splitting *s)
{
	auto_buf b = {.max = SPLIT_LEVELS * (SPLIT_TITLE_MAX + 4)};
	int i;

	for (i = 0; i < SPLIT_LEVELS; i++)
		if (s->path[i] != NULL)
			buf_addf(
			    &b, "%s%s", b.len > 0 ? " > " : "", s->path[i]);
	return xstrdup(buf_str(&b));
}

void
split_flush(struct splitting *s, const char *p)
{
	struct passages *out = s->out;
	struct passage *one;
	struct span text;

	if (s->open == NULL)
		return;
	text = span_make(s->open, (size_t)(p - s->open));
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	s->open = NULL;
	if (text.n == 0)
		return;
	if (out->n == SPLIT_PASSAGES_MAX) {
		s->full = true;
		return;
	}
	if ((out->n & (out->n - 1)) == 0)
		out->list = xrealloc(
		    out->list, MAX(2 * out->n, (size_t)4) * sizeof(*out->list));
	one = &out->list[out->n++];
	one->path = path_text(s);
	one->text = text;
	one->line_from = line_number(s, text.p);
	one->line_to = line_number(s, text.p + text.n - 1);
}

void
split_heading(struct splitting *s, const char *at, int level, struct span title)
{
	struct span kept = utf8_cut(span_trim(title), SPLIT_TITLE_MAX);
	int i;

	/* A heading alone is in the path of what stands under it. */
	if (s->has_body || s->open == NULL)
		split_flush(s, at);
	s->open = NULL;
	for (i = level - 1; i < SPLIT_LEVELS; i++) {
		free(s->path[i]);
		s->path[i] = NULL;
	}
	s->path[level - 1] = xstrndup(kept.p, kept.n);
	if (s->out->title == NULL)
		s->out->title = xstrndup(kept.p, kept.n);
	s->open = at;
	s->has_body = false;
}

void
split_block(struct splitting *s, const char *at)
{
	if (s->open != NULL && s->has_body && at - s->open > SPLIT_GOAL)
		split_flush(s, at);
	if (s->open == NULL)
		s->open = at;
	s->has_body = true;
}
