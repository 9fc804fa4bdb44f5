/*
 * store_db.h - inside the SQLite store: the connection, its statements.
 *
 * Every statement is prepared at open and named by enum sql; nothing else
 * reaches the database, so that all its SQL can be read in one table.
 */
#ifndef SUPERVISOR_STORE_DB_H
#define SUPERVISOR_STORE_DB_H

#include "supervisor/store.h"

#include <sqlite3.h>

enum {
	STORE_APPLICATION = 0x43554c50,	/* "CULP", in the file's header */
	STORE_VERSION = 2,		/* the schema this build writes */
	STORE_CHECK_BYTES = 256 << 20,	/* larger files: checked as read */
	STORE_PAGE_BYTES = 4096,
	STORE_SUM_BYTES = 8,
};

#define STORE_VFS "culprit-sum"

/* sqlite3_file_control: did a read of the disk fail? Takes a bool *. */
enum { STORE_FCNTL_UNREAD = STORE_APPLICATION };

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_EPOCH,
	SQL_EPOCH_NOW,
	SQL_RUN_INSERT,
	SQL_RUN_PROGRESS,
	SQL_RUN_STATUS,
	SQL_RUN_FIND,
	SQL_RUN_FIND_KEY,
	SQL_RUN_LIST,
	SQL_RUN_LIST_STATUS,
	SQL_RUN_UNFINISHED,
	SQL_RUN_OLDEST,
	SQL_RUN_UNPACKED,
	SQL_RUN_FINISHED,
	SQL_RUN_SET_PACKED,
	SQL_RUN_DELETE,
	SQL_USED_BYTES,
	SQL_JOURNAL_PUT,
	SQL_JOURNAL_GET,
	SQL_JOURNAL_DELETE,
	SQL_PACK_PUT,
	SQL_PACK_GET,
	SQL_PACK_DELETE,
	SQL_BLOB_INSERT,
	SQL_EVIDENCE_PUT,
	SQL_EVIDENCE_GET,
	SQL_EVIDENCE_SHARE,
	SQL_EVIDENCE_DELETE,
	SQL_BLOB_COLLECT,
	SQL_BLOB_LOOSE,
	SQL_BLOB_SET,
	SQL_COUNT
};

struct store_ckpt;
struct store_journal;

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmts[SQL_COUNT];
	char *path;	/* owned */
	int lock_fd;	/* flock of PATH.lock; -1: none */
	int64_t epoch;	/* this opening's */
	struct store_ckpt *ckpt;
	struct store_journal *journal;
};

/* Closes what is open, frees s; NULL is fine. */
void store_db_free(struct store *s);
DEFINE_AUTO(auto_store, struct store, store_db_free);

/* The whole of store_ops.open. */
NODISCARD enum rc store_db_open(const char *path, struct store **ret_s,
    uint64_t *ret_epoch, struct err *err);
/* A connection to the file at path; *ret_db is the caller's. */
NODISCARD enum rc store_db_connect(const char *path, sqlite3 **ret_db,
    struct err *err);
NODISCARD enum rc store_db_prepare(struct store *s, struct err *err);

/* store_vfs.c: once a process, before the first connection. */
void store_vfs_register(void);

/* store_log.c: opens the log for store_vfs.c; f has that many bytes, and room
 * for a file of the VFS below. */
size_t store_log_bytes(void);
int store_log_open(sqlite3_vfs *below, const char *name, sqlite3_file *f,
    int flags, int *ret_flags);

/* store_wal.c: RC_CONFLICT when the log at path has lost commits. */
NODISCARD enum rc store_wal_check(const char *path, struct err *err);

/* store_migrate.c: makes version from + 1 of a file of version from, inside
 * the transaction that is open. */
NODISCARD enum rc store_migrate_step(
    struct store *s, uint32_t from, struct err *err);

/* store_ckpt.c: the thread that checkpoints; stop does nothing without. */
NODISCARD enum rc store_ckpt_start(struct store *s, struct err *err);
void store_ckpt_stop(struct store *s);

/* What SQLite's code means to the caller, said with doing ("store run"). */
enum rc store_db_error(struct store *s, int code, const char *doing,
    struct err *err);

/* The statement, reset, its parameters NULL; parameters count from 1, columns
 * from 0, as SQLite has them. Bound spans must live until the step. */
sqlite3_stmt *store_db_stmt(struct store *s, enum sql q);
void store_db_text(sqlite3_stmt *st, int at, struct span v);
void store_db_blob(sqlite3_stmt *st, int at, struct span v);
struct span store_db_span(sqlite3_stmt *st, int column);

/* Steps a statement that returns no rows, and resets it. */
NODISCARD enum rc store_db_done(struct store *s, sqlite3_stmt *st,
    const char *doing, struct err *err);
/* The same for one that takes nothing, or one number. */
NODISCARD enum rc store_db_run(struct store *s, enum sql q, const char *doing,
    struct err *err);
NODISCARD enum rc store_db_run1(struct store *s, enum sql q, int64_t v,
    const char *doing, struct err *err);
/* Steps to the next row. RC_NOTFOUND: there was no more; st is reset then,
 * and after a failure. */
NODISCARD enum rc store_db_next(struct store *s, sqlite3_stmt *st,
    const char *doing, struct err *err);

/* RC_CONFLICT unless a transaction is open: for what takes several
 * statements and would leave a half behind. */
NODISCARD enum rc store_db_inside(struct store *s, struct err *err);

/* store_items.c: a run's updates, events, tasks, evidence. */
enum rc store_update_insert(struct store *s, int64_t row, int64_t n,
    struct span node, struct span update, struct err *err);
enum rc store_update_each(struct store *s, int64_t row,
    void (*each)(void *ctx, int64_t n, struct span node, struct span update),
    void *ctx, struct err *err);
enum rc store_event_insert(struct store *s, int64_t row, int64_t seq,
    struct span type, struct span data, struct err *err);
enum rc store_event_each(struct store *s, int64_t row, int64_t after,
    int64_t limit,
    void (*each)(void *ctx, int64_t seq, struct span type, struct span data),
    void *ctx, struct err *err);
enum rc store_task_put(struct store *s, int64_t row,
    const struct store_task *t, struct err *err);
enum rc store_task_clear(struct store *s, int64_t row, struct err *err);
enum rc store_task_each(struct store *s, int64_t row,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err);
enum rc store_run_compact(struct store *s, int64_t row, struct err *err);

enum rc store_evidence_put(struct store *s, int64_t row,
    const struct store_evidence *e, struct err *err);
enum rc store_evidence_get(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err);
enum rc store_evidence_share(
    struct store *s, int64_t from, int64_t to, int64_t below, struct err *err);
/* Compresses those of a run that are not. */
enum rc store_evidence_compact(struct store *s, int64_t row, struct err *err);

#endif
