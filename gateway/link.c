/*
 * link.c - the gateway's side of the protocol with the supervisor.
 *
 * Invariant: every message about a subscription carries a request number
 * that was never used for another, so what is still on its way for an old
 * one cannot be taken for the new one's.
 *
 * A message may be lost, on the way or with a full queue, and the last event
 * of a run has none behind it that would show the gap. So whoever hears
 * nothing asks again, more and more seldom.
 */
#include "gateway/link.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/clk.h"
#include "common/dial.h"
#include "common/failpoint.h"
#include "common/log.h"

enum {
	BUCKETS = 4096,
	RUN_MAX = 128,
	TICK_MS = 1000,
	SOON_MS = 20, /* while the supervisor is not ready */
	ANSWER_MS = 5000,
	AWAY_MS = 2000, /* away for longer: a call does not wait for it */
	AGAIN_MS = 1000,     /* asked, and not answered */
	QUIET_MS = 4000,     /* no event of a followed run */
	QUIET_MAX_MS = 30000,
	STRAY_MS = 100,
	LOWER_MAX = 3,
	SILENT_MS = 3500,       /* no STATUS for so long: it is away */
	ATTACH_SOON_MS = 30000, /* away for longer: ask more seldom */
	ATTACH_SELDOM_MS = 10000,
	CALL_BYTES_MAX = 128 << 10,
	TURN_BYTES = 32 << 10,
};

enum call_state {
	CALL_WAITS, /* for the supervisor to be there */
	CALL_ASKED, /* for its answer */
	CALL_FOLLOWS,
	CALL_HELD,
	CALL_OVER,
};

struct link_call {
	struct link_call *prev, *next; /* of all */
	struct link_call *chain;       /* of its bucket */
	struct link *l;
	const struct link_ops *ops;
	void *ctx;
	uint64_t req;
	enum proto_type type;
	enum call_state state;
	int64_t deadline_ms;
	int64_t said_ms;     /* asked, or heard of, last */
	int64_t patience_ms; /* from then on, until it is asked again */
	char run[RUN_MAX];
	char what[16];
	uint64_t after;
	uint64_t from;
	bool follow;
	char *key, *digest;
	char *fork; /* of FORK: the other run */
	char *by;   /* of DECIDE */
	uint64_t task;
	bool approve;
	struct buf body; /* of SUBMIT, FORK and QUERY: the msgpack */
};

struct link {
	struct agent *a;
	struct bus *bus;
	int tick;
	uint64_t epoch;
	uint64_t next_req;
	bool ready;
	int soon; /* timer of the next ATTACH before its time, or -1 */
	char reason[512];
	int64_t heard_ms; /* the last STATUS; 0: never */
	int64_t away_ms;  /* since when it is not there */
	int64_t attach_ms;
	size_t turn_bytes; /* of events since the last turn */
	int64_t stray_ms;
	unsigned n_lower; /* STATUS of a lower epoch in a row */
	bool there;
	void (*on_turn)(void *ctx);
	void *ctx;
	struct link_call *all;
	struct link_call *buckets[BUCKETS];
};

/* ---- the table of calls ---- */

static struct link_call **
bucket_of(struct link *l, uint64_t req)
{
	return &l->buckets[req % BUCKETS];
}

static void
req_new(struct link_call *c)
{
	struct link_call **b;

	c->req = ++c->l->next_req;
	b = bucket_of(c->l, c->req);
	c->chain = *b;
	*b = c;
}

static void
req_drop(struct link_call *c)
{
	struct link_call **at = bucket_of(c->l, c->req);

	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
}

static struct link_call *
req_find(struct link *l, uint64_t req)
{
	struct link_call *c = *bucket_of(l, req);

	while (c != NULL && c->req != req)
		c = c->chain;
	return c;
}

/* ---- sending ---- */

static void
link_send(struct link *l, const struct proto *m)
{
	struct err err;

	/* What is not sent now is asked for again, or runs out of time. */
	if (FAILPOINT_RC(link_send_fails, &err) != RC_OK ||
	    bus_send(l->bus, NULL, m) != RC_OK)
		log_debug("a message was not sent", "type", proto_name(m->type),
		    NULL);
}

