/*
 * follow.c - committed events to those who watch.
 *
 * Invariant: a live follower has been sent everything up to its run's last
 * commit. One that is not live is read what it lacks from the store, after
 * the commit, and then becomes live; so it misses nothing and gets nothing
 * twice.
 */
#include "supervisor/run/follow.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"

/* More than TURN_BYTES at once would not fit a message: it is read page by
 * page from the store instead. */
enum {
	PAGE_EVENTS = 256,
	PAGE_BYTES = 256 << 10,
	PAGE_KEPT_BYTES = 1 << 20, /* from one turn to the next */
	TURN_BYTES = 4 << 20,
	REPLAY_MS = 4, /* of a turn, read from the store for viewers */
	GO_ON_MS = 1,  /* until it goes on, where that was not enough */
};

static void page_drop(struct supervisor *s);

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
	if (f->live && !live) {
		TAILQ_INSERT_TAIL(&s->behind, f, of_behind);
		s->n_behind++;
	}
	if (!f->live && live) {
		TAILQ_REMOVE(&s->behind, f, of_behind);
		s->n_behind--;
	}
	f->live = live;
}

static void
follower_free(struct supervisor *s, struct follower *f)
{
	set_live(s, f, true);
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
		follower_free(s, f);
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
				follower_free(s, f);
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
	page_drop(s);
}

