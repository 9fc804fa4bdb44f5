/*
 * claims_md.c - the claims of a report that was written as Markdown.
 *
 * md4c tells what is shown; where a piece of it points into the source says
 * which line it is of. What md4c passes besides (line ends, indents of code)
 * points elsewhere and shows nothing. Pieces come in the order of the source.
 */
#include "common/report/claims.h"

#include <ctype.h>
#include <md4c.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/base/rc.h"
#include "common/report/md.h"

enum { HEADINGS_STEP = 16, QUOTATION_MAX = 256, HEADING_MAX = 1024 };

struct heading {
	unsigned level;
	size_t claim; /* the first behind or in it */
	struct extent text;
};

struct reader {
	struct claims *c;
	struct span source;
	size_t line; /* of the last piece */
	unsigned depth, part;
	unsigned level; /* of the heading we are in; 0: none */
	bool in_code_block, in_code, link_opens;
	const char *escaped; /* where a backslash was shown: it is spent */
	/* The last claim is being made: its texts so far. */
	bool begun;
	struct buf said, shown, quotation;
	struct heading *headings;
	size_t n_headings, cap_headings;
};

/* ---- lines ---- */

static size_t
count_lines(struct span s)
{
	size_t n = 1, i;

	for (i = 0; i < s.n && n < CLAIMS_LINES_MAX; i++)
		n += s.p[i] == '\n';
	return n;
}

static void
read_lines(struct claims *c, struct span s)
{
	const char *p = s.p, *end = s.p + s.n;
	unsigned block = 0;

	c->lines = xcalloc(count_lines(s), sizeof(*c->lines));
	while (p < end && c->n_lines < CLAIMS_LINES_MAX) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *stop = eol != NULL ? eol : end;
		struct span text = span_make(p, (size_t)(stop - p));

		if (span_trim(text).n == 0)
			block++;
		c->lines[c->n_lines++] =
		    (struct claim_line){.text = text, .block = block};
		p = eol != NULL ? eol + 1 : end;
	}
	c->cut = p < end;
}

/* ---- citations ---- */

/* "E3" or "E1, E2]" from behind the bracket: how many bytes; 0: no
 * citation. */
static size_t
cites_at(struct span s)
{
	size_t i = 0;

	for (;;) {
		while (i < s.n && strchr(", ", s.p[i]) != NULL)
			i++;
		if (i >= s.n || s.p[i++] != 'E')
			return 0;
		if (i == s.n || !isdigit((unsigned char)s.p[i]))
			return 0;
		while (i < s.n && isdigit((unsigned char)s.p[i]))
			i++;
		if (i == s.n)
			return 0;
		if (s.p[i] == ']')
			return i;
	}
}

static void
take_cites(struct claims *c, struct span s)
{
	size_t i = 0, from;

	while (i < s.n) {
		if (s.p[i] != 'E') {
			i++;
			continue;
		}
		from = i++;
		while (i < s.n && isdigit((unsigned char)s.p[i]))
			i++;
		claims_cite(c, claims_number(span_make(s.p + from, i - from)));
	}
}

static void
find_cites(struct claims *c, struct span s)
{
	size_t i = 0;

	while (i < s.n) {
		const char *open = memchr(s.p + i, '[', s.n - i);
		size_t n;

		if (open == NULL)
			return;
		i = (size_t)(open - s.p) + 1;
		n = cites_at(span_make(s.p + i, s.n - i));
		take_cites(c, span_make(s.p + i, n));
		i += n;
	}
}

/* ---- pieces of text ---- */

/* Also one of a table that lacks its second line. */
static bool
is_row(struct span line)
{
	line = span_trim(line);
	return line.n > 0 && line.p[0] == '|';
}

static void
begin(struct reader *r)
{
	struct claim *claim = claims_add(r->c);

	claim->line = r->line;
	claim->block = r->c->lines[r->line].block;
	claim->part = r->part;
	claim->depth = MAX(r->depth, is_row(r->c->lines[r->line].text));
	claim->is_heading = r->level > 0;
	r->begun = true;
}

/* Its line or its block is over. */
static void
flush(struct reader *r)
{
	struct claims *c = r->c;
	struct claim *claim;

	if (!r->begun)
		return;
	r->begun = false;
	claim = &c->at[c->n - 1];
	claims_say(c, &claim->said, buf_span(&r->said));
	claims_say(c, &claim->shown, buf_span(&r->shown));
	find_cites(c, buf_span(&r->said));
	buf_reset(&r->said);
	buf_reset(&r->shown);
}

