/*
 * calls.h - single steps that a gateway asks for, of no run: what a list of
 * alerts or another program wants of a tool at once.
 *
 * Nothing of a call is kept: it is made only with tools that read, or, where it says so, may be used twice, lives as
 * long as its time, and ends without a word when its gateway is gone or the
 * supervisor is started anew; the gateway then asks again.
 */
#ifndef SUPERVISOR_DOORS_CALLS_H
#define SUPERVISOR_DOORS_CALLS_H

#include "supervisor/run/supervisor.h"

enum {
	CALLS_MAX = 64,
	CALLS_BYTES_MAX = 8 << 20, /* of all their steps */
};

struct calls;

struct calls *calls_new(void);
void calls_free(struct calls *c);

/*
 * Takes a CALL; said again it is the same one. RC_INVALID: no step. RC_DENIED:
 * a tool that changes more than that. RC_BUSY: no executor has that tool, or too
 * many calls are under way.
 */
NODISCARD enum rc calls_take(struct supervisor *s, const struct bus_peer *peer,
    const struct proto_call *m, struct err *err);

/* Hands those that wait to executors with room. */
void calls_dispatch(struct supervisor *s);

/* Ends those whose time is up. */
void calls_tick(struct supervisor *s, int64_t now_ms);

/* What a worker has that was silent for a lease goes to another. */
void calls_lapsed(struct supervisor *s, int64_t now_ms);

/* Is it a call that w has, under that number? */
bool calls_has(const struct supervisor *s, const struct worker *w,
    uint64_t number, uint64_t attempt);

/* What came of one; a late outcome is dropped. */
void calls_result(
    struct supervisor *s, struct worker *w, const struct proto_result *m);

/* w is gone, or has begun anew: what it had goes to another. */
void calls_orphaned(struct supervisor *s, struct worker *w);

/* Nobody waits for that gateway's any more. */
void calls_end_peer(struct supervisor *s, const struct bus_peer *peer);

#endif
