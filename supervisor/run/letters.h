/*
 * letters.h - the outbox: who is still to be told of a run that has ended.
 *
 * A letter is written with the end of its run, in the same transaction, and
 * is there until a gateway says that it was taken; so each arrives at least
 * once. Gateways carry them (HTTP is not the supervisor's): one that has room
 * is handed those that are due, and has LETTERS_OUT_MS to say what came of
 * it, as long as it is heard of. What failed is due again later and later, up to LETTERS_AGAIN_MAX_MS;
 * it goes with its run.
 */
#ifndef SUPERVISOR_RUN_LETTERS_H
#define SUPERVISOR_RUN_LETTERS_H

#include "common/wire/proto.h"
#include "supervisor/run/supervisor.h"

enum {
	LETTERS_OUT_MS = 45000,
	LETTERS_SILENT_MS = 5000, /* who has one, for so long: it is lost */
	LETTERS_AGAIN_MS = 1000, /* twice that each time */
	LETTERS_AGAIN_MAX_MS = 30000,
};

struct letters;

struct letters *letters_new(void);
void letters_free(struct letters *x);

/* Who is told, as configured, and what the store has. RC_INVALID: the file is
 * wrong. */
NODISCARD enum rc letters_load(struct supervisor *s, struct err *err);
/* --check. */
NODISCARD enum rc letters_check(const struct conf *conf, struct err *err);

/* The run ends with what is written now: those who are to be told of it. */
void letters_write(struct supervisor *s, const struct run *r);

/* A gateway is there: what it has stays with it, and it is handed up to n of
 * those that are due. */
void letters_hand(
    struct supervisor *s, const struct bus_peer *peer, uint64_t n);

/* What came of one. */
void letters_carried(struct supervisor *s, const struct proto_carried *m);

#endif
