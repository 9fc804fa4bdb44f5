/*
 * api.c - what each route does.
 */
#include "gateway/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/clk.h"
#include "common/wire.h"
#include "gateway/exchange.h"
#include "gateway/html.h"
#include "gateway/prefer.h"
#include "gateway/request.h"
#include "gateway/sse.h"
#include "gateway/viewer.h"

enum {
	KEY_MAX = 128,
	KEY_RANDOM = 16,
	LIMIT_MAX = 500,
	LIMIT_DEFAULT = 50,
	JSON_MAX = 128 << 20
};

static const char sse[] = "text/event-stream";
static const char json[] = "application/json";
static const char markdown[] = "text/markdown";
static const char html[] = "text/html";

struct api *
api_new(struct link *link, const char *language)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->link = link;
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

/* Chooses what the client would have; false: answered 406. */
static bool
choose(struct exchange *x, const char *const *offers)
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

static void
reply_json(struct exchange *x, int status, struct buf *body)
{
	const struct web_reply r = {.status = status, .media = json};

	exchange_call_end(x);
	buf_addc(body, '\n');
	web_reply(x->h, &r, body);
}

/* Answers with one msgpack value as JSON. */
static void
reply_value(struct exchange *x, struct span value)
{
	auto_buf b = {0};

	buf_init(&b, JSON_MAX);
	if (value.n > 0)
		wire_to_json(&b, value);
	else
		buf_adds(&b, "{}");
	reply_json(x, 200, &b);
}

static void
on_value(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;

	if (!exchange_refused(x, r))
		reply_value(x, r->value);
}

static const struct link_ops value_ops = {
    .on_reply = on_value, .on_fail = exchange_fail};

/* ---- POST /api/ai_ops ---- */

static void
key_random(char out[2 * KEY_RANDOM + 1])
{
	unsigned char r[KEY_RANDOM];
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
		key_random(out);
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
	    .media = json,
	    .field = "Preference-Applied",
	    .value = "respond-async"};
	auto_str location = NULL;
	auto_str run = NULL;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
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
result_member(struct buf *b, const char *as, struct span map, const char *key)
{
	struct span v = wire_find(map, key);

	buf_addf(b, ",\"%s\":", as);
	if (v.n > 0)
		wire_to_json(b, v);
	else
		buf_adds(b, "null");
}

static void
on_result(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	buf_init(&b, JSON_MAX);
	buf_addf(&b, "{\"id\":\"%s\"", link_run(x->call));
	result_member(&b, "status", r->value, "status");
	result_member(&b, "reason", r->value, "reason");
	result_member(&b, "report", r->value, "markdown");
	result_member(&b, "conclusion", r->value, "conclusion");
	result_member(&b, "verdict", r->value, "verdict");
	buf_addc(&b, '}');
	reply_json(x, 200, &b);
}

static const struct link_ops result_ops = {
    .on_reply = on_result, .on_fail = exchange_fail};

static void
result_ask(struct exchange *x)
{
	auto_str run = xstrdup(link_run(x->call));

	exchange_call_end(x);
	x->call = link_query(
	    x->api->link, "report", run, (struct span){0}, &result_ops, x);
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

	for (; n > 0 && !r.bad; n--) {
		uint64_t seq;

		wire_array(&r);
		seq = wire_u64(&r);
		wire_raw(&r);
		wire_raw(&r);
		if (!r.bad && seq > link_taken(x->call))
			link_took(x->call, seq);
	}
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
	return x->media == json ? &wait_ops : &viewer_ops;
}

void
api_submit(struct api *api, struct web *h)
{
	static const char *const offers[] = {sse, json, NULL};
	struct exchange *x = exchange_new(api, h);
	bool async = prefer_async(web_header(h, "Prefer"));
	char key[KEY_MAX + 1], digest[SHA256_TEXT];
	struct link_submit s = {.key = key, .digest = digest, .follow = !async};
	struct err err;
	enum rc rc;
	auto_buf input = {0};

	if (!choose(x, offers) || !key_of(x, key))
		return;
	buf_init(&input, 4 * ROUTE_BODY_MAX);
	rc = request_parse(web_body(h),
	    prefer_language(web_header(h, "Accept-Language"), api->language),
	    clk_wall_ms(), &input, digest, &err);
	if (rc != RC_OK) {
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
		return;
	}
	s.input = buf_span(&input);
	x->call = link_submit(api->link, &s, submit_ops(x, async), x);
}

/* ---- GET /api/investigations ---- */

/* A whole number from lo to hi; false: answered 400. */
static bool
arg_number(struct exchange *x, const char *name, int64_t lo, int64_t hi,
    int64_t fallback, int64_t *ret)
{
	struct span v = web_arg(x->h, name);
	char *end = NULL;

	*ret = fallback;
	if (v.p == NULL)
		return true;
	*ret = strtoll(v.p, &end, 10);
	if (v.n > 0 && *end == '\0' && v.p[0] >= '0' && v.p[0] <= '9' &&
	    *ret >= lo && *ret <= hi)
		return true;
	exchange_problem(x, 400,
	    "%s must be a whole number from %lld to "
	    "%lld, not \"%.*s\"",
	    name, (long long)lo, (long long)hi, (int)MIN(v.n, 60), v.p);
	return false;
}

