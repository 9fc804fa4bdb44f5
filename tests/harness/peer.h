/*
 * peer.h - one end of a conversation with a supervisor, led by the test: it
 * keeps all it is sent, and the test reads that in any order, type by type.
 *
 * Bytes that are no message fail the test.
 */
#ifndef TESTS_HARNESS_PEER_H
#define TESTS_HARNESS_PEER_H

#include "common/wire/proto.h"

#include <czmq.h>

enum { PEER_MAIL_MAX = 512 };

struct peer_mail {
	struct proto msg;
	char *bytes; /* what msg points into */
	bool read;
};

/* All zero: closed. */
struct peer {
	zloop_t *loop;
	struct bus *bus;
	uint64_t epoch; /* of the supervisor that it is welcome at */
	uint64_t start; /* of its lives: a HELLO said twice is one */
	struct peer_mail mail[PEER_MAIL_MAX];
	int n;
};

/* Connects to a socket ("front", "back") of a data directory; loop is
 * borrowed until peer_close. */
void peer_open(
    struct peer *p, zloop_t *loop, const char *data_dir, const char *socket);

/* Forgets its mail too; a closed one stays closed. */
void peer_close(struct peer *p);

void peer_say(struct peer *p, const struct proto *m);

/* The next message of a type that was not read yet, waiting for it; valid
 * until peer_close. NULL: none came in that time. */
const struct proto *peer_next(
    struct peer *p, enum proto_type type, int limit_ms);

/* Has one come that was not read yet? Does not wait, and leaves it. */
bool peer_has(struct peer *p, enum proto_type type);

/* ---- as a worker ---- */

struct peer_worker {
	const char *role, *name;
	uint64_t capacity;
	const char *tools; /* its catalogue, as JSON */
};

/* Says HELLO, and says it again every again_ms (one that is just being
 * started anew does not hear the first), until it is welcome; tasks of an
 * earlier supervisor count as read. Is it welcome? */
bool peer_hello(
    struct peer *p, const struct peer_worker *w, int again_ms, int limit_ms);

/* Renews no lease at all: whatever it said before has been handled when the
 * answer comes. Did it come? */
bool peer_renew(struct peer *p, int limit_ms);

/* A task's outcome: an update in JSON, evidence as plain text or NULL. */
void peer_answer(struct peer *p, const struct proto_task *t, const char *update,
    const char *evidence);

/* Appends JSON as msgpack. */
void peer_put_json(struct buf *b, const char *json);

#endif
