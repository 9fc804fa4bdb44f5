/*
 * state.h - a run's state: named msgpack values, merged by reducers.
 *
 * A node returns a partial update; the reducer of each key says what becomes
 * of it. The state is the fold of its updates and nothing else, so a run is
 * restored by applying them again.
 */
#ifndef SUPERVISOR_RUN_STATE_H
#define SUPERVISOR_RUN_STATE_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdint.h>

enum { STATE_KEYS_MAX = 64, STATE_KEY_BYTES_MAX = 64,
	STATE_BYTES_MAX = 12 << 20,
	/* What steps leave of it for the planner that is to read them. */
	STATE_PLAN_BYTES = 1 << 20,
	/* What its end may add to a full one: the report as it was marked, and
	 * the verdict. Together they still fit a message. */
	STATE_END_BYTES_MAX = 3 << 20,
	/* Maps and lists in each other: messages put up to four around it. */
	STATE_DEPTH_MAX = 20 };

enum reducer {
	REDUCE_REPLACE,	/* the new value stands */
	REDUCE_APPEND,	/* both are lists: the new one's elements follow */
};

/* The reducer of a key; keys that are not listed replace. */
enum reducer state_reducer(struct span key);

struct state;

struct state *state_new(void);
void state_free(struct state *s);

/*
 * Merges update, a msgpack map that passed wire_check. RC_INVALID: not a
 * map, a key that is none, or no list where the reducer appends; RC_TOOBIG: more keys, bytes or
 * levels than a state may have. On failure the state is as before.
 */
NODISCARD enum rc state_apply(struct state *s, struct span update,
    struct err *err);

/* The same for an update that ends a run, and for those that were accepted
 * before: over the limit of bytes by what an end may add. */
NODISCARD enum rc state_fold(struct state *s, struct span update,
    struct err *err);

/* How much of STATE_BYTES_MAX is taken. */
size_t state_bytes(const struct state *s);

/* The value of a key, valid until the next state_apply; empty when absent.
 * Not for keys that append: those have state_list. */
struct span state_get(const struct state *s, const char *key);
struct span state_str(const struct state *s, const char *key);
int64_t state_int(const struct state *s, const char *key, int64_t absent);

/* A list that appends: its elements one behind the other, and how many. */
struct span state_list(const struct state *s, const char *key,
    uint32_t *ret_n);

/* What is told beside a state, a msgpack value. */
struct state_extra {
	const char *key;
	struct span value;
};

/* Appends the whole state as one map, with n extras behind it. */
void state_encode(const struct state *s, struct buf *b,
    const struct state_extra *extras, unsigned n);

#endif
