/*
 * front.h - the real culprit-gateway before a supervisor of the test's own.
 *
 * It answers who attaches by itself, and keeps what else it hears until the
 * test takes it, type by type. See client.h for who is on the other side.
 */
#ifndef TESTS_HARNESS_FRONT_H
#define TESTS_HARNESS_FRONT_H

#include "common/base/buf.h"
#include "common/net/bus.h"
#include "tests/harness/spawn.h"

enum { FRONT_MS = AWAIT_MS, FRONT_HEARD_MAX = 512 };

/* One message of the gateway's; the spans point into bytes. */
struct front_heard {
	struct bus_peer peer;
	struct buf bytes;
	struct proto m;
	bool taken;
};

struct front {
	char *dir;
	char *endpoint;
	struct proc *proc;
	zloop_t *loop;
	struct bus *bus;
	uint64_t epoch; /* what the supervisor says it is */
	bool ready;     /* and whether it says it is ready */
	struct front_heard heard[FRONT_HEARD_MAX];
	size_t n_heard;
	int port; /* where the gateway listens */
};

/* Starts both; more: further options of the gateway, or NULL. */
struct front *front_new(void);
struct front *front_new_with(const char *const *more);

/* Ends the gateway, which must succeed. */
void front_free(struct front *f);

/* The supervisor alone: it begins, as what it says it is, and ends. */
void front_sup_start(struct front *f, uint64_t epoch);
void front_sup_stop(struct front *f);

/* The next message of a type that was not taken, waiting for it; the test
 * fails when it does not come. Valid as long as f. */
struct front_heard *front_expect(struct front *f, enum proto_type type);

/* The same; NULL: it did not come in that time. */
struct front_heard *front_await(
    struct front *f, enum proto_type type, int limit_ms);

/* Has one come that was not taken? */
bool front_has(struct front *f, enum proto_type type);

/* ---- what it answers ---- */

void front_send(
    struct front *f, const struct bus_peer *peer, const struct proto *m);
void front_reply(struct front *f, const struct front_heard *to, uint64_t req,
    const char *rc, const char *text, const char *run);

/* To a QUERY: its value. */
void front_value(
    struct front *f, const struct front_heard *to, struct span value);

/* Events from .. upto of r1, of bytes each; last: the last one ends it. */
void front_events(struct front *f, const struct front_heard *to, uint64_t req,
    uint64_t from, uint64_t upto, bool last, size_t bytes);

#endif
