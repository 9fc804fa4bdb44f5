/*
 * sibling.h - the programs in the folder of this one, and what they are
 * started with.
 */
#ifndef COMMON_AGENT_SIBLING_H
#define COMMON_AGENT_SIBLING_H

#include "common/agent/conf.h"
#include "common/base/rc.h"

enum { SIBLING_ARGV_MAX = 128 };

struct sibling {
	char *argv[SIBLING_ARGV_MAX]; /* owned, ends with NULL */
	int argc;
	char **env; /* owned, ends with NULL; its strings are our own's */
};

/* The path of culprit-KIND next to this program, the caller's. */
char *sibling_path(const char *kind);

/* The program culprit-KIND with the options of conf that concern who, but
 * for the name: each process has its own; and with our environment, but for
 * the secrets of others. */
void sibling_init(
    struct sibling *s, const char *kind, unsigned who, const struct conf *conf);

/* Adds an argument, which is s's from then on. */
void sibling_add(struct sibling *s, char *arg);

void sibling_done(struct sibling *s);

/* RC_IO: there is no such program, or it may not be run. */
NODISCARD enum rc sibling_check(const struct sibling *s, struct err *err);

#endif
