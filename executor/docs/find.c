/*
 * find.c - the passages that answer a question.
 */
#include "executor/docs/find_in.h"

#include <ctype.h>
#include <stdlib.h>

enum {
	/* How many places of words the search may go through before rarer
	 * words alone decide who is looked at. */
	PLACES_MAX = 1500,
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

/* ---- of a statement ---- */

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

/* Gathers the candidates that st gives. */
static enum rc
gather(struct finding *f, sqlite3_stmt *st, bool named, struct candidate *list,
    size_t max, size_t *n, struct err *err)
{
	bool row = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && row && *n < max) {
		rc = base_step(f->base, st, &row, err);
		if (rc == RC_OK && row)
			list[(*n)++] = find_candidate(f, st, named);
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
	const char *language = find_language_of(f, q);
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
			rc = find_has_better(
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
			    .nearness = list[i].nearness,
			    .named = list[i].named};
			ret->n++;
			ret->fitting += list[i].fits;
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
find_in(struct finding *f, const struct docs_query *q,
    struct find_by *by, struct docs_found *ret, struct err *err)
{
	struct candidate list[CANDIDATES_MAX];
	size_t n = 0;
	enum rc rc = read_counts(f, ret, err);

	if (rc == RC_OK)
		rc = terms_read(
		    &f->terms, f->base, f->words, q->text, f->passages, err);
	if (rc != RC_OK)
		return rc;
	if (q->document.n > 0)
		rc = gather_named(
		    f, q->document, list, CANDIDATES_NAMED, &n, err);
	if (rc == RC_OK)
		rc = gather_by_text(f, list, n + CANDIDATES, &n, err);
	ret->threshold = find_fits_from;
	n = sort(list, n);
	if (rc == RC_OK && by->question != NULL)
		rc = find_fuse(f, by, list, &n, &ret->note, err);
	if (rc == RC_OK)
		rc = find_drop_foreign(f, find_language_of(f, q), list, &n, err);
	if (rc == RC_OK && q->section.n > 0 && n > 0 && list[0].fits)
		rc = find_prefer_section(f, q->section, list, &n, err);
	return rc == RC_OK ? fill(f, list, n, q, ret, err) : rc;
}

enum rc
find(struct base *b, struct words *w, const struct docs_query *query,
    struct find_by *by, struct docs_found *ret, struct err *err)
{
	struct finding f = {.base = b, .words = w};
	enum rc rc = base_exec(b, "BEGIN", err);
	struct err ignored;

	if (rc != RC_OK)
		return rc;
	rc = find_in(&f, query, by, ret, err);
	sqlite3_finalize(f.passage);
	/* It only read: what cannot be ended is ended with the connection. */
	if (base_exec(b, "COMMIT", &ignored) != RC_OK)
		base_close(b);
	terms_done(&f.terms);
	if (rc != RC_OK)
		docs_found_done(ret);
	return rc;
}
