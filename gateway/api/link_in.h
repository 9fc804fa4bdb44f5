/*
 * link_in.h - what the two halves of the link share: link.c hears and keeps
 * time, link_call.c makes calls and says them.
 */
#ifndef GATEWAY_API_LINK_IN_H
#define GATEWAY_API_LINK_IN_H

#include "common/net/bus.h"
#include "gateway/api/link.h"

#include <sys/queue.h>

enum {
	LINK_BUCKETS = 4096,
	LINK_RUN_MAX = 128,
	LINK_AGAIN_MS = 1000, /* asked, and not answered */
	LINK_QUIET_MS = 4000, /* no event of a followed run */
	LINK_ANSWER_MS = 5000,
};

enum call_state {
	CALL_WAITS, /* for the supervisor to be there */
	CALL_ASKED, /* for its answer */
	CALL_FOLLOWS,
	CALL_HELD,
	CALL_OVER,
};

struct link_call {
	struct link_call *prev, *next; /* of all */
	struct link_call *chain;       /* of its bucket */
	struct link *l;
	const struct link_ops *ops;
	void *ctx;
	TAILQ_ENTRY(link_call) of_line;
	bool in_line; /* for its turn to be asked */
	bool asking;  /* and not answered: one of so many */
	uint64_t req;
	enum proto_type type;
	enum call_state state;
	int64_t deadline_ms;
	int64_t said_ms;     /* asked, or heard of, last */
	int64_t patience_ms; /* from then on, until it is asked again */
	char run[LINK_RUN_MAX];
	enum proto_ask ask; /* of QUERY */
	uint64_t after;
	uint64_t from;
	bool follow;
	char *key, *digest;
	char *fork; /* of FORK: the other run */
	bool follow_up;
	char *by;   /* of DECIDE and REMARK; key is the latter's id, digest
		     * its verdict, body its text */
	uint64_t task;
	bool approve;
	int64_t within_ms; /* of CALL */
	bool changes;      /* of CALL */
	struct buf body; /* of SUBMIT, FORK, QUERY and CALL: the msgpack */
};

struct link {
	struct agent *a;
	struct bus *bus;
	int tick;
	uint64_t epoch;
	uint64_t next_req;
	bool ready;
	int soon; /* timer of the next ATTACH before its time, or -1 */
	char reason[512];
	struct link_house house;
	int64_t heard_ms; /* the last STATUS; 0: never */
	int64_t away_ms;  /* since when it is not there */
	int64_t attach_ms;
	size_t turn_bytes; /* of events since the last turn */
	/* Of what the supervisor sent, as it counts: how far we have come, and
	 * what we told it of that. */
	uint64_t seen, told;
	int64_t stray_ms;
	unsigned n_lower; /* STATUS of a lower epoch in a row */
	bool there;
	struct link_carrier carrier; /* room NULL: nobody carries */
	void (*on_turn)(void *ctx);
	void *ctx;
	struct link_call *all;
	size_t n_calls; /* of all */
	TAILQ_HEAD(, link_call) line;
	unsigned n_asking;
	struct link_call *buckets[LINK_BUCKETS];
};

/* ---- link_call.c ---- */

/* The call of that request; NULL: there is none (any more). */
struct link_call *link_call_find(struct link *l, uint64_t req);

/* Starts a run, hence goes on as a FOLLOW of it. */
bool link_call_starts(const struct link_call *c);

/* Sends the call if the supervisor is there; else it waits. */
void link_call_send(struct link_call *c);

/* It was answered, or is over: where it was asked for events, the next in
 * line is. */
void link_call_answered(struct link_call *c);

/* Something was heard, so there is no hurry to ask again. */
void link_call_patient(struct link_call *c, int64_t ms);

void link_unfollow(struct link *l, uint64_t req);

/* What is not sent now is asked for again, or runs out of time. */
void link_send(struct link *l, const struct proto *m);

#endif
