/*
 * link.c - the gateway's side of the protocol with the supervisor: what is
 * heard of it, and when to ask again.
 *
 * A message may be lost, on the way or with a full queue, and the last event
 * of a run has none behind it that would show the gap. So whoever hears
 * nothing asks again, more and more seldom.
 */
#include "gateway/api/link_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/agent/dial.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"

enum {
	TICK_MS = 1000,
	SOON_MS = 20, /* while the supervisor is not ready */
	QUIET_MAX_MS = 30000,
	STRAY_MS = 100,
	LOWER_MAX = 3,
	SILENT_MS = 3500,       /* no STATUS for so long: it is away */
	ATTACH_SOON_MS = 30000, /* away for longer: ask more seldom */
	ATTACH_SELDOM_MS = 10000,
	TURN_BYTES = 32 << 10,
	SEEN_BYTES = 256 << 10, /* taken, until the supervisor is told */
	TURN_CALL_BYTES = 128,
};

/* ---- hearing ---- */

static void
attach(struct link *l)
{
	const char *name = agent_name(l->a);
	struct proto m = {.type = PROTO_ATTACH,
	    .attach = {.name = span_of(name),
		.pid = (uint64_t)getpid(),
		.seen = l->seen}};

	if (l->carrier.room != NULL)
		m.attach.letters = l->carrier.room(l->carrier.ctx);

	l->attach_ms = clk_mono_ms();
	l->told = l->seen;
	link_send(l, &m);
}

/* It holds back events when much is under way to us: that we know the count,
 * and how far we are, it is told at once. One that is lower is another
 * supervisor's, or of one that has forgotten us. */
static void
take_sent(struct link *l, uint64_t sent)
{
	if (sent == 0)
		return;
	l->seen = sent;
	if (l->told == 0 || sent < l->told || sent - l->told >= SEEN_BYTES)
		attach(l);
}

static bool
call_is_open(const struct link_call *c)
{
	return c->state == CALL_WAITS || c->state == CALL_ASKED ||
	       c->state == CALL_FOLLOWS;
}

/* It is there (again): everything that is open is said, or said again, also
 * to the same one, which may have taken us for gone. */
static void
resend(struct link *l)
{
	struct link_call *c;

	for (c = l->all; c != NULL; c = c->next)
		if (call_is_open(c))
			link_call_send(c);
}

static int
on_soon(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct link *l = arg;

	l->soon = -1;
	attach(l);
	return 0;
}

/* A house that has just started is ready within milliseconds, and somebody
 * may be waiting to see it. */
static void
ask_soon(struct link *l)
{
	if (!l->ready && l->soon < 0)
		l->soon = zloop_timer(agent_loop(l->a), SOON_MS, 1, on_soon, l);
}

static uint64_t
ended_as(const struct proto_house *h, const char *status)
{
	return (uint64_t)MAX(wire_find_int(h->ended, status, 0), 0);
}

static void
take_house(struct link_house *ret, struct span detail)
{
	struct proto_house h;
	struct err ignored;

	if (proto_get_house(detail, &h, &ignored) != RC_OK)
		return;
	*ret = (struct link_house){.planners = h.planners,
	    .executors = h.executors,
	    .running = h.running,
	    .waits = h.waits,
	    .completed = ended_as(&h, "completed"),
	    .incomplete = ended_as(&h, "incomplete"),
	    .failed = ended_as(&h, "failed"),
	    .cancelled = ended_as(&h, "cancelled")};
}

static void
on_status(struct link *l, const struct proto_status *m)
{
	bool anew = l->epoch != 0 && m->epoch != l->epoch;
	bool was_there = l->there;

	/* Epochs grow: a lower one is a late word of an earlier supervisor,
	 * unless it stays so, because the store was set back. */
	if (m->epoch < l->epoch && ++l->n_lower < LOWER_MAX)
		return;
	l->n_lower = 0;
	take_sent(l, m->sent);
	l->epoch = m->epoch;
	l->heard_ms = clk_mono_ms();
	l->there = true;
	l->ready = m->ready != 0;
	snprintf(l->reason, sizeof(l->reason), "%.*s", SPAN_ARG(m->reason));
	take_house(&l->house, m->detail);
	ask_soon(l);
	if (anew)
		log_info("the supervisor was started anew", NULL);
	if (anew || !was_there) {
		FAILPOINT(supervisor_anew);
		resend(l);
	}
}

