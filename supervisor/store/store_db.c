/*
 * store_db.c - every statement of the SQLite store, and what may go wrong.
 *
 * Statements are prepared once; a statement is reset as soon as its last row
 * was used, so that no read keeps the log from being checkpointed.
 */
#include "supervisor/store/store_db.h"

#include <assert.h>

#define RUN_COLUMNS                                                            \
	"row, id, key, digest, input, status, reason, confidence, node, "      \
	"created_ms, finished_ms, deadline_ms, iteration, turns, next_task, "  \
	"next_update, last_seq, recoveries" /* STORE_RUN_COLUMNS of them */
#define RUN_SELECT                                                             \
	"SELECT " RUN_COLUMNS ", chain, seal, place, link FROM runs "

#define CALL_SUM                                                               \
	"SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(cost), 0), "  \
	"coalesce(sum(prompt), 0), coalesce(sum(cached), 0), "                 \
	"coalesce(sum(answer), 0) FROM calls "

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_LOOK] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_EPOCH] = "UPDATE meta SET value = value + 1 WHERE name = 'epoch' "
		  "RETURNING value",
    [SQL_EPOCH_NOW] = "SELECT value FROM meta WHERE name = 'epoch'",
    [SQL_ROW_LAST] = "SELECT coalesce(max(row), 0) FROM runs",
    [SQL_END_GET] = "SELECT place, link FROM ends WHERE name = ?1",
    [SQL_END_SET] = "UPDATE ends SET place = ?2, link = ?3 WHERE name = ?1",

    [SQL_RUN_INSERT] =
	"INSERT INTO runs (" RUN_COLUMNS ", chain, seal) VALUES "
	"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
	"?16, ?17, ?18, ?19, ?20)",
    /* What has an index is written only when it changes. */
    [SQL_RUN_PROGRESS] =
	"UPDATE runs SET reason = ?7, confidence = ?8, node = ?9, "
	"deadline_ms = ?12, iteration = ?13, turns = ?14, next_task = ?15, next_update = ?16, "
	"last_seq = ?17, recoveries = ?18, chain = ?19, seal = ?20 "
	"WHERE row = ?1",
    [SQL_RUN_END] = "UPDATE runs SET status = ?6, finished_ms = ?11, "
		    "place = ?21, link = ?22 WHERE row = ?1",
    [SQL_RUN_GET] = RUN_SELECT "WHERE row = ?1",
    [SQL_RUN_FIND] = RUN_SELECT "WHERE id = ?1",
    [SQL_RUN_FIND_KEY] = RUN_SELECT "WHERE key = ?1",
    [SQL_RUN_LIST] = RUN_SELECT "WHERE row < ?1 ORDER BY row DESC LIMIT ?2",
    [SQL_RUN_LIST_STATUS] =
	RUN_SELECT "WHERE row < ?1 AND status = ?3 ORDER BY row DESC LIMIT ?2",
    [SQL_RUN_LIST_UP] = RUN_SELECT "WHERE row > ?1 ORDER BY row LIMIT ?2",
    [SQL_RUN_LIST_STATUS_UP] =
	RUN_SELECT "WHERE row > ?1 AND status = ?3 ORDER BY row LIMIT ?2",
    [SQL_RUN_UNFINISHED] = RUN_SELECT "WHERE place IS NULL ORDER BY row",
    [SQL_RUN_OLDEST] = "SELECT row, finished_ms, place, link FROM runs "
		       "WHERE place IS NOT NULL ORDER BY place LIMIT 1",
    [SQL_RUN_DELETE] = "DELETE FROM runs WHERE row = ?1",
    [SQL_RUN_EACH] = RUN_SELECT "WHERE row > ?1 ORDER BY row LIMIT 1",
    [SQL_PLACE_EACH] = RUN_SELECT "WHERE place > ?1 ORDER BY place LIMIT 1",
    [SQL_USED_BYTES] = "SELECT (p.page_count - f.freelist_count) * "
		       "z.page_size FROM pragma_page_count p, "
		       "pragma_freelist_count f, pragma_page_size z",

    [SQL_JOURNAL_PUT] = "INSERT INTO journal (run, raw_bytes, leans, data) "
			"VALUES (?1, ?2, ?3, ?4)",
    [SQL_JOURNAL_GET] = "SELECT id, raw_bytes, leans, data FROM journal "
			"WHERE run = ?1 AND id > ?2 ORDER BY id LIMIT 1",
    [SQL_JOURNAL_DELETE] = "DELETE FROM journal WHERE run = ?1",

    [SQL_BLOB_INSERT] = "INSERT INTO blobs (sha256, raw_bytes, data) VALUES "
			"(?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING",
    [SQL_BLOB_GET] =
	"SELECT id, raw_bytes, data FROM blobs WHERE sha256 = ?1",
    [SQL_BLOB_COLLECT] =
	"DELETE FROM blobs WHERE id IN (SELECT blob FROM refs WHERE "
	"run = ?1) AND NOT EXISTS (SELECT 1 FROM refs WHERE "
	"blob = blobs.id AND run <> ?1)",
    [SQL_REF_PUT] = "INSERT INTO refs (run, blob) SELECT ?1, id FROM blobs "
		    "WHERE sha256 = ?2 ON CONFLICT DO NOTHING",
    [SQL_REF_DELETE] = "DELETE FROM refs WHERE run = ?1",
    /* Its run may have been deleted since somebody looked for it. */
    [SQL_SLIP_PUT] = "INSERT INTO slips (kind, key, run, data) SELECT "
		     "?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM runs WHERE "
		     "row = ?3) ON CONFLICT (kind, key) DO UPDATE SET "
		     "run = excluded.run, data = excluded.data",
    [SQL_SLIP_DROP] = "DELETE FROM slips WHERE kind = ?1 AND key = ?2",
    [SQL_SLIP_EACH] =
	"SELECT key, run, data FROM slips WHERE kind = ?1 ORDER BY key",
    /* By its run: of a kind there may be many more than of a run. */
    [SQL_SLIP_OF] = "SELECT key, run, data FROM slips WHERE +kind = ?1 AND "
		    "run = ?2 ORDER BY key",
    [SQL_SLIP_UNDER] = "SELECT key, run, data FROM slips WHERE kind = ?1 AND "
		       "key >= ?2 AND key < ?3 ORDER BY key",
    [SQL_SLIP_DELETE] = "DELETE FROM slips WHERE run = ?1",
    /* What belongs to no run, or cannot be reached from one. */
    [SQL_STRAY] =
	"SELECT 'journal row ' || id FROM journal WHERE run NOT IN "
	"(SELECT row FROM runs) UNION ALL "
	"SELECT 'reference of row ' || run FROM refs WHERE run NOT IN "
	"(SELECT row FROM runs) UNION ALL "
	"SELECT 'slip of row ' || run FROM slips WHERE run NOT IN "
	"(SELECT row FROM runs) UNION ALL "
	"SELECT 'blob ' || id FROM blobs WHERE id NOT IN "
	"(SELECT blob FROM refs) LIMIT 1",

    [SQL_CALL_PUT] =
	"INSERT OR REPLACE INTO calls (id, run, what, model, day, settled, "
	"tokens, cost, prompt, cached, answer) VALUES (?1, ?2, ?3, ?4, ?5, "
	"?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_CALL_EXPIRE] = "DELETE FROM calls WHERE day < ?1",
    [SQL_CALL_SUM_DAY] = CALL_SUM "WHERE day = ?1",
    [SQL_CALL_SUM_RUN] = CALL_SUM "WHERE run = ?1",
    [SQL_CALL_LAST] = "SELECT coalesce(max(id), 0) FROM calls",
};

