/*
 * store_sqlite.c - struct store_ops on one SQLite file: transactions, runs,
 * deletion. Items of a run are in store_items.c, evidence in
 * store_evidence.c, opening in store_open.c.
 */
#include "common/failpoint.h"
#include "supervisor/store_journal.h"

enum { EXPIRE_MAX = 1000 };

/* The lock keeps others out, unless its file was removed or the file system
 * does not know locks. Whoever stood still meanwhile finds out here, before
 * it has written a thing: nobody opens while the transaction is open. */
static enum rc
store_is_ours(struct store *s, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_EPOCH_NOW);
	enum rc rc = store_db_next(s, st, "look for its epoch", err);
	int64_t now;

	if (rc != RC_OK)
		return rc;
	now = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (now == s->epoch)
		return RC_OK;
	return err_set(err, RC_CONFLICT,
	    "%s was opened by another process meanwhile: its epoch is %lld, "
	    "this process had %lld",
	    s->path, (long long)now, (long long)s->epoch);
}

static enum rc
store_begin(struct store *s, struct err *err)
{
	enum rc rc = FAILPOINT_RC(begin_fails, err);
	struct err ignored;

	if (rc == RC_OK)
		rc = store_db_run(s, SQL_BEGIN, "begin", err);
	if (rc != RC_OK)
		return rc;
	rc = store_is_ours(s, err);
	/* A failed rollback is completed by the end of the process. */
	if (rc != RC_OK &&
	    store_db_run(s, SQL_ROLLBACK, "roll back", &ignored) != RC_OK)
		return rc;
	if (rc == RC_OK)
		FAILPOINT(begun);
	return rc;
}

static enum rc
store_commit(struct store *s, struct err *err)
{
	enum rc rc = FAILPOINT_RC(commit_fails, err);

	FAILPOINT(commit_begins);
	if (rc == RC_OK)
		rc = store_journal_flush(s, err);
	if (rc == RC_OK)
		rc = store_db_run(s, SQL_COMMIT, "commit", err);
	if (rc == RC_OK)
		FAILPOINT(commit_done);
	return rc;
}

/* SQLite may have rolled back by itself when the disk failed. */
static void
store_rollback(struct store *s)
{
	struct err ignored;

	store_journal_rollback(s->journal);
	if (sqlite3_get_autocommit(s->db) != 0)
		return;
	/* A failed rollback is completed by the next opening. */
	if (store_db_run(s, SQL_ROLLBACK, "roll back", &ignored) != RC_OK)
		return;
}

static enum rc
store_run_check(const struct store_run *r, struct err *err)
{
	if (r->id.n == 0 || r->id.n > STORE_ID_MAX)
		return err_set(err, RC_INVALID,
		    "a run's id has 1 to %d bytes, this one %zu", STORE_ID_MAX,
		    r->id.n);
	if (r->key.n > STORE_KEY_MAX)
		return err_set(err, RC_TOOBIG,
		    "an idempotency key has at most %d bytes, this one %zu",
		    STORE_KEY_MAX, r->key.n);
	return RC_OK;
}

static enum rc
store_run_insert(struct store *s, const struct store_run *r, int64_t *ret_row,
    struct err *err)
{
	enum rc rc = store_run_check(r, err);
	sqlite3_stmt *st = store_db_stmt(s, SQL_RUN_INSERT);

	if (rc != RC_OK)
		return rc;
	store_db_text(st, 1, r->id);
	if (r->key.n > 0)
		store_db_text(st, 2, r->key);
	store_db_text(st, 3, r->digest);
	store_db_text(st, 4, r->input);
	store_db_text(st, 5, r->status);
	store_db_text(st, 6, r->reason);
	store_db_text(st, 7, r->confidence);
	store_db_text(st, 8, r->node);
	sqlite3_bind_int64(st, 9, r->created_ms);
	sqlite3_bind_int64(st, 10, r->finished_ms);
	sqlite3_bind_int64(st, 11, r->deadline_ms);
	sqlite3_bind_int64(st, 12, r->iteration);
	sqlite3_bind_int64(st, 13, r->turns);
	sqlite3_bind_int64(st, 14, r->next_task);
	sqlite3_bind_int64(st, 15, r->next_update);
	sqlite3_bind_int64(st, 16, r->last_seq);
	rc = store_db_done(s, st, "add a run", err);
	FAILPOINT(run_inserted);
	if (rc == RC_OK)
		*ret_row = sqlite3_last_insert_rowid(s->db);
	return rc;
}

