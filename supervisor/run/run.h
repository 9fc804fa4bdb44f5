/*
 * run.h - one investigation in memory: its state, where in the graph it is,
 * the steps under way, who watches.
 *
 * Invariant: what is here is what the store holds once the open batch is
 * durable; nothing leaves the process before that.
 */
#ifndef SUPERVISOR_RUN_RUN_H
#define SUPERVISOR_RUN_RUN_H

#include "common/net/bus.h"
#include "common/report/plan.h"
#include "common/report/tool_class.h"
#include "supervisor/run/registry.h"
#include "supervisor/run/route.h"
#include "supervisor/run/state.h"
#include "supervisor/store/store.h"

#include <sys/queue.h>

enum { RUN_FRESH_BYTES_MAX = 32 << 20 };

/*
 * With less than this left no round is begun: a step that was stopped at the
 * deadline may be heard of just before it, and the next would only fail too.
 */
enum { RUN_ROUND_LEAST_MS = 20 };

/*
 * A planner's turn whose answer cannot be taken is asked again so often, and
 * told why. Planners leave one that was refused twice to the rules.
 */
enum { RUN_REFUSALS_MAX = 2 };

/* When one ends that waits for its first task: a webhook's. */
#define RUN_NEVER_MS INT64_MAX

/* How long the name of whoever approved may be. */
enum { TASK_BY_MAX = PROTO_MOST(decide, by) };

/*
 * A step that took so many workers with it is not tried again. A worker that
 * dies may have died of any of its tasks: before the last try a task is a
 * suspect, which shares its worker with none, so that the last death is its
 * own.
 */
enum { TASK_DEATHS_MAX = 3 };

/*
 *	WAITING -> QUEUED -> LEASED -> DONE		READ and IDEMPOTENT begin
 *	   |         ^---------|  |			QUEUED and may come back;
 *	   v       lease lapsed   v lease lapsed	UNSAFE begins WAITING and
 *	 DONE (denied, or       UNKNOWN			may not
 *	 nobody came in time)
 */
enum task_state { TASK_QUEUED, TASK_LEASED, TASK_DONE, TASK_UNKNOWN,
	TASK_WAITING };

struct run;

struct task {
	TAILQ_ENTRY(task) queue;	/* while QUEUED */
	struct run *run;
	uint64_t number;
	enum node node;
	int index;
	uint64_t attempt;
	enum task_state state;
	struct worker *worker;		/* while LEASED */
	char worker_name[REGISTRY_NAME_MAX + 1];
	int64_t lease_until_ms;		/* monotonic */
	int64_t leased_ms;
	int64_t evidence;		/* the number its evidence gets */
	int64_t cites;			/* what it looked into instead; 0: none */
	struct buf outcome;		/* DONE, UNKNOWN: {feedback, evidence};
					 * of a planner's, the answers of a
					 * model it has paid for, one by one */
	enum tool_class class;		/* the strictest it was ever found */
	char approved_by[TASK_BY_MAX + 1];	/* "": by nobody */
	int64_t waits_until_ms;		/* WAITING: monotonic */
	int64_t until_ms;		/* the same by the wall, as it was told */
	int progress;			/* events of it so far */
	int64_t deaths;			/* of workers that had it */
	uint64_t told;			/* the edition of the executors' tools
					 * that its planner knows */
	uint64_t held;			/* QUEUED until the executors' tools
					 * are another edition; 0: is not */
	bool dirty;			/* its row is to be written */
};

static inline bool
task_is_suspect(const struct task *t)
{
	return t->deaths >= TASK_DEATHS_MAX - 1;
}

/* Somebody who watches a run through a gateway. */
struct follower {
	LIST_ENTRY(follower) of_run;
	LIST_ENTRY(follower) of_bucket;
	TAILQ_ENTRY(follower) of_behind;	/* while not live */
	struct run *run;		/* NULL: it has ended; replay only */
	char id[STORE_ID_MAX + 1];
	int64_t row;
	struct bus_peer peer;
	uint64_t req;
	int64_t after;			/* sent up to this number */
	bool live;			/* false: the store is read first */
};

LIST_HEAD(follower_list, follower);
TAILQ_HEAD(follower_queue, follower);

/* Events of one batch, which are told once that is durable. */
struct telling {
	STAILQ_ENTRY(telling) list;
	struct run *run;
	struct buf items;		/* [seq, type, data] one after another */
	uint32_t n;
	int64_t last_seq;
	bool ended;			/* the run, with these */
};

STAILQ_HEAD(telling_list, telling);

/* Answers of a turn that were not taken, in a row: of the last one who gave it
 * and why it was not. A turn begins without any, after a restart, too. */
struct refusals {
	int n;
	char by[REGISTRY_NAME_MAX + 1];
	char *why;				/* owned; NULL: none */
};

struct run {
	TAILQ_ENTRY(run) all;
	char id[STORE_ID_MAX + 1];
	int64_t row;
	struct state *state;
	enum node node;
	/* wall; 0: has not begun. Deadline and end are behind the time for
	 * which steps wait for a person: approve.h. */
	int64_t created_ms, deadline_ms;
	int64_t started_mono_ms, ends_mono_ms;
	int64_t iteration, turns;
	int64_t next_task, next_update, last_seq, next_evidence;
	int64_t told_seq;			/* durable up to this event */
	int64_t failures;
	int64_t recoveries;			/* as in its row: blame.h */
	struct store_sum spent;			/* on models: budget.h */
	bool webhook;				/* alerts began it */
	bool cancelled, deadline_passed, planner_failed, ended;
	enum node lacks;			/* as in facts */
	const char *status;			/* how it ended; NULL before */
	enum ending given_up;			/* then its state is not known */
	char reason[600];
	struct refusals refusals;
	/* The plan being carried out, kept alive for its steps. */
	struct buf plan_bytes;
	struct plan plan;
	struct task tasks[PLAN_STEPS_MAX];
	int n_tasks;
	struct buf fresh;			/* as telling.items, of this turn */
	uint32_t n_fresh;
	struct follower_list followers;
	bool dirty, settling;
	bool judging;				/* judge.h; nothing else happens */
	TAILQ_ENTRY(run) dirty_list, settling_list;
};

TAILQ_HEAD(run_list, run);
TAILQ_HEAD(task_queue, task);

struct run *run_new(const char *id);
/* Followers must be gone. */
void run_free(struct run *r);

/* Its time counts from now: so long it may take. */
void run_begin(struct run *r, int64_t limit_ms);

/* Why its conclusion says that nothing could be read; empty: it does not. */
struct span run_unread(const struct run *r);

/* The facts routing asks for. */
struct facts run_facts(const struct run *r);

/* Another answer of its turn that was not taken; why NULL: one was. */
void run_refuse(struct run *r, const char *by, const char *why);

/* The planner's fault, so the run will end as failed: what, and the text. */
void run_fail(struct run *r, const char *what, const char *text);

/*
 * Puts the pair `seq` into an update: the number of the event that tells of
 * it. ahead is 1 where that event comes next, 0 where it was the last one.
 */
void run_put_seq(const struct run *r, struct buf *update, int ahead);

/* What memory keeps of the state beside it, read out of it. */
void run_recall(struct run *r);

/* Appends a task in state QUEUED; never more than PLAN_STEPS_MAX. */
struct task *run_add_task(struct run *r, enum node node, int index);
void run_clear_tasks(struct run *r);
struct task *run_find_task(struct run *r, uint64_t number);
/* Nothing more will come of any of them. */
bool run_tasks_done(const struct run *r);

const char *task_state_name(enum task_state s);
enum task_state task_state_parse(struct span name);

#endif
