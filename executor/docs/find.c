/*
 * find.c - the passages that answer a question.
 */
#include "executor/docs/find.h"

#include "executor/docs/find_terms.h"

#include <ctype.h>
#include <stdlib.h>

enum {
	CANDIDATES = 64,
	/* How many places of words the search may go through before rarer
	 * words alone decide who is looked at. */
	PLACES_MAX = 1500,
	FIELDS = 3, /* title, path, body */
};

/* Chosen on one half of tests/eval/docs, and looked at on the other. */
static const double fits_from = 0.34;
static const double field_weight[FIELDS] = {2.0, 1.5, 1.0};
static const double saturation = 1.2;

struct finding {
	struct base *base;
	struct words *words;
	struct terms terms;
	double passages, average; /* how many; words of one */
};

/* ---- candidates ---- */

static int
by_rarity(const void *a, const void *b)
{
	const struct term *const *x = a, *const *y = b;

	return (*x)->passages < (*y)->passages   ? -1
	       : (*x)->passages > (*y)->passages ? 1
						 : 0;
}

/* The rarest words, as FTS5 wants them; "" where no passage has any. */
static void
put_match(const struct finding *f, struct buf *b)
{
	const struct term *order[TERMS_MAX];
	int i, n = 0, places = 0;

	for (i = 0; i < f->terms.n; i++)
		if (f->terms.list[i].passages > 0)
			order[n++] = &f->terms.list[i];
	qsort(order, (size_t)n, sizeof(order[0]), by_rarity);
	for (i = 0; i < n; i++) {
		places += order[i]->passages;
		if (i > 0 && places > PLACES_MAX)
			break;
		buf_addf(b, "%s\"%s\"", i > 0 ? " OR " : "", order[i]->word);
	}
}

/* ---- scores ---- */

struct candidate {
	int64_t id;
	double score;
	bool named;
};

static double
score_of(const struct finding *f, sqlite3_stmt *st, int first_column)
{
	double counts[TERMS_MAX] = {0}, sum = 0, words = 0, wide = 0, all;
	int field, i;

	for (field = 0; field < FIELDS; field++) {
		struct span s = base_text(st, first_column + field);

		while (s.n > 0) {
			const char *end = memchr(s.p, ' ', s.n);
			size_t n = end != NULL ? (size_t)(end - s.p) : s.n;
			int at = map_get(&f->terms.at, span_make(s.p, n), -1);

			if (at >= 0)
				counts[at] += field_weight[field];
			words += field == FIELDS - 1;
			wide += field == FIELDS - 1 && n >= 6 &&
				(unsigned char)s.p[0] < 0xEE &&
				term_is_wide(span_make(s.p, n));
			s = span_from(s, MIN(n + 1, s.n));
		}
	}
	for (i = 0; i < f->terms.n; i++) {
		double k =
		    saturation * (0.6 + 0.4 * words / MAX(f->average, 1.0));

		if (counts[i] > 0)
			sum +=
			    f->terms.list[i].idf * counts[i] / (counts[i] + k);
	}
	all = (wide > words / 10) == f->terms.chinese ? f->terms.all
						      : f->terms.all_abroad;
	return all > 0 ? sum / all : 0;
}

static int
by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->named != y->named)
		return x->named ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Gathers the candidates that st gives: id, title, path and body in words. */
static enum rc
gather(struct finding *f, sqlite3_stmt *st, bool named, struct candidate *list,
    size_t max, size_t *n, struct err *err)
{
	bool row = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && row && *n < max) {
		rc = base_step(f->base, st, &row, err);
		if (rc == RC_OK && row)
			list[(*n)++] =
			    (struct candidate){sqlite3_column_int64(st, 0),
				score_of(f, st, 1), named};
	}
	return rc;
}

static enum rc
gather_by_text(struct finding *f, struct candidate *list, size_t max, size_t *n,
    struct err *err)
{
	auto_buf match = {.max = 64 << 10};
	auto_stmt st = NULL;
	enum rc rc;

