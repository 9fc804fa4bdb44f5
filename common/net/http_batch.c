/*
 * http_batch.c - many requests, some at once, on a thread that may block.
 */
#include "common/net/http.h"
#include "common/base/clk.h"
#include "common/net/http_transfer.h"

#include <assert.h>
#include <stdlib.h>

enum { POLL_MS = 100 };

struct slot {
	struct http_transfer transfer; /* first: CURLOPT_PRIVATE is both;
					* easy == NULL: free */
	int64_t again_ms; /* when it is asked again; 0: under way */
};

struct batch {
	CURLM *multi;
	const struct http_req *reqs;
	size_t n, next; /* next: the first not yet started */
	unsigned running; /* slots that are not free */
	struct slot *slots;
	unsigned n_slots;
};

static void
tell(const struct http_req *r, const struct http_result *result)
{
	if (r->on_done != NULL)
		r->on_done(r->arg, result);
}

static struct slot *
free_slot(struct batch *b)
{
	unsigned i = 0;

	while (b->slots[i].transfer.easy != NULL)
		i++;
	return &b->slots[i];
}

static void
start_next(struct batch *b)
{
	const struct http_req *r = &b->reqs[b->next++];
	struct http_transfer *t = &free_slot(b)->transfer;
	struct http_result bad = {.retry_after_ms = -1, .date_ms = -1};

	bad.rc = http_transfer_init(t, r, &bad.err);
	if (bad.rc != RC_OK) {
		tell(r, &bad);
		return;
	}
	curl_multi_add_handle(b->multi, t->easy);
	b->running++;
}

/* A slot that waits is not free: who is told to ask less does. */
static void
end(struct batch *b, struct slot *slot, CURLcode code)
{
	struct http_transfer *t = &slot->transfer;
	struct http_req req = t->req;
	struct http_result result;
	int64_t wait;

	http_transfer_result(t, code, &result);
	curl_multi_remove_handle(b->multi, t->easy);
	wait = http_transfer_again(t, code, &result);
	slot->again_ms = wait >= 0 ? clk_mono_ms() + wait : 0;
	if (wait >= 0)
		return;
	http_transfer_done(t);
	t->easy = NULL;
	b->running--;
	tell(&req, &result);
}

static void
reap(struct batch *b)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(b->multi, &left)) != NULL) {
		char *transfer = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    msg->easy_handle, CURLINFO_PRIVATE, &transfer);
		end(b, (struct slot *)(void *)transfer, msg->data.result);
	}
}

/* Asks again whose time has come; in how many ms the next one's does. */
static int
resume(struct batch *b)
{
	int64_t now = clk_mono_ms(), next = POLL_MS;
	unsigned i;

	for (i = 0; i < b->n_slots; i++) {
		struct slot *s = &b->slots[i];

		if (s->transfer.easy == NULL || s->again_ms == 0)
			continue;
		if (s->again_ms > now) {
			next = MIN(next, s->again_ms - now);
			continue;
		}
		s->again_ms = 0;
		curl_multi_add_handle(b->multi, s->transfer.easy);
	}
	return (int)next;
}

static void
cancel_rest(struct batch *b)
{
	struct http_result off = {
	    .rc = RC_CANCELLED, .retry_after_ms = -1, .date_ms = -1};
	unsigned i;

	err_set(&off.err, RC_CANCELLED, "called off");
	for (i = 0; i < b->n_slots; i++) {
		if (b->slots[i].transfer.easy == NULL)
			continue;
		http_transfer_stop(&b->slots[i].transfer, RC_CANCELLED);
		b->slots[i].transfer.stop_err = off.err;
		end(b, &b->slots[i], CURLE_ABORTED_BY_CALLBACK);
	}
	while (b->next < b->n)
		tell(&b->reqs[b->next++], &off);
}

enum rc
http_run(const struct http_req *reqs, size_t n, unsigned parallel,
    const atomic_bool *cancel)
{
	struct batch b = {.reqs = reqs, .n = n, .n_slots = MAX(parallel, 1U)};
	bool cancelled = false;
	int running, wait;

	http_global();
	b.multi = curl_multi_init();
	assert(b.multi != NULL);
	b.slots = xcalloc(b.n_slots, sizeof(*b.slots));
	while (!cancelled && (b.next < n || b.running > 0)) {
		while (b.next < n && b.running < b.n_slots)
			start_next(&b);
		curl_multi_perform(b.multi, &running);
		reap(&b);
		wait = resume(&b);
		if (b.running > 0 && (b.running == b.n_slots || b.next == n))
			curl_multi_poll(b.multi, NULL, 0, wait, NULL);
		cancelled = cancel != NULL && atomic_load(cancel);
	}
	if (cancelled)
		cancel_rest(&b);
	curl_multi_cleanup(b.multi);
	free(b.slots);
	return cancelled ? RC_CANCELLED : RC_OK;
}
