/*
 * store_db.c - every statement of the SQLite store, and what may go wrong.
 *
 * Statements are prepared once; a statement is reset as soon as its last row
 * was used, so that no read keeps the log from being checkpointed.
 */
#include "supervisor/store_db.h"

#include <assert.h>

#define RUN_COLUMNS                                                            \
	"row, id, key, digest, input, status, reason, confidence, node, "      \
	"created_ms, finished_ms, deadline_ms, iteration, turns, next_task, "  \
	"next_update, last_seq, recoveries"
#define RUN_SELECT "SELECT " RUN_COLUMNS " FROM runs "

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_EPOCH] = "UPDATE meta SET value = value + 1 WHERE name = 'epoch' "
		  "RETURNING value",
    [SQL_EPOCH_NOW] = "SELECT value FROM meta WHERE name = 'epoch'",

    [SQL_RUN_INSERT] =
	"INSERT INTO runs (id, key, digest, input, status, reason, "
	"confidence, node, created_ms, finished_ms, deadline_ms, iteration, "
	"turns, next_task, next_update, last_seq) VALUES "
	"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
	"?16)",
    /* What has an index is written only when it changes. */
    [SQL_RUN_PROGRESS] =
	"UPDATE runs SET reason = ?2, confidence = ?3, node = ?4, "
	"iteration = ?5, turns = ?6, next_task = ?7, next_update = ?8, "
	"last_seq = ?9, recoveries = ?10 WHERE row = ?1",
    [SQL_RUN_STATUS] =
	"UPDATE runs SET status = ?2, finished_ms = ?3 WHERE row = ?1 AND "
	"(status <> ?2 OR finished_ms <> ?3)",
    [SQL_RUN_FIND] = RUN_SELECT "WHERE id = ?1",
    [SQL_RUN_FIND_KEY] = RUN_SELECT "WHERE key = ?1",
    [SQL_RUN_LIST] = RUN_SELECT "WHERE row < ?1 ORDER BY row DESC LIMIT ?2",
    [SQL_RUN_LIST_STATUS] =
	RUN_SELECT "WHERE row < ?1 AND status = ?3 ORDER BY row DESC LIMIT ?2",
    [SQL_RUN_UNFINISHED] = RUN_SELECT "WHERE finished_ms = 0 ORDER BY row",
    [SQL_RUN_OLDEST] = "SELECT row, finished_ms FROM runs "
		       "WHERE finished_ms > 0 ORDER BY finished_ms LIMIT 1",
    [SQL_RUN_UNPACKED] = "SELECT row FROM runs WHERE packed = 0 AND "
			 "finished_ms > 0 ORDER BY row LIMIT 1",
    [SQL_RUN_FINISHED] = "SELECT finished_ms FROM runs WHERE row = ?1",
    [SQL_RUN_SET_PACKED] = "UPDATE runs SET packed = 1 WHERE row = ?1",
    [SQL_RUN_DELETE] = "DELETE FROM runs WHERE row = ?1",
    [SQL_USED_BYTES] = "SELECT (p.page_count - f.freelist_count) * "
		       "z.page_size FROM pragma_page_count p, "
		       "pragma_freelist_count f, pragma_page_size z",

    [SQL_JOURNAL_PUT] =
	"INSERT INTO journal (run, raw_bytes, data) VALUES (?1, ?2, ?3)",
    [SQL_JOURNAL_GET] = "SELECT id, raw_bytes, data FROM journal "
			"WHERE run = ?1 AND id > ?2 ORDER BY id LIMIT 1",
    [SQL_JOURNAL_DELETE] = "DELETE FROM journal WHERE run = ?1",
    [SQL_PACK_PUT] = "INSERT INTO packs (run, raw_bytes, data) VALUES "
		     "(?1, ?2, ?3) ON CONFLICT (run) DO UPDATE SET "
		     "raw_bytes = ?2, data = ?3",
    [SQL_PACK_GET] = "SELECT raw_bytes, data FROM packs WHERE run = ?1",
    [SQL_PACK_DELETE] = "DELETE FROM packs WHERE run = ?1",

    [SQL_BLOB_INSERT] = "INSERT INTO blobs (sha256, raw_bytes, data) VALUES "
			"(?1, 0, ?2) ON CONFLICT (sha256) DO NOTHING",
    [SQL_EVIDENCE_PUT] =
	"INSERT INTO evidence (run, number, media, blob) VALUES (?1, ?2, ?3, "
	"(SELECT id FROM blobs WHERE sha256 = ?4))",
    [SQL_EVIDENCE_GET] =
	"SELECT media, sha256, raw_bytes, data FROM evidence JOIN blobs "
	"ON blobs.id = blob WHERE run = ?1 AND number = ?2",
    [SQL_EVIDENCE_SHARE] =
	"INSERT INTO evidence (run, number, media, blob) SELECT ?2, number, "
	"media, blob FROM evidence WHERE run = ?1 AND number < ?3",
    [SQL_EVIDENCE_DELETE] = "DELETE FROM evidence WHERE run = ?1",
    [SQL_BLOB_COLLECT] =
	"DELETE FROM blobs WHERE id IN (SELECT blob FROM evidence WHERE "
	"run = ?1) AND NOT EXISTS (SELECT 1 FROM evidence WHERE "
	"blob = blobs.id AND run <> ?1)",
    [SQL_BLOB_LOOSE] = "SELECT blobs.id, data, number FROM evidence JOIN blobs "
		       "ON blobs.id = blob "
		       "WHERE run = ?1 AND number > ?2 AND raw_bytes = 0 "
		       "AND length(data) > 256 ORDER BY number LIMIT 1",
    [SQL_BLOB_SET] = "UPDATE blobs SET raw_bytes = ?2, data = ?3 "
		     "WHERE id = ?1",
};

