/*
 * thread.h - a thread that works until it is told to stop, and can be woken.
 */
#ifndef EXECUTOR_DOCS_THREAD_H
#define EXECUTOR_DOCS_THREAD_H

#include "common/base/rc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Zeroed, it has not been started. */
struct thread {
	pthread_t id;
	bool started;
	atomic_bool stop;
	int wake; /* eventfd */
	void (*run)(void *arg);
	void *arg;
};

/* Runs run, which looks at stop now and then. Signals go elsewhere. RC_IO. */
NODISCARD enum rc thread_start(
    struct thread *t, void (*run)(void *arg), void *arg, struct err *err);

/* On any thread, while it has not been stopped. */
void thread_wake(struct thread *t);

/* From run: until it is woken, or so long; is it? */
bool thread_wait(struct thread *t, int ms);

/* From run: so long, unless it is stopped. */
void thread_rest(struct thread *t, int ms);

/* Tells it to stop and waits for that. */
void thread_stop(struct thread *t);

#endif
