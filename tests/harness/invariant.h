/*
 * invariant.h - what must hold after any fault: asked of the store, of what
 * clients saw, and of the processes that survived.
 *
 * The one checker of every fault test. It reads beside a supervisor that
 * runs, or after it has ended; it changes nothing. What each check asks is
 * in the tables of invariant.c and invariant_run.c, by name.
 */
#ifndef TESTS_HARNESS_INVARIANT_H
#define TESTS_HARNESS_INVARIANT_H

#include "common/base/buf.h"
#include "tests/harness/seen.h"

#include <stdint.h>
#include <sys/types.h>

/* A run a client was told of: by a 202, or by a first event. */
struct invariant_run {
	const char *id;
	const char *key; /* the Idempotency-Key it was sent under, or NULL */
};

struct invariant_size {
	int64_t descriptors;
	int64_t resident_kib;
};

/* A process that lived through the fault. */
struct invariant_process {
	const char *name;
	struct invariant_size before, after;
	struct invariant_size more; /* what it may have grown by */
};

struct invariant {
	const char *data_dir;
	const struct invariant_run *accepted;
	size_t n_accepted;
	const struct seen *const *seen;
	size_t n_seen;
	const char *const *unsafe; /* tools of class UNSAFE, ends with NULL;
				      NULL: none */
	const struct invariant_process *processes;
	size_t n_processes;
	bool settled; /* the end of every run was waited for */
};

/* What a process holds now; false: it is not there. */
bool invariant_measure(pid_t pid, struct invariant_size *ret);

/* How many violations there are; appends a line for each to ret. */
int invariant_check(const struct invariant *in, struct buf *ret);

/* Fails the test, showing all of them, if there is one. */
void invariant_assert(const struct invariant *in);

#endif
