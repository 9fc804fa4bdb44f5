/*
 * calls.c - single steps of no run.
 *
 * Invariant: a call counts in its worker's busy exactly while it has one. To
 * the worker it is a task of the run "", which no run is called.
 */
#include "supervisor/doors/calls.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/wire/wire.h"
#include "supervisor/doors/dispatch.h"
#include "supervisor/run/ledger.h"

enum {
	/* What takes its worker along is not tried on all of them. */
	ATTEMPTS_MAX = 2,
};

struct call {
	TAILQ_ENTRY(call) all;
	struct bus_peer peer;
	uint64_t req;
	uint64_t number;
	uint64_t attempt;
	int64_t until_ms;
	struct worker *worker; /* NULL: it waits for one */
	struct span tool;      /* in step */
	struct buf step;       /* the TASK's input */
};

struct calls {
	TAILQ_HEAD(, call) all;
	int n;
	size_t bytes;
	uint64_t numbers;
};

struct calls *
calls_new(void)
{
	struct calls *c = xcalloc(1, sizeof(*c));

	TAILQ_INIT(&c->all);
	return c;
}

static void
call_free(struct calls *all, struct call *c)
{
	TAILQ_REMOVE(&all->all, c, all);
	all->n--;
	all->bytes -= c->step.len;
	if (c->worker != NULL)
		c->worker->busy--;
	buf_done(&c->step);
	free(c);
}

void
calls_free(struct calls *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->all))
		call_free(c, TAILQ_FIRST(&c->all));
	free(c);
}

/* ---- what is told ---- */

static void
call_revoke(struct supervisor *s, const struct call *c)
{
	struct proto m = {.type = PROTO_REVOKE};

	if (c->worker == NULL)
		return;
	m.revoke.task = c->number;
	m.revoke.attempt = c->attempt;
	ledger_tell(s->back, &c->worker->peer, &m);
}

static void
call_reply(struct supervisor *s, const struct call *c, struct proto *m)
{
	m->type = PROTO_REPLY;
	m->reply.req = c->req;
	ledger_tell(s->front, &c->peer, m);
}

static void
call_refuse(
    struct supervisor *s, const struct call *c, enum rc rc, struct span why)
{
	struct proto m = {0};

	m.reply.rc = span_of(rc_name(rc));
	m.reply.text = why;
	call_reply(s, c, &m);
}

/* ---- its beginning ---- */

static struct call *
call_find(const struct calls *all, const struct bus_peer *peer, uint64_t req)
{
	struct call *c;

	TAILQ_FOREACH(c, &all->all, all)
	if (c->req == req && bus_peer_equal(&c->peer, peer))
		return c;
	return NULL;
}

static enum rc
call_check(
    const struct supervisor *s, const struct proto_call *m, struct err *err)
{
	const struct calls *all = s->calls;
	enum tool_class class;
	struct proto_step step;
	enum rc rc = proto_get_step(m->step, &step, err);

	if (rc != RC_OK)
		return rc;
	if (!registry_class(s->workers, step.tool, &class))
		return err_set(err, RC_BUSY,
		    "no executor that is here has the tool %.*s",
		    SPAN_ARG(step.tool));
	/* Its gateway asks again, and an executor may be gone before it could
	 * say that it was done. */
	if (class == TOOL_UNSAFE || (class != TOOL_READ && m->changes == 0))
		return err_set(err, RC_DENIED,
		    "the tool %.*s changes something, which only an "
		    "investigation may ask for",
		    SPAN_ARG(step.tool));
	if (all->n >= CALLS_MAX || all->bytes + m->step.n > CALLS_BYTES_MAX)
		return err_set(err, RC_BUSY,
		    "%d other questions are under way; try again later",
		    all->n);
	return RC_OK;
}

enum rc
calls_take(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_call *m, struct err *err)
{
	struct calls *all = s->calls;
	struct proto_step step;
	struct call *c;
	enum rc rc;

	if (call_find(all, peer, m->req) != NULL)
		return RC_OK;
	rc = call_check(s, m, err);
	if (rc != RC_OK)
		return rc;
	c = xcalloc(1, sizeof(*c));
	c->peer = *peer;
	c->req = m->req;
	c->number = ++all->numbers;
	c->until_ms = clk_mono_ms() + (int64_t)m->within_ms;
	buf_init(&c->step, m->step.n);
	buf_add_span(&c->step, m->step);
	rc = proto_get_step(buf_span(&c->step), &step, err);
	c->tool = step.tool;
	TAILQ_INSERT_TAIL(&all->all, c, all);
	all->n++;
	all->bytes += c->step.len;
	return rc;
}

