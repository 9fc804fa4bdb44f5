/*
 * turn.c - the end of a turn: write, commit, and only then speak.
 *
 * All that arrived in one turn of the loop shares one commit, whatever runs
 * it belonged to. If the commit fails nothing is sent and the process ends.
 */
#include "common/clk.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "supervisor/supervisor.h"

enum { EXPIRE_EVERY_MS = 60000, EXPIRE_AT_ONCE = 20, GHOST_LEASES = 20,
	COMPACT_BUSY_MS = 5, COMPACT_IDLE_MS = 25 };

void
supervisor_send(struct supervisor *s, struct bus *bus,
    const struct bus_peer *peer, const struct proto *msg)
{
	if (outbox_add(&s->outbox, bus, peer, msg) != RC_OK)
		log_often(LOG_LEVEL_ERROR, "a message is too large to send",
		    "message", proto_name(msg->type), NULL);
}

static void
write_tasks(struct supervisor *s, struct run *r)
{
	struct err err;
	int i;

	for (i = 0; i < r->n_tasks; i++) {
		struct task *t = &r->tasks[i];
		struct store_task row = {
		    .task = t->number,
		    .node = span_of(node_name(t->node)),
		    .index = t->index,
		    .attempt = t->attempt,
		    .state = span_of(task_state_name(t->state)),
		    .worker = span_of(t->worker_name),
		    .outcome = buf_span(&t->outcome),
		    .class = span_of(tool_class_name(t->class)),
		    .approved_by = span_of(t->approved_by),
		    .deaths = t->deaths,
		};

		if (!t->dirty)
			continue;
		t->dirty = false;
		store_good(
		    s, s->ops->task_put(s->store, r->row, &row, &err), &err);
	}
}

static void
write_run(struct supervisor *s, struct run *r)
{
	struct store_run row = {
	    .row = r->row,
	    .id = span_of(r->id),
	    .status = span_of("running"),
	    .reason = span_of(r->reason),
	    .node = span_of(node_name(r->node)),
	    .iteration = r->iteration,
	    .turns = r->turns,
	    .next_task = r->next_task,
	    .next_update = r->next_update,
	    .last_seq = r->last_seq,
	    .recoveries = r->recoveries,
	};
	struct err err;

	/* What has ended was written with its end. */
	if (r->ended || !store_ready(s))
		return;
	write_tasks(s, r);
	store_good(s, s->ops->run_update(s->store, &row, &err), &err);
}

static void
write_dirty(struct supervisor *s)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&s->dirty)) != NULL) {
		TAILQ_REMOVE(&s->dirty, r, dirty_list);
		r->dirty = false;
		write_run(s, r);
	}
}

static bool
commit(struct supervisor *s)
{
	struct err err;

	if (s->broken) {
		if (s->in_txn)
			s->ops->rollback(s->store);
		s->in_txn = false;
		return false;
	}
	if (!s->in_txn)
		return true;
	s->in_txn = false;
	return store_good(s, s->ops->commit(s->store, &err), &err);
}

static void
peer_gone(void *ctx, struct bus *bus, const struct bus_peer *peer)
{
	struct supervisor *s = ctx;
	struct worker *w;

	if (bus == s->front) {
		follow_end_peer(s, peer);
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
	if (s->draining && !approve_under_way(s))
		agent_stop(s->agent);
}

void
turn_end(void *supervisor)
{
	struct supervisor *s = supervisor;

	do {
		dispatch_all(s);
		write_dirty(s);
		FAILPOINT(turn_written);
		if (!commit(s)) {
			outbox_clear(&s->outbox);
			return;
		}
		FAILPOINT(turn_committed);
		outbox_flush(&s->outbox, peer_gone, s);
		FAILPOINT(turn_sent);
		/* A worker that turned out to be gone has changed runs: that
		 * is committed too before anybody hears of it. */
	} while (s->in_txn || !outbox_is_empty(&s->outbox));
	follow_flush(s);
	FAILPOINT(turn_over);
	drain_check(s);
}

/* A commit costs the same for many as for one: what waits on the other socket
 * comes along. */
void
turn_heard(void *supervisor)
{
	struct supervisor *s = supervisor;

	bus_drain(s->front);
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
		if (now_ms < r->ends_mono_ms)
			continue;
		FAILPOINT(deadline);
		r->deadline_passed = true;
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

/* A gateway that is gone: one that only stood still asks again. */
static void
gateway_gone(void *supervisor, const struct bus_peer *peer)
{
	follow_end_peer(supervisor, peer);
}

/* Old runs go; beyond the size limit, the oldest go earlier. A few a tick, for
 * as long as there are more: runs may come by the hundred a second. */
static void
expire(struct supervisor *s, int64_t now_ms)
{
	const struct conf *c = agent_conf(s->agent);
	int64_t before = clk_wall_ms() - c->retain_days * 86400000;
	int64_t old = 0, over = 0;
	struct err err;

	if (now_ms < s->expire_ms || !store_ready(s))
		return;
	if (store_good(s, s->ops->run_expire(s->store, before, EXPIRE_AT_ONCE,
		&old, &err), &err))
		store_good(s, s->ops->run_trim(s->store,
		    c->retain_mb << 20, EXPIRE_AT_ONCE, &over, &err), &err);
	if (MAX(old, over) < EXPIRE_AT_ONCE)
		s->expire_ms = now_ms + EXPIRE_EVERY_MS;
}

/* Finished runs are packed beside the work: at most a tenth of the time while
 * something goes on, half of it else. */
static void
compact(struct supervisor *s)
{
	int64_t until = clk_mono_ms() +
	    (s->n_runs == 0 ? COMPACT_IDLE_MS : COMPACT_BUSY_MS);
	enum rc rc = RC_OK;
	struct err err;

	while (s->may_compact && clk_mono_ms() < until && store_ready(s)) {
		rc = s->ops->run_compact(s->store, 0, &err);
		/* One run that cannot be read must not end the others'. */
		if (rc == RC_INVALID)
			log_error("what is kept of a run is damaged", "reason",
			    err.text, NULL);
		s->may_compact = rc == RC_OK || rc == RC_INVALID;
	}
	if (rc != RC_NOTFOUND && rc != RC_INVALID)
		store_good(s, rc, &err);
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
	FAILPOINT(tick);
	if (!stood_still(s, now)) {
		retry_lapsed(s, now);
		registry_each(s->workers, remove_ghost, &g);
	}
	window_forget(s->windows, now, gateway_gone, s);
	end_overdue(s, now);
	expire(s, now);
	rest_tick(&s->rest, s->n_runs > 0 || s->may_compact, now);
	compact(s);
	turn_end(s);
	return 0;
}
