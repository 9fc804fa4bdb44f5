/*
 * back.c - workers' messages: join, outcomes, renewals, progress.
 *
 * registry_judge says first whether a message may be sent in the worker's
 * state; a handler only ever sees one that may.
 */
#include "supervisor/doors/back.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "supervisor/doors/calls.h"
#include "supervisor/run/budget.h"
#include "supervisor/run/follow.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"
#include "supervisor/run/outcome.h"
#include "supervisor/doors/retry.h"
#include "supervisor/doors/turn.h"

enum { PROGRESS_EVENTS_MAX = 200 };

/* To one that is unknown here; it must tell this from an answer to what it
 * sent in an earlier life. */
static void
say_who(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg)
{
	struct proto m = {.type = PROTO_WHO};

	m.who.epoch = msg->type == PROTO_RENEW ? msg->renew.epoch
					       : msg->result.epoch;
	ledger_send(s, s->back, peer, &m);
}

static void
send_welcome(struct supervisor *s, const struct worker *w)
{
	struct proto m = {.type = PROTO_WELCOME};

	m.welcome.epoch = s->epoch;
	m.welcome.lease_ms = (uint64_t)s->lease_ms;
	m.welcome.name = span_of(w->name);
	m.welcome.start = w->start;
	m.welcome.edition = w->edition;
	m.welcome.accounts = 1;
	ledger_send(s, s->back, &w->peer, &m);
}

static void
send_renewed(struct supervisor *s, const struct worker *w)
{
	struct proto m = {.type = PROTO_RENEWED};

	m.renewed.epoch = s->epoch;
	m.renewed.edition = w->edition;
	ledger_send(s, s->back, &w->peer, &m);
}

static void
refuse(struct supervisor *s, const struct bus_peer *peer,
    const struct err *why)
{
	struct proto m = {.type = PROTO_REFUSE};

	m.refuse.reason = span_of(why->text);
	log_often(
	    LOG_LEVEL_WARN, "worker refused", "reason", why->text, NULL);
	ledger_send(s, s->back, peer, &m);
}

static void
on_hello(struct supervisor *s, struct worker *w, const struct bus_peer *peer,
    const struct proto *msg)
{
	struct err err;

	FAILPOINT(hello_taken);
	/* A HELLO that came twice, or late, changes nothing: what it holds it
	 * goes on holding. Version N-1 counts no starts. */
	if (w != NULL && msg->hello.start != 0 &&
	    msg->hello.start <= w->start) {
		if (msg->hello.start == w->start)
			send_welcome(s, w);
		return;
	}
	/* It has started afresh: what it held before is lost. */
	if (w != NULL)
		retry_orphans(s, w, false);
	if (registry_hello(s->workers, peer, &msg->hello, &w, &err) != RC_OK) {
		refuse(s, peer, &err);
		return;
	}
	log_info("worker joined", "worker", w->name, "role",
	    node_name(w->role), NULL);
	send_welcome(s, w);
}

/* Said again until a RENEWED tells that it was heard. */
static void
on_tools(struct supervisor *s, struct worker *w, const struct bus_peer *peer,
    const struct proto *msg)
{
	bool newer = msg->tools.edition > w->edition;
	struct err err;

	w->heard_ms = clk_mono_ms();
	if (registry_retool(s->workers, w, &msg->tools, &err) != RC_OK) {
		refuse(s, peer, &err);
		return;
	}
	if (newer)
		log_info("worker has other tools", "worker", w->name, NULL);
	send_renewed(s, w);
}

/* The task this worker holds a current lease of; NULL: a late message. */
static struct task *
held_task(struct supervisor *s, const struct worker *w, uint64_t epoch,
    struct span run, uint64_t number, uint64_t attempt)
{
	struct run *r = lookup_run(s, run);
	struct task *t = r != NULL ? run_find_task(r, number) : NULL;

	if (t == NULL || epoch != s->epoch || t->state != TASK_LEASED ||
	    t->attempt != attempt || t->worker != w)
		return NULL;
	return t;
}