static void
call_lease(struct supervisor *s, struct call *c, struct worker *w)
{
	struct proto m = {.type = PROTO_TASK};

	c->worker = w;
	c->attempt++;
	w->busy++;
	m.task.epoch = s->epoch;
	m.task.task = c->number;
	m.task.attempt = c->attempt;
	m.task.deadline_ms = (uint64_t)MAX(c->until_ms - clk_mono_ms(), 1);
	m.task.input = buf_span(&c->step);
	ledger_tell(s->back, &w->peer, &m);
}

void
calls_dispatch(struct supervisor *s)
{
	int64_t since = dispatch_alive_since(s);
	struct call *c;

	TAILQ_FOREACH(c, &s->calls->all, all)
	{
		struct worker *w;

		if (c->worker != NULL)
			continue;
		w = registry_pick(s->workers, NODE_EXECUTOR, c->tool, since);
		if (w != NULL)
			call_lease(s, c, w);
	}
}

/* ---- its end ---- */

static struct call *
call_of(const struct supervisor *s, const struct worker *w, uint64_t number,
    uint64_t attempt)
{
	struct call *c;

	TAILQ_FOREACH(c, &s->calls->all, all)
	if (c->number == number && c->attempt == attempt && c->worker == w)
		return c;
	return NULL;
}

bool
calls_has(const struct supervisor *s, const struct worker *w, uint64_t number,
    uint64_t attempt)
{
	return call_of(s, w, number, attempt) != NULL;
}

void
calls_result(
    struct supervisor *s, struct worker *w, const struct proto_result *r)
{
	struct call *c = call_of(s, w, r->task, r->attempt);
	struct proto m = {0};
	struct proto_outcome o;
	struct err err;

	if (c == NULL)
		return;
	if (proto_get_outcome(r->update, &o, &err) != RC_OK) {
		call_refuse(s, c, RC_UPSTREAM, span_of(err.text));
	} else if (o.feedback.n == 0) {
		call_refuse(s, c, RC_UPSTREAM, o.error);
	} else {
		m.reply.rc = span_of(rc_name(RC_OK));
		m.reply.value = o.feedback;
		m.reply.bytes = r->evidence;
		m.reply.media = r->media;
		call_reply(s, c, &m);
	}
	call_free(s->calls, c);
}

void
calls_tick(struct supervisor *s, int64_t now_ms)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&s->calls->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->until_ms > now_ms)
			continue;
		call_revoke(s, c);
		call_refuse(s, c, RC_TIMEOUT,
		    span_of(c->worker != NULL
				? "the executor did not answer in time"
				: "no executor had room in time"));
		call_free(s->calls, c);
	}
}

void
calls_orphaned(struct supervisor *s, struct worker *w)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&s->calls->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->worker != w)
			continue;
		w->busy--;
		c->worker = NULL;
		if (c->attempt < ATTEMPTS_MAX)
			continue;
		call_refuse(s, c, RC_UPSTREAM,
		    span_of("two executors were gone before they answered"));
		call_free(s->calls, c);
	}
}

static struct call *
call_lapsed(const struct supervisor *s, int64_t now_ms)
{
	struct call *c;

	TAILQ_FOREACH(c, &s->calls->all, all)
	if (c->worker != NULL &&
	    c->worker->heard_ms + s->lease_ms < now_ms)
		return c;
	return NULL;
}

void
calls_lapsed(struct supervisor *s, int64_t now_ms)
{
	struct call *c;

	while ((c = call_lapsed(s, now_ms)) != NULL)
		calls_orphaned(s, c->worker);
}

void
calls_end_peer(struct supervisor *s, const struct bus_peer *peer)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&s->calls->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (!bus_peer_equal(&c->peer, peer))
			continue;
		call_revoke(s, c);
		call_free(s->calls, c);
	}
}