static void
unfollow(struct link *l, uint64_t req)
{
	struct proto m = {.type = PROTO_UNFOLLOW, .unfollow = {.req = req}};

	link_send(l, &m);
}

static void
submit_fill(const struct link_call *c, struct proto_submit *m)
{
	m->req = c->req;
	m->key = span_of(c->key);
	m->digest = span_of(c->digest);
	m->follow = c->follow;
	m->input = buf_span(&c->body);
}

static void
fork_fill(const struct link_call *c, struct proto_fork *m)
{
	m->req = c->req;
	m->key = span_of(c->key);
	m->digest = span_of(c->digest);
	m->follow = c->follow;
	m->run = span_of(c->fork);
	m->from = c->from;
	m->input = buf_span(&c->body);
}

/* Starts a run, hence goes on as a FOLLOW of it. */
static bool
call_starts(const struct link_call *c)
{
	return c->type == PROTO_SUBMIT || c->type == PROTO_FORK;
}

static void
decide_fill(const struct link_call *c, struct proto_decide *m)
{
	m->req = c->req;
	m->run = span_of(c->run);
	m->task = c->task;
	m->approve = c->approve;
	m->by = span_of(c->by);
}

static void
call_fill(const struct link_call *c, struct proto *m)
{
	*m = (struct proto){.type = c->type};
	if (c->type == PROTO_SUBMIT) {
		submit_fill(c, &m->submit);
	} else if (c->type == PROTO_FORK) {
		fork_fill(c, &m->fork);
	} else if (c->type == PROTO_QUERY) {
		m->query.req = c->req;
		m->query.what = span_of(c->what);
		m->query.run = span_of(c->run);
		m->query.args = buf_span(&c->body);
	} else if (c->type == PROTO_DECIDE) {
		decide_fill(c, &m->decide);
	} else if (c->type == PROTO_CANCEL) {
		m->cancel.req = c->req;
		m->cancel.run = span_of(c->run);
	} else {
		m->follow.req = c->req;
		m->follow.run = span_of(c->run);
		m->follow.after = c->after;
	}
}

/* Sends the call if the supervisor is there; else it waits. */
static void
call_send(struct link_call *c)
{
	struct proto m;

	if (!c->l->there) {
		if (c->state == CALL_ASKED)
			c->state = CALL_WAITS;
		return;
	}
	call_fill(c, &m);
	link_send(c->l, &m);
	FAILPOINT(call_sent);
	c->said_ms = clk_mono_ms();
	if (c->state == CALL_WAITS)
		c->state = CALL_ASKED;
}

/* Something was heard, so there is no hurry to ask again. */
static void
call_patient(struct link_call *c, int64_t ms)
{
	c->said_ms = clk_mono_ms();
	c->patience_ms = ms;
}

static void
attach(struct link *l)
{
	const char *name = agent_name(l->a);
	struct proto m = {.type = PROTO_ATTACH,
	    .attach = {.name = span_of(name), .pid = (uint64_t)getpid()}};

	l->attach_ms = clk_mono_ms();
	link_send(l, &m);
}

/* ---- hearing ---- */

static bool
call_is_open(const struct link_call *c)
{
	return c->state == CALL_WAITS || c->state == CALL_ASKED ||
	       c->state == CALL_FOLLOWS;
}

/* It is there (again): everything that is open is said, or said again, also
 * to the same one, which may have taken us for gone. */
static void
resend(struct link *l)
{
	struct link_call *c;

	for (c = l->all; c != NULL; c = c->next)
		if (call_is_open(c))
			call_send(c);
}

static int
on_soon(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct link *l = arg;

	l->soon = -1;
	attach(l);
	return 0;
}

/* A house that has just started is ready within milliseconds, and somebody
 * may be waiting to see it. */
