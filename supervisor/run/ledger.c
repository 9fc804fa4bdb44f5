/*
 * ledger.c - what a run changes, written down, and said once it is durable.
 *
 * All that is written in one turn of the loop goes into one batch of the
 * store, whatever runs it belonged to. If one fails nothing more is sent and
 * the process ends.
 */
#include "supervisor/run/ledger.h"

#include <poll.h>
#include <stdlib.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "supervisor/run/follow.h"

/* What one turn lets out once its batch is durable. */
struct speech {
	STAILQ_ENTRY(speech) list;
	uint64_t batch;
	struct outbox outbox;
	struct telling_list tellings;
};

bool
ledger_good(struct supervisor *s, enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return true;
	/* A disk that fails is no run's fault; want of memory may be. */
	if (rc == RC_IO)
		supervisor_at_work(s, NULL);
	if (!s->broken)
		log_error(rc == RC_CONFLICT
			      ? "another supervisor has taken over; ending"
			      : "the store failed; starting again from the "
				"last commit",
		    "reason", err->text, NULL);
	s->broken = true;
	agent_fail(s->agent);
	return false;
}

/* ---- writing ---- */

void
ledger_dirty(struct supervisor *s, struct run *r)
{
	if (r->dirty)
		return;
	r->dirty = true;
	TAILQ_INSERT_TAIL(&s->dirty, r, dirty_list);
}

/* Nothing that is cut off is kept. Whatever becomes an event was held against
 * what a state may hold, so this is for what nobody thought of. */
static struct span
emit_whole(const struct run *r, const char *type, const struct buf *data)
{
	if (!data->full)
		return buf_span(data);
	log_often(LOG_LEVEL_ERROR, "an event is too large to be kept", "run",
	    r->id, "type", type, NULL);
	return span_make("\x80", 1);
}

void
ledger_emit(struct supervisor *s, struct run *r, const char *type,
    const struct buf *whole)
{
	struct span data = emit_whole(r, type, whole);
	struct err err;

	r->last_seq++;
	proto_put_event(
	    &r->fresh, &(struct proto_event){r->last_seq, span_of(type), data});
	r->n_fresh++;
	ledger_dirty(s, r);
	ledger_good(s,
	    s->ops->event_insert(
		s->store, r->row, r->last_seq, span_of(type), data, &err),
	    &err);
}

bool
ledger_apply(
    struct supervisor *s, struct run *r, struct span update, struct err *err)
{
	struct err why;

	if (state_apply(r->state, update, err) != RC_OK)
		return false;
	/* It makes progress, once this is committed. */
	r->recoveries = MAX(r->recoveries - 1, 0);
	ledger_dirty(s, r);
	ledger_good(s,
	    s->ops->update_insert(s->store, r->row, r->next_update,
		span_of(node_name(r->node)), update, &why),
	    &why);
	r->next_update++;
	return true;
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
		    .until_ms = t->state == TASK_WAITING ? t->until_ms : 0,
		};

		if (!t->dirty)
			continue;
		t->dirty = false;
		ledger_good(
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
	    .deadline_ms = r->deadline_ms,
	    .iteration = r->iteration,
	    .turns = r->turns,
	    .next_task = r->next_task,
	    .next_update = r->next_update,
	    .last_seq = r->last_seq,
	    .recoveries = r->recoveries,
	};
	struct err err;

	/* What has ended was written with its end. */
	if (r->ended)
		return;
	supervisor_at_work(s, r);
	write_tasks(s, r);
	ledger_good(s, s->ops->run_update(s->store, &row, &err), &err);
}

void
ledger_write(struct supervisor *s)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&s->dirty)) != NULL) {
		TAILQ_REMOVE(&s->dirty, r, dirty_list);
		r->dirty = false;
		s->gathered++;
		write_run(s, r);
	}
	supervisor_at_work(s, NULL);
}

