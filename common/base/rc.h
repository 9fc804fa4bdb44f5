/*
 * rc.h - the closed list of results, and the text that explains a failure.
 *
 * A value is chosen by what the caller does about it; what happened, where
 * and what helps is in struct err. Output parameters (ret_*) are untouched
 * unless the result is RC_OK.
 */
#ifndef COMMON_BASE_RC_H
#define COMMON_BASE_RC_H

#include "common/base/attr.h"

#include <stdarg.h>
#include <stddef.h>

enum rc {
	RC_OK = 0,
	RC_INVALID,	/* the input is wrong: tell whoever sent it */
	RC_TOOBIG,	/* over a stated limit: ask for less */
	RC_NOTFOUND,	/* no such thing */
	RC_CONFLICT,	/* the state does not allow it (now) */
	RC_DENIED,	/* not permitted, whatever the state */
	RC_TIMEOUT,	/* did not answer in time */
	RC_CLOSED,	/* the other side is gone */
	RC_IO,		/* this machine failed: disk, socket, limit */
	RC_UPSTREAM,	/* another service answered with a failure */
	RC_BUSY,	/* full: try again later */
	RC_DAMAGED,	/* what is kept is not what was written: go on without */
	RC_CANCELLED,	/* somebody called it off */
};

/* Holds one sentence, in UTF-8 whatever it was made from; longer text is cut
 * at a character boundary. */
struct err {
	char text[512];
};

/* The name of rc in lower case, e.g. "toobig"; never NULL. */
const char *rc_name(enum rc rc);

/* Sets the text and returns rc, so that a failure is one statement. */
enum rc err_set(struct err *err, enum rc rc, const char *fmt, ...)
    PRINTF(3, 4);

/* Puts "context: " before the text that is there; returns rc. */
enum rc err_prefix(struct err *err, enum rc rc, const char *fmt, ...)
    PRINTF(3, 4);

/* Allocation that dies on exhaustion: an agent is disposable, its input was
 * bounded before. The results are the caller's, freed with free(). */
void *xcalloc(size_t n, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *xrealloc(void *p, size_t bytes) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) PRINTF(1, 2)
    __attribute__((malloc, returns_nonnull));

/* auto_str: a char * that frees itself. */
static inline void
auto_str_cleanup_(char **p)
{
	__builtin_free(*p);
}
#define auto_str CLEANUP(auto_str_cleanup_) char *

#endif
