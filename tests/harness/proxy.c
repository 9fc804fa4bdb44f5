/* proxy.c - an HTTP proxy for tests, on a stub_http. */
#include "tests/harness/proxy.h"

#include "common/base/buf.h"
#include "common/net/http.h"

#include <stdio.h>
#include <string.h>

struct answer_seen {
	int status;
	char type[128];
	struct buf body;
};

static enum rc
on_head(void *arg, int status, const char *type, struct err *err UNUSED)
{
	struct answer_seen *a = arg;

	a->status = status;
	snprintf(a->type, sizeof(a->type), "%s", type);
	return RC_OK;
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err UNUSED)
{
	struct answer_seen *a = arg;

	buf_add_span(&a->body, bytes);
	return RC_OK;
}

void
proxy_forward(
    struct stub_conn *c, const struct stub_request *rq, void *arg UNUSED)
{
	static const char *const form[] = {
	    "Content-Type: application/x-www-form-urlencoded", NULL};
	struct answer_seen a = {.body = {.max = 16 << 20}};
	struct http_req r = {.method = rq->method,
	    .url = rq->target,
	    .headers = form,
	    .body = span_of(rq->body),
	    .on_head = on_head,
	    .on_data = on_data,
	    .arg = &a};

	if (strcmp(rq->method, "CONNECT") == 0)
		stub_answer(c, 403, "text/plain", "no tunnels here\n");
	else if (strncmp(rq->target, "http://", 7) != 0)
		stub_answer(c, 400, "text/plain", "this is a proxy\n");
	else if (http_run(&r, 1, 1, NULL) != RC_OK || a.status == 0)
		stub_answer(c, 502, "text/plain", "nobody answers\n");
	else
		stub_answer(c, a.status, a.type, buf_str(&a.body));
	buf_done(&a.body);
}
