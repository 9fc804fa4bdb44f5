/*
 * store_write.c - a batch becomes one transaction. On the store's thread.
 */
#include "common/base/failpoint.h"
#include "supervisor/store/store_call.h"
#include "supervisor/store/store_row.h"
#include "supervisor/store/store_slip.h"
#include "supervisor/store/store_tails.h"

#include <stdlib.h>

/* A run as it stands in the midst of a change. */
struct stands {
	struct chain chain;
	struct store_run *run; /* owned */
	int64_t next_update, last_seq;
	bool ended; /* before the change */
};

/* ---- a transaction ---- */

/* The lock keeps others out, unless its file was removed or the file system
 * does not know locks. Whoever stood still meanwhile finds out here, before
 * it has written a thing: nobody opens while the transaction is open. */
static enum rc
writer_is_ours(struct writer *w, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(w->db, SQL_EPOCH_NOW);
	enum rc rc = store_db_next(w->db, st, "look for its epoch", err);
	int64_t now;

	if (rc != RC_OK)
		return rc;
	now = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (now == w->epoch)
		return RC_OK;
	return err_set(err, RC_CONFLICT,
	    "%s was opened by another process meanwhile: its epoch is %lld, "
	    "this process had %lld",
	    w->db->path, (long long)now, (long long)w->epoch);
}

static enum rc
end_get(struct store_db *d, const char *name, int64_t *ret_place,
    struct chain *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_END_GET);
	bool fits;
	enum rc rc;

	store_db_text(st, 1, span_of(name));
	rc = store_db_next(d, st, "read an end of the chain", err);
	if (rc == RC_NOTFOUND)
		return err_set(err, RC_IO,
		    "store %s: it has lost the %s of its chain", d->path, name);
	if (rc != RC_OK)
		return rc;
	*ret_place = sqlite3_column_int64(st, 0);
	fits = chain_read(store_db_span(st, 1), ret);
	sqlite3_reset(st);
	return fits ? RC_OK
		    : err_set(err, RC_IO,
			  "store %s: the %s of its chain is "
			  "damaged",
			  d->path, name);
}

enum rc
writer_begin(struct writer *w, struct err *err)
{
	w->tails = tails_new();
	return end_get(w->db, "head", &w->head_place, &w->head, err);
}

void
writer_done(struct writer *w)
{
	tails_free(w->tails);
}

/* ---- one run's part ---- */

static void
stands_done(struct stands *at)
{
	free(at->run);
}

/* A new run, or what the file says. */
static enum rc
run_stands(struct writer *w, const struct change *c, struct stands *ret,
    struct err *err)
{
	struct store_run r;
	sqlite3_stmt *st;
	bool fits;
	enum rc rc;

	if (c->insert != NULL) {
		ret->run = row_copy(c->insert);
		chain_begin(&ret->chain, ret->run->id);
		return RC_OK;
	}
	st = store_db_stmt(w->db, SQL_RUN_GET);
	sqlite3_bind_int64(st, 1, c->row);
	rc = store_db_next(w->db, st, "find a run", err);
	if (rc == RC_NOTFOUND)
		return err_set(
		    err, rc, "no run in row %lld", (long long)c->row);
	if (rc != RC_OK)
		return rc;
	fits = chain_read(store_db_span(st, ROW_CHAIN), &ret->chain);
	r = row_read(st);
	ret->run = row_copy(&r);
	ret->next_update = r.next_update;
	ret->last_seq = r.last_seq;
	ret->ended = sqlite3_column_type(st, ROW_PLACE) != SQLITE_NULL;
	sqlite3_reset(st);
	if (ret->ended || !fits)
		return err_set(err, RC_CONFLICT, "run %.*s %s",
		    SPAN_ARG(ret->run->id),
		    fits ? "has ended" : "has a damaged chain");
	return RC_OK;
}

/* Updates and events count up; a number that was there is somebody's bug. */
static enum rc
record_take(struct stands *at, const struct record *r, struct err *err)
{
	int64_t *last = r->kind == STORE_EVENT    ? &at->last_seq
			: r->kind == STORE_UPDATE ? &at->next_update
						  : NULL;
	int64_t least = r->kind == STORE_UPDATE ? 0 : 1;

	if (last != NULL && r->n < *last + least)
		return err_set(err, RC_CONFLICT,
		    "run %.*s has its item %lld already", SPAN_ARG(at->run->id),
		    (long long)r->n);
	if (last != NULL)
		*last = r->n + 1 - least;
	return RC_OK;
}

