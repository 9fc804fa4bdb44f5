/*
 * backend.h - who plans: an ops table, one entry per way of planning.
 *
 * A backend sees one run's state at a time and keeps nothing of it: any
 * planner can take any turn of any run.
 */
#ifndef PLANNER_BACKEND_H
#define PLANNER_BACKEND_H

#include "common/agent/agent.h"
#include "common/base/buf.h"
#include "common/agent/conf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

enum { BACKEND_UPDATE_MAX = 12 << 20 };

struct backend;

/* A request to a model that is about to be made, and what it takes at most. */
struct turn_request {
	uint64_t request; /* counted from 1 in its turn */
	const char *model;
	int64_t prompt_tokens, answer_tokens;
};

/* What one took; -1: unknown. */
struct turn_usage {
	uint64_t request;
	int64_t prompt_tokens, cached_tokens, answer_tokens;
	struct span answer; /* what it paid for, msgpack; may be empty */
};

/* One turn to plan; lives until it was answered or cancelled. */
struct turn {
	struct span state;   /* msgpack map, checked, with `tools` */
	int64_t deadline_ms; /* monotonic */
	/* Takes the answer, an update as PROTOCOL.md has it (borrowed), and
	 * ends the turn: the backend does not touch it any more. */
	void (*answer)(struct turn *t, struct span update);
	/* Shows a piece of text while planning; may be NULL. */
	void (*token)(struct turn *t, struct span text);
	/* Accounts, both NULL where nobody keeps any: a request to a model is
	 * asked for, and made when the backend's granted says so; what it took
	 * is told, and its answer used when settled says that it is kept. */
	void (*reserve)(struct turn *t, const struct turn_request *r);
	void (*settle)(struct turn *t, const struct turn_usage *u);
	void *backend_data; /* the backend's */
};

struct backend_ops {
	const char *name; /* what --planner says */

	/*
	 * Makes it ready. loop is NULL for --check, which plans nothing.
	 * Opens files, sends nothing.
	 */
	enum rc (*start)(const struct conf *conf, zloop_t *loop,
	    struct backend **ret, struct err *err);

	/* Plans a turn; may answer before it returns. Never fails: what goes
	 * wrong is an update with `error`. Does not block the loop. */
	void (*plan)(struct backend *b, struct turn *t);

	/* Nobody waits for t any more: stops its work; no answer follows.
	 * NULL where plan always answers before it returns. */
	void (*cancel)(struct backend *b, struct turn *t);

	/* What reserve and settle are answered; why NULL: it may be made. NULL
	 * in a backend that asks no model. */
	void (*granted)(struct backend *b, struct turn *t, uint64_t request,
	    const char *why);
	void (*settled)(struct backend *b, struct turn *t, uint64_t request);

	/* Frees it; every turn has ended. */
	void (*stop)(struct backend *b);

	/* --check: asks whoever it would ask, and says on out what it found
	 * out. May block for seconds. NULL: there is nobody to ask. */
	enum rc (*check)(const struct conf *conf, FILE *out, struct err *err);
};

extern const struct backend_ops backend_rules;
extern const struct backend_ops backend_script;
extern const struct backend_ops backend_openai;
extern const struct backend_ops backend_rules_openai;
extern const struct backend_ops backend_replay;

/* The one that --planner names; without it rules, and rules+openai where a
 * model is configured. RC_INVALID: no such planner, with what there is. */
NODISCARD enum rc backend_find(
    const struct conf *conf, const struct backend_ops **ret, struct err *err);

#endif
