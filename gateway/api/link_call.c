/*
 * link_call.c - one call to the supervisor: made, said, said again, ended.
 *
 * Invariant: every message about a subscription carries a request number
 * that was never used for another, so what is still on its way for an old
 * one cannot be taken for the new one's.
 */
#include "gateway/api/link_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"

enum {
	AWAY_MS = 2000, /* away for longer: a call does not wait for it */
	CALL_BYTES_MAX = PROTO_BYTES_MAX - (64 << 10),
	FOLLOWS_MAX = 64,
};

struct link_step {
	struct proto_step step;
	int64_t within_ms;
	bool changes;
};

/* ---- the table of calls ---- */

static struct link_call **
bucket_of(struct link *l, uint64_t req)
{
	return &l->buckets[req % LINK_BUCKETS];
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

struct link_call *
link_call_find(struct link *l, uint64_t req)
{
	struct link_call *c = *bucket_of(l, req);

	while (c != NULL && c->req != req)
		c = c->chain;
	return c;
}

/* ---- sending ---- */

void
link_send(struct link *l, const struct proto *m)
{
	struct err err;

	/* What is not sent now is asked for again, or runs out of time. */
	if (FAILPOINT_RC(link_send_fails, &err) != RC_OK ||
	    bus_send(l->bus, NULL, m) != RC_OK)
		log_debug("a message was not sent", "type", proto_name(m->type),
		    NULL);
}

void
link_unfollow(struct link *l, uint64_t req)
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
	m->follow_up = c->follow_up;
	m->input = buf_span(&c->body);
}

bool
link_call_starts(const struct link_call *c)
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
remark_fill(const struct link_call *c, struct proto_remark *m)
{
	m->req = c->req;
	m->run = span_of(c->run);
	m->verdict = span_of(c->digest);
	m->id = span_of(c->key);
	m->text = buf_span(&c->body);
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
		m->query.what = span_of(proto_ask_name(c->ask));
		m->query.run = span_of(c->run);
		m->query.args = buf_span(&c->body);
	} else if (c->type == PROTO_DECIDE) {
		decide_fill(c, &m->decide);
	} else if (c->type == PROTO_REMARK) {
		remark_fill(c, &m->remark);
	} else if (c->type == PROTO_CALL) {
		m->call.req = c->req;
		m->call.within_ms = (uint64_t)c->within_ms;
		m->call.step = buf_span(&c->body);
		m->call.changes = c->changes;
	} else if (c->type == PROTO_CANCEL) {
		m->cancel.req = c->req;
		m->cancel.run = span_of(c->run);
	} else {
		m->follow.req = c->req;
		m->follow.run = span_of(c->run);
		m->follow.after = c->after;
	}
}

/*
 * Everybody may come back at once and want all of a long run: few at a time
 * are asked for, so that what the supervisor sends is not more than a moment's
 * work, and others' answers do not wait behind it.
 */
static bool
call_must_wait(struct link_call *c)
{
	struct link *l = c->l;

	if (c->type != PROTO_FOLLOW || c->state != CALL_WAITS || c->asking)
		return false;
	if (l->n_asking >= FOLLOWS_MAX) {
		if (!c->in_line)
			TAILQ_INSERT_TAIL(&l->line, c, of_line);
		c->in_line = true;
		return true;
	}
	c->asking = true;
	l->n_asking++;
	return false;
}

static void
line_leave(struct link_call *c)
{
	if (c->in_line)
		TAILQ_REMOVE(&c->l->line, c, of_line);
	c->in_line = false;
}

void
link_call_send(struct link_call *c)
{
	struct proto m;

	if (!c->l->there) {
		if (c->state == CALL_ASKED)
			c->state = CALL_WAITS;
		return;
	}
	if (call_must_wait(c))
		return;
	line_leave(c);
	call_fill(c, &m);
	link_send(c->l, &m);
	FAILPOINT(call_sent);
	c->said_ms = clk_mono_ms();
	if (c->state == CALL_WAITS)
		c->state = CALL_ASKED;
}

