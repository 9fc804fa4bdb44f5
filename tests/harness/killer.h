/*
 * killer.h - the processes of a house, killed again and again: at named
 * moments and at any other.
 *
 * It is their parent, as `culprit up` would be, but starts them again at
 * once. Each life of a process is either armed with a failpoint (kill, at its
 * N-th time) or not, and ends after a random time in any case.
 */
#ifndef TESTS_HARNESS_KILLER_H
#define TESTS_HARNESS_KILLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct killer;
struct proc;

enum victim { V_SUPERVISOR, V_GATEWAY, V_PLANNER, V_EXECUTOR, V_EXECUTOR_2 };
enum { VICTIMS = V_EXECUTOR_2 + 1 };

struct killer_spec {
	const char *script;      /* JSON of plans */
	const char *model_url;   /* whom the planner asks in their place; or NULL */
	const char *const *more; /* further options of all; NULL: none */
	const char *failpoints;  /* a comma list to choose from, by turns;
				    NULL: every one of the list */
	const char *log_path;    /* CULPRIT_FAILPOINT_LOG; NULL: none */
	uint64_t seed;
	int lease_ms;
	int life_ms_min, life_ms_max; /* of a process */
	int armed_of_ten;             /* lives */
	int hit_max;                  /* of the N a failpoint fires at */
	bool asks; /* SIGTERM instead of kills: whoever is asked at a moment
		      must end well and in time */
	bool once; /* whoever has died at all of its failpoints lives on */
	bool single; /* there is no second executor */
	unsigned spared; /* victims that live on, a bit each */
	const char *const *env; /* of all, besides ours; NULL: none */
	/* Whether a death that nobody here caused is none to report; NULL: no
	 * such is. status as of proc_wait. */
	bool (*excuses)(void *ctx, struct proc *p, int status);
	void *ctx;
};

/* Makes a scratch folder and starts all of them, unarmed. */
struct killer *killer_new(const struct killer_spec *spec);

/* Kills what still runs; removes the folder. */
void killer_free(struct killer *k);

const char *killer_dir(const struct killer *k);
const char *killer_data(const struct killer *k);
const char *killer_url(const struct killer *k);

/* Whether /readyz answers 200 within ms. */
bool killer_await_ready(struct killer *k, int ms);

/* Kills whose time has come, starts the dead again. */
void killer_step(struct killer *k);

/* From now on lives are unarmed and without an end, but the dead are started
 * again; killer_resume takes that back. */
void killer_pause(struct killer *k);
void killer_resume(struct killer *k);

/* Kills one, or all at the same moment; they are started again by a step. */
void killer_kill(struct killer *k, enum victim v);
void killer_kill_all(struct killer *k);

/* Arms the next life of one with a list as CULPRIT_FAILPOINT has it. */
void killer_arm(struct killer *k, enum victim v, const char *list);

/* Asks one to end and starts it again when it has; false: not within ms. */
bool killer_ask(struct killer *k, enum victim v, int ms);

/* The killer's. */
struct proc *killer_proc(struct killer *k, enum victim v);
/* Another one of the same folder, the caller's. */
struct proc *killer_second(struct killer *k);
/* It is the supervisor from now on; the one before is the caller's. */
struct proc *killer_second(struct killer *k);
struct proc *killer_succeed(struct killer *k, struct proc *second);

pid_t killer_pid(const struct killer *k, enum victim v);
int killer_starts(const struct killer *k, enum victim v);

/* Ends them, workers and gateway first; false: not within ms each. */
bool killer_end(struct killer *k, int ms);

/* Whether a failpoint has done what it was told to. */
bool killer_has_fired(const struct killer *k, const char *name);
/* Those of the list that have not, and how many lives were armed with each,
 * the caller's; NULL: all have. */
char *killer_unfired(const struct killer *k);

/* Lines of deaths that nobody caused; "" when there was none. */
const char *killer_trouble(const struct killer *k);

struct killer_count {
	int64_t kills[VICTIMS];
	int64_t at_failpoints;
	int names; /* of failpoints that fired */
	int64_t asked;
	int64_t slowest_ms; /* from SIGTERM at a failpoint to the end */
};
struct killer_count killer_count(const struct killer *k);
const char *killer_name(enum victim v);

#endif
