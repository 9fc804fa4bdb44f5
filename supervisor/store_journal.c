/*
 * store_journal.c - what belongs to a run: one row for all that a
 * transaction adds to it, one pack of those rows once it was compacted.
 *
 * Pages are what a commit costs, and a transition adds a dozen small items:
 * they are gathered per run and written as one row when the transaction
 * commits, or when somebody reads the run before that.
 *
 * Invariant: of a run that is known here, the numbers are those of the file
 * and of what is pending. After a rollback nothing is known.
 */
#include "supervisor/store_journal.h"

#include "common/failpoint.h"

#include <stdlib.h>

enum {
	BUCKETS = 1024,
	/* More than may be under way; idle ones are forgotten beyond it. */
	KNOWN_MAX = 4096,
	PENDING_BYTES = 1 << 20, /* over this a row is written at once */
	PENDING_BYTES_MAX = 4 * STORE_BYTES_MAX,
	/* Not worth compressing, and never on a page of its own, where only the
	 * sum that comes with compression would show a page of zeros. */
	PLAIN_BYTES = 200,
	/* Evidence with a higher number is looked for row by row. */
	EVIDENCE_MAX = 256,
};

struct known {
	struct known *next; /* of its bucket */
	TAILQ_ENTRY(known) dirty_list;
	int64_t row;
	int64_t last[STORE_KINDS]; /* numbers, of the kinds that count up */
	int64_t evidence[EVIDENCE_MAX]; /* the row of each; 0: not known */
	int64_t pending_evidence;       /* the first that is pending */
	struct buf pending;
	bool dirty;
};

struct store_journal {
	struct known *buckets[BUCKETS];
	TAILQ_HEAD(, known) dirty;
	int n_known;
	struct packer *packer;
};

struct store_journal *
store_journal_new(void)
{
	struct store_journal *j = xcalloc(1, sizeof(*j));

	TAILQ_INIT(&j->dirty);
	j->packer = packer_new();
	return j;
}

static void
known_free(struct store_journal *j, struct known *k)
{
	if (k->dirty)
		TAILQ_REMOVE(&j->dirty, k, dirty_list);
	buf_done(&k->pending);
	free(k);
	j->n_known--;
}

static struct known **
bucket_of(struct store_journal *j, int64_t row)
{
	return &j->buckets[(uint64_t)row % BUCKETS];
}

/* Forgets those of a bucket that match; row 0: any; clean: only such. */
static void
bucket_forget(
    struct store_journal *j, struct known **at, int64_t row, bool clean)
{
	while (*at != NULL) {
		struct known *k = *at;

		if ((row != 0 && k->row != row) || (clean && k->dirty)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		known_free(j, k);
	}
}

static void
forget_all(struct store_journal *j, bool clean)
{
	for (size_t i = 0; i < BUCKETS; i++)
		bucket_forget(j, &j->buckets[i], 0, clean);
}

void
store_journal_rollback(struct store_journal *j)
{
	forget_all(j, false);
}

void
store_journal_free(struct store_journal *j)
{
	if (j == NULL)
		return;
	forget_all(j, false);
	packer_free(j->packer);
	free(j);
}

struct packer *
store_journal_packer(struct store_journal *j)
{
	return j->packer;
}

/* ---- rows ---- */

static enum rc
row_write(struct store *s, int64_t row, struct span raw, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_JOURNAL_PUT);
	struct span packed = {0};

	if (raw.n > PLAIN_BYTES)
		packed = packer_compress(s->journal->packer, raw, PACK_QUICK);
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, packed.n > 0 ? (int64_t)raw.n : 0);
	store_db_blob(st, 3, packed.n > 0 ? packed : raw);
	return store_db_done(s, st, "add to a run", err);
}

/* Evidence that was pending stands in the row that was written last. */
static void
evidence_written(struct known *k, int64_t id)
{
	int64_t n;

	for (n = k->pending_evidence; n < EVIDENCE_MAX; n++)
		if (k->evidence[n] < 0)
			k->evidence[n] = id;
	k->pending_evidence = EVIDENCE_MAX;
}

static enum rc
known_flush(struct store *s, struct known *k, struct err *err)
{
	enum rc rc = row_write(s, k->row, buf_span(&k->pending), err);

	if (rc != RC_OK)
		return rc;
	evidence_written(k, sqlite3_last_insert_rowid(s->db));
	k->dirty = false;
	TAILQ_REMOVE(&s->journal->dirty, k, dirty_list);
	/* Most runs are idle most of the time. */
	buf_done(&k->pending);
	return RC_OK;
}

enum rc
store_journal_flush(struct store *s, struct err *err)
{
	struct known *k;
	enum rc rc = RC_OK;

	while (rc == RC_OK && (k = TAILQ_FIRST(&s->journal->dirty)) != NULL)
		rc = known_flush(s, k, err);
	return rc;
}

static struct known *
known_find(struct store_journal *j, int64_t row)
{
	struct known *k = *bucket_of(j, row);

	while (k != NULL && k->row != row)
		k = k->next;
	return k;
}

