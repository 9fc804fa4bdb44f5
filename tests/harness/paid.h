/*
 * paid.h - the store's account of a model against what its server did.
 */
#ifndef TESTS_HARNESS_PAID_H
#define TESTS_HARNESS_PAID_H

#include "common/base/buf.h"

/* What each answer of the server took, and how often it was asked. */
struct paid {
	int prompt, cached, answer;
	int asked;
};

/*
 * How many violations there are, with a line for each: a settled request has
 * what the server told, one that is not no less; the server was asked nothing
 * that was not reserved; no run has paid for its one answer twice.
 */
int paid_check(const char *data_dir, const struct paid *p, struct buf *ret);

#endif
