/*
 * fork.c - a run that goes on from another one's checkpoint.
 *
 * Invariant: a fork owns its state, copied whole into its first update, and
 * shares evidence by hash; so the run it came from may go on, or expire.
 */
#include <stdlib.h>

#include "common/wire.h"
#include "supervisor/checkpoint.h"
#include "supervisor/front.h"

struct fork {
	char id[STORE_ID_MAX + 1];
	int64_t row;
	struct checkpoint from;
	struct state *state;
	struct proto_change change; /* borrowed */
};

enum rc
fork_new(struct supervisor *s, const struct front_row *run, int64_t seq,
    struct span change, struct fork **ret, struct err *err)
{
	struct fork *f = xcalloc(1, sizeof(*f));
	enum rc rc = proto_get_change(change, &f->change, err);

	f->row = run->row;
	memcpy(f->id, run->id, sizeof(f->id));
	if (rc == RC_OK)
		rc = checkpoint_before(s, f->row, seq, &f->from, err);
	if (rc == RC_OK && (seq > run->last_seq || f->from.node == NODE_END))
		rc = err_set(err, RC_INVALID,
		    "investigation %s has nothing to do anew from event %lld "
		    "on: its last event is %lld",
		    run->id, (long long)seq, (long long)run->last_seq);
	if (rc == RC_OK)
		rc = checkpoint_at(
		    s, f->row, f->from.n, &f->from, &f->state, err);
	if (rc != RC_OK) {
		fork_free(f);
		return rc;
	}
	*ret = f;
	return RC_OK;
}

void
fork_free(struct fork *f)
{
	if (f == NULL)
		return;
	state_free(f->state);
	free(f);
}

/* What a fork does not take over: it says these itself. */
static bool
is_own(struct span key, bool has_input)
{
	return span_is(key, "id") || span_is(key, "seq") ||
	       span_is(key, "forked_from") ||
	       (has_input && span_is(key, "input"));
}

/* The pairs of the copied state that are taken over; how many. */
static uint32_t
copy_pairs(struct buf *b, const struct state *state, bool has_input)
{
	auto_buf whole = {0};
	struct wire_r r;
	uint32_t n, kept = 0;

	buf_init(&whole, 2 * (size_t)STATE_BYTES_MAX);
	state_encode(state, &whole, NULL, (struct span){NULL, 0});
	r = wire_reader(buf_span(&whole));
	for (n = wire_map(&r); n > 0; n--) {
		struct span key = wire_str(&r);
		struct span value = wire_raw(&r);

		if (is_own(key, has_input))
			continue;
		wire_put_span(b, key);
		wire_put_raw(b, value);
		kept++;
	}
	return kept;
}

void
fork_update(const struct run *r, const struct submission *sub, struct buf *b)
{
	const struct fork *f = sub->fork;
	struct span input = f->change.input;
	auto_buf pairs = {0};
	uint32_t kept;

	buf_init(&pairs, STATE_BYTES_MAX);
	kept = copy_pairs(&pairs, f->state, input.n != 0);
	wire_put_map(b, kept + 3 + (input.n != 0));
	run_put_seq(r, b, 1);
	wire_put_str(b, "id");
	wire_put_str(b, r->id);
	wire_put_str(b, "forked_from");
	wire_put_map(b, 2);
	wire_put_str(b, "run");
	wire_put_str(b, f->id);
	wire_put_str(b, "seq");
	wire_put_int(b, f->from.seq);
	if (input.n != 0) {
		wire_put_str(b, "input");
		wire_put_span(b, input);
	}
	buf_add_buf(b, &pairs);
}

void
fork_take(struct run *r, const struct fork *f)
{
	r->node = f->from.node;
	r->iteration = state_int(r->state, "iteration", 0);
	r->turns = state_int(r->state, "turns", 0);
}

bool
fork_evidence(struct supervisor *s, const struct run *r, const struct fork *f)
{
	int64_t below = state_int(f->state, "next_evidence", 1);
	struct err err;

	return store_good(s,
	    s->ops->evidence_share(s->store, f->row, r->row, below, &err),
	    &err);
}
