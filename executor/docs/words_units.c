/*
 * words_units.c - a text into units: words of scripts that use spaces, and
 * single characters of those that do not.
 */
#include "executor/docs/words_in.h"

#include "common/base/utf8.h"

#include <libstemmer.h>
#include <stdlib.h>
#include <utf8proc.h>

static bool
is_unspaced(int32_t cp)
{
	static const struct {
		int32_t from, to;
	} ranges[] = {
	    {0x0E00, 0x0EFF}, /* Thai, Lao */
	    {0x1000, 0x109F}, /* Burmese */
	    {0x1780, 0x17FF}, /* Khmer */
	    {0x3005, 0x3007},
	    {0x3040, 0x30FF}, /* kana */
	    {0x3400, 0x4DBF},
	    {0x4E00, 0x9FFF},
	    {0xF900, 0xFAFF},
	    {0x20000, 0x3FFFF},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ranges); i++)
		if (cp >= ranges[i].from && cp <= ranges[i].to)
			return true;
	return false;
}

static bool
is_of_word(int32_t cp)
{
	utf8proc_category_t c;

	if (cp < 0x80)
		return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
		       (cp >= '0' && cp <= '9');
	c = utf8proc_category(cp);
	return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_ME) ||
	       c == UTF8PROC_CATEGORY_ND;
}

static bool
is_upper(int32_t cp)
{
	return cp < 0x80 ? cp >= 'A' && cp <= 'Z'
			 : utf8proc_category(cp) == UTF8PROC_CATEGORY_LU;
}

static bool
is_lower(int32_t cp)
{
	return cp < 0x80 ? cp >= 'a' && cp <= 'z'
			 : utf8proc_category(cp) == UTF8PROC_CATEGORY_LL;
}

static bool
is_letters(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < 'a' || s.p[i] > 'z')
			return false;
	return true;
}

static struct unit *
unit_add(struct words *w, struct span text)
{
	struct unit *u;

	text = utf8_cut(text, UNIT_BYTES_MAX);
	if (w->n == w->cap) {
		w->cap = MAX(2 * w->cap, (size_t)256);
		w->units = xrealloc(w->units, w->cap * sizeof(*u));
	}
	u = &w->units[w->n++];
	*u = (struct unit){.at = (uint32_t)w->texts.len, .n = (uint8_t)text.n};
	buf_add_span(&w->texts, text);
	return u;
}

/* A word's letters in lower case; German sharp s and its like are rare
 * enough in operations to stay what they are. */
static void
put_folded(struct buf *b, struct span s)
{
	size_t i = 0, n;
	char out[4];

	for (; i < s.n; i += n) {
		uint32_t cp = utf8_next(span_from(s, i), &n);

		buf_add(b, out,
		    utf8_put((uint32_t)utf8proc_tolower((int32_t)cp), out));
	}
}

static struct unit *
add_part(struct words *w, struct span raw)
{
	auto_buf folded = {.max = TEXT_MAX};
	struct span s;

	put_folded(&folded, raw);
	s = buf_span(&folded);
	if (s.n > 2 && s.n < UNIT_BYTES_MAX && is_letters(s)) {
		const sb_symbol *stem = sb_stemmer_stem(
		    w->stemmer, (const sb_symbol *)s.p, (int)s.n);

		s = span_make(stem, (size_t)sb_stemmer_length(w->stemmer));
	}
	return unit_add(w, s);
}

/* Where the part at the start of s ends: before a capital that follows a
 * small letter, and before the last capital of several. */
static size_t
part_length(struct span s)
{
	int32_t last = 0;
	size_t i = 0, n;

	while (i < s.n) {
		int32_t cp = (int32_t)utf8_next(span_from(s, i), &n);

		if (i > 0 && is_upper(cp) && is_lower(last))
			return i;
		if (i > 0 && is_upper(cp) && is_upper(last) && i + n < s.n &&
		    is_lower(s.p[i + n]) &&
		    !(i + n + 1 == s.n && s.p[i + n] == 's'))
			return i;
		last = cp;
		i += n;
	}
	return s.n;
}

/* One run of letters, digits and underscores. */
static void
add_identifier(struct words *w, struct span s)
{
	size_t first = w->n;

	while (s.n > 0) {
		size_t n = 0, blanks = 0;
		const char *at = memchr(s.p, '_', s.n);

		n = at != NULL ? (size_t)(at - s.p) : s.n;
		if (n > 0) {
			n = part_length(span_make(s.p, n));
			add_part(w, span_make(s.p, n))->joined = w->n > first;
		}
		while (n + blanks < s.n && s.p[n + blanks] == '_')
			blanks++;
		s = span_from(s, n + blanks);
	}
	if (w->n > first)
		w->units[first].joined = false;
	if (w->n > first + 1)
		w->units[first].first = true;
}

static void
add_units(struct words *w, struct span s)
{
	size_t i = 0, n = 0;
	bool joined = false;

	w->n = 0;
	buf_reset(&w->texts);
	while (i < s.n) {
		int32_t cp = (int32_t)utf8_next(span_from(s, i), &n);
		size_t from = i;

		if (is_unspaced(cp) && is_of_word(cp)) {
			struct unit *u = unit_add(w, span_make(s.p + i, n));

			u->single = true;
			u->joined = joined;
			joined = true;
			i += n;
			continue;
		}
		joined = false;
		while (i < s.n &&
		       (cp == '_' || (is_of_word(cp) && !is_unspaced(cp)))) {
			i += n;
			if (i < s.n)
				cp = (int32_t)utf8_next(span_from(s, i), &n);
		}
		if (i > from)
			add_identifier(w, span_make(s.p + from, i - from));
		else
			i += n;
	}
}

enum rc
words_units(struct words *w, struct span text, struct err *err)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p,
	    (utf8proc_ssize_t)text.n, &folded,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
		UTF8PROC_IGNORE);

	if (n < 0)
		return err_set(err, RC_INVALID, "is not UTF-8");
	add_units(w, span_make(folded, (size_t)n));
	free(folded);
	return RC_OK;
}
