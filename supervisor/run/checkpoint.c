/*
 * checkpoint.c - reading a run's updates back, as far as is asked for.
 */
#include "supervisor/run/checkpoint.h"

#include "common/wire/wire.h"

struct reading {
	int64_t upto;        /* updates after this number are left out */
	struct state *state; /* NULL: only which there are */
	struct checkpoint last;
	bool found;
	/* Called for each; may be NULL. */
	checkpoint_seen each;
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
		r->each(r->ctx, &c);
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

enum rc
checkpoint_each(struct supervisor *s, int64_t row, checkpoint_seen each,
    void *ctx, struct err *err)
{
	struct reading r = {
	    .upto = INT64_MAX, .each = each, .ctx = ctx, .err = err};

	return read_updates(s, row, &r);
}

struct before {
	int64_t seq;
	struct checkpoint found;
	bool any, unnumbered;
};

static void
see_before(void *ctx, const struct checkpoint *c)
{
	struct before *b = ctx;

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
	enum rc rc = checkpoint_each(s, row, see_before, &b, err);

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
