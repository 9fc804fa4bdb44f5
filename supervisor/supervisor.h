/*
 * supervisor.h - the process's own state, shared by its parts.
 *
 *	front.c   gateways' messages      \
 *	back.c    workers' messages        > engine.c > dispatch.c
 *	turn.c    clock and commit        /      |
 *	recover.c after a restart                v
 *	                                      store.h
 *
 * A message or a tick changes runs in memory and writes the same to the open
 * batch of the store; turn_end hands that over. What the turn wants to say,
 * messages and events, waits on a list until its batch is durable, and leaves
 * in order; the loop goes on meanwhile. Where the store fails, the process ends
 * and the next one resumes from the last commit: there is one way back, and it
 * is the one a crash takes.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "common/agent.h"
#include "common/rest.h"
#include "supervisor/outbox.h"
#include "supervisor/run.h"
#include "supervisor/window.h"

enum { SUPERVISOR_TICK_MS = 50, FOLLOW_BUCKETS = 4096 };

struct front_row;
struct page;

/* What one turn lets out once its batch is durable. */
struct speech {
	STAILQ_ENTRY(speech) list;
	uint64_t batch;
	struct outbox outbox;
	struct telling_list tellings;
};

struct supervisor {
	struct agent *agent;
	const struct store_ops *ops;
	struct store *store;
	uint64_t epoch;
	struct bus *front, *back;
	struct zap *zap;		/* NULL: no keys are asked for */
	struct registry *workers;
	zhash_t *by_id;			/* id -> run, those under way */
	struct run_list runs;
	int n_runs;
	struct run_list dirty;
	struct run_list ended;		/* freed once their events left; in
					 * by_id until then */
	struct task_queue queue[NODE_COUNT];
	struct task_queue suspects[NODE_COUNT];	/* run.h */
	struct windows *windows;	/* of the gateways */
	/* By gateway and request: each is looked up when it asks again. */
	struct follower_list followers[FOLLOW_BUCKETS];
	struct follower_queue behind;	/* those that are not live */
	int n_behind;
	struct page *page;		/* what was read last for them; or NULL */
	bool replays;			/* goes on reading for them soon */
	struct outbox outbox;		/* of this turn */
	STAILQ_HEAD(, speech) speeches;	/* of those before it, in order */
	uint64_t last_batch;		/* that was handed over */
	int gathered;			/* runs that changed since then */
	bool grouping;			/* waits for more of them */
	bool broken;			/* the store failed: ending */
	bool draining;
	int64_t lease_ms;
	int64_t ticked_ms;		/* the last tick */
	int64_t turn_us;		/* when this turn began; 0: none has */
	int64_t patient_ms;		/* no lease lapses before */
	struct rest rest;
	int64_t keep_ms;		/* when the store is told next which
					 * runs are old */
};

/* ---- store access: the first failure breaks the process ---- */

/* Looks at a result of the store; false: logged, and the process ends. */
bool store_good(struct supervisor *s, enum rc rc, const struct err *err);

/* ---- engine.c, and outcome.c for results and tasks ---- */

struct fork;

struct submission {
	struct span key, digest;
	struct span input;	/* the request's map, checked */
	const struct fork *fork; /* NULL: from the beginning */
};

/* Starts a run and takes it to its first task. RC_INVALID, RC_TOOBIG: the
 * request does not fit a state; RC_IO: the store broke. */
NODISCARD enum rc engine_start(struct supervisor *s,
    const struct submission *sub, struct run **ret_run, struct err *err);

/* A leased task's outcome arrived and is current. */
void engine_result(struct supervisor *s, struct task *t,
    const struct proto_result *m);

/* Ends a run at once, whatever it was doing. The flag that says why
 * (cancelled, deadline_passed) is set already. */
void engine_end(struct supervisor *s, struct run *r);

/* Takes a run from its node to where it waits or ends. */
void engine_advance(struct supervisor *s, struct run *r);

/* Appends an event, in this transaction; data is one msgpack value. */
void engine_emit(struct supervisor *s, struct run *r, const char *type,
    const struct buf *data);
void engine_dirty(struct supervisor *s, struct run *r);

/* Merges an update into the state and writes it down; false: it does not
 * fit, and err says why. */
bool engine_apply(struct supervisor *s, struct run *r, struct span update,
    struct err *err);

/* The planner's fault, so the run will end as failed: what, and the text. */
void engine_fail(struct run *r, const char *what, const char *text);

/* Makes the tasks of a run that is at planner or executor (also when it is
 * resumed there). */
void engine_make_tasks(struct supervisor *s, struct run *r);

/* What stands in the place of a worker's answer. */
struct step_end {
	enum task_state state;	/* DONE or UNKNOWN */
	const char *status, *summary, *suggestion;
};

/* Ends a step of which no answer comes, with feedback that says why; nobody
 * holds it, and it is on no queue. */
void engine_step_end(
    struct supervisor *s, struct task *t, const struct step_end *end);

/* Where all steps of a run's plan are done: joins them, and the run goes on,
 * or ends. Its tasks may be others then. */
void engine_settle(struct supervisor *s, struct run *r);

/* The same, without going on. */
void engine_join(struct supervisor *s, struct run *r);

/* Stops what is under way, for a run that ends now. What is known of
 * the plan's steps, and what is not of those that may have changed something,
 * enters the state. */
void engine_cut_steps(struct supervisor *s, struct run *r);

/* ---- approve.c: steps of class UNSAFE ---- */

/*
 * Whether t, a queued step, may be leased as far as its class is concerned.
 * Where not: an UNSAFE one waits for a person from now on, one that was begun
 * before it was UNSAFE has ended, and the run may have gone on.
 */
