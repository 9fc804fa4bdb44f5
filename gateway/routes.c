/*
 * routes.c - what the gateway answers to: one table.
 */
#include "gateway/routes.h"

#include <stdio.h>

#include "gateway/api.h"

const struct route routes[] = {
    {"POST", "/api/ai_ops", false, ROUTE_JSON, api_submit},
    {"GET", "/api/investigations", false, ROUTE_NO_BODY, api_list},
    {"GET", "/api/investigations/{run}", false, ROUTE_NO_BODY, api_show},
    {"GET", "/api/investigations/{run}/events", false, ROUTE_NO_BODY,
	api_events},
    {"GET", "/api/investigations/{run}/report", false, ROUTE_NO_BODY,
	api_report},
    {"GET", "/api/investigations/{run}/evidence/{item}", false, ROUTE_NO_BODY,
	api_evidence},
    {"POST", "/api/investigations/{run}/cancel", false, ROUTE_JSON, api_cancel},
    {"POST", "/api/investigations/{run}/steps/{item}", false, ROUTE_JSON,
	api_step},
    {"GET", "/api/investigations/{run}/checkpoints", false, ROUTE_NO_BODY,
	api_checkpoints},
    {"GET", "/api/investigations/{run}/checkpoints/{item}", false,
	ROUTE_NO_BODY, api_checkpoint},
    {"POST", "/api/investigations/{run}/fork", false, ROUTE_JSON, api_fork},
    {"GET", "/healthz", true, ROUTE_NO_BODY, api_healthz},
    {"GET", "/readyz", true, ROUTE_NO_BODY, api_readyz},
    {0},
};

static bool
is_param(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

/* Copies one segment from *at; false when it is empty, long or odd. */
static bool
param_take(const char **at, const char *end, char out[ROUTE_PARAM_MAX])
{
	size_t n = 0;

	while (*at + n < end && is_param((*at)[n]))
		n++;
	if (n == 0 || n >= ROUTE_PARAM_MAX)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n;
	return true;
}

static bool
path_matches(const char *pattern, struct span path, struct route_match *m)
{
	const char *at = path.p, *end = path.p + path.n;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			if (!param_take(
				&at, end, pattern[1] == 'r' ? m->run : m->item))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (at == end || *at++ != *pattern++) {
			return false;
		}
	}
	return at == end;
}

static bool
method_matches(const struct route *r, struct span method)
{
	return span_is(method, r->method) ||
	       (span_is(method, "HEAD") && strcmp(r->method, "GET") == 0);
}

static void
allow_add(char allow[ROUTE_ALLOW_MAX], const char *method)
{
	size_t n = strlen(allow);

	snprintf(allow + n, ROUTE_ALLOW_MAX - n, "%s%s%s", n > 0 ? ", " : "",
	    method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

int
route_find(const struct route *table, struct span method, struct span path,
    struct route_match *ret, char allow[ROUTE_ALLOW_MAX])
{
	const struct route *r;

	allow[0] = '\0';
	memset(ret, 0, sizeof(*ret));
	for (r = table; r->method != NULL; r++) {
		if (!path_matches(r->path, path, ret))
			continue;
		if (method_matches(r, method)) {
			ret->route = r;
			return 0;
		}
		allow_add(allow, r->method);
	}
	return allow[0] != '\0' ? 405 : 404;
}