static bool
arg_status(struct exchange *x, struct span *ret)
{
	static const char *const known[] = {
	    "running", "completed", "incomplete", "failed", "cancelled"};
	size_t i;

	*ret = web_arg(x->h, "status");
	if (ret->p == NULL)
		return true;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(*ret, known[i]))
			return true;
	exchange_problem(x, 400,
	    "status must be running, completed, "
	    "incomplete, failed or cancelled");
	return false;
}

static bool
args_known(struct exchange *x, const char *const *known, const char *list)
{
	const char *odd = web_arg_unknown(x->h, known);

	if (odd == NULL)
		return true;
	exchange_problem(x, 400,
	    "the query argument \"%.60s\" is not known; "
	    "these are: %s",
	    odd, list);
	return false;
}

void
api_list(struct api *api, struct web *h)
{
	static const char *const offers[] = {json, NULL};
	static const char *const known[] = {"limit", "before", "status", NULL};
	struct exchange *x = exchange_new(api, h);
	struct span status, before = web_arg(h, "before");
	int64_t limit;
	auto_buf args = {0};

	if (!choose(x, offers) ||
	    !args_known(x, known, "limit, before, status") ||
	    !arg_number(x, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit) ||
	    !arg_status(x, &status))
		return;
	buf_init(&args, ROUTE_BODY_MAX);
	wire_put_map(&args, 3);
	wire_put_str(&args, "limit");
	wire_put_int(&args, limit);
	wire_put_str(&args, "before");
	wire_put_span(&args, before);
	wire_put_str(&args, "status");
	wire_put_span(&args, status);
	x->call =
	    link_query(api->link, "list", "", buf_span(&args), &value_ops, x);
}

void
api_show(struct api *api, struct web *h)
{
	static const char *const offers[] = {json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (choose(x, offers))
		x->call = link_query(api->link, "show", web_match(h)->run,
		    (struct span){0}, &value_ops, x);
}

/* ---- GET /api/investigations/{run}/events ---- */

void
api_events(struct api *api, struct web *h)
{
	static const char *const offers[] = {sse, NULL};
	struct exchange *x = exchange_new(api, h);
	const char *run = web_match(h)->run;
	struct span id = web_header(h, "Last-Event-ID");
	uint64_t after = 0;
	struct err err;

	if (!choose(x, offers))
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

/* ---- GET /api/investigations/{run}/report ---- */

static void
reply_page(struct exchange *x, struct span text, struct span language)
{
	const struct web_reply r = {
	    .status = 200, .media = "text/html; charset=utf-8", .page = true};
	auto_str lang =
	    xstrndup(language.p != NULL ? language.p : "", language.n);
	auto_buf b = {0};

	buf_init(&b, JSON_MAX);
	html_page(&b, lang, link_run(x->call), text);
	exchange_call_end(x);
	web_reply(x->h, &r, &b);
}

static void
reply_markdown(struct exchange *x, struct span text)
{
	const struct web_reply r = {
	    .status = 200, .media = "text/markdown; charset=utf-8"};
	auto_buf b = {0};

	buf_init(&b, JSON_MAX);
	buf_add_span(&b, text);
	exchange_call_end(x);
	web_reply(x->h, &r, &b);
}

static void
on_report(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct span text;

	if (exchange_refused(x, r))
		return;
	text = wire_find_str(r->value, "markdown");
	if (x->media == json)
		reply_value(x, r->value);
	else if (x->media == html)
		reply_page(x, text, wire_find_str(r->value, "language"));
	else
		reply_markdown(x, text);
}

static const struct link_ops report_ops = {
    .on_reply = on_report, .on_fail = exchange_fail};

void
api_report(struct api *api, struct web *h)
{
	static const char *const offers[] = {markdown, html, json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (choose(x, offers))
		x->call = link_query(api->link, "report", web_match(h)->run,
		    (struct span){0}, &report_ops, x);
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
	const struct web_reply reply = {
	    .status = 200, .media = media_safe(r->media), .page = true};
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	buf_init(&b, PROTO_BYTES_MAX);
	buf_add_span(&b, r->bytes);
	exchange_call_end(x);
	web_reply(x->h, &reply, &b);
}

static const struct link_ops evidence_ops = {
    .on_reply = on_evidence, .on_fail = exchange_fail};

void
api_evidence(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	auto_buf args = {0};

	buf_init(&args, 4096);
	wire_put_map(&args, 1);
	wire_put_str(&args, "id");
	wire_put_str(&args, web_match(h)->item);
	x->call = link_query(api->link, "evidence", web_match(h)->run,
	    buf_span(&args), &evidence_ops, x);
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
	reply_json(x, 202, &b);
}

static const struct link_ops cancel_ops = {
    .on_reply = on_cancelled, .on_fail = exchange_fail};

void
api_cancel(struct api *api, struct web *h)
{
	static const char *const offers[] = {json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (choose(x, offers))
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
	reply_json(x, 200, &b);
}

void
api_healthz(struct api *api, struct web *h)
{
	reply_status(exchange_new(api, h), "ok");
}

void
api_readyz(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	const char *why = "";

	if (link_ready(api->link, &why))
		reply_status(x, "ready");
	else
		exchange_problem(x, 503, "not ready: %s", why);
}
