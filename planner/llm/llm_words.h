/*
 * llm_words.h - the words of the prompts: built in from prompts/, or those of
 * a folder that has the same files. {{name}} in them is put in.
 */
#ifndef PLANNER_LLM_LLM_WORDS_H
#define PLANNER_LLM_LLM_WORDS_H

#include "common/base/buf.h"
#include "common/base/rc.h"

enum llm_word {
	LLM_WORDS_SYSTEM, /* system.txt: the contract, and the tools */
	LLM_WORDS_TASK,   /* what is asked */
	LLM_WORDS_FOLLOWS, /* that it is about one that has ended */
	LLM_WORDS_RULES,  /* what the rules planner concludes */
	LLM_WORDS_REPAIR, /* an answer that cannot be used, and why */
	LLM_WORDS_ACT,    /* after PLAN, which does nothing */
	LLM_WORDS_LAST,   /* no further look */
};
enum { LLM_WORDS_COUNT = LLM_WORDS_LAST + 1, LLM_WORDS_MAX = 64 << 10 };

struct llm_words {
	char *at[LLM_WORDS_COUNT]; /* owned */
};

/* dir NULL: those built in. RC_IO, RC_INVALID: which file, and what is wrong
 * with it. */
NODISCARD enum rc llm_words_load(
    const char *dir, struct llm_words *ret, struct err *err);
void llm_words_done(struct llm_words *w);

/* A name and its text; a list that name NULL ends. */
struct llm_put {
	const char *name;
	const char *text;
};

/* Appends the words with what is put in; what is put in is not looked into. */
void llm_words_put(struct buf *b, const char *words, const struct llm_put *in);

#endif
