/*
 * offload.c - work on threads, its end told on the loop.
 *
 * Invariant: the list belongs to the loop's thread; what a worker thread
 * shares with it (finished, text) is behind the piece's mutex, and the
 * thread's last act is to write to the pool's eventfd.
 */
#include "common/agent/offload.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct offload {
	struct offload_pool *pool;
	struct offload_spec spec;
	struct offload *next;
	pthread_t thread;
	atomic_bool cancelled;
	pthread_mutex_t mutex;
	bool finished;
	char text[OFFLOAD_TEXT_MAX]; /* "" when told */
};

struct offload_pool {
	zloop_t *loop;
	int fd;
	struct offload *list;
};

static void
wake(const struct offload_pool *pool)
{
	uint64_t one = 1;

	/* Fails only when 2^64 - 2 wakes are waiting. */
	if (write(pool->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

static void *
thread_main(void *arg)
{
	struct offload *o = arg;

	o->spec.work(o->spec.arg, o, &o->cancelled);
	pthread_mutex_lock(&o->mutex);
	o->finished = true;
	wake(o->pool);
	pthread_mutex_unlock(&o->mutex);
	return NULL;
}

static void
unlink_piece(struct offload *o)
{
	struct offload **p = &o->pool->list;

	while (*p != o)
		p = &(*p)->next;
	*p = o->next;
}

/* The thread has ended, or ends now. */
static void
reap(struct offload *o)
{
	pthread_join(o->thread, NULL);
	unlink_piece(o);
	if (!atomic_load(&o->cancelled))
		o->spec.done(o->spec.arg);
	o->spec.free(o->spec.arg);
	pthread_mutex_destroy(&o->mutex);
	free(o);
}

/* Takes what the thread has to say; has it finished? */
static bool
look(struct offload *o, char text[OFFLOAD_TEXT_MAX])
{
	bool finished;

	pthread_mutex_lock(&o->mutex);
	finished = o->finished;
	memcpy(text, o->text, OFFLOAD_TEXT_MAX);
	o->text[0] = '\0';
	pthread_mutex_unlock(&o->mutex);
	return finished;
}

/* Attends to one piece; true: the list may have changed. */
static bool
attend(struct offload *o)
{
	char text[OFFLOAD_TEXT_MAX];
	bool finished = look(o, text);
	bool tell = text[0] != '\0' && o->spec.progress != NULL &&
		    !atomic_load(&o->cancelled);

	if (finished)
		reap(o);
	else if (tell)
		o->spec.progress(o->spec.arg, text);
	return finished || tell;
}

static int
on_wake(zloop_t *loop UNUSED, zmq_pollitem_t *item, void *arg)
{
	struct offload_pool *pool = arg;
	struct offload *o;
	uint64_t n;

	if (read(item->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return 0;
	/* done and progress may start and cancel others: begin again. */
	for (o = pool->list; o != NULL;)
		o = attend(o) ? pool->list : o->next;
	return 0;
}

struct offload_pool *
offload_pool_new(zloop_t *loop)
{
	struct offload_pool *pool = xcalloc(1, sizeof(*pool));
	zmq_pollitem_t item = {.events = ZMQ_POLLIN};

	pool->loop = loop;
	pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert(pool->fd >= 0);
	item.fd = pool->fd;
	zloop_poller(loop, &item, on_wake, pool);
	zloop_poller_set_tolerant(loop, &item);
	return pool;
}

void
offload_pool_free(struct offload_pool *pool)
{
	zmq_pollitem_t item = {.events = ZMQ_POLLIN};
	struct offload *o;

	if (pool == NULL)
		return;
	for (o = pool->list; o != NULL; o = o->next)
		atomic_store(&o->cancelled, true);
	while (pool->list != NULL)
		reap(pool->list);
	item.fd = pool->fd;
	zloop_poller_end(pool->loop, &item);
	close(pool->fd);
	free(pool);
}

enum rc
offload_start(struct offload_pool *pool, const struct offload_spec *spec,
    struct offload **ret, struct err *err)
{
	struct offload *o = xcalloc(1, sizeof(*o));
	int failed;

	o->pool = pool;
	o->spec = *spec;
	pthread_mutex_init(&o->mutex, NULL);
	failed = pthread_create(&o->thread, NULL, thread_main, o);
	if (failed != 0) {
		pthread_mutex_destroy(&o->mutex);
		free(o);
		return err_set(
		    err, RC_IO, "cannot start a thread: %s", strerror(failed));
	}
	o->next = pool->list;
	pool->list = o;
	*ret = o;
	return RC_OK;
}

void
offload_cancel(struct offload *o)
{
	atomic_store(&o->cancelled, true);
}

void
offload_tell(struct offload *o, const char *text)
{
	pthread_mutex_lock(&o->mutex);
	snprintf(o->text, sizeof(o->text), "%s", text);
	wake(o->pool);
	pthread_mutex_unlock(&o->mutex);
}
