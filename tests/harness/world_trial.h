/*
 * world_trial.h - a batch of made-up worlds, each investigated by real
 * processes and judged.
 */
#ifndef TESTS_HARNESS_WORLD_TRIAL_H
#define TESTS_HARNESS_WORLD_TRIAL_H

#include "tests/harness/world_oracle.h"

/* Somebody who takes part in the investigations of a lane. */
struct world_guest {
	void *(*open)(void);
	/* Of the lane's house, ended by NULL; the guest's. */
	const char *const *(*options)(void *guest);
	/* Before the world is shown, which it may change. */
	void (*enters)(void *guest, struct world *w);
	/* Adds a line for each thing that must not be. got: the outcome. */
	void (*judges)(void *guest, const struct world *w, const cJSON *got,
	    const cJSON *state, struct buf *broken);
	void (*close)(void *guest);
};

struct world_trial {
	const struct world_guest *guest; /* NULL: none */
	uint64_t seed; /* of the first; the others follow */
	int worlds;
	int tell_most;     /* violations that are shown whole */
	unsigned excluded; /* laws not held against it: 1u << law */
};

struct world_result {
	int worlds, completed, all_clears, likely, suspected, upset;
	int violations; /* worlds with one */
	int broken[WORLD_LAWS];
	int64_t ms;
	struct buf text; /* the caller's (buf_done) */
};

/* Adds to ret, which begins as zeros. */
void world_trial(const struct world_trial *t, struct world_result *ret);

/* A table of it on stdout. */
void world_result_print(const struct world_result *r);

#endif
