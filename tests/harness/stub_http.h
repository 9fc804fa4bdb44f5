/*
 * stub_http.h - an HTTP server for tests that answers as it is told: well,
 * slowly, for ever, or not in HTTP at all.
 *
 * It listens on a free port of the loopback; each connection has its thread,
 * so an answer may block without holding up others.
 */
#ifndef TESTS_STUB_HTTP_H
#define TESTS_STUB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct stub_http;
struct stub_conn;

struct stub_request {
	const char *method;
	const char *target; /* path and query, as sent */
	const char *head;   /* request line and headers, as sent */
	const char *body;
};

/* Answers one request, on the connection's thread. */
typedef void stub_fn(
    struct stub_conn *c, const struct stub_request *rq, void *arg);

struct stub_http *stub_http_new(stub_fn *answer, void *arg);

/* The same at an address where nobody is, yet: connections are refused there,
 * and nobody else gets it, until it is up. */
struct stub_http *stub_http_down(stub_fn *answer, void *arg);
void stub_http_up(struct stub_http *s);

/* Ends all connections, also those that hang. */
void stub_http_free(struct stub_http *s);

/* "http://127.0.0.1:PORT", as long as s lives. */
const char *stub_http_url(const struct stub_http *s);

/* How many connections were made, requests came, connections are open. */
int stub_http_connections(struct stub_http *s);
int stub_http_requests(struct stub_http *s);
int stub_http_open(struct stub_http *s);

/* ---- for answers ---- */

/* A whole answer; type NULL: application/json. */
void stub_answer(
    struct stub_conn *c, int status, const char *type, const char *body);

/* Bytes as they are; false: the client has gone. */
bool stub_raw(struct stub_conn *c, const void *bytes, size_t n);
bool stub_raws(struct stub_conn *c, const char *text);

/* Waits until the client or the stub goes away. */
void stub_hang(struct stub_conn *c);

/* Closes the connection once the answer function returns. */
void stub_close(struct stub_conn *c);

/* ---- scripted answers ---- */

/* The first whose start is the target's start answers; status 0 ends the
 * list, and what is not in it is 404. */
struct stub_route {
	const char *start;
	int status;
	const char *type, *body;
};

/* A stub_fn; arg is an array of struct stub_route. */
void stub_routes(struct stub_conn *c, const struct stub_request *rq, void *arg);

#endif
