/*
 * question.h - which alerts a question names: by the alert's name, by what
 * it is about, by where it is.
 */
#ifndef PLANNER_RULES_QUESTION_H
#define PLANNER_RULES_QUESTION_H

#include "common/base/span.h"
#include "planner/rules/identity.h"

struct question;

struct question *question_new(const char *text);
void question_free(struct question *q);

/* Whether text, a name, is one of its words; and the i-th of its words, in
 * alphabetical order and lower case, NULL behind the last. */
bool question_has(const struct question *q, struct span text);
const struct span *question_word(const struct question *q, size_t i);

/* How far it names the alert: 0 not at all; its name counts more than its
 * workload or node, and that more than its namespace. */
int question_names(const struct question *q, const char *alert,
    const struct identity *identity);

#endif
