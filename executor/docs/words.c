/*
 * words.c - text into the words it is found by.
 *
 * A text is a row of units: words of scripts that use spaces, and single
 * characters of those that do not. The vocabulary is looked up over units,
 * the longest first; a row of characters then becomes its pairs.
 */
#include "executor/docs/words_in.h"

#include <libstemmer.h>
#include <stdlib.h>

/* Counts up when other words come of the same text and vocabulary. */
#define WORDS_RULES "3"

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

/* The last part of a histogram's series' name, which they do not share. */
static bool
is_form(struct span part)
{
	return span_is(part, "sum") || span_is(part, "count") ||
	       span_is(part, "bucket");
}

static void
tell_whole(struct words *w, size_t i, words_each_fn *each, void *ctx)
{
	auto_buf whole = {.max = 256};
	size_t k = i, end = i + 1;

	while (end < w->n && w->units[end].joined && !w->units[end].single)
		end++;
	if (end > i + 2 && is_form(unit_text(w, &w->units[end - 1])))
		end--;
	while (k < end)
		buf_add_span(&whole, unit_text(w, &w->units[k++]));
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
	struct err ignored;
	size_t i;

	if (words_units(w, text, &ignored) != RC_OK)
		return;
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
	rc = words_vocabulary(w, vocabulary, err);
	if (rc == RC_OK)
		rc = words_vocabulary(w, more, err);
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