void
ledger_keep(struct supervisor *s)
{
	struct pollfd ready = {.fd = s->ops->fd(s->store), .events = POLLIN};
	uint64_t upto = 0;
	struct err err;

	ledger_write(s);
	s->last_batch = s->ops->commit(s->store);
	while (!s->broken && upto < s->last_batch) {
		poll(&ready, 1, -1);
		ledger_good(s, s->ops->settled(s->store, &upto, &err), &err);
	}
}

/* ---- speaking ---- */

void
ledger_send(struct supervisor *s, struct bus *bus, const struct bus_peer *peer,
    const struct proto *msg)
{
	if (outbox_add(&s->outbox, bus, peer, msg) != RC_OK)
		log_often(LOG_LEVEL_ERROR, "a message is too large to send",
		    "message", proto_name(msg->type), NULL);
}

void
ledger_tell(
    struct bus *bus, const struct bus_peer *peer, const struct proto *msg)
{
	/* Whoever asked asks again where the answer does not arrive. */
	if (bus_send(bus, peer, msg) != RC_OK)
		log_debug("an answer was not sent", "message",
		    proto_name(msg->type), NULL);
}

static void
speech_free(struct speech *sp)
{
	struct telling *t;

	while ((t = STAILQ_FIRST(&sp->tellings)) != NULL) {
		STAILQ_REMOVE_HEAD(&sp->tellings, list);
		buf_done(&t->items);
		free(t);
	}
	outbox_done(&sp->outbox);
	free(sp);
}

/* What was said since the last time leaves with that batch. */
static void
speech_add(struct supervisor *s, uint64_t batch)
{
	struct speech *sp = xcalloc(1, sizeof(*sp));

	sp->batch = batch;
	sp->outbox = s->outbox;
	outbox_init(&s->outbox);
	STAILQ_INIT(&sp->tellings);
	follow_gather(s, &sp->tellings);
	STAILQ_INSERT_TAIL(&s->speeches, sp, list);
}

/* Says what waited for batches up to that number. */
void
ledger_speak(struct supervisor *s, uint64_t upto, ledger_gone gone)
{
	struct speech *sp;

	while ((sp = STAILQ_FIRST(&s->speeches)) != NULL && sp->batch <= upto) {
		STAILQ_REMOVE_HEAD(&s->speeches, list);
		FAILPOINT(turn_committed);
		outbox_flush(&sp->outbox, gone, s);
		FAILPOINT(turn_sent);
		follow_tell(s, &sp->tellings);
		speech_free(sp);
	}
}

void
ledger_silence(struct supervisor *s)
{
	struct speech *sp;

	while ((sp = STAILQ_FIRST(&s->speeches)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->speeches, list);
		speech_free(sp);
	}
	outbox_clear(&s->outbox);
}

void
ledger_commit(struct supervisor *s)
{
	uint64_t batch = s->ops->commit(s->store);

	if (batch != 0)
		s->last_batch = batch;
	if (batch != 0 || !outbox_is_empty(&s->outbox))
		speech_add(s, s->last_batch);
}

static void
unsaid_items(struct span items, uint32_t n, ledger_event each, void *ctx)
{
	struct wire_r r = wire_reader(items);

	for (; n > 0 && wire_array(&r) == 3; n--) {
		int64_t seq = wire_int(&r);
		struct span type = wire_str(&r);

		each(ctx, seq, type, wire_raw(&r));
	}
}

void
ledger_unsaid(const struct supervisor *s, const struct run *r,
    ledger_event each, void *ctx)
{
	const struct speech *sp;
	const struct telling *t;

	STAILQ_FOREACH(sp, &s->speeches, list)
	STAILQ_FOREACH(t, &sp->tellings, list)
	if (t->run == r)
		unsaid_items(buf_span(&t->items), t->n, each, ctx);
	unsaid_items(buf_span(&r->fresh), r->n_fresh, each, ctx);
}
