/*
 * find_in.h - what the files of find.h share: a question being answered, and
 * the passages that may be its answer.
 */
#ifndef EXECUTOR_DOCS_FIND_IN_H
#define EXECUTOR_DOCS_FIND_IN_H

#include "executor/docs/find.h"
#include "executor/docs/find_terms.h"

enum {
	CANDIDATES = 64, /* by the words, and as many by the vectors */
	CANDIDATES_NAMED = 3 * CANDIDATES,
	CANDIDATES_MAX = CANDIDATES_NAMED + 2 * CANDIDATES + 1,
};

struct finding {
	struct base *base;
	struct words *words;
	struct terms terms;
	double passages, average; /* how many; words of one */
	sqlite3_stmt *passage;    /* of find_passage; or NULL */
};

struct candidate {
	int64_t id;
	double score; /* how much of the question's words it has */
	bool named;
	bool fits;
	double nearness; /* how far its vector stands out; 0: not at all */
};

/* find_fuse.c: what the vectors find joins the candidates that the words
 * found, which are in their order; *n may grow by CANDIDATES. *ret_note: why
 * not all of them could be searched. */
NODISCARD enum rc find_fuse(struct finding *f, struct find_by *by,
    struct candidate *list, size_t *n, char **ret_note, struct err *err);

/* ---- find_score.c ---- */

extern const double find_fits_from;

/* Of a row of its id, and title, path and body in words. */
struct candidate find_candidate(
    const struct finding *f, sqlite3_stmt *st, bool named);

/* The candidate of that passage. */
NODISCARD enum rc find_passage(
    struct finding *f, int64_t id, struct candidate *ret, struct err *err);

/* ---- find_choice.c ---- */

/* zh or en. */
const char *find_language_of(
    const struct finding *f, const struct docs_query *q);

/* Is the document "NAME.zh.md" there as "NAME.en.md" as well, which is the
 * language that is wanted? */
NODISCARD enum rc find_has_better(struct finding *f, struct span name,
    const char *language, bool *ret, struct err *err);

/* Takes away the first ones that are there in the other language as well. */
NODISCARD enum rc find_drop_foreign(struct finding *f, const char *language,
    struct candidate *list, size_t *n, struct err *err);

/* Puts before the others, which it may be one of, the section of the first
 * one's document that is wanted. */
NODISCARD enum rc find_prefer_section(struct finding *f, struct span section,
    struct candidate *list, size_t *n, struct err *err);

#endif
