/*
 * intake.h - a webhook's alerts: do they begin an investigation, or are they
 * of one.
 *
 *	known (incident.h)		nothing new; resolved is noted
 *	of an open incident's group,	join it: its investigation is under way,
 *	or sent with one of its alerts	or began within --alert-cooldown
 *	began within --alert-window	join it, unless one of --alert-labels
 *	of another			tells them apart
 *	else				begin one
 *
 * All of a message is taken, or nothing.
 */
#ifndef SUPERVISOR_RUN_INTAKE_H
#define SUPERVISOR_RUN_INTAKE_H

#include "common/wire/proto.h"
#include "supervisor/run/supervisor.h"

enum {
	INTAKE_ALERTS_MAX = 10000,
	/* That a run's state has; the others are beside it only. */
	INTAKE_STATE_ALERTS_MAX = 256,
};

/* RC_BUSY: no more runs of people, or of webhooks, may be begun now. */
NODISCARD enum rc intake_room(
    const struct supervisor *s, bool webhook, struct err *err);

/* What became of them. */
struct intake {
	char id[STORE_ID_MAX + 1]; /* of their run; "": they have none */
	struct proto_taken taken;
};

/* RC_INVALID, RC_TOOBIG: they are none, or too many; RC_BUSY: not now. */
NODISCARD enum rc intake_take(struct supervisor *s,
    const struct proto_request *rq, struct intake *ret, struct err *err);

#endif