static enum rc
records_write(
    struct writer *w, struct change *c, struct stands *at, struct err *err)
{
	struct span rest = buf_span(&c->records);
	struct record r;
	enum rc rc;

	while ((rc = pack_next(&rest, &r, err)) == RC_OK) {
		rc = record_take(at, &r, err);
		if (rc != RC_OK)
			return rc;
	}
	if (rc != RC_NOTFOUND || c->records.len == 0)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	rc = journal_add(w->db, c->row, buf_span(&c->records),
	    tails_find(w->tails, c->row), &at->chain, err);
	FAILPOINT(item_written);
	return rc;
}

static enum rc
ref_put(struct store_db *d, int64_t row, struct span hash, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_REF_PUT);

	sqlite3_bind_int64(st, 1, row);
	store_db_blob(st, 2, hash);
	return store_db_step(d, st, "refer to evidence", err);
}

static enum rc
blob_put(struct writer *w, int64_t row, const struct record *r, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(w->db, SQL_BLOB_INSERT);
	struct span hash = span_make(r->data.p, STORE_HASH_BYTES);
	struct span raw = span_make(
	    r->data.p + STORE_HASH_BYTES, r->data.n - STORE_HASH_BYTES);
	struct span packed;
	enum rc rc;

	packed = packer_compress(w->db->packer, raw, (struct span){NULL, 0});
	if (packed.n == 0)
		return err_set(err, RC_BUSY, "there is no memory to compress");
	store_db_blob(st, 1, hash);
	sqlite3_bind_int64(st, 2, (int64_t)raw.n);
	store_db_blob(st, 3, packed);
	rc = store_db_step(w->db, st, "keep evidence", err);
	FAILPOINT(blob_inserted);
	return rc == RC_OK ? ref_put(w->db, row, hash, err) : rc;
}

