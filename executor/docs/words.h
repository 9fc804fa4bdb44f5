/*
 * words.h - text into the words it is found by.
 *
 * Normalised and case-folded (utf8proc, NFKC); what is written with spaces is
 * split at them, at CamelCase and at underscores, and stemmed as English;
 * Chinese and other scripts without spaces become overlapping pairs of
 * characters. Where a vocabulary says that several words mean the same
 * (memory, OOM, 内存), their common name stands beside them: it begins with
 * WORDS_SENSE and is what finds a text across languages.
 *
 * One thread at a time uses a struct words.
 */
#ifndef EXECUTOR_DOCS_WORDS_H
#define EXECUTOR_DOCS_WORDS_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/sha256.h"
#include "common/base/span.h"

/* U+E000, of nobody's script. */
#define WORDS_SENSE "\xEE\x80\x80"

enum { WORDS_VOCABULARY_MAX = 1 << 20 };

enum words_kind {
	WORDS_PLAIN,
	WORDS_SENSE_NAME, /* what the vocabulary calls it */
	WORDS_INSIDE,     /* a part of what has such a name */
	WORDS_ACROSS,     /* two characters of which one is of such a part */
	WORDS_WHOLE,      /* an identifier, of whose parts each is a word too */
};

struct words;

/*
 * vocabulary: lines, each "word, word, several words, 词" of one meaning;
 * "stop: word, word" of none; "#" begins a comment. A line that shares a word
 * with an earlier one adds to it. more, which may be empty, is read behind it.
 * RC_INVALID names the line.
 */
NODISCARD enum rc words_new(struct span vocabulary, struct span more,
    struct words **ret, struct err *err);
void words_free(struct words *w);
DEFINE_AUTO(words, struct words, words_free);

/* Changes whenever the same text may give other words. */
const char *words_version(const struct words *w);

/* Calls each for every word of text, in its order. text is UTF-8. */
typedef void words_each_fn(void *ctx, enum words_kind kind, struct span word);
void words_each(
    struct words *w, struct span text, words_each_fn *each, void *ctx);

/* Appends them, a blank behind each. */
void words_put(struct words *w, struct span text, struct buf *b);

#endif