static void
go_on(struct reader *r, const char *p)
{
	const struct claims *c = r->c;

	if (r->line + 1 == c->n_lines || p < c->lines[r->line + 1].text.p)
		return;
	flush(r);
	while (r->line + 1 < c->n_lines && p >= c->lines[r->line + 1].text.p)
		r->line++;
}

static void
put(struct reader *r, struct span said, struct span shown)
{
	if (!r->begun)
		begin(r);
	/* A citation that somebody made a link is one all the same. */
	if (r->link_opens)
		buf_addc(&r->said, '[');
	r->link_opens = false;
	buf_add_span(&r->said, said);
	buf_add_span(&r->shown, shown);
}

/* "&#57;" is a digit like any other. */
static void
plain_entity(struct buf *b, struct span s)
{
	unsigned long v = 0;

	if (s.n > 3 && s.p[1] == '#')
		v = s.p[2] == 'x' || s.p[2] == 'X' ? strtoul(s.p + 3, NULL, 16)
						   : strtoul(s.p + 2, NULL, 10);
	if (v >= 0x20 && v < 0x7f)
		buf_addc(b, (char)v);
	else
		md_plain(b, s);
}

static void
take_text(struct reader *r, struct span s)
{
	const char *p = s.p;

	/* An escaped bracket begins no citation; a backslash that is shown
	 * escapes nothing. */
	if (p > r->source.p && p[-1] == '\\' && *p == '[' && p != r->escaped) {
		put(r, span_of("("), span_of("["));
		s = span_make(p + 1, s.n - 1);
	}
	put(r, s, s);
	if (s.n > 0 && s.p[s.n - 1] == '\\')
		r->escaped = s.p + s.n;
}

static int
on_text(MD_TEXTTYPE type, const MD_CHAR *p, MD_SIZE n, void *reader)
{
	struct reader *r = reader;
	struct span s = span_make(p, n);
	auto_buf plain = {.max = QUOTATION_MAX};

	if (n == 0 || type == MD_TEXT_BR || type == MD_TEXT_SOFTBR ||
	    type == MD_TEXT_NULLCHAR || p < r->source.p ||
	    p >= r->source.p + r->source.n)
		return 0;
	go_on(r, p);
	if (r->in_code_block) {
		r->c->lines[r->line].is_code = true;
		put(r, span_of(""), s);
	} else if (r->in_code) {
		put(r, span_of(""), s);
		buf_add_span(&r->quotation, s);
	} else if (type == MD_TEXT_ENTITY) {
		plain_entity(&plain, s);
		put(r, buf_span(&plain), buf_span(&plain));
	} else {
		take_text(r, s);
	}
	return 0;
}

/* ---- spans ---- */

static int
on_span(MD_SPANTYPE type, void *detail UNUSED, void *reader)
{
	struct reader *r = reader;

	if (type == MD_SPAN_CODE) {
		r->in_code = true;
		buf_reset(&r->quotation);
	} else if (type == MD_SPAN_A) {
		r->link_opens = true;
	}
	return 0;
}

static int
on_span_end(MD_SPANTYPE type, void *detail UNUSED, void *reader)
{
	struct reader *r = reader;
	struct buf *q = &r->quotation;
	bool figure = !q->full && claims_is_figure(buf_span(q));

	if (type == MD_SPAN_CODE) {
		r->in_code = false;
		put(r, figure ? buf_span(q) : span_of(" "), span_of(""));
	} else if (type == MD_SPAN_A && !r->link_opens) {
		put(r, span_of("]"), span_of(""));
	}
	return 0;
}

/* ---- blocks ---- */

static int
on_block(MD_BLOCKTYPE type, void *detail, void *reader)
{
	struct reader *r = reader;

	/* What a new block shows is no more of the line before. */
	if (type != MD_BLOCK_TD && type != MD_BLOCK_TH)
		flush(r);
	if (type == MD_BLOCK_LI || type == MD_BLOCK_TR)
		r->depth++;
	r->in_code_block = type == MD_BLOCK_CODE;
	if (type == MD_BLOCK_H) {
		r->level = ((MD_BLOCK_H_DETAIL *)detail)->level;
		r->part++;
	}
	return 0;
}

static void
end_heading(struct reader *r)
{
	struct heading *h;

	if (r->n_headings == r->cap_headings) {
		r->cap_headings = 2 * r->cap_headings + HEADINGS_STEP;
		r->headings = xrealloc(
		    r->headings, r->cap_headings * sizeof(*r->headings));
	}
	h = &r->headings[r->n_headings++];
	*h = (struct heading){.level = r->level, .claim = r->c->n};
	r->level = 0;
	if (!r->begun)
		return;
	flush(r);
	h->claim = r->c->n - 1;
	h->text = r->c->at[h->claim].shown;
}

