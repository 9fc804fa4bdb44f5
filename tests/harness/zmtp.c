/* zmtp.c - bare TCP connections that speak a little ZeroMQ. */
#include "tests/harness/zmtp.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { GREETING = 64, READY_BYTES = 30 };

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)port)};
}

static void
be_patient(int fd)
{
	struct timeval limit = {.tv_sec = ZMTP_MS / 1000};

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

int
zmtp_try(int port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

int
zmtp_connect(int port)
{
	int fd = zmtp_try(port);

	be_patient(fd);
	return fd;
}

int
zmtp_listen(int port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	be_patient(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

int
zmtp_accept(int fd)
{
	int got = accept(fd, NULL, NULL);

	be_patient(got);
	return got;
}

void
zmtp_greet(int fd, const char *mechanism)
{
	char g[GREETING] = "\xff\0\0\0\0\0\0\0\0\x7f\x03";

	memcpy(g + 12, mechanism, strlen(mechanism));
	ck_assert_int_eq(send(fd, g, sizeof(g), MSG_NOSIGNAL), GREETING);
}

void
zmtp_shake(int fd, const char *type)
{
	char ready[READY_BYTES + 1] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0"
				      "\x06______";
	char theirs[GREETING];

	zmtp_greet(fd, "NULL");
	ck_assert_int_eq(
	    recv(fd, theirs, sizeof(theirs), MSG_WAITALL), GREETING);
	memcpy(ready + READY_BYTES - 6, type, 6);
	ck_assert_int_eq(
	    send(fd, ready, READY_BYTES, MSG_NOSIGNAL), READY_BYTES);
}

size_t
zmtp_pour(int fd, const char *part, size_t n, size_t most)
{
	size_t sent = 0;

	while (sent < most) {
		ssize_t w = send(fd, part, n, MSG_NOSIGNAL);

		if (w < 0 && (errno == EPIPE || errno == ECONNRESET))
			break;
		if (w < 0 && errno == EINTR)
			continue;
		ck_assert_msg(w > 0, "send: %s", strerror(errno));
		sent += (size_t)w;
	}
	return sent;
}
