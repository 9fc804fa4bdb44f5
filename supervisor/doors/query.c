/*
 * query.c - what gateways read, answered from the store: a function for each
 * query of the list.
 */
#include "supervisor/doors/query.h"

#include "common/report/evidence_id.h"
#include "common/wire/wire.h"
#include "supervisor/doors/list.h"
#include "supervisor/run/approve.h"
#include "supervisor/run/checkpoint.h"
#include "supervisor/run/incident.h"
#include "supervisor/run/remark.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"

/* A QUERY that is being answered. */
struct query {
	struct supervisor *s;
	const struct bus_peer *peer;
	const struct proto_query *m;
	union proto_args args; /* within their bounds */
};

enum {
	/* What stands around a value in its message. */
	REPLY_HEAD_BYTES = 4096,
	VALUE_BYTES_MAX = PROTO_BYTES_MAX - REPLY_HEAD_BYTES,
};

/* Answers with a value, which is copied. RC_TOOBIG: it fits no message. */
static enum rc
query_reply(const struct query *q, const struct buf *value, struct err *err)
{
	struct proto m = {.type = PROTO_REPLY};

	if (value->full || value->len > VALUE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "the answer is larger than a message may be, which is %d "
		    "MiB",
		    PROTO_BYTES_MAX >> 20);
	m.reply.req = q->m->req;
	m.reply.rc = span_of(rc_name(RC_OK));
	m.reply.value = buf_span(value);
	ledger_tell(q->s->front, q->peer, &m);
	return RC_OK;
}

static enum rc
query_list(struct query *q, struct err *err)
{
	auto_buf b = {.max = VALUE_BYTES_MAX};
	enum rc rc =
	    list_look(q->s, &q->args.list, VALUE_BYTES_MAX, &b, err);

	return rc == RC_OK ? query_reply(q, &b, err) : rc;
}

/* ---- one run ---- */

/* What came by webhook for a run, with a list of it; empty: it is no
 * webhook's. */
static struct span
put_gathered(const struct supervisor *s, struct buf *b, const char *run,
    const struct buf *list)
{
	const struct incident *i = incident_of_run(s->incidents, run);

	if (i != NULL)
		incident_put(b, i, buf_span(list));
	return buf_span(b);
}

static enum rc
query_show(struct query *q, struct err *err)
{
	struct state *st = NULL;
	struct lookup_row k;
	auto_buf b = {.max = VALUE_BYTES_MAX}, more = {.max = VALUE_BYTES_MAX};
	auto_buf waits = {.max = VALUE_BYTES_MAX};
	auto_buf list = {.max = VALUE_BYTES_MAX};
	auto_buf remarks = {.max = VALUE_BYTES_MAX};
	auto_buf alerts = {.max = VALUE_BYTES_MAX};
	const struct run *live = lookup_run(q->s, q->m->run);
	enum rc rc = lookup_find(q->s, q->m->run, &k, err);

	if (rc == RC_OK)
		rc = incident_put_list(q->s, &list, k.row, err);
	if (rc == RC_OK)
		rc = remark_put_list(q->s, &remarks, span_of(k.id), err);
	if (rc == RC_OK)
		rc = checkpoint_state(q->s, k.row, &st, err);
	if (rc != RC_OK)
		return rc;
	if (live != NULL)
		approve_put(&waits, live);
	else
		wire_put_array(&waits, 0);
	proto_put_shown(&more, &(struct proto_shown){.created_ms = k.created_ms,
				   .finished_ms = k.finished_ms,
				   .last_seq = k.last_seq,
				   .waits = buf_span(&waits),
				   .alerts = put_gathered(
				       q->s, &alerts, k.id, &list),
				   .remarks = buf_span(&remarks)});
	buf_mark(&more, &remarks);
	buf_mark(&more, &waits);
	buf_mark(&more, &alerts);
	state_encode(
	    st, &b, &(struct state_extra){"run", buf_span(&more)}, 1);
	state_free(st);
	return query_reply(q, &b, err);
}

static enum rc
query_report(struct query *q, struct err *err)
{
	struct state *st = NULL;
	struct lookup_row k;
	auto_buf b = {.max = VALUE_BYTES_MAX};
	enum rc rc = lookup_find(q->s, q->m->run, &k, err);

	if (rc == RC_OK && k.finished_ms == 0)
		return err_set(err, RC_CONFLICT,
		    "investigation %s is still "
		    "under way; follow its events, or ask again",
		    k.id);
	if (rc == RC_OK)
		rc = checkpoint_state(q->s, k.row, &st, err);
	if (rc != RC_OK)
		return rc;
	proto_put_told(
	    &b, &(struct proto_told){.markdown = state_str(st, "final_report"),
		    .conclusion = state_get(st, "conclusion"),
		    .verdict = state_get(st, "verdict"),
		    .language = state_str(st, "language"),
		    .status = state_str(st, "status"),
		    .reason = state_str(st, "reason")});
	state_free(st);
	return query_reply(q, &b, err);
}

