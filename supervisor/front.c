/*
 * front.c - gateways' messages: submit, follow, read, cancel.
 *
 * What changes something is answered after its commit; what only reads is
 * answered from memory for a run under way and from the store else.
 */
#include <stdlib.h>

#include "common/clk.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/wire.h"
#include "supervisor/checkpoint.h"
#include "supervisor/front.h"

enum { LIST_MAX = 200 };

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
	supervisor_send(s, s->front, peer, &m);
}

void
front_reply_value(struct supervisor *s, const struct bus_peer *peer,
    uint64_t req, struct span value)
{
	struct proto m = {.type = PROTO_REPLY};

	m.reply.req = req;
	m.reply.rc = span_of(rc_name(RC_OK));
	m.reply.value = value;
	supervisor_send(s, s->front, peer, &m);
}

/* ---- rows of the store, kept past the callback ---- */

static void
row_keep(void *ctx, const struct store_run *r)
{
	struct front_row *k = ctx;

	k->found = true;
	snprintf(k->id, sizeof(k->id), "%.*s", SPAN_ARG(r->id));
	snprintf(k->digest, sizeof(k->digest), "%.*s", SPAN_ARG(r->digest));
	snprintf(k->status, sizeof(k->status), "%.*s", SPAN_ARG(r->status));
	k->row = r->row;
	k->created_ms = r->created_ms;
	k->finished_ms = r->finished_ms;
	k->last_seq = r->last_seq;
}

enum rc
front_find(struct supervisor *s, struct span id, struct front_row *ret,
    struct err *err)
{
	enum rc rc;

	memset(ret, 0, sizeof(*ret));
	rc = s->ops->run_find(s->store, id, row_keep, ret, err);
	if (rc == RC_NOTFOUND)
		return err_set(
		    err, rc, "there is no investigation %.*s", SPAN_ARG(id));
	store_good(s, rc, err);
	return rc;
}

static struct run *
run_lookup(struct supervisor *s, const char *id)
{
	return zhash_lookup(s->by_id, id);
}

/* ---- submit ---- */

/* The same request again: the run it started, or a conflict. */
static void
submit_again(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct front_row *k)
{
	struct err err;

	if (!span_is(m->digest, k->digest)) {
		err_set(&err, RC_CONFLICT,
		    "this Idempotency-Key was used "
		    "with another request, for investigation %s",
		    k->id);
		reply(s, peer, m->req, RC_CONFLICT, k->id, &err);
		return;
	}
	FAILPOINT(submit_known);
	reply(s, peer, m->req, RC_OK, k->id, NULL);
	if (m->follow)
		follow_add(s, run_lookup(s, k->id), k->id, k->row, peer, m->req,
		    0, false);
}

static enum rc
submit_check(
    struct supervisor *s, const struct proto_submit *m, struct err *err)
{
	struct wire_r r = wire_reader(m->input);

	if (wire_peek(&r) != WIRE_MAP)
		return err_set(err, RC_INVALID, "a request is a map");
	if (m->key.n > STORE_KEY_MAX || m->digest.n > STORE_KEY_MAX)
		return err_set(err, RC_TOOBIG,
		    "an Idempotency-Key has %d bytes at most", STORE_KEY_MAX);
	if (s->draining)
		return err_set(err, RC_BUSY, "the supervisor is stopping");
	if (s->n_runs >= agent_conf(s->agent)->queue_max)
		return err_set(err, RC_BUSY,
		    "%d investigations are under way, "
		    "which is the limit; try again later",
		    s->n_runs);
	return RC_OK;
}

/* Starts what m asks for; fork is NULL for a run of its own. */
static enum rc
submit_start(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, const struct fork *fork, struct err *err)
{
	struct submission sub = {m->key, m->digest, m->input, fork};
	struct run *r;
	enum rc rc = engine_start(s, &sub, &r, err);

	if (rc != RC_OK)
		return rc;
	FAILPOINT(submit_new);
	reply(s, peer, m->req, RC_OK, r->id, NULL);
	if (m->follow)
		follow_add(s, r, r->id, r->row, peer, m->req, 0, true);
	return RC_OK;
}

/* A request that was not seen before: for a run of its own, or for one that
 * does anew what happened in run from its event from on. */
