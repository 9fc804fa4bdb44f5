/*
 * server.c - one HTTP request per connection, from the door to the last byte.
 *
 *   RECEIVING -> WAITING (suspended) -> REPLYING
 *                        |
 *                        '-> STREAMING (suspended while nothing waits)
 *
 * Invariant: a connection is either suspended, or libmicrohttpd has work to
 * do for it. A suspended one never times out there and its client's leaving
 * goes unnoticed, so streams are watched by an epoll of our own, and woken
 * for a comment now and then.
 */
#include "gateway/http/server_in.h"

#include <errno.h>
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/agent/limits.h"
#include "common/base/log.h"

enum {
	TICK_MS = 1000,
	/* Holds the largest head the door lets pass, and then the chunks of
	 * a stream. Up to 32 KiB it comes from the heap and only what is
	 * used becomes resident. */
	CONNECTION_BYTES = 32 << 10,
	IDLE_S = 30,
	RUNS_MAX = 64,
	EVENTS_TURN = 256,
	CROWD = 256,
	DESCRIPTORS_SPARE = 2 * LIMITS_SPARE,
	DESCRIPTORS_LEAST = 32,
};

/* ---- the library's callbacks ---- */

static enum MHD_Result
give_response(struct web *h)
{
	enum MHD_Result ok =
	    MHD_queue_response(h->connection, (unsigned)h->status, h->response);

	MHD_destroy_response(h->response);
	h->response = NULL;
	if (h->state != WEB_STREAMING)
		h->state = WEB_REPLYING;
	return ok;
}

static enum MHD_Result
on_access(void *cls UNUSED, struct MHD_Connection *connection,
    const char *url UNUSED, const char *method UNUSED,
    const char *version UNUSED, const char *upload, size_t *upload_n,
    void **con_cls)
{
	struct web *h = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			    ->socket_context;

	if (h == NULL || h->cut)
		return MHD_NO;
	*con_cls = h;
	h->connection = connection;
	if (!h->begun) {
		h->begun = true;
		return MHD_YES;
	}
	if (*upload_n > 0) {
		buf_add(&h->body, upload, *upload_n);
		*upload_n = 0;
		return MHD_YES;
	}
	if (!h->handled) {
		h->handled = true;
		h->state = WEB_WAITING;
		h->match.route->handle(h->s->spec.api, h);
	}
	if (h->response != NULL)
		return give_response(h);
	web_suspend(h);
	return MHD_YES;
}

static void
on_connection(void *cls, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct server *s = cls;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(
		    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*socket_context = s->by_fd[info->connect_fd];
		s->by_fd[info->connect_fd]->announced = true;
	} else if (*socket_context != NULL) {
		web_free(*socket_context);
		*socket_context = NULL;
		door_closed(s->door);
	}
}

static void
on_completed(void *cls UNUSED, struct MHD_Connection *connection UNUSED,
    void **con_cls, enum MHD_RequestTerminationCode code UNUSED)
{
	if (*con_cls != NULL)
		web_gone(*con_cls);
	*con_cls = NULL;
}

/* ---- the loop ---- */

static uint64_t
library_timeout(struct server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(s->daemon, &ms) == MHD_YES ? ms : UINT64_MAX;
}

static int
on_again(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct server *s = arg;

	s->dirty = true;
	server_turn(s);
	return 0;
}

static void
server_run(struct server *s)
{
	int left = RUNS_MAX;

	if (s->running)
		return;
	s->running = true;
	do {
		s->dirty = false;
		MHD_run(s->daemon);
	} while (--left > 0 && (s->dirty || library_timeout(s) == 0));
	s->running = false;
	/* Others get their turn on the loop before it goes on. */
	if (left == 0)
		zloop_timer(s->loop, 0, 1, on_again, s);
}

void
server_turn(struct server *s)
{
	if (s->dirty)
		server_run(s);
}

