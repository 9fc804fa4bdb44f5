/*
 * worker.c - the worker's side of the protocol.
 *
 * Invariant: every task on the list is one this worker may still be asked
 * about: running, or done and not yet acknowledged. An epoch that changed
 * empties the list, since the new supervisor leases everything again.
 *
 * Messages may come late, twice and out of order. A start is this worker's
 * life between two times of dropping everything; its number goes with HELLO
 * and comes back with WELCOME. A task that left the list is not begun again.
 */
#include "common/agent/worker.h"
#include "common/agent/held.h"
#include "common/base/failpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/net/bus.h"
#include "common/base/clk.h"
#include "common/agent/dial.h"
#include "common/base/log.h"
#include "common/agent/rest.h"
#include "common/wire/wire.h"

enum {
	BEAT_MS_FIRST = 250,
	BEATS_A_LEASE = 6,
	RESEND_MS = 1000,
	HELD_MAX = 1024,
	UNHEARD_HELLOS = 20,
	UNHEARD_LEASES = 3,
	UNHEARD_MS = 5000
};

struct worker {
	struct agent *agent;
	struct worker_spec spec;
	char *tools;
	uint64_t edition; /* of them, from 1 */
	uint64_t known;   /* which the supervisor has; 0: it counts none */
	struct bus *bus;
	struct held_list held; /* its epoch is 0: not welcome yet */
	bool accounts;         /* the supervisor keeps them */
	uint64_t start;
	int64_t lease_ms;
	int64_t heard_ms; /* the last word of the supervisor */
	int beat_timer;
	int hellos; /* since it was last welcomed */
	struct rest rest;
	bool draining;
};

/* A message that cannot leave now is sent again by a beat; RC_TOOBIG: one
 * that never can. */
static enum rc
worker_send(struct worker *w, const struct proto *msg)
{
	struct err err;
	enum rc rc = FAILPOINT_RC(worker_send_fails, &err);

	if (rc == RC_OK)
		rc = bus_send(w->bus, NULL, msg);
	if (rc != RC_OK)
		log_debug("not sent", "message", proto_name(msg->type),
		    "reason", rc_name(rc), NULL);
	return rc;
}

/* The same for what is said again anyhow, or fits in any case. */
static void
worker_say(struct worker *w, const struct proto *msg)
{
	if (worker_send(w, msg) != RC_OK)
		return;
}

static void
send_hello(struct worker *w)
{
	const struct conf *c = agent_conf(w->agent);
	struct proto m = {.type = PROTO_HELLO};

	m.hello.role = span_of(w->spec.role);
	m.hello.name = span_of(agent_name(w->agent));
	m.hello.build = span_of(CULPRIT_VERSION);
	m.hello.pid = (uint64_t)getpid();
	m.hello.capacity = (uint64_t)c->capacity;
	m.hello.tools = w->spec.tools;
	m.hello.start = w->start;
	m.hello.edition = w->edition;
	worker_say(w, &m);
	FAILPOINT(worker_hello);
}

/* Says once that nobody answers, and where to look: a refused key looks just
 * like an absent supervisor from here. */
static void
tell_unheard(struct worker *w)
{
	const struct conf *c = agent_conf(w->agent);

	if (++w->hellos == UNHEARD_HELLOS)
		log_warn("the supervisor does not answer; trying on", "at",
		    c->back, "keys",
		    c->curve_server_key != NULL
			? "or it does not know ours: its log tells"
			: NULL,
		    NULL);
}

/* What takes the place of an answer that no message holds: the lease would
 * be renewed for it until the end. */
static void
give_up_answer(struct held *h)
{
	struct err err;
	auto_buf b = {.max = 1024};

	err_set(&err, RC_TOOBIG,
	    "the answer has %zu bytes, with %zu of evidence, and a message "
	    "holds %d MiB",
	    h->update_n, h->evidence_n, PROTO_BYTES_MAX >> 20);
	log_warn("an answer is too large to be sent", "run", h->run, "reason",
	    err.text, NULL);
	proto_put_outcome(
	    &b, &(struct proto_outcome){.error = span_of(err.text)});
	free(h->update);
	h->update_n = b.len;
	h->update = buf_take(&b);
	h->evidence_n = 0;
}

