/*
 * ledger.h - what a run changes, written down, and said once it is durable.
 *
 * What is written goes into the open batch of the store; what is to be said of
 * it, messages and events, waits on a list until that batch is durable, and
 * leaves in order.
 */
#ifndef SUPERVISOR_RUN_LEDGER_H
#define SUPERVISOR_RUN_LEDGER_H

#include "supervisor/run/supervisor.h"

/* Looks at a result of the store; false: logged, and the process ends. */
bool ledger_good(struct supervisor *s, enum rc rc, const struct err *err);

/* ---- writing ---- */

/* A run's row, or a task's that says so, is to be written. */
void ledger_dirty(struct supervisor *s, struct run *r);

/* Appends an event; data is one msgpack value. */
void ledger_emit(struct supervisor *s, struct run *r, const char *type,
    const struct buf *data);

/* Merges an update into the state and writes it down; false: it does not
 * fit, and err says why. */
bool ledger_apply(struct supervisor *s, struct run *r, struct span update,
    struct err *err);

/* Writes the rows of all that is dirty. */
void ledger_write(struct supervisor *s);

/* Returns when what has changed is durable, or the store broke: before the
 * first turn, when there is nothing to say yet. */
void ledger_keep(struct supervisor *s);

/* Hands the batch over. What is said until here waits for it, or, where it is
 * empty, for the one before. */
void ledger_commit(struct supervisor *s);

/* ---- speaking ---- */

/* Sends msg once all that this turn writes is durable. */
void ledger_send(struct supervisor *s, struct bus *bus,
    const struct bus_peer *peer, const struct proto *msg);
/* Sends it now: it tells of nothing that is not durable. */
void ledger_tell(struct bus *bus, const struct bus_peer *peer,
    const struct proto *msg);

/* Says what waited for batches up to that number; gone is called with s for
 * each peer that is no longer there. */
typedef void (*ledger_gone)(
    void *s, struct bus *bus, const struct bus_peer *peer);
void ledger_speak(struct supervisor *s, uint64_t upto, ledger_gone gone);

/* Forgets what waits to be said. */
void ledger_silence(struct supervisor *s);

/* Calls each with the events of a run that nobody was told of yet. */
typedef void (*ledger_event)(
    void *ctx, int64_t seq, struct span type, struct span data);
void ledger_unsaid(const struct supervisor *s, const struct run *r,
    ledger_event each, void *ctx);

#endif
