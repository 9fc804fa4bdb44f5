/*
 * store_evidence.c - evidence: with its run where it is small, by hash else.
 *
 * A large answer (all rules, all targets) is the same for many runs: its
 * bytes are kept once, compressed when a run that refers to them is
 * compacted, and go with the last such run.
 */
#include "common/failpoint.h"
#include "supervisor/store_journal.h"

#include <sodium.h>
#include <stdlib.h>

enum { HASH_BYTES = crypto_hash_sha256_BYTES };

static int
store_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

static bool
store_hash_of(struct span hex, char ret[HASH_BYTES])
{
	int hi, lo;

	if (hex.n != (size_t)HASH_BYTES * 2)
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		hi = store_digit(hex.p[2 * i]);
		lo = store_digit(hex.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		ret[i] = (char)(uint8_t)(hi << 4 | lo);
	}
	return true;
}

static struct span
store_hash_text(struct span hash, char ret[2 * HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = MIN(hash.n, (size_t)HASH_BYTES);

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[(uint8_t)hash.p[i] >> 4];
		ret[2 * i + 1] = digits[(uint8_t)hash.p[i] & 15];
	}
	return span_make(ret, 2 * n);
}

static enum rc
store_blob_put(struct store *s, int64_t row, const struct store_evidence *e,
    struct span hash, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_BLOB_INSERT);
	enum rc rc;

	store_db_blob(st, 1, hash);
	store_db_blob(st, 2, e->bytes);
	rc = store_db_done(s, st, "keep evidence", err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(blob_inserted);

	st = store_db_stmt(s, SQL_EVIDENCE_PUT);
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, e->number);
	store_db_text(st, 3, e->media);
	store_db_blob(st, 4, hash);
	return store_db_done(s, st, "refer to evidence", err);
}

enum rc
store_evidence_put(struct store *s, int64_t row, const struct store_evidence *e,
    struct err *err)
{
	struct record r = {STORE_EVIDENCE, e->number, e->media, {0}};
	char hash[HASH_BYTES];
	auto_buf data = {0};
	enum rc rc;

	if (!store_hash_of(e->sha256, hash))
		return err_set(err, RC_INVALID,
		    "a hash has 64 digits of lower-case hexadecimal");
	if (e->bytes.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "evidence has at most %d bytes, this has %zu",
		    STORE_BYTES_MAX, e->bytes.n);
	if (e->bytes.n > STORE_SMALL_BYTES)
		return store_blob_put(
		    s, row, e, span_make(hash, sizeof(hash)), err);
	buf_init(&data, HASH_BYTES + STORE_SMALL_BYTES);
	buf_add(&data, hash, sizeof(hash));
	buf_add_span(&data, e->bytes);
	r.data = buf_span(&data);
	rc = store_journal_add(s, row, &r, err);
	FAILPOINT(evidence_kept);
	return rc;
}

/* Who asked for evidence of a number. */
struct wanted {
	int64_t number;
	void (*each)(void *ctx, const struct store_evidence *);
	void *ctx;
	bool found, damaged;
};

/* Only what has its hash: a page that the disk made zeros of may still be one
 * to SQLite. */
static void
wanted_hand(struct wanted *w, struct store_evidence *e, struct span hash)
{
	unsigned char sum[HASH_BYTES];
	char hex[2 * HASH_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)e->bytes.p, e->bytes.n);
	w->found = true;
	w->damaged =
	    hash.n != HASH_BYTES || memcmp(sum, hash.p, HASH_BYTES) != 0;
	if (w->damaged)
		return;
	e->sha256 = store_hash_text(hash, hex);
	w->each(w->ctx, e);
}

static bool
store_small_take(void *wanted, const struct record *r)
{
	struct wanted *w = wanted;
	struct store_evidence e = {.number = r->n, .media = r->label};

	if (r->kind != STORE_EVIDENCE || r->n != w->number ||
	    r->data.n < HASH_BYTES)
		return true;
	e.bytes = span_make(r->data.p + HASH_BYTES, r->data.n - HASH_BYTES);
	wanted_hand(w, &e, span_make(r->data.p, HASH_BYTES));
	return false;
}

