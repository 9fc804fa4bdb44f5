/* thread.c - a thread that works until it is told to stop. */
#include "executor/docs/thread.h"

#include "common/base/clk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *
thread_main(void *arg)
{
	struct thread *t = arg;

	t->run(t->arg);
	return NULL;
}

enum rc
thread_start(
    struct thread *t, void (*run)(void *arg), void *arg, struct err *err)
{
	sigset_t all, before;
	int code;

	t->run = run;
	t->arg = arg;
	t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->wake < 0)
		return err_set(err, RC_IO, "eventfd: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&t->id, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0) {
		close(t->wake);
		return err_set(err, RC_IO, "thread: %s", strerror(code));
	}
	t->started = true;
	return RC_OK;
}

void
thread_wake(struct thread *t)
{
	eventfd_write(t->wake, 1);
}

bool
thread_wait(struct thread *t, int ms)
{
	struct pollfd fd = {.fd = t->wake, .events = POLLIN};
	eventfd_t n;

	return poll(&fd, 1, ms) > 0 && eventfd_read(t->wake, &n) == 0;
}

void
thread_rest(struct thread *t, int ms)
{
	int64_t until = clk_mono_ms() + ms, left;

	while (!atomic_load(&t->stop) && (left = until - clk_mono_ms()) > 0)
		thread_wait(t, (int)left);
}

void
thread_stop(struct thread *t)
{
	if (!t->started)
		return;
	atomic_store(&t->stop, true);
	thread_wake(t);
	pthread_join(t->id, NULL);
	close(t->wake);
	t->started = false;
}
