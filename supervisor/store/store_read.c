/*
 * store_read.c - reading rows, records and evidence.
 *
 * What is durable is read through a connection of its own. What is not is
 * still in a batch, where evidence and keys are looked for first.
 */
#include "supervisor/store/store_read.h"

#include "common/wire/wire.h"
#include "supervisor/store/store_journal.h"
#include "supervisor/store/store_row.h"
#include "supervisor/store/store_scroll.h"
#include "supervisor/store/store_task.h"
#include "supervisor/store/store_thread.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- rows ---- */

/* The one row of a statement. */
static enum rc
run_one(struct store_db *d, sqlite3_stmt *st,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	enum rc rc = store_db_next(d, st, "read runs", err);
	struct chain chain;
	struct store_run r;
	char id[STORE_ID_MAX + 1];

	if (rc == RC_NOTFOUND)
		return err_set(err, rc, "no such run");
	if (rc != RC_OK)
		return rc;
	r = row_read(st);
	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(r.id));
	if (row_fits(st, &chain))
		each(ctx, &r);
	else
		rc = row_unfit(id, err);
	sqlite3_reset(st);
	return rc;
}

enum rc
read_run_find(struct store *s, struct span id,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(&s->read, SQL_RUN_FIND);

	store_db_text(st, 1, id);
	return run_one(&s->read, st, each, ctx, err);
}

/* The batches that are not durable, the open one last. */
static const struct batch *
batch_after(const struct store *s, const struct batch *b)
{
	const struct batch *next;

	if (b == s->open)
		return NULL;
	next = s->thread != NULL ? thread_given(s->thread, b) : NULL;
	return next != NULL ? next : s->open;
}

enum rc
read_run_find_key(struct store *s, struct span key,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st;
	const struct batch *b = NULL;
	const struct change *c;

	while ((b = batch_after(s, b)) != NULL)
		TAILQ_FOREACH(c, &b->changes, list)
		if (c->insert != NULL && c->insert->key.n > 0 &&
		    span_equal(c->insert->key, key)) {
			each(ctx, c->insert);
			return RC_OK;
		}
	st = store_db_stmt(&s->read, SQL_RUN_FIND_KEY);
	store_db_text(st, 1, key);
	return run_one(&s->read, st, each, ctx, err);
}

