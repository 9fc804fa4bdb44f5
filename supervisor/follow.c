/*
 * follow.c - committed events to those who watch.
 *
 * Invariant: a live follower has been sent everything up to its run's last
 * commit. One that is not live is read what it lacks from the store, after
 * the commit, and then becomes live; so it misses nothing and gets nothing
 * twice.
 */
#include <stdlib.h>

#include "common/failpoint.h"
#include "common/log.h"
#include "common/wire.h"
#include "supervisor/supervisor.h"

/* More than TURN_BYTES at once would not fit a message: it is read page by
 * page from the store instead. */
enum { PAGE_EVENTS = 256, PAGE_BYTES = 256 << 10, TURN_BYTES = 4 << 20 };

/* ---- who follows ---- */

static struct follower_list *
bucket_of(struct supervisor *s, const struct bus_peer *peer, uint64_t req)
{
	uint64_t h = req;
	uint8_t i;

	for (i = 0; i < peer->n; i++)
		h = h * 31 + (unsigned char)peer->id[i];
	return &s->followers[h % FOLLOW_BUCKETS];
}

static struct follower *
follower_find(struct supervisor *s, const struct bus_peer *peer, uint64_t req)
{
	struct follower *f;

	LIST_FOREACH(f, bucket_of(s, peer, req), of_bucket)
	if (f->req == req && bus_peer_equal(&f->peer, peer))
		return f;
	return NULL;
}

static void
set_live(struct supervisor *s, struct follower *f, bool live)
{
	if (f->live && !live)
		LIST_INSERT_HEAD(&s->behind, f, of_behind);
	if (!f->live && live)
		LIST_REMOVE(f, of_behind);
	f->live = live;
}

static void
follower_free(struct follower *f)
{
	if (!f->live)
		LIST_REMOVE(f, of_behind);
	LIST_REMOVE(f, of_bucket);
	if (f->run != NULL)
		LIST_REMOVE(f, of_run);
	free(f);
}

void
follow_end(struct supervisor *s, const struct bus_peer *peer, uint64_t req)
{
	struct follower *f = follower_find(s, peer, req);

	if (f != NULL)
		follower_free(f);
}

static void
end_each(struct supervisor *s, const struct bus_peer *peer)
{
	struct follower *f, *next;
	int i;

	for (i = 0; i < FOLLOW_BUCKETS; i++) {
		for (f = LIST_FIRST(&s->followers[i]); f != NULL; f = next) {
			next = LIST_NEXT(f, of_bucket);
			if (peer == NULL || bus_peer_equal(&f->peer, peer))
				follower_free(f);
		}
	}
}

void
follow_end_peer(struct supervisor *s, const struct bus_peer *peer)
{
	end_each(s, peer);
}

void
follow_end_all(struct supervisor *s)
{
	end_each(s, NULL);
}

static enum rc
send_list(struct supervisor *s, struct follower *f, struct span items,
    uint32_t n, bool last)
{
	struct proto m = {.type = PROTO_EVENTS};
	auto_buf list = {0};

	buf_init(&list, PROTO_BYTES_MAX);
	wire_put_array(&list, n);
	wire_put_raw(&list, items);
	m.events.req = f->req;
	m.events.run = span_of(f->id);
	m.events.list = buf_span(&list);
	m.events.last = last;
	return bus_send(s->front, &f->peer, &m);
}

/* It asks again, since it has heard nothing for long. */
static void
follow_again(struct supervisor *s, struct follower *f, int64_t after)
{
	struct span nothing = {NULL, 0};
	enum rc rc;

	if (!f->live || f->after != after) {
		f->after = after;
		set_live(s, f, false);
		return;
	}
	rc = send_list(s, f, nothing, 0, false);
	if (rc != RC_OK && rc != RC_BUSY)
		follower_free(f);
}

void
follow_add(struct supervisor *s, struct run *r, const char *id, int64_t row,
    const struct bus_peer *peer, uint64_t req, int64_t after, bool live)
{
	struct follower *f = follower_find(s, peer, req);

	if (f != NULL && r != NULL && f->run == r) {
		follow_again(s, f, after);
		return;
	}
	if (f != NULL)
		follower_free(f);
	f = xcalloc(1, sizeof(*f));
	f->run = r;
	f->row = row;
	f->peer = *peer;
	f->req = req;
	f->after = after;
	f->live = true;
	snprintf(f->id, sizeof(f->id), "%s", id);
	LIST_INSERT_HEAD(bucket_of(s, peer, req), f, of_bucket);
	if (r != NULL)
		LIST_INSERT_HEAD(&r->followers, f, of_run);
	set_live(s, f, live);
}

/* ---- from the store ---- */

struct page {
	struct buf items;
	uint32_t n;
	int64_t last_seq;
	bool finished;
};

static void
page_add(void *ctx, int64_t seq, struct span type, struct span data)
{
	struct page *p = ctx;

	/* What does not fit comes with the next page. */
	if (p->items.len > PAGE_BYTES)
		return;
	wire_put_array(&p->items, 3);
	wire_put_int(&p->items, seq);
	wire_put_span(&p->items, type);
	wire_put_raw(&p->items, data);
	p->n++;
	p->last_seq = seq;
	p->finished = p->finished || span_is(type, "finished");
}

