/* cors.c - which other pages may call the API. */
#include "gateway/http/cors.h"

#include <stdlib.h>
#include <string.h>

struct cors {
	char *origins[CORS_ORIGINS_MAX];
	unsigned n;
};

const struct cors_field cors_answer[] = {
    {"Access-Control-Expose-Headers", "ETag, Location, Retry-After"},
    {NULL, NULL},
};

/* Whatever the path: what it does not take is said when it is asked. */
const struct cors_field cors_preflight[] = {
    {"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE"},
    {"Access-Control-Allow-Headers",
	"Accept, Accept-Language, Authorization, Content-Type, "
	"Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, "
	"MCP-Protocol-Version"},
    {"Access-Control-Max-Age", "600"},
    {NULL, NULL},
};

/* SCHEME://HOST[:PORT] as browsers send it: in small letters, without a path.
 * They leave out the port that is the scheme's own. */
static bool
is_origin(struct span s)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
	static const char *const usual[][2] = {
	    {"http://", ":80"}, {"https://", ":443"}};
	size_t i, k, n, tail;

	for (i = 0; i < ARRAY_LEN(usual); i++) {
		n = strlen(usual[i][0]);
		tail = strlen(usual[i][1]);
		if (s.n <= n || memcmp(s.p, usual[i][0], n) != 0)
			continue;
		for (k = n; k < s.n; k++)
			if (strchr(host, s.p[k]) == NULL)
				return false;
		return s.n < tail ||
		       memcmp(s.p + s.n - tail, usual[i][1], tail) != 0;
	}
	return false;
}

static enum rc
origin_add(struct cors *c, struct span origin, struct err *err)
{
	origin = span_trim(origin);
	if (origin.n == 0)
		return RC_OK;
	if (!is_origin(origin))
		return err_set(err, RC_INVALID,
		    "cors-origin: \"%.*s\" must be an origin as browsers send "
		    "it, like https://grafana.example or http://localhost:3000 "
		    "(small letters, no path, no *)",
		    (int)MIN(origin.n, 200), origin.p);
	if (c->n == CORS_ORIGINS_MAX)
		return err_set(err, RC_INVALID,
		    "cors-origin: more than %d origins", CORS_ORIGINS_MAX);
	c->origins[c->n++] = xstrndup(origin.p, origin.n);
	return RC_OK;
}

enum rc
cors_new(const char *list, struct cors **ret_cors, struct err *err)
{
	struct cors *c = xcalloc(1, sizeof(*c));
	enum rc rc = RC_OK;
	const char *comma;

	for (; list != NULL && rc == RC_OK; list = comma) {
		comma = strchrnul(list, ',');
		rc =
		    origin_add(c, span_make(list, (size_t)(comma - list)), err);
		comma = *comma == ',' ? comma + 1 : NULL;
	}
	if (rc == RC_OK)
		*ret_cors = c;
	else
		cors_free(c);
	return rc;
}

void
cors_free(struct cors *c)
{
	while (c != NULL && c->n > 0)
		free(c->origins[--c->n]);
	free(c);
}

const char *
cors_find(const struct cors *c, struct span origin)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (span_is(origin, c->origins[i]))
			return c->origins[i];
	return NULL;
}

bool
cors_is_on(const struct cors *c)
{
	return c->n > 0;
}