/* One row's records, expanded: *ret_bytes is the caller's where it is set,
 * *ret lives as long. RC_NOTFOUND: there is no row after *id; else *id is
 * the row's. */
static enum rc
row_read(struct store *s, int64_t row, int64_t *id, char **ret_bytes,
    struct span *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_JOURNAL_GET);
	int64_t raw_bytes, at;
	struct span data;
	struct err why;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, *id);
	rc = store_db_next(s, st, "read a run", err);
	if (rc != RC_OK)
		return rc;
	at = sqlite3_column_int64(st, 0);
	raw_bytes = sqlite3_column_int64(st, 1);
	data = store_db_span(st, 2);
	if (raw_bytes != 0) {
		rc = packer_expand(s->journal->packer, data, raw_bytes,
		    PENDING_BYTES_MAX, ret_bytes, &why);
		*ret = span_make(*ret_bytes, (size_t)raw_bytes);
	} else {
		*ret_bytes = xcalloc(1, data.n + 1);
		memcpy(*ret_bytes, data.p != NULL ? data.p : "", data.n);
		*ret = span_make(*ret_bytes, data.n);
	}
	sqlite3_reset(st);
	if (rc != RC_OK)
		return err_set(err, RC_IO, "store %s: row %lld of run %lld: %s",
		    s->path, (long long)at, (long long)row, why.text);
	*id = at;
	return RC_OK;
}

/* ---- reading ---- */

struct reader {
	struct store *s;
	int64_t row;
	bool (*each)(void *ctx, const struct record *r);
	void *ctx;
	int64_t id; /* of the row that is read; 0: the pack */
	bool enough;
};

static enum rc
read_records(struct reader *in, struct span rest, struct err *err)
{
	struct record r;
	struct err why;
	enum rc rc = RC_OK;

	while (!in->enough && (rc = pack_next(&rest, &r, &why)) == RC_OK)
		in->enough = !in->each(in->ctx, &r);
	if (rc != RC_INVALID)
		return RC_OK;
	return err_set(err, RC_IO, "store %s: run %lld: %s", in->s->path,
	    (long long)in->row, why.text);
}

/* RC_NOTFOUND: not packed. *ret_bytes is the caller's. */
static enum rc
pack_read(struct store *s, int64_t row, char **ret_bytes, struct span *ret,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_PACK_GET);
	int64_t raw_bytes;
	struct err why;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	rc = store_db_next(s, st, "read a pack", err);
	if (rc != RC_OK)
		return rc;
	raw_bytes = sqlite3_column_int64(st, 0);
	rc = packer_expand(s->journal->packer, store_db_span(st, 1), raw_bytes,
	    STORE_PACK_MAX, ret_bytes, &why);
	sqlite3_reset(st);
	if (rc != RC_OK)
		return err_set(err, RC_IO, "store %s: run %lld: %s", s->path,
		    (long long)row, why.text);
	*ret = span_make(*ret_bytes, (size_t)raw_bytes);
	return RC_OK;
}

/* The pack first and the rows after it, so that what was added after the
 * packing comes last, as it was added. */
