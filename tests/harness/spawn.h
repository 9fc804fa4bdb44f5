/*
 * spawn.h - real processes, scratch folders and free ports for tests.
 *
 * Whatever a test starts dies with it, also when the test crashes. Waiting
 * is always for something, and always bounded.
 */
#ifndef TESTS_HARNESS_SPAWN_H
#define TESTS_HARNESS_SPAWN_H

#include "common/base/attr.h"
#include "tests/harness/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A new private folder, short enough for a socket's path; the caller's. */
char *scratch_new(void);

/* Removes the folder with all that is in it, and frees path. */
void scratch_free(char *path);

/* A TCP port of 127.0.0.1 that nobody listens on now. */
int port_free(void);

/* So that the test itself can have some thousands of connections: as many
 * open files as it may. */
void files_raise(void);

/* The file's content, the caller's; "" when there is no such file. */
char *file_read(const char *path);

/* Writes text; the test fails when it cannot. */
void file_write(const char *path, const char *text);

/* The path of one of our programs ("culprit"), the caller's: from the
 * folder CULPRIT_BIN names. */
char *program(const char *name);

/* In this test, from now on, those without a sanitizer: as users have them. */
void programs_bare(void);

struct proc;

struct proc_spec {
	const char *const *argv; /* ends with NULL; argv[0] is a path */
	const char *const *env;  /* "K=V" besides ours; NULL: none */
	const char *dir;        /* where its output is kept: a scratch folder */
	const char *name;       /* of its output files: NAME.out, NAME.err */
	const char *stdin_path; /* NULL: empty */
};

/* Starts it; the test fails when that is impossible. */
struct proc *proc_start(const struct proc_spec *spec);

/* Kills it if it still runs, and frees it. */
void proc_free(struct proc *p);

pid_t proc_pid(const struct proc *p);
/* The most memory it ever took, once it was waited for. */
long proc_peak_kb(const struct proc *p);
void proc_signal(struct proc *p, int signal_no);
bool proc_is_alive(struct proc *p);

/* Its exit status, or 128 + the signal that ended it; -1: still runs. */
int proc_wait(struct proc *p, int deadline_ms);

/* What it has written so far, the caller's. */
char *proc_out(const struct proc *p);
char *proc_err(const struct proc *p);

/* Whether its output holds text, waiting for it. */
bool proc_await_out(struct proc *p, const char *text, int deadline_ms);
bool proc_await_err(struct proc *p, const char *text, int deadline_ms);

/* Starts, waits and frees it; its status, its output in *ret_out and
 * *ret_err (the caller's; either may be NULL). */
int proc_run(const struct proc_spec *spec, int deadline_ms, char **ret_out,
    char **ret_err);

#endif
