/*
 * server_in.h - what server.c and http.c share, and nobody else sees: a
 * request with its connection, and the server it belongs to.
 */
#ifndef GATEWAY_SERVER_IN_H
#define GATEWAY_SERVER_IN_H

#include "gateway/server.h"

#include <microhttpd.h>

enum http_state { HTTP_RECEIVING, HTTP_WAITING, HTTP_REPLYING, HTTP_STREAMING };

struct http {
	struct http *prev, *next;
	struct server *s;
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	struct route_match match;
	enum http_state state;
	int status;
	int fd;
	int64_t since_ms; /* its head was whole */
	int64_t moved_ms; /* bytes of the stream last went out */
	struct buf body;
	struct buf out;
	size_t sent; /* of out */
	void *user;
	bool announced; /* the library knows the connection */
	bool begun;     /* and has called us with the request */
	bool handled;   /* the app has seen it */
	bool gone;      /* the app was told of its end */
	bool suspended;
	bool ended; /* nothing is added to the stream any more */
	bool cut;
};

struct server {
	struct server_spec spec;
	zloop_t *loop;
	struct door *door;
	struct MHD_Daemon *daemon;
	int watch_fd;
	int tick;
	struct http **by_fd;
	size_t by_fd_n;
	struct http *all;
	unsigned n;
	unsigned peak; /* of n, since memory was last given back */
	bool running;
	bool dirty; /* something was resumed since the last run */
};

/* Makes a request of a socket whose head was good. */
struct http *http_new(
    struct server *s, int fd, const struct route_match *match);
void http_free(struct http *h);

/* Tells the app, once, that nobody waits for an answer any more. */
void http_gone(struct http *h);

/* A suspended connection is not looked at; nor does it time out. */
void http_suspend(struct http *h);
void http_resume(struct http *h);

#endif
