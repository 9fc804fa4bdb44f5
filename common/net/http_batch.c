/*
 * http_batch.c - many requests, some at once, on a thread that may block.
 */
#include "common/net/http.h"
#include "common/net/http_transfer.h"

#include <assert.h>
#include <stdlib.h>

enum { POLL_MS = 100 };

struct batch {
	CURLM *multi;
	const struct http_req *reqs;
	size_t n, next; /* next: the first not yet started */
	unsigned running;
	struct http_transfer *slots; /* easy == NULL: free */
	unsigned n_slots;
};

static void
tell(const struct http_req *r, const struct http_result *result)
{
	if (r->on_done != NULL)
		r->on_done(r->arg, result);
}

static struct http_transfer *
free_slot(struct batch *b)
{
	unsigned i = 0;

	while (b->slots[i].easy != NULL)
		i++;
	return &b->slots[i];
}

static void
start_next(struct batch *b)
{
	const struct http_req *r = &b->reqs[b->next++];
	struct http_transfer *t = free_slot(b);
	struct http_result bad = {.retry_after_ms = -1};

	bad.rc = http_transfer_init(t, r, &bad.err);
	if (bad.rc != RC_OK) {
		tell(r, &bad);
		return;
	}
	curl_multi_add_handle(b->multi, t->easy);
	b->running++;
}

static void
end(struct batch *b, struct http_transfer *t, CURLcode code)
{
	struct http_req req = t->req;
	struct http_result result;

	http_transfer_result(t, code, &result);
	curl_multi_remove_handle(b->multi, t->easy);
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
		end(b, (struct http_transfer *)(void *)transfer,
		    msg->data.result);
	}
}

static void
cancel_rest(struct batch *b)
{
	struct http_result off = {.rc = RC_CANCELLED, .retry_after_ms = -1};
	unsigned i;

	err_set(&off.err, RC_CANCELLED, "called off");
	for (i = 0; i < b->n_slots; i++) {
		if (b->slots[i].easy == NULL)
			continue;
		http_transfer_stop(&b->slots[i], RC_CANCELLED);
		b->slots[i].stop_err = off.err;
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
	int running;

	http_global();
	b.multi = curl_multi_init();
	assert(b.multi != NULL);
	b.slots = xcalloc(b.n_slots, sizeof(*b.slots));
	while (!cancelled && (b.next < n || b.running > 0)) {
		while (b.next < n && b.running < b.n_slots)
			start_next(&b);
		curl_multi_perform(b.multi, &running);
		reap(&b);
		if (b.running > 0 && (b.running == b.n_slots || b.next == n))
			curl_multi_poll(b.multi, NULL, 0, POLL_MS, NULL);
		cancelled = cancel != NULL && atomic_load(cancel);
	}
	if (cancelled)
		cancel_rest(&b);
	curl_multi_cleanup(b.multi);
	free(b.slots);
	return cancelled ? RC_CANCELLED : RC_OK;
}
