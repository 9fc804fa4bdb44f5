/*
 * front.c - gateways' messages: submit, follow, cancel, decide. What only
 * reads is in query.c.
 *
 * What changes something is answered after its commit.
 */
#include "supervisor/doors/front.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "supervisor/doors/calls.h"
#include "supervisor/run/approve.h"
#include "supervisor/doors/dispatch.h"
#include "supervisor/run/engine.h"
#include "supervisor/run/follow.h"
#include "supervisor/run/fork.h"
#include "supervisor/run/intake.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/letters.h"
#include "supervisor/run/lookup.h"
#include "supervisor/run/remark.h"
#include "supervisor/doors/query.h"
#include "supervisor/doors/turn.h"

static void
reply(struct supervisor *s, const struct bus_peer *peer, uint64_t req,
    enum rc rc, const char *run, const struct err *err)
{
	struct proto m = {.type = PROTO_REPLY};

	m.reply.req = req;
	m.reply.rc = span_of(rc_name(rc));
	m.reply.run = span_of(run);
	if (rc != RC_OK)
		m.reply.text = span_of(err->text);
	ledger_send(s, s->front, peer, &m);
}

/* ---- submit ---- */

/* The same request again: the run it started, or a conflict. */
static enum rc
submit_again(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct lookup_row *k, struct err *err)
{
	if (!span_is(m->digest, k->digest))
		return err_set(err, RC_CONFLICT,
		    "this Idempotency-Key was used "
		    "with another request, for investigation %s",
		    k->id);
	FAILPOINT(submit_known);
	reply(s, peer, m->req, RC_OK, k->id, NULL);
	if (m->follow)
		follow_add(s, lookup_run(s, span_of(k->id)), k->id, k->row,
		    peer, m->req, 0, false);
	return RC_OK;
}

/* What another run a new one goes on from, and how. */
struct origin {
	struct span run; /* empty: from none */
	int64_t from;    /* does anew what its event from and later told */
	bool asks;       /* it has ended, and is asked something else */
};

static enum rc
submit_make(struct supervisor *s, const struct proto_submit *m,
    const struct origin *o, struct submission *sub, struct err *err)
{
	struct lookup_row k;
	enum rc rc;

	if (o->run.n == 0)
		return submission_ask(sub, m->input, agent_conf(s->agent), err);
	rc = lookup_find(s, o->run, &k, err);
	if (rc == RC_OK && o->asks)
		return fork_follow_up(s, &k, m->input, sub, err);
	return rc == RC_OK ? fork_submission(s, &k, o->from, m->input, sub, err)
			   : rc;
}

/* A request that was not seen before. */
static enum rc
submit_new(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct origin *o, struct err *err)
{
	struct submission sub;
	struct run *r;
	enum rc rc = intake_room(s, false, err);

	if (rc != RC_OK)
		return rc;
	submission_init(&sub, m->key, m->digest);
	rc = submit_make(s, m, o, &sub, err);
	if (rc == RC_OK)
		rc = engine_start(s, &sub, &r, err);
	submission_done(&sub);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(submit_new);
	reply(s, peer, m->req, RC_OK, r->id, NULL);
	if (m->follow)
		follow_add(s, r, r->id, r->row, peer, m->req, 0, true);
	return RC_OK;
}

static enum rc
submit(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct origin *o, struct err *err)
{
	struct lookup_row k;
	enum rc rc = RC_NOTFOUND;

	if (m->key.n != 0)
		rc = lookup_key(s, m->key, &k, err);
	if (rc == RC_OK)
		return submit_again(s, peer, m, &k, err);
	if (rc != RC_NOTFOUND)
		return rc;
	return submit_new(s, peer, m, o, err);
}

/* What came by webhook; who sends it again gets the same answer. */
static enum rc
submit_alerts(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct proto_request *rq,
    struct err *err)
{
	struct proto reply = {.type = PROTO_REPLY};
	auto_buf value = {.max = 4096};
	struct intake in;
	enum rc rc = intake_take(s, rq, &in, err);

	if (rc != RC_OK)
		return rc;
	proto_put_taken(&value, &in.taken);
	reply.reply.req = m->req;
	reply.reply.rc = span_of(rc_name(RC_OK));
	reply.reply.run = span_of(in.id);
	reply.reply.value = buf_span(&value);
	ledger_send(s, s->front, peer, &reply);
	return RC_OK;
}

