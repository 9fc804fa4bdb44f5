/*
 * query.h - what gateways read: one function for each query of the list.
 */
#ifndef SUPERVISOR_QUERY_H
#define SUPERVISOR_QUERY_H

#include "supervisor/front.h"

/* A QUERY that is being answered. */
struct query {
	struct supervisor *s;
	const struct bus_peer *peer;
	const struct proto_query *m;
	union proto_args args; /* within their bounds */
};

/* Answers it; not RC_OK: it is refused, nothing was sent. */
NODISCARD enum rc query_answer(struct supervisor *s,
    const struct bus_peer *peer, const struct proto_query *m, struct err *err);

/* Answers with a value, which is copied. RC_TOOBIG: it fits no message. */
NODISCARD enum rc query_reply(
    const struct query *q, const struct buf *value, struct err *err);

/* Each answers by query_reply or refuses; checkpoint.c has those two. */
NODISCARD enum rc query_list(struct query *q, struct err *err);
NODISCARD enum rc query_show(struct query *q, struct err *err);
NODISCARD enum rc query_report(struct query *q, struct err *err);
NODISCARD enum rc query_evidence(struct query *q, struct err *err);
NODISCARD enum rc query_checkpoints(struct query *q, struct err *err);
NODISCARD enum rc query_checkpoint(struct query *q, struct err *err);

#endif
