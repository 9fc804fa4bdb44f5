/*
 * api.c - what each route does.
 */
#include "gateway/api/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/report/evidence_id.h"
#include "common/base/failpoint.h"
#include "common/base/num.h"
#include "common/wire/wire.h"
#include "gateway/api/api_in.h"
#include "gateway/http/prefer.h"
#include "gateway/http/sse.h"
#include "gateway/api/viewer.h"

const char api_sse[] = "text/event-stream";
const char api_json[] = "application/json";
static const char msgpack[] = "application/msgpack";

struct api *
api_new(struct link *link, const char *language, const struct gate *gate,
    const char *prometheus, const char *heartbeats)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->link = link;
	api->gate = gate;
	api->prometheus = prometheus;
	api->heartbeats = heartbeats;
	api->language = prefer_language_of(span_of(language));
	if (api->language == NULL)
		api->language = "zh";
	return api;
}

void
api_free(struct api *api)
{
	free(api);
}

void
api_on_gone(void *api UNUSED, struct web *h)
{
	FAILPOINT(viewer_gone);
	exchange_free(web_user(h));
	web_set_user(h, NULL);
}

void
api_on_drained(void *api UNUSED, struct web *h)
{
	struct exchange *x = web_user(h);

	if (x != NULL)
		viewer_drained(x);
}

bool
api_choose(struct exchange *x, const char *const *offers)
{
	auto_buf list = {0};
	const char *const *o;

	x->media = prefer_media(web_header(x->h, "Accept"), offers);
	if (x->media != NULL)
		return true;
	buf_init(&list, 256);
	for (o = offers; *o != NULL; o++)
		buf_addf(&list, "%s%s", o == offers ? "" : ", ", *o);
	exchange_problem(x, 406,
	    "nothing of what the header field Accept "
	    "asks for is made here; this is: %s",
	    buf_str(&list));
	return false;
}

void
api_reply_json(struct exchange *x, int status, struct buf *body)
{
	const struct web_reply r = {.status = status, .media = api_json};

	exchange_call_end(x);
	buf_addc(body, '\n');
	web_reply(x->h, &r, body);
}

void
api_reply_value(struct exchange *x, struct span value)
{
	auto_buf b = {0};

	buf_init(&b, API_JSON_MAX);
	if (value.n > 0)
		wire_to_json(&b, value);
	else
		buf_adds(&b, "{}");
	buf_addc(&b, '\n');
	exchange_call_end(x);
	web_reply_named(x->h,
	    &(struct web_reply){.status = 200, .media = api_json}, &b);
}

static void
on_value(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;

	if (!exchange_refused(x, r))
		api_reply_value(x, r->value);
}

static const struct link_ops value_ops = {
    .on_reply = on_value, .on_fail = exchange_fail};

/* ---- GET /api/investigations/{run} ---- */

void
api_show(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (api_choose(x, offers))
		x->call = link_query(api->link, PROTO_ASK_SHOW,
		    web_match(h)->run, NULL, &value_ops, x);
}

/* ---- GET /api/investigations/{run}/checkpoints ---- */

void
api_checkpoints(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (api_choose(x, offers))
		x->call = link_query(api->link, PROTO_ASK_CHECKPOINTS,
		    web_match(h)->run, NULL, &value_ops, x);
}

/* A program that gives the state to a planner wants it as it was. */
static void
on_checkpoint(void *ctx, const struct proto_reply *r)
{
	const struct web_reply reply = {.status = 200, .media = msgpack};
	struct exchange *x = ctx;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	if (x->media == api_json) {
		api_reply_value(x, r->value);
		return;
	}
	buf_init(&b, PROTO_BYTES_MAX);
	buf_add_span(&b, r->value);
	exchange_call_end(x);
	web_reply_named(x->h, &reply, &b);
}

static const struct link_ops checkpoint_ops = {
    .on_reply = on_checkpoint, .on_fail = exchange_fail};

void
api_checkpoint(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, msgpack, NULL};
	struct exchange *x = exchange_new(api, h);
	const char *item = web_match(h)->item;
	union proto_args args = {0};

	if (!api_choose(x, offers))
		return;
	if (num_parse_whole(
		span_of(item), PROTO_MOST(checkpoint, n), &args.checkpoint.n))
		x->call = link_query(api->link, PROTO_ASK_CHECKPOINT,
		    web_match(h)->run, &args, &checkpoint_ops, x);
	else
		exchange_problem(x, 404,
		    "checkpoints are numbered from 0; \"%.60s\" is none", item);
}