static enum rc
read_all(struct reader *in, struct err *err)
{
	bool packed = in->id == 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK && !in->enough) {
		auto_str bytes = NULL;
		struct span raw = {0};

		if (packed)
			rc = pack_read(in->s, in->row, &bytes, &raw, err);
		else
			rc = row_read(
			    in->s, in->row, &in->id, &bytes, &raw, err);
		if (rc == RC_OK)
			rc = read_records(in, raw, err);
		else if (rc == RC_NOTFOUND && packed)
			rc = RC_OK;
		packed = false;
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
store_journal_each(struct store *s, int64_t row,
    bool (*each)(void *ctx, const struct record *r), void *ctx, struct err *err)
{
	struct known *k = known_find(s->journal, row);
	struct reader in = {.s = s, .row = row, .each = each, .ctx = ctx};
	enum rc rc = RC_OK;

	if (k != NULL && k->dirty)
		rc = known_flush(s, k, err);
	return rc == RC_OK ? read_all(&in, err) : rc;
}

enum rc
store_journal_evidence(struct store *s, int64_t row, int64_t number,
    bool (*each)(void *ctx, const struct record *r), void *ctx, struct err *err)
{
	struct known *k = known_find(s->journal, row);
	struct reader in = {.s = s, .row = row, .each = each, .ctx = ctx};
	enum rc rc = RC_OK;

	if (k != NULL && k->dirty)
		rc = known_flush(s, k, err);
	/* Where it is known to stand reading begins, and ends. */
	if (k != NULL && number >= 0 && number < EVIDENCE_MAX)
		in.id = MAX(k->evidence[number] - 1, 0);
	return rc == RC_OK ? read_all(&in, err) : rc;
}

/* ---- writing ---- */

struct counting {
	struct known *k;
	struct reader in;
};

/* id: of the row that the record is in; 0: of none, -1: of the next. */
static void
known_count(struct known *k, const struct record *r, int64_t id)
{
	if (r->kind >= STORE_KINDS)
		return;
	k->last[r->kind] = MAX(k->last[r->kind], r->n);
	if (r->kind != STORE_EVIDENCE || r->n >= EVIDENCE_MAX)
		return;
	k->evidence[r->n] = id;
	if (id < 0)
		k->pending_evidence = MIN(k->pending_evidence, r->n);
}

static bool
count_one(void *counting, const struct record *r)
{
	struct counting *c = counting;

	known_count(c->k, r, c->in.id);
	return true;
}

static enum rc
known_load(struct store *s, struct known *k, struct err *err)
{
	struct counting c = {k, {.s = s, .row = k->row, .each = count_one}};

	c.in.ctx = &c;
	return read_all(&c.in, err);
}

/* What is known of a run, from the file where it was not known. */
static enum rc
known_get(struct store *s, int64_t row, struct known **ret, struct err *err)
{
	struct store_journal *j = s->journal;
	struct known *k = known_find(j, row);
	enum rc rc = RC_OK;

	if (k == NULL) {
		if (j->n_known >= KNOWN_MAX)
			forget_all(j, true);
		k = xcalloc(1, sizeof(*k));
		k->row = row;
		k->pending_evidence = EVIDENCE_MAX;
		for (size_t i = 0; i < STORE_KINDS; i++)
			k->last[i] = -1;
		buf_init(&k->pending, PENDING_BYTES_MAX);
		k->next = *bucket_of(j, row);
		*bucket_of(j, row) = k;
		j->n_known++;
		rc = known_load(s, k, err);
	}
	if (rc != RC_OK)
		bucket_forget(j, bucket_of(j, row), row, false);
	else
		*ret = k;
	return rc;
}

/* Updates and events count up; a number that was there is somebody's bug. */
static enum rc
known_check(const struct known *k, const struct record *r, struct err *err)
{
	if (r->n < 0 || r->n >= STORE_ITEM_MAX || r->data.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "items of a run: at most %d of a kind, of %d bytes each",
		    STORE_ITEM_MAX, STORE_BYTES_MAX);
	if ((r->kind == STORE_UPDATE || r->kind == STORE_EVENT) &&
	    r->n <= k->last[r->kind])
		return err_set(err, RC_CONFLICT,
		    "run %lld has its item %lld already", (long long)k->row,
		    (long long)r->n);
	return RC_OK;
}

enum rc
store_journal_add(
    struct store *s, int64_t row, const struct record *r, struct err *err)
{
	struct known *k = NULL;
	enum rc rc = FAILPOINT_RC(item_fails, err);

	if (rc == RC_OK)
		rc = known_get(s, row, &k, err);
	if (rc == RC_OK)
		rc = known_check(k, r, err);
	if (rc != RC_OK)
		return rc;
	known_count(k, r, -1);
	pack_add(&k->pending, r);
	if (!k->dirty)
		TAILQ_INSERT_TAIL(&s->journal->dirty, k, dirty_list);
	k->dirty = true;
	/* Outside a transaction every write stands for itself. */
	if (k->pending.len >= PENDING_BYTES ||
	    sqlite3_get_autocommit(s->db) != 0)
		return known_flush(s, k, err);
	return RC_OK;
}

enum rc
store_journal_delete(struct store *s, int64_t row, struct err *err)
{
	enum rc rc;

	bucket_forget(s->journal, bucket_of(s->journal, row), row, false);
	rc = store_db_run1(s, SQL_JOURNAL_DELETE, row, "delete a run", err);
	if (rc == RC_OK)
		rc =
		    store_db_run1(s, SQL_PACK_DELETE, row, "delete a run", err);
	return rc;
}

/* ---- compaction ---- */

/* A finished run's steps are of no use any more. */
static bool
pack_gather(void *raw, const struct record *r)
{
	struct buf *b = raw;

	if (r->kind != STORE_TASK && r->kind != STORE_TASKS_CLEARED)
		pack_add(b, r);
	return !b->full;
}

static enum rc
pack_write(struct store *s, int64_t row, size_t raw_n, struct span packed,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_PACK_PUT);

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, (int64_t)raw_n);
	store_db_blob(st, 3, packed);
	return store_db_done(s, st, "keep a pack", err);
}

enum rc
store_journal_pack(struct store *s, int64_t row, struct err *err)
{
	struct span packed;
	auto_buf raw = {0};
	enum rc rc;

	buf_init(&raw, STORE_PACK_MAX);
	rc = store_journal_each(s, row, pack_gather, &raw, err);
	if (rc == RC_IO)
		rc = RC_INVALID; /* nothing was written yet */
	if (rc != RC_OK || raw.full)
		return rc;
	packed = packer_compress(s->journal->packer, buf_span(&raw), PACK_WELL);
	/* What does not shrink is left in its rows. */
	if (packed.n == 0 || packed.n >= raw.len)
		return RC_OK;
	rc = pack_write(s, row, raw.len, packed, err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(compact_packed);
	bucket_forget(s->journal, bucket_of(s->journal, row), row, false);
	rc = store_db_run1(s, SQL_JOURNAL_DELETE, row, "drop packed rows", err);
	FAILPOINT(compact_dropped);
	return rc;
}
