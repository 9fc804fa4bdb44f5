/*
 * llm.c - an ask, from server to server and from try to try.
 *
 * Invariant: an ask waits for exactly one thing: its transfer (call), its
 * timer to try again, or for a request to be granted. The timer also watches
 * the deadlines of the two others.
 */
#include "planner/llm/llm.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/net/http.h"
#include "planner/llm/llm_body.h"
#include "planner/llm/llm_stream.h"

enum {
	ERROR_BYTES_MAX = 64 << 10,
	WHOLE_BYTES_MAX = 4 << 20,
	ANSWER_BYTES_MAX = 32 << 20, /* an event takes 300 bytes a token */
	LINGER_MS = 1000,            /* for the end of HTTP behind [DONE] */
};

/* What is known of a server. */
struct server {
	enum llm_shape shape;
	unsigned without;
	int failures; /* in a row */
	double density; /* tokens a byte of a request, the most there were */
	int64_t open_until_ms;
	struct err why; /* it is not asked */
};

struct llm {
	zloop_t *loop;
	struct http *http;
	const struct llm_settings *settings;
	struct server servers[LLM_ENDPOINTS_MAX];
	LIST_HEAD(, llm_ask) asks;
	int n_asks;
};

struct llm_ask {
	LIST_ENTRY(llm_ask) link;
	struct llm *llm;
	struct llm_question q; /* messages and schema are owned */
	struct http_call *call;
	int timer;     /* -1: none */
	int at;        /* whose server */
	unsigned gone; /* servers that this ask leaves alone, bits */
	int tries, learns;
	enum llm_shape shape;
	struct buf sent, body; /* the request's; what is no event stream */
	struct llm_stream stream;
	int status;
	bool is_stream;
	int64_t started_ms, asked_ms, heard_ms, first_ms;
	struct err why; /* of the last failure */
	enum rc why_rc;
	bool is_long;
};

static void try_now(struct llm_ask *a);

struct llm *
llm_new(zloop_t *loop, const struct llm_settings *settings)
{
	struct llm *l = xcalloc(1, sizeof(*l));
	int i;

	l->loop = loop;
	l->http = http_new(loop);
	l->settings = settings;
	for (i = 0; i < settings->n; i++)
		l->servers[i].shape = settings->preset->shape;
	LIST_INIT(&l->asks);
	return l;
}

/*
 * Whose timer it is that rings; it is spent then. NULL: nobody's. A loop also
 * rings those that were ended by whoever rang before in the same pass, when
 * their ask may be gone: so no ask is a timer's argument.
 */
static struct llm_ask *
rung(struct llm *l, int timer)
{
	struct llm_ask *a;

	LIST_FOREACH (a, &l->asks, link)
		if (a->timer == timer) {
			a->timer = -1;
			return a;
		}
	return NULL;
}

static void
set_timer(struct llm_ask *a, int64_t ms, zloop_timer_fn *ring)
{
	a->timer =
	    zloop_timer(a->llm->loop, (size_t)MAX(ms, 1), 1, ring, a->llm);
}

static void
drop_timer(struct llm_ask *a)
{
	if (a->timer >= 0)
		zloop_timer_end(a->llm->loop, a->timer);
	a->timer = -1;
}

static void
drop_transfer(struct llm_ask *a)
{
	if (a->call != NULL)
		http_cancel(a->call);
	a->call = NULL;
	drop_timer(a);
}

static void
ask_free(struct llm_ask *a)
{
	drop_transfer(a);
	LIST_REMOVE(a, link);
	a->llm->n_asks--;
	cJSON_Delete((cJSON *)(uintptr_t)a->q.messages);
	cJSON_Delete((cJSON *)(uintptr_t)a->q.schema);
	buf_done(&a->sent);
	buf_done(&a->body);
	llm_stream_done(&a->stream);
	free(a);
}

void
llm_free(struct llm *l)
{
	if (l == NULL)
		return;
	while (!LIST_EMPTY(&l->asks))
		ask_free(LIST_FIRST(&l->asks));
	http_free(l->http);
	free(l);
}

void
llm_cancel(struct llm_ask *a)
{
	ask_free(a);
}

int
llm_under_way(const struct llm *l)
{
	return l->n_asks;
}

enum llm_shape
llm_shape_of(const struct llm *l, int endpoint)
{
	return l->servers[endpoint].shape;
}

unsigned
llm_without(const struct llm *l, int endpoint)
{
	return l->servers[endpoint].without;
}

static struct server *
server_of(struct llm_ask *a)
{
	return &a->llm->servers[a->at];
}

