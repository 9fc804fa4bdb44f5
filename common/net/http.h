/*
 * http.h - HTTP requests with every limit set: on a czmq loop without
 * blocking it, or a batch on a thread of its own.
 *
 * Never: redirects, other protocols, proxies but the one a request names (the
 * environment is not asked), signals. Always: a connect timeout, a total
 * deadline, a count of bytes, which is that of unpacked ones (a small answer
 * could become a huge one). Error texts name the URL without credentials or
 * query, and say what to do; secrets are in none.
 *
 * What only reads may be asked again when it failed in a way that passes: 429,
 * 502, 503, 504, a connection refused or broken. See on_again.
 */
#ifndef COMMON_NET_HTTP_H
#define COMMON_NET_HTTP_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_HEAD_MAX = 64 << 10, /* bytes of an answer's headers */
	HTTP_CONNECT_MS = 3000,   /* where a request says 0 */
	HTTP_TIMEOUT_MS = 10000,
	HTTP_BYTES_MAX = 16 << 20,
	HTTP_AGAIN_MAX = 3, /* times a request is asked again */
	HTTP_LOCATION_MAX = 256,
};

/* How a request ended. */
struct http_result {
	enum rc rc; /* RC_OK: an answer of any status came whole;
		     * RC_UPSTREAM, RC_TIMEOUT, RC_TOOBIG, or what
		     * on_head or on_data answered */
	int status; /* 0: none came */
	bool sent;  /* some of the request left, so it may have been heard */
	int64_t ms;
	uint64_t bytes;         /* of the body */
	int64_t retry_after_ms; /* what the server asked for; -1: nothing */
	int64_t date_ms;        /* the server's clock; -1: it did not say */
	unsigned asked;         /* times; 0: it could not be asked */
	int refused_post;       /* the status it was refused with as a POST,
				 * and then asked as a GET; 0: it was not */
	/* Where a redirect leads, whole, without credentials, query and
	 * fragment; "": it was none. */
	char location[HTTP_LOCATION_MAX];
	struct err err;         /* when rc is not RC_OK */
};

/*
 * Everything is copied by http_start and http_run but the callbacks' arg.
 * 0 or NULL: the default, or none. Callbacks run on the loop's thread, or on
 * that of http_run.
 */
struct http_req {
	const char *method;         /* NULL: GET */
	const char *url;            /* http or https */
	const char *const *headers; /* "Name: value", NULL ends it */
	struct span body;           /* of a POST or PUT */
	int64_t timeout_ms;         /* for the whole request */
	int64_t connect_timeout_ms;
	int64_t idle_timeout_ms;     /* silence in the answer; 0: no limit */
	uint64_t max_bytes;          /* of the body */
	const char *proxy;           /* as http_check_proxy takes it */
	const char *ca_file;         /* trusted instead of the system's */
	const char *user, *password; /* basic authentication */
	const char *bearer;          /* token */
	bool gzip; /* ask for gzip, and unpack it; of this machine only as
		    * second best, since it costs more than it saves there */
	const char *or_get; /* URL to GET where a POST is refused (403, 405 ...);
			     * the question in it is the same */

	/* The head is there. NULL: not wanted. type may be "". */
	enum rc (*on_head)(
	    void *arg, int status, const char *type, struct err *err);
	/* Bytes of the body as they come; not RC_OK: stop with that. */
	enum rc (*on_data)(void *arg, struct span bytes, struct err *err);
	/*
	 * This attempt failed in a way that passes, or the POST was refused,
	 * and there is time for another: may it be asked again? true: all
	 * that came so far is to be forgotten, another head may come. NULL:
	 * it is asked once, as it must be where it does more than read. Waits
	 * as long as the server says (Retry-After), else a little longer each
	 * time.
	 */
	bool (*on_again)(void *arg, const struct http_result *result);
	/* Once, at the end; never after http_cancel. */
	void (*on_done)(void *arg, const struct http_result *result);
	void *arg;
};

/* ---- on a loop ---- */

struct http;      /* keeps connections for reuse */
struct http_call; /* a request under way; gone after on_done */

struct http *http_new(zloop_t *loop);

/* Calls off what is under way. Not from a callback. */
void http_free(struct http *h);
DEFINE_AUTO(http, struct http, http_free);

/*
 * Starts r; on_done comes later, never before this returns. RC_INVALID: the
 * URL or the credentials cannot be used, and nothing was started. ret_call
 * may be NULL.
 */
NODISCARD enum rc http_start(struct http *h, const struct http_req *r,
    struct http_call **ret_call, struct err *err);

/* Calls it off, at once; may be called from any callback. */
void http_cancel(struct http_call *call);

/* ---- blocking, off any loop ---- */

/*
 * Runs n requests, at most parallel at once, to their ends; each one's
 * on_done is called, for one that cannot be used too (RC_INVALID). When
 * *cancel becomes true (checked within 0.2 s; may be NULL) the rest end with
 * RC_CANCELLED, which is then the result.
 */
NODISCARD enum rc http_run(const struct http_req *reqs, size_t n,
    unsigned parallel, const atomic_bool *cancel);

/* ---- helpers ---- */

/* Writes url without user, password, query and fragment, for messages. */
const char *http_show_url(const char *url, char *out, size_t size);

struct buf;

/* Appends s percent-encoded, for queries and forms. */
void http_put_escaped(struct buf *b, struct span s);

/* Does its host, as written, stand for this very machine? */
bool http_is_here(const char *url);

/* RC_OK when url is an absolute http or https one, else what is wrong. */
NODISCARD enum rc http_check_url(const char *url, struct err *err);

/* The same for a proxy: http://HOST:PORT and no more. Every byte goes through
 * it, https ones in a tunnel. It is no secret, so it holds no password. */
NODISCARD enum rc http_check_proxy(const char *url, struct err *err);

#endif
