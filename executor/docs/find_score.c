/*
 * find_score.c - how much of what a question says a passage says.
 */
#include "executor/docs/find_in.h"

enum { FIELDS = 3 }; /* title, path, body */

/* Chosen on one half of tests/eval/docs, and looked at on the other. */
const double find_fits_from = 0.34;
static const double field_weight[FIELDS] = {2.0, 1.5, 1.0};
static const double saturation = 1.2;

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

struct candidate
find_candidate(const struct finding *f, sqlite3_stmt *st, bool named)
{
	double score = score_of(f, st, 1);

	return (struct candidate){.id = sqlite3_column_int64(st, 0),
	    .score = score,
	    .named = named,
	    .fits = named || score >= find_fits_from};
}

enum rc
find_passage(
    struct finding *f, int64_t id, struct candidate *ret, struct err *err)
{
	bool row = false;
	enum rc rc = RC_OK;

	if (f->passage == NULL)
		rc = base_prepare(f->base,
		    "SELECT rowid, title, path, body FROM found "
		    "WHERE rowid = ?1",
		    &f->passage, err);
	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(f->passage, 1, id);
	rc = base_step(f->base, f->passage, &row, err);
	if (rc == RC_OK && !row)
		rc = err_set(err, RC_DAMAGED, "passage %lld has no words",
		    (long long)id);
	if (rc == RC_OK)
		*ret = find_candidate(f, f->passage, false);
	sqlite3_reset(f->passage);
	return rc;
}
