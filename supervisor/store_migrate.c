/*
 * store_migrate.c - files of earlier versions, made into this one's.
 *
 * A step runs inside the transaction that also writes the new version's
 * number, so a file is of one version or of the next.
 *
 * Version 1 had a row for every update, event and task, and for finished
 * runs one zlib pack of updates (row << 1) and one of events (row << 1 | 1):
 * items as in pack.h, but without a kind.
 */
#include "supervisor/store_journal.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

static const char make_2[] =
    "ALTER TABLE packs RENAME TO packs1;"
    "CREATE TABLE journal (\n"
    "\tid INTEGER PRIMARY KEY,\n"
    "\trun INTEGER NOT NULL,\n"
    "\traw_bytes INTEGER NOT NULL,\t-- 0: data is not compressed\n"
    "\tdata BLOB NOT NULL\n"
    ") STRICT;"
    "CREATE INDEX journal_run ON journal (run);"
    "CREATE TABLE packs (\n"
    "\trun INTEGER PRIMARY KEY,\n"
    "\traw_bytes INTEGER NOT NULL,\n"
    "\tdata BLOB NOT NULL\n"
    ") STRICT;"
    "ALTER TABLE runs ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;";

/* All runs are packed anew, in the background. */
static const char drop_1[] =
    "DROP TABLE packs1; DROP TABLE updates; DROP TABLE events;"
    "DROP TABLE tasks; UPDATE runs SET packed = 0";

static enum rc
migrate_exec(struct store *s, const char *sql, struct err *err)
{
	int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK
				 : store_db_error(s, code, "migrate", err);
}

/* Calls each for the rows of sql, whose first parameters are from and to. */
static enum rc
migrate_each(struct store *s, const char *sql, int64_t from, int64_t to,
    enum rc (*each)(struct store *s, sqlite3_stmt *st, struct err *err),
    struct err *err)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	enum rc rc = RC_OK;

	if (code == SQLITE_OK && sqlite3_bind_parameter_count(st) == 2) {
		sqlite3_bind_int64(st, 1, from);
		sqlite3_bind_int64(st, 2, to);
	}
	while (code == SQLITE_OK && rc == RC_OK &&
	       (code = sqlite3_step(st)) == SQLITE_ROW) {
		code = SQLITE_OK;
		rc = each(s, st, err);
	}
	if (rc == RC_OK && code != SQLITE_DONE)
		rc = store_db_error(s, code, "migrate", err);
	sqlite3_finalize(st);
	return rc;
}

static enum rc
inflate_1(struct store *s, struct span packed, int64_t raw_bytes, char **ret,
    struct err *err)
{
	/* Room for one more shows what is longer; zlib takes no room at all
	 * for a byte. */
	uLongf n = (uLongf)raw_bytes + 1;
	auto_str bytes = NULL;

	if (raw_bytes >= 0 && raw_bytes <= STORE_PACK_MAX) {
		bytes = xcalloc(1, n);
		if (uncompress((Bytef *)bytes, &n, (const Bytef *)packed.p,
			packed.n) == Z_OK &&
		    n == (uLongf)raw_bytes) {
			*ret = TAKE(bytes);
			return RC_OK;
		}
	}
	return err_set(err, RC_CONFLICT,
	    "store %s: a pack is damaged; it was left as it is", s->path);
}

static enum rc
add_pack_1(struct store *s, int64_t row, uint8_t kind, struct span raw,
    struct err *err)
{
	struct record r;
	enum rc rc;

