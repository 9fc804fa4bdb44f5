/*
 * words_vocabulary.c - lines of words that mean the same, into a map from
 * rows of units to what they mean.
 */
#include "executor/docs/words_in.h"

#include "common/base/utf8.h"

#include <stdlib.h>

/* The units of one entry as the map's key. */
static enum rc
entry_key(struct words *w, struct span entry, struct buf *key, struct err *err)
{
	enum rc rc = words_units(w, entry, err);
	size_t i;

	if (rc != RC_OK)
		return rc;
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

enum rc
words_vocabulary(struct words *w, struct span text, struct err *err)
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
