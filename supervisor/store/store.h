/*
 * store.h - where runs are kept: an ops table, and what a store promises.
 *
 * Writes gather in a batch. commit hands the batch to the store's own thread,
 * which makes one transaction of it; settled says when that is durable. So
 * no write waits for the disk, and whoever speaks of one waits for settled.
 * Batches take effect in their order, each whole or not at all.
 *
 * Reads see what is durable; of what is not, only run_find_key and
 * evidence_written know. A run's record is read whole, held against its chain
 * (store_chain.h) and kept while somebody reads on: what does not fit is
 * RC_DAMAGED, and never handed out.
 *
 * One thread uses a store. No op but wait, open and close waits for a sync;
 * reads may wait for the disk where its pages are not in memory. A callback
 * of a read may call other ops, but not the one it is called by.
 */
#ifndef SUPERVISOR_STORE_STORE_H
#define SUPERVISOR_STORE_STORE_H

#include "common/wire/proto.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	STORE_ID_MAX = 40,
	STORE_INPUT_MAX = 200,		/* of what lists show of it */
	STORE_KEY_MAX = PROTO_MOST(submit, key),
	STORE_ITEM_MAX = 1 << 20,	/* updates, events, tasks of a run */
	STORE_BYTES_MAX = 64 << 20,	/* one update, event or evidence */
	STORE_SMALL_BYTES = 16 << 10,	/* evidence kept with its run */
	STORE_BATCHES_MAX = 1,		/* under way before commit has to wait */
	STORE_SLIP_KEY_MAX = 128,
	STORE_SLIP_BYTES_MAX = 1 << 20,
};

/* The status of a run whose row was changed from outside. */
#define STORE_DAMAGED "damaged"

/* A run's row. row is the store's own short name for it. Spans that a read
 * hands out live until the callback returns. */
struct store_run {
	int64_t row;
	struct span id;
	struct span key;	/* idempotency key; empty: none */
	struct span digest;	/* of the request under that key */
	struct span input;	/* for lists: its beginning */
	struct span status;	/* "running", or how it ended */
	struct span reason;
	struct span confidence;
	struct span node;	/* the graph's node it is at */
	int64_t created_ms, finished_ms;	/* wall; 0: not finished */
	int64_t deadline_ms;	/* wall; 0: it has not begun */
	int64_t iteration, turns;
	int64_t next_task, next_update, last_seq;
	int64_t recoveries;	/* begun after deaths at it, and not made up for */
};

/* A step that is queued, leased or done and waits for its plan's others. */
struct store_task {
	uint64_t task;
	struct span node;	/* "planner" or "executor" */
	int64_t index;		/* step of the plan */
	uint64_t attempt;	/* 0: never leased */
	struct span state;	/* WAITING QUEUED LEASED DONE UNKNOWN */
	struct span worker;	/* who has or had it */
	struct span outcome;	/* DONE, UNKNOWN: a msgpack map */
	struct span class;	/* its tool's, as it was judged last */
	struct span approved_by;	/* empty: by nobody */
	int64_t deaths;		/* of workers that had it */
	int64_t until_ms;	/* WAITING: wall, so long for a person; 0: of a
				 * build that did not say */
};

struct store_evidence {
	int64_t number;		/* 3 for E3 */
	struct span media;
	struct span sha256;	/* hex, 64 characters */
	struct span bytes;
};

/* On disk: never renumbered. */
enum store_slip_kind {
	STORE_SLIP_INCIDENT = 1, /* supervisor/run/incident.c, both */
	STORE_SLIP_ALERT = 2,
	STORE_SLIP_LETTER = 3, /* supervisor/run/letters.c */
	STORE_SLIP_REMARK = 4, /* supervisor/run/remark.c */
	STORE_SLIP_FIND = 5, /* supervisor/run/find.c */
};

/*
 * What is kept beside a run and not in its record: it may change, or come,
 * when the run has ended, and goes with the run. It is under no chain.
 */
