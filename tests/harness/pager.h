/*
 * pager.h - an Alertmanager that repeats itself: groups of alerts posted to a
 * whole Culprit, again and again, while its processes are killed.
 *
 * A message that was not answered is sent again until it is. Then what was
 * acknowledged is held against what is there: of each group there is one
 * investigation, all its messages were told that one, each of its alerts is on
 * it, and each that was resolved is noted so; and there is no other.
 */
#ifndef TESTS_HARNESS_PAGER_H
#define TESTS_HARNESS_PAGER_H

#include "common/base/buf.h"

#include <stdint.h>

struct pager_spec {
	uint64_t seed;
	int posts;  /* that are to be acknowledged */
	int groups; /* incidents */
	int kills;  /* of supervisor and gateway, by turns */
};

struct pager_result {
	int acked, again; /* again: of messages that were acknowledged before */
	int unanswered, refused;
	int kills;
	int64_t ms;
	int violations;
	struct buf text; /* a line for each; the caller's (buf_done) */
};

void pager_batch(const struct pager_spec *spec, struct pager_result *ret);

#endif
