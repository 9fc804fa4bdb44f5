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
static const char *const own[] = {"id", "seq", "forked_from", "spent", NULL};
/* And one that asks something else: how the other came to its end. */
static const char *const ended[] = {"input", "follows", "planner_plan",
    "decision", "final_report", "verdict", "status", "reason", "iteration",
    "turns", "failures", "notes", NULL};
static const char *const input[] = {"input", NULL};

static bool
is_in(struct span key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (span_is(key, *names))
			return true;
	return false;
}

/* The pairs of the copied state that are taken over, which are none of those;
 * how many. */
static uint32_t
copy_pairs(struct buf *b, const struct state *state, const char *const *but)
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

		if (is_in(key, own) || is_in(key, but))
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

/* What both begin with, but for where. */
static void
begin(struct submission *sub, const struct lookup_row *run,
    const struct checkpoint *from, const struct state *state,
    const char *const *but)
{
	sub->n_pairs += 1 + copy_pairs(&sub->pairs, state, but);
	put_origin(&sub->pairs, run->id, from->seq);
	sub->from_row = run->row;
	sub->evidence_below = state_int(state, "next_evidence", 1);
}

enum rc
fork_submission(struct supervisor *s, const struct lookup_row *run, int64_t seq,
    struct span change, struct submission *sub, struct err *err)
{
	static const char *const nothing[] = {NULL};
	struct proto_change own_part;
	struct checkpoint from;
	struct state *state;
	bool asks;
	enum rc rc = proto_get_change(change, &own_part, err);

	if (rc == RC_OK)
		rc = find_point(s, run, seq, &from, &state, err);
	if (rc != RC_OK)
		return rc;
	asks = own_part.input.n != 0;
	if (asks) {
		sub->n_pairs++;
		wire_put_str(&sub->pairs, "input");
		wire_put_span(&sub->pairs, own_part.input);
	}
	begin(sub, run, &from, state, asks ? input : nothing);
	sub->node = from.node;
	state_free(state);
	return RC_OK;
}

/* ---- a question to one that has ended ---- */

static void
see_last(void *ctx, const struct checkpoint *c)
{
	struct checkpoint *last = ctx;

	if (c->node != NODE_END)
		*last = *c;
}

static void
put_question(struct submission *sub, const struct lookup_row *run,
    const struct state *state, struct span question)
{
	struct buf *b = &sub->pairs;

	sub->n_pairs += 4;
	wire_put_str(b, "input");
	wire_put_span(b, question);
	wire_put_str(b, "status");
	wire_put_str(b, "running");
	wire_put_str(b, "iteration");
	wire_put_int(b, 0);
	wire_put_str(b, "follows");
	wire_put_map(b, 2);
	wire_put_str(b, "run");
	wire_put_str(b, run->id);
	wire_put_str(b, "input");
	wire_put_span(b, state_str(state, "input"));
}

enum rc
fork_follow_up(struct supervisor *s, const struct lookup_row *run,
    struct span change, struct submission *sub, struct err *err)
{
	struct proto_change asked;
	struct checkpoint from = {0};
	struct state *state;
	enum rc rc = proto_get_change(change, &asked, err);

	if (rc == RC_OK && asked.input.n == 0)
		return err_set(err, RC_INVALID, "there is no question");
	if (rc == RC_OK && run->finished_ms == 0)
		return err_set(err, RC_CONFLICT,
		    "investigation %s is still under way; ask when it has "
		    "ended, or fork it",
		    run->id);
	if (rc == RC_OK)
		rc = checkpoint_each(s, run->row, see_last, &from, err);
	if (rc == RC_OK)
		rc = checkpoint_at(s, run->row, from.n, &from, &state, err);
	if (rc != RC_OK)
		return rc;
	put_question(sub, run, state, asked.input);
	begin(sub, run, &from, state, ended);
	sub->node = NODE_START;
	state_free(state);
	return RC_OK;
}
