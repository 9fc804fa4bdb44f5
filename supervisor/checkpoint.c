/*
 * checkpoint.c - reading a run's updates back, as far as is asked for.
 */
#include "supervisor/checkpoint.h"

#include "common/wire.h"
#include "supervisor/front.h"

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

static void
put_checkpoint(struct buf *b, const struct checkpoint *c)
{
	wire_put_str(b, "n");
	wire_put_int(b, c->n);
	wire_put_str(b, "node");
	wire_put_str(b, node_name(c->node));
	wire_put_str(b, "seq");
	wire_put_int(b, c->seq);
}

static void
list_add(struct reading *r, const struct checkpoint *c)
{
	struct front_query *q = r->ctx;

	q->n++;
	wire_put_map(&q->list, 3);
	put_checkpoint(&q->list, c);
}

enum rc
checkpoint_query_list(struct front_query *q, struct err *err)
{
	struct reading r = {
	    .upto = INT64_MAX, .each = list_add, .ctx = q, .err = err};
	struct front_row k;
	auto_buf b = {0};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	if (rc != RC_OK)
		return rc;
	/* Routing bounds the turns of a run, and so this list. */
	buf_init(&q->list, PROTO_BYTES_MAX);
	buf_init(&b, PROTO_BYTES_MAX);
	rc = read_updates(q->s, k.row, &r);
	wire_put_map(&b, 3);
	wire_put_str(&b, "status");
	wire_put_str(&b, k.status);
	wire_put_str(&b, "last_seq");
	wire_put_int(&b, k.last_seq);
	wire_put_str(&b, "checkpoints");
	wire_put_array(&b, q->n);
	wire_put_raw(&b, buf_span(&q->list));
	buf_done(&q->list);
	if (rc == RC_OK)
		rc = buf_check(&b, "the list of checkpoints", err);
	if (rc == RC_OK)
		front_reply_value(q->s, q->peer, q->m->req, buf_span(&b));
	return rc;
}

enum rc
checkpoint_query(struct front_query *q, struct err *err)
{
	int64_t n = wire_find_int(q->m->args, "n", -1);
	struct state *st = NULL;
	struct checkpoint c;
	struct front_row k;
	auto_buf b = {0};
	enum rc rc = front_find(q->s, q->m->run, &k, err);

	buf_init(&b, PROTO_BYTES_MAX - 1024);
	if (rc == RC_OK)
		rc = checkpoint_at(q->s, k.row, n, &c, &st, err);
	if (rc == RC_NOTFOUND && k.found)
		return err_set(err, rc,
		    "investigation %s has no checkpoint %lld", k.id,
		    (long long)n);
	if (rc != RC_OK)
		return rc;
	wire_put_map(&b, 5);
	put_checkpoint(&b, &c);
	wire_put_str(&b, "state");
	state_encode(st, &b, NULL, (struct span){NULL, 0});
	state_free(st);
	wire_put_str(&b, "tools");
	wire_put_raw(&b, registry_tools_encoded(q->s->workers));
	rc = buf_check(&b, "the checkpoint", err);
	if (rc == RC_OK)
		front_reply_value(q->s, q->peer, q->m->req, buf_span(&b));
	return rc;
}