	put_match(f, &match);
	if (match.len == 0)
		return RC_OK;
	rc = base_prepare(f->base,
	    "SELECT f.rowid, f.title, f.path, f.body FROM (SELECT rowid AS id "
	    "FROM found WHERE found MATCH ?1 "
	    "ORDER BY bm25(found, 4.0, 2.0, 1.0) LIMIT 64) c, found f "
	    "WHERE f.rowid = c.id",
	    &st, err);
	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, buf_span(&match));
	return gather(f, st, false, list, max, n, err);
}

/* ---- the document that was asked for ---- */

/* Letters and digits of the last part of a name, before its first dot. */
static void
put_stem(struct buf *b, struct span name)
{
	size_t i;

	name.n =
	    strcspn(name.p, "?#") < name.n ? strcspn(name.p, "?#") : name.n;
	while (name.n > 0 && name.p[name.n - 1] == '/')
		name.n--;
	for (i = name.n; i > 0 && name.p[i - 1] != '/';)
		i--;
	for (; i < name.n && name.p[i] != '.'; i++)
		if (isalnum((unsigned char)name.p[i]) ||
		    ((unsigned char)name.p[i] & 0x80) != 0)
			buf_addc(b, (char)tolower((unsigned char)name.p[i]));
}

static enum rc
gather_doc(struct finding *f, int64_t doc, struct candidate *list, size_t max,
    size_t *n, struct err *err)
{
	auto_stmt st = NULL;
	enum rc rc = base_prepare(f->base,
	    "SELECT f.rowid, f.title, f.path, f.body FROM passages p, found f "
	    "WHERE p.doc = ?1 AND f.rowid = p.id ORDER BY p.n",
	    &st, err);

	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(st, 1, doc);
	return gather(f, st, true, list, max, n, err);
}

static enum rc
gather_named(struct finding *f, struct span document, struct candidate *list,
    size_t max, size_t *n, struct err *err)
{
	auto_str terminated = xstrndup(document.p, document.n);
	auto_buf wanted = {.max = 4096}, has = {.max = 4096};
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc;

	put_stem(&wanted, span_of(terminated));
	if (wanted.len == 0)
		return RC_OK;
	rc = base_prepare(f->base, "SELECT id, name FROM docs", &st, err);
	while (rc == RC_OK && row) {
		rc = base_step(f->base, st, &row, err);
		if (rc != RC_OK || !row)
			break;
		buf_reset(&has);
		put_stem(&has, base_text(st, 1));
		if (span_equal(buf_span(&has), buf_span(&wanted)))
			rc = gather_doc(
			    f, sqlite3_column_int64(st, 0), list, max, n, err);
	}
	return rc;
}

/* ---- languages ---- */

/* Is the document "NAME.zh.md" there as "NAME.en.md" as well, which is the
 * language that is wanted? */
static enum rc
has_better(struct finding *f, struct span name, const char *language, bool *ret,
    struct err *err)
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

static const char *
language_of(const struct finding *f, const struct docs_query *q)
{
	bool zh = span_is(q->language, "zh") ||
		  (q->language.n == 0 && f->terms.chinese);

	return zh ? "zh" : "en";
}

