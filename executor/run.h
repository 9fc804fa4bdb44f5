/*
 * run.h - one plan step, from what was planned to its feedback.
 *
 * Used alike for tasks of the supervisor and for --once. What cannot be run
 * (an unknown tool, wrong arguments) is answered as FAILED with what would
 * be right, as everything else that fails.
 */
#ifndef EXECUTOR_RUN_H
#define EXECUTOR_RUN_H

#include <sys/queue.h>

#include "executor/tools/toolset.h"

enum {
	RUN_FEEDBACK_MAX = 6 << 20, /* bytes of a feedback */
	RUN_WINDOW_MS = 3600000,    /* where a step names none */
};

/* How far it is, for people; while it runs. */
typedef void run_progress_fn(void *arg, const char *text);

LIST_HEAD(run_list, run);

struct run_env {
	const struct toolset *tools;
	const struct tool_env *tool_env;
	run_progress_fn *progress; /* NULL: not wanted */
	struct run_list runs;      /* under way; run.c's */
};

/* For the call of done only. */
struct run_outcome {
	bool success;
	const char *tool; /* its name, or "" */
	int64_t ms;
	struct span feedback; /* a msgpack map, PROTOCOL.md */
	struct span evidence;
	const char *media;
};

typedef void run_done_fn(void *arg, const struct run_outcome *outcome);

struct run;

/*
 * Starts the step in input (a msgpack map that has passed wire_check, which
 * is copied). done is called once: before this returns, and then the result
 * is NULL, or later. A step that takes longer than its tool allows, or until
 * deadline_ms on the monotonic clock (0: none), ends as FAILED,
 * and as one of which it is not known what came of it.
 */
struct run *run_start(struct run_env *env, struct span input,
    int64_t deadline_ms, run_done_fn *done, void *arg);

/* Calls it off; done is not called. */
void run_cancel(struct run *run);

#endif