/* RC_NOTFOUND: it is not among the large ones. */
static enum rc
store_blob_get(struct store *s, int64_t row, struct wanted *w, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_EVIDENCE_GET);
	struct store_evidence e = {.number = w->number};
	auto_str bytes = NULL;
	int64_t raw_bytes;
	struct err why;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, w->number);
	rc = store_db_next(s, st, "read evidence", err);
	if (rc != RC_OK)
		return rc;
	e.media = store_db_span(st, 0);
	raw_bytes = sqlite3_column_int64(st, 2);
	e.bytes = store_db_span(st, 3);
	if (raw_bytes != 0) {
		rc = packer_expand(store_journal_packer(s->journal), e.bytes,
		    raw_bytes, STORE_BYTES_MAX, &bytes, &why);
		e.bytes = span_make(bytes, (size_t)raw_bytes);
	}
	if (rc == RC_OK)
		wanted_hand(w, &e, store_db_span(st, 1));
	else
		rc = err_set(err, RC_IO, "store %s: evidence E%lld: %s",
		    s->path, (long long)w->number, why.text);
	sqlite3_reset(st);
	return rc;
}

enum rc
store_evidence_get(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err)
{
	struct wanted w = {.number = number, .each = each, .ctx = ctx};
	enum rc rc = store_blob_get(s, row, &w, err);

	if (rc == RC_NOTFOUND)
		rc = store_journal_evidence(
		    s, row, number, store_small_take, &w, err);
	if (rc == RC_OK && w.damaged)
		return err_set(err, RC_IO,
		    "store %s: evidence E%lld of run %lld is damaged", s->path,
		    (long long)number, (long long)row);
	if (rc == RC_OK && !w.found)
		rc = err_set(
		    err, RC_NOTFOUND, "no evidence E%lld", (long long)number);
	return rc;
}

/* What is to be shared of the small ones, one behind the other. */
struct sharing {
	int64_t below;
	struct buf records;
};

static bool
store_small_gather(void *sharing, const struct record *r)
{
	struct sharing *h = sharing;

	if (r->kind == STORE_EVIDENCE && r->n < h->below)
		pack_add(&h->records, r);
	return !h->records.full;
}

static enum rc
store_small_share(
    struct store *s, int64_t from, int64_t to, int64_t below, struct err *err)
{
	struct sharing h = {.below = below};
	struct span rest;
	struct record r;
	enum rc rc;

	buf_init(&h.records, STORE_PACK_MAX);
	rc = store_journal_each(s, from, store_small_gather, &h, err);
	if (rc == RC_OK)
		rc = buf_check(&h.records, "the evidence of a run", err);
	rest = buf_span(&h.records);
	while (rc == RC_OK && pack_next(&rest, &r, err) == RC_OK)
		rc = store_journal_add(s, to, &r, err);
	buf_done(&h.records);
	return rc;
}

enum rc
store_evidence_share(
    struct store *s, int64_t from, int64_t to, int64_t below, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_EVIDENCE_SHARE);
	enum rc rc;

	sqlite3_bind_int64(st, 1, from);
	sqlite3_bind_int64(st, 2, to);
	sqlite3_bind_int64(st, 3, below);
	rc = store_db_done(s, st, "share evidence", err);
	return rc == RC_OK ? store_small_share(s, from, to, below, err) : rc;
}

/* Compresses the run's first loose blob after *number; moves *number on. */
static enum rc
store_evidence_next(
    struct store *s, int64_t row, int64_t *number, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_BLOB_LOOSE);
	struct span raw, packed;
	int64_t id, raw_bytes;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, *number);
	rc = store_db_next(s, st, "find evidence", err);
	if (rc != RC_OK)
		return rc == RC_IO ? RC_INVALID : rc;
	*number = sqlite3_column_int64(st, 2);
	id = sqlite3_column_int64(st, 0);
	raw = store_db_span(st, 1);
	raw_bytes = (int64_t)raw.n;
	packed =
	    packer_compress(store_journal_packer(s->journal), raw, PACK_WELL);
	sqlite3_reset(st);
	if (packed.n == 0 || packed.n >= (size_t)raw_bytes)
		return RC_OK;

	st = store_db_stmt(s, SQL_BLOB_SET);
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, raw_bytes);
	store_db_blob(st, 3, packed);
	rc = store_db_done(s, st, "compress evidence", err);
	FAILPOINT(compact_deflated);
	return rc;
}

enum rc
store_evidence_compact(struct store *s, int64_t row, struct err *err)
{
	int64_t number = INT64_MIN;
	enum rc rc;

	do
		rc = store_evidence_next(s, row, &number, err);
	while (rc == RC_OK);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}
