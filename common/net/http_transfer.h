/*
 * http_transfer.h - one request as libcurl sees it; shared by the loop form
 * and the batch form of http.h, and used by nothing else.
 */
#ifndef COMMON_NET_HTTP_TRANSFER_H
#define COMMON_NET_HTTP_TRANSFER_H

#include "common/net/http.h"

#include <curl/curl.h>

struct http_transfer {
	CURL *easy;
	struct http_req req; /* of what it borrows only callbacks and arg
			      * are used after the start */
	struct curl_slist *headers;
	int64_t started_ms, timeout_ms, connect_timeout_ms, idle_timeout_ms;
	uint64_t max_bytes, bytes, head_bytes;
	unsigned asked;   /* times it was asked before */
	bool sent;        /* at one of them some of it left */
	char *or_get;     /* owned; NULL: none, or used up */
	int refused_post; /* as in the result */
	int64_t date_ms;  /* as in the result; of this attempt, as is: */
	char location[HTTP_LOCATION_MAX];
	bool stopped; /* by us, with: */
	enum rc stop_rc;
	struct err stop_err;
	char shown[512]; /* the URL for messages */
};

/* libcurl's own start, once per process, from any thread. */
void http_global(void);

/* Makes t ready for a multi handle. On failure t needs no _done. */
NODISCARD enum rc http_transfer_init(
    struct http_transfer *t, const struct http_req *r, struct err *err);

/* Makes the transfer fail at its next byte. */
void http_transfer_stop(struct http_transfer *t, enum rc rc);

/* Says how it ended. */
void http_transfer_result(
    struct http_transfer *t, CURLcode code, struct http_result *ret);

void http_transfer_done(struct http_transfer *t);

/*
 * http_again.c: is it to be asked again, now that it ended with code and
 * result? In how many ms (t is ready for a multi handle then), or -1: no.
 */
int64_t http_transfer_again(
    struct http_transfer *t, CURLcode code, const struct http_result *result);

/* A line of the answer's head; keeps what the result tells of it. */
void http_transfer_field(struct http_transfer *t, struct span line);

#endif
