/* reseal.c - makes a store that a test has changed fit its chains again. */
#include "tests/harness/reseal.h"

#include <check.h>
#include <stdlib.h>

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

/* The next row behind that one; its row, or 0. */
static int64_t
reseal_one(struct store_db *d, int64_t after, int64_t *place,
    struct chain *link)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_RUN_EACH);
	struct store_run at, *r;
	struct chain chain, seal;
	struct err err;
	int64_t row;

	sqlite3_bind_int64(st, 1, after);
	if (sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_reset(st);
		return 0;
	}
	at = row_read(st);
	r = row_copy(&at);
	ck_assert(chain_read(store_db_span(st, ROW_CHAIN), &chain));
	sqlite3_reset(st);
	row = r->row;
	row_seal(&chain, r, &seal);
	st = store_db_stmt(d, SQL_RUN_PROGRESS);
	row_bind(st, r);
	store_db_blob(st, ROW_CHAIN + 1, chain_span(&chain));
	store_db_blob(st, ROW_SEAL + 1, chain_span(&seal));
	MUST(store_db_step(d, st, "reseal", &err));
	if (r->finished_ms != 0) {
		chain_link(link, ++*place, &seal);
		st = store_db_stmt(d, SQL_RUN_END);
		row_bind(st, r);
		sqlite3_bind_int64(st, ROW_PLACE + 1, *place);
		store_db_blob(st, ROW_LINK + 1, chain_span(link));
		MUST(store_db_step(d, st, "reseal", &err));
	}
	free(r);
	return row;
}

void
reseal(struct store_db *d)
{
	static const char *const ends[] = {"base", "head"};
	struct chain link = {{0}};
	int64_t row = -1, place = 0;
	struct err err;

	/* In the order of rows, which may not be the one they ended in. */
	ck_assert_int_eq(sqlite3_exec(d->db, "UPDATE runs SET place = NULL",
			     NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		sqlite3_stmt *st;

		while (i == 1 &&
		       (row = reseal_one(d, row, &place, &link)) != 0)
			continue;
		st = store_db_stmt(d, SQL_END_SET);
		store_db_text(st, 1, span_of(ends[i]));
		sqlite3_bind_int64(st, 2, place);
		store_db_blob(st, 3, chain_span(&link));
		MUST(store_db_step(d, st, "reseal", &err));
	}
}

void
reseal_sql(const char *path, const char *sql)
{
	struct store_db d = {0};
	struct err err;

	MUST(store_db_connect(&d, path, false, &err));
	MUST(store_db_prepare(&d, &err));
	ck_assert_int_eq(
	    sqlite3_exec(d.db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(d.db, sql, NULL, NULL, NULL), SQLITE_OK);
	reseal(&d);
	ck_assert_int_eq(
	    sqlite3_exec(d.db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	store_db_done(&d);
}
