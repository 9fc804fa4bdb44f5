/*
 * find_choice.c - of the passages that were found, which are wanted: of two
 * languages one, of a document one section.
 */
#include "executor/docs/find_in.h"

/* ---- languages ---- */

/* Is the document "NAME.zh.md" there as "NAME.en.md" as well, which is the
 * language that is wanted? */
enum rc
find_has_better(struct finding *f, struct span name, const char *language,
    bool *ret, struct err *err)
{
	auto_buf other = {.max = 600};
	auto_stmt st = NULL;
	const char *last = memrchr(name.p, '.', name.n);
	size_t at = last != NULL ? (size_t)(last - name.p) : 0;
	enum rc rc;

	*ret = false;
	if (at < 4 || name.p[at - 3] != '.' ||
	    memcmp(name.p + at - 2, language, 2) == 0 ||
	    (memcmp(name.p + at - 2, "zh", 2) != 0 &&
		memcmp(name.p + at - 2, "en", 2) != 0))
		return RC_OK;
	buf_add(&other, name.p, at - 2);
	buf_adds(&other, language);
	buf_add(&other, last, name.n - at);
	rc = base_prepare(f->base,
	    "SELECT 1 FROM docs WHERE name = ?1 AND passages > 0", &st, err);
	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, buf_span(&other));
	return base_step(f->base, st, ret, err);
}

const char *
find_language_of(const struct finding *f, const struct docs_query *q)
{
	bool zh = span_is(q->language, "zh") ||
		  (q->language.n == 0 && f->terms.chinese);

	return zh ? "zh" : "en";
}

/* Takes away the first ones that are there in the other language as well. */
enum rc
find_drop_foreign(struct finding *f, const char *language,
    struct candidate *list, size_t *n, struct err *err)
{
	auto_stmt st = NULL;
	size_t i = 0;
	bool foreign = true;
	enum rc rc = base_prepare(f->base,
	    "SELECT d.name FROM passages p, docs d WHERE p.id = ?1 AND "
	    "d.id = p.doc",
	    &st, err);

	while (rc == RC_OK && foreign && i < *n) {
		sqlite3_bind_int64(st, 1, list[i].id);
		rc = base_step(f->base, st, &foreign, err);
		if (rc == RC_OK && foreign)
			rc = find_has_better(
			    f, base_text(st, 0), language, &foreign, err);
		sqlite3_reset(st);
		i += foreign;
	}
	*n -= i;
	memmove(&list[0], &list[i], *n * sizeof(*list));
	return rc;
}

/* ---- the section that is wanted ---- */

static void
note_word(void *ctx, enum words_kind kind UNUSED, struct span word)
{
	map_at(ctx, word, 1);
}

static int
count_words(const struct map *wanted, struct span s)
{
	int n = 0;

	while (s.n > 0) {
		const char *end = memchr(s.p, ' ', s.n);
		size_t len = end != NULL ? (size_t)(end - s.p) : s.n;

		n += map_get(wanted, span_make(s.p, len), 0);
		s = span_from(s, MIN(len + 1, s.n));
	}
	return n;
}

/* Of the document of best: the passage whose headings have most of the words,
 * as good as best itself; where none has any, best. */
static enum rc
find_section(struct finding *f, struct span section, struct candidate *best,
    struct err *err)
{
	auto_stmt st = NULL;
	struct map wanted = {.n = 0};
	int most = 0;
	bool row = true;
	enum rc rc = base_prepare(f->base,
	    "SELECT f.rowid, f.path FROM passages p, found f WHERE p.doc = "
	    "(SELECT doc FROM passages WHERE id = ?1) AND f.rowid = p.id "
	    "ORDER BY p.n",
	    &st, err);

	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(st, 1, best->id);
	words_each(f->words, section, note_word, &wanted);
	while (rc == RC_OK && row) {
		int n;

		rc = base_step(f->base, st, &row, err);
		if (rc != RC_OK || !row)
			break;
		n = count_words(&wanted, base_text(st, 1));
		if (n > most)
			best->id = sqlite3_column_int64(st, 0);
		most = MAX(n, most);
	}
	map_done(&wanted);
	return rc;
}

/* Puts it before the others, which it may be one of. */
enum rc
find_prefer_section(struct finding *f, struct span section,
    struct candidate *list, size_t *n, struct err *err)
{
	struct candidate best = list[0];
	enum rc rc = find_section(f, section, &best, err);
	size_t i = 0;

	while (rc == RC_OK && i < *n && list[i].id != best.id)
		i++;
	memmove(&list[1], &list[0], i * sizeof(*list));
	list[0] = best;
	*n += i == *n;
	return rc;
}