struct store_slip {
	enum store_slip_kind kind;
	struct span key;	/* unique among its kind */
	int64_t row;		/* whose it is */
	struct span data;	/* a msgpack value */
};

/* One request to a model: what it counts for, and of what. */
struct store_call {
	int64_t id;
	struct span run;	/* its id; the run may expire before */
	struct span what;	/* task.attempt.request */
	struct span model;
	int64_t day;		/* UTC, since the epoch */
	bool settled;		/* else it counts for what was reserved */
	int64_t tokens, cost;	/* 1e-12 of the price table's unit */
	int64_t prompt, cached, answer;	/* tokens, once it is settled */
};

struct store_sum {
	int64_t calls, tokens, cost, prompt, cached, answer;
};

struct store_list {
	int64_t before_row;	/* only runs older than this; 0: the newest */
	int64_t after_row;	/* not 0: those newer than this, oldest first;
				 * before_row is not looked at */
	int64_t limit;
	struct span status;	/* empty: every */
};

struct store;

struct store_ops {
	const char *name;

	/*
	 * path: a file. *ret_epoch is larger than at every open before, and
	 * is itself durable when this returns. RC_CONFLICT: the file is newer
	 * than this build, is no store, is damaged, or another supervisor has
	 * it; it is left untouched.
	 */
	enum rc (*open)(const char *path, struct store **ret_s,
	    uint64_t *ret_epoch, struct err *err);
	/* What was handed over is written first; what was not is dropped. */
	void (*close)(struct store *s);

	/* ---- writing: all of it goes into the batch that is open ---- */

	/* r->row is ignored; *ret_row is the new one. The caller has looked
	 * for the key: one that is taken makes the batch fail. */
	enum rc (*run_insert)(struct store *s, const struct store_run *r,
	    int64_t *ret_row, struct err *err);
	/* Writes every field that may change while a run goes on: status,
	 * reason, confidence, node, finished_ms, deadline_ms, iteration,
	 * turns, next_task, next_update, last_seq, recoveries. With finished_ms the run has
	 * ended: its status is taken from then on, and nothing changes after
	 * that. */
	enum rc (*run_update)(struct store *s, const struct store_run *r,
	    struct err *err);
	/* What a node changed, numbered from 0: a run's state is the fold of
	 * its updates. The batch fails where the number is not behind the
	 * last one's; so for events. */
	enum rc (*update_insert)(struct store *s, int64_t row, int64_t n,
	    struct span node, struct span update, struct err *err);
	enum rc (*event_insert)(struct store *s, int64_t row, int64_t seq,
	    struct span type, struct span data, struct err *err);
	/* Inserts or replaces. Tasks are read in no particular order. */
	enum rc (*task_put)(struct store *s, int64_t row,
	    const struct store_task *t, struct err *err);
	/* All tasks of a run: its plan is joined, or the run has ended. */
	enum rc (*task_clear)(struct store *s, int64_t row, struct err *err);
	/* The same bytes, if over STORE_SMALL_BYTES, are kept once, whoever
	 * refers to them. */
	enum rc (*evidence_put)(struct store *s, int64_t row,
	    const struct store_evidence *e, struct err *err);
	/* Run to, inserted in this batch, refers to what run from does, under
	 * the same numbers, up to one below that. */
	enum rc (*evidence_share)(struct store *s, int64_t from, int64_t to,
	    int64_t below, struct err *err);

	/* Inserts or replaces the slip of that kind and key; drop: deletes it.
	 * Nothing is kept of a run that is not there, or in this batch. */
	enum rc (*slip_put)(
	    struct store *s, const struct store_slip *slip, struct err *err);
	enum rc (*slip_drop)(struct store *s, enum store_slip_kind kind,
	    struct span key, struct err *err);

	/* Inserts or replaces. Those of long past days go with that. */
	enum rc (*call_put)(struct store *s, const struct store_call *c,
	    struct err *err);

