/*
 * checkpoint.c - reading a run's updates back, as far as is asked for.
 */
#include "supervisor/checkpoint.h"

#include "common/wire.h"
#include "supervisor/query.h"

struct reading {
	int64_t upto;        /* updates after this number are left out */
	struct state *state; /* NULL: only which there are */
	struct checkpoint last;
	bool found;
	/* Called for each; may be NULL. */
	void (*each)(struct reading *r, const struct checkpoint *c);
	void *ctx;
	enum rc rc;
	struct err *err;
};

static void
take(void *ctx, int64_t n, struct span node, struct span update)
{
	struct reading *r = ctx;
	struct checkpoint c = {.n = n, .seq = wire_find_int(update, "seq", 0)};
	char name[32];

	if (r->rc != RC_OK || n > r->upto)
		return;
	snprintf(name, sizeof(name), "%.*s", SPAN_ARG(node));
	r->rc = node_parse(name, &c.node, r->err);
	if (r->rc == RC_OK && r->state != NULL)
		r->rc = state_fold(r->state, update, r->err);
	if (r->rc == RC_OK && r->each != NULL)
		r->each(r, &c);
	r->last = c;
	r->found = true;
}

static enum rc
read_updates(struct supervisor *s, int64_t row, struct reading *r)
{
	enum rc rc = s->ops->update_each(s->store, row, take, r, r->err);

	return rc != RC_OK ? rc : r->rc;
}

enum rc
checkpoint_at(struct supervisor *s, int64_t row, int64_t n,
    struct checkpoint *ret, struct state **ret_state, struct err *err)
{
	struct reading r = {.upto = n, .state = state_new(), .err = err};
	enum rc rc = read_updates(s, row, &r);

	if (rc == RC_OK && (!r.found || (n != INT64_MAX && r.last.n != n)))
		rc = err_set(err, RC_NOTFOUND, "there is no checkpoint %lld",
		    (long long)n);
	if (rc != RC_OK) {
		state_free(r.state);
		return rc;
	}
	*ret = r.last;
	*ret_state = r.state;
	return RC_OK;
}

enum rc
checkpoint_state(
    struct supervisor *s, int64_t row, struct state **ret, struct err *err)
{
	struct checkpoint ignored;

	return checkpoint_at(s, row, INT64_MAX, &ignored, ret, err);
}

struct before {
	int64_t seq;
	struct checkpoint found;
	bool any, unnumbered;
};

static void
see_before(struct reading *r, const struct checkpoint *c)
{
	struct before *b = r->ctx;

	b->unnumbered = b->unnumbered || c->seq == 0;
	if (!b->any || (c->seq != 0 && c->seq < b->seq))
		b->found = *c;
	b->any = true;
}

enum rc
checkpoint_before(struct supervisor *s, int64_t row, int64_t seq,
    struct checkpoint *ret, struct err *err)
{
	struct before b = {.seq = seq};
	struct reading r = {
	    .upto = INT64_MAX, .each = see_before, .ctx = &b, .err = err};
	enum rc rc = read_updates(s, row, &r);

	if (rc != RC_OK)
		return rc;
	if (seq < 1)
		return err_set(err, RC_INVALID,
		    "events are numbered from 1; there is no event %lld",
		    (long long)seq);
	if (b.unnumbered && seq > 1)
		return err_set(err, RC_INVALID,
		    "this investigation was kept by an earlier build, without "
		    "the events' numbers; only its beginning can be told");
	if (!b.any)
		return err_set(err, RC_NOTFOUND, "it has no checkpoint");
	*ret = b.found;
	return RC_OK;
}

/* ---- queries ---- */

struct marks {
	struct buf list;
	uint32_t n;
};

static void
mark_add(struct reading *r, const struct checkpoint *c)
{
	struct marks *m = r->ctx;

	m->n++;
	proto_put_mark(&m->list,
	    &(struct proto_mark){
		.n = c->n, .node = span_of(node_name(c->node)), .seq = c->seq});
}

/* Routing bounds the turns of a run, and so this list. */
static void
marks_put(struct buf *b, const struct front_row *k, const struct marks *m)
{
	auto_buf list = {.max = PROTO_BYTES_MAX};

	wire_put_array(&list, m->n);
	buf_add_buf(&list, &m->list);
	proto_put_kept(b, &(struct proto_kept){.status = span_of(k->status),
			      .last_seq = k->last_seq,
			      .checkpoints = buf_span(&list)});
	buf_mark(b, &list);
}

enum rc
query_checkpoints(struct query *q, struct err *err)
{
	struct marks m = {.n = 0};
	struct reading r = {
	    .upto = INT64_MAX, .each = mark_add, .ctx = &m, .err = err};
	struct front_row k;
	auto_buf b = {.max = PROTO_BYTES_MAX};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	buf_init(&m.list, PROTO_BYTES_MAX);
	rc = read_updates(q->s, k.row, &r);
	if (rc == RC_OK)
		marks_put(&b, &k, &m);
	buf_done(&m.list);
	return rc == RC_OK ? query_reply(q, &b, err) : rc;
}

enum rc
query_checkpoint(struct query *q, struct err *err)
{
	int64_t n = (int64_t)q->args.checkpoint.n;
	struct state *st = NULL;
	struct checkpoint c;
	struct front_row k;
	auto_buf b = {.max = PROTO_BYTES_MAX}, state = {.max = PROTO_BYTES_MAX};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	rc = checkpoint_at(q->s, k.row, n, &c, &st, err);
	if (rc == RC_NOTFOUND)
		return err_set(err, rc,
		    "investigation %s has no checkpoint %lld", k.id,
		    (long long)n);
	if (rc != RC_OK)
		return rc;
	state_encode(st, &state, NULL, (struct span){NULL, 0});
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
