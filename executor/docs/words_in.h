/*
 * words_in.h - what the files of words.h share: the text at hand as units,
 * and the vocabulary over them.
 */
#ifndef EXECUTOR_DOCS_WORDS_IN_H
#define EXECUTOR_DOCS_WORDS_IN_H

#include "executor/docs/map.h"
#include "executor/docs/words.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	UNIT_BYTES_MAX = 64, /* of what is longer the start counts */
	SENSE_UNITS_MAX = 8,
	/* More than any text of which there are words, folded. */
	TEXT_MAX = 256 << 20,
	/* What the vocabulary's map holds besides numbers of senses. */
	IS_NOTHING = -3,
	IS_PREFIX = -2, /* only the start of something */
	IS_STOP = -1,
};

struct unit {
	uint32_t at; /* into texts */
	uint8_t n;
	bool single; /* a character of a script without spaces */
	bool joined; /* nothing stands between it and the unit before */
	bool first;  /* begins an identifier of several parts */
	bool stop;
	bool named; /* part of what the vocabulary knows */
};

struct words {
	struct sb_stemmer *stemmer;
	struct map senses; /* units, each behind a '\n', to what they mean */
	char **names;      /* of the senses; owned */
	int n_names;
	char version[SHA256_TEXT];
	/* Of the text at hand. */
	struct buf texts;
	struct unit *units;
	size_t n, cap;
};

static inline struct span
unit_text(const struct words *w, const struct unit *u)
{
	return span_make(w->texts.data + u->at, u->n);
}

/* Makes units of the text, normalised, in place of those that were there.
 * RC_INVALID: it is no UTF-8. */
NODISCARD enum rc words_units(
    struct words *w, struct span text, struct err *err);

/* Reads lines into the vocabulary. */
NODISCARD enum rc words_vocabulary(
    struct words *w, struct span text, struct err *err);

#endif
