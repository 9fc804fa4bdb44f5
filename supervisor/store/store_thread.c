/*
 * store_thread.c - the thread that writes and syncs.
 *
 * Batches stay on one list, in order, from thread_give to thread_settled;
 * `done` of them, at its front, are executed. The loop's thread alone changes
 * the list, under the lock; the thread only moves `done` on.
 */
#include "supervisor/store/store_thread.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	TIDY_US = 5000,	      /* of a transaction that only tidies */
	TIDY_BESIDE = 4,      /* runs that go with a batch */
	IDLE_US = 100000,     /* without a batch, until there are none */
};

struct thread {
	struct writer writer;
	pthread_t thread;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t wake, quiet;
	/* Under the lock: */
	struct batch_list batches;
	int given, done;
	bool stop;
	enum rc rc; /* the first failure */
	struct err err;
	int64_t before_ms, max_bytes;
	bool may_expire;
	bool tidies; /* in a transaction that is not committed */
	int64_t alone_us; /* not before it tidies without a batch */
};

static void
lock(const struct thread *t)
{
	pthread_mutex_lock((pthread_mutex_t *)&t->lock);
}

static void
unlock(const struct thread *t)
{
	pthread_mutex_unlock((pthread_mutex_t *)&t->lock);
}

/* ---- tidying ---- */

/* One run. RC_NOTFOUND: there is nothing left to do. */
static enum rc
tidy_one(struct thread *t, struct err *err)
{
	int64_t before_ms, max_bytes;
	bool may;
	enum rc rc = RC_NOTFOUND;

	lock(t);
	may = t->may_expire;
	before_ms = t->before_ms;
	max_bytes = t->max_bytes;
	unlock(t);
	if (may)
		rc = tidy_expire(t->writer.db, before_ms, max_bytes, err);
	if (rc != RC_NOTFOUND)
		return rc;
	lock(t);
	/* Unless it was asked for more meanwhile. */
	if (t->before_ms == before_ms && t->max_bytes == max_bytes)
		t->may_expire = false;
	unlock(t);
	return rc;
}

static bool
is_wanted(struct thread *t)
{
	bool wanted;

	lock(t);
	wanted = t->stop || t->given > t->done;
	unlock(t);
	return wanted;
}

