/* fetch.c - one request of the HTTP client, and what came of it. */
#include "tests/harness/fetch.h"

#include "tests/harness/loop.h"

#include <check.h>
#include <stdio.h>

static enum rc
on_head(void *arg, int status, const char *type, struct err *err)
{
	struct fetch *g = arg;

	(void)err;
	g->head_status = status;
	snprintf(g->type, sizeof(g->type), "%s", type);
	return RC_OK;
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct fetch *g = arg;

	buf_add_span(&g->body, bytes);
	if (g->cancel_in_data != NULL)
		http_cancel(g->cancel_in_data);
	g->cancel_in_data = NULL;
	return g->stop_on_data == RC_OK
		   ? RC_OK
		   : err_set(err, g->stop_on_data, "the reader had enough");
}

static void
on_done(void *arg, const struct http_result *result)
{
	struct fetch *g = arg;

	g->result = *result;
	g->done = true;
}

struct fetch
fetch_new(void)
{
	return (struct fetch){.body = {.max = 1 << 20}};
}

struct http_req
fetch_request(const char *url, struct fetch *g)
{
	return (struct http_req){.url = url,
	    .timeout_ms = NEVER_MS,
	    .max_bytes = 100000,
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = g};
}

/* Runs one request on a loop of its own to its end. */
void
fetch_perform(const struct http_req *r, struct fetch *g)
{
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct err err = {0};

	ck_assert_msg(http_start(h, r, NULL, &err) == RC_OK, "%s", err.text);
	ck_assert(!g->done);
	ck_assert(loop_until(loop, &g->done, AWAIT_MS));
	http_free(h);
	zloop_destroy(&loop);
}
