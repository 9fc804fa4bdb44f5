/* paid.c - the store's account of a model against what its server did. */
#include "tests/harness/paid.h"

#include "common/base/rc.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>

static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n;

	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int
want(struct buf *ret, bool holds, const char *what, int64_t n)
{
	if (!holds)
		buf_addf(ret, "%s: %lld\n", what, (long long)n);
	return !holds;
}

int
paid_check(const char *data_dir, const struct paid *p, struct buf *ret)
{
	auto_str path = xasprintf("%s/culprit.db", data_dir);
	auto_str odd = xasprintf("SELECT count(*) FROM calls WHERE settled "
				 "AND (prompt <> %d OR cached <> %d OR answer "
				 "<> %d OR tokens <> %d)",
	    p->prompt, p->cached, p->answer, p->prompt + p->answer);
	auto_str less = xasprintf("SELECT count(*) FROM calls WHERE NOT "
				  "settled AND tokens < %d",
	    p->prompt + p->answer);
	int64_t n, bad = 0;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	n = number(db, odd);
	bad += want(ret, n == 0, "requests settled with other figures", n);
	n = number(db, less);
	bad += want(ret, n == 0, "requests reserved for less than they took", n);
	n = number(db, "SELECT count(*) FROM calls");
	bad += want(ret, n >= p->asked, "more was asked than was reserved", n);
	n = number(db, "SELECT count(*) FROM (SELECT 1 FROM calls WHERE "
		       "settled GROUP BY run HAVING count(*) > 1)");
	bad += want(ret, n == 0, "runs that paid for their answer twice", n);
	n = number(db, "SELECT count(*) FROM calls WHERE settled");
	bad += want(ret, n > 0, "requests that were settled", n);
	sqlite3_close(db);
	return (int)bad;
}
