/*
 * start.c - the requests that start a run: what they ask for, and how they
 * would be answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "gateway/api/api_in.h"
#include "gateway/http/prefer.h"
#include "gateway/api/request.h"
#include "gateway/api/viewer.h"

enum { KEY_MAX = PROTO_MOST(submit, key) };

void
api_key_make(char out[API_KEY_TEXT])
{
	unsigned char r[(API_KEY_TEXT - 1) / 2];
	size_t i;

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort();
	for (i = 0; i < sizeof(r); i++)
		snprintf(out + 2 * i, 3, "%02x", r[i]);
}

/* False: answered 400. */
static bool
key_of(struct exchange *x, char out[KEY_MAX + 1])
{
	struct span key = web_header(x->h, "Idempotency-Key");
	size_t i;

	if (key.p == NULL) {
		api_key_make(out);
		return true;
	}
	for (i = 0; i < key.n && key.p[i] > ' ' && key.p[i] < 0x7f; i++)
		continue;
	if (key.n == 0 || key.n > KEY_MAX || i < key.n) {
		exchange_problem(x, 400,
		    "Idempotency-Key must be 1 to %d "
		    "visible ASCII characters",
		    KEY_MAX);
		return false;
	}
	snprintf(out, KEY_MAX + 1, "%.*s", SPAN_ARG(key));
	return true;
}

static void
on_accepted(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct web_reply reply = {.status = 202,
	    .media = api_json,
	    .field = "Preference-Applied",
	    .value = "respond-async"};
	auto_str location = NULL;
	auto_str run = NULL;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	FAILPOINT(accepted_unsaid);
	run = xstrndup(r->run.p, r->run.n);
	location = exchange_location(run);
	reply.location = location;
	buf_init(&b, 4096);
	buf_addf(&b,
	    "{\"id\":\"%s\",\"url\":\"%s\",\"events\":\"%s/events\","
	    "\"report\":\"%s/report\"}\n",
	    run, location, location, location);
	exchange_call_end(x);
	web_reply(x->h, &reply, &b);
}

static const struct link_ops accepted_ops = {
    .on_reply = on_accepted, .on_fail = exchange_fail};

/* ---- waiting for the result ---- */

static void
result_text(struct buf *b, const char *as, struct span text)
{
	buf_addf(b, ",\"%s\":", as);
	json_put_string(b, text);
}

static void
result_value(struct buf *b, const char *as, struct span value)
{
	buf_addf(b, ",\"%s\":", as);
	wire_to_json(b, value);
}

static void
on_result(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct proto_told told;
	auto_buf b = {0};

	if (exchange_refused(x, r) || !api_told(x, r, &told))
		return;
	buf_init(&b, API_JSON_MAX);
	buf_addf(&b, "{\"id\":\"%s\"", link_run(x->call));
	result_text(&b, "status", told.status);
	result_text(&b, "reason", told.reason);
	result_text(&b, "report", told.markdown);
	result_value(&b, "conclusion", told.conclusion);
	result_value(&b, "verdict", told.verdict);
	buf_addc(&b, '}');
	api_reply_json(x, 200, &b);
}

static const struct link_ops result_ops = {
    .on_reply = on_result, .on_fail = exchange_fail};

static void
result_ask(struct exchange *x)
{
	auto_str run = xstrdup(link_run(x->call));

	exchange_call_end(x);
	x->call = link_query(
	    x->api->link, PROTO_ASK_REPORT, run, NULL, &result_ops, x);
}

static void
on_wait_reply(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;

	if (exchange_refused(x, r))
		return;
	/* Accepted: its events say when it is over. */
}

/* Only the end matters, but what was seen need not be sent again. */
static void
on_wait_events(void *ctx, const struct proto_events *m)
{
	struct exchange *x = ctx;
	struct wire_r r = wire_reader(m->list);
	uint32_t n = m->list.n > 0 ? wire_array(&r) : 0;
	struct proto_event e;
	struct err ignored;

	for (; n > 0 && proto_next_event(&r, &e, &ignored) == RC_OK; n--)
		if (e.seq > link_taken(x->call))
			link_took(x->call, e.seq);
	if (m->last != 0)
		result_ask(x);
}

static const struct link_ops wait_ops = {.on_reply = on_wait_reply,
    .on_events = on_wait_events,
    .on_fail = exchange_fail};

/* How a request that was understood goes on. */
static const struct link_ops *
submit_ops(const struct exchange *x, bool async)
{
	if (async)
		return &accepted_ops;
	return x->media == api_json ? &wait_ops : &viewer_ops;
}

/* What the client asks of the answer, and the key; false: answered. */
static bool
begin(struct exchange *x, char key[KEY_MAX + 1])
{
	static const char *const offers[] = {api_sse, api_json, NULL};

	return api_choose(x, offers) && key_of(x, key);
}

static void
start(struct exchange *x, struct link_submit *s)
{
	bool async = prefer_async(web_header(x->h, "Prefer"));

	s->follow = !async;
	x->call = link_submit(x->api->link, s, submit_ops(x, async), x);
}

void
api_submit(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	char key[KEY_MAX + 1], digest[SHA256_TEXT];
	struct link_submit s = {.key = key, .digest = digest};
	struct err err;
	enum rc rc;
	auto_buf input = {0};

	if (!begin(x, key))
		return;
	buf_init(&input, 4 * REQUEST_BODY_MAX);
	rc = request_parse(web_body(h),
	    prefer_language(web_header(h, "Accept-Language"), api->language),
	    clk_wall_ms(), &input, digest, &err);
	if (rc != RC_OK) {
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
		return;
	}
	s.input = buf_span(&input);
	start(x, &s);
}

/* Both go on from another run. */
static void
go_on(struct api *api, struct web *h, bool asks)
{
	struct exchange *x = exchange_new(api, h);
	char key[KEY_MAX + 1], digest[SHA256_TEXT];
	struct link_submit s = {.key = key,
	    .digest = digest,
	    .fork = web_match(h)->run,
	    .follow_up = asks};
	struct err err;
	enum rc rc;
	auto_buf input = {0};

	if (!begin(x, key))
		return;
	buf_init(&input, 4 * REQUEST_BODY_MAX);
	if (asks)
		rc = request_parse_ask(
		    web_body(h), s.fork, &input, digest, &err);
	else
		rc = request_parse_fork(
		    web_body(h), s.fork, &input, &s.from, digest, &err);
	if (rc != RC_OK) {
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
		return;
	}
	s.input = buf_span(&input);
	start(x, &s);
}

void
api_fork(struct api *api, struct web *h)
{
	go_on(api, h, false);
}

void
api_ask(struct api *api, struct web *h)
{
	go_on(api, h, true);
}
