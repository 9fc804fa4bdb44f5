/*
 * probe.c - one question to the gateway: does /readyz answer 200?
 */
#include "gateway/up/probe.h"

#include "common/base/rc.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBE_HEAD "HTTP/1.1 200"

/* A socket on its way to host_port, -1 where that is no numeric address. */
static int
probe_connect(const char *host_port)
{
	static const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	auto_str host = xstrdup(host_port);
	char *port = strrchr(host, ':'), *name = host;
	struct addrinfo *to = NULL;
	int fd;

	if (port == NULL)
		return -1;
	*port++ = '\0';
	if (*name == '[') {
		name++;
		name[strcspn(name, "]")] = '\0';
	}
	if (getaddrinfo(name, port, &hints, &to) != 0)
		return -1;
	fd = socket(
	    to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) != 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

void
probe_start(struct probe *p, const char *host_port, int64_t now_ms)
{
	probe_end(p);
	p->fd = probe_connect(host_port);
	p->events = POLLOUT;
	p->until_ms = now_ms + PROBE_TIMEOUT_MS;
	p->got = 0;
	snprintf(p->request, sizeof(p->request),
	    "GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
	    host_port);
}

/* So few bytes fit a fresh socket whole, or something is wrong with it. */
static enum probe_says
probe_ask(struct probe *p)
{
	size_t n = strlen(p->request);

	if (send(p->fd, p->request, n, MSG_NOSIGNAL) == (ssize_t)n) {
		p->events = POLLIN;
		return PROBE_WAITS;
	}
	return errno == EAGAIN ? PROBE_WAITS : PROBE_SILENT;
}

static enum probe_says
probe_hear(struct probe *p)
{
	ssize_t n = recv(p->fd, p->head + p->got, sizeof(p->head) - p->got, 0);

	if (n < 0 && errno == EAGAIN)
		return PROBE_WAITS;
	if (n <= 0)
		return PROBE_SILENT;
	p->got += (size_t)n;
	if (p->got < sizeof(p->head))
		return PROBE_WAITS;
	return memcmp(p->head, PROBE_HEAD, sizeof(p->head)) == 0
		   ? PROBE_READY
		   : PROBE_NOT_READY;
}

enum probe_says
probe_go_on(struct probe *p, int64_t now_ms)
{
	enum probe_says says = PROBE_SILENT;

	if (p->fd >= 0)
		says = p->events == POLLOUT ? probe_ask(p) : probe_hear(p);
	if (says == PROBE_WAITS && now_ms >= p->until_ms)
		says = PROBE_SILENT;
	if (says != PROBE_WAITS)
		probe_end(p);
	return says;
}

void
probe_end(struct probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