static enum rc
send_list(struct supervisor *s, struct follower *f, struct span items,
    uint32_t n, bool last)
{
	struct proto m = {.type = PROTO_EVENTS};
	size_t bytes = items.n + WINDOW_MESSAGE_BYTES;
	auto_buf list = {0};
	enum rc rc;

	if (!window_fits(s->windows, &f->peer, bytes))
		return RC_BUSY;
	buf_init(&list, PROTO_BYTES_MAX);
	wire_put_array(&list, n);
	wire_put_raw(&list, items);
	m.events.req = f->req;
	m.events.run = span_of(f->id);
	m.events.list = buf_span(&list);
	m.events.last = last;
	m.events.sent = window_after(s->windows, &f->peer, bytes);
	rc = bus_send(s->front, &f->peer, &m);
	if (rc == RC_OK)
		window_sent(s->windows, &f->peer, bytes);
	return rc;
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
		follower_free(s, f);
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
		follower_free(s, f);
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

/*
 * What the store has of one run behind number `after`. A crowd that comes back
 * wants the same: it is read once, and each is sent the part behind what it
 * has seen.
 */
struct page {
	int64_t row; /* 0: of no run */
	int64_t after, last_seq;
	struct buf items;
	size_t starts[PAGE_EVENTS]; /* of the items, by number after `after` */
	uint32_t n;
	bool more;  /* events behind these */
	bool ended; /* the run, when it was read */
	char id[STORE_ID_MAX + 1];
};

static void
page_add(void *ctx, int64_t seq, struct span type, struct span data)
{
	struct page *p = ctx;

	/* What does not fit comes with the next page. */
	p->more = p->more || p->items.len > PAGE_BYTES || p->n == PAGE_EVENTS;
	if (p->more)
		return;
	p->starts[p->n++] = p->items.len;
	proto_put_event(&p->items, &(struct proto_event){seq, type, data});
	p->last_seq = seq;
}

/* What is read once of a run stays so, but its end: of one under way there
 * may be more by now. */
static bool
page_has(const struct page *p, const struct follower *f)
{
	if (p->row != f->row || strcmp(p->id, f->id) != 0 ||
	    f->after < p->after)
		return false;
	if (p->more)
		return f->after < p->last_seq;
	return f->run == NULL ? p->ended : p->last_seq == f->run->told_seq;
}

static void
page_drop(struct supervisor *s)
{
	if (s->page != NULL)
		buf_done(&s->page->items);
	free(s->page);
	s->page = NULL;
}

static enum rc
page_read(struct supervisor *s, struct page *p, const struct follower *f,
    struct err *err)
{
	int64_t limit = PAGE_EVENTS + 1;
	enum rc rc = RC_OK;

	buf_reset(&p->items);
	p->n = 0;
	p->more = false;
	p->after = p->last_seq = f->after;
	/* The store may have more by now; that is told when its turn comes. */
	if (f->run != NULL)
		limit = MIN(limit, f->run->told_seq - f->after);
	if (limit > 0)
		rc = s->ops->event_each(
		    s->store, f->row, f->after, limit, page_add, p, err);
	p->row = rc == RC_OK ? f->row : 0;
	p->ended = f->run == NULL;
	snprintf(p->id, sizeof(p->id), "%s", f->id);
	return rc;
}

/* Sends the part behind what f has. Numbers have no gaps, so the n-th item is
 * the n-th behind `after`. */
static enum rc
page_send(struct supervisor *s, const struct page *p, struct follower *f)
{
	size_t skip = (size_t)MIN(f->after - p->after, (int64_t)p->n);
	size_t from = skip < p->n ? p->starts[skip] : p->items.len;
	struct span part =
	    span_make(buf_span(&p->items).p + from, p->items.len - from);

	return send_list(
	    s, f, part, p->n - (uint32_t)skip, !p->more && f->run == NULL);
}

/* One run that cannot be read must not end the others: its viewer is told. */
static void
tell_unreadable(struct supervisor *s, const struct follower *f, enum rc rc,
    const struct err *err)
{
	struct proto m = {.type = PROTO_REPLY};

	log_often(LOG_LEVEL_ERROR, "a run's events cannot be read", "run",
	    f->id, "reason", err->text, NULL);
	m.reply.req = f->req;
	m.reply.rc = span_of(rc_name(rc));
	m.reply.run = span_of(f->id);
	m.reply.text = span_of(err->text);
	/* A gateway whose queue is full asks again. */
	if (bus_send(s->front, &f->peer, &m) != RC_OK)
		return;
}

/*
 * Sends one page of what the store has. Every FOLLOW is answered, also where
 * there is nothing. RC_BUSY: its gateway takes no more now, the rest is for later;
 * RC_OK with *ret_more: the rest is for its next turn; else it has all, or is
 * done with.
 */
static enum rc
replay(struct supervisor *s, struct page *p, struct follower *f, bool *ret_more)
{
	enum rc rc = RC_OK;
	struct err err;

	/* What cannot be sent is not read either. */
	if (!window_fits(s->windows, &f->peer, WINDOW_MESSAGE_BYTES))
		return RC_BUSY;
	if (!page_has(p, f))
		rc = page_read(s, p, f, &err);
	if (rc != RC_OK) {
		tell_unreadable(s, f, rc, &err);
		return rc;
	}
	rc = page_send(s, p, f);
	FAILPOINT(replay_page);
	if (rc != RC_OK)
		return rc;
	f->after = MAX(f->after, p->last_seq);
	*ret_more = p->more;
	return !p->more && f->run == NULL ? RC_CLOSED : RC_OK;
}

static int
on_rest(zloop_t *loop UNUSED, int timer UNUSED, void *supervisor)
{
	struct supervisor *s = supervisor;

	s->replays = false;
	if (!s->broken)
		follow_replay(s);
	return 0;
}

/* The sockets get their turn before it goes on. */
static void
replay_rest(struct supervisor *s)
{
	if (s->replays)
		return;
	s->replays = true;
	zloop_timer(agent_loop(s->agent), GO_ON_MS, 1, on_rest, s);
}

/* The next of those behind, at the end of the line by then. */
static bool
replay_next(struct supervisor *s, struct page *p, struct bus_peer *full)
{
	struct follower *f = TAILQ_FIRST(&s->behind);
	bool more = false;
	enum rc rc = RC_BUSY;

	TAILQ_REMOVE(&s->behind, f, of_behind);
	TAILQ_INSERT_TAIL(&s->behind, f, of_behind);
	if (!bus_peer_equal(&f->peer, full))
		rc = replay(s, p, f, &more);
	if (rc == RC_OK && !more)
		set_live(s, f, true);
	else if (rc == RC_BUSY)
		*full = f->peer;
	else if (rc != RC_OK)
		follower_free(s, f);
	return rc != RC_BUSY;
}

/*
 * Each of those behind gets a page in turn, for as long as a turn may take
 * and one at least. One that a gateway with a full queue could not be sent to
 * stays behind for a later tick; reading for others of that gateway would be
 * in vain.
 */
void
follow_replay(struct supervisor *s)
{
	int64_t until = clk_mono_ms() + REPLAY_MS;
	struct page *p = s->page;
	struct bus_peer full = {0};
	int n_full = 0;

	if (TAILQ_EMPTY(&s->behind))
		return;
	if (p == NULL) {
		s->page = p = xcalloc(1, sizeof(*p));
		buf_init(&p->items, PROTO_BYTES_MAX);
	}
	do {
		n_full = replay_next(s, p, &full) ? 0 : n_full + 1;
	} while (n_full < s->n_behind && clk_mono_ms() < until);
	if (p->items.cap > PAGE_KEPT_BYTES)
		page_drop(s);
	if (n_full < s->n_behind)
		replay_rest(s);
}

/* ---- live ---- */

static void
gather_run(struct run *r, struct telling_list *tellings)
{
	struct telling *t;

	if (r->n_fresh == 0)
		return;
	t = xcalloc(1, sizeof(*t));
	*t = (struct telling){.run = r,
	    .items = r->fresh,
	    .n = r->n_fresh,
	    .last_seq = r->last_seq,
	    .ended = r->ended};
	buf_init(&r->fresh, RUN_FRESH_BYTES_MAX);
	r->n_fresh = 0;
	STAILQ_INSERT_TAIL(tellings, t, list);
}

void
follow_gather(struct supervisor *s, struct telling_list *tellings)
{
	struct run *r;

	TAILQ_FOREACH(r, &s->runs, all)
	gather_run(r, tellings);
	TAILQ_FOREACH(r, &s->ended, all)
	gather_run(r, tellings);
}

static void
tell_run(struct supervisor *s, const struct telling *t)
{
	bool large = t->items.len > TURN_BYTES || t->items.full;
	struct follower *f, *next;

	supervisor_at_work(s, t->run);
	for (f = LIST_FIRST(&t->run->followers); f != NULL; f = next) {
		enum rc rc = RC_BUSY;

		next = LIST_NEXT(f, of_run);
		if (!f->live)
			continue;
		if (!large)
			rc = send_list(
			    s, f, buf_span(&t->items), t->n, t->ended);
		if (rc == RC_OK) {
			f->after = t->last_seq;
		} else if (rc == RC_BUSY) {
			set_live(s, f, false);
		} else {
			follower_free(s, f);
		}
		FAILPOINT(flush_half);
	}
	t->run->told_seq = t->last_seq;
}

/* It ended and all its events have left, so nobody follows it here; who still
 * lacks some is read them from the store. */
static void
free_ended(struct supervisor *s, struct run *r)
{
	struct follower *f;

	while ((f = LIST_FIRST(&r->followers)) != NULL) {
		if (f->live) {
			follower_free(s, f);
			continue;
		}
		LIST_REMOVE(f, of_run);
		f->run = NULL;
	}
	zhash_delete(s->by_id, r->id);
	TAILQ_REMOVE(&s->ended, r, all);
	run_free(r);
}

void
follow_tell(struct supervisor *s, struct telling_list *tellings)
{
	struct telling *t;

	STAILQ_FOREACH(t, tellings, list)
	{
		tell_run(s, t);
		if (t->ended)
			free_ended(s, t->run);
	}
	supervisor_at_work(s, NULL);
}

void
follow_fleeting(
    struct supervisor *s, struct run *r, const char *type, struct span data)
{
	struct proto m = {.type = PROTO_FLEETING};
	size_t bytes = data.n + WINDOW_MESSAGE_BYTES;
	struct follower *f;

	m.fleeting.run = span_of(r->id);
	m.fleeting.type = span_of(type);
	m.fleeting.data = data;
	LIST_FOREACH(f, &r->followers, of_run)
	{
		/* Kept nowhere: a viewer that cannot take it misses it. */
		if (!f->live || !window_fits(s->windows, &f->peer, bytes))
			continue;
		m.fleeting.req = f->req;
		m.fleeting.sent = window_after(s->windows, &f->peer, bytes);
		if (bus_send(s->front, &f->peer, &m) == RC_OK)
			window_sent(s->windows, &f->peer, bytes);
	}
}
