/*
 * utf8.c - checking, writing and cutting UTF-8.
 */
#include "common/base/utf8.h"

/* The next eight bytes are ASCII, as most of what peers send is. */
static bool
eight_plain(struct span s, size_t i)
{
	uint64_t v;

	if (s.n - i < sizeof(v))
		return false;
	memcpy(&v, s.p + i, sizeof(v));
	return (v & UINT64_C(0x8080808080808080)) == 0;
}

bool
utf8_ok(struct span s)
{
	struct utf8 u = {0};
	size_t i = 0;

	while (i < s.n) {
		if (u.need == 0 && eight_plain(s, i))
			i += sizeof(uint64_t);
		else if (!utf8_step(&u, (uint8_t)s.p[i++]))
			return false;
	}
	return u.need == 0;
}

uint32_t
utf8_next(struct span s, size_t *ret_n)
{
	struct utf8 u = {0};
	uint32_t cp = 0;
	size_t n = 0;

	*ret_n = 1;
	do {
		uint8_t c = n < s.n ? (uint8_t)s.p[n] : 0xFF;

		if (!utf8_step(&u, c))
			return UTF8_NONE;
		if (n++ == 0)
			cp = u.need == 0 ? c : c & (0x3FU >> u.need);
		else
			cp = cp << 6 | (c & 0x3F);
	} while (u.need != 0);
	*ret_n = n;
	return cp;
}

bool
utf8_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x061C ||
	       (cp >= 0x200B && cp <= 0x200F) ||
	       (cp >= 0x2028 && cp <= 0x202E) ||
	       (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF;
}

size_t
utf8_put(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

struct span
utf8_cut(struct span s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return span_make(s.p, max);
}

size_t
utf8_tidy(char *p, size_t n)
{
	struct utf8 u = {0};
	size_t i, to = 0, begin = 0; /* begin: of the character at to */

	if (utf8_ok(span_make(p, n)))
		return n;
	for (i = 0; i < n; i++) {
		if (!utf8_step(&u, (uint8_t)p[i])) {
			/* What broke a character may begin the next. */
			i -= u.need != 0;
			u = (struct utf8){0};
			to = begin;
			continue;
		}
		p[to++] = p[i];
		if (u.need == 0)
			begin = to;
	}
	return begin;
}
