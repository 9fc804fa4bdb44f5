/*
 * door.c - the listening socket, and who gets past it.
 *
 *   accept -> HEAD -> handed on
 *              |
 *              '----> LINGER -> closed     (refused: the answer is written,
 *                                          what still comes is thrown away)
 *
 * Invariant: each list is in the order of its deadlines, since all its
 * members got the same time; so looking at its first ones is enough.
 */
#include "gateway/http/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"

enum {
	BACKLOG = 4096,
	ACCEPT_TURN = 256, /* accepted at a time, so that others get a turn */
	EVENTS_TURN = 256,
	LINGER_MS = 2000,
	LINGER_BYTES = 1 << 20,
	SEND_BYTES = 64 << 10, /* of kernel memory a slow reader may hold */
	LOST_MS = 30000, /* unacknowledged for so long: the peer is lost */
	ANSWER_MAX = 16384,
};

struct guest {
	struct guest *prev, *next;
	struct guest_list *in;
	int fd;
	int64_t deadline_ms;
	size_t swallowed;
	struct sockaddr_storage peer;
	socklen_t peer_len;
};

struct guest_list {
	struct guest *first, *last;
	unsigned n;
};

struct door {
	struct door_spec spec;
	zloop_t *loop;
	int listen_fd;
	int epoll_fd;
	bool paused; /* out of descriptors: accepts again at the next tick */
	unsigned n_taken;
	struct guest_list heads, lingers;
	struct sockaddr_storage addr;
	char address[80];
	char reachable[80];
	char peek[HEAD_BYTES_MAX + 1];
};

/* ---- lists ---- */

static void
list_push(struct guest_list *l, struct guest *g)
{
	g->in = l;
	g->next = NULL;
	g->prev = l->last;
	*(l->last != NULL ? &l->last->next : &l->first) = g;
	l->last = g;
	l->n++;
}

static void
list_remove(struct guest *g)
{
	struct guest_list *l = g->in;

	if (l == NULL)
		return;
	*(g->prev != NULL ? &g->prev->next : &l->first) = g->next;
	*(g->next != NULL ? &g->next->prev : &l->last) = g->prev;
	l->n--;
	g->in = NULL;
}

static void
guest_close(struct guest *g)
{
	list_remove(g);
	close(g->fd);
	free(g);
}

/* ---- refusing ---- */

void
door_last_word(int fd, const struct problem *p)
{
	auto_buf b = {0};

	buf_init(&b, ANSWER_MAX);
	problem_response(&b, p);
	if (send(fd, buf_str(&b), b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return; /* the client is gone, or never read: its loss */
}

/*
 * Closing a socket with unread bytes would reset the connection, and the
 * reset may overtake the answer. So: say it, close our half, and read on
 * until the client has closed its own.
 */
static void
guest_refuse(struct door *d, struct guest *g, const struct problem *p)
{
	door_last_word(g->fd, p);
	shutdown(g->fd, SHUT_WR);
	list_remove(g);
	g->deadline_ms = clk_mono_ms() + LINGER_MS;
	list_push(&d->lingers, g);
}

/* False when the guest is gone. */
static bool
guest_swallow(struct door *d, struct guest *g)
{
	ssize_t n;

	do {
		n = recv(g->fd, d->peek, sizeof(d->peek), MSG_DONTWAIT);
		g->swallowed += n > 0 ? (size_t)n : 0;
	} while (n > 0 && g->swallowed < LINGER_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	guest_close(g);
	return false;
}

/* ---- looking at heads ---- */

static void
guest_hand_on(struct door *d, struct guest *g, const struct head *head)
{
	struct problem p = {0};
	struct epoll_event none = {0};

	epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, g->fd, &none);
	if (d->spec.on_head(d->spec.ctx, g->fd,
		(const struct sockaddr *)&g->peer, g->peer_len, head, &p)) {
		d->n_taken++;
		list_remove(g);
		free(g);
		return;
	}
	none.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
	none.data.ptr = g;
	epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, g->fd, &none);
	guest_refuse(d, g, &p);
	guest_swallow(d, g);
}

static void
guest_look(struct door *d, struct guest *g, bool half_closed)
{
	struct head head;
	struct problem p = {0};
	int status;
	ssize_t n =
	    recv(g->fd, d->peek, sizeof(d->peek), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		guest_close(g);
		return;
	}
	status = head_check(span_make(d->peek, (size_t)n), &head, &p.err);
	if (status == HEAD_OK) {
		guest_hand_on(d, g, &head);
	} else if (status != HEAD_MORE) {
		p.status = status;
		guest_refuse(d, g, &p);
		guest_swallow(d, g);
	} else if (half_closed) {
		guest_close(g);
	}
}

static void
guest_event(struct door *d, struct guest *g, uint32_t events)
{
	if (g->in == &d->lingers)
		guest_swallow(d, g);
	else
		guest_look(
		    d, g, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

/* ---- accepting ---- */

/* Many slow heads must not keep quick ones out: the slowest goes first. */
static void
heads_make_room(struct door *d)
{
	struct problem p = {0};

	if (d->heads.n < d->spec.connections_max / 2)
		return;
	problem_set(&p, 408,
	    "the request's head did not arrive in time, and "
	    "others wait");
	guest_refuse(d, d->heads.first, &p);
}

static void
guest_new(struct door *d, int fd, const struct sockaddr_storage *peer,
    socklen_t peer_len)
{
	struct guest *g = xcalloc(1, sizeof(*g));
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = g};
	struct problem p = {0};

	g->fd = fd;
	g->peer = *peer;
	g->peer_len = peer_len;
	g->deadline_ms = clk_mono_ms() + d->spec.head_ms;
	epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
	if (d->n_taken + d->heads.n >= d->spec.connections_max) {
		problem_set(&p, 503,
		    "%u connections are open, which is the "
		    "limit (--connections-max); try again",
		    d->spec.connections_max);
		guest_refuse(d, g, &p);
		return;
	}
	heads_make_room(d);
	list_push(&d->heads, g);
	guest_look(d, g, false);
}

static bool
accept_one(struct door *d)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd;

	/* What lingers is refused already: the oldest gives way. */
	if (d->lingers.n >= d->spec.connections_max / 2)
		guest_close(d->lingers.first);
	fd = accept4(d->listen_fd, (struct sockaddr *)&peer, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		FAILPOINT(door_accepted);
		guest_new(d, fd, &peer, len);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
	    errno == ENOBUFS) {
		d->paused = true;
		epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, d->listen_fd, NULL);
	}
	return errno == ECONNABORTED || errno == EINTR;
}