static void
ask_soon(struct link *l)
{
	if (!l->ready && l->soon < 0)
		l->soon = zloop_timer(agent_loop(l->a), SOON_MS, 1, on_soon, l);
}

static void
on_status(struct link *l, const struct proto_status *m)
{
	bool anew = l->epoch != 0 && m->epoch != l->epoch;
	bool was_there = l->there;

	/* Epochs grow: a lower one is a late word of an earlier supervisor,
	 * unless it stays so, because the store was set back. */
	if (m->epoch < l->epoch && ++l->n_lower < LOWER_MAX)
		return;
	l->n_lower = 0;
	l->epoch = m->epoch;
	l->heard_ms = clk_mono_ms();
	l->there = true;
	l->ready = m->ready != 0;
	snprintf(l->reason, sizeof(l->reason), "%.*s", SPAN_ARG(m->reason));
	ask_soon(l);
	if (anew)
		log_info("the supervisor was started anew", NULL);
	if (anew || !was_there) {
		FAILPOINT(supervisor_anew);
		resend(l);
	}
}

/* A SUBMIT that was taken lives on as a FOLLOW of its run. */
static void
submit_taken(struct link_call *c, const struct proto_reply *m)
{
	snprintf(c->run, sizeof(c->run), "%.*s", SPAN_ARG(m->run));
	buf_done(&c->body);
	c->type = PROTO_FOLLOW;
	c->deadline_ms = 0;
	call_patient(c, AGAIN_MS);
	if (c->state == CALL_ASKED || c->state == CALL_WAITS)
		c->state = CALL_FOLLOWS;
	FAILPOINT(submit_lives_on);
}

static void
on_reply(struct link *l, const struct proto_reply *m)
{
	struct link_call *c = req_find(l, m->req);

	if (c == NULL || c->state == CALL_OVER)
		return;
	FAILPOINT(reply_heard);
	if (call_starts(c) && c->follow && span_is(m->rc, "ok"))
		submit_taken(c, m);
	else if (c->type == PROTO_FOLLOW && span_is(m->rc, "ok"))
		return; /* it was told so before, when it was a SUBMIT */
	else
		c->state = CALL_OVER;
	c->ops->on_reply(c->ctx, m);
}

/* Events nobody waits for: mostly still on their way when that was said; but
 * where it was lost they would come for as long as the run goes on. */
static void
stray(struct link *l, uint64_t req)
{
	int64_t now = clk_mono_ms();

	if (now - l->stray_ms < STRAY_MS)
		return;
	l->stray_ms = now;
	unfollow(l, req);
}

static void
on_events(struct link *l, const struct proto_events *m)
{
	struct link_call *c = req_find(l, m->req);

	if (c == NULL || c->state == CALL_HELD) {
		stray(l, m->req);
		return;
	}
	if (c->state == CALL_OVER || c->ops->on_events == NULL)
		return;
	if (call_starts(c))
		return; /* its REPLY comes first, or comes again */
	if (c->state == CALL_ASKED)
		call_patient(c, QUIET_MS);
	c->state = CALL_FOLLOWS;
	c->deadline_ms = 0;
	c->ops->on_events(c->ctx, m);
}

static void
on_fleeting(struct link *l, const struct proto_fleeting *m)
{
	struct link_call *c = req_find(l, m->req);

	if (c != NULL && c->state == CALL_FOLLOWS &&
	    c->ops->on_fleeting != NULL)
		c->ops->on_fleeting(c->ctx, m);
}

/* A burst is passed on in the middle of a turn: what waits for a viewer
 * that reads should not look as if it did not. */
static void
turn_if_much(struct link *l, const struct proto *m)
{
	if (m->type == PROTO_EVENTS)
		l->turn_bytes += m->events.list.n;
	if (l->turn_bytes >= TURN_BYTES) {
		l->turn_bytes = 0;
		l->on_turn(l->ctx);
	}
}

