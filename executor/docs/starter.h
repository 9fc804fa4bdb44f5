/*
 * starter.h - what comes with the program: a vocabulary of operations, and
 * runbooks for the commonest alerts (vocabulary.txt and runbooks/, embedded
 * at build).
 */
#ifndef EXECUTOR_DOCS_STARTER_H
#define EXECUTOR_DOCS_STARTER_H

#include "common/base/span.h"

struct starter {
	const char *name;
	struct span text;
};

extern const struct starter starters[];
extern const size_t n_starters;
extern const struct span starter_vocabulary;

#endif
