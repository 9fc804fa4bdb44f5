/*
 * server_in.h - what server.c and web.c share, and nobody else sees: a
 * request with its connection, and the server it belongs to.
 */
#ifndef GATEWAY_HTTP_SERVER_IN_H
#define GATEWAY_HTTP_SERVER_IN_H

#include "common/agent/rest.h"
#include "gateway/http/server.h"

#include <microhttpd.h>

enum web_state { WEB_RECEIVING, WEB_WAITING, WEB_REPLYING, WEB_STREAMING };

struct web {
	struct web *prev, *next;
	struct server *s;
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	struct route_match match;
	const char *origin; /* cors.h; of the gate's, or NULL */
	enum web_state state;
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
	struct web **by_fd;
	size_t by_fd_n;
	struct web *all;
	unsigned n;
	unsigned peak; /* of n, since memory was last given back */
	struct rest rest;
	bool running;
	bool dirty; /* something was resumed since the last run */
};

/* Makes a request of a socket whose head was good. */
struct web *web_new(struct server *s, int fd, const struct route_match *match,
    const char *origin);
void web_free(struct web *h);

/* Answers a page of another origin what it may do. */
void web_preflight(struct api *api, struct web *h);

/* Tells the app, once, that nobody waits for an answer any more. */
void web_gone(struct web *h);

/* A suspended connection is not looked at; nor does it time out. */
void web_suspend(struct web *h);
void web_resume(struct web *h);

#endif
