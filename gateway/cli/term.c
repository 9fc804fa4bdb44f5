/*
 * term.c - text from elsewhere, made safe to put on a terminal.
 *
 * Invariant: what leaves term_put holds no C0 or C1 control character, no
 * DEL, no bidirectional control and no byte that is not UTF-8, but for the
 * line ends and tabs that were asked for.
 */
#include "gateway/cli/term.h"

#include "common/base/utf8.h"

#include <wchar.h>

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
		uint32_t cp = utf8_next(s, &n);

		if (cp == UTF8_NONE && style != TERM_JSON)
			buf_addf(b, "\\x%02x", (unsigned)(uint8_t)s.p[0]);
		else if (cp != UTF8_NONE && utf8_is_control(cp))
			term_put_control(b, cp, style);
		else if (cp != UTF8_NONE)
			buf_add(b, s.p, n);
		s.p += n;
		s.n -= n;
	}
}

static int
term_char_width(uint32_t cp)
{
	int w = cp == UTF8_NONE ? 1 : wcwidth((wchar_t)cp);

	return w < 0 ? 1 : w;
}

struct span
term_fit(struct span s, int columns, bool *ret_cut)
{
	struct span rest = s;

	while (rest.n > 0) {
		size_t n;

		columns -= term_char_width(utf8_next(rest, &n));
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

		width += term_char_width(utf8_next(s, &n));
		s.p += n;
		s.n -= n;
	}
	return width;
}