static const struct llm_endpoint *
endpoint_of(const struct llm_ask *a)
{
	return &a->llm->settings->at[a->at];
}

/* ---- the end of an ask ---- */

static void
make_reply(struct llm_ask *a, enum rc rc, struct buf *text, struct llm_reply *r)
{
	bool asked = a->asked_ms != 0;

	*r = (struct llm_reply){.rc = rc,
	    .is_long = a->is_long,
	    .err = a->why,
	    .thinking = buf_span(&a->stream.thought),
	    .sent = buf_span(&a->sent),
	    .cut = llm_stream_is_cut(&a->stream),
	    .streamed = a->is_stream,
	    .finish = a->stream.finish,
	    .prompt_tokens = a->stream.prompt_tokens,
	    .cached_tokens = a->stream.cached_tokens,
	    .answer_tokens = a->stream.answer_tokens,
	    .shown = asked ? endpoint_of(a)->shown : "",
	    .model = asked ? endpoint_of(a)->model : "",
	    .shape = a->shape,
	    .requests = a->tries + a->learns,
	    .ms = clk_mono_ms() - a->started_ms,
	    .first_ms = a->first_ms};
	if (rc == RC_OK)
		llm_stream_text(&a->stream, text);
	r->text = buf_span(text);
}

static void
finish(struct llm_ask *a, enum rc rc)
{
	auto_buf text = {.max = 2 * LLM_TEXT_MAX};
	struct llm_reply r;

	drop_transfer(a);
	make_reply(a, rc, &text, &r);
	a->q.on_done(a->q.arg, &r);
	ask_free(a);
}

/* ---- servers ---- */

/* Leaves a server alone for a while, for every ask. */
static void
open_breaker(struct server *s, int64_t ms, const struct err *why)
{
	s->open_until_ms = clk_mono_ms() + ms;
	s->why = *why;
}

static void
server_failed(struct llm_ask *a)
{
	struct server *s = server_of(a);
	int64_t ms = LLM_BREAK_MS;
	int i;

	s->failures++;
	if (s->failures < LLM_BREAKS_AT)
		return;
	for (i = LLM_BREAKS_AT; i < s->failures && ms < LLM_BREAK_MAX_MS; i++)
		ms *= 2;
	open_breaker(s, MIN(ms, LLM_BREAK_MAX_MS), &a->why);
}

/* The first server that is well and that is not among those left alone, or
 * -1; ret_why is then why the last one is not. */
static int
find_server(const struct llm *l, unsigned gone, struct err *ret_why)
{
	int64_t now = clk_mono_ms();
	int i;

	for (i = 0; i < l->settings->n; i++) {
		if ((gone & (1u << i)) != 0)
			continue;
		if (l->servers[i].open_until_ms <= now)
			return i;
		*ret_why = l->servers[i].why;
	}
	return -1;
}

static bool
pick_server(struct llm_ask *a)
{
	struct err why = {""};
	int i = find_server(a->llm, a->gone, &why);

	if (i < 0 && a->why_rc == RC_OK) {
		a->why = why;
		a->why_rc = RC_BUSY;
	}
	if (i < 0)
		return false;
	a->at = i;
	/* Of one that failed, one ask tries it; the others wait for how that
	 * goes. */
	if (server_of(a)->failures >= LLM_BREAKS_AT)
		open_breaker(server_of(a), LLM_BREAK_MS, &server_of(a)->why);
	return true;
}

/* ---- from try to try ---- */

static int
on_try(zloop_t *loop UNUSED, int timer, void *arg)
{
	struct llm_ask *a = rung(arg, timer);

	if (a != NULL)
		try_now(a);
	return 0;
}

static void
try_in(struct llm_ask *a, int64_t ms)
{
	drop_timer(a);
	set_timer(a, ms, on_try);
}

/* Half of it luck, so that those who failed together do not come together. */
static int64_t
backoff(int tries)
{
	int64_t ms = LLM_BACKOFF_MS;
	uint32_t luck = 0;

	for (; tries > 1 && ms < LLM_BACKOFF_MAX_MS; tries--)
		ms *= 2;
	if (getrandom(&luck, sizeof(luck), GRND_NONBLOCK) < 0)
		luck = 0;
	return ms / 2 + (int64_t)(luck % (uint32_t)(ms / 2 + 1));
}

static bool
has_other(const struct llm_ask *a)
{
	struct err ignored;

	return find_server(a->llm, a->gone | 1u << a->at, &ignored) >= 0;
}

