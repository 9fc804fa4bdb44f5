/*
 * store_journal.c - a run's records in its rows, and in a pack.
 *
 * Pages are what a commit costs, and a transition adds a dozen small items:
 * all that a batch adds to a run is one row.
 */
#include "supervisor/store_journal.h"

#include "common/failpoint.h"

#include <stdlib.h>

enum { FROM_PACK = -1 }; /* in *id: the pack was read, no row yet */

/* Also what does not shrink is compressed: that brings a sum, which covers
 * tasks, as no chain does. */
enum rc
journal_add(
    struct store_db *d, int64_t row, struct span records, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_JOURNAL_PUT);
	struct span packed = packer_compress(d->packer, records, PACK_QUICK);

	if (packed.n == 0)
		return err_set(err, RC_BUSY, "there is no memory to compress");
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, (int64_t)records.n);
	store_db_blob(st, 3, packed);
	return store_db_step(d, st, "add to a run", err);
}

static enum rc
expand(struct store_db *d, struct span data, int64_t raw_bytes,
    char **ret_bytes, struct span *ret, struct err *err)
{
	enum rc rc = packer_expand(
	    d->packer, data, raw_bytes, JOURNAL_BYTES_MAX, ret_bytes, err);

	if (rc == RC_OK)
		*ret = span_make(*ret_bytes, (size_t)raw_bytes);
	return rc;
}

static enum rc
pack_read(struct store_db *d, int64_t row, char **ret_bytes, struct span *ret,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_PACK_GET);
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	rc = store_db_next(d, st, "read a pack", err);
	if (rc != RC_OK)
		return rc;
	rc = expand(d, store_db_span(st, 1), sqlite3_column_int64(st, 0),
	    ret_bytes, ret, err);
	sqlite3_reset(st);
	return rc;
}

static enum rc
row_read(struct store_db *d, int64_t row, int64_t *id, char **ret_bytes,
    struct span *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_JOURNAL_GET);
	int64_t at;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, MAX(*id, 0));
	rc = store_db_next(d, st, "read a run", err);
	if (rc != RC_OK)
		return rc;
	at = sqlite3_column_int64(st, 0);
	rc = expand(d, store_db_span(st, 2), sqlite3_column_int64(st, 1),
	    ret_bytes, ret, err);
	sqlite3_reset(st);
	if (rc == RC_OK)
		*id = at;
	return rc;
}

enum rc
journal_next(struct store_db *d, int64_t row, int64_t *id, char **ret_bytes,
    struct span *ret, struct err *err)
{
	enum rc rc = RC_NOTFOUND;

	if (*id == 0) {
		rc = pack_read(d, row, ret_bytes, ret, err);
		*id = FROM_PACK;
	}
	if (rc == RC_NOTFOUND)
		rc = row_read(d, row, id, ret_bytes, ret, err);
	return rc;
}

enum rc
journal_each(struct store_db *d, int64_t row,
    enum rc (*each)(void *ctx, const struct record *r, struct err *err),
    void *ctx, struct err *err)
{
	int64_t id = 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		auto_str bytes = NULL;
		struct span rest = {0};
		struct record r;

		rc = journal_next(d, row, &id, &bytes, &rest, err);
		if (rc == RC_NOTFOUND)
			return RC_OK;
		while (rc == RC_OK &&
		       (rc = pack_next(&rest, &r, err)) == RC_OK)
			rc = each(ctx, &r, err);
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	return rc;
}

/* A finished run's steps are of no use any more. */
static enum rc
pack_gather(void *raw, const struct record *r, struct err *err)
{
	struct buf *b = raw;

	if (r->kind != STORE_TASK && r->kind != STORE_TASKS_CLEARED)
		pack_add(b, r);
	return b->full ? err_set(err, RC_TOOBIG, "too much for a pack") : RC_OK;
}

static enum rc
pack_write(struct store_db *d, int64_t row, size_t raw_n, struct span packed,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_PACK_PUT);

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, (int64_t)raw_n);
	store_db_blob(st, 3, packed);
	return store_db_step(d, st, "keep a pack", err);
}

enum rc
journal_pack(struct store_db *d, int64_t row, struct err *err)
{
	struct span packed;
	auto_buf raw = {0};
	enum rc rc;

	buf_init(&raw, STORE_PACK_MAX);
	rc = journal_each(d, row, pack_gather, &raw, err);
	if (rc == RC_TOOBIG)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	packed = packer_compress(d->packer, buf_span(&raw), PACK_WELL);
	/* What does not shrink is left in its rows. */
	if (packed.n == 0 || packed.n >= raw.len)
		return RC_OK;
	rc = pack_write(d, row, raw.len, packed, err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(compact_packed);
	rc = store_db_run1(
	    d, SQL_JOURNAL_DELETE, row, "drop packed rows", err);
	FAILPOINT(compact_dropped);
	return rc;
}

enum rc
journal_delete(struct store_db *d, int64_t row, struct err *err)
{
	enum rc rc =
	    store_db_run1(d, SQL_JOURNAL_DELETE, row, "delete a run", err);

	if (rc == RC_OK)
		rc =
		    store_db_run1(d, SQL_PACK_DELETE, row, "delete a run", err);
	return rc;
}