static enum rc
store_run_progress(struct store *s, const struct store_run *r, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_RUN_PROGRESS);
	enum rc rc;

	sqlite3_bind_int64(st, 1, r->row);
	store_db_text(st, 2, r->reason);
	store_db_text(st, 3, r->confidence);
	store_db_text(st, 4, r->node);
	sqlite3_bind_int64(st, 5, r->iteration);
	sqlite3_bind_int64(st, 6, r->turns);
	sqlite3_bind_int64(st, 7, r->next_task);
	sqlite3_bind_int64(st, 8, r->next_update);
	sqlite3_bind_int64(st, 9, r->last_seq);
	sqlite3_bind_int64(st, 10, r->recoveries);
	rc = store_db_done(s, st, "update a run", err);
	if (rc == RC_OK && sqlite3_changes(s->db) == 0)
		return err_set(
		    err, RC_NOTFOUND, "no run in row %lld", (long long)r->row);
	return rc;
}

static enum rc
store_run_update(struct store *s, const struct store_run *r, struct err *err)
{
	enum rc rc = store_run_progress(s, r, err);
	sqlite3_stmt *st;

	if (rc != RC_OK)
		return rc;
	st = store_db_stmt(s, SQL_RUN_STATUS);
	sqlite3_bind_int64(st, 1, r->row);
	store_db_text(st, 2, r->status);
	sqlite3_bind_int64(st, 3, r->finished_ms);
	rc = store_db_done(s, st, "update a run", err);
	FAILPOINT(run_updated);
	return rc;
}

static struct store_run
store_run_of(sqlite3_stmt *st)
{
	return (struct store_run){
	    .row = sqlite3_column_int64(st, 0),
	    .id = store_db_span(st, 1),
	    .key = store_db_span(st, 2),
	    .digest = store_db_span(st, 3),
	    .input = store_db_span(st, 4),
	    .status = store_db_span(st, 5),
	    .reason = store_db_span(st, 6),
	    .confidence = store_db_span(st, 7),
	    .node = store_db_span(st, 8),
	    .created_ms = sqlite3_column_int64(st, 9),
	    .finished_ms = sqlite3_column_int64(st, 10),
	    .deadline_ms = sqlite3_column_int64(st, 11),
	    .iteration = sqlite3_column_int64(st, 12),
	    .turns = sqlite3_column_int64(st, 13),
	    .next_task = sqlite3_column_int64(st, 14),
	    .next_update = sqlite3_column_int64(st, 15),
	    .last_seq = sqlite3_column_int64(st, 16),
	    .recoveries = sqlite3_column_int64(st, 17),
	};
}

/* Hands every row to each. RC_NOTFOUND: there was none. */
static enum rc
store_run_rows(struct store *s, sqlite3_stmt *st,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	bool any = false;
	struct store_run r;
	enum rc rc;

	for (;;) {
		rc = store_db_next(s, st, "read runs", err);
		if (rc != RC_OK)
			break;
		any = true;
		r = store_run_of(st);
		each(ctx, &r);
	}
	if (rc == RC_NOTFOUND)
		return any ? RC_OK : err_set(err, rc, "no such run");
	return rc;
}

static enum rc
store_run_find(struct store *s, struct span id,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_RUN_FIND);

	store_db_text(st, 1, id);
	return store_run_rows(s, st, each, ctx, err);
}

static enum rc
store_run_find_key(struct store *s, struct span key,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_RUN_FIND_KEY);

	store_db_text(st, 1, key);
	return store_run_rows(s, st, each, ctx, err);
}