/* This server may do better later; another one may do so now. */
static void
again_later(struct llm_ask *a, int64_t asked_ms)
{
	int64_t left = a->q.deadline_ms - clk_mono_ms();
	int64_t wait = asked_ms >= 0 ? asked_ms : backoff(a->tries);

	server_failed(a);
	if (has_other(a)) {
		a->gone |= 1u << a->at;
		try_in(a, 1);
	} else if (a->tries >= LLM_TRIES_MAX) {
		finish(a, a->why_rc);
	} else if (wait + LLM_LEAST_MS > left) {
		if (asked_ms >= 0)
			err_set(&a->why, RC_BUSY,
			    "%s wants to be asked again in %lld s, and there "
			    "is less time",
			    endpoint_of(a)->shown, (long long)asked_ms / 1000);
		finish(a, asked_ms >= 0 ? RC_BUSY : a->why_rc);
	} else {
		a->gone = 0;
		try_in(a, wait);
	}
}

/* Asking this server again would bring the same. */
static void
leave_server(struct llm_ask *a, enum rc rc, bool all)
{
	a->why_rc = rc;
	a->gone |= 1u << a->at;
	if (all)
		open_breaker(server_of(a), LLM_BREAK_MAX_MS, &a->why);
	if (has_other(a))
		try_in(a, 1);
	else
		finish(a, rc);
}

/* Something is left out, or said in another way, from now on. */
static bool
learn(struct llm_ask *a, enum llm_feature feature)
{
	struct server *s = server_of(a);

	if (a->learns >= LLM_LEARNS_MAX)
		return false;
	if (feature == LLM_FEATURE_SHAPE || feature == LLM_FEATURE_NONE) {
		if (a->q.schema == NULL || a->shape == LLM_SHAPE_PLAIN)
			return false;
		a->shape++;
	} else if ((s->without & feature) != 0) {
		return false;
	} else {
		s->without |= feature;
	}
	a->learns++;
	a->tries--;
	try_in(a, 1);
	return true;
}

/* Refused before a word was read, it took nothing; of an answer that broke
 * off nobody knows, unless the server had told. */
static void
tell_spent(struct llm_ask *a, bool nothing)
{
	if (a->q.on_spent == NULL)
		return;
	a->q.on_spent(a->q.arg, nothing ? 0 : a->stream.prompt_tokens,
	    nothing ? 0 : a->stream.answer_tokens);
}

static void
refused(struct llm_ask *a, int status, struct span body, int64_t retry_ms)
{
	struct llm_fault f;

	llm_fault_read(&f, endpoint_of(a)->shown, status, body);
	a->why = f.text;
	a->why_rc = RC_UPSTREAM;
	switch (f.kind) {
	case LLM_FAULT_FEATURE:
	case LLM_FAULT_BAD:
		/* What a server without words for it cannot do is mostly the
		 * form of the answer. */
		if (!learn(a, f.feature))
			leave_server(a, RC_UPSTREAM, false);
		return;
	case LLM_FAULT_LONG:
		a->is_long = true;
		leave_server(a, RC_TOOBIG, false);
		return;
	case LLM_FAULT_KEY:
		leave_server(a, RC_DENIED, true);
		return;
	case LLM_FAULT_QUOTA:
	case LLM_FAULT_MODEL:
	case LLM_FAULT_PATH:
		leave_server(a, RC_UPSTREAM, true);
		return;
	case LLM_FAULT_NONE:
	case LLM_FAULT_BUSY:
	case LLM_FAULT_SERVER:
		again_later(a, retry_ms);
		return;
	}
}

/* ---- a transfer ---- */

static void
answered(struct llm_ask *a)
{
	struct server *s = server_of(a);

	s->failures = 0;
	s->open_until_ms = 0;
	if (a->stream.prompt_tokens > 0 && a->sent.len > 0)
		s->density = MAX(s->density,
		    (double)a->stream.prompt_tokens / (double)a->sent.len);
	if (a->q.schema != NULL)
		s->shape = a->shape;
	a->is_long = false;
	finish(a, RC_OK);
}

/* The transfer has ended; is what came an answer? */
static void
judge(struct llm_ask *a, enum rc rc, bool sent, int64_t retry_ms)
{
	struct err why;

	if (a->status != 0 && a->status / 100 != 2) {
		tell_spent(a, true);
		refused(a, a->status, buf_span(&a->body), retry_ms);
		return;
	}
	if (rc == RC_OK && !a->is_stream)
		rc = llm_stream_whole(&a->stream, buf_span(&a->body), &why);
	else if (rc == RC_OK || llm_stream_is_whole(&a->stream))
		rc = llm_stream_end(&a->stream, &why);
	else
		why = a->why;
	if (rc == RC_OK) {
		answered(a);
		return;
	}
	tell_spent(a, !sent);
	a->why = why;
	a->why_rc = rc;
	if (a->stream.error.len > 0)
		refused(a, 200, buf_span(&a->stream.error), -1);
	else if (rc == RC_TOOBIG)
		leave_server(a, rc, false);
	else
		again_later(a, -1);
}

