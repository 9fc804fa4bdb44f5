/*
 * words.c - text into the words it is found by.
 *
 * A text is a row of units: words of scripts that use spaces, and single
 * characters of those that do not. The vocabulary is looked up over units,
 * the longest first; a row of characters then becomes its pairs.
 */
#include "executor/docs/words.h"

#include "common/base/utf8.h"
#include "executor/docs/map.h"

#include <libstemmer.h>
#include <stdint.h>
#include <stdlib.h>
#include <utf8proc.h>

/* Counts up when other words come of the same text and vocabulary. */
#define WORDS_RULES "1"

enum {
	UNIT_BYTES_MAX = 64, /* of what is longer the start counts */
	SENSE_UNITS_MAX = 8,
	/* More than any text of which there are words, folded. */
	TEXT_MAX = 256 << 20,
	/* What the vocabulary's map holds besides numbers of senses. */
	IS_NOTHING = -3,
	IS_PREFIX = -2, /* only the start of something */
	IS_STOP = -1,
};

struct unit {
	uint32_t at; /* into texts */
	uint8_t n;
	bool single; /* a character of a script without spaces */
	bool joined; /* nothing stands between it and the unit before */
	bool first;  /* begins an identifier of several parts */
	bool stop;
	bool named; /* part of what the vocabulary knows */
};

struct words {
	struct sb_stemmer *stemmer;
	struct map senses; /* units, each behind a '\n', to what they mean */
	char **names;      /* of the senses; owned */
	int n_names;
	char version[SHA256_TEXT];
	/* Of the text at hand. */
	struct buf texts;
	struct unit *units;
	size_t n, cap;
};

/* ---- units ---- */

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

static struct span
unit_text(const struct words *w, const struct unit *u)
{
	return span_make(w->texts.data + u->at, u->n);
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

/* ---- the vocabulary over units ---- */

/* The longest entry that begins at unit i: how many units, and what it is. */
static size_t
look_up(const struct words *w, size_t i, int *ret)
{
	char key[SENSE_UNITS_MAX * (UNIT_BYTES_MAX + 1)];
	size_t n = 0, k, best = 0;

	for (k = i; k < w->n && k - i < SENSE_UNITS_MAX; k++) {
		const struct unit *u = &w->units[k];
		int is;

		if (k > i && u->single &&
		    (!w->units[k - 1].single || !u->joined))
			break;
		key[n++] = '\n';
		memcpy(key + n, w->texts.data + u->at, u->n);
		n += u->n;
		is = map_get(&w->senses, span_make(key, n), IS_NOTHING);
		if (is == IS_NOTHING)
			break;
		if (is == IS_PREFIX)
			continue;
		best = k - i + 1;
		*ret = is;
	}
	return best;
}

static void
tell_whole(struct words *w, size_t i, words_each_fn *each, void *ctx)
{
	auto_buf whole = {.max = 256};
	size_t k = i;

	do
		buf_add_span(&whole, unit_text(w, &w->units[k++]));
	while (k < w->n && w->units[k].joined && !w->units[k].single);
	if (!whole.full)
		each(ctx, WORDS_WHOLE, buf_span(&whole));
}

static void
tell_senses(struct words *w, words_each_fn *each, void *ctx)
{
	size_t i = 0, n, k;
	int is = 0;

	while (i < w->n) {
		n = look_up(w, i, &is);
		for (k = 0; k < n; k++) {
			w->units[i + k].stop = is == IS_STOP;
			w->units[i + k].named = is >= 0;
		}
		if (n > 0 && is >= 0)
			each(ctx, WORDS_SENSE_NAME, span_of(w->names[is]));
		i += MAX(n, (size_t)1);
	}
}

/* Character i with the one behind it, or alone where it has no neighbour. */
static void
tell_single(struct words *w, size_t i, words_each_fn *each, void *ctx)
{
	const struct unit *u = &w->units[i], *v = u + 1;
	bool next = i + 1 < w->n && v->single && v->joined && !v->stop;
	bool before = i > 0 && u->joined && u[-1].single && !u[-1].stop;

	if (next)
		each(ctx,
		    u->named && v->named   ? WORDS_INSIDE
		    : u->named || v->named ? WORDS_ACROSS
					   : WORDS_PLAIN,
		    span_make(w->texts.data + u->at, (size_t)u->n + v->n));
	else if (!before)
		each(ctx, u->named ? WORDS_INSIDE : WORDS_PLAIN,
		    unit_text(w, u));
}

void
words_each(struct words *w, struct span text, words_each_fn *each, void *ctx)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p,
	    (utf8proc_ssize_t)text.n, &folded,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
		UTF8PROC_IGNORE);
	size_t i;

	if (n < 0)
		return;
	add_units(w, span_make(folded, (size_t)n));
	free(folded);
	tell_senses(w, each, ctx);
	for (i = 0; i < w->n; i++) {
		const struct unit *u = &w->units[i];

		if (u->first)
			tell_whole(w, i, each, ctx);
		if (u->stop)
			continue;
		if (u->single)
			tell_single(w, i, each, ctx);
		else
			each(ctx, u->named ? WORDS_INSIDE : WORDS_PLAIN,
			    unit_text(w, u));
	}
}

static void
put_word(void *ctx, enum words_kind kind UNUSED, struct span word)
{
	buf_add_span(ctx, word);
	buf_addc(ctx, ' ');
}

void
words_put(struct words *w, struct span text, struct buf *b)
{
	words_each(w, text, put_word, b);
}

/* ---- reading a vocabulary ---- */