enum rc
store_db_unread(const struct store_db *d, int code, struct err *err)
{
	switch (code & 0xff) {
	case SQLITE_ERROR: /* of a format this SQLite does not know */
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, RC_CONFLICT,
		    "%s is damaged; it was left as it is: move it away or "
		    "restore a backup",
		    d->path);
	default:
		return store_db_error(d, code, "open it", err);
	}
}

enum rc
store_db_connect(
    struct store_db *d, const char *path, bool read, struct err *err)
{
	/* A writer whose log is long moves it into the file as it commits. */
	static const char setup[] =
	    "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; "
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048; "
	    "PRAGMA journal_size_limit = 16777216";
	int code;

	d->path = path;
	code = sqlite3_open_v2(path, &d->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(d->db, 2000);
		sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(
		    d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		code = sqlite3_exec(d->db, setup, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK && read)
		code = sqlite3_exec(
		    d->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return store_db_unread(d, code, err);
	if (d->packer == NULL)
		d->packer = packer_new();
	return RC_OK;
}

void
store_db_done(struct store_db *d)
{
	for (int q = 0; q < SQL_COUNT; q++)
		sqlite3_finalize(d->stmts[q]);
	sqlite3_close(d->db);
	packer_free(d->packer);
	*d = (struct store_db){0};
}

enum rc
store_db_prepare(struct store_db *d, struct err *err)
{
	int code;

	for (int q = 0; q < SQL_COUNT; q++) {
		code = sqlite3_prepare_v3(d->db, texts[q], -1,
		    SQLITE_PREPARE_PERSISTENT, &d->stmts[q], NULL);
		if (code != SQLITE_OK)
			return store_db_unread(d, code, err);
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
store_db_error(
    const struct store_db *d, int code, const char *doing, struct err *err)
{
	size_t i = store_db_meaning(code);

	if (i == ARRAY_LEN(meanings))
		i = store_db_meaning(code & 0xff);
	return err_set(err, i < ARRAY_LEN(meanings) ? meanings[i].rc : RC_IO,
	    "store %s: cannot %s: %s (%s)", d->path, doing,
	    i < ARRAY_LEN(meanings) ? meanings[i].advice : "unexpected",
	    sqlite3_errmsg(d->db));
}

sqlite3_stmt *
store_db_stmt(struct store_db *d, enum sql q)
{
	sqlite3_stmt *st = d->stmts[q];

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
store_db_step(
    struct store_db *d, sqlite3_stmt *st, const char *doing, struct err *err)
{
	enum rc rc = RC_OK;
	int code = sqlite3_step(st);

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		rc = store_db_error(d, code, doing, err);
	sqlite3_reset(st);
	return rc;
}

enum rc
store_db_run(struct store_db *d, enum sql q, const char *doing, struct err *err)
{
	return store_db_step(d, store_db_stmt(d, q), doing, err);
}

enum rc
store_db_run1(
    struct store_db *d, enum sql q, int64_t v, const char *doing, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, q);

	sqlite3_bind_int64(st, 1, v);
	return store_db_step(d, st, doing, err);
}

enum rc
store_db_next(
    struct store_db *d, sqlite3_stmt *st, const char *doing, struct err *err)
{
	enum rc rc = RC_NOTFOUND;
	int code = sqlite3_step(st);

	if (code == SQLITE_ROW)
		return RC_OK;
	if (code != SQLITE_DONE)
		rc = store_db_error(d, code, doing, err);
	sqlite3_reset(st);
	return rc;
}
