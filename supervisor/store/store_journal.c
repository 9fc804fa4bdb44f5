/*
 * store_journal.c - a run's records in its rows.
 *
 * Pages are what a commit costs, and a transition adds a dozen small items:
 * all that a batch adds to a run is one row.
 */
#include "supervisor/store/store_journal.h"

#include <stdlib.h>

void
journal_at_done(struct journal_at *at)
{
	free(at->bytes);
	*at = (struct journal_at){0};
}

/* What the next row is compressed against. */
static struct span
before(const struct journal_at *at)
{
	size_t n = MIN(at->n, (size_t)JOURNAL_BEFORE_BYTES);

	return span_make(at->bytes + (at->n - n), n);
}

/* Takes bytes. */
static void
move_on(struct journal_at *at, int64_t id, char *bytes, size_t n)
{
	free(at->bytes);
	*at = (struct journal_at){id, bytes, n};
}

enum rc
journal_add(struct store_db *d, int64_t row, struct span records,
    struct journal_at *at, struct chain *chain, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_JOURNAL_PUT);
	struct span packed = packer_compress(d->packer, records, before(at));
	size_t kept = MIN(records.n, (size_t)JOURNAL_BEFORE_BYTES);
	bool leans = at->id != 0;
	char *bytes;
	enum rc rc;

	if (packed.n == 0)
		return err_set(err, RC_BUSY, "there is no memory to compress");
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, (int64_t)records.n);
	sqlite3_bind_int64(st, 3, leans);
	store_db_blob(st, 4, packed);
	rc = store_db_step(d, st, "add to a run", err);
	if (rc != RC_OK)
		return rc;
	chain_add(chain, (int64_t)records.n, leans, packed);
	bytes = xcalloc(1, kept + 1);
	memcpy(bytes, records.p + (records.n - kept), kept);
	move_on(at, sqlite3_last_insert_rowid(d->db), bytes, kept);
	return RC_OK;
}

enum rc
journal_next(struct store_db *d, int64_t row, struct journal_at *at,
    struct chain *chain, struct span *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_JOURNAL_GET);
	struct span against = {NULL, 0};
	char *bytes = NULL;
	int64_t raw_bytes, id;
	bool leans;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, at->id);
	rc = store_db_next(d, st, "read a run", err);
	if (rc != RC_OK)
		return rc;
	id = sqlite3_column_int64(st, 0);
	raw_bytes = sqlite3_column_int64(st, 1);
	leans = sqlite3_column_int64(st, 2) != 0;
	if (leans)
		against = before(at);
	if (chain != NULL)
		chain_add(chain, raw_bytes, leans, store_db_span(st, 3));
	rc = packer_expand(d->packer, store_db_span(st, 3), raw_bytes, against,
	    JOURNAL_BYTES_MAX, &bytes, err);
	sqlite3_reset(st);
	if (rc != RC_OK)
		return rc;
	move_on(at, id, bytes, (size_t)raw_bytes);
	*ret = span_make(bytes, (size_t)raw_bytes);
	return RC_OK;
}

enum rc
journal_each(struct store_db *d, int64_t row, struct chain *chain,
    enum rc (*each)(void *ctx, const struct record *r, struct err *err),
    void *ctx, struct err *err)
{
	auto_journal_at at = {0};
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		struct span rest = {0};
		struct record r;

		rc = journal_next(d, row, &at, chain, &rest, err);
		if (rc == RC_NOTFOUND)
			return RC_OK;
		while (rc == RC_OK && (rc = pack_next(&rest, &r, err)) == RC_OK)
			rc = each(ctx, &r, err);
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	return rc;
}
