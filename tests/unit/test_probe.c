/*
 * test_probe.c - what `culprit up` makes of what the gateway answers, or not.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "gateway/up/probe.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GIVE_UP_MS = AWAIT_MS };

struct gate {
	int fd;
	char host_port[32];
};

/* False: this machine has no such addresses. */
static bool
gate_open(struct gate *g, int family)
{
	struct sockaddr_in6 v6 = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in v4 = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool six = family == AF_INET6;
	struct sockaddr *at = six ? (void *)&v6 : (void *)&v4;
	socklen_t n = six ? sizeof(v6) : sizeof(v4);

	g->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (g->fd < 0 || bind(g->fd, at, n) != 0)
		return false;
	ck_assert_int_eq(listen(g->fd, 4), 0);
	ck_assert_int_eq(getsockname(g->fd, at, &n), 0);
	snprintf(g->host_port, sizeof(g->host_port),
	    six ? "[::1]:%d" : "127.0.0.1:%d",
	    ntohs(six ? v6.sin6_port : v4.sin_port));
	return true;
}

/* Goes on with the probe whenever it can, until it has an answer. */
static enum probe_says
probe_outcome(struct probe *p, int64_t now_ms)
{
	int64_t until = clk_mono_ms() + GIVE_UP_MS;
	enum probe_says says = probe_go_on(p, now_ms);

	while (says == PROBE_WAITS && clk_mono_ms() < until) {
		struct pollfd fd = {.fd = p->fd, .events = p->events};

		poll(&fd, 1, GIVE_UP_MS);
		says = probe_go_on(p, now_ms);
	}
	return says;
}

/* Takes the request; the connection, which is the caller's. */
static int
gate_take(const struct gate *g, struct probe *p)
{
	int fd = accept4(g->fd, NULL, NULL, SOCK_CLOEXEC);
	char request[512];
	struct pollfd out = {.fd = p->fd, .events = POLLOUT};
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	poll(&out, 1, GIVE_UP_MS);
	ck_assert_int_eq(probe_go_on(p, 0), PROBE_WAITS);
	n = recv(fd, request, sizeof(request) - 1, 0);
	ck_assert_int_gt(n, 0);
	request[n] = '\0';
	assert_contains(request, "GET /readyz HTTP/1.1\r\n");
	assert_contains(request, g->host_port);
	assert_contains(request, "\r\n\r\n");
	return fd;
}

static const struct {
	const char *parts[3];
	enum probe_says says;
} answers[] = {
    {{"HTTP/1.1 200 OK\r\n"}, PROBE_READY},
    {{"HTT", "P/1.1 2", "00 OK\r\n"}, PROBE_READY},
    {{"HTTP/1.1 503 Service Unavailable\r\n"}, PROBE_NOT_READY},
    {{"HTTP/1.1 20", "4 No Content\r\n"}, PROBE_NOT_READY},
    {{"SSH-2.0-OpenSSH_9.2\r\n"}, PROBE_NOT_READY},
    {{"HTTP/1.1 20"}, PROBE_SILENT},
    {{NULL}, PROBE_SILENT},
};

START_TEST(probe_is_ready_for_200_alone_however_it_is_cut)
{
	struct probe p = {.fd = -1};
	struct gate g;
	int fd;

	ck_assert(gate_open(&g, AF_INET));
	probe_start(&p, g.host_port, 0);
	fd = gate_take(&g, &p);
	for (size_t i = 0; i < 3 && answers[_i].parts[i] != NULL; i++) {
		const char *part = answers[_i].parts[i];
		struct pollfd in = {.fd = p.fd, .events = POLLIN};

		if (i > 0)
			ck_assert_int_eq(probe_go_on(&p, 0), PROBE_WAITS);
		send(fd, part, strlen(part), MSG_NOSIGNAL);
		ck_assert_int_eq(poll(&in, 1, GIVE_UP_MS), 1);
	}
	close(fd);
	ck_assert_int_eq(probe_outcome(&p, 0), answers[_i].says);
	ck_assert_int_eq(p.fd, -1);
	close(g.fd);
}
END_TEST

START_TEST(probe_reaches_ipv6_too)
{
	struct probe p = {.fd = -1};
	struct gate g;
	int fd;

	if (!gate_open(&g, AF_INET6)) {
		SKIP_TEST("this machine has no IPv6");
		return;
	}
	probe_start(&p, g.host_port, 0);
	fd = gate_take(&g, &p);
	ck_assert_int_gt(send(fd, "HTTP/1.1 200 OK\r\n", 17, 0), 0);
	ck_assert_int_eq(probe_outcome(&p, 0), PROBE_READY);
	close(fd);
	close(g.fd);
}
END_TEST

START_TEST(probe_does_not_wait_for_good)
{
	struct probe p = {.fd = -1};
	struct gate g;
	int fd;

	ck_assert(gate_open(&g, AF_INET));
	probe_start(&p, g.host_port, 0);
	fd = gate_take(&g, &p);
	ck_assert_int_eq(probe_go_on(&p, PROBE_TIMEOUT_MS - 1), PROBE_WAITS);
	ck_assert_int_eq(probe_go_on(&p, PROBE_TIMEOUT_MS), PROBE_SILENT);
	ck_assert_int_eq(p.fd, -1);
	close(fd);
	close(g.fd);
}
END_TEST

static const char *const nobody[] = {"127.0.0.1:1", "[::1]:1", "", "x",
    "127.0.0.1", "localhost:80", "127.0.0.1:http", ":80", "[::1:80"};

START_TEST(probe_is_silent_where_nobody_listens)
{
	struct probe p = {.fd = -1};

	probe_start(&p, nobody[_i], 0);
	ck_assert_int_eq(probe_outcome(&p, 0), PROBE_SILENT);
	ck_assert_int_eq(p.fd, -1);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {probe_is_ready_for_200_alone_however_it_is_cut,
		(int)ARRAY_LEN(answers)},
	    {probe_reaches_ipv6_too, 0},
	    {probe_does_not_wait_for_good, 0},
	    {probe_is_silent_where_nobody_listens, (int)ARRAY_LEN(nobody)},
	};

	return RUN_TESTS("probe", tests);
}