static int
on_ready(zloop_t *loop UNUSED, zmq_pollitem_t *item UNUSED, void *arg)
{
	server_run(arg);
	return 0;
}

/*
 * The client closed its side: either it has left, or it only has nothing
 * more to say. A comment tells: a client that has left answers with a reset.
 */
static int
on_watch(zloop_t *loop UNUSED, zmq_pollitem_t *item UNUSED, void *arg)
{
	struct server *s = arg;
	struct epoll_event ev[EVENTS_TURN];
	int i, n = epoll_wait(s->watch_fd, ev, EVENTS_TURN, 0);

	for (i = 0; i < n; i++) {
		struct web *h = ev[i].data.ptr;

		if ((ev[i].events & (EPOLLHUP | EPOLLERR)) != 0) {
			web_cut(h);
		} else if (h->suspended) {
			buf_adds(&h->out, ": still there?\n\n");
			web_flush(h);
		}
	}
	server_turn(s);
	return 0;
}

static void
stream_tick(struct web *h, int64_t now)
{
	const struct server_spec *spec = &h->s->spec;

	if (h->suspended && now - h->moved_ms >= spec->keepalive_ms) {
		buf_adds(&h->out, ": keep-alive\n\n");
		web_flush(h);
	} else if (!h->suspended && now - h->moved_ms >= spec->stall_ms) {
		log_debug("cut a viewer that does not read", "run",
		    h->match.run, NULL);
		web_cut(h);
	}
}

static void
receive_tick(struct web *h, int64_t now)
{
	struct problem p = {.origin = h->origin};

	if (h->cut || now - h->since_ms < h->s->spec.request_ms)
		return;
	problem_set(&p, 408,
	    "the request's body did not arrive within %lld "
	    "seconds",
	    (long long)h->s->spec.request_ms / 1000);
	door_last_word(h->fd, &p);
	h->cut = true;
	shutdown(h->fd, SHUT_RDWR);
}

/* The heap keeps what a crowd of viewers took; once most of them have left
 * it goes back to the system. */
static void
memory_return(struct server *s)
{
	s->peak = MAX(s->peak, s->n);
	if (s->peak < CROWD || s->n > s->peak / 2)
		return;
	malloc_trim(0);
	s->peak = s->n;
}

static int
on_tick(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct server *s = arg;
	int64_t now = clk_mono_ms();
	struct web *h;

	door_tick(s->door);
	for (h = s->all; h != NULL; h = h->next) {
		if (h->state == WEB_STREAMING)
			stream_tick(h, now);
		else if (h->state == WEB_RECEIVING)
			receive_tick(h, now);
	}
	server_run(s); /* also for its own timeouts */
	memory_return(s);
	rest_tick(&s->rest, s->n > 0, now);
	return 0;
}

/* ---- from the door ---- */

static bool
media_is_json(struct span media)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	return media.n >= n && strncasecmp(media.p, json, n) == 0 &&
	       (media.n == n || strchr("; \t", media.p[n]) != NULL);
}

/* A page's script can POST a body of any other type without being asked
 * whether it may: so the type is part of the guard. */
static bool
body_check(const struct route *r, const struct head *head, struct problem *ret)
{
	struct span media = head_find(head, "Content-Type");

	if (r->body_max == 0 && head->body_bytes > 0) {
		problem_set(
		    ret, 400, "a %.*s takes no body", SPAN_ARG(head->method));
		return false;
	}
	if (head->body_bytes > r->body_max) {
		problem_set(ret, 413,
		    "the body has %llu bytes; the limit here is %zu",
		    (unsigned long long)head->body_bytes, r->body_max);
		return false;
	}
	if (r->body_max > 0 && strcmp(r->method, "PUT") != 0 &&
	    (head->body_bytes > 0 || media.p != NULL) &&
	    !media_is_json(media)) {
		problem_set(ret, 415,
		    "the body must be JSON, with "
		    "Content-Type: application/json");
		return false;
	}
	return true;
}

