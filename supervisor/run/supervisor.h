/*
 * supervisor.h - the process's own state, shared by its parts. An arrow is a
 * call; none leads back.
 *
 *	main -> doors -> front, back -> turn	messages, and a turn's end
 *	front, turn -> engine -> finish -> judge	where a run goes, how it ends
 *	back, engine, recover -> outcome	what came of its steps
 *	turn -> dispatch; back, turn -> retry	tasks to workers, and back
 *	front -> intake -> incident, engine	alerts that come by webhook
 *	finish, front -> letters	reports that are to be told
 *	finish, query -> find	what runs are found by
 *	outcome, dispatch, front -> approve	UNSAFE steps
 *	these five, look -> step		one task
 *	dispatch -> look			steps that are answered here
 *	back, outcome, recover -> budget	what models may cost
 *	all of these -> ledger -> follow	written down, then told
 *	front -> query, fork -> checkpoint, lookup	read from the store
 *	front, back, turn, retry -> calls	steps of no run
 *
 * A message or a tick changes runs in memory and writes the same to the open
 * batch of the store; turn_end takes runs on whose steps are done, and hands
 * the batch over. What the turn wants to say leaves when that is durable; the
 * loop goes on meanwhile. Where the store fails, the process ends and the next
 * one resumes from the last commit: there is one way back, and it is the one a
 * crash takes.
 */
#ifndef SUPERVISOR_RUN_SUPERVISOR_H
#define SUPERVISOR_RUN_SUPERVISOR_H

#include "common/agent/agent.h"
#include "common/agent/offload.h"
#include "common/agent/rest.h"
#include "supervisor/run/blame.h"
#include "supervisor/run/outbox.h"
#include "supervisor/run/run.h"
#include "supervisor/run/window.h"

enum { FOLLOW_BUCKETS = 4096 };

struct calls;
struct incidents;
struct letters;
struct budget;
struct page;
struct speech;

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
	uint64_t n_ended[ENDINGS];	/* since it was started */
	struct run_list dirty;
	struct run_list settling;	/* until the turn's end */
	struct offload_pool *threads;	/* for what takes long */
	/* What comes from there is a turn as well; turn.h. */
	void (*turn_begin)(struct supervisor *s);
	void (*turn_end)(void *s);
	struct incidents *incidents;	/* of alerts that came */
	struct letters *letters;	/* of what is to be told */
	struct run_list ended;		/* freed once their events left; in
					 * by_id until then */
	/* Those of people, and those of webhooks; dispatch.c shares out. */
	struct task_queue queue[NODE_COUNT][2];
	unsigned turns[NODE_COUNT];	/* whose turn it is */
	int hooked[NODE_COUNT];		/* leased, of webhooks' runs */
	struct task_queue suspects[NODE_COUNT];	/* run.h */
	struct calls *calls;		/* single steps, of no run */
	struct task_queue looks;	/* steps that are answered here */
	struct windows *windows;	/* of the gateways */
	struct blame *blame;		/* NULL: nobody is */
	struct budget *budget;		/* what models may cost */
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
	int64_t given_us, took_us;	/* the last commit: when, how long */
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

/* On which run's account it is what comes now, r NULL: on none. */
static inline void
supervisor_at_work(struct supervisor *s, const struct run *r)
{
	blame_set(s->blame, r != NULL ? r->row : 0);
}

#endif
