/*
 * store_task.h - inside the SQLite store: tasks as records.
 *
 * The last record of a number stands, and a mark clears all before it. They
 * are read once, after a restart.
 */
#ifndef SUPERVISOR_STORE_STORE_TASK_H
#define SUPERVISOR_STORE_STORE_TASK_H

#include "supervisor/store/store_in.h"

/* Appends the task's record. */
void store_task_add(struct buf *records, const struct store_task *t);

/* For journal_each: gathers in a struct buf the records of tasks that were
 * not cleared. */
enum rc store_tasks_take(
    void *stand, const struct record *r, struct err *err);
/* Hands each task that stands among those over. RC_INVALID: one is damaged. */
NODISCARD enum rc store_tasks_hand(struct span stand,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err);

#endif
