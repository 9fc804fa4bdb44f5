/*
 * route.h - a route, and which one of a table a request is for.
 */
#ifndef GATEWAY_HTTP_ROUTE_H
#define GATEWAY_HTTP_ROUTE_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>

struct api;
struct web;

enum {
	ROUTE_PARAM_MAX = 128,
	ROUTE_NAME_MAX = 256,
	ROUTE_ALLOW_MAX = 64,
	ROUTE_ARGS_MAX = 8,
};

enum route_for {
	ROUTE_GUARDED, /* who has the token, if one is asked for */
	ROUTE_PUBLIC,  /* everybody: probes, the page */
	ROUTE_WEBHOOK, /* as guarded, and who asks too often is answered 503,
			* since its callers never come back after a 429 */
};

struct route {
	const char *method;
	/* Segments; {run} and {item} match one of letters, digits, "_-";
	 * {name}, at the end, whatever follows, percent-encoded or not. */
	const char *path;
	enum route_for whom;
	/* Bytes of its body, which is JSON, or that of a PUT what is put; 0: it
	 * takes none. */
	size_t body_max;
	/* Of the query behind the path: each at most once, and no other. */
	const char *args[ROUTE_ARGS_MAX];
	void (*handle)(struct api *api, struct web *h);
};

struct route_match {
	const struct route *route;
	char run[ROUTE_PARAM_MAX];
	char item[ROUTE_PARAM_MAX];
	char name[ROUTE_NAME_MAX]; /* decoded; UTF-8 */
};

/*
 * In a table that an entry without a method ends. 0: found, *ret is set. 404:
 * nothing has that path. 405: allow is set to the methods it takes. HEAD finds
 * what GET does.
 */
int route_find(const struct route *table, struct span method, struct span path,
    struct route_match *ret, char allow[ROUTE_ALLOW_MAX]);

/* RC_INVALID, naming it: an argument that r does not take, or takes once. As
 * few as that fit what the HTTP library keeps of a request. */
NODISCARD enum rc route_args_check(
    const struct route *r, struct span query, struct err *err);

#endif
