/*
 * tools.c - what an executor is asked at once, of no investigation.
 */
#include "common/wire/wire.h"
#include "gateway/api/api_in.h"

enum { ALERTS_WITHIN_MS = 15000 };

/* A tool's answer is its digest; what it could not do is told in its words,
 * which name Prometheus. */
static void
on_step(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct proto_feedback f;
	struct err err;
	auto_buf b = {.max = API_JSON_MAX};

	if (exchange_refused(x, r))
		return;
	if (proto_get_feedback(r->value, &f, &err) != RC_OK) {
		exchange_problem(x, 502, "%s", err.text);
	} else if (!span_is(f.status, "SUCCESS")) {
		exchange_problem(x, 502, "%.*s", SPAN_ARG(f.summary));
	} else {
		wire_to_json(&b, f.data);
		api_reply_json(x, 200, &b);
	}
}

static const struct link_ops step_ops = {
    .on_reply = on_step, .on_fail = exchange_fail};

void
api_alerts(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	static const char no_args[] = {(char)0x80};
	struct exchange *x = exchange_new(api, h);
	const struct proto_step step = {
	    .step = span_of("list the alerts"),
	    .tool = span_of("query_prometheus_alerts"),
	    .args = span_make(no_args, sizeof(no_args)),
	    .language = span_of(api->language),
	};

	if (api_choose(x, offers))
		x->call =
		    link_step(api->link, &step, ALERTS_WITHIN_MS, &step_ops, x);
}
