/*
 * dependencies.h - who calls whom, as the operator's configuration says it,
 * for find_causes where no metric tells.
 */
#ifndef EXECUTOR_CAUSES_DEPENDENCIES_H
#define EXECUTOR_CAUSES_DEPENDENCIES_H

#include "common/base/rc.h"
#include "executor/causes/causes_fetch.h"

#include <stddef.h>

enum { DEPENDENCIES_MAX = 256 };

struct dependencies {
	char *text;	/* owned; the names point into it */
	struct causes_name_pair pairs[DEPENDENCIES_MAX];
	size_t n;
};

/* Reads "caller>callee, caller>callee"; NULL and empty text are none. On
 * RC_OK *ret is the caller's, ended by dependencies_done. RC_INVALID names
 * the part that is no pair. */
NODISCARD enum rc dependencies_read(
    const char *text, struct dependencies *ret, struct err *err);
void dependencies_done(struct dependencies *d);

#endif
