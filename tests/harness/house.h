/*
 * house.h - a running `culprit up` in a scratch folder, and its client.
 */
#ifndef TESTS_HARNESS_HOUSE_H
#define TESTS_HARNESS_HOUSE_H

#include "tests/harness/spawn.h"

#include <cjson/cJSON.h>

enum { HOUSE_MS = AWAIT_MS };

struct house;

struct house_spec {
	const char *prometheus_url; /* NULL: a port nobody listens on */
	const char *script;         /* JSON of plans; NULL: the rules planner */
	const char *const *more;    /* further options of `up`; NULL: none */
	const char *data;           /* data directory; NULL: of its own */
	const char *const *env;     /* "K=V" besides ours; NULL: none */
	const char *const *in;      /* what runs all of its programs, as
				       `nsenter …`; NULL: nothing */
	bool not_ready;             /* do not wait for the ready line */
};

/* Starts it and waits until it is ready; the test fails when it is not. */
struct house *house_start(const struct house_spec *spec);

/* Starts it again, on the same folder, after it has ended; not awaited. */
void house_again(struct house *h, const struct house_spec *spec);

/* Asks it to end, which must succeed, and removes its folder. */
void house_free(struct house *h);

/* The first half of that: it has ended, its folder is there. */
void house_stop(struct house *h);

/* The same without asking and without looking how it ends. */
void house_drop(struct house *h);

struct proc *house_up(const struct house *h);
const char *house_dir(const struct house *h);  /* scratch for outputs too */
const char *house_data(const struct house *h); /* the data directory */

/* The gateway's URL followed by path, the caller's. */
char *house_url(struct house *h, const char *path);

/* What is there, JSON answered with 200; the caller's. */
cJSON *house_json(struct house *h, const char *path);

/* Waits for the ready line. */
void house_await_ready(struct house *h);

/* Waits until /readyz says that all is there, maybe again. */
void house_await_well(struct house *h);

/* Waits until /readyz says that something is missing: what a worker said when
 * it left is heard some time after its process has ended. */
void house_await_not_ready(struct house *h);

/* The process id that `up` logged last for the child; 0: none. */
pid_t house_child(const struct house *h, const char *child);

/* Starts `culprit ARGS…` against it; name is of its output files. */
struct proc *house_client(
    struct house *h, const char *name, const char *const *args);

/* The same to its end: the exit status; outputs as with proc_run. */
int house_run(
    struct house *h, const char *const *args, char **ret_out, char **ret_err);

/* Starts a worker by hand, e.g. "executor", under a name; more: further
 * options, or NULL. */
struct proc *house_worker(struct house *h, const char *kind, const char *name,
    const char *const *more);

/* The same, not where the house is (its spec's `in`). */
struct proc *house_worker_here(struct house *h, const char *kind,
    const char *name, const char *const *more);

#endif
