/*
 * viewer.c - a run's events to one client.
 *
 * Invariant: events go out in the order of their numbers without a gap. What
 * does not fit is not kept here: the subscription is ended, and begun again
 * behind the last event taken once the client has read.
 */
#include "gateway/api/viewer.h"

#include "common/base/failpoint.h"
#include "common/wire/wire.h"
#include "gateway/http/sse.h"

enum { GAPS_MAX = 3 };

static void
viewer_begin(struct exchange *x)
{
	auto_str location = exchange_location(link_run(x->call));

	if (web_is_stream(x->h))
		return;
	web_stream(x->h, location);
	sse_retry(web_out(x->h));
	web_flush(x->h);
}

/* False: it does not fit now. */
static bool
event_write(struct exchange *x, const struct proto_event *e)
{
	struct buf *out = web_out(x->h);
	size_t before = web_pending(x->h), mark = out->len;

	if (before >= SERVER_PENDING_MAX)
		return false;
	sse_event(out, link_run(x->call), e->seq, e->type, e->data);
	if (before == 0 || web_pending(x->h) <= SERVER_PENDING_MAX)
		return true;
	buf_cut(out, mark);
	return false;
}

/* False: no more of this message. */
static bool
event_take(struct exchange *x, const struct proto_event *e)
{
	uint64_t taken = link_taken(x->call);

	if (e->seq <= taken)
		return true;
	/* Lost on the way: asked for at once a few times, then when the link
	 * asks by itself. */
	if (e->seq != taken + 1) {
		if (x->gaps++ < GAPS_MAX)
			link_again(x->call);
		return false;
	}
	if (!event_write(x, e)) {
		link_hold(x->call);
		web_fit(x->h);
		return false;
	}
	FAILPOINT(event_queued);
	x->gaps = 0;
	link_took(x->call, e->seq);
	return true;
}

/* True when all of the list was taken. */
static bool
list_take(struct exchange *x, struct span list)
{
	struct wire_r r = wire_reader(list);
	uint32_t n = list.n > 0 ? wire_array(&r) : 0;
	struct proto_event e;
	struct err ignored;

	for (; n > 0; n--)
		if (proto_next_event(&r, &e, &ignored) != RC_OK ||
		    !event_take(x, &e))
			return false;
	return true;
}

static bool
list_is_empty(struct span list)
{
	struct wire_r r = wire_reader(list);

	return list.n == 0 || wire_array(&r) == 0;
}

static void
viewer_events(void *ctx, const struct proto_events *m)
{
	struct exchange *x = ctx;
	const struct web_reply nothing = {.status = 204};
	bool all;

	if (!web_is_stream(x->h) && x->resumes && m->last != 0 &&
	    list_is_empty(m->list)) {
		exchange_call_end(x);
		web_reply(x->h, &nothing, NULL);
		return;
	}
	viewer_begin(x);
	all = list_take(x, m->list);
	if (all && m->last != 0) {
		FAILPOINT(stream_ends);
		exchange_call_end(x);
		web_end(x->h);
	}
	web_flush(x->h);
}

/* Tokens are worth showing only to who keeps up. */
static void
viewer_fleeting(void *ctx, const struct proto_fleeting *m)
{
	struct exchange *x = ctx;

	if (!web_is_stream(x->h) || web_pending(x->h) > SERVER_PENDING_MAX / 2)
		return;
	sse_fleeting(web_out(x->h), m->type, m->data);
	web_flush(x->h);
}

/* The run is gone while it was watched: it was removed, or never was. */
static void
viewer_refused(struct exchange *x, const struct proto_reply *r)
{
	auto_buf text = {0};

	if (!web_is_stream(x->h)) {
		exchange_refused(x, r);
		return;
	}
	buf_init(&text, 4096);
	wire_put_map(&text, 1);
	wire_put_str(&text, "text");
	wire_put_span(&text, r->text);
	sse_fleeting(web_out(x->h), span_of("error"), buf_span(&text));
	exchange_call_end(x);
	web_end(x->h);
}

static void
viewer_reply(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;

	if (!span_is(r->rc, "ok"))
		viewer_refused(x, r);
	else if (r->run.n > 0)
		viewer_begin(x);
}

const struct link_ops viewer_ops = {
    .on_reply = viewer_reply,
    .on_events = viewer_events,
    .on_fleeting = viewer_fleeting,
    .on_fail = exchange_fail,
};

void
viewer_drained(struct exchange *x)
{
	if (x->call != NULL)
		link_go_on(x->call);
}
