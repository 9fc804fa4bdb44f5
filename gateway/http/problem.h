/*
 * problem.h - what went wrong, as application/problem+json (RFC 9457).
 *
 * The detail says what, where, and what to do.
 */
#ifndef GATEWAY_HTTP_PROBLEM_H
#define GATEWAY_HTTP_PROBLEM_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "gateway/http/cors.h"

struct problem {
	int status;
	char allow[64];    /* of a 405: the methods, or "" */
	int retry_after_s; /* 0: no such header */
	const char *origin; /* cors.h: it may read this; NULL: it may not */
	struct err err;    /* the detail */
};

/* Sets all of p but allow and origin; a 503 gets a Retry-After. Returns the status. */
int problem_set(struct problem *p, int status, const char *fmt, ...)
    PRINTF(3, 4);

/* "Not Found" for 404; never NULL. */
const char *problem_title(int status);

/* The status that a result of the supervisor has in HTTP. */
int problem_status_of(enum rc rc);

/* Appends the JSON object. */
void problem_json(struct buf *b, const struct problem *p);

/* Appends a whole HTTP/1.1 response that closes the connection. */
void problem_response(struct buf *b, const struct problem *p);

#endif