bool approve_clears(struct supervisor *s, struct task *t);

/* Nobody knows what came of a step: an UNSAFE one whose lease is void, or one
 * that does not only read whose worker cannot tell. The caller settles the
 * run. */
void approve_lost(struct supervisor *s, struct task *t, const char *reason);

/* Is an UNSAFE step leased now? A supervisor that is asked to end waits. */
bool approve_under_way(const struct supervisor *s);

/*
 * Takes a person's word on a step of the run in row; r is NULL when it has
 * ended. RC_OK also for what was decided so before. RC_INVALID: by nobody;
 * RC_NOTFOUND: no such step; RC_CONFLICT: decided otherwise, or too late.
 */
NODISCARD enum rc approve_decide(struct supervisor *s, struct run *r,
    int64_t row, const struct proto_decide *m, struct err *err);

/* finish.c: writes the report, the verdict and the last event. */
void finish_run(struct supervisor *s, struct run *r, enum ending e);

/* ---- fork.c: a run that goes on from another one's checkpoint ---- */

/* Where run begins anew what happened from its event seq on; the caller's.
 * change, FORK.input, is borrowed. RC_INVALID, RC_CONFLICT: there is nothing
 * to go on from there. */
NODISCARD enum rc fork_new(struct supervisor *s, const struct front_row *run,
    int64_t seq, struct span change, struct fork **ret, struct err *err);
void fork_free(struct fork *f);

/* For engine_start: the first update, then what memory keeps of it, then,
 * with the run's row in place, the evidence; false: the store broke. */
void fork_update(
    const struct run *r, const struct submission *sub, struct buf *b);
void fork_take(struct run *r, const struct fork *f);
bool fork_evidence(
    struct supervisor *s, const struct run *r, const struct fork *f);

/* ---- dispatch.c ---- */

void dispatch_enqueue(struct supervisor *s, struct task *t);
/* Leases what is queued to workers that have room. */
void dispatch_all(struct supervisor *s);
/* Takes a task from its worker or its queue; nothing is sent. */
void dispatch_release(struct supervisor *s, struct task *t);
/* Also tells the worker to stop. */
void dispatch_revoke(struct supervisor *s, struct task *t);
/* No worker silent for longer than this gets a task (monotonic). */
int64_t dispatch_alive_since(const struct supervisor *s);

/* Members of a map that tells of a step: its iteration and index (2); its
 * step, tool and args (3). */
void dispatch_put_place(struct buf *b, const struct task *t);
void dispatch_put_step(struct buf *b, const struct task *t);

/* ---- retry.c: tasks that come back from their worker unfinished ---- */

/* Leases that ran out. */
void retry_lapsed(struct supervisor *s, int64_t now_ms);
/* What a worker held that is gone, or has begun anew and knows nothing of
 * it. */
void retry_orphans(struct supervisor *s, struct worker *w, bool died);

/* ---- doors.c: where it listens, and whom it lets in ---- */

/*
 * front and back are plain over ipc and loopback. With --curve-key tcp is
 * guarded: gateways' keys open front, workers' keys open back, and what
 * cannot be proven (zap.h) ends the process.
 */
NODISCARD enum rc doors_open(struct supervisor *s, struct err *err);
void doors_close(struct supervisor *s);
/* --check: endpoints, keys and folders, without opening any. */
NODISCARD enum rc doors_check(const struct conf *conf, struct err *err);

/* ---- front.c, back.c, follow.c, turn.c, recover.c ---- */

extern const struct bus_handler front_handler, back_handler;

/* Sends msg once all that this turn writes is durable. */
void supervisor_send(struct supervisor *s, struct bus *bus,
    const struct bus_peer *peer, const struct proto *msg);
/* Sends it now: it tells of nothing that is not durable. */
void supervisor_tell(struct bus *bus, const struct bus_peer *peer,
    const struct proto *msg);
/* The run of that id that is in memory, ended or not. */
struct run *supervisor_run(const struct supervisor *s, struct span id);

/* Somebody who follows already goes on, after that number: where nothing is
 * new, that is told from memory. */
void follow_add(struct supervisor *s, struct run *r, const char *id,
    int64_t row, const struct bus_peer *peer, uint64_t req, int64_t after,
    bool live);
void follow_end(struct supervisor *s, const struct bus_peer *peer,
    uint64_t req);
void follow_end_peer(struct supervisor *s, const struct bus_peer *peer);
void follow_end_all(struct supervisor *s);
/* Puts what this turn's events are aside, to be told later. */
void follow_gather(struct supervisor *s, struct telling_list *tellings);
/* Those events, durable now, to live followers; runs that ended are freed. */
void follow_tell(struct supervisor *s, struct telling_list *tellings);
/* The store's to those who are behind, as many as fit a turn; the rest soon. */
void follow_replay(struct supervisor *s);
/* To those who watch now: kept nowhere. */
void follow_fleeting(struct supervisor *s, struct run *r, const char *type,
    struct span data);

/* Something was heard: the turn that ends with turn_end has begun. */
void turn_begin(struct supervisor *s);
void turn_end(void *supervisor);
/* What was said in turns that are durable by now, leaves. */
int turn_settled(zloop_t *loop, zmq_pollitem_t *item, void *supervisor);
/* The same once a socket was read. */
void turn_heard(void *supervisor);
/* Forgets what waits to be said. */
void turn_silence(struct supervisor *s);
int turn_tick(zloop_t *loop, int timer, void *supervisor);

NODISCARD enum rc recover_runs(struct supervisor *s, struct err *err);

/* What SUBMIT and STATUS ask: is a planner and an executor there? */
bool supervisor_ready(const struct supervisor *s, const char **ret_why);

#endif
