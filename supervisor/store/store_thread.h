/*
 * store_thread.h - inside the SQLite store: the thread that writes and syncs.
 *
 * It executes batches in their order, and deletes old runs beside that, a few
 * with each; half of its time where there is none.
 * After a failure it executes nothing more.
 */
#ifndef SUPERVISOR_STORE_STORE_THREAD_H
#define SUPERVISOR_STORE_STORE_THREAD_H

#include "supervisor/store/store_in.h"

struct thread;

/* db is the thread's until thread_stop. */
NODISCARD enum rc thread_start(struct store_db *db, int64_t epoch,
    struct thread **ret, struct err *err);
/* Executes what it was given, ends, frees t; NULL is fine. */
void thread_stop(struct thread *t);

/* Takes b. */
void thread_give(struct thread *t, struct batch *b);
/* Given, and not taken back by thread_settled. */
int thread_under_way(const struct thread *t);
/* Those, the oldest first, for who looks for what is not durable; executed
 * or not, nothing of them changes but their result. */
const struct batch *thread_given(
    const struct thread *t, const struct batch *after);
int thread_fd(const struct thread *t);

/* As those of struct store_ops. */
NODISCARD enum rc thread_settled(
    struct thread *t, uint64_t *ret_upto, struct err *err);
NODISCARD enum rc thread_wait(struct thread *t, struct err *err);
void thread_keep(struct thread *t, int64_t before_ms, int64_t max_bytes);
bool thread_kept(const struct thread *t);

#endif