static void
evidence_found(void *ctx, const struct store_evidence *e)
{
	const struct query *q = ctx;
	struct proto m = {.type = PROTO_REPLY};

	m.reply.req = q->m->req;
	m.reply.rc = span_of(rc_name(RC_OK));
	m.reply.media = e->media;
	m.reply.bytes = e->bytes;
	ledger_tell(q->s->front, q->peer, &m);
}

static enum rc
query_evidence(struct query *q, struct err *err)
{
	struct span id = q->args.evidence.id;
	struct lookup_row k;
	int64_t number;
	enum rc rc = lookup_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	rc = RC_NOTFOUND;
	if (evidence_id_parse(id, &number))
		rc = q->s->ops->evidence_get(
		    q->s->store, k.row, number, evidence_found, q, err);
	if (rc == RC_NOTFOUND)
		return err_set(err, rc,
		    "investigation %s has no evidence "
		    "%.*s",
		    k.id, SPAN_ARG(id));
	return rc;
}

/* ---- checkpoints ---- */

struct marks {
	struct buf list;
	uint32_t n;
};

static void
mark_add(void *ctx, const struct checkpoint *c)
{
	struct marks *m = ctx;

	m->n++;
	proto_put_mark(&m->list,
	    &(struct proto_mark){
		.n = c->n, .node = span_of(node_name(c->node)), .seq = c->seq});
}

/* Routing bounds the turns of a run, and so this list. */
static void
marks_put(struct buf *b, const struct lookup_row *k, const struct marks *m)
{
	auto_buf list = {.max = PROTO_BYTES_MAX};

	wire_put_array(&list, m->n);
	buf_add_buf(&list, &m->list);
	proto_put_kept(b, &(struct proto_kept){.status = span_of(k->status),
			      .last_seq = k->last_seq,
			      .checkpoints = buf_span(&list)});
	buf_mark(b, &list);
}

static enum rc
query_checkpoints(struct query *q, struct err *err)
{
	struct marks m = {.n = 0};
	struct lookup_row k;
	auto_buf b = {.max = PROTO_BYTES_MAX};
	enum rc rc = lookup_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	buf_init(&m.list, PROTO_BYTES_MAX);
	rc = checkpoint_each(q->s, k.row, mark_add, &m, err);
	if (rc == RC_OK)
		marks_put(&b, &k, &m);
	buf_done(&m.list);
	return rc == RC_OK ? query_reply(q, &b, err) : rc;
}

static enum rc
query_checkpoint(struct query *q, struct err *err)
{
	int64_t n = (int64_t)q->args.checkpoint.n;
	struct state *st = NULL;
	struct checkpoint c;
	struct lookup_row k;
	auto_buf b = {.max = PROTO_BYTES_MAX}, state = {.max = PROTO_BYTES_MAX};
	enum rc rc = lookup_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	rc = checkpoint_at(q->s, k.row, n, &c, &st, err);
	if (rc == RC_NOTFOUND)
		return err_set(err, rc,
		    "investigation %s has no checkpoint %lld", k.id,
		    (long long)n);
	if (rc != RC_OK)
		return rc;
	state_encode(st, &state, NULL, 0);
	state_free(st);
	proto_put_point(
	    &b, &(struct proto_point){.n = c.n,
		    .node = span_of(node_name(c.node)),
		    .seq = c.seq,
		    .state = buf_span(&state),
		    .tools = registry_tools_encoded(q->s->workers)});
	buf_mark(&b, &state);
	return query_reply(q, &b, err);
}

static enum rc
query_catalogue(struct query *q, struct err *err)
{
	struct span tools = registry_tools_encoded(q->s->workers);
	auto_buf b = {.max = VALUE_BYTES_MAX};

	buf_add_span(&b, tools);
	return query_reply(q, &b, err);
}

/* ---- which ---- */

enum rc
query_answer(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_query *m, struct err *err)
{
	static enum rc (*const answers[])(
	    struct query * q, struct err * err) = {
#define QUERY(name, NAME, what) [PROTO_ASK_##NAME] = query_##name,
#include "common/wire/proto_messages.def"
	};
	struct query q = {.s = s, .peer = peer, .m = m};
	enum proto_ask ask = PROTO_ASKS;
	enum rc rc = proto_get_args(m, &ask, &q.args, err);

	return rc == RC_OK ? answers[ask](&q, err) : rc;
}
