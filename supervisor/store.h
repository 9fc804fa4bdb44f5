/*
 * store.h - where runs are kept: an ops table, and what a store promises.
 *
 * Writes between begin and commit are one transaction; after commit returned
 * RC_OK they survive the loss of power. Reads see what was written, committed
 * or not. One thread uses a store. Every call may block for a disk write.
 * A callback of a read may call other ops, but not the one it is called by.
 * run_expire, run_trim and run_compact answer RC_CONFLICT outside begin and
 * commit.
 *
 * RC_IO: the disk failed or is full; the transaction is to be rolled back and
 * nothing of it happened. RC_CONFLICT at open: the file is newer than this
 * build, is damaged, or another supervisor has it; it is left untouched.
 */
#ifndef SUPERVISOR_STORE_H
#define SUPERVISOR_STORE_H

#include "common/proto.h"
#include "common/rc.h"
#include "common/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	STORE_ID_MAX = 40,
	STORE_INPUT_MAX = 200,		/* of what lists show of it */
	STORE_KEY_MAX = PROTO_MOST(submit, key),
	STORE_ITEM_MAX = 1 << 20,	/* updates, events, tasks of a run */
	STORE_BYTES_MAX = 64 << 20,	/* one update, event or evidence */
	STORE_PACK_MAX = 64 << 20,	/* what a run may have to be packed */
	STORE_SMALL_BYTES = 16 << 10,	/* evidence kept with its run */
};

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
	int64_t deadline_ms;			/* wall */
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
	struct span class;	/* its tool's, as it was judged last; empty:
				 * kept before there were any */
	struct span approved_by;	/* empty: by nobody */
	int64_t deaths;		/* of workers that had it */
};

struct store_evidence {
	int64_t number;		/* 3 for E3 */
	struct span media;
	struct span sha256;	/* hex, 64 characters */
	struct span bytes;
};

struct store_list {
	int64_t before_row;	/* only runs older than this; 0: the newest */
	int64_t limit;
	struct span status;	/* empty: every */
};

struct store;

struct store_ops {
	const char *name;

	/* path: a file. *ret_epoch is larger than at every open before, and
	 * is itself durable when this returns. */
	enum rc (*open)(const char *path, struct store **ret_s,
	    uint64_t *ret_epoch, struct err *err);
	void (*close)(struct store *s);

	/* RC_CONFLICT: somebody else has opened it since; what this opening
	 * would write is not written any more. */
	enum rc (*begin)(struct store *s, struct err *err);
	enum rc (*commit)(struct store *s, struct err *err);
	void (*rollback)(struct store *s);

	/* r->row is ignored; *ret_row is the new one. RC_CONFLICT: the key
	 * or the id is taken. */
	enum rc (*run_insert)(struct store *s, const struct store_run *r,
	    int64_t *ret_row, struct err *err);
	/* Writes every field that may change while a run goes on: status,
	 * reason, confidence, node, finished_ms, iteration, turns, next_task,
	 * next_update, last_seq, recoveries. */
	enum rc (*run_update)(struct store *s, const struct store_run *r,
	    struct err *err);
	/* Calls each with the one run; RC_NOTFOUND when there is none. */
	enum rc (*run_find)(struct store *s, struct span id,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	enum rc (*run_find_key)(struct store *s, struct span key,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Newest first. */
	enum rc (*run_list)(struct store *s, const struct store_list *l,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Those without finished_ms, oldest first. each must not write. */
	enum rc (*run_unfinished)(struct store *s,
	    void (*each)(void *ctx, const struct store_run *), void *ctx,
	    struct err *err);
	/* Deletes finished runs that ended before that, and evidence that no
	 * other run refers to; at most limit of them; how many. */
	enum rc (*run_expire)(struct store *s, int64_t before_ms,
	    int64_t limit, int64_t *ret_n, struct err *err);
	/* The same for the oldest finished runs while the store's content
	 * takes more than max_bytes. The file does not shrink: what is freed
	 * is used again. */
	enum rc (*run_trim)(struct store *s, int64_t max_bytes,
	    int64_t limit, int64_t *ret_n, struct err *err);
	/* Keeps a finished run's updates, events and evidence compressed
	 * from now on; reads do not tell the difference. row 0: the oldest
	 * finished run this was not done to, RC_NOTFOUND when there is none.
	 * RC_CONFLICT: the run has not finished. RC_INVALID: what is kept of
	 * it is damaged; it stays as it is and is not tried again. A run of
	 * over STORE_PACK_MAX bytes stays as it is. Takes a millisecond or less. */
	enum rc (*run_compact)(struct store *s, int64_t row, struct err *err);

	/* What a node changed, numbered from 0: a run's state is the fold of
	 * its updates. RC_CONFLICT: the number is not behind the last one's;
	 * so for events. */
	enum rc (*update_insert)(struct store *s, int64_t row, int64_t n,
	    struct span node, struct span update, struct err *err);
	enum rc (*update_each)(struct store *s, int64_t row,
	    void (*each)(
		void *ctx, int64_t n, struct span node, struct span update),
	    void *ctx, struct err *err);

	enum rc (*event_insert)(struct store *s, int64_t row, int64_t seq,
	    struct span type, struct span data, struct err *err);
	/* In order, those after a number, at most limit of them. */
	enum rc (*event_each)(struct store *s, int64_t row, int64_t after,
	    int64_t limit,
	    void (*each)(void *ctx, int64_t seq, struct span type,
		struct span data), void *ctx, struct err *err);

	/* Inserts or replaces. Tasks are read in no particular order. */
	enum rc (*task_put)(struct store *s, int64_t row,
	    const struct store_task *t, struct err *err);
	/* All tasks of a run: its plan is joined, or the run has ended. */
	enum rc (*task_clear)(struct store *s, int64_t row, struct err *err);
	enum rc (*task_each)(struct store *s, int64_t row,
	    void (*each)(void *ctx, const struct store_task *), void *ctx,
	    struct err *err);

	/* The same bytes, if over STORE_SMALL_BYTES, are kept once, whoever
	 * refers to them. */
	enum rc (*evidence_put)(struct store *s, int64_t row,
	    const struct store_evidence *e, struct err *err);
	enum rc (*evidence_get)(struct store *s, int64_t row, int64_t number,
	    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
	    struct err *err);
	/* Run to refers to what run from does, under the same numbers, up to
	 * one below that. */
	enum rc (*evidence_share)(struct store *s, int64_t from, int64_t to,
	    int64_t below, struct err *err);
};

extern const struct store_ops store_sqlite;

#endif