/* The units of one entry as the map's key. */
static enum rc
entry_key(struct words *w, struct span entry, struct buf *key, struct err *err)
{
	utf8proc_uint8_t *folded = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)entry.p,
	    (utf8proc_ssize_t)entry.n, &folded,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
		UTF8PROC_IGNORE);
	size_t i;

	if (n < 0)
		return err_set(err, RC_INVALID, "is not UTF-8");
	add_units(w, span_make(folded, (size_t)n));
	free(folded);
	if (w->n == 0 || w->n > SENSE_UNITS_MAX)
		return err_set(err, RC_INVALID,
		    "\"%.*s\" has %zu words or characters; 1 to %d are "
		    "possible",
		    (int)MIN(entry.n, (size_t)60), entry.p, w->n,
		    SENSE_UNITS_MAX);
	buf_reset(key);
	for (i = 0; i < w->n; i++) {
		buf_addc(key, '\n');
		buf_add_span(key, unit_text(w, &w->units[i]));
	}
	return RC_OK;
}

static int
new_sense(struct words *w, struct span key)
{
	auto_buf name = {.max = 600};
	size_t i;

	buf_adds(&name, WORDS_SENSE);
	for (i = 0; i < key.n; i++)
		if (key.p[i] != '\n')
			buf_addc(&name, key.p[i]);
	w->names =
	    xrealloc(w->names, (size_t)(w->n_names + 1) * sizeof(*w->names));
	w->names[w->n_names] = buf_take(&name);
	return w->n_names++;
}

static void
keep(struct words *w, struct span key, int is)
{
	size_t i;

	for (i = 1; i < key.n; i++)
		if (key.p[i] == '\n')
			map_at(&w->senses, span_make(key.p, i), IS_PREFIX);
	*map_at(&w->senses, key, is) = is;
}

/* The sense of the first entry of a line that is known, or a new one. */
static enum rc
line_sense(struct words *w, struct span line, int *ret, struct err *err)
{
	auto_buf key = {.max = 4096}, first = {.max = 4096};
	enum rc rc = RC_OK;

	while (line.n > 0 && rc == RC_OK) {
		const char *comma = memchr(line.p, ',', line.n);
		size_t n = comma != NULL ? (size_t)(comma - line.p) : line.n;
		int is;

		rc = entry_key(w, span_trim(span_make(line.p, n)), &key, err);
		if (rc != RC_OK)
			return rc;
		is = map_get(&w->senses, buf_span(&key), IS_NOTHING);
		if (is >= 0) {
			*ret = is;
			return RC_OK;
		}
		if (first.len == 0)
			buf_add_span(&first, buf_span(&key));
		line = span_from(line, n + (n < line.n));
	}
	*ret = new_sense(w, buf_span(&first));
	return RC_OK;
}

static enum rc
read_line(struct words *w, struct span line, struct err *err)
{
	static const char stop[] = "stop:";
	auto_buf key = {.max = 4096};
	int is = IS_STOP;
	enum rc rc = RC_OK;

	if (line.n >= sizeof(stop) - 1 &&
	    memcmp(line.p, stop, sizeof(stop) - 1) == 0)
		line = span_trim(span_from(line, sizeof(stop) - 1));
	else
		rc = line_sense(w, line, &is, err);
	while (line.n > 0 && rc == RC_OK) {
		const char *comma = memchr(line.p, ',', line.n);
		size_t n = comma != NULL ? (size_t)(comma - line.p) : line.n;

		rc = entry_key(w, span_trim(span_make(line.p, n)), &key, err);
		if (rc == RC_OK)
			keep(w, buf_span(&key), is);
		line = span_from(line, n + (n < line.n));
	}
	return rc;
}

static enum rc
read_lines(struct words *w, struct span text, struct err *err)
{
	int number = 0;

	if (text.n > WORDS_VOCABULARY_MAX)
		return err_set(
		    err, RC_TOOBIG, "more than %d bytes", WORDS_VOCABULARY_MAX);
	if (!utf8_ok(text))
		return err_set(err, RC_INVALID, "is not UTF-8");
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
		const char *hash = memchr(text.p, '#', n);
		struct span line = span_trim(span_make(
		    text.p, hash != NULL ? (size_t)(hash - text.p) : n));
		enum rc rc = RC_OK;

		number++;
		if (line.n > 0)
			rc = read_line(w, line, err);
		if (rc != RC_OK)
			return err_prefix(err, rc, "line %d", number);
		text = span_from(text, n + (n < text.n));
	}
	return RC_OK;
}

enum rc
words_new(struct span vocabulary, struct span more, struct words **ret,
    struct err *err)
{
	AUTO(words) w = xcalloc(1, sizeof(*w));
	auto_buf all = {.max = 3 * (size_t)WORDS_VOCABULARY_MAX};
	enum rc rc;

	buf_init(&w->texts, TEXT_MAX);
	w->stemmer = sb_stemmer_new("english", NULL);
	if (w->stemmer == NULL)
		return err_set(err, RC_IO, "libstemmer knows no English");
	rc = read_lines(w, vocabulary, err);
	if (rc == RC_OK)
		rc = read_lines(w, more, err);
	if (rc != RC_OK)
		return rc;
	buf_adds(&all, WORDS_RULES);
	buf_add_span(&all, vocabulary);
	buf_addc(&all, '\0');
	buf_add_span(&all, more);
	sha256_text(buf_span(&all), w->version);
	*ret = TAKE(w);
	return RC_OK;
}

void
words_free(struct words *w)
{
	int i;

	if (w == NULL)
		return;
	for (i = 0; i < w->n_names; i++)
		free(w->names[i]);
	free(w->names);
	sb_stemmer_delete(w->stemmer);
	map_done(&w->senses);
	buf_done(&w->texts);
	free(w->units);
	free(w);
}

const char *
words_version(const struct words *w)
{
	return w->version;
}
