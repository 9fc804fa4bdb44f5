/*
 * link.h - the gateway's side of the protocol with the supervisor.
 *
 * Each request is a call. A call waits while the supervisor is away, is sent
 * again to a supervisor that was started anew, and fails when its time is
 * up; a run that is followed goes on being followed after the last event
 * that was taken.
 */
#ifndef GATEWAY_API_LINK_H
#define GATEWAY_API_LINK_H

#include "common/agent/agent.h"
#include "common/wire/proto.h"

struct link;
struct link_call;

/* What a call hears; the spans live until the call returns. The call may be
 * freed in any of these, and must be after on_fail. */
struct link_ops {
	/* The supervisor's answer; NULL where none can come. */
	void (*on_reply)(void *ctx, const struct proto_reply *reply);
	/* Events after the last one taken; see link_took. */
	void (*on_events)(void *ctx, const struct proto_events *events);
	void (*on_fleeting)(void *ctx, const struct proto_fleeting *f);
	/* No answer in time, or the queue to the supervisor is full. */
	void (*on_fail)(void *ctx, const char *why);
};

/* Connects to conf->front. on_turn is called after each batch of messages. */
NODISCARD enum rc link_new(struct agent *a, void (*on_turn)(void *ctx),
    void *ctx, struct link **ret_link, struct err *err);
/* All calls must have been freed. */
void link_free(struct link *l);

/* Who carries letters out: how many more it has room for, which the supervisor
 * is told every second, and one that it is given. */
struct link_carrier {
	unsigned (*room)(void *ctx);
	void (*on_letter)(void *ctx, const struct proto_letter *letter);
	void *ctx;
};
void link_carry(struct link *l, const struct link_carrier *c);
/* What came of one. */
void link_carried(struct link *l, const struct proto_carried *m);

/* Whether runs can be worked on now; else why not, a sentence. */
bool link_ready(const struct link *l, const char **ret_why);

/* Who is there and what goes on, as the supervisor said last; of one that does
 * not say it, 0. */
struct link_house {
	uint64_t planners, executors, running, waits;
	uint64_t completed, incomplete, failed, cancelled;
};
const struct link_house *link_house(const struct link *l);

/* How many calls are open. */
size_t link_calls(const struct link *l);

/* ---- calls; strings are copied, ops borrowed ---- */

struct link_submit {
	const char *key;
	const char *digest;
	struct span input; /* msgpack */
	bool follow;
	const char *fork; /* the run to do anew a part of; NULL: none */
	uint64_t from;    /* from which of its events on */
	bool follow_up;   /* or a question to it, which has ended */
};

struct link_call *link_submit(struct link *l, const struct link_submit *s,
    const struct link_ops *ops, void *ctx);

/* args: of that query; NULL: it takes none. run: may be "". */
struct link_call *link_query(struct link *l, enum proto_ask ask,
    const char *run, const union proto_args *args, const struct link_ops *ops,
    void *ctx);
struct link_call *link_cancel(
    struct link *l, const char *run, const struct link_ops *ops, void *ctx);

/* A person's word on a step that waits for it. */
struct link_decision {
	const char *run;
	uint64_t task;
	bool approve;
	const char *by;
};
struct link_call *link_decide(struct link *l, const struct link_decision *d,
    const struct link_ops *ops, void *ctx);

/* What a person says of a run; verdict "": a note. */
struct link_remark {
	const char *run;
	const char *verdict, *id, *text, *by;
};
struct link_call *link_remark(struct link *l, const struct link_remark *m,
    const struct link_ops *ops, void *ctx);

/* Lets an executor do one step that only reads, of no investigation: on_reply
 * has its feedback as value and its evidence as bytes. */
struct link_call *link_step(struct link *l, const struct proto_step *step,
    int64_t within_ms, const struct link_ops *ops, void *ctx);
/* The same of one that changes something, and may be done twice. */
struct link_call *link_change(struct link *l, const struct proto_step *step,
    int64_t within_ms, const struct link_ops *ops, void *ctx);
struct link_call *link_follow(struct link *l, const char *run, uint64_t after,
    const struct link_ops *ops, void *ctx);

/* A followed run's events up to seq are taken; others will not be asked for
 * again. */
void link_took(struct link_call *c, uint64_t seq);
uint64_t link_taken(const struct link_call *c);

/* The run of a call, "" while not known. */
const char *link_run(const struct link_call *c);

/* Stops the events for now; link_go_on asks for those after the last taken.
 * Both do nothing when it is so already. */
void link_hold(struct link_call *c);
void link_go_on(struct link_call *c);

/* Asks again for the events after the last taken: a gap was seen. */
void link_again(struct link_call *c);

/* Ends the call; events end. NULL is fine. */
void link_call_free(struct link_call *c);

#endif
