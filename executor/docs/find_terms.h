/*
 * find_terms.h - a question as the words it is made of, and how much each of
 * them says.
 */
#ifndef EXECUTOR_DOCS_FIND_TERMS_H
#define EXECUTOR_DOCS_FIND_TERMS_H

#include "executor/docs/base.h"
#include "executor/docs/words.h"

#include <stdbool.h>

enum { TERMS_MAX = 96 };

struct term {
	char *word; /* owned */
	enum words_kind kind;
	int passages; /* that have it */
	double idf;   /* what it says: the fewer have it, the more */
};

struct terms {
	struct map at; /* their words */
	struct term list[TERMS_MAX];
	int n;
	bool chinese;      /* is the question */
	double all;        /* what a passage that says everything has, … */
	double all_abroad; /* … where that is of the other language */
};

/* The terms of a question, of a base of so many passages. ret is zeroed; free
 * it in any case. */
NODISCARD enum rc terms_read(struct terms *ret, struct base *b, struct words *w,
    struct span question, double passages, struct err *err);
void terms_done(struct terms *t);

static inline bool
term_is_wide(struct span word)
{
	return word.n > 0 && ((unsigned char)word.p[0] & 0x80) != 0;
}

#endif
