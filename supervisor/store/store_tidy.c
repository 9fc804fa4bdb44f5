/*
 * store_tidy.c - finished runs are deleted when they are old.
 */
#include "common/base/failpoint.h"
#include "supervisor/store/store_in.h"

static enum rc
run_delete(struct store_db *d, int64_t row, struct err *err)
{
	/* Blobs before what refers to them. */
	static const enum sql of_row[] = {SQL_JOURNAL_DELETE, SQL_BLOB_COLLECT,
	    SQL_REF_DELETE, SQL_SLIP_DELETE, SQL_RUN_DELETE};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < ARRAY_LEN(of_row); i++)
		rc = store_db_run1(d, of_row[i], row, "delete a run", err);
	FAILPOINT(delete_done);
	return rc;
}

static enum rc
used_bytes(struct store_db *d, int64_t *ret_bytes, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_USED_BYTES);
	enum rc rc = store_db_next(d, st, "measure itself", err);

	if (rc != RC_OK)
		return rc;
	*ret_bytes = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return RC_OK;
}

/* The chain over all runs begins behind that one from now on. */
static enum rc
base_write(struct store_db *d, int64_t place, const struct chain *link,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_END_SET);

	store_db_text(st, 1, span_of("base"));
	sqlite3_bind_int64(st, 2, place);
	store_db_blob(st, 3, chain_span(link));
	return store_db_step(d, st, "move the chain's base", err);
}

enum rc
tidy_expire(struct store_db *d, int64_t before_ms, int64_t max_bytes,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_RUN_OLDEST);
	int64_t row, finished_ms, place, bytes = 0;
	struct chain link = {{0}};
	enum rc rc = store_db_next(d, st, "find old runs", err);

	if (rc != RC_OK)
		return rc;
	row = sqlite3_column_int64(st, 0);
	finished_ms = sqlite3_column_int64(st, 1);
	place = sqlite3_column_int64(st, 2);
	/* A link that was damaged is found by whoever verifies the next. */
	if (!chain_read(store_db_span(st, 3), &link))
		chain_begin(&link, store_db_span(st, 3));
	sqlite3_reset(st);
	rc = used_bytes(d, &bytes, err);
	if (rc == RC_OK && finished_ms >= before_ms && bytes <= max_bytes)
		return RC_NOTFOUND;
	if (rc == RC_OK)
		rc = base_write(d, place, &link, err);
	return rc == RC_OK ? run_delete(d, row, err) : rc;
}
