/*
 * routes.h - what the gateway answers to: one table.
 */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "common/span.h"

#include <stdbool.h>

struct api;
struct web;

enum { ROUTE_BODY_MAX = 64 << 10, ROUTE_PARAM_MAX = 128, ROUTE_ALLOW_MAX = 64 };

/* How a request's body must be typed. */
enum route_body { ROUTE_NO_BODY, ROUTE_JSON };

struct route {
	const char *method;
	/* Segments; {run} and {item} match one of letters, digits, "_-". */
	const char *path;
	bool public; /* asks for no token: probes */
	enum route_body body;
	void (*handle)(struct api *api, struct web *h);
};

struct route_match {
	const struct route *route;
	char run[ROUTE_PARAM_MAX];
	char item[ROUTE_PARAM_MAX];
};

/* The table; an entry without a method ends it. */
extern const struct route routes[];

/*
 * 0: found, *ret is set. 404: nothing has that path. 405: allow is set to
 * the methods it takes. HEAD finds what GET does.
 */
int route_find(const struct route *table, struct span method, struct span path,
    struct route_match *ret, char allow[ROUTE_ALLOW_MAX]);

#endif
