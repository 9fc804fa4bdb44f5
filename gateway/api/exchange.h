/*
 * exchange.h - one HTTP request and the supervisor's calls it waits for.
 *
 * Invariant: it lives as long as its request; whoever is told by the link
 * that something came can still answer.
 */
#ifndef GATEWAY_API_EXCHANGE_H
#define GATEWAY_API_EXCHANGE_H

#include "gateway/api/link.h"
#include "gateway/http/server.h"

struct api {
	struct link *link;
	const char *language; /* of reports whose request names none */
	const struct gate *gate;
	const char *prometheus; /* for browsers; or NULL */
	const char *heartbeats; /* or NULL: as of hook.h */
};

struct exchange {
	struct api *api;
	struct web *h;
	struct link_call *call; /* NULL while none is open */
	const char *media;      /* what the client would have; static */
	bool resumes;           /* the viewer said what it has seen */
	unsigned gaps;          /* seen since the last event taken */
	bool over;              /* the run's last event was taken */
	void *more;             /* what the route keeps besides, or NULL */
	void (*more_free)(void *more);
	unsigned heartbeats;    /* among the alerts that came */
};

struct exchange *exchange_new(struct api *api, struct web *h);
void exchange_free(struct exchange *x);

/* Ends the open call, if any. */
void exchange_call_end(struct exchange *x);

/* Answers with a problem; the text says what, where, what to do. */
void exchange_problem(struct exchange *x, int status, const char *fmt, ...)
    PRINTF(3, 4);

/* The rc of that name; RC_UPSTREAM where there is none. */
enum rc exchange_rc_of(struct span name);

/* If the supervisor refused, answers so and returns true. */
bool exchange_refused(struct exchange *x, const struct proto_reply *r);

/* link_ops.on_fail for requests that have no answer yet. */
void exchange_fail(void *ctx, const char *why);

/* "/api/investigations/RUN"; the caller frees. */
char *exchange_location(const char *run);

#endif
