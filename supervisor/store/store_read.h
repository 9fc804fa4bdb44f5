/*
 * store_read.h - inside the SQLite store: those of store_ops that read.
 */
#ifndef SUPERVISOR_STORE_STORE_READ_H
#define SUPERVISOR_STORE_STORE_READ_H

#include "supervisor/store/store_in.h"

enum rc read_run_find(struct store *s, struct span id,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err);
enum rc read_run_find_key(struct store *s, struct span key,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err);
enum rc read_run_list(struct store *s, const struct store_list *l,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err);
enum rc read_run_unfinished(struct store *s,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err);
enum rc read_update_each(struct store *s, int64_t row,
    void (*each)(void *ctx, int64_t n, struct span node, struct span update),
    void *ctx, struct err *err);
enum rc read_event_each(struct store *s, int64_t row, int64_t after,
    int64_t limit,
    void (*each)(void *ctx, int64_t seq, struct span type, struct span data),
    void *ctx, struct err *err);
enum rc read_task_each(struct store *s, int64_t row,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err);
enum rc read_evidence_get(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err);
enum rc read_evidence_written(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err);

#endif
