/*
 * split_markdown.c - the blocks of a Markdown document, by md4c.
 *
 * md4c tells no positions, but its texts lie in the source: the line of a
 * block's first text is where the block begins, once lines above it that
 * belong to it as well (a fence, an underline) are counted in.
 */
#include "executor/docs/split_in.h"

#include <md4c.h>

struct reading {
	struct splitting *s;
	int depth;
	MD_BLOCKTYPE type; /* of the block under the document */
	unsigned level;    /* of a heading */
	bool fenced;
	const char *first, *last; /* its texts, as far as in the source */
	const char *behind;       /* the block before it */
	struct buf title;
};

static bool
is_fence(struct span text, const char *line)
{
	const char *end = text.p + text.n;
	int blanks = 0;

	while (line < end && *line == ' ' && blanks++ < 3)
		line++;
	return end - line >= 3 && (*line == '`' || *line == '~') &&
	       line[1] == *line && line[2] == *line;
}

static bool
is_blank(struct span text, const char *line)
{
	const char *end = split_line_end(text, line);

	return span_trim(span_make(line, (size_t)(end - line))).n == 0;
}

/* Where the block begins whose first text is in the line at. */
static const char *
block_start(const struct reading *r, const char *at)
{
	struct span text = r->s->text;
	const char *line = split_line_start(text, at);

	while (line > r->behind) {
		const char *above = split_line_start(text, line - 1);

		if (above < r->behind || (is_blank(text, above) && !r->fenced))
			break;
		line = above;
		if (r->fenced && is_fence(text, line))
			break;
	}
	return line;
}

/* Behind the block whose last text is at. */
static const char *
block_end(const struct reading *r, const char *at)
{
	struct span text = r->s->text;
	const char *end = text.p + text.n;
	const char *line = split_line_end(text, at);

	while (r->fenced && line < end) {
		bool closes = is_fence(text, line);

		if (!closes && !is_blank(text, line))
			break;
		line = split_line_end(text, line);
		if (closes)
			break;
	}
	return line;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct reading *r = arg;

	if (++r->depth != 2)
		return 0;
	r->type = type;
	r->first = r->last = NULL;
	r->fenced = false;
	buf_reset(&r->title);
	if (type == MD_BLOCK_H)
		r->level = ((MD_BLOCK_H_DETAIL *)detail)->level;
	if (type == MD_BLOCK_CODE)
		r->fenced = ((MD_BLOCK_CODE_DETAIL *)detail)->fence_char != 0;
	return 0;
}

static int
leave_block(MD_BLOCKTYPE type UNUSED, void *detail UNUSED, void *arg)
{
	struct reading *r = arg;
	const char *at;

	if (r->depth-- != 2 || r->first == NULL)
		return r->s->full;
	at = block_start(r, r->first);
	r->behind = block_end(r, r->last);
	if (r->type == MD_BLOCK_H)
		split_heading(r->s, at, (int)r->level, buf_span(&r->title));
	else
		split_block(r->s, at);
	return r->s->full;
}

static int
on_text(MD_TEXTTYPE type, const MD_CHAR *p, MD_SIZE n, void *arg)
{
	struct reading *r = arg;
	struct span text = r->s->text;

	if (n > 0 && p >= text.p && p < text.p + text.n) {
		if (r->first == NULL)
			r->first = p;
		r->last = p + n - 1;
	}
	if (r->type == MD_BLOCK_H && type == MD_TEXT_SOFTBR)
		buf_addc(&r->title, ' ');
	else if (r->type == MD_BLOCK_H)
		buf_add(&r->title, p, n);
	return 0;
}

static int
on_span(MD_SPANTYPE type UNUSED, void *detail UNUSED, void *arg UNUSED)
{
	return 0;
}

enum rc
split_markdown(struct splitting *s, struct err *err)
{
	struct reading r = {.s = s, .behind = s->text.p};
	const MD_PARSER parser = {.flags = MD_DIALECT_GITHUB,
	    .enter_block = enter_block,
	    .leave_block = leave_block,
	    .enter_span = on_span,
	    .leave_span = on_span,
	    .text = on_text};
	int status;

	buf_init(&r.title, 64 << 10);
	status = md_parse(s->text.p, (MD_SIZE)s->text.n, &parser, &r);
	buf_done(&r.title);
	if (status < 0)
		return err_set(err, RC_INVALID, "cannot be read as Markdown");
	return RC_OK;
}