/* One run that cannot be read must not end the others: its viewer is told. */
static void
tell_unreadable(struct supervisor *s, const struct follower *f, enum rc rc,
    const struct err *err)
{
	struct proto m = {.type = PROTO_REPLY};

	log_error("a run's events cannot be read", "run", f->id, "reason",
	    err->text, NULL);
	m.reply.req = f->req;
	m.reply.rc = span_of(rc_name(rc));
	m.reply.run = span_of(f->id);
	m.reply.text = span_of(err->text);
	/* A gateway whose queue is full asks again. */
	if (bus_send(s->front, &f->peer, &m) != RC_OK)
		return;
}

/*
 * Sends what the store has. RC_OK: the follower is live now; RC_BUSY: its
 * gateway takes no more, the rest is for later; else it is done with.
 */
static enum rc
replay(struct supervisor *s, struct follower *f)
{
	struct page p = {.last_seq = f->after};
	bool more = true, first = true;
	enum rc rc = RC_OK;
	struct err err;

	buf_init(&p.items, PROTO_BYTES_MAX);
	while (rc == RC_OK && more) {
		buf_reset(&p.items);
		p.n = 0;
		rc = s->ops->event_each(s->store, f->row, f->after, PAGE_EVENTS,
		    page_add, &p, &err);
		if (rc != RC_OK)
			tell_unreadable(s, f, rc, &err);
		more = p.n > 0 && !p.finished;
		/* Every FOLLOW is answered, also where there is nothing. */
		if (rc == RC_OK && (p.n > 0 || first))
			rc = send_list(s, f, buf_span(&p.items), p.n,
			    p.finished || (f->run == NULL && p.n == 0));
		FAILPOINT(replay_page);
		first = false;
		if (rc == RC_OK)
			f->after = p.last_seq;
	}
	buf_done(&p.items);
	if (rc == RC_OK && (p.finished || f->run == NULL))
		return RC_CLOSED;
	return rc;
}

/* One that a gateway with a full queue could not be sent to stays behind for
 * the next turn; reading for others of that gateway would be in vain. */
static void
replay_all(struct supervisor *s)
{
	struct bus_peer full = {0};
	struct follower *f, *next;

	for (f = LIST_FIRST(&s->behind); f != NULL; f = next) {
		enum rc rc = RC_BUSY;

		next = LIST_NEXT(f, of_behind);
		if (!bus_peer_equal(&f->peer, &full))
			rc = replay(s, f);
		if (rc == RC_OK)
			set_live(s, f, true);
		else if (rc == RC_BUSY)
			full = f->peer;
		else
			follower_free(f);
	}
}

/* ---- live ---- */

static void
flush_run(struct supervisor *s, struct run *r)
{
	bool large = r->fresh.len > TURN_BYTES || r->fresh.full;
	struct follower *f, *next;

	for (f = LIST_FIRST(&r->followers); f != NULL && r->n_fresh > 0;
	     f = next) {
		enum rc rc = RC_BUSY;

		next = LIST_NEXT(f, of_run);
		if (!f->live)
			continue;
		if (!large)
			rc = send_list(
			    s, f, buf_span(&r->fresh), r->n_fresh, r->ended);
		if (rc == RC_OK) {
			f->after = r->last_seq;
		} else if (rc == RC_BUSY) {
			set_live(s, f, false);
		} else {
			follower_free(f);
		}
		FAILPOINT(flush_half);
	}
	r->n_fresh = 0;
	if (r->fresh.cap > 64 << 10)
		buf_done(&r->fresh);
	else
		buf_reset(&r->fresh);
}

/* Runs that ended: their events have left, so nobody follows them here; who
 * still lacks some is read them from the store. */
static void
free_ended(struct supervisor *s)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&s->ended)) != NULL) {
		struct follower *f;

		while ((f = LIST_FIRST(&r->followers)) != NULL) {
			if (f->live) {
				follower_free(f);
				continue;
			}
			LIST_REMOVE(f, of_run);
			f->run = NULL;
		}
		TAILQ_REMOVE(&s->ended, r, all);
		run_free(r);
	}
}

void
follow_flush(struct supervisor *s)
{
	struct run *r;

	TAILQ_FOREACH(r, &s->runs, all)
	if (r->n_fresh > 0)
		flush_run(s, r);
	TAILQ_FOREACH(r, &s->ended, all)
	flush_run(s, r);
	replay_all(s);
	free_ended(s);
}

void
follow_fleeting(
    struct supervisor *s, struct run *r, const char *type, struct span data)
{
	struct proto m = {.type = PROTO_FLEETING};
	struct follower *f;

	m.fleeting.run = span_of(r->id);
	m.fleeting.type = span_of(type);
	m.fleeting.data = data;
	LIST_FOREACH(f, &r->followers, of_run)
	{
		m.fleeting.req = f->req;
		/* Kept nowhere: a viewer that cannot take it misses it. */
		if (f->live && bus_send(s->front, &f->peer, &m) != RC_OK)
			continue;
	}
}
