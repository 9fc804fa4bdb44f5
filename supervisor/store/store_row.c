/*
 * store_row.c - struct store_run and its columns.
 */
#include "supervisor/store/store_row.h"

#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>

enum what { FIXED = 0, TEXT = 1, MOVES = 2 };

#define COLUMN(name, what)                                                     \
	{                                                                      \
		offsetof(struct store_run, name), what                         \
	}

/* In the order of RUN_COLUMNS (store_db.c). */
static const struct {
	size_t at;
	int what;
} columns[STORE_RUN_COLUMNS] = {
    COLUMN(row, FIXED),
    COLUMN(id, TEXT),
    COLUMN(key, TEXT),
    COLUMN(digest, TEXT),
    COLUMN(input, TEXT),
    COLUMN(status, TEXT | MOVES),
    COLUMN(reason, TEXT | MOVES),
    COLUMN(confidence, TEXT | MOVES),
    COLUMN(node, TEXT | MOVES),
    COLUMN(created_ms, FIXED),
    COLUMN(finished_ms, MOVES),
    COLUMN(deadline_ms, MOVES),
    COLUMN(iteration, MOVES),
    COLUMN(turns, MOVES),
    COLUMN(next_task, MOVES),
    COLUMN(next_update, MOVES),
    COLUMN(last_seq, MOVES),
    COLUMN(recoveries, MOVES),
};

static struct span
text_of(const struct store_run *r, int i)
{
	struct span v;

	memcpy(&v, (const char *)r + columns[i].at, sizeof(v));
	return v;
}

static int64_t
number_of(const struct store_run *r, int i)
{
	int64_t v;

	memcpy(&v, (const char *)r + columns[i].at, sizeof(v));
	return v;
}

static void
set_text(struct store_run *r, int i, struct span v)
{
	memcpy((char *)r + columns[i].at, &v, sizeof(v));
}

static void
set_number(struct store_run *r, int i, int64_t v)
{
	memcpy((char *)r + columns[i].at, &v, sizeof(v));
}

struct store_run
row_read(sqlite3_stmt *st)
{
	struct store_run r = {0};

	for (int i = 0; i < STORE_RUN_COLUMNS; i++)
		if ((columns[i].what & TEXT) != 0)
			set_text(&r, i, store_db_span(st, i));
		else
			set_number(&r, i, sqlite3_column_int64(st, i));
	return r;
}

void
row_bind(sqlite3_stmt *st, const struct store_run *r)
{
	for (int i = 0; i < STORE_RUN_COLUMNS; i++)
		if ((columns[i].what & TEXT) == 0)
			sqlite3_bind_int64(st, i + 1, number_of(r, i));
		else if (columns[i].at != offsetof(struct store_run, key) ||
			 r->key.n > 0)
			store_db_text(st, i + 1, text_of(r, i));
}

struct store_run *
row_copy(const struct store_run *r)
{
	size_t n = sizeof(struct store_run);
	struct store_run *copy;
	char *at;

	for (int i = 0; i < STORE_RUN_COLUMNS; i++)
		if ((columns[i].what & TEXT) != 0)
			n += text_of(r, i).n;
	copy = xcalloc(1, n);
	*copy = *r;
	at = (char *)(copy + 1);
	for (int i = 0; i < STORE_RUN_COLUMNS; i++) {
		struct span v;

		if ((columns[i].what & TEXT) == 0)
			continue;
		v = text_of(r, i);
		if (v.n > 0)
			memcpy(at, v.p, v.n);
		set_text(copy, i, span_make(at, v.n));
		at += v.n;
	}
	return copy;
}

void
row_merge(struct store_run *r, const struct store_run *u)
{
	for (int i = 0; i < STORE_RUN_COLUMNS; i++)
		if (columns[i].what == (TEXT | MOVES))
			set_text(r, i, text_of(u, i));
		else if (columns[i].what == MOVES)
			set_number(r, i, number_of(u, i));
}

void
row_seal(const struct chain *c, const struct store_run *r, struct chain *ret)
{
	struct chain_sum sum;

	chain_sum_begin(&sum, "culprit seal");
	chain_sum_span(&sum, chain_span(c));
	for (int i = 0; i < STORE_RUN_COLUMNS; i++) {
		if ((columns[i].what & TEXT) == 0) {
			chain_sum_number(&sum, (uint64_t)number_of(r, i));
			continue;
		}
		chain_sum_number(&sum, text_of(r, i).n);
		chain_sum_span(&sum, text_of(r, i));
	}
	chain_sum_end(&sum, ret);
}

bool
row_fits(sqlite3_stmt *st, struct chain *ret_chain)
{
	struct store_run r = row_read(st);
	struct chain seal, kept;

	if (!chain_read(store_db_span(st, ROW_CHAIN), ret_chain) ||
	    !chain_read(store_db_span(st, ROW_SEAL), &kept))
		return false;
	row_seal(ret_chain, &r, &seal);
	return chain_equal(&seal, &kept) &&
	       (sqlite3_column_type(st, ROW_PLACE) == SQLITE_NULL) ==
		   (r.finished_ms == 0);
}

enum rc
row_unfit(const char *id, struct err *err)
{
	return err_set(err, RC_DAMAGED,
	    "what is kept of investigation %s is not what was written; "
	    "`culprit verify %s` says more",
	    id, id);
}