static void
on_msg(void *ctx, const struct bus_peer *peer UNUSED, const struct proto *m)
{
	struct link *l = ctx;

	if (m->type == PROTO_STATUS)
		on_status(l, &m->status);
	else if (m->type == PROTO_REPLY)
		on_reply(l, &m->reply);
	else if (m->type == PROTO_EVENTS)
		on_events(l, &m->events);
	else if (m->type == PROTO_FLEETING)
		on_fleeting(l, &m->fleeting);
	else
		log_warn("a message no gateway should get", "type",
		    proto_name(m->type), NULL);
	turn_if_much(l, m);
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	log_warn("bytes that are no message", "reason", err->text, NULL);
}

/* Another supervisor, perhaps: its STATUS tells. */
static void
on_again(void *ctx)
{
	attach(ctx);
}

static void
on_turn(void *ctx)
{
	struct link *l = ctx;

	l->turn_bytes = 0;
	l->on_turn(l->ctx);
}

/* ---- time ---- */

static void
there_tick(struct link *l, int64_t now)
{
	bool seldom;

	if (l->there && now - l->heard_ms > SILENT_MS) {
		l->there = false;
		l->away_ms = now;
		log_warn("the supervisor is silent", NULL);
	}
	/* Each one sent to nobody waits in the queue and would be answered
	 * later: a long absence must not fill it. */
	seldom = !l->there && now - l->away_ms > ATTACH_SOON_MS;
	if (!seldom || now - l->attach_ms >= ATTACH_SELDOM_MS)
		attach(l);
}

static void
call_late(struct link_call *c)
{
	c->state = CALL_OVER;
	c->ops->on_fail(c->ctx,
	    c->l->there ? "the supervisor did not answer in time"
			: "the supervisor is not running, or not reachable");
}

/* Harmless where nothing was lost: a run is started once under its key, what
 * is read is read again, and events have numbers. */
static void
call_again(struct link_call *c, int64_t now)
{
	bool follows = c->state == CALL_FOLLOWS;

	if ((!follows && c->state != CALL_ASKED) ||
	    now - c->said_ms < c->patience_ms)
		return;
	c->patience_ms =
	    MIN(2 * c->patience_ms, follows ? QUIET_MAX_MS : ANSWER_MS);
	call_send(c);
}

static int
on_tick(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct link *l = arg;
	int64_t now = clk_mono_ms();
	struct link_call *c, *next;

	there_tick(l, now);
	for (c = l->all; c != NULL; c = next) {
		next = c->next;
		if (c->deadline_ms != 0 && now >= c->deadline_ms &&
		    (c->state == CALL_WAITS || c->state == CALL_ASKED))
			call_late(c);
		else
			call_again(c, now);
	}
	l->on_turn(l->ctx);
	return 0;
}

/* ---- calls ---- */

/* A supervisor that is started again is waited for; one that stays away, as
 * on a full disk, is told of at the next tick. */
static int64_t
answer_ms(const struct link *l, int64_t now)
{
	return !l->there && now - l->away_ms > AWAY_MS ? 1 : ANSWER_MS;
}

static struct link_call *
call_new(struct link *l, enum proto_type type, const char *run,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = xcalloc(1, sizeof(*c));
	int64_t now = clk_mono_ms();

	c->l = l;
	c->type = type;
	c->ops = ops;
	c->ctx = ctx;
	c->state = CALL_WAITS;
	c->deadline_ms = now + answer_ms(l, now);
	c->patience_ms = AGAIN_MS;
	snprintf(c->run, sizeof(c->run), "%s", run);
	buf_init(&c->body, CALL_BYTES_MAX);
	c->next = l->all;
	if (l->all != NULL)
		l->all->prev = c;
	l->all = c;
	req_new(c);
	return c;
}

struct link_call *
link_submit(struct link *l, const struct link_submit *s,
    const struct link_ops *ops, void *ctx)
{
	enum proto_type type = s->fork != NULL ? PROTO_FORK : PROTO_SUBMIT;
	struct link_call *c = call_new(l, type, "", ops, ctx);

	if (s->fork != NULL)
		c->fork = xstrdup(s->fork);
	c->from = s->from;
	c->key = xstrdup(s->key);
	c->digest = xstrdup(s->digest);
	c->follow = s->follow;
	buf_add_span(&c->body, s->input);
	call_send(c);
	return c;
}

