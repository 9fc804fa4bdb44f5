/*
 * exchange.c - one HTTP request and the supervisor's calls it waits for.
 */
#include "gateway/api/exchange.h"

#include <stdio.h>
#include <stdlib.h>

struct exchange *
exchange_new(struct api *api, struct web *h)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->api = api;
	x->h = h;
	web_set_user(h, x);
	return x;
}

void
exchange_call_end(struct exchange *x)
{
	link_call_free(x->call);
	x->call = NULL;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	exchange_call_end(x);
	if (x->more != NULL)
		x->more_free(x->more);
	free(x);
}

void
exchange_problem(struct exchange *x, int status, const char *fmt, ...)
{
	struct problem p = {0};
	char text[sizeof(p.err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problem_set(&p, status, "%s", text);
	exchange_call_end(x);
	web_problem(x->h, &p);
}

enum rc
exchange_rc_of(struct span name)
{
	enum rc rc;

	for (rc = RC_OK; rc <= RC_CANCELLED; rc++)
		if (span_is(name, rc_name(rc)))
			return rc;
	return RC_UPSTREAM;
}

bool
exchange_refused(struct exchange *x, const struct proto_reply *r)
{
	enum rc rc = exchange_rc_of(r->rc);

	if (rc == RC_OK)
		return false;
	if (r->text.n > 0)
		exchange_problem(
		    x, problem_status_of(rc), "%.*s", SPAN_ARG(r->text));
	else
		exchange_problem(x, problem_status_of(rc),
		    "the supervisor refused: %s", rc_name(rc));
	return true;
}

void
exchange_fail(void *ctx, const char *why)
{
	exchange_problem(ctx, 503,
	    "%s; try again, with the same "
	    "Idempotency-Key where there was one",
	    why);
}

char *
exchange_location(const char *run)
{
	return xasprintf("/api/investigations/%s", run);
}
