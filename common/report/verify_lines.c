/*
 * verify_lines.c - a report taken apart for checking: lines, sections,
 * citations.
 *
 * Only what CommonMark shows as a heading counts as one: outside fences, at
 * most three spaces in front.
 */
#include "common/report/verify_lines.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "common/report/verify.h"

/* The level of a heading, 0 for none. */
static int
level_of(struct span s)
{
	size_t spaces = 0, n = 0;

	while (spaces < s.n && s.p[spaces] == ' ')
		spaces++;
	while (spaces + n < s.n && s.p[spaces + n] == '#')
		n++;
	if (spaces > 3 || n == 0 || n > 6)
		return 0;
	return spaces + n == s.n || s.p[spaces + n] == ' ' ? (int)n : 0;
}

static bool
is_fence(struct span s)
{
	s = span_trim(s);
	return s.n >= 3 &&
	       (memcmp(s.p, "```", 3) == 0 || memcmp(s.p, "~~~", 3) == 0);
}

static void
add_cite(struct line *l, uint32_t id)
{
	unsigned i;

	for (i = 0; i < l->n_cites; i++)
		if (l->cites[i] == id)
			return;
	if (l->n_cites < LINE_CITES_MAX)
		l->cites[l->n_cites++] = id;
}

/* Reads "E3" or "E1, E2]" from behind the bracket; what it took. */
static size_t
read_cites(struct line *l, struct span s)
{
	struct line read = {.n_cites = 0};
	size_t i = 0;

	for (;;) {
		uint32_t id = 0;
		size_t digits = 0;

		while (i < s.n && strchr(", ", s.p[i]) != NULL)
			i++;
		if (i >= s.n || s.p[i++] != 'E')
			return 0;
		for (; i < s.n && isdigit((unsigned char)s.p[i]) && digits < 9;
		     i++, digits++)
			id = 10 * id + (uint32_t)(s.p[i] - '0');
		if (digits == 0 || i == s.n)
			return 0;
		add_cite(&read, id);
		if (s.p[i] == ']')
			break;
	}
	for (unsigned k = 0; k < read.n_cites; k++)
		add_cite(l, read.cites[k]);
	return i + 1;
}

/* A backslash makes a bracket a character, code makes it an example. */
static void
find_cites(struct line *l)
{
	struct span s = l->text;
	bool code = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '`')
			code = !code;
		else if (s.p[i] == '\\' && !code)
			i++;
		else if (s.p[i] == '[' && !code)
			i += read_cites(l, span_make(s.p + i + 1, s.n - i - 1));
	}
}

struct reader {
	struct lines *out;
	bool fenced;
	unsigned block, part;
	int8_t section;
};

static void
take_heading(struct reader *r, struct line *l, int level)
{
	struct lines *out = r->out;
	const char *const *expected = report_headings(out->lang);

	l->is_heading = true;
	r->part++;
	if (level > 2)
		return;
	if (out->found < REPORT_HEADINGS &&
	    span_is(span_trim(l->text), expected[out->found])) {
		r->section = (int8_t)out->found++;
	} else if (!out->stray) {
		out->stray = true;
		out->stray_text = span_trim(l->text);
	}
}

static void
take_line(struct reader *r, struct span text)
{
	struct line *l = &r->out->at[r->out->n++];
	bool fence = is_fence(text);
	int level = r->fenced || fence ? 0 : level_of(text);

	*l = (struct line){.text = text, .is_fence = r->fenced || fence};
	if (fence)
		r->fenced = !r->fenced;
	if (span_trim(text).n == 0)
		r->block++;
	if (level > 0)
		take_heading(r, l, level);
	l->section = r->section;
	l->block = r->block;
	l->part = r->part;
	if (!l->is_fence)
		find_cites(l);
}

static size_t
count_lines(struct span s)
{
	size_t n = 1, i;

	for (i = 0; i < s.n && n < VERIFY_LINES_MAX; i++)
		n += s.p[i] == '\n';
	return n;
}

static struct lines
read_in(struct span markdown, enum report_lang lang)
{
	struct lines l = {
	    .at = xcalloc(count_lines(markdown), sizeof(*l.at)), .lang = lang};
	struct reader r = {.out = &l, .section = -1};
	const char *p = markdown.p, *end = markdown.p + markdown.n;

	while (p < end && l.n < VERIFY_LINES_MAX) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *stop = eol != NULL ? eol : end;

		take_line(&r, span_make(p, (size_t)(stop - p)));
		p = eol != NULL ? eol + 1 : end;
	}
	l.cut = p < end;
	return l;
}

struct lines
lines_read(struct span markdown, enum report_lang lang)
{
	struct lines l = read_in(markdown, lang);
	struct lines other;

	if (l.found > 0)
		return l;
	other = read_in(markdown, lang == REPORT_ZH ? REPORT_EN : REPORT_ZH);
	if (other.found > 0) {
		lines_done(&l);
		return other;
	}
	lines_done(&other);
	return l;
}

void
lines_done(struct lines *l)
{
	free(l->at);
	*l = (struct lines){0};
}
