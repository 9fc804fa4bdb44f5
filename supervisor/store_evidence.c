/*
 * store_evidence.c - evidence by hash: bytes are kept once, deflated when a
 * run that refers to them is compacted, and go with the last such run.
 */
#include "common/failpoint.h"
#include "supervisor/store_db.h"
#include "supervisor/pack.h"

#include <stdlib.h>

enum { HASH_BYTES = 32 };

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

enum rc
store_evidence_put(struct store *s, int64_t row, const struct store_evidence *e,
    struct err *err)
{
	char hash[HASH_BYTES];
	sqlite3_stmt *st;
	enum rc rc;

	if (!store_hash_of(e->sha256, hash))
		return err_set(err, RC_INVALID,
		    "a hash has 64 digits of lower-case hexadecimal");
	if (e->bytes.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "evidence has at most %d bytes, this has %zu",
		    STORE_BYTES_MAX, e->bytes.n);
	st = store_db_stmt(s, SQL_BLOB_INSERT);
	store_db_blob(st, 1, span_make(hash, sizeof(hash)));
	store_db_blob(st, 2, e->bytes);
	rc = store_db_done(s, st, "keep evidence", err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(blob_inserted);

	st = store_db_stmt(s, SQL_EVIDENCE_PUT);
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, e->number);
	store_db_text(st, 3, e->media);
	store_db_blob(st, 4, span_make(hash, sizeof(hash)));
	rc = store_db_done(s, st, "refer to evidence", err);
	FAILPOINT(evidence_kept);
	return rc;
}

enum rc
store_evidence_get(struct store *s, int64_t row, int64_t number,
    void (*each)(void *ctx, const struct store_evidence *), void *ctx,
    struct err *err)
{
	char hex[2 * HASH_BYTES];
	sqlite3_stmt *st = store_db_stmt(s, SQL_EVIDENCE_GET);
	struct store_evidence e = {.number = number};
	auto_str bytes = NULL;
	int64_t raw_bytes;
	struct err why;
	enum rc rc;

	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, number);
	rc = store_db_next(s, st, "read evidence", err);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? err_set(err, rc, "no evidence E%lld",
					       (long long)number)
					 : rc;
	e.media = store_db_span(st, 0);
	e.sha256 = store_hash_text(store_db_span(st, 1), hex);
	raw_bytes = sqlite3_column_int64(st, 2);
	e.bytes = store_db_span(st, 3);
	if (raw_bytes != 0) {
		rc = pack_inflate(
		    e.bytes, raw_bytes, STORE_BYTES_MAX, &bytes, &why);
		e.bytes = span_make(bytes, (size_t)raw_bytes);
	}
	if (rc == RC_OK)
		each(ctx, &e);
	else
		rc = err_set(err, RC_IO, "store %s: evidence E%lld: %s",
		    s->path, (long long)number, why.text);
	sqlite3_reset(st);
	return rc;
}

enum rc
store_evidence_share(
    struct store *s, int64_t from, int64_t to, int64_t below, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_EVIDENCE_SHARE);

	sqlite3_bind_int64(st, 1, from);
	sqlite3_bind_int64(st, 2, to);
	sqlite3_bind_int64(st, 3, below);
	return store_db_done(s, st, "share evidence", err);
}

/* Deflates the run's first loose blob after *number; moves *number on. */
static enum rc
store_evidence_next(
    struct store *s, int64_t row, int64_t *number, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_BLOB_LOOSE);
	int64_t id, raw_bytes;
	struct span raw;
	auto_buf b = {0};
	enum rc rc;

	buf_init(&b, 2 * (size_t)STORE_BYTES_MAX);
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, *number);
	rc = store_db_next(s, st, "find evidence", err);
	if (rc != RC_OK)
		return rc;
	*number = sqlite3_column_int64(st, 2);
	id = sqlite3_column_int64(st, 0);
	raw = store_db_span(st, 1);
	raw_bytes = (int64_t)raw.n;
	rc = pack_deflate(raw, &b, err);
	sqlite3_reset(st);
	if (rc != RC_OK || (int64_t)b.len >= raw_bytes)
		return rc;

	st = store_db_stmt(s, SQL_BLOB_SET);
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, raw_bytes);
	store_db_blob(st, 3, buf_span(&b));
	rc = store_db_done(s, st, "deflate evidence", err);
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
