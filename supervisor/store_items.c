/*
 * store_items.c - a run's updates and events: rows while it goes on, one
 * deflated pack of each once it was compacted.
 *
 * Readers go through the pack first and the rows after it, so that whatever
 * was added after the packing comes last, as it was added.
 */
#include "common/failpoint.h"
#include "supervisor/store_db.h"
#include "supervisor/pack.h"

#include <stdlib.h>

static const struct {
	const char *what;
	enum sql insert, each, delete;
} kinds[] = {
    [STORE_UPDATES] = {"updates", SQL_UPDATE_INSERT, SQL_UPDATE_EACH,
	SQL_UPDATE_DELETE},
    [STORE_EVENTS] = {"events", SQL_EVENT_INSERT, SQL_EVENT_EACH,
	SQL_EVENT_DELETE},
};

/* Who reads: items numbered from `from`, at most left of them. */
struct reader {
	void (*each)(
	    struct reader *r, int64_t n, struct span label, struct span data);
	void *ctx;
	union {
		void (*update)(
		    void *ctx, int64_t n, struct span node, struct span update);
		void (*event)(
		    void *ctx, int64_t seq, struct span type, struct span data);
	} to;
	int64_t from, left;
};

static enum rc
store_item_insert(struct store *s, enum store_kind kind, int64_t row, int64_t n,
    struct span label, struct span data, struct err *err)
{
	sqlite3_stmt *st;
	enum rc rc;

	if (n < 0 || n >= STORE_ITEM_MAX || data.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "%s of a run: at most %d, of %d bytes each",
		    kinds[kind].what, STORE_ITEM_MAX, STORE_BYTES_MAX);
	rc = FAILPOINT_RC(item_fails, err);
	if (rc != RC_OK)
		return rc;
	st = store_db_stmt(s, kinds[kind].insert);
	sqlite3_bind_int64(st, 1, store_db_item(row, n));
	store_db_text(st, 2, label);
	store_db_blob(st, 3, data);
	return store_db_done(s, st, "add to a run", err);
}

/* RC_NOTFOUND: not packed. *ret_bytes is the caller's. */
static enum rc
store_pack_get(struct store *s, enum store_kind kind, int64_t row,
    char **ret_bytes, struct span *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_PACK_GET);
	int64_t raw_bytes;
	struct err why;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row * 2 + (int)kind);
	rc = store_db_next(s, st, "read a pack", err);
	if (rc != RC_OK)
		return rc;
	raw_bytes = sqlite3_column_int64(st, 0);
	rc = pack_inflate(
	    store_db_span(st, 1), raw_bytes, STORE_PACK_MAX, ret_bytes, &why);
	sqlite3_reset(st);
	if (rc != RC_OK)
		return err_set(err, RC_IO, "store %s: %s of run %lld: %s",
		    s->path, kinds[kind].what, (long long)row, why.text);
	*ret = span_make(*ret_bytes, (size_t)raw_bytes);
	return RC_OK;
}

static enum rc
store_pack_each(struct store *s, enum store_kind kind, int64_t row,
    struct reader *r, struct err *err)
{
	auto_str bytes = NULL;
	struct span rest = {0}, label, data;
	int64_t n;
	enum rc rc = store_pack_get(s, kind, row, &bytes, &rest, err);

	while (rc == RC_OK && r->left > 0) {
		rc = pack_next(&rest, &n, &label, &data, err);
		if (rc != RC_OK || n < r->from)
			continue;
		r->left--;
		r->each(r, n, label, data);
	}
	return rc == RC_NOTFOUND ? RC_OK : rc == RC_INVALID ? RC_IO : rc;
}

static enum rc
store_item_each(struct store *s, enum store_kind kind, int64_t row,
    struct reader *r, struct err *err)
{
	enum rc rc = store_pack_each(s, kind, row, r, err);
	sqlite3_stmt *st;

	if (rc != RC_OK || r->left <= 0 || r->from >= STORE_ITEM_MAX)
		return rc;
	st = store_db_stmt(s, kinds[kind].each);
	store_db_items(st, row, r->from);
	sqlite3_bind_int64(st, 3, r->left);
	while ((rc = store_db_next(s, st, "read a run", err)) == RC_OK)
		r->each(r, sqlite3_column_int64(st, 0) - store_db_item(row, 0),
		    store_db_span(st, 1), store_db_span(st, 2));
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
store_update_insert(struct store *s, int64_t row, int64_t n, struct span node,
    struct span update, struct err *err)
{
	enum rc rc =
	    store_item_insert(s, STORE_UPDATES, row, n, node, update, err);