static enum rc
store_run_list(struct store *s, const struct store_list *l,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	bool any = l->status.n == 0;
	sqlite3_stmt *st =
	    store_db_stmt(s, any ? SQL_RUN_LIST : SQL_RUN_LIST_STATUS);
	enum rc rc;

	sqlite3_bind_int64(
	    st, 1, l->before_row > 0 ? l->before_row : INT64_MAX);
	sqlite3_bind_int64(st, 2, MAX(l->limit, 0));
	if (!any)
		store_db_text(st, 3, l->status);
	rc = store_run_rows(s, st, each, ctx, err);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
store_run_unfinished(struct store *s,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	enum rc rc = store_run_rows(
	    s, store_db_stmt(s, SQL_RUN_UNFINISHED), each, ctx, err);

	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
store_run_delete(struct store *s, int64_t row, struct err *err)
{
	/* Blobs before what refers to them. */
	static const enum sql of_row[] = {
	    SQL_BLOB_COLLECT, SQL_EVIDENCE_DELETE, SQL_RUN_DELETE};
	enum rc rc = store_journal_delete(s, row, err);

	FAILPOINT(delete_items);
	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(of_row); i++)
		rc = store_db_run1(s, of_row[i], row, "delete a run", err);
	FAILPOINT(delete_done);
	return rc;
}

/* The oldest finished run. RC_NOTFOUND: none. */
static enum rc
store_run_oldest(struct store *s, int64_t *ret_row, int64_t *ret_finished_ms,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_RUN_OLDEST);
	enum rc rc = store_db_next(s, st, "find old runs", err);

	if (rc != RC_OK)
		return rc;
	*ret_row = sqlite3_column_int64(st, 0);
	*ret_finished_ms = sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return RC_OK;
}

static enum rc
store_used_bytes(struct store *s, int64_t *ret_bytes, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_USED_BYTES);
	enum rc rc = store_db_next(s, st, "measure itself", err);

	if (rc != RC_OK)
		return rc;
	*ret_bytes = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return RC_OK;
}

static enum rc
store_run_expire(struct store *s, int64_t before_ms, int64_t limit,
    int64_t *ret_n, struct err *err)
{
	int64_t n = 0, row = 0, finished_ms = 0;
	enum rc rc = store_db_inside(s, err);

	for (; rc == RC_OK && n < MIN(limit, EXPIRE_MAX); n++) {
		rc = store_run_oldest(s, &row, &finished_ms, err);
		if (rc != RC_OK || finished_ms >= before_ms)
			break;
		rc = store_run_delete(s, row, err);
		if (rc != RC_OK)
			break;
	}
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	*ret_n = n;
	return RC_OK;
}

static enum rc
store_run_trim(struct store *s, int64_t max_bytes, int64_t limit,
    int64_t *ret_n, struct err *err)
{
	int64_t n = 0, row = 0, finished_ms = 0, bytes = 0;
	enum rc rc = store_db_inside(s, err);

	for (; rc == RC_OK && n < MIN(limit, EXPIRE_MAX); n++) {
		rc = store_used_bytes(s, &bytes, err);
		if (rc != RC_OK || bytes <= max_bytes)
			break;
		rc = store_run_oldest(s, &row, &finished_ms, err);
		if (rc == RC_OK)
			rc = store_run_delete(s, row, err);
		if (rc != RC_OK)
			break;
	}
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	*ret_n = n;
	return RC_OK;
}

const struct store_ops store_sqlite = {
    .name = "sqlite",
    .open = store_db_open,
    .close = store_db_free,
    .begin = store_begin,
    .commit = store_commit,
    .rollback = store_rollback,
    .run_insert = store_run_insert,
    .run_update = store_run_update,
    .run_find = store_run_find,
    .run_find_key = store_run_find_key,
    .run_list = store_run_list,
    .run_unfinished = store_run_unfinished,
    .run_expire = store_run_expire,
    .run_trim = store_run_trim,
    .run_compact = store_run_compact,
    .update_insert = store_update_insert,
    .update_each = store_update_each,
    .event_insert = store_event_insert,
    .event_each = store_event_each,
    .task_put = store_task_put,
    .task_clear = store_task_clear,
    .task_each = store_task_each,
    .evidence_put = store_evidence_put,
    .evidence_get = store_evidence_get,
    .evidence_share = store_evidence_share,
};