void
link_call_answered(struct link_call *c)
{
	struct link *l = c->l;

	line_leave(c);
	if (!c->asking)
		return;
	c->asking = false;
	l->n_asking--;
	if (l->there && !TAILQ_EMPTY(&l->line))
		link_call_send(TAILQ_FIRST(&l->line));
}

void
link_call_patient(struct link_call *c, int64_t ms)
{
	c->said_ms = clk_mono_ms();
	c->patience_ms = ms;
}

/* ---- calls ---- */

/* A supervisor that is started again is waited for; one that stays away, as
 * on a full disk, is told of at the next tick. */
static int64_t
answer_ms(const struct link *l, int64_t now)
{
	return !l->there && now - l->away_ms > AWAY_MS ? 1 : LINK_ANSWER_MS;
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
	c->patience_ms = LINK_AGAIN_MS;
	snprintf(c->run, sizeof(c->run), "%s", run);
	buf_init(&c->body, CALL_BYTES_MAX);
	c->next = l->all;
	if (l->all != NULL)
		l->all->prev = c;
	l->all = c;
	l->n_calls++;
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
	c->follow_up = s->follow_up;
	c->key = xstrdup(s->key);
	c->digest = xstrdup(s->digest);
	c->follow = s->follow;
	buf_add_span(&c->body, s->input);
	link_call_send(c);
	return c;
}

struct link_call *
link_query(struct link *l, enum proto_ask ask, const char *run,
    const union proto_args *args, const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_QUERY, run, ops, ctx);

	c->ask = ask;
	if (args != NULL)
		proto_put_args(&c->body, ask, args);
	link_call_send(c);
	return c;
}

struct link_call *
link_cancel(
    struct link *l, const char *run, const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_CANCEL, run, ops, ctx);

	link_call_send(c);
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
	link_call_send(c);
	return c;
}

/* The supervisor tells when the time is up; that is waited for. */
static struct link_call *
step_call(struct link *l, const struct link_step *step,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_CALL, "", ops, ctx);

	c->within_ms = step->within_ms;
	c->changes = step->changes;
	buf_init(&c->body, PROTO_MOST(call, step));
	if (l->there)
		c->deadline_ms += step->within_ms;
	proto_put_step(&c->body, &step->step);
	link_call_send(c);
	return c;
}

struct link_call *
link_step(struct link *l, const struct proto_step *step, int64_t within_ms,
    const struct link_ops *ops, void *ctx)
{
	return step_call(l, &(struct link_step){*step, within_ms, false}, ops,
	    ctx);
}

struct link_call *
link_change(struct link *l, const struct proto_step *step, int64_t within_ms,
    const struct link_ops *ops, void *ctx)
{
	return step_call(l, &(struct link_step){*step, within_ms, true}, ops,
	    ctx);
}

struct link_call *
link_remark(struct link *l, const struct link_remark *m,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_REMARK, m->run, ops, ctx);

	c->key = xstrdup(m->id);
	c->digest = xstrdup(m->verdict);
	c->by = xstrdup(m->by);
	buf_adds(&c->body, m->text);
	link_call_send(c);
	return c;
}

struct link_call *
link_follow(struct link *l, const char *run, uint64_t after,
    const struct link_ops *ops, void *ctx)
{
	struct link_call *c = call_new(l, PROTO_FOLLOW, run, ops, ctx);

	c->after = after;
	link_call_send(c);
	return c;
}

void
link_took(struct link_call *c, uint64_t seq)
{
	c->after = seq;
	link_call_patient(c, LINK_QUIET_MS);
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

void
link_hold(struct link_call *c)
{
	if (c->state != CALL_FOLLOWS)
		return;
	link_unfollow(c->l, c->req);
	c->state = CALL_HELD;
}

void
link_go_on(struct link_call *c)
{
	if (c->state != CALL_HELD)
		return;
	req_drop(c);
	req_new(c);
	c->state = CALL_WAITS;
	c->patience_ms = LINK_AGAIN_MS;
	link_call_send(c);
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
		link_unfollow(c->l, c->req);
	link_call_answered(c);
	req_drop(c);
	*(c->prev != NULL ? &c->prev->next : &c->l->all) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->l->n_calls--;
	buf_done(&c->body);
	free(c->key);
	free(c->digest);
	free(c->fork);
	free(c->by);
	free(c);
}