/* A SUBMIT that was taken lives on as a FOLLOW of its run. */
static void
submit_taken(struct link_call *c, const struct proto_reply *m)
{
	snprintf(c->run, sizeof(c->run), "%.*s", SPAN_ARG(m->run));
	buf_done(&c->body);
	c->type = PROTO_FOLLOW;
	c->deadline_ms = 0;
	link_call_patient(c, LINK_AGAIN_MS);
	if (c->state == CALL_ASKED || c->state == CALL_WAITS)
		c->state = CALL_FOLLOWS;
	FAILPOINT(submit_lives_on);
}

static void
on_reply(struct link *l, const struct proto_reply *m)
{
	struct link_call *c = link_call_find(l, m->req);

	if (c == NULL || c->state == CALL_OVER)
		return;
	FAILPOINT(reply_heard);
	if (link_call_starts(c) && c->follow && span_is(m->rc, "ok"))
		submit_taken(c, m);
	else if (c->type == PROTO_FOLLOW && span_is(m->rc, "ok"))
		return; /* it was told so before, when it was a SUBMIT */
	else
		c->state = CALL_OVER;
	link_call_answered(c);
	c->ops->on_reply(c->ctx, m);
}

/* Events nobody waits for: mostly still on their way when that was said; but
 * where it was lost they would come for as long as the run goes on. */
static void
stray(struct link *l, uint64_t req)
{
	int64_t now = clk_mono_ms();

	if (now - l->stray_ms < STRAY_MS)
		return;
	l->stray_ms = now;
	link_unfollow(l, req);
}

static void
on_events(struct link *l, const struct proto_events *m)
{
	struct link_call *c = link_call_find(l, m->req);

	take_sent(l, m->sent);
	if (c == NULL || c->state == CALL_HELD) {
		stray(l, m->req);
		return;
	}
	if (c->state == CALL_OVER || c->ops->on_events == NULL)
		return;
	if (link_call_starts(c))
		return; /* its REPLY comes first, or comes again */
	if (c->state == CALL_ASKED)
		link_call_patient(c, LINK_QUIET_MS);
	c->state = CALL_FOLLOWS;
	c->deadline_ms = 0;
	link_call_answered(c);
	c->ops->on_events(c->ctx, m);
}

static void
on_fleeting(struct link *l, const struct proto_fleeting *m)
{
	struct link_call *c = link_call_find(l, m->req);

	take_sent(l, m->sent);
	if (c != NULL && c->state == CALL_FOLLOWS &&
	    c->ops->on_fleeting != NULL)
		c->ops->on_fleeting(c->ctx, m);
}

/* A burst is passed on in the middle of a turn: what waits for a viewer
 * that reads should not look as if it did not. But the library looks at all
 * its connections each time, so with a crowd it has to be worth it. */
static void
turn_if_much(struct link *l, const struct proto *m)
{
	if (m->type == PROTO_EVENTS)
		l->turn_bytes += m->events.list.n;
	if (l->turn_bytes >= TURN_BYTES + l->n_calls * TURN_CALL_BYTES) {
		l->turn_bytes = 0;
		l->on_turn(l->ctx);
	}
}

static void
on_msg(void *ctx, const struct bus_peer *peer UNUSED, const struct proto *m)
{
	struct link *l = ctx;

	if (m->type == PROTO_STATUS)
		on_status(l, &m->status);
	else if (m->type == PROTO_REPLY)
		on_reply(l, &m->reply);
	else if (m->type == PROTO_EVENTS)
		on_events(l, &m->events);
	else if (m->type == PROTO_FLEETING)
		on_fleeting(l, &m->fleeting);
	else if (m->type == PROTO_LETTER && l->carrier.room != NULL)
		l->carrier.on_letter(l->carrier.ctx, &m->letter);
	else
		log_often(LOG_LEVEL_WARN, "a message no gateway should get",
		    "type", proto_name(m->type), NULL);
	turn_if_much(l, m);
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	log_often(LOG_LEVEL_WARN, "bytes that are no message", "reason",
	    err->text, NULL);
}

/* Another supervisor, perhaps: its STATUS tells. */
static void
on_again(void *ctx)
{
	attach(ctx);
}

