/*
 * agent.h - what every process has in common: configuration, signals, one
 * event loop, and an orderly end.
 *
 * A process is a table: main fills a spec and calls agent_main. SIGTERM and
 * SIGINT ask it to drain; a second one, or AGENT_DRAIN_MS, ends the wait.
 */
#ifndef COMMON_AGENT_AGENT_H
#define COMMON_AGENT_AGENT_H

#include "common/agent/conf.h"
#include "common/base/rc.h"

#include <czmq.h>

enum { AGENT_DRAIN_MS = 8000 };

/* The exit status where it is configured wrongly: starting it again as it is
 * would not help. */
enum { AGENT_EXIT_REFUSED = 78 };

struct agent;

struct agent_spec {
	const char *name;	/* "executor" */
	const char *what;	/* one sentence for --help */
	unsigned who;		/* CONF_EXECUTOR: which options it takes */

	/* Makes the process's state, registers with the loop. Must not block
	 * longer than opening files takes. */
	enum rc (*start)(struct agent *a, void **ret_state, struct err *err);

	/* Asked to end: take nothing new; call agent_stop when done. NULL:
	 * there is nothing to wait for. */
	void (*drain)(void *state);

	/* SIGHUP: the configuration as it is read now, for the call. NULL:
	 * the signal ends the process, as it ever does. */
	void (*reload)(void *state, const struct conf *conf);

	/* Whether it does what it is there for, so far as it can tell: for the
	 * sign of life (--alive-file). NULL: it does while its loop turns. */
	bool (*is_well)(const void *state);

	/* Frees the state; the loop no longer runs. */
	void (*stop)(void *state);

	/* --check: what the configuration cannot tell by itself, e.g. whether
	 * a back end answers. May block for seconds. NULL: nothing. */
	enum rc (*check)(const struct conf *conf, struct err *err);

	/* --once: one job from in, its outcome to out; the exit status. NULL:
	 * the process has no such mode. May block. */
	int (*once)(const struct conf *conf, FILE *in, FILE *out);

	/* Other arguments it takes, e.g. "--graph"; true when handled, with
	 * the exit status. NULL: positional arguments are refused. */
	bool (*extra)(const struct conf *conf, int *ret_status);
};

/* Runs a process to its end; the exit status: 0 ended when asked to, 1
 * failed, 2 wrong usage, 4 out of memory (memory.h), 78 refused. */
int agent_main(int argc, char **argv, const struct agent_spec *spec);

zloop_t *agent_loop(struct agent *a);
const struct conf *agent_conf(const struct agent *a);

/* The process's name in events: --name, or kind and process id. */
const char *agent_name(const struct agent *a);

/* Ends the loop once the current handler returns. */
void agent_stop(struct agent *a);

/* The same, and the process's exit status says that it failed. */
void agent_fail(struct agent *a);

#endif
