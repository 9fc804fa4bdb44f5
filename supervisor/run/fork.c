/*
 * fork.c - a run that goes on from another one's checkpoint.
 *
 * Invariant: a fork owns its state, copied whole into its first update, and
 * shares evidence by hash; so the run it came from may go on, or expire.
 */
#include "supervisor/run/fork.h"

#include "common/wire/wire.h"
#include "supervisor/run/checkpoint.h"

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
	state_encode(state, &whole, NULL, 0);
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

static void
put_origin(struct buf *b, const char *run, int64_t seq)
{
	wire_put_str(b, "forked_from");
	wire_put_map(b, 2);
	wire_put_str(b, "run");
	wire_put_str(b, run);
	wire_put_str(b, "seq");
	wire_put_int(b, seq);
}

/* Where in run that is. */
static enum rc
find_point(struct supervisor *s, const struct lookup_row *run, int64_t seq,
    struct checkpoint *ret, struct state **ret_state, struct err *err)
{
	enum rc rc = checkpoint_before(s, run->row, seq, ret, err);

	if (rc != RC_OK)
		return rc;
	if (seq > run->last_seq || ret->node == NODE_END)
		return err_set(err, RC_INVALID,
		    "investigation %s has nothing to do anew from event %lld "
		    "on: its last event is %lld",
		    run->id, (long long)seq, (long long)run->last_seq);
	return checkpoint_at(s, run->row, ret->n, ret, ret_state, err);
}

enum rc
fork_submission(struct supervisor *s, const struct lookup_row *run, int64_t seq,
    struct span change, struct submission *sub, struct err *err)
{
	struct proto_change own;
	struct checkpoint from;
	struct state *state;
	enum rc rc = proto_get_change(change, &own, err);

	if (rc == RC_OK)
		rc = find_point(s, run, seq, &from, &state, err);
	if (rc != RC_OK)
		return rc;
	sub->n_pairs = 1 + (own.input.n != 0);
	put_origin(&sub->pairs, run->id, from.seq);
	if (own.input.n != 0) {
		wire_put_str(&sub->pairs, "input");
		wire_put_span(&sub->pairs, own.input);
	}
	sub->n_pairs += copy_pairs(&sub->pairs, state, own.input.n != 0);
	sub->node = from.node;
	sub->from_row = run->row;
	sub->evidence_below = state_int(state, "next_evidence", 1);
	state_free(state);
	return RC_OK;
}