static enum rc
try_result(struct worker *w, struct held *h)
{
	struct proto m = {.type = PROTO_RESULT};

	m.result.epoch = w->held.epoch;
	m.result.run = span_of(h->run);
	m.result.task = h->task.task;
	m.result.attempt = h->task.attempt;
	m.result.update = span_make(h->update, h->update_n);
	m.result.evidence = span_make(h->evidence, h->evidence_n);
	m.result.media = span_of(h->media);
	h->sent_ms = clk_mono_ms();
	return worker_send(w, &m);
}

static void
send_result(struct worker *w, struct held *h)
{
	if (try_result(w, h) != RC_TOOBIG)
		return;
	give_up_answer(h);
	if (try_result(w, h) != RC_OK)
		return; /* a beat sends it again */
}

static void
send_renew(struct worker *w)
{
	struct proto m = {.type = PROTO_RENEW};
	struct held *h;
	auto_buf tasks = {0};

	FAILPOINT(worker_renews);
	buf_init(&tasks, PROTO_BYTES_MAX);
	wire_put_array(&tasks, (uint32_t)w->held.n);
	for (h = w->held.first; h != NULL; h = h->next)
		proto_put_lease(
		    &tasks, &(struct proto_lease){.run = span_of(h->run),
				.task = h->task.task,
				.attempt = h->task.attempt});
	m.renew.epoch = w->held.epoch;
	m.renew.tasks = buf_span(&tasks);
	worker_say(w, &m);
}

/* Not to one that counts no editions: it does not know the message. */
static void
send_tools(struct worker *w)
{
	struct proto m = {.type = PROTO_TOOLS};

	if (w->known == 0 || w->known >= w->edition)
		return;
	m.tools.edition = w->edition;
	m.tools.tools = w->spec.tools;
	worker_say(w, &m);
}

static void
send_bye(struct worker *w, bool ends)
{
	struct proto bye = {.type = PROTO_BYE};

	bye.bye.ends = ends;
	worker_say(w, &bye);
}

static void
drain_check(struct worker *w)
{
	if (!w->draining || w->held.first != NULL)
		return;
	send_bye(w, false);
	agent_stop(w->agent);
}

/* Within the lease that keeps it, where that is short. */
static int64_t
resend_ms(const struct worker *w)
{
	return w->lease_ms > 0 ? MIN(RESEND_MS, w->lease_ms) : RESEND_MS;
}

/* The beat comes from the loop that does the work: a loop that hangs stops
 * renewing, and its tasks go to another worker. */
static int
on_beat(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct worker *w = arg;
	int64_t now = clk_mono_ms();
	struct held *h;

	if (w->held.epoch == 0) {
		send_hello(w);
		tell_unheard(w);
	} else {
		send_renew(w);
		send_tools(w);
	}
	if (w->draining && w->held.first != NULL)
		send_bye(w, false);
	for (h = w->held.first; h != NULL; h = h->next)
		if (h->done && now - h->sent_ms >= resend_ms(w))
			send_result(w, h);
	rest_tick(&w->rest, w->held.first != NULL, now);
	return 0;
}

/* A supervisor that was started again does not know us: it says so at once,
 * not at the next beat. */
static void
on_again(void *ctx)
{
	struct worker *w = ctx;

	on_beat(agent_loop(w->agent), 0, w);
}

static void
beat_every(struct worker *w, int64_t ms)
{
	if (w->beat_timer >= 0)
		zloop_timer_end(agent_loop(w->agent), w->beat_timer);
	w->beat_timer =
	    zloop_timer(agent_loop(w->agent), (size_t)ms, 0, on_beat, w);
}

static void
drop_all(struct worker *w)
{
	while (w->held.first != NULL) {
		struct held *h = w->held.first;

		if (!h->done)
			w->spec.on_revoke(w->spec.ctx, &h->task);
		held_remove(&w->held, h);
	}
}

static void
on_welcome(struct worker *w, const struct proto *m)
{
	char name[32];

	/* It is late, or said twice: each HELLO that waited for the connection
	 * is answered. A supervisor of the version before gives no start. */
	if (m->welcome.epoch <= w->held.epoch ||
	    (m->welcome.start != 0 && m->welcome.start != w->start))
		return;
	drop_all(w);
	w->held.epoch = m->welcome.epoch;
	w->known = m->welcome.edition;
	w->accounts = m->welcome.accounts != 0;
	w->hellos = 0;
	w->lease_ms = (int64_t)MIN(m->welcome.lease_ms, 600000U);
	/* One whose words still arrive, but not what it is answered, gets one
	 * renewal through or two, and no more: TCP waits for acknowledgements.
	 * So its lease lasts two beats longer than that of one cut off. */
	beat_every(w, MAX(w->lease_ms / BEATS_A_LEASE, 10));
	snprintf(name, sizeof(name), "%llu", (unsigned long long)w->held.epoch);
	log_info("joined", "epoch", name, NULL);
	send_tools(w);
	drain_check(w);
	FAILPOINT(worker_joined);
}

