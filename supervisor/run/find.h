/*
 * find.h - what investigations are found by in their list: the alerts that
 * one is about, and words of its question and its answer.
 *
 * Kept beside a run when it ends (store_slip); of one under way it is made of
 * its state, and of one that ended under a version that kept none of it there
 * is the beginning of its question.
 */
#ifndef SUPERVISOR_RUN_FIND_H
#define SUPERVISOR_RUN_FIND_H

#include "common/wire/proto.h"
#include "supervisor/run/supervisor.h"

enum {
	FIND_ALERTS_MAX = 200,    /* names, of one run */
	FIND_TEXT_MAX = 32 << 10, /* bytes of its words */
};

/* Its state is the last: written with the turn. */
void find_keep(struct supervisor *s, const struct run *r);

/* What is looked for: zeroes and empty texts are everything. */
struct find {
	int64_t since_ms,
	    until_ms;      /* when it was started; until is not in it */
	struct span alert; /* the name of one, as it is */
	struct span text;  /* words, each of which is somewhere; the case of
			    * ASCII letters is ignored */
};

bool find_is_all(const struct find *f);

/* Whether a run is one of those; of what is damaged nothing is known that it
 * could be found by. RC_IO: the store failed. */
NODISCARD enum rc find_fits(struct supervisor *s, const struct store_run *run,
    const struct find *f, bool *ret, struct err *err);

#endif
