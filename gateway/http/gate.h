/*
 * gate.h - may this request come in? Host, Origin, token or session. And who
 * is it that approves?
 *
 * A browser on this machine can be made to send requests here by any page
 * (CSRF), under any name (DNS rebinding); so names are held against a list,
 * and a foreign page's origin is refused.
 */
#ifndef GATEWAY_HTTP_GATE_H
#define GATEWAY_HTTP_GATE_H

#include "gateway/http/cors.h"
#include "gateway/http/head.h"
#include "gateway/http/problem.h"
#include "gateway/http/session.h"

struct gate;

struct gate_spec {
	const char *listen_host; /* where it listens, e.g. "10.0.0.5" */
	bool wildcard;     /* listens everywhere: a Host that is an IP address
			    * is as good as any, since none can be rebound */
	const char *hosts; /* comma list of further names, or NULL */
	const char *cors;  /* comma list of origins, or NULL; cors.h */
	const char *token; /* or NULL: none is asked for */
	const char *approver_file; /* as of approvers.h, or NULL */
};

/* Copies what spec names. RC_INVALID: hosts, cors, token or the file of those
 * who approve is malformed; RC_IO: that cannot be read. */
NODISCARD enum rc gate_new(
    const struct gate_spec *spec, struct gate **ret_gate, struct err *err);
void gate_free(struct gate *g);

/*
 * True: may pass. False: *ret is the problem (401, 403 or 421). public: the
 * route asks for no token.
 */
bool gate_check(const struct gate *g, const struct head *head, bool public,
    struct problem *ret);

/* The origin of the page that asks, where it is listed (cors); else NULL. As
 * long as g lives. */
const char *gate_origin(const struct gate *g, const struct head *head);
const struct cors *gate_cors(const struct gate *g);

/* Whether a token is asked for; whether some approve by theirs. */
bool gate_asks(const struct gate *g);
bool gate_has_approvers(const struct gate *g);

/* Other machines can connect: where no file says who approves, nobody does. */
void gate_remote(struct gate *g);

/*
 * Who approves or denies with a request that came in and has these header
 * fields: the name that stands beside the token, or APPROVED_HERE where
 * nobody is named. NULL: *ret is the problem. A token that is good for all
 * else is not good for this.
 */
const char *gate_approver(const struct gate *g, struct span authorization,
    struct span cookies, struct problem *ret);

/* Whether one of these header fields says who has the token; either may be
 * empty. Not whose they are: see gate_check. */
bool gate_knows(
    const struct gate *g, struct span authorization, struct span cookies);

/* True: that is the token, and ret_value a session's. */
bool gate_sign_in(
    const struct gate *g, struct span token, char ret_value[SESSION_VALUE_MAX]);

#endif