/* Beside a batch: a few. */
static enum rc
tidy_some(void *thread, struct err *err)
{
	enum rc rc = RC_OK;

	for (int i = 0; rc == RC_OK && i < TIDY_BESIDE; i++)
		rc = tidy_one(thread, err);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* In a transaction of its own: until somebody wants something. */
static enum rc
tidy_alone(void *thread, struct err *err)
{
	struct thread *t = thread;
	int64_t until = clk_mono_us() + TIDY_US;
	enum rc rc = RC_OK;

	while (rc == RC_OK && clk_mono_us() < until && !is_wanted(t))
		rc = tidy_one(t, err);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* ---- the thread ---- */

static void
tell(struct thread *t)
{
	uint64_t one = 1;

	/* The counter of an eventfd has room. */
	while (write(t->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

/* The next one that is not executed; NULL: none. */
static struct batch *
batch_next(struct thread *t)
{
	struct batch *b = STAILQ_FIRST(&t->batches);

	for (int i = 0; i < t->done; i++)
		b = STAILQ_NEXT(b, list);
	return b;
}

/* Called and left with the lock held. */
static void
execute(struct thread *t, struct batch *b)
{
	struct err err;
	enum rc rc = t->rc;

	unlock(t);
	if (rc == RC_OK)
		rc = writer_batch(&t->writer, b, tidy_some, t, &err);
	lock(t);
	if (t->rc == RC_OK && rc != RC_OK) {
		t->rc = rc;
		t->err = err;
	}
	t->alone_us = clk_mono_us() + IDLE_US;
	t->done++;
	pthread_cond_broadcast(&t->quiet);
	tell(t);
}

static struct timespec
time_in(int64_t us)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += (us % 1000000) * 1000;
	ts.tv_sec += us / 1000000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

/* The same for a moment without a batch; then as long a rest. */
static void
execute_none(struct thread *t)
{
	int64_t begun = clk_mono_us();
	struct err err;
	enum rc rc;

	t->tidies = true;
	unlock(t);
	rc = writer_batch(&t->writer, NULL, tidy_alone, t, &err);
	lock(t);
	t->tidies = false;
	pthread_cond_broadcast(&t->quiet);
	t->alone_us = 2 * clk_mono_us() - begun;
	if (rc != RC_OK) {
		t->rc = rc;
		t->err = err;
	}
	if (rc != RC_OK)
		tell(t);
}

/* Waits for a batch, and for the time to tidy without one. */
static void
wait_for_work(struct thread *t)
{
	int64_t left_us = t->alone_us - clk_mono_us();
	struct timespec until;

	if (t->rc != RC_OK || !t->may_expire) {
		pthread_cond_wait(&t->wake, &t->lock);
		return;
	}
	if (left_us <= 0) {
		execute_none(t);
		return;
	}
	until = time_in(left_us);
	pthread_cond_timedwait(&t->wake, &t->lock, &until);
}

static void *
thread_run(void *thread)
{
	struct thread *t = thread;
	struct batch *b;

	lock(t);
	for (;;) {
		b = batch_next(t);
		if (b != NULL)
			execute(t, b);
		else if (t->stop)
			break;
		else
			wait_for_work(t);
	}
	unlock(t);
	return NULL;
}

/* Signals are for the thread that runs the loop. */
static int
spawn(struct thread *t)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&t->thread, NULL, thread_run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		pthread_setname_np(t->thread, "store");
	return failed;
}

static void
thread_free(struct thread *t)
{
	struct batch *b;

	while ((b = STAILQ_FIRST(&t->batches)) != NULL) {
		STAILQ_REMOVE_HEAD(&t->batches, list);
		batch_free(b);
	}
	writer_done(&t->writer);
	if (t->fd >= 0)
		close(t->fd);
	pthread_cond_destroy(&t->wake);
	pthread_cond_destroy(&t->quiet);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

enum rc
thread_start(struct store_db *db, int64_t epoch, struct thread **ret,
    struct err *err)
{
	struct thread *t = xcalloc(1, sizeof(*t));
	pthread_condattr_t attr;
	int failed = 0;
	enum rc rc;

	t->writer = (struct writer){.db = db, .epoch = epoch};
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	STAILQ_INIT(&t->batches);
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_cond_init(&t->quiet, &attr);
	pthread_condattr_destroy(&attr);
	rc = writer_begin(&t->writer, err);
	if (rc == RC_OK && (t->fd < 0 || (failed = spawn(t)) != 0))
		rc = err_set(err, RC_IO, "start a thread: %s",
		    strerror(failed != 0 ? failed : errno));
	if (rc != RC_OK)
		thread_free(t);
	else
		*ret = t;
	return rc;
}

void
thread_stop(struct thread *t)
{
	if (t == NULL)
		return;
	lock(t);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	unlock(t);
	pthread_join(t->thread, NULL);
	thread_free(t);
}

/* ---- the loop's side ---- */

void
thread_give(struct thread *t, struct batch *b)
{
	lock(t);
	STAILQ_INSERT_TAIL(&t->batches, b, list);
	t->given++;
	pthread_cond_signal(&t->wake);
	unlock(t);
}

int
thread_under_way(const struct thread *t)
{
	/* Only this side changes it. */
	return t->given;
}

const struct batch *
thread_given(const struct thread *t, const struct batch *after)
{
	return after == NULL ? STAILQ_FIRST(&t->batches)
			     : STAILQ_NEXT(after, list);
}

int
thread_fd(const struct thread *t)
{
	return t->fd;
}

/* Moves the executed ones to *taken; the lock is held. */
static void
take_done(struct thread *t, struct batch_list *taken, uint64_t *upto)
{
	struct batch *b;

	for (; t->done > 0; t->done--, t->given--) {
		b = STAILQ_FIRST(&t->batches);
		STAILQ_REMOVE_HEAD(&t->batches, list);
		STAILQ_INSERT_TAIL(taken, b, list);
		*upto = b->number;
	}
}

enum rc
thread_settled(struct thread *t, uint64_t *ret_upto, struct err *err)
{
	struct batch_list taken = STAILQ_HEAD_INITIALIZER(taken);
	uint64_t count, upto = 0;
	struct batch *b;
	enum rc rc;

	/* Nothing there is no failure: the list is what counts. */
	if (read(t->fd, &count, sizeof(count)) < 0)
		count = 0;
	lock(t);
	take_done(t, &taken, &upto);
	rc = t->rc;
	if (rc != RC_OK)
		*err = t->err;
	unlock(t);
	while ((b = STAILQ_FIRST(&taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&taken, list);
		batch_free(b);
	}
	if (rc == RC_OK && upto != 0)
		*ret_upto = upto;
	return rc;
}

enum rc
thread_wait(struct thread *t, struct err *err)
{
	uint64_t ignored = 0;

	lock(t);
	while (t->done < t->given ||
	       (t->rc == RC_OK && (t->tidies || t->may_expire))) {
		/* Whoever waits has nothing else for it to do. */
		t->alone_us = 0;
		pthread_cond_signal(&t->wake);
		pthread_cond_wait(&t->quiet, &t->lock);
	}
	unlock(t);
	return thread_settled(t, &ignored, err);
}

void
thread_keep(struct thread *t, int64_t before_ms, int64_t max_bytes)
{
	lock(t);
	t->before_ms = before_ms;
	t->max_bytes = max_bytes;
	t->may_expire = true;
	pthread_cond_signal(&t->wake);
	unlock(t);
}

bool
thread_kept(const struct thread *t)
{
	bool kept;

	lock(t);
	kept = !t->may_expire && !t->tidies && t->given == t->done;
	unlock(t);
	return kept;
}
