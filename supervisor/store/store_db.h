/*
 * store_db.h - inside the SQLite store: a connection and its statements.
 *
 * Every statement is prepared at open and named by enum sql; nothing else
 * reaches the database, so that all its SQL can be read in one table. There
 * are two connections, one to write and one to read; each is one thread's.
 */
#ifndef SUPERVISOR_STORE_STORE_DB_H
#define SUPERVISOR_STORE_STORE_DB_H

#include "supervisor/store/pack.h"
#include "supervisor/store/store.h"

#include <sqlite3.h>

enum {
	STORE_APPLICATION = 0x43554c50,	/* "CULP", in the file's header */
	STORE_VERSION = 6,		/* the schema this build writes */
	STORE_VERSION_LEAST = 4,	/* that it takes over */
	STORE_CHECK_BYTES = 256 << 20,	/* larger files: checked as read */
	STORE_RUN_COLUMNS = 18,		/* of struct store_run, sealed */
};

enum sql {
	SQL_BEGIN,
	SQL_LOOK,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_EPOCH,
	SQL_EPOCH_NOW,
	SQL_ROW_LAST,
	SQL_END_GET,
	SQL_END_SET,
	SQL_RUN_INSERT,
	SQL_RUN_PROGRESS,
	SQL_RUN_END,
	SQL_RUN_GET,
	SQL_RUN_FIND,
	SQL_RUN_FIND_KEY,
	SQL_RUN_LIST,
	SQL_RUN_LIST_STATUS,
	SQL_RUN_LIST_UP,
	SQL_RUN_LIST_STATUS_UP,
	SQL_RUN_UNFINISHED,
	SQL_RUN_OLDEST,
	SQL_RUN_DELETE,
	SQL_RUN_EACH,
	SQL_PLACE_EACH,
	SQL_USED_BYTES,
	SQL_JOURNAL_PUT,
	SQL_JOURNAL_GET,
	SQL_JOURNAL_DELETE,
	SQL_BLOB_INSERT,
	SQL_BLOB_GET,
	SQL_BLOB_COLLECT,
	SQL_REF_PUT,
	SQL_REF_DELETE,
	SQL_SLIP_PUT,
	SQL_SLIP_DROP,
	SQL_SLIP_EACH,
	SQL_SLIP_OF,
	SQL_SLIP_UNDER,
	SQL_SLIP_DELETE,
	SQL_STRAY,
	SQL_CALL_PUT,
	SQL_CALL_EXPIRE,
	SQL_CALL_SUM_DAY,
	SQL_CALL_SUM_RUN,
	SQL_CALL_LAST,
	SQL_COUNT
};

struct store_db {
	sqlite3 *db;
	sqlite3_stmt *stmts[SQL_COUNT];
	const char *path;	/* for messages; borrowed */
	struct packer *packer;	/* owned */
};

/* A connection to the file at path, which is borrowed for its life; read:
 * one that writes nothing. RC_CONFLICT: the file is damaged. */
NODISCARD enum rc store_db_connect(
    struct store_db *d, const char *path, bool read, struct err *err);
NODISCARD enum rc store_db_prepare(struct store_db *d, struct err *err);
/* Fine for one that never was connected. */
void store_db_done(struct store_db *d);

/* What SQLite's code means to the caller, said with doing ("store run"). */
enum rc store_db_error(const struct store_db *d, int code, const char *doing,
    struct err *err);

/* The same while the file is being judged: RC_CONFLICT where it is damaged. */
enum rc store_db_unread(const struct store_db *d, int code, struct err *err);

/* The statement, reset, its parameters NULL; parameters count from 1, columns
 * from 0, as SQLite has them. Bound spans must live until the step. */
sqlite3_stmt *store_db_stmt(struct store_db *d, enum sql q);
void store_db_text(sqlite3_stmt *st, int at, struct span v);
void store_db_blob(sqlite3_stmt *st, int at, struct span v);
struct span store_db_span(sqlite3_stmt *st, int column);

/* Steps a statement that returns no rows, and resets it. */
NODISCARD enum rc store_db_step(struct store_db *d, sqlite3_stmt *st,
    const char *doing, struct err *err);
/* The same for one that takes nothing, or one number. */
NODISCARD enum rc store_db_run(struct store_db *d, enum sql q,
    const char *doing, struct err *err);
NODISCARD enum rc store_db_run1(struct store_db *d, enum sql q, int64_t v,
    const char *doing, struct err *err);
/* Steps to the next row. RC_NOTFOUND: there was no more; st is reset then,
 * and after a failure. */
NODISCARD enum rc store_db_next(struct store_db *d, sqlite3_stmt *st,
    const char *doing, struct err *err);

#endif