static enum rc
on_submit(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	struct proto_request rq;

	/* What is wrong with the others is told where they are taken. */
	if (proto_get_request(msg->submit.input, &rq, err) == RC_OK &&
	    rq.group.n != 0)
		return submit_alerts(s, peer, &msg->submit, &rq, err);
	return submit(
	    s, peer, &msg->submit, &(struct origin){.from = 0}, err);
}

static enum rc
on_fork(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	const struct proto_fork *m = &msg->fork;
	struct proto_submit as = {.req = m->req,
	    .key = m->key,
	    .digest = m->digest,
	    .follow = m->follow,
	    .input = m->input};

	if (m->run.n == 0)
		return err_set(err, RC_INVALID, "FORK names the run it forks");
	return submit(s, peer, &as,
	    &(struct origin){.run = m->run,
		.from = (int64_t)MIN(m->from, (uint64_t)INT64_MAX),
		.asks = m->follow_up != 0},
	    err);
}

static enum rc
on_follow(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	const struct proto_follow *m = &msg->follow;
	int64_t after = (int64_t)MIN(m->after, (uint64_t)INT64_MAX);
	/* Thousands who only ask again whether there is something new must not
	 * each cost a look into the store. */
	struct run *r = lookup_run(s, m->run);
	struct lookup_row k;
	enum rc rc;

	FAILPOINT(follow_taken);
	/* Nobody was told of it, and waiting for it would pass over others. */
	if (r != NULL && after > r->told_seq)
		return err_set(err, RC_INVALID,
		    "investigation %s has no event %lld yet; the last one is "
		    "%lld",
		    r->id, (long long)after, (long long)r->told_seq);
	if (r != NULL) {
		follow_add(s, r, r->id, r->row, peer, m->req, after, false);
		return RC_OK;
	}
	rc = lookup_find(s, m->run, &k, err);
	if (rc == RC_OK)
		follow_add(s, NULL, k.id, k.row, peer, m->req, after, false);
	return rc;
}

static enum rc
on_unfollow(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err UNUSED)
{
	follow_end(s, peer, msg->unfollow.req);
	return RC_OK;
}

static enum rc
on_cancel(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	struct lookup_row k;
	struct run *r;
	const char *status;
	enum rc rc = lookup_find(s, msg->cancel.run, &k, err);

	if (rc != RC_OK)
		return rc;
	r = lookup_run(s, msg->cancel.run);
	/* The store may not know yet. */
	status = r != NULL ? r->status : k.status;
	/* Cancelled before: the answer was lost, or two wanted the same. */
	if (status != NULL &&
	    strcmp(status, ending_status(ENDING_CANCELLED)) != 0)
		return err_set(err, RC_CONFLICT,
		    "investigation %s has ended already (%s)", k.id, status);
	FAILPOINT(cancel_taken);
	if (r != NULL && !r->ended && !r->judging) {
		r->cancelled = true;
		engine_end(s, r);
	}
	reply(s, peer, msg->cancel.req, RC_OK, k.id, NULL);
	return RC_OK;
}

static enum rc
on_decide(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	const struct proto_decide *m = &msg->decide;
	struct lookup_row k;
	enum rc rc = lookup_find(s, m->run, &k, err);

	if (rc == RC_OK)
		rc = approve_decide(s, lookup_run(s, m->run), k.row, m, err);
	if (rc == RC_OK)
		reply(s, peer, m->req, RC_OK, k.id, NULL);
	return rc;
}

static enum rc
on_remark(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	const struct proto_remark *m = &msg->remark;
	struct lookup_row k;
	enum rc rc = lookup_find(s, m->run, &k, err);

	if (rc == RC_OK)
		rc = remark_take(s, &k, m, err);
	if (rc == RC_OK)
		reply(s, peer, m->req, RC_OK, k.id, NULL);
	return rc;
}

static enum rc
on_query(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	FAILPOINT(query_taken);
	return query_answer(s, peer, &msg->query, err);
}

static enum rc
on_call(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err)
{
	return calls_take(s, peer, &msg->call, err);
}

/* ---- status ---- */

/* Is a planner and an executor there? */
static bool
is_ready(const struct supervisor *s, const char **ret_why)
{
	int64_t since = dispatch_alive_since(s);

	*ret_why = "";
	if (registry_count(s->workers, NODE_PLANNER, since) == 0)
		*ret_why = "no planner has joined";
	else if (registry_count(s->workers, NODE_EXECUTOR, since) == 0)
		*ret_why = "no executor has joined";
	else if (s->draining)
		*ret_why = "the supervisor is stopping";
	return (*ret_why)[0] == '\0';
}

