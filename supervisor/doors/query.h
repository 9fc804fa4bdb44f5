/*
 * query.h - what gateways read, answered from the store.
 */
#ifndef SUPERVISOR_DOORS_QUERY_H
#define SUPERVISOR_DOORS_QUERY_H

#include "supervisor/run/supervisor.h"

/* Answers it; not RC_OK: it is refused, nothing was sent. */
NODISCARD enum rc query_answer(struct supervisor *s,
    const struct bus_peer *peer, const struct proto_query *m, struct err *err);

#endif