	/* Hands the batch over and begins another; its number, counted from
	 * 1. 0: it was empty. */
	uint64_t (*commit)(struct store *s);
	/* Forgets the open batch. */
	void (*rollback)(struct store *s);
	/* How many were handed over and are not settled. */
	int (*under_way)(const struct store *s);
	/* Readable when there is something for settled. */
	int (*fd)(const struct store *s);
	/*
	 * *ret_upto: batches up to this number are durable. RC_CONFLICT:
	 * somebody else has opened the store since; RC_IO, RC_BUSY: the disk
	 * or memory failed. After a failure nothing more is written.
	 */
	enum rc (*settled)(
	    struct store *s, uint64_t *ret_upto, struct err *err);
	/* Blocks until there is nothing left to do of what was handed over
	 * and of what keep asked for: for tests and tools. */
	enum rc (*wait)(struct store *s, struct err *err);

	/*
	 * Deletes, beside the work, finished runs that ended before before_ms,
	 * and the oldest while the content takes more than max_bytes. The file
	 * does not shrink: what is freed is used again.
	 */
	void (*keep)(struct store *s, int64_t before_ms, int64_t max_bytes);
	/* Is there nothing left of that to do? */
	bool (*kept)(const struct store *s);
	/* Called now and then: what readers have not asked for lately is given
	 * back. */
	void (*rest)(struct store *s);

	/* ---- reading ---- */

	/* Calls each with the one run; RC_NOTFOUND when there is none. */
	enum rc (*run_find)(struct store *s, struct span id,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Also one that is not durable yet. */
	enum rc (*run_find_key)(struct store *s, struct span key,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Newest first, unless after_row is given. One that does not fit its seal (store_row.h) is named, its status
	 * STORE_DAMAGED, and nothing else is told of it. */
	enum rc (*run_list)(struct store *s, const struct store_list *l,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Those without finished_ms, oldest first. */
	enum rc (*run_unfinished)(struct store *s,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	enum rc (*update_each)(struct store *s, int64_t row,
	    void (*each)(
		void *ctx, int64_t n, struct span node, struct span update),
	    void *ctx, struct err *err);
	/* In order, those after a number, at most limit of them. */
	enum rc (*event_each)(struct store *s, int64_t row, int64_t after,
	    int64_t limit,
	    void (*each)(void *ctx, int64_t seq, struct span type,
		struct span data), void *ctx, struct err *err);
	enum rc (*task_each)(struct store *s, int64_t row,
	    void (*each)(void *ctx, const struct store_task *), void *ctx,
	    struct err *err);
	enum rc (*evidence_get)(struct store *s, int64_t row, int64_t number,
	    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
	    struct err *err);
	/* The sum of a run's calls (day -1), or of a day's (run empty); and
	 * the id of the last call there is, 0: none. */
	enum rc (*call_sum)(struct store *s, int64_t day, struct span run,
	    struct store_sum *ret, struct err *err);
	enum rc (*call_last)(struct store *s, int64_t *ret, struct err *err);
	/* Also what is not durable yet. */
	enum rc (*evidence_written)(struct store *s, int64_t row,
	    int64_t number,
	    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
	    struct err *err);
	/* Those of a kind, of one run or, where row is 0, of all; in the order
	 * of their keys. Where the data is none any more it is empty. */
	enum rc (*slip_each)(struct store *s, enum store_slip_kind kind,
	    int64_t row, void (*each)(void *ctx, const struct store_slip *),
	    void *ctx, struct err *err);
	/* The same for those whose keys begin with that: for who asks of many
	 * runs, however much is kept of others. */
	enum rc (*slip_under)(struct store *s, enum store_slip_kind kind,
	    struct span begin,
	    void (*each)(void *ctx, const struct store_slip *), void *ctx,
	    struct err *err);
};

extern const struct store_ops store_sqlite;

#endif
