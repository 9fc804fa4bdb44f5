/*
 * held.h - the tasks that a worker holds, and the leases it held: which may
 * still be spoken of, in messages that come late, twice and out of order.
 */
#ifndef COMMON_AGENT_HELD_H
#define COMMON_AGENT_HELD_H

#include "common/agent/worker.h"
#include "common/wire/proto.h"

enum { HELD_GONE_MAX = 256 };

struct held {
	struct worker_task task; /* first: a task is its held */
	struct held *next;
	char *run;
	char *input;
	/* Once done: what was sent, until it is acknowledged. */
	bool done;
	char *update, *evidence, *media;
	size_t update_n, evidence_n;
	int64_t sent_ms;
};

/* Zeroed, it is empty. */
struct held_list {
	struct held *first;
	int n;
	uint64_t epoch;               /* of its leases */
	uint64_t gone[HELD_GONE_MAX]; /* leases that left it, hashed */
	unsigned n_gone;
};

/* A copy of the task; on the list until it is removed. */
struct held *held_add(struct held_list *l, const struct proto_task *task);

/* Frees it; its lease is gone. */
void held_remove(struct held_list *l, struct held *h);

/* NULL: that lease is not on the list. */
struct held *held_find(
    struct held_list *l, struct span run, uint64_t task, uint64_t attempt);

/* One that left the list, or was taken back before it came, is not begun
 * again: as far as the last HELD_GONE_MAX are concerned. */
bool held_is_gone(const struct held_list *l, struct span run, uint64_t task,
    uint64_t attempt);
void held_go(
    struct held_list *l, struct span run, uint64_t task, uint64_t attempt);

/* With a NUL behind it; the caller's. */
char *held_copy(struct span s);

#endif
