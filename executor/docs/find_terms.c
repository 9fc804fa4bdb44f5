/*
 * find_terms.c - a question as the words it is made of.
 */
#include "executor/docs/find_terms.h"

#include "common/base/utf8.h"

#include <math.h>
#include <stdlib.h>

/* Chosen on one half of tests/eval/docs. */
static const double kind_weight[] = {
    [WORDS_PLAIN] = 1.0,
    [WORDS_SENSE_NAME] = 1.0,
    [WORDS_INSIDE] = 0.2,
    [WORDS_ACROSS] = 0.2,
    [WORDS_WHOLE] = 0.5,
};
/* A pair of characters is about half a word; and what the vocabulary does not
 * know is not to be expected in a passage of the other language. */
static const double pair_weight = 0.6;
static const double abroad_weight = 0.65;

static bool
is_chinese(struct span text)
{
	size_t i, n;

	for (i = 0; i < text.n; i += n) {
		uint32_t cp = utf8_next(span_from(text, i), &n);

		if (cp >= 0x3400 && cp <= 0x9FFF)
			return true;
	}
	return false;
}

static void
add_term(void *ctx, enum words_kind kind, struct span word)
{
	struct terms *f = ctx;
	int *at;

	if (f->n == TERMS_MAX || word.n == 0)
		return;
	at = map_at(&f->at, word, f->n);
	if (*at < f->n) {
		f->list[*at].kind = MIN(f->list[*at].kind, kind);
		return;
	}
	f->list[f->n++] =
	    (struct term){.word = xstrndup(word.p, word.n), .kind = kind};
}

static bool
is_main(const struct term *t)
{
	return t->kind == WORDS_PLAIN || t->kind == WORDS_SENSE_NAME;
}

/* Two characters that no passage has side by side are mostly the end of one
 * word and the start of the next. */
static bool
straddles(const struct terms *f, int i)
{
	const struct term *t = &f->list[i];

	return t->passages == 0 && t->kind == WORDS_PLAIN &&
	       term_is_wide(span_of(t->word)) &&
	       ((i > 0 && f->list[i - 1].passages > 0) ||
		   (i + 1 < f->n && f->list[i + 1].passages > 0));
}

static enum rc
count_terms(struct terms *f, struct base *b, struct err *err)
{
	enum rc rc = base_count_begin(b, err);
	int i;

	for (i = 0; i < f->n && rc == RC_OK; i++)
		rc = base_count(
		    b, span_of(f->list[i].word), &f->list[i].passages, err);
	return rc;
}

static void
weigh_terms(struct terms *f, double passages)
{
	int i;

	for (i = 0; i < f->n; i++) {
		struct term *t = &f->list[i];
		double has = (double)t->passages;

		t->idf = log(1 + (passages - has + 0.5) / (has + 0.5)) *
			 kind_weight[t->kind];
		if (t->kind != WORDS_SENSE_NAME &&
		    term_is_wide(span_of(t->word)))
			t->idf *= pair_weight;
		if (!is_main(t) || straddles(f, i))
			continue;
		f->all += t->idf;
		f->all_abroad +=
		    t->idf * (t->kind == WORDS_SENSE_NAME ? 1 : abroad_weight);
	}
}

enum rc
terms_read(struct terms *ret, struct base *b, struct words *w,
    struct span question, double passages, struct err *err)
{
	enum rc rc;

	ret->chinese = is_chinese(question);
	words_each(w, question, add_term, ret);
	rc = count_terms(ret, b, err);
	weigh_terms(ret, passages);
	return rc;
}

void
terms_done(struct terms *t)
{
	int i;

	for (i = 0; i < t->n; i++)
		free(t->list[i].word);
	map_done(&t->at);
}