static enum rc
on_head(void *arg, int status, const char *type, struct err *err UNUSED)
{
	struct llm_ask *a = arg;

	a->status = status;
	a->is_stream = status / 100 == 2 &&
		       strncasecmp(type, "text/event-stream", 17) == 0;
	buf_reset(&a->body);
	a->body.max = status / 100 == 2 ? WHOLE_BYTES_MAX : ERROR_BYTES_MAX;
	return RC_OK;
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct llm_ask *a = arg;
	unsigned before = a->stream.events;
	enum rc rc;

	if (!a->is_stream) {
		buf_add(
		    &a->body, bytes.p, MIN(bytes.n, a->body.max - a->body.len));
		return RC_OK;
	}
	rc = llm_stream_feed(&a->stream, bytes, err);
	/* A comment says that the server lives, not that the model speaks. */
	if (a->stream.events != before)
		a->heard_ms = clk_mono_ms();
	if (a->stream.begun && a->first_ms < 0)
		a->first_ms = a->heard_ms - a->asked_ms;
	return rc;
}

static void
on_done(void *arg, const struct http_result *result)
{
	struct llm_ask *a = arg;

	a->call = NULL;
	drop_timer(a);
	if (result->rc != RC_OK)
		a->why = result->err;
	judge(a, result->rc, result->sent, result->retry_after_ms);
}

static void
give_up_transfer(struct llm_ask *a, const char *what, int64_t ms)
{
	bool over = clk_mono_ms() + LLM_LEAST_MS >= a->q.deadline_ms;

	drop_transfer(a);
	if (llm_stream_is_whole(&a->stream)) {
		judge(a, RC_OK, true, -1);
		return;
	}
	tell_spent(a, false);
	a->why_rc = err_set(&a->why, RC_TIMEOUT, "%s: %s within %g s",
	    endpoint_of(a)->shown, what, (double)ms / 1000);
	if (over) {
		server_failed(a);
		finish(a, RC_TIMEOUT);
	} else {
		again_later(a, -1);
	}
}

static int watch(zloop_t *loop, int timer, void *arg);

/* The first word may come, and with it another deadline, at any time. */
static void
watch_until(struct llm_ask *a, int64_t when_ms)
{
	int64_t now = clk_mono_ms();
	int64_t tick = MIN(LINGER_MS, a->llm->settings->idle_ms);

	set_timer(a, MIN(when_ms, now + tick) - now, watch);
}

/* What a transfer must have done by when. */
static void
watch_ask(struct llm_ask *a)
{
	const struct llm_settings *s = a->llm->settings;
	int64_t now = clk_mono_ms(), next;
	bool begun = a->first_ms >= 0;
	int64_t idle = llm_stream_is_whole(&a->stream) ? LINGER_MS : s->idle_ms;

	next = begun ? a->heard_ms + idle : a->asked_ms + s->first_token_ms;
	next = MIN(next, a->q.deadline_ms);
	if (now < next)
		watch_until(a, next);
	else if (now >= a->q.deadline_ms)
		give_up_transfer(a, "no whole answer", now - a->started_ms);
	else if (begun)
		give_up_transfer(a, "the answer did not go on", idle);
	else
		give_up_transfer(a, "no word came", s->first_token_ms);
}

static int
watch(zloop_t *loop UNUSED, int timer, void *arg)
{
	struct llm_ask *a = rung(arg, timer);

	if (a != NULL)
		watch_ask(a);
	return 0;
}

static void
forget_answer(struct llm_ask *a)
{
	llm_stream_done(&a->stream);
	llm_stream_init(&a->stream, a->q.on_text, a->q.arg);
	buf_reset(&a->body);
	a->status = 0;
	a->is_stream = false;
	a->first_ms = -1;
	a->is_long = false;
}

static void
make_body(struct llm_ask *a)
{
	struct llm_body of = {.settings = a->llm->settings,
	    .model = endpoint_of(a)->model,
	    .messages = a->q.messages,
	    .schema = a->q.schema,
	    .shape = a->shape,
	    .without = server_of(a)->without,
	    .answer_tokens = a->q.answer_tokens};

	buf_reset(&a->sent);
	llm_body_put(&a->sent, &of);
}