static void
on_turn(void *ctx)
{
	struct link *l = ctx;

	l->turn_bytes = 0;
	l->on_turn(l->ctx);
}

/* ---- time ---- */

static void
there_tick(struct link *l, int64_t now)
{
	bool seldom;

	if (l->there && now - l->heard_ms > SILENT_MS) {
		l->there = false;
		l->away_ms = now;
		log_warn("the supervisor is silent", NULL);
	}
	/* Each one sent to nobody waits in the queue and would be answered
	 * later: a long absence must not fill it. */
	seldom = !l->there && now - l->away_ms > ATTACH_SOON_MS;
	if (!seldom || now - l->attach_ms >= ATTACH_SELDOM_MS)
		attach(l);
}

static void
call_late(struct link_call *c)
{
	c->state = CALL_OVER;
	link_call_answered(c);
	c->ops->on_fail(c->ctx,
	    c->l->there ? "the supervisor did not answer in time"
			: "the supervisor is not running, or not reachable");
}

/* Harmless where nothing was lost: a run is started once under its key, what
 * is read is read again, and events have numbers. */
static void
call_again(struct link_call *c, int64_t now)
{
	bool follows = c->state == CALL_FOLLOWS;

	if ((!follows && c->state != CALL_ASKED) ||
	    now - c->said_ms < c->patience_ms)
		return;
	c->patience_ms =
	    MIN(2 * c->patience_ms, follows ? QUIET_MAX_MS : LINK_ANSWER_MS);
	link_call_send(c);
}

static int
on_tick(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct link *l = arg;
	int64_t now = clk_mono_ms();
	struct link_call *c, *next;

	there_tick(l, now);
	for (c = l->all; c != NULL; c = next) {
		next = c->next;
		/* Its time begins when it is asked. */
		if (c->in_line && l->there && c->deadline_ms != 0)
			c->deadline_ms = now + LINK_ANSWER_MS;
		if (c->deadline_ms != 0 && now >= c->deadline_ms &&
		    (c->state == CALL_WAITS || c->state == CALL_ASKED))
			call_late(c);
		else
			call_again(c, now);
	}
	l->on_turn(l->ctx);
	return 0;
}

/* ---- letters ---- */

void
link_carry(struct link *l, const struct link_carrier *c)
{
	l->carrier = *c;
}

/* Where that is lost the letter comes again. */
void
link_carried(struct link *l, const struct proto_carried *carried)
{
	const struct proto m = {.type = PROTO_CARRIED, .carried = *carried};

	link_send(l, &m);
}

/* ---- the link ---- */

const struct link_house *
link_house(const struct link *l)
{
	return &l->house;
}

size_t
link_calls(const struct link *l)
{
	return l->n_calls;
}

bool
link_ready(const struct link *l, const char **ret_why)
{
	if (l->there && l->ready)
		return true;
	if (l->there)
		*ret_why = l->reason[0] != '\0' ? l->reason
						: "the supervisor is not ready";
	else
		*ret_why = "the supervisor is not running, or not reachable";
	return false;
}

enum rc
link_new(struct agent *a, void (*turn)(void *ctx), void *ctx,
    struct link **ret_link, struct err *err)
{
	struct link *l = xcalloc(1, sizeof(*l));
	const struct bus_handler h = {.on_msg = on_msg,
	    .on_bad = on_bad,
	    .on_turn = on_turn,
	    .on_again = on_again,
	    .ctx = l};
	enum rc rc;

	l->a = a;
	l->soon = -1;
	TAILQ_INIT(&l->line);
	l->on_turn = turn;
	l->ctx = ctx;
	l->away_ms = clk_mono_ms();
	rc = dial(agent_conf(a), agent_loop(a), agent_conf(a)->front, &h,
	    &l->bus, err);
	if (rc != RC_OK) {
		free(l);
		return rc;
	}
	l->tick = zloop_timer(agent_loop(a), TICK_MS, 0, on_tick, l);
	attach(l);
	*ret_link = l;
	return RC_OK;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	zloop_timer_end(agent_loop(l->a), l->tick);
	if (l->soon >= 0)
		zloop_timer_end(agent_loop(l->a), l->soon);
	bus_free(l->bus);
	free(l);
}