	while ((rc = pack_next_bare(&raw, &r, err)) == RC_OK) {
		r.kind = kind;
		rc = store_journal_add(s, row, &r, err);
		if (rc != RC_OK)
			break;
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
take_pack(struct store *s, sqlite3_stmt *st, struct err *err)
{
	int64_t id = sqlite3_column_int64(st, 0);
	int64_t raw_bytes = sqlite3_column_int64(st, 1);
	auto_str bytes = NULL;
	enum rc rc = inflate_1(s, store_db_span(st, 2), raw_bytes, &bytes, err);

	if (rc != RC_OK)
		return rc;
	return add_pack_1(s, id >> 1,
	    (id & 1) != 0 ? STORE_EVENT : STORE_UPDATE,
	    span_make(bytes, (size_t)raw_bytes), err);
}

static enum rc
take_item(struct store *s, sqlite3_stmt *st, uint8_t kind, struct err *err)
{
	int64_t id = sqlite3_column_int64(st, 0);

	return store_journal_add(s, id / STORE_ITEM_MAX,
	    &(struct record){kind, id % STORE_ITEM_MAX, store_db_span(st, 1),
		store_db_span(st, 2)},
	    err);
}

static enum rc
take_update(struct store *s, sqlite3_stmt *st, struct err *err)
{
	return take_item(s, st, STORE_UPDATE, err);
}

static enum rc
take_event(struct store *s, sqlite3_stmt *st, struct err *err)
{
	return take_item(s, st, STORE_EVENT, err);
}

static enum rc
take_task(struct store *s, sqlite3_stmt *st, struct err *err)
{
	int64_t id = sqlite3_column_int64(st, 0);
	struct store_task t = {
	    .task = (uint64_t)(id % STORE_ITEM_MAX),
	    .node = store_db_span(st, 1),
	    .index = sqlite3_column_int64(st, 2),
	    .attempt = (uint64_t)sqlite3_column_int64(st, 3),
	    .state = store_db_span(st, 4),
	    .worker = store_db_span(st, 5),
	    .outcome = store_db_span(st, 6),
	};

	return store_task_put(s, id / STORE_ITEM_MAX, &t, err);
}

/* Blobs too are compressed anew. */
static enum rc
take_blob(struct store *s, sqlite3_stmt *st, struct err *err)
{
	int64_t raw_bytes = sqlite3_column_int64(st, 1);
	auto_str bytes = NULL;
	sqlite3_stmt *put;
	enum rc rc = inflate_1(s, store_db_span(st, 2), raw_bytes, &bytes, err);

	if (rc != RC_OK)
		return rc;
	put = store_db_stmt(s, SQL_BLOB_SET);
	sqlite3_bind_int64(put, 1, sqlite3_column_int64(st, 0));
	sqlite3_bind_int64(put, 2, 0);
	store_db_blob(put, 3, span_make(bytes, (size_t)raw_bytes));
	return store_db_done(s, put, "migrate", err);
}

static enum rc
take_run(struct store *s, sqlite3_stmt *st, struct err *err)
{
	static const struct {
		const char *sql;
		int shift; /* of the run's row in the keys */
		enum rc (*each)(
		    struct store *s, sqlite3_stmt *st, struct err *err);
	} parts[] = {
	    {"SELECT id, raw_bytes, data FROM packs1 "
	     "WHERE id >= ?1 AND id < ?2 ORDER BY id",
		1, take_pack},
	    {"SELECT id, label, data FROM updates "
	     "WHERE id >= ?1 AND id < ?2 ORDER BY id",
		20, take_update},
	    {"SELECT id, label, data FROM events "
	     "WHERE id >= ?1 AND id < ?2 ORDER BY id",
		20, take_event},
	    {"SELECT id, node, step, attempt, state, worker, outcome "
	     "FROM tasks WHERE id >= ?1 AND id < ?2 ORDER BY id",
		20, take_task},
	};
	int64_t row = sqlite3_column_int64(st, 0);
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(parts); i++)
		rc = migrate_each(s, parts[i].sql, row << parts[i].shift,
		    (row + 1) << parts[i].shift, parts[i].each, err);
	/* A store of gigabytes is not to be held in memory. */
	return rc == RC_OK ? store_journal_flush(s, err) : rc;
}

static enum rc
from_1(struct store *s, struct err *err)
{
	enum rc rc = migrate_exec(s, make_2, err);

	if (rc == RC_OK)
		rc = store_db_prepare(s, err);
	if (rc == RC_OK)
		rc = migrate_each(
		    s, "SELECT row FROM runs", 0, 0, take_run, err);
	if (rc == RC_OK)
		rc = migrate_each(s,
		    "SELECT id, raw_bytes, data FROM blobs "
		    "WHERE raw_bytes > 0 ORDER BY id",
		    0, 0, take_blob, err);
	if (rc == RC_OK)
		rc = migrate_exec(s, drop_1, err);
	return rc;
}

enum rc
store_migrate_step(struct store *s, uint32_t from, struct err *err)
{
	assert(from == 1);
	return from_1(s, err);
}
