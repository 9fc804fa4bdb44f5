/*
 * turn.c - the end of a turn: settle, lease, write, hand over, and speak of
 * what is durable.
 *
 * While as many batches as may be are under way, several turns go into one.
 */
#include "supervisor/doors/turn.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "supervisor/run/approve.h"
#include "supervisor/doors/calls.h"
#include "supervisor/doors/dispatch.h"
#include "supervisor/run/engine.h"
#include "supervisor/run/follow.h"
#include "supervisor/run/ledger.h"
#include "supervisor/doors/retry.h"

enum {
	KEEP_EVERY_MS = 60000,
	GHOST_LEASES = 20,
	TURN_MS = 20, /* a turn should not take longer */
	TURN_SHORT_US = 4000,
	/* A slow disk's commit costs the same for many runs as for one: what
	 * the last one's answers bring goes into the next, where most of the
	 * runs under way, less an eighth, come within a quarter of its time. */
	GROUP_LESS = 8,
	GROUP_PATIENCE = 4,
};

/* A gateway that is gone: one that only stood still asks again. */
static void
gateway_gone(void *supervisor, const struct bus_peer *peer)
{
	calls_end_peer(supervisor, peer);
	follow_end_peer(supervisor, peer);
}

static void
peer_gone(void *ctx, struct bus *bus, const struct bus_peer *peer)
{
	struct supervisor *s = ctx;
	struct worker *w;

	if (bus == s->front) {
		gateway_gone(s, peer);
		return;
	}
	w = registry_find(s->workers, peer);
	if (w == NULL)
		return;
	log_warn("worker is gone", "worker", w->name, NULL);
	retry_orphans(s, w, true);
	registry_remove(s->workers, w);
}

static void
drain_check(struct supervisor *s)
{
	if (s->draining && !approve_under_way(s) &&
	    STAILQ_EMPTY(&s->speeches) && s->ops->under_way(s->store) == 0)
		agent_stop(s->agent);
}

static int
on_group(zloop_t *loop UNUSED, int timer UNUSED, void *supervisor)
{
	struct supervisor *s = supervisor;

	s->grouping = false;
	s->gathered = s->n_runs;
	turn_end(s);
	return 0;
}

/* Whether what was gathered is enough for a commit of its own. */
static bool
is_group(struct supervisor *s)
{
	int64_t patience_ms = s->took_us / GROUP_PATIENCE / 1000;

	if (patience_ms == 0 ||
	    s->gathered >= s->n_runs - s->n_runs / GROUP_LESS)
		return true;
	if (!s->grouping)
		zloop_timer(
		    agent_loop(s->agent), (size_t)patience_ms, 1, on_group, s);
	s->grouping = true;
	return false;
}

/* Hands over what the turn wrote. What it says waits for that, or, where it
 * wrote nothing, for what was written before. */
static void
hand_over(struct supervisor *s)
{
	ledger_write(s);
	FAILPOINT(turn_written);
	if (s->ops->under_way(s->store) >= STORE_BATCHES_MAX || !is_group(s))
		return;
	s->gathered = 0;
	s->given_us = clk_mono_us();
	ledger_commit(s);
	if (s->ops->under_way(s->store) == 0)
		ledger_speak(s, s->last_batch, peer_gone);
}

void
turn_begin(struct supervisor *s)
{
	supervisor_at_work(s, NULL);
	if (s->turn_us == 0)
		s->turn_us = clk_mono_us();
}

static void
turn_over(struct supervisor *s)
{
	int64_t took_ms = (clk_mono_us() - s->turn_us) / 1000;
	char text[24];

	/* The loop is everybody's: whoever else waited should be explained. */
	if (s->turn_us != 0 && took_ms > TURN_MS) {
		snprintf(text, sizeof(text), "%lld", (long long)took_ms);
		log_often(LOG_LEVEL_WARN, "a turn took long", "ms", text, NULL);
	}
	s->turn_us = 0;
}

