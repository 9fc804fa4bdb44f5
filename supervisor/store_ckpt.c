/*
 * store_ckpt.c - moving the log into the database file beside the work.
 *
 * A commit only appends to the log. A thread with a connection of its own
 * copies the log's pages into the file whenever the log has grown by some; it
 * never makes a commit wait. While commits go on without a pause the thread
 * never quite catches up, and only a log that is copied to its end is begun
 * anew: so now and then the committing thread copies the last few pages.
 */
#include "common/failpoint.h"
#include "supervisor/store_db.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
	CKPT_PAGES = 1024,      /* of growth: the thread is woken */
	CKPT_PAGES_LONG = 4096, /* the log should be begun anew */
	CKPT_PAGES_FEW = 128,   /* what that may cost a commit */
	CKPT_PAGES_MAX = 16384, /* it must be, whatever that costs */
};

struct store_ckpt {
	sqlite3 *db; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int asked; /* the log's length when the thread was last woken */
	/* Under the lock: */
	bool wanted, stop;
	int copied; /* how much of the log is in the file */
};

static void *
store_ckpt_run(void *ckpt)
{
	struct store_ckpt *c = ckpt;
	int copied = 0;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		if (!c->wanted) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		c->wanted = false;
		pthread_mutex_unlock(&c->lock);
		FAILPOINT(ckpt_begins);
		/* What fails here is tried again; a disk that stays broken
		 * is met by the next commit, which can say so. */
		sqlite3_wal_checkpoint_v2(
		    c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
		FAILPOINT(ckpt_done);
		pthread_mutex_lock(&c->lock);
		c->copied = copied;
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void
store_ckpt_wake(struct store_ckpt *c, int pages)
{
	c->asked = pages;
	c->wanted = true;
	pthread_cond_signal(&c->wake);
}

/* Called after every commit with the log's length. */
static int
store_ckpt_committed(void *ckpt, sqlite3 *db, const char *schema, int pages)
{
	struct store_ckpt *c = ckpt;
	bool now;

	pthread_mutex_lock(&c->lock);
	/* It was begun anew. */
	if (pages < c->asked)
		c->asked = c->copied = 0;
	if (pages - c->asked >= CKPT_PAGES)
		store_ckpt_wake(c, pages);
	now = pages >= CKPT_PAGES_MAX ||
	      (pages >= CKPT_PAGES_LONG && pages > c->copied &&
		  pages - c->copied <= CKPT_PAGES_FEW);
	pthread_mutex_unlock(&c->lock);
	if (now)
		sqlite3_wal_checkpoint_v2(
		    db, schema, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

/* Signals are for the thread that runs the loop. */
static int
store_ckpt_spawn(struct store_ckpt *c)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&c->thread, NULL, store_ckpt_run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

enum rc
store_ckpt_start(struct store *s, struct err *err)
{
	struct store_ckpt *c = xcalloc(1, sizeof(*c));
	int failed;
	enum rc rc = store_db_connect(s->path, &c->db, err);

	if (rc != RC_OK) {
		free(c);
		return rc;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	failed = store_ckpt_spawn(c);
	if (failed != 0) {
		sqlite3_close(c->db);
		free(c);
		return err_set(
		    err, RC_IO, "start a thread: %s", strerror(failed));
	}
	sqlite3_wal_hook(s->db, store_ckpt_committed, c);
	s->ckpt = c;
	return RC_OK;
}

void
store_ckpt_stop(struct store *s)
{
	struct store_ckpt *c = s->ckpt;

	if (c == NULL)
		return;
	sqlite3_wal_hook(s->db, NULL, NULL);
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	sqlite3_close(c->db);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
	s->ckpt = NULL;
}