static enum rc
submit_new(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, struct span run, int64_t from,
    struct err *err)
{
	struct fork *fork = NULL;
	struct front_row k;
	enum rc rc = submit_check(s, m, err);

	if (rc == RC_OK && run.n != 0)
		rc = front_find(s, run, &k, err);
	if (rc == RC_OK && run.n != 0)
		rc = fork_new(s, &k, from, &fork, err);
	if (rc == RC_OK)
		rc = submit_start(s, peer, m, fork, err);
	fork_free(fork);
	return rc;
}

static void
submit(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_submit *m, struct span run, int64_t from)
{
	struct front_row k = {0};
	struct err err;
	enum rc rc;

	if (m->key.n != 0 && m->key.n <= STORE_KEY_MAX) {
		rc = s->ops->run_find_key(s->store, m->key, row_keep, &k, &err);
		if (rc != RC_NOTFOUND && !store_good(s, rc, &err))
			return;
	}
	if (k.found) {
		submit_again(s, peer, m, &k);
		return;
	}
	rc = submit_new(s, peer, m, run, from, &err);
	if (rc != RC_OK)
		reply(s, peer, m->req, rc, "", &err);
}

static void
on_submit(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	submit(s, peer, &msg->submit, (struct span){NULL, 0}, 0);
}

static void
on_fork(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	const struct proto_fork *m = &msg->fork;
	struct proto_submit as = {.req = m->req,
	    .key = m->key,
	    .digest = m->digest,
	    .follow = m->follow,
	    .input = m->input};
	struct err err;

	if (m->run.n != 0) {
		submit(s, peer, &as, m->run,
		    (int64_t)MIN(m->from, (uint64_t)INT64_MAX));
		return;
	}
	err_set(&err, RC_INVALID, "FORK names the run it forks");
	reply(s, peer, m->req, RC_INVALID, "", &err);
}

/* The run, if it is under way: thousands who only ask again whether there is
 * something new must not each cost a look into the store. */
static struct run *
run_under_way(struct supervisor *s, struct span id)
{
	char name[STORE_ID_MAX + 1];

	if (id.n == 0 || id.n > STORE_ID_MAX)
		return NULL;
	memcpy(name, id.p, id.n);
	name[id.n] = '\0';
	return run_lookup(s, name);
}

static void
on_follow(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	const struct proto_follow *m = &msg->follow;
	int64_t after = (int64_t)MIN(m->after, (uint64_t)INT64_MAX);
	struct run *r = run_under_way(s, m->run);
	struct front_row k;
	struct err err;
	enum rc rc;

	FAILPOINT(follow_taken);
	/* Nobody was told of it, and waiting for it would pass over others. */
	if (r != NULL && after > r->last_seq) {
		rc = err_set(&err, RC_INVALID,
		    "investigation %s has no event %lld yet; the last one is "
		    "%lld",
		    r->id, (long long)after, (long long)r->last_seq);
		reply(s, peer, m->req, rc, "", &err);
		return;
	}
	if (r != NULL) {
		follow_add(s, r, r->id, r->row, peer, m->req, after, false);
		return;
	}
	rc = front_find(s, m->run, &k, &err);
	if (rc != RC_OK)
		reply(s, peer, m->req, rc, "", &err);
	else
		follow_add(s, NULL, k.id, k.row, peer, m->req, after, false);
}

static void
on_unfollow(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	follow_end(s, peer, msg->unfollow.req);
}

static void
on_cancel(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	struct front_row k;
	struct err err;
	struct run *r;
	enum rc rc = front_find(s, msg->cancel.run, &k, &err);

	r = rc == RC_OK ? run_lookup(s, k.id) : NULL;
	/* Cancelled before: the answer was lost, or two wanted the same. */
	if (rc == RC_OK && r == NULL &&
	    strcmp(k.status, ending_status(ENDING_CANCELLED)) != 0)
		rc = err_set(&err, RC_CONFLICT,
		    "investigation %s has ended already (%s)", k.id, k.status);
	FAILPOINT(cancel_taken);
	if (r != NULL) {
		r->cancelled = true;
		engine_end(s, r);
	}
	reply(s, peer, msg->cancel.req, rc, k.id, &err);
}

