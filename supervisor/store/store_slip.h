/*
 * store_slip.h - inside the SQLite store: what is kept beside runs.
 *
 * In a batch slips are records: kind, run as n, key as label, data; one that
 * is to be deleted has a kind of its own.
 */
#ifndef SUPERVISOR_STORE_STORE_SLIP_H
#define SUPERVISOR_STORE_STORE_SLIP_H

#include "supervisor/store/store_in.h"

/* Of store_ops. */
enum rc slip_put(
    struct store *s, const struct store_slip *slip, struct err *err);
enum rc slip_drop(struct store *s, enum store_slip_kind kind, struct span key,
    struct err *err);
enum rc slip_each(struct store *s, enum store_slip_kind kind, int64_t row,
    void (*each)(void *ctx, const struct store_slip *), void *ctx,
    struct err *err);
enum rc slip_under(struct store *s, enum store_slip_kind kind,
    struct span begin, void (*each)(void *ctx, const struct store_slip *),
    void *ctx, struct err *err);

/* On the store's thread, inside a transaction: those of a batch, in order. */
NODISCARD enum rc slips_write(
    struct store_db *d, const struct batch *b, struct err *err);

#endif