static void
door_accept(struct door *d)
{
	int left = ACCEPT_TURN;

	while (left > 0 && !d->paused && accept_one(d))
		left--;
}

/* A guest that an earlier event of the same batch closed must not be
 * touched again; so accepting, which may close others, comes last. */
static int
on_ready(zloop_t *loop UNUSED, zmq_pollitem_t *item UNUSED, void *arg)
{
	struct door *d = arg;
	struct epoll_event ev[EVENTS_TURN];
	bool knock = false;
	int i, n = epoll_wait(d->epoll_fd, ev, EVENTS_TURN, 0);

	for (i = 0; i < n; i++) {
		if (ev[i].data.ptr == NULL)
			knock = true;
		else
			guest_event(d, ev[i].data.ptr, ev[i].events);
	}
	if (knock && d->listen_fd >= 0)
		door_accept(d);
	return 0;
}

static void
listen_watch(struct door *d)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};

	d->paused = false;
	epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->listen_fd, &ev);
}

void
door_tick(struct door *d)
{
	int64_t now = clk_mono_ms();
	struct problem p = {0};

	problem_set(&p, 408,
	    "the request's head did not arrive within %lld "
	    "seconds",
	    (long long)d->spec.head_ms / 1000);
	while (d->heads.first != NULL && d->heads.first->deadline_ms <= now)
		guest_refuse(d, d->heads.first, &p);
	while (d->lingers.first != NULL && d->lingers.first->deadline_ms <= now)
		guest_close(d->lingers.first);
	if (d->paused && d->listen_fd >= 0)
		listen_watch(d);
}

void
door_closed(struct door *d)
{
	d->n_taken--;
}

/* ---- opening ---- */

/* The resolver would take 65536 for 0. */
static bool
is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 5 && text[n] == '\0' && atoi(text) <= UINT16_MAX;
}

/* Cuts HOST:PORT; the host may be empty, which is every address. */
static enum rc
split(const char *text, char *host, size_t size, const char **ret_port,
    struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *from = text, *to = colon;

	if (colon == NULL || colon[1] == '\0')
		return err_set(err, RC_INVALID,
		    "listen: \"%s\" is not "
		    "HOST:PORT, e.g. 127.0.0.1:9900",
		    text);
	if (*from == '[' && to > from && to[-1] == ']') {
		from++;
		to--;
	}
	if (!is_port(colon + 1))
		return err_set(err, RC_INVALID,
		    "listen: the port of \"%s\" is not a number from 0 to "
		    "65535",
		    text);
	if ((size_t)(to - from) >= size)
		return err_set(err, RC_INVALID, "listen: the host is too long");
	memcpy(host, from, (size_t)(to - from));
	host[to - from] = '\0';
	*ret_port = colon + 1;
	return RC_OK;
}