/* Hands every row to each; of one that does not fit nothing but its id. */
static enum rc
run_rows(struct store_db *d, sqlite3_stmt *st,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	struct chain chain;
	struct store_run r;
	enum rc rc;

	while ((rc = store_db_next(d, st, "read runs", err)) == RC_OK) {
		r = row_read(st);
		if (!row_fits(st, &chain))
			r = (struct store_run){.row = r.row,
			    .id = r.id,
			    .status = span_of(STORE_DAMAGED)};
		each(ctx, &r);
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
read_run_list(struct store *s, const struct store_list *l,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	static const enum sql which[2][2] = {
	    {SQL_RUN_LIST, SQL_RUN_LIST_STATUS},
	    {SQL_RUN_LIST_UP, SQL_RUN_LIST_STATUS_UP}};
	bool any = l->status.n == 0, up = l->after_row > 0;
	sqlite3_stmt *st = store_db_stmt(&s->read, which[up][!any]);
	int64_t before = l->before_row > 0 ? l->before_row : INT64_MAX;

	sqlite3_bind_int64(st, 1, up ? l->after_row : before);
	sqlite3_bind_int64(st, 2, MAX(l->limit, 0));
	if (!any)
		store_db_text(st, 3, l->status);
	return run_rows(&s->read, st, each, ctx, err);
}

struct unfinished {
	void (*each)(void *ctx, const struct store_run *);
	void *ctx;
};

/* One that ended and lost its place does not go on. */
static void
unfinished_take(void *unfinished, const struct store_run *r)
{
	struct unfinished *u = unfinished;

	if (!span_is(r->status, STORE_DAMAGED))
		u->each(u->ctx, r);
}

enum rc
read_run_unfinished(struct store *s,
    void (*each)(void *ctx, const struct store_run *), void *ctx,
    struct err *err)
{
	struct unfinished u = {each, ctx};

	return run_rows(&s->read, store_db_stmt(&s->read, SQL_RUN_UNFINISHED),
	    unfinished_take, &u, err);
}

/* ---- records ---- */

enum rc
read_update_each(struct store *s, int64_t row,
    void (*each)(void *ctx, int64_t n, struct span node, struct span update),
    void *ctx, struct err *err)
{
	const struct scroll *k = NULL;
	struct span rest;
	struct record r;
	enum rc rc = scroll_get(s->scrolls, &s->read, row, &k, err);

	if (rc != RC_OK)
		return rc;
	rest = k->records;
	while (pack_next(&rest, &r, err) == RC_OK)
		if (r.kind == STORE_UPDATE)
			each(ctx, r.n, r.label, r.data);
	return RC_OK;
}

/* The first event with a number over `after`, or n_events. */
static size_t
event_after(const struct scroll *k, int64_t after)
{
	size_t from = 0, to = k->n_events, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (k->events[mid].seq <= after)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

enum rc
read_event_each(struct store *s, int64_t row, int64_t after, int64_t limit,
    void (*each)(void *ctx, int64_t seq, struct span type, struct span data),
    void *ctx, struct err *err)
{
	const struct scroll *k = NULL;
	struct span rest;
	struct record r;
	size_t i;
	enum rc rc = scroll_get(s->scrolls, &s->read, row, &k, err);

	if (rc != RC_OK)
		return rc;
	for (i = event_after(k, after); i < k->n_events && limit > 0; i++) {
		rest = span_make(k->records.p + k->events[i].at,
		    k->records.n - k->events[i].at);
		rc = pack_next(&rest, &r, err);
		if (rc != RC_OK)
			return rc;
		each(ctx, r.n, r.label, r.data);
		limit--;
	}
	return RC_OK;
}

enum rc
read_task_each(struct store *s, int64_t row,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err)
{
	auto_buf stand = {.max = JOURNAL_BYTES_MAX};
	enum rc rc =
	    journal_each(&s->read, row, NULL, store_tasks_take, &stand, err);

	if (rc == RC_OK)
		rc = store_tasks_hand(buf_span(&stand), each, ctx, err);
	if (rc == RC_INVALID)
		rc = err_prefix(err, RC_DAMAGED, "store %s: run in row %lld",
		    s->path, (long long)row);
	return rc;
}

/* ---- evidence ---- */

/* Who asked for evidence of a number. */
struct wanted {
	int64_t number;
	void (*each)(void *ctx, const struct store_evidence *);
	void *ctx;
};

bool
store_hash_fits(struct span bytes, struct span hash)
{
	unsigned char sum[STORE_HASH_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)bytes.p, bytes.n);
	return hash.n == STORE_HASH_BYTES &&
	       memcmp(sum, hash.p, STORE_HASH_BYTES) == 0;
}

static void
hand(const struct wanted *w, struct span media, struct span hash,
    struct span bytes)
{
	char hex[2 * STORE_HASH_BYTES + 1];

	sodium_bin2hex(
	    hex, sizeof(hex), (const unsigned char *)hash.p, hash.n);
	w->each(w->ctx,
	    &(struct store_evidence){w->number, media,
		span_make(hex, 2 * hash.n), bytes});
}

enum rc
store_blob_read(struct store_db *d, struct span hash, char **ret,
    size_t *ret_n, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_BLOB_GET);
	auto_str bytes = NULL;
	int64_t raw_bytes;
	enum rc rc;

	store_db_blob(st, 1, hash);
	rc = store_db_next(d, st, "read evidence", err);
	if (rc != RC_OK)
		return rc;
	raw_bytes = sqlite3_column_int64(st, 1);
	rc = packer_expand(d->packer, store_db_span(st, 2), raw_bytes,
	    (struct span){NULL, 0}, STORE_BYTES_MAX, &bytes, err);
	sqlite3_reset(st);
	if (rc == RC_OK && !store_hash_fits(span_make(bytes, (size_t)raw_bytes), hash))
		rc = err_set(err, RC_INVALID, "it does not have its hash");
	if (rc != RC_OK)
		return rc;
	*ret = TAKE(bytes);
	*ret_n = (size_t)raw_bytes;
	return RC_OK;
}

/* The record that says what the evidence is. */
static bool
record_find(struct span rest, int64_t number, struct record *ret)
{
	struct err ignored;

	while (pack_next(&rest, ret, &ignored) == RC_OK)
		if (ret->kind == STORE_EVIDENCE && ret->n == number &&
		    ret->data.n >= STORE_HASH_BYTES)
			return true;
	return false;
}

/* True: it is among what is not durable, and was handed over. */
static bool
pending_get(const struct store *s, int64_t row, const struct wanted *w)
{
	const struct batch *b = NULL;
	const struct change *c;
	struct record r;

	while ((b = batch_after(s, b)) != NULL) {
		c = batch_find(b, row);
		if (c == NULL ||
		    (!record_find(buf_span(&c->blobs), w->number, &r) &&
			!record_find(buf_span(&c->records), w->number, &r)))
			continue;
		hand(w, r.label, span_make(r.data.p, STORE_HASH_BYTES),
		    span_make(r.data.p + STORE_HASH_BYTES,
			r.data.n - STORE_HASH_BYTES));
		return true;
	}
	return false;
}

static enum rc
evidence_hand(struct store *s, const struct wanted *w, const struct record *r,
    struct err *err)
{
	struct span hash = span_make(r->data.p, STORE_HASH_BYTES);
	struct span bytes = span_make(r->data.p + STORE_HASH_BYTES,
	    r->data.n - STORE_HASH_BYTES);
	auto_str blob = NULL;
	size_t n = 0;
	enum rc rc = RC_OK;

	/* Bytes that are not here are a blob, or there are none. */
	if (!store_hash_fits(bytes, hash)) {
		rc = bytes.n == 0
			 ? store_blob_read(&s->read, hash, &blob, &n, err)
			 : err_set(err, RC_INVALID, "it does not have its hash");
		bytes = span_make(blob, n);
	}
	if (rc == RC_NOTFOUND)
		rc = err_set(err, RC_INVALID, "its bytes are gone");
	if (rc == RC_OK)
		hand(w, r->label, hash, bytes);
	return rc;
}

enum rc
read_evidence_get(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err)
{
	struct wanted w = {number, each, ctx};
	const struct scroll *k = NULL;
	struct record r;
	enum rc rc;

	rc = scroll_get(s->scrolls, &s->read, row, &k, err);
	if (rc != RC_OK)
		return rc;
	if (!record_find(k->records, number, &r))
		return err_set(err, RC_NOTFOUND, "no evidence E%lld",
		    (long long)number);
	rc = evidence_hand(s, &w, &r, err);
	if (rc == RC_INVALID)
		rc = err_prefix(err, RC_DAMAGED,
		    "store %s: evidence E%lld of run %lld is damaged", s->path,
		    (long long)number, (long long)row);
	return rc;
}

enum rc
read_evidence_written(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err)
{
	struct wanted w = {number, each, ctx};

	return pending_get(s, row, &w)
		   ? RC_OK
		   : read_evidence_get(s, row, number, each, ctx, err);
}
