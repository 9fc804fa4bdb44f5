/*
 * stream.c - reads what a gateway answers, in pieces as small as they come.
 */
#include "tests/bench/stream.h"

#include "common/base/rc.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

void
stream_init(struct stream *s)
{
	*s = (struct stream){.part = STREAM_HEAD};
}

static void
head_line(struct stream *s)
{
	if (strncmp(s->line, "HTTP/1.", 7) == 0)
		s->status = atoi(s->line + 9);
	else if (strcasecmp(s->line, "Transfer-Encoding: chunked") == 0)
		s->chunked = true;
	else if (s->line[0] == '\0')
		s->part = s->chunked ? STREAM_SIZE : STREAM_BODY;
}

/* "RUN.NUMBER" */
static void
take_id(struct stream *s, const char *id)
{
	const char *dot = strchr(id, '.');
	int64_t seq = dot != NULL ? atoll(dot + 1) : 0;

	s->gaps += seq != s->seq + 1;
	s->seq = seq;
}

static void
body_line(struct stream *s)
{
	if (strncmp(s->line, "id: ", 4) == 0)
		take_id(s, s->line + 4);
	if (strncmp(s->line, "event: ", 7) == 0) {
		strncpy(s->type, s->line + 7, STREAM_TYPE - 1);
		s->named = true;
	}
	if (s->line[0] != '\0')
		return;
	s->blocks++;
	s->events += s->named;
	s->comments += !s->named;
	s->named = false;
}

static void
line_end(struct stream *s)
{
	size_t n = MIN(s->line_n, (size_t)STREAM_LINE - 1);

	if (n > 0 && s->line[n - 1] == '\r')
		n--;
	s->line[n] = '\0';
	s->line_n = 0;
	if (s->part == STREAM_HEAD)
		head_line(s);
	else
		body_line(s);
}

/* Lines of up to n bytes; how many of them were used. */
static size_t
take_line(struct stream *s, const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);
	size_t used = end != NULL ? (size_t)(end - p) : n;

	if (s->line_n < STREAM_LINE - 1)
		memcpy(s->line + s->line_n, p,
		    MIN(used, STREAM_LINE - 1 - s->line_n));
	s->line_n += used;
	if (end == NULL)
		return used;
	line_end(s);
	return used + 1;
}

/* One character of "\r\n1f4\r\n", which stands between chunks. It leaves the
 * line alone: an event's line may go on in the next chunk. */
static size_t
take_size(struct stream *s, char c)
{
	if (c == '\n' && s->sized)
		s->part = s->chunk_left > 0 ? STREAM_BODY : STREAM_ENDED;
	if (!isxdigit((unsigned char)c))
		return 1;
	s->chunk_left = s->chunk_left << 4 |
			(uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	s->sized = true;
	return 1;
}

static size_t
take_body(struct stream *s, const char *p, size_t n)
{
	size_t used;

	if (!s->chunked)
		return take_line(s, p, n);
	used = take_line(s, p, (size_t)MIN((uint64_t)n, s->chunk_left));
	s->chunk_left -= used;
	if (s->chunk_left == 0) {
		s->part = STREAM_SIZE;
		s->sized = false;
	}
	return used;
}

void
stream_feed(struct stream *s, const char *p, size_t n)
{
	size_t used = 0;

	s->bytes += n;
	while (used < n && s->part != STREAM_ENDED)
		used += s->part == STREAM_SIZE ? take_size(s, p[used])
			: s->part == STREAM_BODY
			    ? take_body(s, p + used, n - used)
			    : take_line(s, p + used, n - used);
}

bool
stream_addr(const char *host_port, struct sockaddr_in *ret)
{
	const char *colon = strrchr(host_port, ':');
	auto_str host = NULL;

	if (colon == NULL)
		return false;
	host = xstrndup(host_port, (size_t)(colon - host_port));
	*ret = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atoi(colon + 1))};
	return inet_pton(AF_INET, host, &ret->sin_addr) == 1;
}

int
stream_dial(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 ||
		errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

char *
stream_request(const char *host, const char *path, const char *body)
{
	if (body == NULL)
		return xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\n"
				 "Accept: text/event-stream\r\n\r\n",
		    path, host);
	return xasprintf("POST %s HTTP/1.1\r\nHost: %s\r\n"
			 "Content-Type: application/json\r\n"
			 "Accept: text/event-stream\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
	    path, host, strlen(body), body);
}
