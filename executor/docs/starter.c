/*
 * starter.c - what comes with the program.
 */
#include "executor/docs/starter.h"

#include "common/base/attr.h"
#include "executor/docs/docs_starter.h"

#define TEXT(literal)                                                          \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

const struct span starter_vocabulary = TEXT(DOCS_VOCABULARY);

const struct starter starters[] = {
#define STARTER(name, text) {name, TEXT(text)},
    DOCS_STARTERS
#undef STARTER
};

const size_t n_starters = ARRAY_LEN(starters);