	FAILPOINT(update_inserted);
	return rc;
}

static void
store_to_update(
    struct reader *r, int64_t n, struct span label, struct span data)
{
	r->to.update(r->ctx, n, label, data);
}

enum rc
store_update_each(struct store *s, int64_t row,
    void (*each)(void *ctx, int64_t n, struct span node, struct span update),
    void *ctx, struct err *err)
{
	struct reader r = {.each = store_to_update,
	    .ctx = ctx,
	    .to.update = each,
	    .left = INT64_MAX};

	return store_item_each(s, STORE_UPDATES, row, &r, err);
}

enum rc
store_event_insert(struct store *s, int64_t row, int64_t seq, struct span type,
    struct span data, struct err *err)
{
	enum rc rc =
	    store_item_insert(s, STORE_EVENTS, row, seq, type, data, err);

	FAILPOINT(event_inserted);
	return rc;
}

static void
store_to_event(struct reader *r, int64_t n, struct span label, struct span data)
{
	r->to.event(r->ctx, n, label, data);
}

enum rc
store_event_each(struct store *s, int64_t row, int64_t after, int64_t limit,
    void (*each)(void *ctx, int64_t seq, struct span type, struct span data),
    void *ctx, struct err *err)
{
	struct reader r = {.each = store_to_event,
	    .ctx = ctx,
	    .to.event = each,
	    .from = after < 0 ? 0 : MIN(after, STORE_ITEM_MAX) + 1,
	    .left = limit};

	return store_item_each(s, STORE_EVENTS, row, &r, err);
}

static void
store_to_pack(struct reader *r, int64_t n, struct span label, struct span data)
{
	pack_add(r->ctx, n, label, data);
}

static enum rc
store_pack_put(struct store *s, int64_t id, struct span raw, struct err *err)
{
	sqlite3_stmt *st;
	auto_buf b = {0};
	enum rc rc;

	buf_init(&b, 2 * (size_t)STORE_PACK_MAX);
	rc = pack_deflate(raw, &b, err);
	if (rc != RC_OK)
		return rc;
	st = store_db_stmt(s, SQL_PACK_PUT);
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, (int64_t)raw.n);
	store_db_blob(st, 3, buf_span(&b));
	return store_db_done(s, st, "keep a pack", err);
}

static enum rc
store_pack(struct store *s, enum store_kind kind, int64_t row, struct err *err)
{
	struct reader r = {.each = store_to_pack, .left = INT64_MAX};
	auto_buf raw = {0};
	enum rc rc;

	buf_init(&raw, STORE_PACK_MAX);
	r.ctx = &raw;
	rc = store_item_each(s, kind, row, &r, err);
	if (rc != RC_OK || raw.full || raw.len == 0)
		return rc;
	rc = store_pack_put(s, row * 2 + (int)kind, buf_span(&raw), err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(compact_packed);
	rc = store_db_run_items(
	    s, kinds[kind].delete, row, "drop packed rows", err);
	FAILPOINT(compact_dropped);
	return rc;
}

/* The run to compact, which has finished. */
static enum rc
store_compact_row(
    struct store *s, int64_t row, int64_t *ret_row, struct err *err)
{
	sqlite3_stmt *st =
	    store_db_stmt(s, row == 0 ? SQL_RUN_UNPACKED : SQL_RUN_FINISHED);
	int64_t v;
	enum rc rc;

	if (row != 0)
		sqlite3_bind_int64(st, 1, row);
	rc = store_db_next(s, st, "find runs to compact", err);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? err_set(err, rc, "no such run") : rc;
	v = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (row != 0 && v == 0)
		return err_set(err, RC_CONFLICT, "run %lld has not finished",
		    (long long)row);
	*ret_row = row == 0 ? v : row;
	return RC_OK;
}

enum rc
store_run_compact(struct store *s, int64_t row, struct err *err)
{
	enum rc rc = store_db_inside(s, err);

	if (rc == RC_OK)
		rc = store_compact_row(s, row, &row, err);
	if (rc == RC_OK)
		rc = store_pack(s, STORE_UPDATES, row, err);
	if (rc == RC_OK)
		rc = store_pack(s, STORE_EVENTS, row, err);
	if (rc == RC_OK)
		rc = store_evidence_compact(s, row, err);
	if (rc == RC_OK)
		rc = store_db_run1(s, SQL_RUN_SET_PACKED, row, "compact", err);
	FAILPOINT(compact_done);
	return rc;
}
