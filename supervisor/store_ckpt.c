/*
 * store_ckpt.c - moving the log into the database file beside the work.
 *
 * A commit only appends to the log. A thread with a connection of its own
 * copies the log's pages into the file when the log has grown by some; it
 * never makes a commit wait. A log that outgrows it all the same (commits
 * without a pause) is cut short by the committing thread itself.
 */
#include "common/failpoint.h"
#include "supervisor/store_db.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { CKPT_PAGES = 1024, CKPT_PAGES_MAX = 8192 };

struct store_ckpt {
	sqlite3 *db; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool wanted, stop; /* under lock */
};

static void *
store_ckpt_run(void *ckpt)
{
	struct store_ckpt *c = ckpt;

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
		    c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		FAILPOINT(ckpt_done);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Called after every commit with the log's length. */
static int
store_ckpt_committed(void *ckpt, sqlite3 *db, const char *schema, int pages)
{
	struct store_ckpt *c = ckpt;

	if (pages >= CKPT_PAGES_MAX)
		sqlite3_wal_checkpoint_v2(
		    db, schema, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (pages < CKPT_PAGES)
		return SQLITE_OK;
	pthread_mutex_lock(&c->lock);
	c->wanted = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
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
