/*
 * docs_eval.h - how well questions find their document: those of a file of
 * tests/eval/docs, over our runbooks in one language each and as many
 * documents about other things.
 */
#ifndef TESTS_HARNESS_DOCS_EVAL_H
#define TESTS_HARNESS_DOCS_EVAL_H

#include "executor/docs/docs.h"

/* Kinds of questions: of its document's language, of the other one, of no
 * document. */
enum { EVAL_SAME, EVAL_CROSS, EVAL_NONE, EVAL_KINDS };

/* Of the answerable: how many, found at 1, within 3; sum of 1/rank. Of the
 * others: how many, and for how many something was quoted. */
struct eval_tally {
	int asked, first, within, quoted;
	double reciprocal;
};

/* Of the questions to tune on [0], and those held back [1]. */
struct eval_half {
	struct eval_tally of[EVAL_KINDS];
};

/* Puts the documents into dir; how many. */
int eval_corpus(const char *dir);
/* Only those about other things. */
int eval_distractors(const char *dir);

/* Waits until every passage has its vector. */
void eval_await(struct docs *d);

/* Adds up what becomes of the file's questions. */
void eval_ask(struct docs *d, const char *name, struct eval_half halves[2]);

/* Of those that have an answer. */
struct eval_tally eval_sum(const struct eval_half *h);

void eval_print(const char *what, const struct eval_half halves[2]);

#endif