void
turn_end(void *supervisor)
{
	struct supervisor *s = supervisor;

	if (s->broken) {
		ledger_silence(s);
		return;
	}
	/* Few, and somebody looks at an empty page. */
	calls_dispatch(s);
	do {
		engine_settle(s);
		dispatch_all(s);
		/* What must not be begun again ended instead. */
	} while (!TAILQ_EMPTY(&s->settling));
	hand_over(s);
	follow_replay(s);
	turn_over(s);
	FAILPOINT(turn_over);
	drain_check(s);
}

int
turn_settled(
    zloop_t *loop UNUSED, zmq_pollitem_t *item UNUSED, void *supervisor)
{
	struct supervisor *s = supervisor;
	uint64_t upto = 0;
	struct err err;

	if (s->broken)
		return 0;
	turn_begin(s);
	s->took_us = clk_mono_us() - s->given_us;
	if (ledger_good(s, s->ops->settled(s->store, &upto, &err), &err))
		ledger_speak(s, upto, peer_gone);
	turn_end(s);
	return 0;
}

/* A commit costs the same for many as for one: what waits on the other socket
 * comes along, where the turn has time for it. */
void
turn_heard(void *supervisor)
{
	struct supervisor *s = supervisor;
	int64_t since_us = s->turn_us;

	bus_drain(s->front);
	if (since_us == 0 || clk_mono_us() - since_us < TURN_SHORT_US)
		bus_drain(s->back);
	turn_end(s);
}

/* ---- the clock ---- */

static void
end_overdue(struct supervisor *s, int64_t now_ms)
{
	struct run *r, *next;

	for (r = TAILQ_FIRST(&s->runs); r != NULL; r = next) {
		next = TAILQ_NEXT(r, all);
		approve_lapse(s, r, now_ms);
		if (now_ms < r->ends_mono_ms || r->judging)
			continue;
		FAILPOINT(deadline);
		r->deadline_passed = true;
		r->lacks = dispatch_lacks(s, r);
		engine_end(s, r);
	}
}

struct ghosts {
	struct supervisor *s;
	int64_t since_ms;
};

static void
remove_ghost(void *ctx, struct worker *w)
{
	struct ghosts *g = ctx;

	if (w->heard_ms >= g->since_ms &&
	    (w->state != WORKER_LEAVING || w->busy > 0))
		return;
	retry_orphans(g->s, w, w->state != WORKER_LEAVING);
	registry_remove(g->s->workers, w);
}

/* Tells the store, now and then, which runs are old. */
static void
keep(struct supervisor *s, int64_t now_ms)
{
	const struct conf *c = agent_conf(s->agent);

	s->ops->rest(s->store);
	if (now_ms < s->keep_ms)
		return;
	s->keep_ms = now_ms + KEEP_EVERY_MS;
	s->ops->keep(s->store, clk_wall_ms() - c->retain_days * 86400000,
	    c->retain_mb << 20);
}

/*
 * Whether it was this process that stood still, and not those whose words it
 * has not read yet: then they get the time of a renewal to be heard. Once in a
 * while only, or a slow one would never find out who is silent.
 */
static bool
stood_still(struct supervisor *s, int64_t now_ms)
{
	int64_t gap = now_ms - s->ticked_ms;

	s->ticked_ms = now_ms;
	if (gap > s->lease_ms / 2 && now_ms - s->patient_ms > s->lease_ms)
		s->patient_ms = now_ms + s->lease_ms / 3;
	return now_ms < s->patient_ms;
}

int
turn_tick(zloop_t *loop UNUSED, int timer UNUSED, void *supervisor)
{
	struct supervisor *s = supervisor;
	int64_t now = clk_mono_ms();
	struct ghosts g = {s, now - s->lease_ms * GHOST_LEASES};

	if (s->broken)
		return 0;
	turn_begin(s);
	FAILPOINT(tick);
	if (!stood_still(s, now)) {
		retry_lapsed(s, now);
		calls_lapsed(s, now);
		registry_each(s->workers, remove_ghost, &g);
	}
	window_forget(s->windows, now, gateway_gone, s);
	calls_tick(s, now);
	end_overdue(s, now);
	supervisor_at_work(s, NULL);
	keep(s, now);
	rest_tick(&s->rest, s->n_runs > 0 || !s->ops->kept(s->store), now);
	turn_end(s);
	return 0;
}