static void
on_result(struct supervisor *s, struct worker *w, const struct bus_peer *peer,
    const struct proto *msg)
{
	const struct proto_result *res = &msg->result;
	struct proto ack = {.type = PROTO_ACK};
	struct task *t =
	    held_task(s, w, res->epoch, res->run, res->task, res->attempt);

	FAILPOINT(result_taken);
	w->heard_ms = clk_mono_ms();
	ack.ack.run = res->run;
	ack.ack.task = res->task;
	ack.ack.attempt = res->attempt;
	ledger_send(s, s->back, peer, &ack);
	if (t != NULL)
		outcome_take(s, t, res);
	else if (res->run.n == 0 && res->epoch == s->epoch)
		calls_result(s, w, res);
	else
		log_often(LOG_LEVEL_DEBUG, "late outcome, not taken", "worker",
		    w->name, NULL);
}

/* It works on what nobody waits for: its REVOKE was lost, or came before the
 * TASK, or the TASK came when the lease had lapsed. */
static void
revoke_stale(struct supervisor *s, const struct worker *w,
    const struct proto_lease *l)
{
	struct proto m = {.type = PROTO_REVOKE};

	m.revoke.run = l->run;
	m.revoke.task = l->task;
	m.revoke.attempt = l->attempt;
	ledger_send(s, s->back, &w->peer, &m);
}

static void
renew_one(
    struct supervisor *s, struct worker *w, uint64_t epoch, struct wire_r *r)
{
	struct proto_lease l;
	struct task *t;
	struct err err;

	if (proto_next_lease(r, &l, &err) != RC_OK)
		return;
	t = held_task(s, w, epoch, l.run, l.task, l.attempt);
	if (t != NULL)
		t->lease_until_ms = clk_mono_ms() + s->lease_ms;
	else if (l.run.n == 0 && calls_has(s, w, l.task, l.attempt))
		return;
	else if (epoch == s->epoch)
		revoke_stale(s, w, &l);
}

static void
on_renew(struct supervisor *s, struct worker *w,
    const struct bus_peer *peer UNUSED, const struct proto *msg)
{
	struct wire_r r = wire_reader(msg->renew.tasks);
	uint32_t n;

	FAILPOINT(renew_taken);
	w->heard_ms = clk_mono_ms();
	for (n = wire_array(&r); n > 0 && !r.bad; n--)
		renew_one(s, w, msg->renew.epoch, &r);
	send_renewed(s, w);
}

static void
emit_progress(struct supervisor *s, struct task *t, const struct worker *w,
    struct span text)
{
	auto_buf b = {0};

	buf_init(&b, PROTO_MOST(said, text) + 1024);
	wire_put_map(&b, 2);
	wire_put_str(&b, "worker");
	wire_put_str(&b, w->name);
	wire_put_str(&b, "text");
	wire_put_span(&b, text);
	ledger_emit(s, t->run, "progress", &b);
}

static void
on_progress(struct supervisor *s, struct worker *w,
    const struct bus_peer *peer UNUSED, const struct proto *msg)
{
	const struct proto_progress *p = &msg->progress;
	struct task *t = held_task(s, w, p->epoch, p->run, p->task, p->attempt);
	struct proto_said said;
	struct err err;

	if (t == NULL)
		return;
	supervisor_at_work(s, t->run);
	if (proto_get_said(p->data, &said, &err) != RC_OK)
		log_often(LOG_LEVEL_DEBUG, "nothing that can be shown",
		    "worker", w->name, "reason", err.text, NULL);
	else if (span_is(p->type, "token"))
		follow_fleeting(s, t->run, "token", p->data);
	else if (span_is(p->type, "progress") && said.text.n != 0 &&
		 t->progress++ < PROGRESS_EVENTS_MAX)
		emit_progress(s, t, w, said.text);
}

/* ---- accounts ---- */

