/*
 * md.c - text of others inside Markdown: it stays text.
 *
 * Escapes by backslash and by entity, whichever CommonMark honours in every
 * place the character may stand in. Letters, digits and the underscore
 * inside a word stay as they are, so that the source reads well, too.
 */
#include "common/report/md.h"

#include "common/base/utf8.h"

#include <ctype.h>
#include <stdint.h>

#define ELLIPSIS "…"

enum { WORD_MAX = 32 };

/* U+200B-200F, U+202A-202E, U+2060-2069, U+FEFF: nothing to see in them,
 * but they hide or turn around what stands beside them. */
static size_t
invisible(const char *p, size_t n)
{
	const uint8_t *c = (const uint8_t *)p;

	if (n < 3)
		return 0;
	if (c[0] == 0xE2 && c[1] == 0x80 &&
	    ((c[2] >= 0x8B && c[2] <= 0x8F) || (c[2] >= 0xAA && c[2] <= 0xAE)))
		return 3;
	if (c[0] == 0xE2 && c[1] == 0x81 && c[2] >= 0xA0 && c[2] <= 0xA9)
		return 3;
	if (c[0] == 0xEF && c[1] == 0xBB && c[2] == 0xBF)
		return 3;
	return 0;
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) != 0 || ((unsigned char)c & 0x80) != 0;
}

/* Whether a mark at i could begin a block, were it first on a line. */
static bool
at_start(struct span s, size_t i)
{
	while (i > 0 && s.p[i - 1] == ' ')
		i--;
	return i == 0;
}

/* CommonMark begins a tag, an autolink or a comment only before these. */
static bool
opens_tag(struct span s, size_t i)
{
	return i + 1 < s.n &&
	       (isalpha((unsigned char)s.p[i + 1]) != 0 || s.p[i + 1] == '/' ||
		   s.p[i + 1] == '!' || s.p[i + 1] == '?');
}

static const char *
escape_of(struct span s, size_t i, bool fresh)
{
	bool start = fresh && at_start(s, i);
	bool inside =
	    i > 0 && i + 1 < s.n && is_word(s.p[i - 1]) && is_word(s.p[i + 1]);

	switch (s.p[i]) {
	case '<':
		return opens_tag(s, i) ? "&lt;" : NULL;
	case '>':
		return start ? "&gt;" : NULL;
	case '&':
		return i + 1 < s.n && (is_word(s.p[i + 1]) || s.p[i + 1] == '#')
			   ? "&amp;"
			   : NULL;
	case '\\':
		return "\\\\";
	case '`':
		return "\\`";
	case '*':
		return "\\*";
	case '[':
		return "\\[";
	case ']':
		return "\\]";
	case '|':
		return "\\|";
	case '~':
		return "\\~";
	case '$':
		return "\\$";
	case '_':
		return inside ? NULL : "\\_";
	case '#':
		return start ? "\\#" : NULL;
	case '+':
		return start ? "\\+" : NULL;
	case '-':
		return start ? "\\-" : NULL;
	case '=':
		return start ? "\\=" : NULL;
	case '!':
		return i + 1 < s.n && s.p[i + 1] == '[' ? "\\!" : NULL;
	default:
		return NULL;
	}
}

/* "12." and "12)" at the start of a line are a list. */
static bool
ends_number(struct span s, size_t i)
{
	size_t j = i;

	if (s.p[i] != '.' && s.p[i] != ')')
		return false;
	while (j > 0 && isdigit((unsigned char)s.p[j - 1]))
		j--;
	return j < i && at_start(s, j) && (i + 1 == s.n || s.p[i + 1] == ' ');
}

/* How many bytes at the start of s mean themselves wherever they stand. */
static size_t
letters(struct span s)
{
	size_t i = 0;

	while (i < s.n && (isalnum((unsigned char)s.p[i]) || s.p[i] == ' '))
		i++;
	return i;
}

/* How many bytes at the start of s show nothing: four blanks first on a line
 * would make it code. */
static size_t
blanks(struct span s)
{
	size_t i = 0, n = 0;

	do {
		i += n;
		n = i < s.n && (s.p[i] == ' ' || is_control(s.p[i]))
			? 1
			: invisible(s.p + i, s.n - i);
	} while (n > 0);
	return i;
}

/* fresh: it may stand first on a line, as nothing went before. */
static void
put_plain(struct buf *b, struct span s, bool fresh)
{
	size_t i;

	for (i = fresh ? blanks(s) : 0; i < s.n; i++) {
		size_t n = letters(span_make(s.p + i, s.n - i));
		const char *escaped;
		size_t skip;

		buf_add(b, s.p + i, n);
		i += n;
		if (i == s.n)
			break;
		skip = invisible(s.p + i, s.n - i);
		if (skip != 0) {
			i += skip - 1;
			continue;
		}
		escaped = escape_of(s, i, fresh);
		if (is_control(s.p[i]))
			buf_addc(b, ' ');
		else if (escaped != NULL)
			buf_adds(b, escaped);
		else if (fresh && ends_number(s, i))
			buf_addf(b, "\\%c", s.p[i]);
		else
			buf_addc(b, s.p[i]);
	}
}

/* Also before the rest of a number: the point of 9.5, the sign of 1e-05, a
 * percent sign. */
static bool
inside_word(struct span s, size_t n)
{
	if (isalnum((unsigned char)s.p[n]) != 0)
		return true;
	if (n == 0 || isalnum((unsigned char)s.p[n - 1]) == 0)
		return false;
	return s.p[n] == '%' ||
	       (n + 1 < s.n && strchr(".,_+-", s.p[n]) != NULL &&
		   isalnum((unsigned char)s.p[n + 1]) != 0);
}

