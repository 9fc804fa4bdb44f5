/* client.c - one connection to the gateway of a front. */
#include "tests/harness/client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES_MAX = 64 << 20 };

struct client *
client_new(struct front *f, const char *bytes, size_t n)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	c->f = f;
	buf_init(&c->in, BYTES_MAX);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (n > 0)
		ck_assert_int_eq(send(c->fd, bytes, n, MSG_NOSIGNAL), n);
	return c;
}

struct client *
client_raw(struct front *f, const char *text)
{
	return client_new(f, text, strlen(text));
}

struct client *
client_request(
    struct front *f, const char *line, const char *fields, const char *body)
{
	auto_str text = xasprintf("%s HTTP/1.1\r\nHost: localhost\r\n%s"
				  "Content-Length: %zu\r\n\r\n%s",
	    line, fields, strlen(body), body);

	return client_raw(f, text);
}

void
client_free(struct client *c)
{
	close(c->fd);
	buf_done(&c->in);
	free(c);
}

static bool
look(void *ctx)
{
	struct client *c = ctx;
	char bytes[65536];
	ssize_t n;

	while ((n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_add(&c->in, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		c->eof = true;
	if (c->eof && n < 0)
		c->error = errno;
	if (c->needle == NULL)
		return c->eof;
	return strstr(buf_str(&c->in), c->needle) != NULL;
}

bool
client_has(struct client *c, const char *needle, int limit_ms)
{
	c->needle = needle;
	return loop_until_cond(c->f->loop, look, c, limit_ms);
}

const char *
client_await(struct client *c, const char *needle)
{
	ck_assert_msg(client_has(c, needle, FRONT_MS),
	    "\"%s\" did not come; this did: \"%.3000s\"",
	    needle != NULL ? needle : "the end", buf_str(&c->in));
	return buf_str(&c->in);
}

static char *
whole_answer(struct client *c)
{
	char *answer;

	client_await(c, NULL);
	answer = buf_take(&c->in);
	client_free(c);
	return answer;
}

char *
client_ask_raw(struct front *f, const char *text)
{
	return whole_answer(client_raw(f, text));
}

char *
client_ask(
    struct front *f, const char *line, const char *fields, const char *body)
{
	return whole_answer(client_request(f, line, fields, body));
}

struct front_heard *
client_submit(struct front *f, const char *fields, struct client **ret_c)
{
	*ret_c = client_request(f, "POST /api/ai_ops", fields,
	    "{\"input\":\"why\",\"labels\":{\"job\":\"api\"}}");
	return front_expect(f, PROTO_SUBMIT);
}

struct front_heard *
client_follow(
    struct front *f, const char *arg, const char *fields, struct client **ret_c)
{
	auto_str line = xasprintf("GET /api/investigations/r1/events%s", arg);

	*ret_c = client_request(f, line, fields, "");
	return front_expect(f, PROTO_FOLLOW);
}

void
assert_status(const char *answer, int status)
{
	int got = 0;

	ck_assert_msg(
	    sscanf(answer, "HTTP/1.1 %d ", &got) == 1 && got == status,
	    "expected %d: %.600s", status, answer);
}
