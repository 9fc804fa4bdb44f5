/*
 * http.c - requests on a czmq loop: libcurl says which sockets and which
 * timer it waits for, the loop waits.
 *
 * Invariant: libcurl forbids adding and removing transfers inside its own
 * callbacks, so what is asked for there waits in the list (enum phase) until
 * settle() runs after the action.
 */
#include "common/net/http.h"
#include "common/net/http_transfer.h"

#include <assert.h>
#include <stdlib.h>

enum { CONNECTIONS_KEPT = 16 };

enum phase {
	PHASE_NEW, /* to be handed to libcurl */
	PHASE_ACTIVE,
	PHASE_WAITING, /* for its timer, to be asked again */
	PHASE_CANCELLED, /* to be taken back */
};

struct http_call {
	struct http_transfer transfer; /* first: CURLOPT_PRIVATE is both */
	struct http *http;
	struct http_call *prev, *next;
	enum phase phase;
	bool added;
	int timer; /* -1: none */
};

struct http {
	zloop_t *loop;
	CURLM *multi; /* NULL: nothing was fetched yet */
	int timer; /* -1: none */
	bool in_action;
	struct http_call *calls;
};

static void settle(struct http *h);

static void
call_free(struct http_call *call)
{
	struct http *h = call->http;

	if (call->added)
		curl_multi_remove_handle(h->multi, call->transfer.easy);
	if (call->timer >= 0)
		zloop_timer_end(h->loop, call->timer);
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		h->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	http_transfer_done(&call->transfer);
	free(call);
}

/* libcurl does its work for one socket, or for its timer. */
static void
action(struct http *h, curl_socket_t fd, int events)
{
	int running;

	h->in_action = true;
	curl_multi_socket_action(h->multi, fd, events, &running);
	h->in_action = false;
	settle(h);
}

static int
on_timer(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct http *h = arg;

	h->timer = -1;
	action(h, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static int
on_ready(zloop_t *loop UNUSED, zmq_pollitem_t *item, void *arg)
{
	int events = 0;

	if (item->revents & ZMQ_POLLIN)
		events |= CURL_CSELECT_IN;
	if (item->revents & ZMQ_POLLOUT)
		events |= CURL_CSELECT_OUT;
	if (item->revents & ZMQ_POLLERR)
		events |= CURL_CSELECT_ERR;
	action(arg, item->fd, events);
	return 0;
}

static int
on_socket(CURL *easy UNUSED, curl_socket_t fd, int what, void *arg,
    void *socket_arg UNUSED)
{
	struct http *h = arg;
	zmq_pollitem_t item = {.fd = fd};

	zloop_poller_end(h->loop, &item);
	if (what == CURL_POLL_REMOVE)
		return 0;
	if (what & CURL_POLL_IN)
		item.events |= ZMQ_POLLIN;
	if (what & CURL_POLL_OUT)
		item.events |= ZMQ_POLLOUT;
	zloop_poller(h->loop, &item, on_ready, h);
	zloop_poller_set_tolerant(h->loop, &item);
	return 0;
}

static int
on_timeout(CURLM *multi UNUSED, long ms, void *arg)
{
	struct http *h = arg;

	if (h->timer >= 0)
		zloop_timer_end(h->loop, h->timer);
	h->timer =
	    ms >= 0 ? zloop_timer(h->loop, (size_t)ms, 1, on_timer, h) : -1;
	return 0;
}

struct http *
http_new(zloop_t *loop)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->loop = loop;
	h->timer = -1;
	return h;
}

/* Only when there is something to fetch: libcurl's start, and that of the TLS
 * library below it, take time and megabytes. */
static void
multi_open(struct http *h)
{
	http_global();
	h->multi = curl_multi_init();
	assert(h->multi != NULL);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	assert(!h->in_action);
	while (h->calls != NULL)
		call_free(h->calls);
	curl_multi_cleanup(h->multi);
	if (h->timer >= 0)
		zloop_timer_end(h->loop, h->timer);
	free(h);
}

static int
on_waited(zloop_t *loop UNUSED, int timer, void *arg)
{
	struct http *h = arg;
	struct http_call *call = h->calls;

	/* A loop also rings the timers that were ended by whoever rang before
	 * in the same pass, when their call is gone. */
	while (call != NULL && call->timer != timer)
		call = call->next;
	if (call == NULL)
		return 0;
	call->timer = -1;
	call->phase = PHASE_NEW;
	settle(h);
	return 0;
}

/* Whether it is asked again, or was called off meanwhile. */
static bool
goes_on(struct http_call *call, CURLcode code, const struct http_result *result)
{
	struct http *h = call->http;
	int64_t wait;

	h->in_action = true;
	wait = http_transfer_again(&call->transfer, code, result);
	h->in_action = false;
	if (call->phase == PHASE_CANCELLED) {
		call_free(call);
		return true;
	}
	if (wait < 0)
		return false;
	curl_multi_remove_handle(h->multi, call->transfer.easy);
	call->added = false;
	call->phase = PHASE_WAITING;
	call->timer = zloop_timer(h->loop, (size_t)wait, 1, on_waited, h);
	return true;
}

static void
finish(struct http_call *call, CURLcode code)
{
	struct http_req req = call->transfer.req;
	struct http_result result;

	http_transfer_result(&call->transfer, code, &result);
	if (goes_on(call, code, &result))
		return;
	call_free(call);
	if (req.on_done != NULL)
		req.on_done(req.arg, &result);
}

/* Hands libcurl the new calls, takes back those called off. The list may
 * change under us only by http_start and http_cancel, which are safe here
 * since no callback runs. */
static void
apply_pending(struct http *h)
{
	struct http_call *call, *next;

	for (call = h->calls; call != NULL; call = next) {
		next = call->next;
		if (call->phase == PHASE_CANCELLED) {
			call_free(call);
		} else if (call->phase == PHASE_NEW) {
			call->phase = PHASE_ACTIVE;
			call->added = true;
			curl_multi_add_handle(h->multi, call->transfer.easy);
		}
	}
}

static void
settle(struct http *h)
{
	CURLMsg *msg;
	int left;

	apply_pending(h);
	/* on_done may start and cancel calls: ask afresh each time. */
	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		char *transfer = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    msg->easy_handle, CURLINFO_PRIVATE, &transfer);
		finish((struct http_call *)(void *)transfer, msg->data.result);
	}
}

enum rc
http_start(struct http *h, const struct http_req *r,
    struct http_call **ret_call, struct err *err)
{
	struct http_call *call = xcalloc(1, sizeof(*call));
	enum rc rc;

	if (h->multi == NULL)
		multi_open(h);
	rc = http_transfer_init(&call->transfer, r, err);
	if (rc != RC_OK) {
		free(call);
		return rc;
	}
	call->http = h;
	call->timer = -1;
	call->next = h->calls;
	if (h->calls != NULL)
		h->calls->prev = call;
	h->calls = call;
	if (!h->in_action)
		apply_pending(h);
	if (ret_call != NULL)
		*ret_call = call;
	return RC_OK;
}

void
http_cancel(struct http_call *call)
{
	call->transfer.req.on_head = NULL;
	call->transfer.req.on_data = NULL;
	call->transfer.req.on_again = NULL;
	call->transfer.req.on_done = NULL;
	http_transfer_stop(&call->transfer, RC_CANCELLED);
	call->phase = PHASE_CANCELLED;
	if (!call->http->in_action)
		call_free(call);
}
