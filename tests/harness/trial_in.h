/*
 * trial_in.h - what the parts of a trial share.
 */
#ifndef TESTS_HARNESS_TRIAL_IN_H
#define TESTS_HARNESS_TRIAL_IN_H

#include "common/base/attr.h"
#include "tests/harness/invariant.h"
#include "tests/harness/model.h"
#include "tests/harness/trial.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	TRIAL_CLIENTS_MAX = 128,
	TRIAL_ID_MAX = 40,
	/* Nobody waits longer for the next event, or for an answer. */
	TRIAL_STUCK_MS = 90000,
};

struct trial {
	const struct trial_spec *spec;
	struct model model;
	char url[64];
	struct chaos *chaos;
	_Atomic bool ends;
	_Atomic int next, runs, cancelled, viewers, again;
	/* What the clients are at, for others to watch. */
	pthread_mutex_t lock;
	char at[TRIAL_CLIENTS_MAX][TRIAL_ID_MAX];
	struct invariant_run *accepted;
	size_t n_accepted;
	char wrong_run[TRIAL_ID_MAX];
	char *wrong;
};

/* Keeps the first, and ends the trial. run may be "". */
void trial_diverge(struct trial *t, const char *run, const char *fmt, ...)
    PRINTF(3, 4);

/* A run was begun under that key. */
void trial_accepted(struct trial *t, const char *run, const char *key);

/* One client's thread: run after run until the trial ends. */
struct client {
	struct trial *trial;
	int no;
	pthread_t thread;
};
void *client_main(void *client);

#endif