static void
on_task(struct worker *w, const struct proto *m)
{
	struct span run = m->task.run;
	struct held *h;

	if (m->task.epoch != w->held.epoch || w->held.n >= HELD_MAX ||
	    held_find(&w->held, run, m->task.task, m->task.attempt) != NULL ||
	    held_is_gone(&w->held, run, m->task.task, m->task.attempt))
		return;
	h = held_add(&w->held, &m->task);
	/* Most are done before the next beat. */
	rest_tick(&w->rest, true, clk_mono_ms());
	FAILPOINT(worker_task);
	w->spec.on_task(w->spec.ctx, &h->task);
}

static void
on_ack(struct worker *w, const struct proto *m)
{
	struct held *h =
	    held_find(&w->held, m->ack.run, m->ack.task, m->ack.attempt);

	if (h == NULL)
		return;
	FAILPOINT(worker_acked);
	/* An acknowledgement before the end: the attempt is stale. */
	if (!h->done)
		w->spec.on_revoke(w->spec.ctx, &h->task);
	held_remove(&w->held, h);
	drain_check(w);
}

static void
on_revoke(struct worker *w, const struct proto *m)
{
	const struct proto_revoke *r = &m->revoke;
	struct held *h = held_find(&w->held, r->run, r->task, r->attempt);

	if (h == NULL) {
		/* Its task may still be on its way. */
		held_go(&w->held, r->run, r->task, r->attempt);
		return;
	}
	FAILPOINT(worker_revoked);
	if (!h->done)
		w->spec.on_revoke(w->spec.ctx, &h->task);
	held_remove(&w->held, h);
	drain_check(w);
}

static void
start_again(struct worker *w)
{
	drop_all(w);
	w->held.epoch = 0;
	w->known = 0;
	w->start++;
	send_hello(w);
	drain_check(w);
}

static void
on_renewed(struct worker *w, const struct proto *m)
{
	/* Epochs only grow: a lower one is a late word of an earlier
	 * supervisor. One whose store was set back says WHO. */
	if (w->held.epoch != 0 && m->renewed.epoch > w->held.epoch)
		start_again(w);
	else if (m->renewed.epoch == w->held.epoch)
		w->known = MAX(w->known, m->renewed.edition);
}

static void
on_who(struct worker *w, const struct proto *m)
{
	/* Said of what was sent under an earlier epoch. */
	if (m->who.epoch != 0 && m->who.epoch != w->held.epoch)
		return;
	start_again(w);
}

static void
on_refuse(struct worker *w, const struct proto *m)
{
	auto_str reason = xstrndup(m->refuse.reason.p, m->refuse.reason.n);

	log_error("refused by the supervisor", "reason", reason, NULL);
	agent_stop(w->agent);
}

static void
account_heard(struct worker *w, struct held *h, const struct proto *m)
{
	if (h != NULL && !h->done && w->spec.on_account != NULL)
		w->spec.on_account(w->spec.ctx, &h->task, m);
}

static void
on_reserved(struct worker *w, const struct proto *m)
{
	const struct proto_reserved *r = &m->reserved;

	account_heard(w, held_find(&w->held, r->run, r->task, r->attempt), m);
}

static void
on_settled(struct worker *w, const struct proto *m)
{
	const struct proto_settled *s = &m->settled;

	account_heard(w, held_find(&w->held, s->run, s->task, s->attempt), m);
}

static const struct {
	enum proto_type type;
	void (*handle)(struct worker *, const struct proto *);
} rules[] = {
    {PROTO_WELCOME, on_welcome},
    {PROTO_TASK, on_task},
    {PROTO_ACK, on_ack},
    {PROTO_RENEWED, on_renewed},
    {PROTO_REVOKE, on_revoke},
    {PROTO_RESERVED, on_reserved},
    {PROTO_SETTLED, on_settled},
    {PROTO_WHO, on_who},
    {PROTO_REFUSE, on_refuse},
};