static enum rc
blobs_write(struct writer *w, struct change *c, struct err *err)
{
	struct span rest = buf_span(&c->blobs);
	struct record r;
	enum rc rc;

	while ((rc = pack_next(&rest, &r, err)) == RC_OK) {
		rc = blob_put(w, c->row, &r, err);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* ---- evidence that is shared ---- */

struct sharing {
	struct writer *w;
	struct change *to;
	struct buf records;
};

static enum rc
share_one(void *sharing, const struct record *r, struct err *err)
{
	struct sharing *h = sharing;

	if (r->kind != STORE_EVIDENCE || r->n >= h->to->share_below)
		return RC_OK;
	pack_add(&h->records, r);
	if (r->data.n != STORE_HASH_BYTES)
		return RC_OK;
	return ref_put(h->w->db, h->to->row, r->data, err);
}

/* What is shared comes before what the same batch adds. */
static enum rc
share(struct writer *w, struct change *c, struct err *err)
{
	struct sharing h = {.w = w, .to = c};
	enum rc rc;

	if (c->share_from == 0)
		return RC_OK;
	buf_init(&h.records, BATCH_BYTES_MAX);
	rc = journal_each(w->db, c->share_from, NULL, share_one, &h, err);
	buf_add_span(&h.records, buf_span(&c->records));
	if (rc == RC_OK)
		rc = buf_check(&h.records, "the evidence of a run", err);
	buf_done(&c->records);
	c->records = h.records;
	return rc;
}

/* ---- the row ---- */

/* The run has ended: its place in the chain over all runs. */
static enum rc
end_write(struct writer *w, const struct store_run *r, const struct chain *seal,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(w->db, SQL_RUN_END);
	enum rc rc;

	chain_link(&w->head, ++w->head_place, seal);
	row_bind(st, r);
	sqlite3_bind_int64(st, ROW_PLACE + 1, w->head_place);
	store_db_blob(st, ROW_LINK + 1, chain_span(&w->head));
	rc = store_db_step(w->db, st, "end a run", err);
	FAILPOINT(run_sealed);
	return rc;
}

static enum rc
row_write(struct writer *w, const struct change *c, struct stands *at,
    struct err *err)
{
	bool is_new = c->insert != NULL;
	sqlite3_stmt *st;
	struct chain seal;
	enum rc rc;

	struct span status = at->run->status;

	at->run->next_update = MAX(at->run->next_update, at->next_update);
	at->run->last_seq = MAX(at->run->last_seq, at->last_seq);
	if (c->update != NULL)
		row_merge(at->run, c->update);
	/* The column has an index: it moves once. */
	if (at->run->finished_ms == 0)
		at->run->status = status;
	row_seal(&at->chain, at->run, &seal);
	st = store_db_stmt(w->db, is_new ? SQL_RUN_INSERT : SQL_RUN_PROGRESS);
	row_bind(st, at->run);
	store_db_blob(st, ROW_CHAIN + 1, chain_span(&at->chain));
	store_db_blob(st, ROW_SEAL + 1, chain_span(&seal));
	rc = store_db_step(
	    w->db, st, is_new ? "add a run" : "update a run", err);
	FAILPOINT(run_written);
	if (rc != RC_OK || at->run->finished_ms == 0)
		return rc;
	return end_write(w, at->run, &seal, err);
}

static enum rc
change_write(struct writer *w, struct change *c, struct err *err)
{
	struct stands at = {.run = NULL};
	enum rc rc = run_stands(w, c, &at, err);

	if (rc == RC_OK)
		rc = share(w, c, err);
	if (rc == RC_OK)
		rc = blobs_write(w, c, err);
	if (rc == RC_OK)
		rc = records_write(w, c, &at, err);
	if (rc == RC_OK)
		rc = row_write(w, c, &at, err);
	if (rc == RC_OK && at.run->finished_ms != 0)
		tails_forget(w->tails, c->row);
	stands_done(&at);
	return rc;
}

/* ---- all of it ---- */

static enum rc
head_write(struct writer *w, int64_t before, struct err *err)
{
	sqlite3_stmt *st;

	if (w->head_place == before)
		return RC_OK;
	st = store_db_stmt(w->db, SQL_END_SET);
	store_db_text(st, 1, span_of("head"));
	sqlite3_bind_int64(st, 2, w->head_place);
	store_db_blob(st, 3, chain_span(&w->head));
	return store_db_step(w->db, st, "move the chain's end", err);
}

static enum rc
writer_inside(struct writer *w, const struct batch *b, struct err *err)
{
	int64_t head = w->head_place;
	struct change *c;
	enum rc rc = writer_is_ours(w, err);

	FAILPOINT(begun);
	if (b == NULL)
		return rc;
	TAILQ_FOREACH(c, &b->changes, list)
	if (rc == RC_OK)
		rc = change_write(w, c, err);
	if (rc == RC_OK)
		rc = slips_write(w->db, b, err);
	if (rc == RC_OK)
		rc = store_calls_write(w->db, b, err);
	return rc == RC_OK ? head_write(w, head, err) : rc;
}

static enum rc
writer_commit(struct writer *w, struct err *err)
{
	enum rc rc = FAILPOINT_RC(commit_fails, err);

	FAILPOINT(commit_begins);
	if (rc == RC_OK)
		rc = store_db_run(w->db, SQL_COMMIT, "commit", err);
	if (rc == RC_OK)
		FAILPOINT(commit_done);
	return rc;
}

enum rc
writer_batch(struct writer *w, const struct batch *b,
    enum rc (*extra)(void *ctx, struct err *err), void *ctx, struct err *err)
{
	enum rc rc = FAILPOINT_RC(begin_fails, err);
	struct err ignored;

	if (rc == RC_OK)
		rc = store_db_run(w->db, SQL_BEGIN, "begin", err);
	if (rc != RC_OK)
		return rc;
	rc = writer_inside(w, b, err);
	if (rc == RC_OK && extra != NULL)
		rc = extra(ctx, err);
	if (rc == RC_OK)
		rc = writer_commit(w, err);
	/* SQLite may have rolled back by itself when the disk failed. What
	 * fails here is completed by the next opening. */
	if (rc != RC_OK && sqlite3_get_autocommit(w->db->db) == 0 &&
	    store_db_run(w->db, SQL_ROLLBACK, "roll back", &ignored) != RC_OK)
		return rc;
	return rc;
}
