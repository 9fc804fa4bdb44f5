/*
 * hook_post.c - POST /api/alerts: a webhook's, answered once what became of them
 * is committed.
 */
#include "common/json/json.h"
#include "gateway/api/api_in.h"
#include "gateway/api/hook.h"

static void
answer(struct exchange *x, struct span run, const struct proto_taken *t,
    unsigned heartbeats)
{
	auto_str id = xstrndup(run.n > 0 ? run.p : "", run.n);
	auto_str location = run.n > 0 ? exchange_location(id) : NULL;
	bool began = span_is(t->outcome, "started");
	struct web_reply reply = {.status = began ? 202 : 200,
	    .media = api_json,
	    .location = location};
	auto_buf b = {.max = 4096};

	buf_addf(&b, "{\"outcome\":\"%.*s\"", SPAN_ARG(t->outcome));
	if (location != NULL)
		buf_addf(&b,
		    ",\"id\":\"%s\",\"url\":\"%s\",\"firing\":%llu,"
		    "\"resolved\":%llu",
		    id, location, (unsigned long long)t->firing,
		    (unsigned long long)t->resolved);
	if (heartbeats > 0)
		buf_addf(&b, ",\"heartbeats\":%u", heartbeats);
	buf_adds(&b, "}\n");
	exchange_call_end(x);
	web_reply(x->h, &reply, &b);
}

static void
on_taken(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct proto_taken taken;
	struct err err;

	if (exchange_refused(x, r))
		return;
	if (proto_get_taken(r->value, &taken, &err) != RC_OK)
		exchange_problem(x, 502,
		    "the supervisor's answer is none: %s", err.text);
	else
		answer(x, r->run, &taken, x->heartbeats);
}

static const struct link_ops taken_ops = {
    .on_reply = on_taken, .on_fail = exchange_fail};

void
api_hook(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	struct link_submit s = {.key = "", .digest = ""};
	auto_buf input = {.max = PROTO_BYTES_MAX};
	struct hook hook = {0, 0};
	struct err err;
	enum rc rc;

	if (!api_choose(x, offers))
		return;
	rc = hook_parse(web_body(h), api->heartbeats, &hook, &input, &err);
	x->heartbeats = hook.heartbeats;
	s.input = buf_span(&input);
	if (rc != RC_OK)
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
	else if (hook.alerts == 0)
		answer(x, (struct span){NULL, 0},
		    &(struct proto_taken){.outcome = span_of("ignored")},
		    hook.heartbeats);
	else
		x->call = link_submit(api->link, &s, &taken_ops, x);
}
