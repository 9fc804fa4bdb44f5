/*
 * stream.h - reads what a gateway answers, in pieces as small as they come:
 * the head, chunks if there are any, events.
 *
 * Small, since ten thousand of them are watched at once: of a line only its
 * start is kept.
 */
#ifndef TESTS_BENCH_STREAM_H
#define TESTS_BENCH_STREAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_LINE = 40, STREAM_TYPE = 24 };

enum stream_part {
	STREAM_HEAD,
	STREAM_SIZE, /* the line that says how long a chunk is */
	STREAM_BODY,
	STREAM_ENDED,
};

struct stream {
	enum stream_part part;
	int status; /* 0: not known yet */
	bool chunked;
	bool sized; /* the chunk's size has begun */
	uint64_t chunk_left;
	uint64_t bytes;         /* of all that came */
	uint32_t blocks;        /* what ends with an empty line; comments too */
	uint32_t events;        /* blocks that name an event */
	uint32_t comments;      /* blocks that name none */
	int64_t seq;            /* the last event's number */
	uint32_t gaps;          /* events that are not the next one */
	bool named;             /* the block under way names one */
	char type[STREAM_TYPE]; /* of the last event */
	char line[STREAM_LINE];
	size_t line_n; /* may be more than is kept */
};

void stream_init(struct stream *s);

/* Takes the next bytes. Those behind the end are ignored. */
void stream_feed(struct stream *s, const char *p, size_t n);

/* An IPv4 HOST:PORT; false: it is none. */
bool stream_addr(const char *host_port, struct sockaddr_in *ret);

/* A socket that is being connected, without blocking; -1 and errno. */
int stream_dial(const struct sockaddr_in *to);

/* The request for a stream, the caller's: a POST, or without body a GET. */
char *stream_request(const char *host, const char *path, const char *body);

#endif