static void
on_reserve(struct supervisor *s, struct worker *w, const struct bus_peer *peer,
    const struct proto *msg)
{
	const struct proto_reserve *m = &msg->reserve;
	struct proto reply = {.type = PROTO_RESERVED};
	struct task *t =
	    held_task(s, w, m->epoch, m->run, m->task, m->attempt);
	struct err why = {""};

	/* Who does not hold it will hear so when it renews. */
	if (t == NULL || t->node != NODE_PLANNER)
		return;
	FAILPOINT(reserve_taken);
	supervisor_at_work(s, t->run);
	reply.reserved.run = m->run;
	reply.reserved.task = m->task;
	reply.reserved.attempt = m->attempt;
	reply.reserved.request = m->request;
	reply.reserved.granted = proto_check(msg, &why) == RC_OK &&
				 budget_reserve(s, t->run, m, &why);
	reply.reserved.why = span_of(why.text);
	ledger_send(s, s->back, peer, &reply);
}

/* What it took is told by whoever made it; its answer counts only where that
 * one still has the turn. */
static void
on_settle(struct supervisor *s, struct worker *w, const struct bus_peer *peer,
    const struct proto *msg)
{
	const struct proto_settle *m = &msg->settle;
	struct proto reply = {.type = PROTO_SETTLED};
	struct task *t =
	    held_task(s, w, m->epoch, m->run, m->task, m->attempt);
	struct err err;

	if (m->epoch != s->epoch || proto_check(msg, &err) != RC_OK)
		return;
	FAILPOINT(settle_taken);
	budget_settle(s, lookup_run(s, m->run), m);
	if (t != NULL && t->node == NODE_PLANNER)
		outcome_keep_paid(s, t, m->answer);
	reply.settled.run = m->run;
	reply.settled.task = m->task;
	reply.settled.attempt = m->attempt;
	reply.settled.request = m->request;
	ledger_send(s, s->back, peer, &reply);
}

static void
on_bye(struct supervisor *s, struct worker *w,
    const struct bus_peer *peer UNUSED, const struct proto *msg)
{
	FAILPOINT(bye_taken);
	if (w->state != WORKER_LEAVING)
		log_info("worker leaves", "worker", w->name, NULL);
	w->state = WORKER_LEAVING;
	if (msg->bye.ends != 0)
		retry_orphans(s, w, false);
}

static const struct {
	enum proto_type type;
	void (*handle)(struct supervisor *, struct worker *,
	    const struct bus_peer *, const struct proto *);
} handlers[] = {
    {PROTO_HELLO, on_hello},
    {PROTO_RESULT, on_result},
    {PROTO_RENEW, on_renew},
    {PROTO_PROGRESS, on_progress},
    {PROTO_BYE, on_bye},
    {PROTO_TOOLS, on_tools},
    {PROTO_RESERVE, on_reserve},
    {PROTO_SETTLE, on_settle},
};

static void
back_on_msg(void *ctx, const struct bus_peer *peer, const struct proto *msg)
{
	struct supervisor *s = ctx;
	struct worker *w = registry_find(s->workers, peer);
	enum judgement v =
	    registry_judge(w != NULL ? w->state : WORKER_UNKNOWN, msg->type);
	size_t i;

	if (s->broken)
		return;
	turn_begin(s);
	if (v == JUDGE_WHO)
		say_who(s, peer, msg);
	for (i = 0; i < ARRAY_LEN(handlers) && v == JUDGE_TAKE; i++)
		if (handlers[i].type == msg->type)
			handlers[i].handle(s, w, peer, msg);
	if (v == JUDGE_DROP)
		log_often(LOG_LEVEL_DEBUG, "message out of turn, dropped",
		    "message", proto_name(msg->type), NULL);
}

static void
back_on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	log_often(LOG_LEVEL_WARN, "a worker sent bytes that are no message",
	    "reason", err->text, NULL);
}

const struct bus_handler back_handler = {
    .on_msg = back_on_msg,
    .on_bad = back_on_bad,
    .on_turn = turn_heard,
};