/* Before anything else is looked at, the token too: it is not to be guessed.
 * What calls webhooks sends again after a 503 alone, and alerts are not to be
 * lost. */
static bool
rate_check(struct server *s, const struct sockaddr *peer,
    const struct route *route, struct problem *ret)
{
	int wait_s = rate_take(s->spec.rate, peer, clk_mono_us());

	if (wait_s == 0)
		return true;
	problem_set(ret, route != NULL && route->whom == ROUTE_WEBHOOK ? 503 : 429,
	    "too many requests from this address; ask again in %d s", wait_s);
	ret->retry_after_s = wait_s;
	return false;
}

/* A browser asks whether a page of another origin may ask. */
static const struct route preflight = {
    "OPTIONS", "*", ROUTE_PUBLIC, 0, {0}, web_preflight};

static bool
is_preflight(const struct head *head, const char *origin)
{
	return origin != NULL && span_is(head->method, "OPTIONS") &&
	       head->body_bytes == 0 &&
	       head_find(head, "Access-Control-Request-Method").p != NULL;
}

static bool
head_pass(struct server *s, const struct sockaddr *peer,
    const struct head *head, struct route_match *ret_match,
    struct problem *ret)
{
	char allow[ROUTE_ALLOW_MAX];
	struct err err;
	int status = route_find(s->spec.routes, head->method, head->path,
	    ret_match, allow);
	bool public = status == 0 && ret_match->route->whom == ROUTE_PUBLIC;

	ret->origin = gate_origin(s->spec.gate, head);
	if (!rate_check(s, peer, ret_match->route, ret))
		return false;
	if (is_preflight(head, ret->origin)) {
		ret_match->route = &preflight;
		return gate_check(s->spec.gate, head, true, ret);
	}
	/* Who may not come in does not learn what is there. */
	if (!gate_check(s->spec.gate, head, public, ret))
		return false;
	if (status == 404) {
		problem_set(ret, 404,
		    "there is nothing at %.*s; the README "
		    "lists what there is",
		    (int)MIN(head->path.n, 200), head->path.p);
		return false;
	}
	if (status == 405) {
		problem_set(ret, 405,
		    "%.*s is not possible here; this takes "
		    "%s",
		    SPAN_ARG(head->method), allow);
		snprintf(ret->allow, sizeof(ret->allow), "%s", allow);
		return false;
	}
	if (route_args_check(ret_match->route, head->query, &err) != RC_OK) {
		problem_set(ret, 400, "%s", err.text);
		return false;
	}
	return body_check(ret_match->route, head, ret);
}

static bool
on_head(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_len,
    const struct head *head, struct problem *ret_problem)
{
	struct server *s = ctx;
	struct route_match match;
	struct web *h;

	if (!head_pass(s, peer, head, &match, ret_problem))
		return false;
	if ((size_t)fd >= s->by_fd_n) {
		problem_set(ret_problem, 503, "too many connections");
		return false;
	}
	FAILPOINT(head_good);
	h = web_new(s, fd, &match, gate_origin(s->spec.gate, head));
	s->dirty = true;
	if (MHD_add_connection(s->daemon, fd, peer, peer_len) == MHD_YES)
		return true;
	/* It has closed the socket all the same; what was not announced to
	 * us will not be taken back either. */
	if (s->by_fd[fd] == h && !h->announced) {
		web_free(h);
		door_closed(s->door);
	}
	return true;
}

/* ---- opening and closing ---- */