/* What is cut in the middle of a word loses the word: half a number would be
 * another number. A very long one is cut all the same. */
static struct span
whole_words(struct span s, size_t max)
{
	struct span cut = utf8_cut(s, max);
	size_t n = cut.n;

	if (n == s.n || !inside_word(s, n))
		return cut;
	while (n > 0 && cut.n - n < WORD_MAX &&
	       (isalnum((unsigned char)s.p[n - 1]) ||
		   strchr(".,_+-", s.p[n - 1]) != NULL))
		n--;
	return n > 0 && cut.n - n < WORD_MAX ? span_make(s.p, n) : cut;
}

void
md_put_text(struct buf *b, struct span s, size_t max)
{
	struct span cut = whole_words(s, max);

	put_plain(b, cut, true);
	if (cut.n < s.n)
		buf_adds(b, ELLIPSIS);
}

/* What a code span shows unchanged in every place and by every renderer. */
static bool
fits_code(struct span s, bool in_cell)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '`' || (in_cell && s.p[i] == '|') ||
		    (s.p[i] == '<' && opens_tag(s, i)) || is_control(s.p[i]) ||
		    invisible(s.p + i, s.n - i) != 0)
			return false;
	return s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

void
md_put_code(struct buf *b, struct span s, size_t max, bool in_cell)
{
	struct span cut = utf8_cut(s, max);

	if (!fits_code(cut, in_cell)) {
		md_put_text(b, s, max);
		return;
	}
	buf_addc(b, '`');
	buf_add_span(b, cut);
	buf_addc(b, '`');
	if (cut.n < s.n)
		buf_adds(b, ELLIPSIS);
}

static void
put_fence(struct buf *b, struct span s)
{
	size_t run = 0, longest = 2, i;

	for (i = 0; i < s.n; i++) {
		run = s.p[i] == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	for (i = 0; i <= longest; i++)
		buf_addc(b, '`');
	buf_addc(b, '\n');
}

void
md_put_block(struct buf *b, struct span s)
{
	size_t i, n;

	put_fence(b, s);
	for (i = 0; i < s.n; i += n) {
		n = invisible(s.p + i, s.n - i);
		if (n > 0)
			continue;
		n = 1;
		if (!is_control(s.p[i]) || s.p[i] == '\n' || s.p[i] == '\t')
			buf_addc(b, s.p[i]);
	}
	buf_addc(b, '\n');
	put_fence(b, s);
}

void
md_put_sentence(struct buf *b, struct span s)
{
	const char *end = s.p + s.n;
	const char *p = s.p;

	while (p != NULL && p < end) {
		const char *open = memchr(p, '`', (size_t)(end - p));
		const char *close =
		    open == NULL
			? NULL
			: memchr(open + 1, '`', (size_t)(end - open - 1));

		if (close == NULL) {
			put_plain(b, span_make(p, (size_t)(end - p)), p == s.p);
			return;
		}
		put_plain(b, span_make(p, (size_t)(open - p)), p == s.p);
		md_put_code(b, span_make(open + 1, (size_t)(close - open - 1)),
		    SIZE_MAX, false);
		p = close + 1;
	}
}

void
md_quote(struct buf *sentence, struct span s, size_t max)
{
	struct span cut = utf8_cut(s, max);
	size_t i;

	if (s.n == 0)
		return;
	buf_addc(sentence, '`');
	for (i = 0; i < cut.n; i++) {
		if (cut.p[i] == '`')
			buf_addc(sentence, '\'');
		else
			buf_addc(
			    sentence, is_control(cut.p[i]) ? ' ' : cut.p[i]);
	}
	if (cut.n < s.n)
		buf_adds(sentence, ELLIPSIS);
	buf_addc(sentence, '`');
}

static const struct entity {
	const char *name;
	char c;
} entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'},
    {"&#39;", '\''}};

static size_t
plain_entity(struct buf *b, struct span s)
{
	size_t i;

	if (s.p[0] != '&')
		return 0;
	for (i = 0; i < ARRAY_LEN(entities); i++) {
		size_t n = strlen(entities[i].name);

		if (s.n < n || memcmp(s.p, entities[i].name, n) != 0)
			continue;
		buf_addc(b, entities[i].c);
		return n;
	}
	return 0;
}

/* How many bytes at the start of s mean themselves. */
static size_t
plain_run(struct span s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '`' && s.p[i] != '\\' && s.p[i] != '&' &&
	       s.p[i] != '*')
		i++;
	return i;
}

void
md_plain(struct buf *b, struct span line)
{
	bool code = false;
	size_t i;

	for (i = 0; i < line.n; i++) {
		size_t n = plain_run(span_make(line.p + i, line.n - i));
		char c;

		buf_add(b, line.p + i, n);
		i += n;
		if (i == line.n)
			break;
		c = line.p[i];
		if (c == '`') {
			code = !code;
			continue;
		}
		if (!code && c == '\\' && i + 1 < line.n &&
		    ispunct((unsigned char)line.p[i + 1])) {
			buf_addc(b, line.p[++i]);
			continue;
		}
		n = code ? 0
			 : plain_entity(b, span_make(line.p + i, line.n - i));
		if (n > 0)
			i += n - 1;
		else if (code || c != '*')
			buf_addc(b, c);
	}
}
