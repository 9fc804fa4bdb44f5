/*
 * server.h - one HTTP request per connection, from the door to the last byte.
 *
 * libmicrohttpd, run by the event loop through its epoll descriptor. A
 * request is given to the app once, whole; the app answers at once or later,
 * with one reply or with a stream. Everything happens on the loop's thread.
 */
#ifndef GATEWAY_HTTP_SERVER_H
#define GATEWAY_HTTP_SERVER_H

#include "gateway/http/door.h"
#include "gateway/http/gate.h"
#include "gateway/http/problem.h"
#include "gateway/http/rate.h"
#include "gateway/http/route.h"

struct server;
struct web; /* a request, its answer, its connection */

/* A stream's unsent bytes; over this the app holds back. The library has as
 * much again of what waits. */
enum { SERVER_PENDING_MAX = 24 << 10 };

struct server_spec {
	struct door_spec door; /* on_head and ctx are the server's own */
	const struct gate *gate;
	struct rate *rate; /* NULL: no limit */
	int64_t request_ms; /* from the head to the body's end */
	int64_t keepalive_ms;
	int64_t stall_ms;
	/* The request is whole: the handle of its route is called with it. */
	const struct route *routes;
	void *api;
	/* h is over, answered or not, and about to be freed. */
	void (*on_gone)(void *api, struct web *h);
	/* A stream's bytes have all been sent; more may be added. */
	void (*on_drained)(void *api, struct web *h);
};

NODISCARD enum rc server_new(zloop_t *loop, const struct server_spec *spec,
    struct server **ret_server, struct err *err);

/* Ends all connections; on_gone is called for each. */
void server_free(struct server *s);

/* Takes no new connections, and lets streams end where they are: their
 * viewers come back, to another gateway or the next. */
void server_drain(struct server *s);

const struct door *server_door(const struct server *s);

/* Connections with a request under way. */
unsigned server_busy(const struct server *s);

/* Sends what replies and streams were given since: to be called at the end
 * of whatever turn of the loop gave them something. */
void server_turn(struct server *s);

/* ---- the request ---- */

const struct route_match *web_match(const struct web *h);
struct span web_body(const struct web *h);

/* A header field, or an argument of the route; .p is NULL when absent. Borrowed
 * until the answer is given. */
struct span web_header(const struct web *h, const char *name);
struct span web_arg(const struct web *h, const char *name);

/* What the app keeps with the request; NULL at first. */
void web_set_user(struct web *h, void *user);
void *web_user(const struct web *h);

/* ---- the answer: exactly one of reply, problem, stream ---- */

struct web_reply {
	int status;
	const char *media;         /* NULL: there is no body */
	const char *location;      /* or NULL */
	const char *field, *value; /* one further header field, or NULL */
	const char *encoding;      /* of the bytes, or NULL */
	const char *cache;         /* Cache-Control; NULL: no-store */
	const char *etag;          /* in its quotes, or NULL */
	const char *vary;          /* which header fields chose it, or NULL */
	const char *policy;        /* Content-Security-Policy, or NULL */
};

/* Of what a browser may show but not run: text of others as a document. */
extern const char web_policy_inert[];

/* body is taken: its bytes move, and it is left empty. May be NULL. */
void web_reply(struct web *h, const struct web_reply *r, struct buf *body);

/* The same with bytes that outlive the process. */
void web_reply_constant(
    struct web *h, const struct web_reply *r, struct span body);

/* The same as web_reply where the bytes are 200 and go on being asked for: they
 * are named by their SHA-256, and not sent to whoever has them. Very many are
 * not named. */
enum { WEB_NAMED_BYTES_MAX = 8 << 20 };
void web_reply_named(
    struct web *h, const struct web_reply *r, struct buf *body);

/* Whether the request says that the client has what is called so; a weak name
 * is as good for a GET. */
bool web_has(const struct web *h, const char *etag);

void web_problem(struct web *h, const struct problem *p);

/* Begins a stream of events; its header leaves with the next turn. location
 * names the run's own address, or is NULL. */
void web_stream(struct web *h, const char *location);
bool web_is_stream(const struct web *h);

/* Where the app appends what is to be sent. Call web_flush afterwards. */
struct buf *web_out(struct web *h);
void web_flush(struct web *h);

/* The bytes that wait in web_out. */
size_t web_pending(const struct web *h);

/* Nothing is added for a while: what waits is kept in no more than it takes. */
void web_fit(struct web *h);

/* The stream ends once its bytes are sent. */
void web_end(struct web *h);

/* Ends the connection at once. */
void web_cut(struct web *h);

#endif