static void
on_decide(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	const struct proto_decide *m = &msg->decide;
	struct front_row k;
	struct err err;
	enum rc rc = front_find(s, m->run, &k, &err);

	if (rc == RC_OK)
		rc = approve_decide(s, run_lookup(s, k.id), k.row, m, &err);
	reply(s, peer, m->req, rc, k.id, &err);
}

/* ---- queries ---- */

static void
put_pair(struct buf *b, const char *key, struct span value)
{
	wire_put_str(b, key);
	wire_put_span(b, value);
}

static void
put_number(struct buf *b, const char *key, int64_t value)
{
	wire_put_str(b, key);
	wire_put_int(b, value);
}

static void
list_add(void *ctx, const struct store_run *r)
{
	struct front_query *q = ctx;

	q->n++;
	q->next = r->row;
	wire_put_map(&q->list, 8);
	put_pair(&q->list, "id", r->id);
	put_pair(&q->list, "input", r->input);
	put_pair(&q->list, "status", r->status);
	put_pair(&q->list, "reason", r->reason);
	put_pair(&q->list, "confidence", r->confidence);
	put_number(&q->list, "created_ms", r->created_ms);
	put_number(&q->list, "finished_ms", r->finished_ms);
	put_number(&q->list, "iteration", r->iteration);
}

static enum rc
query_list(struct front_query *q, struct err *err)
{
	struct span args = q->m->args;
	struct store_list l = {
	    .before_row = wire_find_int(args, "before", 0),
	    .limit = wire_find_int(args, "limit", 50),
	    .status = wire_find_str(args, "status"),
	};
	auto_buf b = {0};
	enum rc rc;

	if (l.limit < 1 || l.limit > LIST_MAX)
		return err_set(
		    err, RC_INVALID, "limit is from 1 to %d", LIST_MAX);
	buf_init(&q->list, PROTO_BYTES_MAX);
	buf_init(&b, PROTO_BYTES_MAX);
	rc = q->s->ops->run_list(q->s->store, &l, list_add, q, err);
	if (rc == RC_OK) {
		wire_put_map(&b, 2);
		wire_put_str(&b, "investigations");
		wire_put_array(&b, q->n);
		wire_put_raw(&b, buf_span(&q->list));
		put_number(&b, "next", q->n == l.limit ? q->next : 0);
		front_reply_value(q->s, q->peer, q->m->req, buf_span(&b));
	}
	buf_done(&q->list);
	return rc;
}

static enum rc
query_show(struct front_query *q, struct err *err)
{
	struct state *st = NULL;
	struct front_row k;
	auto_buf b = {0}, more = {0};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	buf_init(&b, PROTO_BYTES_MAX);
	buf_init(&more, 4096);
	if (rc == RC_OK)
		rc = checkpoint_state(q->s, k.row, &st, err);
	if (rc != RC_OK)
		return rc;
	wire_put_map(&more, 3);
	put_number(&more, "created_ms", k.created_ms);
	put_number(&more, "finished_ms", k.finished_ms);
	put_number(&more, "last_seq", k.last_seq);
	state_encode(st, &b, "run", buf_span(&more));
	state_free(st);
	rc = buf_check(&b, "the investigation's state", err);
	if (rc == RC_OK)
		front_reply_value(q->s, q->peer, q->m->req, buf_span(&b));
	return rc;
}

static void
put_state_key(
    struct buf *b, const struct state *st, const char *key, const char *as)
{
	struct span v = state_get(st, key);

	wire_put_str(b, as);
	if (v.n != 0)
		wire_put_raw(b, v);
	else
		wire_put_nil(b);
}

static enum rc
query_report(struct front_query *q, struct err *err)
{
	struct state *st = NULL;
	struct front_row k;
	auto_buf b = {0};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	buf_init(&b, PROTO_BYTES_MAX);
	if (rc == RC_OK && k.finished_ms == 0)
		return err_set(err, RC_CONFLICT,
		    "investigation %s is still "
		    "under way; follow its events, or ask again",
		    k.id);
	if (rc == RC_OK)
		rc = checkpoint_state(q->s, k.row, &st, err);
	if (rc != RC_OK)
		return rc;
	wire_put_map(&b, 6);
	put_state_key(&b, st, "final_report", "markdown");
	put_state_key(&b, st, "conclusion", "conclusion");
	put_state_key(&b, st, "verdict", "verdict");
	put_state_key(&b, st, "language", "language");
	put_state_key(&b, st, "status", "status");
	put_state_key(&b, st, "reason", "reason");
	state_free(st);
	front_reply_value(q->s, q->peer, q->m->req, buf_span(&b));
	return RC_OK;
}