enum rc
store_db_prepare(struct store *s, struct err *err)
{
	int code;

	for (int q = 0; q < SQL_COUNT; q++) {
		if (s->stmts[q] != NULL)
			continue; /* by a migration */
		code = sqlite3_prepare_v3(s->db, texts[q], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->stmts[q], NULL);
		if (code != SQLITE_OK)
			return store_db_error(s, code, "prepare", err);
	}
	return RC_OK;
}

#define OUT_OF_MEMORY "there is no memory; work goes on from the last commit"
#define DAMAGED "the file is damaged: stop, keep a copy, restore a backup"

/* By code, then by primary code; whatever is not listed is the disk's or our
 * own fault. */
static const struct {
	int code;
	enum rc rc;
	const char *advice;
} meanings[] = {
    {SQLITE_IOERR_DATA, RC_IO, DAMAGED},
    /* Nothing is wrong with the file. */
    {SQLITE_IOERR_NOMEM, RC_BUSY, OUT_OF_MEMORY},
    {SQLITE_NOMEM, RC_BUSY, OUT_OF_MEMORY},
    {SQLITE_CONSTRAINT, RC_CONFLICT, "it is there already"},
    {SQLITE_TOOBIG, RC_TOOBIG, "too large for the database"},
    {SQLITE_FULL, RC_IO,
	"the disk is full: free some space; work goes on from the last commit"},
    {SQLITE_IOERR, RC_IO,
	"the disk failed: see the kernel's log and the space left"},
    {SQLITE_CORRUPT, RC_IO, DAMAGED},
    {SQLITE_NOTADB, RC_IO, DAMAGED},
    {SQLITE_READONLY, RC_IO, "the file or its directory is not writable"},
    {SQLITE_CANTOPEN, RC_IO, "check the directory's owner and permissions"},
    {SQLITE_BUSY, RC_IO, "another program keeps the database locked: end it"},
};

/* Its index, or ARRAY_LEN(meanings). */
static size_t
store_db_meaning(int code)
{
	size_t i = 0;

	while (i < ARRAY_LEN(meanings) && meanings[i].code != code)
		i++;
	return i;
}

enum rc
store_db_error(struct store *s, int code, const char *doing, struct err *err)
{
	size_t i = store_db_meaning(code);

	if (i == ARRAY_LEN(meanings))
		i = store_db_meaning(code & 0xff);
	return err_set(err, i < ARRAY_LEN(meanings) ? meanings[i].rc : RC_IO,
	    "store %s: cannot %s: %s (%s)", s->path, doing,
	    i < ARRAY_LEN(meanings) ? meanings[i].advice : "unexpected",
	    sqlite3_errmsg(s->db));
}

sqlite3_stmt *
store_db_stmt(struct store *s, enum sql q)
{
	sqlite3_stmt *st = s->stmts[q];

	/* Or the reader further up would silently start again. */
	assert(!sqlite3_stmt_busy(st));
	sqlite3_clear_bindings(st);
	return st;
}

/* NULL is not the empty text: the columns are NOT NULL. */
void
store_db_text(sqlite3_stmt *st, int at, struct span v)
{
	sqlite3_bind_text64(
	    st, at, v.n > 0 ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
}

void
store_db_blob(sqlite3_stmt *st, int at, struct span v)
{
	sqlite3_bind_blob64(st, at, v.n > 0 ? v.p : "", v.n, SQLITE_STATIC);
}

struct span
store_db_span(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return span_make(p, (size_t)sqlite3_column_bytes(st, column));
}

enum rc
store_db_done(
    struct store *s, sqlite3_stmt *st, const char *doing, struct err *err)
{
	enum rc rc = RC_OK;
	int code = sqlite3_step(st);

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		rc = store_db_error(s, code, doing, err);
	sqlite3_reset(st);
	return rc;
}

enum rc
store_db_run(struct store *s, enum sql q, const char *doing, struct err *err)
{
	return store_db_done(s, store_db_stmt(s, q), doing, err);
}

enum rc
store_db_run1(
    struct store *s, enum sql q, int64_t v, const char *doing, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, q);

	sqlite3_bind_int64(st, 1, v);
	return store_db_done(s, st, doing, err);
}

enum rc
store_db_next(
    struct store *s, sqlite3_stmt *st, const char *doing, struct err *err)
{
	enum rc rc = RC_NOTFOUND;
	int code = sqlite3_step(st);

	if (code == SQLITE_ROW)
		return RC_OK;
	if (code != SQLITE_DONE)
		rc = store_db_error(s, code, doing, err);
	sqlite3_reset(st);
	return rc;
}

enum rc
store_db_inside(struct store *s, struct err *err)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		return RC_OK;
	return err_set(err, RC_CONFLICT, "store %s: begin first", s->path);
}