/* Fewer connections where this machine does not give the descriptors. */
static enum rc
descriptors_share(struct server *s, struct err *err)
{
	struct door_spec *d = &s->spec.door;
	rlim_t want =
	    d->connections_max + d->connections_max / 2 + DESCRIPTORS_SPARE;
	struct rlimit l = {0};
	char text[32];

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 ||
	    l.rlim_cur < DESCRIPTORS_SPARE + DESCRIPTORS_LEAST)
		return err_set(err, RC_IO,
		    "%llu open files are too few for a gateway, which needs "
		    "%d; raise the limit (ulimit -n, LimitNOFILE)",
		    (unsigned long long)l.rlim_cur,
		    DESCRIPTORS_SPARE + DESCRIPTORS_LEAST);
	s->by_fd_n = (size_t)MIN(l.rlim_cur, 4 * want);
	if (l.rlim_cur >= want)
		return RC_OK;
	d->connections_max =
	    (unsigned)((l.rlim_cur - DESCRIPTORS_SPARE) * 2 / 3);
	snprintf(text, sizeof(text), "%u", d->connections_max);
	log_warn("the limit of open files allows fewer connections",
	    "connections", text, NULL);
	return RC_OK;
}

static enum rc
daemon_open(struct server *s, struct err *err)
{
	s->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->watch_fd < 0)
		return err_set(err, RC_IO, "epoll: %s", strerror(errno));
	s->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, on_access, s, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)s->spec.door.connections_max + DESCRIPTORS_SPARE,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
	if (s->daemon == NULL)
		return err_set(err, RC_IO, "cannot start the HTTP library");
	return RC_OK;
}

static int
library_fd(struct server *s)
{
	return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)
	    ->epoll_fd;
}

static void
loop_attach(struct server *s)
{
	zmq_pollitem_t item = {.events = ZMQ_POLLIN, .fd = library_fd(s)};

	zloop_poller(s->loop, &item, on_ready, s);
	zloop_poller_set_tolerant(s->loop, &item);
	item.fd = s->watch_fd;
	zloop_poller(s->loop, &item, on_watch, s);
	zloop_poller_set_tolerant(s->loop, &item);
	s->tick = zloop_timer(s->loop, TICK_MS, 0, on_tick, s);
}

enum rc
server_new(zloop_t *loop, const struct server_spec *spec,
    struct server **ret_server, struct err *err)
{
	struct server *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	s->spec = *spec;
	s->loop = loop;
	s->watch_fd = -1;
	rc = descriptors_share(s, err);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a table of pointers. */
	s->by_fd = xcalloc(s->by_fd_n, sizeof(*s->by_fd));
	s->spec.door.on_head = on_head;
	s->spec.door.ctx = s;
	if (rc == RC_OK)
		rc = daemon_open(s, err);
	if (rc == RC_OK)
		rc = door_new(loop, &s->spec.door, &s->door, err);
	if (rc != RC_OK) {
		server_free(s);
		return rc;
	}
	loop_attach(s);
	*ret_server = s;
	return RC_OK;
}

static void
daemon_close(struct server *s)
{
	zmq_pollitem_t item = {.events = ZMQ_POLLIN, .fd = library_fd(s)};
	struct web *h;

	zloop_poller_end(s->loop, &item);
	item.fd = s->watch_fd;
	zloop_poller_end(s->loop, &item);
	if (s->tick != 0)
		zloop_timer_end(s->loop, s->tick);
	/* The library aborts when it is stopped with suspended ones. */
	for (h = s->all; h != NULL; h = h->next) {
		h->cut = true;
		web_resume(h);
	}
	MHD_run(s->daemon);
	MHD_stop_daemon(s->daemon);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	if (s->daemon != NULL)
		daemon_close(s);
	door_free(s->door);
	if (s->watch_fd >= 0)
		close(s->watch_fd);
	free(s->by_fd);
	free(s);
}

void
server_drain(struct server *s)
{
	struct web *h;

	door_stop(s->door);
	for (h = s->all; h != NULL; h = h->next)
		if (h->state == WEB_STREAMING)
			web_end(h);
	server_turn(s);
}

const struct door *
server_door(const struct server *s)
{
	return s->door;
}

unsigned
server_busy(const struct server *s)
{
	return s->n;
}
