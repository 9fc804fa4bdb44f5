/*
 * store_in.h - what the parts of the SQLite store share.
 *
 *	loop's thread                       the store's thread
 *	store_sqlite.c  the ops      batch
 *	store_batch.c   gathers  ------------> store_thread.c  takes one on
 *	store_read.c    reads    <------------ store_write.c   executes it
 *	store_scroll.c  a run,    settled      store_tidy.c    deletes
 *		whole, checked
 */
#ifndef SUPERVISOR_STORE_STORE_IN_H
#define SUPERVISOR_STORE_STORE_IN_H

#include "supervisor/store/store_batch.h"
#include "supervisor/store/store_chain.h"
#include "supervisor/store/store_db.h"

/* A record's kind. On disk: never renumbered. */
enum store_kind {
	STORE_UPDATE = 1, /* n: its number; label: the node */
	STORE_EVENT = 2,  /* n: its number; label: the type */
	STORE_TASK = 3,   /* n: the task; data: see store_read.c */
	STORE_TASKS_CLEARED = 4,
	STORE_EVIDENCE = 5, /* n: its number; label: the media type; data:
			     * the hash and, up to STORE_SMALL_BYTES of them,
			     * the bytes; more of them are a blob */
};

/* Of SHA-256. */
enum { STORE_HASH_BYTES = 32 };

struct scrolls;
struct tails;
struct thread;

struct store {
	char *path;	/* owned */
	int lock_fd;	/* flock of PATH.lock; -1: none */
	int64_t epoch;	/* this opening's */
	int64_t next_row;
	struct store_db write;	/* the thread's, once that runs */
	struct store_db read;
	struct batch *open;	/* what gathers */
	uint64_t last_batch;
	struct thread *thread;
	struct scrolls *scrolls;
};

/* store_open.c */
NODISCARD enum rc store_open(const char *path, struct store **ret_s,
    uint64_t *ret_epoch, struct err *err);
/* One that only reads, beside its owner, and whose ops that write must not be
 * called: for tools and tests. */
NODISCARD enum rc store_view(
    const char *path, struct store **ret_s, struct err *err);
/* Closes what is open, frees s; NULL is fine. */
void store_close(struct store *s);
DEFINE_AUTO(auto_store, struct store, store_close);
/* RC_CONFLICT: the file is not ours, or newer than this build; *ret_bytes is
 * 0 where there is none. */
NODISCARD enum rc store_look(
    const char *path, int64_t *ret_bytes, struct err *err);

/* ---- store_write.c, store_tidy.c: on the store's thread ---- */

/* What the thread knows beside its connection. */
struct writer {
	struct store_db *db;
	int64_t epoch;
	int64_t head_place;	/* of the chain over all runs */
	struct chain head;
	struct tails *tails;	/* where runs' journals end; owned */
};

/* Reads where the chain over all runs ends. */
NODISCARD enum rc writer_begin(struct writer *w, struct err *err);
void writer_done(struct writer *w);
/* Inside a transaction of its own; extra, which may be NULL, does more in
 * it. RC_CONFLICT: somebody else has opened the store since. */
NODISCARD enum rc writer_batch(struct writer *w, const struct batch *b,
    enum rc (*extra)(void *ctx, struct err *err), void *ctx, struct err *err);

/* Inside a transaction: the oldest finished run is deleted if it ended before before_ms, or the
 * content takes more than max_bytes. RC_NOTFOUND: neither. */
NODISCARD enum rc tidy_expire(struct store_db *d, int64_t before_ms,
    int64_t max_bytes, struct err *err);

/* ---- store_read.c ---- */

/* Whether hash is the SHA-256 of bytes. */
bool store_hash_fits(struct span bytes, struct span hash);
/* The bytes of a blob, whose hash they have: *ret is the caller's.
 * RC_NOTFOUND: there is no such blob. RC_INVALID: it is damaged. */
NODISCARD enum rc store_blob_read(struct store_db *d, struct span hash,
    char **ret, size_t *ret_n, struct err *err);

#endif