static void
send_request(struct llm_ask *a)
{
	const struct llm_settings *s = a->llm->settings;
	const char *headers[LLM_HEADERS_MAX + 3] = {
	    "Content-Type: application/json",
	    "Accept: text/event-stream, application/json"};
	struct http_req r = {.method = "POST",
	    .url = endpoint_of(a)->url,
	    .headers = headers,
	    .body = buf_span(&a->sent),
	    .timeout_ms = a->q.deadline_ms - a->asked_ms + LINGER_MS,
	    .connect_timeout_ms = LLM_CONNECT_MS,
	    .max_bytes = ANSWER_BYTES_MAX,
	    .proxy = s->proxy,
	    .ca_file = s->ca_file,
	    .bearer = endpoint_of(a)->key,
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = a};
	int i;

	for (i = 0; s->headers[i] != NULL; i++)
		headers[2 + i] = s->headers[i];
	if (http_start(a->llm->http, &r, &a->call, &a->why) != RC_OK) {
		tell_spent(a, true);
		leave_server(a, RC_INVALID, false);
		return;
	}
	watch_until(a, MIN(a->asked_ms + s->first_token_ms, a->q.deadline_ms));
}

/* ---- what it may take ---- */

enum { SPARE_PERCENT = 30 };

/* No byte is more than a token; a server that has answered tells how many
 * there are to one. */
static int64_t
most_tokens(struct llm_ask *a)
{
	double density = server_of(a)->density * (100 + SPARE_PERCENT) / 100;
	double bytes = (double)a->sent.len;

	return (int64_t)(density > 0 ? MIN(density, 1.0) * bytes + 1 : bytes);
}

static int
on_no_word(zloop_t *loop UNUSED, int timer, void *arg)
{
	struct llm_ask *a = rung(arg, timer);

	if (a == NULL)
		return 0;
	a->why_rc = err_set(&a->why, RC_TIMEOUT,
	    "the supervisor did not say in time whether the model may be "
	    "asked");
	finish(a, RC_TIMEOUT);
	return 0;
}

static void
offer(struct llm_ask *a)
{
	struct llm_offer o = {.model = endpoint_of(a)->model,
	    .prompt_tokens = most_tokens(a),
	    .answer_tokens = a->q.answer_tokens};

	set_timer(a, a->q.deadline_ms - clk_mono_ms(), on_no_word);
	a->q.on_offer(a->q.arg, &o);
}

void
llm_granted(struct llm_ask *a, const char *why)
{
	if (a->call != NULL)
		return;
	drop_timer(a);
	if (why != NULL) {
		a->why_rc = err_set(&a->why, RC_DENIED, "%s", why);
		finish(a, RC_DENIED);
		return;
	}
	a->asked_ms = clk_mono_ms();
	a->heard_ms = a->asked_ms;
	send_request(a);
}

static void
try_now(struct llm_ask *a)
{
	int before = a->at;

	if (clk_mono_ms() + LLM_LEAST_MS > a->q.deadline_ms) {
		if (a->why_rc == RC_OK)
			a->why_rc = err_set(&a->why, RC_TIMEOUT,
			    "there was no time left to ask the model");
		finish(a, a->why_rc);
		return;
	}
	if (!pick_server(a)) {
		finish(a, a->why_rc != RC_OK ? a->why_rc : RC_BUSY);
		return;
	}
	/* What was learnt meanwhile, by this ask or by others, holds. */
	if (a->at != before || a->learns == 0)
		a->shape = server_of(a)->shape;
	a->tries++;
	a->asked_ms = clk_mono_ms();
	a->heard_ms = a->asked_ms;
	forget_answer(a);
	make_body(a);
	if (a->sent.full) {
		err_set(&a->why, RC_TOOBIG, "the prompt is over 8 MiB");
		a->is_long = true;
		finish(a, RC_TOOBIG);
		return;
	}
	if (a->q.on_offer != NULL)
		offer(a);
	else
		send_request(a);
}

struct llm_ask *
llm_start(struct llm *l, const struct llm_question *q)
{
	struct llm_ask *a = xcalloc(1, sizeof(*a));

	a->llm = l;
	a->q = *q;
	a->q.messages = cJSON_Duplicate(q->messages, true);
	a->q.schema = cJSON_Duplicate(q->schema, true);
	if (a->q.answer_tokens == 0)
		a->q.answer_tokens = l->settings->answer_tokens;
	a->timer = -1;
	a->first_ms = -1;
	a->started_ms = clk_mono_ms();
	buf_init(&a->sent, LLM_BODY_MAX);
	buf_init(&a->body, ERROR_BYTES_MAX);
	llm_stream_init(&a->stream, q->on_text, q->arg);
	LIST_INSERT_HEAD(&l->asks, a, link);
	l->n_asks++;
	try_in(a, 1);
	return a;
}
