/*
 * store_slip.c - what is kept beside runs: gathered, written, read.
 */
#include "supervisor/store/store_slip.h"

#include <assert.h>

#include "common/wire/wire.h"

enum { DROPPED = 0x80 }; /* or-ed to the kind of its record */

static enum rc
add(struct store *s, const struct record *r, struct err *err)
{
	if (r->label.n > STORE_SLIP_KEY_MAX || r->data.n > STORE_SLIP_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "what is kept beside a run: at most %d bytes each",
		    STORE_SLIP_BYTES_MAX);
	pack_add(&s->open->slips, r);
	return buf_check(
	    &s->open->slips, "what is kept beside runs at once", err);
}

enum rc
slip_put(struct store *s, const struct store_slip *slip, struct err *err)
{
	return add(s,
	    &(struct record){
		(uint8_t)slip->kind, slip->row, slip->key, slip->data},
	    err);
}

enum rc
slip_drop(struct store *s, enum store_slip_kind kind, struct span key,
    struct err *err)
{
	return add(s,
	    &(struct record){.kind = (uint8_t)(kind | DROPPED), .label = key},
	    err);
}

static enum rc
slip_write(struct store_db *d, const struct record *r, struct err *err)
{
	bool drop = (r->kind & DROPPED) != 0;
	sqlite3_stmt *st = store_db_stmt(d, drop ? SQL_SLIP_DROP : SQL_SLIP_PUT);

	sqlite3_bind_int64(st, 1, r->kind & ~DROPPED);
	store_db_blob(st, 2, r->label);
	if (!drop) {
		sqlite3_bind_int64(st, 3, r->n);
		store_db_blob(st, 4, r->data);
	}
	return store_db_step(d, st, "keep what is beside a run", err);
}

enum rc
slips_write(struct store_db *d, const struct batch *b, struct err *err)
{
	struct span rest = buf_span(&b->slips);
	struct record r;
	enum rc rc;

	while ((rc = pack_next(&rest, &r, err)) == RC_OK) {
		rc = slip_write(d, &r, err);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
slips_hand(struct store *s, sqlite3_stmt *st, enum store_slip_kind kind,
    void (*each)(void *ctx, const struct store_slip *), void *ctx,
    struct err *err)
{
	struct store_slip slip = {.kind = kind};
	struct err ignored;
	enum rc rc;

	while ((rc = store_db_next(&s->read, st, "read what is beside runs",
		    err)) == RC_OK) {
		slip.key = store_db_span(st, 0);
		slip.row = sqlite3_column_int64(st, 1);
		slip.data = store_db_span(st, 2);
		if (wire_check(slip.data, &ignored) != RC_OK)
			slip.data = (struct span){NULL, 0};
		each(ctx, &slip);
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
slip_each(struct store *s, enum store_slip_kind kind, int64_t row,
    void (*each)(void *ctx, const struct store_slip *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st =
	    store_db_stmt(&s->read, row == 0 ? SQL_SLIP_EACH : SQL_SLIP_OF);

	sqlite3_bind_int64(st, 1, kind);
	if (row != 0)
		sqlite3_bind_int64(st, 2, row);
	return slips_hand(s, st, kind, each, ctx, err);
}

enum rc
slip_under(struct store *s, enum store_slip_kind kind, struct span begin,
    void (*each)(void *ctx, const struct store_slip *), void *ctx,
    struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(&s->read, SQL_SLIP_UNDER);
	char end[STORE_SLIP_KEY_MAX];

	/* The first key that does not begin with it. */
	assert(begin.n > 0 && begin.n <= sizeof(end));
	memcpy(end, begin.p, begin.n);
	end[begin.n - 1]++;
	sqlite3_bind_int64(st, 1, kind);
	store_db_blob(st, 2, begin);
	store_db_blob(st, 3, span_make(end, begin.n));
	return slips_hand(s, st, kind, each, ctx, err);
}