static int
on_block_end(MD_BLOCKTYPE type, void *detail UNUSED, void *reader)
{
	struct reader *r = reader;

	bool cell = type == MD_BLOCK_TD || type == MD_BLOCK_TH;

	if (type == MD_BLOCK_H)
		end_heading(r);
	else if (!cell)
		flush(r);
	else if (r->begun)
		put(r, span_of(" | "), span_of(" | "));
	if (type == MD_BLOCK_LI || type == MD_BLOCK_TR)
		r->depth--;
	r->in_code_block = false;
	return 0;
}

/* ---- when all is read ---- */

static unsigned
level_of(const char *heading)
{
	return (unsigned)strspn(heading, "#");
}

/* How many headings of the form there are in order, in a language; claims,
 * when given, learn their sections by it. */
static int
follow_form(struct reader *r, enum report_lang lang, bool assign)
{
	const char *const *form = report_headings(lang);
	struct claims *c = r->c;
	int found = 0;
	size_t i, k;

	for (i = 0; i < r->n_headings; i++) {
		const struct heading *h = &r->headings[i];
		struct span text = span_trim(claims_text(c, h->text));

		if (h->level <= 2 && found < REPORT_HEADINGS &&
		    level_of(form[found]) == h->level &&
		    span_is(text, form[found] + h->level + 1)) {
			for (k = h->claim; assign && k < c->n; k++)
				c->at[k].section = found;
			found++;
		} else if (assign && h->level <= 2 && c->stray.len == 0) {
			buf_addf(&c->stray, "%.*s %.*s", (int)h->level, "##",
			    (int)MIN(text.n, CLAIMS_STRAY_MAX - 4), text.p);
		}
	}
	return found;
}

/* What claims without citations of their own rest on. */
static void
find_rests(struct claims *c)
{
	size_t i, from, to;

	for (i = 0; i < c->n; i = to) {
		for (to = i + 1; to < c->n && c->at[to].part == c->at[i].part &&
				 c->at[to].block == c->at[i].block;
		     to++)
			;
		from = c->at[i].cites.at;
		for (size_t k = i; k < to; k++)
			c->at[k].rests = (struct extent){from,
			    (to < c->n ? c->at[to].cites.at : c->n_cites) -
				from};
	}
	for (i = c->n; i-- > 0;) {
		struct claim *x = &c->at[i];
		size_t end = c->n_cites;

		if (x->cites.n > 0) {
			x->rests = x->cites;
			continue;
		}
		if (!x->is_heading)
			continue;
		for (to = i + 1; to < c->n && c->at[to].part == x->part;)
			to++;
		if (to < c->n)
			end = c->at[to].cites.at;
		x->rests = (struct extent){x->cites.at, end - x->cites.at};
	}
}

void
claims_read(struct claims *c, struct span markdown, enum report_lang lang)
{
	static const MD_PARSER parser = {
	    .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
		     MD_FLAG_TASKLISTS | MD_FLAG_NOHTML,
	    .enter_block = on_block,
	    .leave_block = on_block_end,
	    .enter_span = on_span,
	    .leave_span = on_span_end,
	    .text = on_text,
	};
	enum report_lang other = lang == REPORT_ZH ? REPORT_EN : REPORT_ZH;
	struct reader r = {.c = c, .source = markdown};

	read_lines(c, markdown);
	c->lang = lang;
	if (c->n_lines == 0)
		return;
	/* What is behind the last line that counts is not read. */
	r.source.n = (size_t)(c->lines[c->n_lines - 1].text.p +
			      c->lines[c->n_lines - 1].text.n - markdown.p);
	buf_init(&r.said, 2 * (size_t)REPORT_BYTES_MAX);
	buf_init(&r.shown, 2 * (size_t)REPORT_BYTES_MAX);
	buf_init(&r.quotation, QUOTATION_MAX);
	if (md_parse(r.source.p, (MD_SIZE)r.source.n, &parser, &r) != 0)
		c->cut = true;
	flush(&r);
	if (follow_form(&r, lang, false) == 0 &&
	    follow_form(&r, other, false) > 0)
		c->lang = other;
	c->found = follow_form(&r, c->lang, true);
	find_rests(c);
	free(r.headings);
	buf_done(&r.said);
	buf_done(&r.shown);
	buf_done(&r.quotation);
}