static void
worker_on_msg(
    void *ctx, const struct bus_peer *peer UNUSED, const struct proto *msg)
{
	struct worker *w = ctx;
	size_t i;

	w->heard_ms = clk_mono_ms();
	for (i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].type == msg->type) {
			rules[i].handle(w, msg);
			return;
		}
	}
	log_often(LOG_LEVEL_WARN, "message not for a worker", "message",
	    proto_name(msg->type), NULL);
}

static void
worker_on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	log_often(LOG_LEVEL_WARN, "bytes that are no message", "reason",
	    err->text, NULL);
}

static void
set_tools(struct worker *w, struct span tools)
{
	free(w->tools);
	w->tools = held_copy(tools);
	w->spec.tools = span_make(w->tools, tools.n);
	w->edition++;
}

void
worker_tools(struct worker *w, struct span tools)
{
	set_tools(w, tools);
	if (w->held.epoch != 0 && w->known == 0)
		log_warn("the supervisor is of a version that hears of tools "
			 "only from a worker that starts: start this one anew",
		    NULL);
	send_tools(w);
}

enum rc
worker_new(struct agent *a, const struct worker_spec *spec,
    struct worker **ret_w, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	struct bus_handler h = {.on_msg = worker_on_msg,
	    .on_bad = worker_on_bad,
	    .on_again = on_again,
	    .ctx = w};
	enum rc rc;

	w->agent = a;
	w->spec = *spec;
	set_tools(w, spec->tools);
	w->beat_timer = -1;
	w->start = 1;
	rc = dial(agent_conf(a), agent_loop(a), agent_conf(a)->back, &h,
	    &w->bus, err);
	if (rc != RC_OK) {
		worker_free(w);
		return rc;
	}
	send_hello(w);
	beat_every(w, BEAT_MS_FIRST);
	*ret_w = w;
	return RC_OK;
}

/* Each beat is answered. */
bool
worker_is_well(const struct worker *w)
{
	return w->held.epoch != 0 &&
	       clk_mono_ms() - w->heard_ms <
		   MAX(w->lease_ms * UNHEARD_LEASES, UNHEARD_MS);
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	if (w->beat_timer >= 0)
		zloop_timer_end(agent_loop(w->agent), w->beat_timer);
	/* Or it would come back only when its lease lapses. */
	if (w->held.first != NULL && w->held.epoch != 0)
		send_bye(w, true);
	bus_free(w->bus);
	while (w->held.first != NULL)
		held_remove(&w->held, w->held.first);
	free(w->tools);
	free(w);
}

void
worker_done(struct worker *w, struct worker_task *t, struct span update,
    struct span evidence, const char *media)
{
	struct held *h = (struct held *)t;

	h->done = true;
	h->update = held_copy(update);
	h->update_n = update.n;
	h->evidence = held_copy(evidence);
	h->evidence_n = evidence.n;
	h->media = xstrdup(media != NULL ? media : "");
	FAILPOINT(worker_done);
	send_result(w, h);
	FAILPOINT(worker_sent);
}

void
worker_progress(
    struct worker *w, struct worker_task *t, const char *type, struct span data)
{
	struct proto m = {.type = PROTO_PROGRESS};

	m.progress.epoch = w->held.epoch;
	m.progress.run = span_of(t->run);
	m.progress.task = t->task;
	m.progress.attempt = t->attempt;
	m.progress.type = span_of(type);
	m.progress.data = data;
	worker_say(w, &m);
}

bool
worker_has_accounts(const struct worker *w)
{
	return w->accounts;
}

void
worker_account(struct worker *w, struct worker_task *t, const struct proto *m)
{
	struct proto said = *m;

	if (m->type == PROTO_RESERVE) {
		said.reserve.epoch = w->held.epoch;
		said.reserve.run = span_of(t->run);
		said.reserve.task = t->task;
		said.reserve.attempt = t->attempt;
	} else {
		said.settle.epoch = w->held.epoch;
		said.settle.run = span_of(t->run);
		said.settle.task = t->task;
		said.settle.attempt = t->attempt;
	}
	worker_say(w, &said);
}

void
worker_drain(struct worker *w)
{
	FAILPOINT(worker_drains);
	w->draining = true;
	if (w->held.first != NULL && w->held.epoch != 0)
		send_bye(w, false);
	drain_check(w);
}
