/* courier.c - carries reports out. */
#include "gateway/api/courier.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/log.h"
#include "common/net/http.h"
#include "gateway/api/letter.h"

enum {
	ROOM = 8, /* letters at once */
	POST_MS = 15000,
	CONNECT_MS = 5000,
	ANSWER_MAX = 64 << 10,
	BODY_MAX = 32 << 20,
	RUN_MAX = PROTO_MOST(carried, run),
};

/* A letter under way. */
struct errand {
	TAILQ_ENTRY(errand) list;
	struct courier *c;
	const struct target *target;
	char run[RUN_MAX + 1];
	uint64_t attempt;
	struct buf input, body, answer;
	struct link_call *call; /* for the report; NULL: it is there */
	struct http_call *post; /* NULL: not under way */
};

struct courier {
	struct link *link;
	struct http *http;
	struct targets targets;
	char *page;
	unsigned n;
	TAILQ_HEAD(, errand) list;
};

static void
errand_free(struct errand *e)
{
	TAILQ_REMOVE(&e->c->list, e, list);
	e->c->n--;
	link_call_free(e->call);
	if (e->post != NULL)
		http_cancel(e->post);
	buf_done(&e->input);
	buf_done(&e->body);
	buf_done(&e->answer);
	free(e);
}

/* Says what came of it. why NULL: it was taken. */
static void
errand_end(struct errand *e, const char *why, int64_t retry_ms)
{
	struct proto_carried m = {.run = span_of(e->run),
	    .target = span_of(e->target->name),
	    .attempt = e->attempt,
	    .ok = why == NULL,
	    .text = span_of(why),
	    .retry_ms = (uint64_t)MAX(retry_ms, 0)};

	m.text.n = MIN(m.text.n, (size_t)PROTO_MOST(carried, text));
	link_carried(e->c->link, &m);
	errand_free(e);
}

/* ---- posting ---- */

static enum rc
on_data(void *arg, struct span bytes, struct err *err UNUSED)
{
	struct errand *e = arg;

	/* What is behind that would say nothing more. */
	buf_add_span(&e->answer,
	    span_make(bytes.p, MIN(bytes.n, ANSWER_MAX - e->answer.len)));
	return RC_OK;
}

/* Without the URL, which may be a secret. */
static const char *
why_not(const struct http_result *r)
{
	return r->rc == RC_TIMEOUT  ? "it did not answer in time"
	       : r->rc == RC_TOOBIG ? "its answer is too large"
				    : "it could not be reached";
}

static void
on_done(void *arg, const struct http_result *r)
{
	struct errand *e = arg;
	struct err err;

	e->post = NULL;
	if (r->rc != RC_OK) {
		errand_end(e, why_not(r), r->retry_after_ms);
		return;
	}
	if (r->status / 100 != 2) {
		err_set(&err, RC_UPSTREAM, "it answered %d", r->status);
		errand_end(e, err.text, r->retry_after_ms);
	} else if (letter_taken(e->target->form, buf_span(&e->answer), &err) !=
		   RC_OK) {
		errand_end(e, err.text, 0);
	} else {
		errand_end(e, NULL, 0);
	}
}

static void
post(struct errand *e)
{
	auto_str key =
	    xasprintf("Idempotency-Key: %s.%s", e->run, e->target->name);
	const char *const headers[] = {"Content-Type: application/json", key,
	    "User-Agent: culprit/" CULPRIT_VERSION, NULL};
	const struct http_req r = {.method = "POST",
	    .url = e->target->url,
	    .headers = headers,
	    .body = buf_span(&e->body),
	    .timeout_ms = POST_MS,
	    .connect_timeout_ms = CONNECT_MS,
	    .max_bytes = 16 * ANSWER_MAX,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = e};
	struct err err;

	if (http_start(e->c->http, &r, &e->post, &err) != RC_OK)
		errand_end(e, "its URL cannot be used", 0);
}

/* ---- the report ---- */

static void
on_report(void *ctx, const struct proto_reply *r)
{
	struct errand *e = ctx;
	auto_str url = xasprintf("%s/#%s", e->c->page, e->run);
	struct proto_told told;
	struct err err;

	if (!span_is(r->rc, "ok") ||
	    proto_get_told(r->value, &told, &err) != RC_OK) {
		errand_end(e, "its report cannot be read", 0);
		return;
	}
	letter_put(&e->body, e->target->form,
	    &(struct letter_in){.run = e->run,
		.url = url,
		.input = buf_span(&e->input),
		.told = &told});
	link_call_free(e->call);
	e->call = NULL;
	if (buf_check(&e->body, "it", &err) == RC_OK)
		post(e);
	else
		errand_end(e, "its report is too large", 0);
}

static void
on_no_report(void *ctx, const char *why)
{
	errand_end(ctx, why, 0);
}

static const struct link_ops report_ops = {
    .on_reply = on_report, .on_fail = on_no_report};

/* ---- letters ---- */

static bool
is_under_way(const struct courier *c, const struct proto_letter *m)
{
	const struct errand *e;

	TAILQ_FOREACH(e, &c->list, list)
	if (span_is(m->run, e->run) && span_is(m->target, e->target->name))
		return true;
	return false;
}

static void
on_letter(void *courier, const struct proto_letter *m)
{
	struct courier *c = courier;
	const struct target *target = targets_find(&c->targets, m->target);
	struct errand *e;

	/* Another gateway may know of whom this one does not. */
	if (target == NULL || m->run.n > RUN_MAX || is_under_way(c, m))
		return;
	e = xcalloc(1, sizeof(*e));
	e->c = c;
	e->target = target;
	e->attempt = m->attempt;
	snprintf(e->run, sizeof(e->run), "%.*s", SPAN_ARG(m->run));
	buf_init(&e->input, PROTO_BYTES_MAX);
	buf_init(&e->body, BODY_MAX);
	buf_init(&e->answer, ANSWER_MAX);
	buf_add_span(&e->input, m->input);
	TAILQ_INSERT_TAIL(&c->list, e, list);
	c->n++;
	e->call =
	    link_query(c->link, PROTO_ASK_REPORT, e->run, NULL, &report_ops, e);
}

static unsigned
room(void *courier)
{
	const struct courier *c = courier;

	return c->targets.n == 0 || c->n >= ROOM ? 0 : ROOM - c->n;
}

enum rc
courier_new(struct agent *a, struct link *link, const char *page,
    struct courier **ret, struct err *err)
{
	struct courier *c = xcalloc(1, sizeof(*c));
	enum rc rc = targets_read(
	    agent_conf(a)->notify_file, http_check_url, &c->targets, err);

	if (rc != RC_OK) {
		free(c);
		return rc;
	}
	TAILQ_INIT(&c->list);
	c->link = link;
	c->page = xstrdup(page);
	c->http = http_new(agent_loop(a));
	link_carry(link, &(struct link_carrier){room, on_letter, c});
	*ret = c;
	return RC_OK;
}

void
courier_free(struct courier *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->list))
		errand_free(TAILQ_FIRST(&c->list));
	http_free(c->http);
	free(c->page);
	free(c);
}
