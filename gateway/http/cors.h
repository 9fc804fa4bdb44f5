/*
 * cors.h - which other pages may call the API, and what browsers are told of
 * it (the Fetch standard's CORS protocol).
 *
 * A list of exact origins; there is no wildcard. Credentials are never
 * allowed: a page of another origin sends a token, the gateway's own cookie
 * is of no use to it.
 */
#ifndef GATEWAY_HTTP_CORS_H
#define GATEWAY_HTTP_CORS_H

#include "common/base/rc.h"
#include "common/base/span.h"

enum { CORS_ORIGINS_MAX = 32 };

struct cors;

/* list: comma list of origins like https://grafana.example:3000; or NULL.
 * RC_INVALID: one is none. */
NODISCARD enum rc cors_new(
    const char *list, struct cors **ret_cors, struct err *err);
void cors_free(struct cors *c);

/* As it is listed, for as long as c lives; NULL: it is not. */
const char *cors_find(const struct cors *c, struct span origin);

/* Whether an answer depends on who asks. */
bool cors_is_on(const struct cors *c);

/* What is said to a listed origin, besides that it is; and to one that asks
 * before what it may do. Name and value, ended by NULL. */
struct cors_field {
	const char *name, *value;
};
extern const struct cors_field cors_answer[], cors_preflight[];

#endif
