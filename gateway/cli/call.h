/*
 * call.h - calls of the gateway's HTTP interface.
 *
 * Every failure reads as what happened, where, and what to do; RC_CLOSED is
 * kept for a gateway that cannot be reached at all.
 */
#ifndef GATEWAY_CLI_CALL_H
#define GATEWAY_CLI_CALL_H

#include "common/base/buf.h"
#include "common/agent/conf.h"
#include "common/base/rc.h"

#include <curl/curl.h>

/* The largest answer taken: a tool's evidence, a report. */
enum { CALL_BODY_MAX = 32 << 20 };

/* A gateway, and what it wants to see. */
struct call_at {
	char *base;  /* its URL without a path */
	char *token; /* bearer token; NULL: none */
};

/*
 * The gateway that --listen or CULPRIT_LISTEN names, else the one of this
 * data directory, which wrote its address down, else the default. An address
 * that listens on every interface is reached on this host. RC_IO: the token
 * cannot be read.
 */
NODISCARD enum rc call_open(
    const struct conf *conf, struct call_at *ret_at, struct err *err);
void call_done(struct call_at *a);
#define auto_call_at CLEANUP(call_done) struct call_at

/* "HOST:PORT", or its URL, as a URL without a path, the caller's. */
char *call_url_of(const char *host_port);

struct call_request {
	const struct call_at *at;
	const char *method; /* NULL: GET */
	const char *path;   /* "/api/…", already escaped */
	const char *accept; /* NULL: application/json */
	const char *body;   /* NULL: none */
	const char *media;  /* of it; NULL: application/json */
	const char *header; /* one more, "Name: value"; NULL: none */
};

struct call_reply {
	struct buf body;
	char *location; /* owned; NULL when absent */
	char *type;     /* owned; the media type */
	long status;
};

void call_reply_done(struct call_reply *r);
#define auto_call_reply CLEANUP(call_reply_done) struct call_reply

/*
 * Makes the call; *ret_reply must be zeroed and is the caller's whatever the
 * result. RC_CLOSED: cannot be reached. A status from 400 on becomes the rc
 * it stands for, with the problem's own words in err.
 */
NODISCARD enum rc call_make(const struct call_request *rq,
    struct call_reply *ret_reply, struct err *err);

/* A handle with what every call has in common; NULL headers end the list
 * that the caller frees (curl_slist_free_all) after the handle. */
CURL *call_handle(
    const struct call_request *rq, struct curl_slist **ret_headers);

/* The rc of an answer's status, with the text of its problem+json body. */
enum rc call_problem(const struct call_request *rq, long status,
    struct span body, struct err *err);

/* RC_CLOSED with what to do about a gateway that does not answer. */
enum rc call_unreachable(const char *base, const char *why, struct err *err);

/* s as one segment of a path, the caller's. */
char *call_escape(const char *s);

#endif
