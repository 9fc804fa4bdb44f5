/*
 * store_row.h - inside the SQLite store: struct store_run and its columns.
 *
 * One table says which member is which column. Statements over whole rows
 * have the columns in its order, from ?1 and from column 0 on.
 */
#ifndef SUPERVISOR_STORE_STORE_ROW_H
#define SUPERVISOR_STORE_STORE_ROW_H

#include "supervisor/store/store_chain.h"
#include "supervisor/store/store_db.h"

/* Behind the row's own columns: parameters count from 1, columns from 0. */
enum {
	ROW_CHAIN = STORE_RUN_COLUMNS,
	ROW_SEAL,
	ROW_PLACE, /* NULL: it has not ended */
	ROW_LINK,
};

/* The row a statement is at; its spans live until st is stepped. */
struct store_run row_read(sqlite3_stmt *st);
/* Binds all columns; those the statement does not use do no harm. */
void row_bind(sqlite3_stmt *st, const struct store_run *r);
/* A copy in one piece of memory, the caller's (free). */
struct store_run *row_copy(const struct store_run *r);
/* What may change while a run goes on, from u into r. */
void row_merge(struct store_run *r, const struct store_run *u);

/* The seal over a row whose record has that chain. */
void row_seal(const struct chain *c, const struct store_run *r,
    struct chain *ret);
/* Whether the row a statement is at is what was sealed; its chain. */
bool row_fits(sqlite3_stmt *st, struct chain *ret_chain);
/* RC_IO: what is kept of that run is not what was written. */
enum rc row_unfit(const char *id, struct err *err);

#endif