struct link_call *
link_query(struct link *l, const char *what, const char *run, struct span args,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_QUERY, run, ops, ctx);

	snprintf(c->what, sizeof(c->what), "%s", what);
	buf_add_span(&c->body, args);
	call_send(c);
	return c;
}

struct link_call *
link_cancel(
    struct link *l, const char *run, const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_CANCEL, run, ops, ctx);

	call_send(c);
	return c;
}

struct link_call *
link_decide(struct link *l, const struct link_decision *d,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_DECIDE, d->run, ops, ctx);

	c->task = d->task;
	c->approve = d->approve;
	c->by = xstrdup(d->by);
	call_send(c);
	return c;
}

struct link_call *
link_follow(struct link *l, const char *run, uint64_t after,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_FOLLOW, run, ops, ctx);

	c->after = after;
	call_send(c);
	return c;
}

void
link_took(struct link_call *c, uint64_t seq)
{
	c->after = seq;
	call_patient(c, QUIET_MS);
}

uint64_t
link_taken(const struct link_call *c)
{
	return c->after;
}

const char *
link_run(const struct link_call *c)
{
	return c->run;
}

bool
link_held(const struct link_call *c)
{
	return c->state == CALL_HELD;
}

void
link_hold(struct link_call *c)
{
	if (c->state != CALL_FOLLOWS)
		return;
	unfollow(c->l, c->req);
	c->state = CALL_HELD;
}

void
link_go_on(struct link_call *c)
{
	if (c->state != CALL_HELD)
		return;
	req_drop(c);
	req_new(c);
	c->state = CALL_FOLLOWS;
	c->patience_ms = AGAIN_MS;
	call_send(c);
}

void
link_again(struct link_call *c)
{
	link_hold(c);
	link_go_on(c);
}

void
link_call_free(struct link_call *c)
{
	if (c == NULL)
		return;
	if (c->l->there && (c->state == CALL_FOLLOWS ||
			       (c->state == CALL_ASKED &&
				   (c->type == PROTO_FOLLOW || c->follow))))
		unfollow(c->l, c->req);
	req_drop(c);
	*(c->prev != NULL ? &c->prev->next : &c->l->all) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	buf_done(&c->body);
	free(c->key);
	free(c->digest);
	free(c->fork);
	free(c->by);
	free(c);
}

/* ---- the link ---- */

bool
link_ready(const struct link *l, const char **ret_why)
{
	if (l->there && l->ready)
		return true;
	if (l->there)
		*ret_why = l->reason[0] != '\0' ? l->reason
						: "the supervisor is not ready";
	else
		*ret_why = "the supervisor is not running, or not reachable";
	return false;
}

enum rc
link_new(struct agent *a, void (*turn)(void *ctx), void *ctx,
    struct link **ret_link, struct err *err)
{
	struct link *l = xcalloc(1, sizeof(*l));
	const struct bus_handler h = {
	    .on_msg = on_msg,
	    .on_bad = on_bad,
	    .on_turn = on_turn,
	    .on_again = on_again,
	    .ctx = l};
	enum rc rc;

	l->a = a;
	l->soon = -1;
	l->on_turn = turn;
	l->ctx = ctx;
	l->away_ms = clk_mono_ms();
	rc = dial(agent_conf(a), agent_loop(a), agent_conf(a)->front, &h,
	    &l->bus, err);
	if (rc != RC_OK) {
		free(l);
		return rc;
	}
	l->tick = zloop_timer(agent_loop(a), TICK_MS, 0, on_tick, l);
	attach(l);
	*ret_link = l;
	return RC_OK;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	zloop_timer_end(agent_loop(l->a), l->tick);
	if (l->soon >= 0)
		zloop_timer_end(agent_loop(l->a), l->soon);
	bus_free(l->bus);
	free(l);
}
