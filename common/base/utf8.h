/*
 * utf8.h - is it UTF-8, by RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF. Also byte by byte, for text that comes in pieces.
 */
#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H

#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, it stands between two characters. */
struct utf8 {
	uint8_t need;	/* continuation bytes still to come */
	uint8_t lo, hi; /* what the next of them may be */
};

/* Takes the next byte; false: it cannot stand here. */
static inline bool
utf8_step(struct utf8 *u, uint8_t c)
{
	if (u->need != 0) {
		if (c < u->lo || c > u->hi)
			return false;
		u->need--;
		u->lo = 0x80;
		u->hi = 0xBF;
		return true;
	}
	if (c < 0x80)
		return true;
	if (c < 0xC2 || c > 0xF4)
		return false;
	u->need = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
	u->lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	u->hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	return true;
}

bool utf8_ok(struct span s);

#define UTF8_NONE UINT32_MAX

/* The code point that s, which is not empty, begins with, and its length;
 * UTF8_NONE and 1 for a byte that begins no character. */
uint32_t utf8_next(struct span s, size_t *ret_n);

/* Is it one that moves, hides or reorders text instead of being seen: a
 * control character of C0 or C1, DEL, a bidirectional control? */
bool utf8_is_control(uint32_t cp);

/* Writes code point cp (no surrogate, <= 0x10FFFF); how many bytes. */
size_t utf8_put(uint32_t cp, char out[4]);

/* The longest start of s of at most max bytes that ends between characters. */
struct span utf8_cut(struct span s, size_t max);

/* Drops what is no character from the n bytes at p, such as one that a
 * "%.60s" has cut in two; how many bytes are left. */
size_t utf8_tidy(char *p, size_t n);

#endif