static void
evidence_found(void *ctx, const struct store_evidence *e)
{
	struct front_query *q = ctx;
	struct proto m = {.type = PROTO_REPLY};

	m.reply.req = q->m->req;
	m.reply.rc = span_of(rc_name(RC_OK));
	m.reply.media = e->media;
	m.reply.bytes = e->bytes;
	q->n = 1;
	supervisor_send(q->s, q->s->front, q->peer, &m);
}

static enum rc
query_evidence(struct front_query *q, struct err *err)
{
	struct span id = wire_find_str(q->m->args, "id");
	struct front_row k;
	char text[20] = "";
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	if (id.n >= 2 && id.n < sizeof(text) && id.p[0] == 'E')
		memcpy(text, id.p + 1, id.n - 1);
	rc = q->s->ops->evidence_get(
	    q->s->store, k.row, atoll(text), evidence_found, q, err);
	if (rc == RC_NOTFOUND)
		return err_set(err, rc,
		    "investigation %s has no evidence "
		    "%.*s",
		    k.id, SPAN_ARG(id));
	return rc;
}

static const struct {
	const char *what;
	enum rc (*answer)(struct front_query *q, struct err *err);
} queries[] = {
    {"list", query_list},
    {"show", query_show},
    {"report", query_report},
    {"evidence", query_evidence},
    {"checkpoints", checkpoint_query_list},
    {"checkpoint", checkpoint_query},
};

static void
on_query(
    struct supervisor *s, const struct bus_peer *peer, const struct proto *msg)
{
	struct front_query q = {.s = s, .peer = peer, .m = &msg->query};
	enum rc rc = RC_INVALID;
	struct err err;
	size_t i;

	FAILPOINT(query_taken);
	err_set(
	    &err, rc, "there is no query \"%.*s\"", SPAN_ARG(msg->query.what));
	for (i = 0; i < ARRAY_LEN(queries); i++)
		if (span_is(msg->query.what, queries[i].what))
			rc = queries[i].answer(&q, &err);
	if (rc != RC_OK)
		reply(s, peer, msg->query.req, rc, "", &err);
}

/* ---- status ---- */

bool
supervisor_ready(const struct supervisor *s, const char **ret_why)
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

static void
on_attach(struct supervisor *s, const struct bus_peer *peer,
    const struct proto *msg UNUSED)
{
	int64_t since = dispatch_alive_since(s);
	struct proto m = {.type = PROTO_STATUS};
	const char *why;
	auto_buf b = {0};

	buf_init(&b, 1024);
	wire_put_map(&b, 3);
	put_number(
	    &b, "planners", registry_count(s->workers, NODE_PLANNER, since));
	put_number(
	    &b, "executors", registry_count(s->workers, NODE_EXECUTOR, since));
	put_number(&b, "running", s->n_runs);
	FAILPOINT(attach_taken);
	m.status.epoch = s->epoch;
	m.status.ready = supervisor_ready(s, &why);
	m.status.reason = span_of(why);
	m.status.detail = buf_span(&b);
	supervisor_send(s, s->front, peer, &m);
}

static const struct {
	enum proto_type type;
	void (*handle)(
	    struct supervisor *, const struct bus_peer *, const struct proto *);
} handlers[] = {
    {PROTO_ATTACH, on_attach},
    {PROTO_SUBMIT, on_submit},
    {PROTO_FORK, on_fork},
    {PROTO_FOLLOW, on_follow},
    {PROTO_UNFOLLOW, on_unfollow},
    {PROTO_QUERY, on_query},
    {PROTO_CANCEL, on_cancel},
    {PROTO_DECIDE, on_decide},
};

static void
front_on_msg(void *ctx, const struct bus_peer *peer, const struct proto *msg)
{
	struct supervisor *s = ctx;
	size_t i;

	if (s->broken)
		return;
	for (i = 0; i < ARRAY_LEN(handlers); i++) {
		if (handlers[i].type == msg->type) {
			handlers[i].handle(s, peer, msg);
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
