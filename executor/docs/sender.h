/*
 * sender.h - the index's outbox to a Milvus: which documents it has not as
 * they are now.
 *
 * A document is written into the outbox in the transaction that changes it,
 * and leaves it when Milvus has acknowledged all of it: so nothing is lost,
 * whoever dies meanwhile; what is sent twice takes the place of the first.
 */
#ifndef EXECUTOR_DOCS_SENDER_H
#define EXECUTOR_DOCS_SENDER_H

#include "executor/docs/base.h"
#include "executor/docs/milvus.h"

/* Sends what is in it; so many documents in *sent. All of them have vectors.
 * RC_CANCELLED: stop was set. */
NODISCARD enum rc sender_send(struct base *b, struct milvus *m,
    const atomic_bool *stop, size_t *sent, struct err *err);

#endif
