/*
 * route.c - which route a request is for, and whether its query fits it.
 */
#include "gateway/http/route.h"

#include "common/base/utf8.h"

#include <stdio.h>

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

static int
hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* All that is left, decoded; false: it is empty, long, or no text. */
static bool
name_take(const char **at, const char *end, char out[ROUTE_NAME_MAX])
{
	const char *p = *at;
	size_t n = 0;

	for (; p < end; n++) {
		if (n == ROUTE_NAME_MAX - 1)
			return false;
		if (*p != '%') {
			out[n] = *p++;
			continue;
		}
		if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0)
			return false;
		out[n] = (char)(hex(p[1]) << 4 | hex(p[2]));
		p += 3;
	}
	out[n] = '\0';
	*at = end;
	return n > 0 && strlen(out) == n && utf8_ok(span_make(out, n));
}

static bool
path_matches(const char *pattern, struct span path, struct route_match *m)
{
	const char *at = path.p, *end = path.p + path.n;

	while (*pattern != '\0') {
		if (pattern[0] == '{' && pattern[1] == 'n') {
			if (!name_take(&at, end, m->name))
				return false;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern == '{') {
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

/* ---- the query ---- */

static struct span
arg_take(struct span *rest)
{
	const char *end = memchr(rest->p, '&', rest->n);
	size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
	struct span arg = span_make(rest->p, n);

	*rest = span_make(rest->p + n, rest->n - n);
	if (end != NULL)
		*rest = span_make(end + 1, rest->n - 1);
	return arg;
}

static enum rc
arg_unknown(const struct route *r, struct span name, struct err *err)
{
	char list[128] = "";
	size_t i, n = 0;

	for (i = 0; i < ROUTE_ARGS_MAX && r->args[i] != NULL; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i > 0 ? ", " : "", r->args[i]);
	return err_set(err, RC_INVALID,
	    "the query argument \"%.*s\" is not known here%s%s",
	    (int)MIN(name.n, 60), name.p, n > 0 ? "; these are: " : "", list);
}

/* A name is compared as it stands: nobody has to percent-encode one. */
static enum rc
arg_check(
    const struct route *r, struct span name, unsigned *seen, struct err *err)
{
	unsigned i = 0;

	while (i < ROUTE_ARGS_MAX && r->args[i] != NULL &&
	       !span_is(name, r->args[i]))
		i++;
	if (i == ROUTE_ARGS_MAX || r->args[i] == NULL)
		return arg_unknown(r, name, err);
	if (*seen >> i & 1U)
		return err_set(err, RC_INVALID,
		    "the query argument %s is given twice", r->args[i]);
	*seen |= 1U << i;
	return RC_OK;
}

enum rc
route_args_check(const struct route *r, struct span query, struct err *err)
{
	unsigned seen = 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK && query.n > 0) {
		struct span arg = arg_take(&query);
		const char *end = memchr(arg.p, '=', arg.n);

		if (end != NULL)
			arg.n = (size_t)(end - arg.p);
		rc = arg_check(r, arg, &seen, err);
	}
	return rc;
}
