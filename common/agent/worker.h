/*
 * worker.h - the worker's side of the protocol, for planner and executor.
 *
 * Joins the supervisor and joins again whenever that was restarted; renews
 * its leases from the loop that does the work, so that a hung loop loses
 * them; keeps each outcome until it is acknowledged.
 */
#ifndef COMMON_AGENT_WORKER_H
#define COMMON_AGENT_WORKER_H

#include "common/agent/agent.h"
#include "common/base/span.h"

struct proto;
struct worker;

/* One leased task; lives from on_task until worker_done or on_revoke. */
struct worker_task {
	const char *run;
	uint64_t task;
	uint64_t attempt;
	int64_t deadline_ms;	/* monotonic; give up after it */
	struct span input;	/* msgpack map, checked; lives as the task */
	void *user;		/* the owner's */
};

struct worker_spec {
	const char *role;	/* "planner", "executor" */
	/* Describes the tools in HELLO: one msgpack array; may be empty. */
	struct span tools;
	/* Starts the task; worker_done may be called before it returns. */
	void (*on_task)(void *ctx, struct worker_task *t);
	/* Nobody waits for t any more: stop its work and forget it. t is
	 * freed when the call returns. */
	void (*on_revoke)(void *ctx, struct worker_task *t);
	/* RESERVED or SETTLED, about a task that is not done; may be NULL. */
	void (*on_account)(
	    void *ctx, struct worker_task *t, const struct proto *m);
	void *ctx;
};

NODISCARD enum rc worker_new(struct agent *a, const struct worker_spec *spec,
    struct worker **ret_w, struct err *err);

/* Other tools from now on, as in spec, copied: the supervisor is told until
 * it knows. One of the version before hears of them with the next HELLO. */
void worker_tools(struct worker *w, struct span tools);

/* Whether the supervisor knows it, and answers. */
bool worker_is_well(const struct worker *w);

/* What is still held goes back, for another worker to do. */
void worker_free(struct worker *w);

/*
 * Ends t with its update (a msgpack map, PROTOCOL.md), which is copied; t is
 * freed. evidence may be empty; media is its type, e.g. "application/json".
 */
void worker_done(struct worker *w, struct worker_task *t, struct span update,
    struct span evidence, const char *media);

/* Something to show while t runs, e.g. an event of type "token". data is one
 * msgpack value. Lost without harm. */
void worker_progress(struct worker *w, struct worker_task *t, const char *type,
    struct span data);

/* Whether the supervisor keeps accounts of models: one of the version before
 * does not. */
bool worker_has_accounts(const struct worker *w);

/* Says a RESERVE or SETTLE about t, whose place is filled in. Until it is
 * answered it may have been lost. */
void worker_account(
    struct worker *w, struct worker_task *t, const struct proto *m);

/* Takes no more tasks; calls agent_stop once those held are done and
 * acknowledged. */
void worker_drain(struct worker *w);

#endif