static enum rc
resolve(struct door *d, socklen_t *ret_len, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list;
	char host[256];
	const char *port = NULL;
	int code;
	enum rc rc = split(d->spec.listen, host, sizeof(host), &port, err);

	if (rc != RC_OK)
		return rc;
	code = getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &list);
	if (code != 0)
		return err_set(err, RC_INVALID, "listen: %s: %s",
		    d->spec.listen, gai_strerror(code));
	memcpy(&d->addr, list->ai_addr, list->ai_addrlen);
	*ret_len = list->ai_addrlen;
	freeaddrinfo(list);
	return RC_OK;
}

/* Accepted sockets inherit these. */
static void
socket_configure(int fd)
{
	int on = 1, send = SEND_BYTES, lost = LOST_MS;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost, sizeof(lost));
}

static bool
is_wildcard(const struct sockaddr_storage *a)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;

	return a->ss_family == AF_INET
		   ? v4->sin_addr.s_addr == htonl(INADDR_ANY)
		   : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

bool
door_is_loopback(const struct door *d)
{
	const struct sockaddr_in *v4 = (const void *)&d->addr;
	const struct sockaddr_in6 *v6 = (const void *)&d->addr;

	return d->addr.ss_family == AF_INET
		   ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
		   : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void
name_address(struct door *d)
{
	socklen_t len = sizeof(d->addr);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool v6;

	getsockname(d->listen_fd, (struct sockaddr *)&d->addr, &len);
	v6 = d->addr.ss_family == AF_INET6;
	if (getnameinfo((struct sockaddr *)&d->addr, len, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(d->address, sizeof(d->address),
	    v6 ? "[%.40s]:%.6s" : "%.40s:%.6s", host, port);
	if (is_wildcard(&d->addr))
		snprintf(d->reachable, sizeof(d->reachable), "%s:%.6s",
		    v6 ? "[::1]" : "127.0.0.1", port);
	else
		memcpy(d->reachable, d->address, sizeof(d->address));
}

static enum rc
listen_open(struct door *d, struct err *err)
{
	socklen_t len = 0;
	enum rc rc = resolve(d, &len, err);

	if (rc != RC_OK)
		return rc;
	d->listen_fd = socket(
	    d->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->listen_fd < 0)
		return err_set(
		    err, RC_IO, "cannot make a socket: %s", strerror(errno));
	socket_configure(d->listen_fd);
	if (bind(d->listen_fd, (struct sockaddr *)&d->addr, len) != 0 ||
	    listen(d->listen_fd, BACKLOG) != 0)
		return err_set(err, RC_IO, "cannot listen on %s: %s%s",
		    d->spec.listen, strerror(errno),
		    errno == EADDRINUSE
			? "; another process has the port, choose another with "
			  "--listen"
			: "");
	name_address(d);
	return RC_OK;
}

enum rc
door_new(zloop_t *loop, const struct door_spec *spec, struct door **ret_door,
    struct err *err)
{
	struct door *d = xcalloc(1, sizeof(*d));
	zmq_pollitem_t item = {.events = ZMQ_POLLIN};
	enum rc rc;

	d->spec = *spec;
	d->loop = loop;
	d->listen_fd = -1;
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = d->epoll_fd < 0 ? err_set(err, RC_IO, "epoll: %s", strerror(errno))
			     : listen_open(d, err);
	if (rc != RC_OK) {
		door_free(d);
		return rc;
	}
	listen_watch(d);
	item.fd = d->epoll_fd;
	zloop_poller(loop, &item, on_ready, d);
	zloop_poller_set_tolerant(loop, &item);
	*ret_door = d;
	return RC_OK;
}

void
door_stop(struct door *d)
{
	if (d->listen_fd >= 0)
		close(d->listen_fd);
	d->listen_fd = -1;
}

void
door_free(struct door *d)
{
	zmq_pollitem_t item = {.events = ZMQ_POLLIN};

	if (d == NULL)
		return;
	door_stop(d);
	while (d->heads.first != NULL)
		guest_close(d->heads.first);
	while (d->lingers.first != NULL)
		guest_close(d->lingers.first);
	if (d->epoll_fd >= 0) {
		item.fd = d->epoll_fd;
		zloop_poller_end(d->loop, &item);
		close(d->epoll_fd);
	}
	free(d);
}

const char *
door_address(const struct door *d)
{
	return d->address;
}

const char *
door_reachable(const struct door *d)
{
	return d->reachable;
}