/* Takes away the first ones that are there in the other language as well. */
static enum rc
drop_foreign(struct finding *f, const char *language, struct candidate *list,
    size_t *n, struct err *err)
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
			rc = has_better(
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
static enum rc
prefer_section(struct finding *f, struct span section, struct candidate *list,
    size_t *n, struct err *err)
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

/* ---- the answer ---- */

static char *
copy(struct span s)
{
	return xstrndup(s.p, s.n);
}

static enum rc
fill(struct finding *f, const struct candidate *list, size_t n,
    const struct docs_query *q, struct docs_found *ret, struct err *err)
{
	auto_stmt st = NULL;
	const char *language = language_of(f, q);
	size_t i, limit = MIN(MAX(q->limit, (size_t)1), (size_t)DOCS_FOUND_MAX);
	enum rc rc = base_prepare(f->base,
	    "SELECT d.name, p.n, d.title, p.path, p.text, p.line_from, "
	    "p.line_to FROM passages p, docs d WHERE p.id = ?1 AND "
	    "d.id = p.doc",
	    &st, err);

	ret->list = xcalloc(limit, sizeof(*ret->list));
	for (i = 0; i < n && ret->n < limit && rc == RC_OK; i++) {
		struct docs_passage *p = &ret->list[ret->n];
		bool row = false, skip = false;

		sqlite3_bind_int64(st, 1, list[i].id);
		rc = base_step(f->base, st, &row, err);
		if (rc == RC_OK && row)
			rc = has_better(
			    f, base_text(st, 0), language, &skip, err);
		if (rc == RC_OK && row && !skip) {
			*p = (struct docs_passage){
			    .source = copy(base_text(st, 0)),
			    .id = xasprintf("%.*s#%lld",
				SPAN_ARG(base_text(st, 0)),
				(long long)sqlite3_column_int64(st, 1)),
			    .title = copy(base_text(st, 2)),
			    .path = copy(base_text(st, 3)),
			    .text = copy(base_text(st, 4)),
			    .line_from = sqlite3_column_int(st, 5),
			    .line_to = sqlite3_column_int(st, 6),
			    .score = MIN(list[i].score, 1.0),
			    .named = list[i].named};
			ret->n++;
			if (p->named || p->score >= fits_from)
				ret->fitting = ret->n;
		}
		sqlite3_reset(st);
	}
	return rc;
}

/* Named ones come first; the same passage found by text is one of them. */
static size_t
sort(struct candidate *list, size_t n)
{
	size_t i, k, kept = 0;

	qsort(list, n, sizeof(*list), by_score);
	for (i = 0; i < n; i++) {
		for (k = 0; k < kept && list[k].id != list[i].id; k++)
			;
		if (k == kept)
			list[kept++] = list[i];
	}
	return kept;
}

static enum rc
read_counts(struct finding *f, struct docs_found *ret, struct err *err)
{
	auto_str documents = NULL;
	auto_str passages = NULL;
	auto_str words = NULL;
	enum rc rc = base_meta(f->base, "documents", &documents, err);

	if (rc == RC_OK)
		rc = base_meta(f->base, "passages", &passages, err);
	if (rc == RC_OK)
		rc = base_meta(f->base, "words", &words, err);
	if (rc != RC_OK)
		return rc;
	ret->documents = atol(documents);
	ret->passages = atol(passages);
	f->passages = (double)ret->passages;
	f->average = atof(words) / MAX(f->passages, 1.0);
	return RC_OK;
}

static enum rc
find_in(struct finding *f, const struct docs_query *q, struct docs_found *ret,
    struct err *err)
{
	struct candidate list[4 * CANDIDATES + 1];
	size_t n = 0;
	enum rc rc = read_counts(f, ret, err);

	if (rc == RC_OK)
		rc = terms_read(
		    &f->terms, f->base, f->words, q->text, f->passages, err);
	if (rc != RC_OK)
		return rc;
	if (q->document.n > 0)
		rc =
		    gather_named(f, q->document, list, 3 * CANDIDATES, &n, err);
	if (rc == RC_OK)
		rc = gather_by_text(f, list, n + CANDIDATES, &n, err);
	ret->threshold = fits_from;
	n = sort(list, n);
	if (rc == RC_OK)
		rc = drop_foreign(f, language_of(f, q), list, &n, err);
	if (rc == RC_OK && q->section.n > 0 && n > 0 &&
	    (list[0].named || list[0].score >= fits_from))
		rc = prefer_section(f, q->section, list, &n, err);
	return rc == RC_OK ? fill(f, list, n, q, ret, err) : rc;
}

enum rc
find(struct base *b, struct words *w, const struct docs_query *query,
    struct docs_found *ret, struct err *err)
{
	struct finding f = {.base = b, .words = w};
	enum rc rc = base_exec(b, "BEGIN", err);
	struct err ignored;

	if (rc != RC_OK)
		return rc;
	rc = find_in(&f, query, ret, err);
	/* It only read: what cannot be ended is ended with the connection. */
	if (base_exec(b, "COMMIT", &ignored) != RC_OK)
		base_close(b);
	terms_done(&f.terms);
	if (rc != RC_OK)
		docs_found_done(ret);
	return rc;
}
