/*
 * term.c - text from elsewhere, made safe to put on a terminal.
 *
 * Invariant: what leaves term_put holds no C0 or C1 control character, no
 * DEL, no bidirectional control and no byte that is not UTF-8, but for the
 * line ends and tabs that were asked for.
 */
#include "gateway/cli/term.h"

#include <stdint.h>
#include <wchar.h>

static const uint32_t NOT_UTF8 = UINT32_MAX;

/* The code point at s and its length; NOT_UTF8 and 1 for a stray byte. */
static uint32_t
term_decode(struct span s, size_t *ret_n)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t c = (uint8_t)s.p[0];
	size_t more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
	uint32_t cp = c < 0x80 ? c : c & (0x3Fu >> more);

	*ret_n = 1;
	if ((c >= 0x80 && c < 0xC2) || c > 0xF4 || s.n <= more)
		return NOT_UTF8;
	for (size_t i = 1; i <= more; i++) {
		if (((uint8_t)s.p[i] & 0xC0) != 0x80)
			return NOT_UTF8;
		cp = cp << 6 | ((uint8_t)s.p[i] & 0x3F);
	}
	if (cp < least[more] || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
		return NOT_UTF8;
	*ret_n = more + 1;
	return cp;
}

/* What moves, hides or reorders instead of being seen. */
static bool
term_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x061C ||
	       (cp >= 0x200B && cp <= 0x200F) ||
	       (cp >= 0x2028 && cp <= 0x202E) ||
	       (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF;
}

static void
term_put_control(struct buf *b, uint32_t cp, enum term_style style)
{
	bool blank = cp == '\n' || cp == '\t';

	if (style == TERM_JSON || cp >= 0x100)
		buf_addf(b, "\\u%04x", cp);
	else if (blank && style == TERM_TEXT)
		buf_addc(b, (char)cp);
	else if (blank || (cp == '\r' && style == TERM_LINE))
		buf_addc(b, ' ');
	else if (cp != '\r')
		buf_addf(b, "\\x%02x", cp);
}

void
term_put(struct buf *b, struct span s, enum term_style style)
{
	while (s.n > 0) {
		size_t n;
		uint32_t cp = term_decode(s, &n);

		if (cp == NOT_UTF8 && style != TERM_JSON)
			buf_addf(b, "\\x%02x", (unsigned)(uint8_t)s.p[0]);
		else if (cp != NOT_UTF8 && term_is_control(cp))
			term_put_control(b, cp, style);
		else if (cp != NOT_UTF8)
			buf_add(b, s.p, n);
		s.p += n;
		s.n -= n;
	}
}

static int
term_char_width(uint32_t cp)
{
	int w = cp == NOT_UTF8 ? 1 : wcwidth((wchar_t)cp);

	return w < 0 ? 1 : w;
}

struct span
term_fit(struct span s, int columns, bool *ret_cut)
{
	struct span rest = s;

	while (rest.n > 0) {
		size_t n;

		columns -= term_char_width(term_decode(rest, &n));
		if (columns < 0)
			break;
		rest.p += n;
		rest.n -= n;
	}
	*ret_cut = rest.n > 0;
	return span_make(s.p, s.n - rest.n);
}

int
term_width(struct span s)
{
	int width = 0;

	while (s.n > 0) {
		size_t n;

		width += term_char_width(term_decode(s, &n));
		s.p += n;
		s.n -= n;
	}
	return width;
}
