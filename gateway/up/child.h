/*
 * child.h - the processes of `culprit up`: started, watched, started again.
 *
 * A child dies with its parent: the kernel kills it (PR_SET_PDEATHSIG) even
 * when the parent had no chance to.
 */
#ifndef GATEWAY_UP_CHILD_H
#define GATEWAY_UP_CHILD_H

#include "common/agent/conf.h"
#include "common/base/rc.h"
#include "common/agent/sibling.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CHILD_BACKOFF_FIRST_MS = 100,
	CHILD_BACKOFF_MOST_MS = 5000,
	CHILD_WELL_MS = 10000, /* alive so long, it is forgiven */
};

struct child {
	char *name; /* "executor-1" */
	struct sibling program;
	pid_t pid; /* 0: does not run */
	int64_t started_ms;
	int64_t start_at_ms; /* when to start it (again) */
	int64_t backoff_ms;  /* what the next wait will be */
	int deaths;
	bool last; /* ended after the others, which need it to end well */
};

/* The program culprit-KIND, with the options that concern who; number 0:
 * there is only one of it. */
struct child *child_new(
    const char *kind, unsigned who, int number, const struct conf *conf);
/* From its next start on it listens there. */
void child_listen_at(struct child *c, const char *host_port);
void child_free(struct child *c);

/* RC_IO: cannot fork, or there is no such program. */
NODISCARD enum rc child_start(struct child *c, int64_t now_ms, struct err *err);

/* Runs the program with --check to its end; whether it was content. */
bool child_check(struct child *c);

/* It has died: sets when it is to be started again. */
void child_died(struct child *c, int64_t now_ms);

/* "exited with status 1", "killed by signal 9 (Killed)"; the caller's. */
char *child_how(int wait_status);

#endif