/* ---- GET /api/investigations/{run}/events ---- */

void
api_events(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_sse, NULL};
	struct exchange *x = exchange_new(api, h);
	const char *run = web_match(h)->run;
	struct span id = web_header(h, "Last-Event-ID");
	uint64_t after = 0;
	struct err err;

	if (!api_choose(x, offers))
		return;
	/* The header is the later word: a browser adds it when it returns
	 * to the address it was given, argument and all. */
	if (id.n == 0)
		id = web_arg(h, "last_event_id");
	if (sse_id_parse(id, run, &after, &err) != RC_OK) {
		exchange_problem(x, 400, "%s", err.text);
		return;
	}
	x->resumes = true;
	x->call = link_follow(api->link, run, after, &viewer_ops, x);
}

bool
api_told(
    struct exchange *x, const struct proto_reply *r, struct proto_told *ret)
{
	struct err err;

	if (proto_get_told(r->value, ret, &err) == RC_OK)
		return true;
	exchange_problem(
	    x, 502, "the supervisor's answer is none: %s", err.text);
	return false;
}

/* ---- GET /api/investigations/{run}/evidence/{item} ---- */

/* A tool's bytes are data, whatever the tool says they are: nothing that a
 * browser would run. */
static const char *
media_safe(struct span media)
{
	static const char *const safe[][2] = {
	    {"application/json", "application/json"},
	    {"text/plain", "text/plain; charset=utf-8"},
	    {"text/markdown", "text/markdown; charset=utf-8"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(safe); i++)
		if (media.n >= strlen(safe[i][0]) &&
		    strncmp(media.p, safe[i][0], strlen(safe[i][0])) == 0)
			return safe[i][1];
	if (media.n > 5 && strncmp(media.p, "text/", 5) == 0)
		return "text/plain; charset=utf-8";
	return "application/octet-stream";
}

static void
on_evidence(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	const struct web_reply reply = {.status = 200,
	    .media = media_safe(r->media),
	    .policy = web_policy_inert};
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	buf_init(&b, PROTO_BYTES_MAX);
	buf_add_span(&b, r->bytes);
	exchange_call_end(x);
	web_reply_named(x->h, &reply, &b);
}

static const struct link_ops evidence_ops = {
    .on_reply = on_evidence, .on_fail = exchange_fail};

void
api_evidence(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	struct span id = span_of(web_match(h)->item);
	union proto_args args = {.evidence = {.id = id}};
	int64_t number;

	if (evidence_id_parse(id, &number))
		x->call = link_query(api->link, PROTO_ASK_EVIDENCE,
		    web_match(h)->run, &args, &evidence_ops, x);
	else
		exchange_problem(x, 404,
		    "evidence is called E1, E2 and so on; \"%.60s\" is none",
		    id.p);
}

/* ---- POST /api/investigations/{run}/cancel ---- */

static void
on_cancelled(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	buf_init(&b, 1024);
	buf_addf(&b, "{\"id\":\"%s\",\"cancelled\":true}", link_run(x->call));
	api_reply_json(x, 202, &b);
}

static const struct link_ops cancel_ops = {
    .on_reply = on_cancelled, .on_fail = exchange_fail};

void
api_cancel(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (api_choose(x, offers))
		x->call =
		    link_cancel(api->link, web_match(h)->run, &cancel_ops, x);
}

/* ---- probes ---- */

static void
reply_status(struct exchange *x, const char *text)
{
	auto_buf b = {0};

	buf_init(&b, 256);
	buf_addf(&b, "{\"status\":\"%s\"}", text);
	api_reply_json(x, 200, &b);
}

void
api_healthz(struct api *api, struct web *h)
{
	reply_status(exchange_new(api, h), "ok");
}

/* Ready, and what waits for somebody. */
static void
reply_ready(struct exchange *x)
{
	const struct link_house *h = link_house(x->api->link);
	auto_buf b = {.max = 1024};

	buf_addf(&b,
	    "{\"status\":\"ready\",\"planners\":%llu,\"executors\":%llu,"
	    "\"running\":%llu,\"waits\":%llu}",
	    (unsigned long long)h->planners, (unsigned long long)h->executors,
	    (unsigned long long)h->running, (unsigned long long)h->waits);
	api_reply_json(x, 200, &b);
}

void
api_readyz(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	const char *why = "";

	if (link_ready(api->link, &why))
		reply_ready(x);
	else
		exchange_problem(x, 503, "not ready: %s", why);
}