static uint64_t
waits_in_all(const struct supervisor *s)
{
	const struct run *r;
	uint64_t n = 0;

	TAILQ_FOREACH(r, &s->runs, all)
	n += (uint64_t)approve_waits(r);
	return n;
}

/* {status: how many}; of several endings with one status the sum. */
static void
put_ended(struct buf *b, const struct supervisor *s)
{
	static const char *const statuses[] = {
	    "completed", "incomplete", "failed", "cancelled"};
	size_t i;

	wire_put_map(b, ARRAY_LEN(statuses));
	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		enum ending e;
		uint64_t n = 0;

		for (e = ENDING_NONE + 1; e < ENDINGS; e++)
			if (strcmp(ending_status(e), statuses[i]) == 0)
				n += s->n_ended[e];
		wire_put_str(b, statuses[i]);
		wire_put_u64(b, n);
	}
}

static enum rc
on_attach(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg, struct err *err UNUSED)
{
	int64_t since = dispatch_alive_since(s);
	struct proto m = {.type = PROTO_STATUS};
	const char *why;
	struct proto_house house = {
	    .planners = registry_count(s->workers, NODE_PLANNER, since),
	    .executors = registry_count(s->workers, NODE_EXECUTOR, since),
	    .running = s->n_runs,
	    .waits = waits_in_all(s),
	};
	auto_buf b = {.max = 1024}, ended = {.max = 1024};

	put_ended(&ended, s);
	house.ended = buf_span(&ended);
	proto_put_house(&b, &house);
	FAILPOINT(attach_taken);
	m.status.epoch = s->epoch;
	m.status.ready = is_ready(s, &why);
	m.status.reason = span_of(why);
	m.status.detail = buf_span(&b);
	m.status.sent = window_attach(s->windows, peer, msg->attach.seen);
	ledger_tell(s->front, peer, &m);
	letters_hand(s, peer, msg->attach.letters);
	return RC_OK;
}

static enum rc
on_carried(struct supervisor *s, const struct bus_peer *peer UNUSED,
    const struct proto *msg, struct err *err UNUSED)
{
	letters_carried(s, &msg->carried);
	return RC_OK;
}

/* ---- the table ---- */

static const struct handler {
	enum proto_type type;
	/* Not RC_OK: it is refused, and that is told under its req. */
	enum rc (*handle)(struct supervisor *s, const struct bus_peer *peer,
	    const struct proto *msg, struct err *err);
	size_t req; /* where that is in a struct proto; 0: it has none */
} handlers[] = {
#define HANDLER(NAME, name)                                                    \
	{                                                                      \
		PROTO_##NAME, on_##name, offsetof(struct proto, name.req)      \
	}
    {PROTO_ATTACH, on_attach, 0},
    {PROTO_CARRIED, on_carried, 0},
    HANDLER(SUBMIT, submit),
    HANDLER(FORK, fork),
    HANDLER(FOLLOW, follow),
    HANDLER(UNFOLLOW, unfollow),
    HANDLER(QUERY, query),
    HANDLER(CANCEL, cancel),
    HANDLER(DECIDE, decide),
    HANDLER(REMARK, remark),
    HANDLER(CALL, call),
#undef HANDLER
};

static void
take(struct supervisor *s, const struct handler *h, const struct bus_peer *peer,
    const struct proto *msg)
{
	struct err err;
	uint64_t req;
	enum rc rc = proto_check(msg, &err);

	if (rc == RC_OK)
		rc = h->handle(s, peer, msg, &err);
	if (rc == RC_OK || h->req == 0)
		return;
	memcpy(&req, (const char *)msg + h->req, sizeof(req));
	reply(s, peer, req, rc, "", &err);
}

static void
front_on_msg(void *ctx, const struct bus_peer *peer, const struct proto *msg)
{
	struct supervisor *s = ctx;
	size_t i;

	if (s->broken)
		return;
	turn_begin(s);
	for (i = 0; i < ARRAY_LEN(handlers); i++) {
		if (handlers[i].type == msg->type) {
			take(s, &handlers[i], peer, msg);
			return;
		}
	}
	log_often(LOG_LEVEL_WARN, "message not for a gateway to send",
	    "message", proto_name(msg->type), NULL);
}

static void
front_on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	log_often(LOG_LEVEL_WARN, "a gateway sent bytes that are no message",
	    "reason", err->text, NULL);
}

const struct bus_handler front_handler = {
    .on_msg = front_on_msg,
    .on_bad = front_on_bad,
    .on_turn = turn_heard,
};
