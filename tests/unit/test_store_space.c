/*
 * test_store_space.c - evidence, compaction, expiring and trimming: what is
 * kept once, what goes, and that nobody who reads notices.
 */
#include "common/buf.h"
#include "supervisor/store_db.h"
#include "tests/harness/fix.h"
#include "tests/harness/texts.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

static int64_t
count(struct fix *f, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(f->path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

START_TEST(large_evidence_is_kept_once_and_goes_with_its_last_run)
{
	auto_fix f;
	auto_str same = xcalloc(1, STORE_SMALL_BYTES + 2);
	auto_str own = xcalloc(1, STORE_SMALL_BYTES + 2);
	int64_t a, b, n = 0;

	memset(same, 's', STORE_SMALL_BYTES + 1);
	memset(own, 'o', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	a = fix_add_run(&f, "a", "", 10);
	b = fix_add_run(&f, "b", "", 20);
	fix_put_evidence(&f, a, 1, span_of(same));
	fix_put_evidence(&f, a, 2, span_of(same));
	fix_put_evidence(&f, b, 1, span_of(same));
	fix_put_evidence(&f, a, 3, span_of(own));
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 2);
	MUST(ops->begin(f.s, &fix_err));
	MUST(ops->run_expire(f.s, 15, 9, &n, &fix_err));
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 1);
	MUST(ops->evidence_get(f.s, b, 1, fix_see_evidence, &f, &fix_err));
	assert_contains(fix_seen(&f), "E1 text/plain ");
	assert_contains(fix_seen(&f), " ssss");
	ck_assert_int_eq(
	    ops->evidence_get(f.s, a, 1, fix_see_evidence, &f, &fix_err),
	    RC_NOTFOUND);
}
END_TEST

START_TEST(evidence_is_shared_under_its_numbers_and_outlives_its_run)
{
	auto_fix f;
	auto_str large = xcalloc(1, STORE_SMALL_BYTES + 2);
	int64_t a, b, n = 0;

	memset(large, 'l', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	a = fix_add_run(&f, "a", "", 10);
	b = fix_add_run(&f, "b", "", 20);
	fix_put_evidence(&f, a, 1, span_of("one"));
	fix_put_evidence(&f, a, 2, span_of(large));
	fix_put_evidence(&f, a, 3, span_of("three"));
	fix_put_evidence(&f, a, 4, span_of("four"));
	fix_put_evidence(&f, a, 5, span_of(large));
	MUST(ops->begin(f.s, &fix_err));
	MUST(ops->evidence_share(f.s, a, b, 4, &fix_err));
	MUST(ops->run_expire(f.s, 15, 9, &n, &fix_err));
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 1);
	MUST(ops->evidence_get(f.s, b, 1, fix_see_evidence, &f, &fix_err));
	MUST(ops->evidence_get(f.s, b, 2, fix_see_evidence, &f, &fix_err));
	MUST(ops->evidence_get(f.s, b, 3, fix_see_evidence, &f, &fix_err));
	assert_contains(fix_seen(&f), " one");
	assert_contains(fix_seen(&f), " llll");
	assert_contains(fix_seen(&f), " three");
	for (int i = 4; i <= 5; i++)
		ck_assert_int_eq(ops->evidence_get(
				     f.s, b, i, fix_see_evidence, &f, &fix_err),
		    RC_NOTFOUND);
}
END_TEST

START_TEST(small_evidence_is_found_wherever_it_stands)
{
	auto_fix f;
	char text[32];
	int64_t row;

	fix_init(&f);
	row = fix_add_run(&f, "a", "", 10);
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "bytes of %d", i);
		fix_put_evidence(&f, row, i, span_of(text));
	}
	for (int pass = 0; pass < 3; pass++) {
		for (int i = 1; i <= 300; i += 23) {
			snprintf(text, sizeof(text), "bytes of %d", i);
			buf_reset(&f.seen);
			MUST(ops->evidence_get(
			    f.s, row, i, fix_see_evidence, &f, &fix_err));
			assert_contains(fix_seen(&f), text);
		}
		ck_assert_int_eq(ops->evidence_get(f.s, row, 301,
				     fix_see_evidence, &f, &fix_err),
		    RC_NOTFOUND);
		if (pass == 0)
			fix_reopen(&f);
		MUST(ops->begin(f.s, &fix_err));
		MUST(ops->run_compact(f.s, row, &fix_err));
		MUST(ops->commit(f.s, &fix_err));
	}
}
END_TEST

START_TEST(a_hash_that_is_none_is_refused)
{
	auto_fix f;
	char hex[65];
	struct store_evidence e = {1, span_of("t"), {hex, 64}, span_of("x")};

	fix_init(&f);
	memset(hex, 'g', 64);
	ck_assert_int_eq(ops->evidence_put(f.s, 1, &e, &fix_err), RC_INVALID);
	e.sha256.n = 63;
	ck_assert_int_eq(ops->evidence_put(f.s, 1, &e, &fix_err), RC_INVALID);
}
END_TEST

START_TEST(expiring_removes_all_of_a_run_and_only_finished_ones)
{
	auto_fix f;
	int64_t n = 0;

	fix_init(&f);
	fix_add_full_run(&f, "old", 3);
	fix_add_run(&f, "running", "", 0);
	ck_assert_int_eq(
	    ops->run_expire(f.s, 1000, 9, &n, &fix_err), RC_CONFLICT);
	MUST(ops->begin(f.s, &fix_err));
	MUST(ops->run_compact(f.s, 0, &fix_err));
	MUST(ops->run_expire(f.s, 1000, 9, &n, &fix_err));
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT (SELECT count(*) FROM journal) + "
				   "(SELECT count(*) FROM packs) + "
				   "(SELECT count(*) FROM evidence) + "
				   "(SELECT count(*) FROM blobs)"),
	    0);
	MUST(ops->run_find(f.s, span_of("running"), fix_see_id, &f, &fix_err));
}
END_TEST

START_TEST(trimming_takes_the_oldest_until_the_rest_fits)
{
	auto_fix f;
	struct store_list l = {.limit = 100};
	auto_str bytes = fix_noise(20000);
	char id[16];
	int64_t n = 0;

	fix_init(&f);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		MUST(ops->update_insert(f.s, fix_add_run(&f, id, "", 50), 0,
		    span_of("n"), span_of(bytes), &fix_err));
	}
	MUST(ops->begin(f.s, &fix_err));
	MUST(ops->run_trim(f.s, 200000, 100, &n, &fix_err));
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, 20);
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	assert_contains(fix_seen(&f), "r19 ");
	assert_lacks(fix_seen(&f), "r0 ");
}
END_TEST

START_TEST(compaction_is_not_noticed_by_readers)
{
	auto_fix f;
	auto_str before = NULL;
	size_t n;
	int64_t row;

	fix_init(&f);
	row = fix_add_full_run(&f, "r1", 100);
	fix_see_all(&f, row);
	n = f.seen.len;
	before = buf_take(&f.seen);
	MUST(ops->begin(f.s, &fix_err));
	MUST(ops->run_compact(f.s, 0, &fix_err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &fix_err), RC_NOTFOUND);
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM journal"), 0);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM packs"), 1);
	ck_assert_int_eq(
	    count(&f, "SELECT count(*) FROM blobs WHERE raw_bytes = 20000"), 1);
	fix_reopen(&f);
	fix_see_all(&f, row);
	ck_assert_uint_eq(f.seen.len, n);
	ck_assert_mem_eq(f.seen.data, before, n);
}
END_TEST

/* Through the store's VFS: only the content is wrong. */
static void
damage_run(struct fix *f, int64_t row)
{
	auto_str sql = xasprintf("UPDATE journal SET data = x'00' WHERE run = "
				 "%lld AND raw_bytes > 0",
	    (long long)row);
	sqlite3 *db = NULL;

	ops->close(f->s);
	f->s = NULL;
	MUST(store_db_connect(f->path, &db, &fix_err));
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_gt(sqlite3_changes(db), 0);
	sqlite3_close(db);
	fix_open(f);
}

START_TEST(a_damaged_run_is_told_of_once_and_holds_up_no_other)
{
	auto_fix f;

	fix_init(&f);
	damage_run(&f, fix_add_full_run(&f, "r1", 90));
	fix_add_full_run(&f, "r2", 90);
	MUST(ops->begin(f.s, &fix_err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &fix_err), RC_INVALID);
	assert_contains(fix_err.text, "run 1");
	MUST(ops->run_compact(f.s, 0, &fix_err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &fix_err), RC_NOTFOUND);
	MUST(ops->commit(f.s, &fix_err));
	ck_assert_int_eq(count(&f, "SELECT run FROM packs"), 2);
	ck_assert_int_eq(
	    ops->event_each(f.s, 1, 0, 9, fix_see_event, &f, &fix_err), RC_IO);
}
END_TEST

START_TEST(what_is_added_after_a_compaction_comes_last)
{
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = fix_add_run(&f, "r1", "", 5);
	for (int i = 0; i < 3; i++) {
		MUST(ops->update_insert(
		    f.s, row, i, span_of("n"), span_of("u"), &fix_err));
		MUST(ops->begin(f.s, &fix_err));
		MUST(ops->run_compact(f.s, row, &fix_err));
		MUST(ops->commit(f.s, &fix_err));
	}
	MUST(ops->update_insert(
	    f.s, row, 3, span_of("n"), span_of("v"), &fix_err));
	MUST(ops->update_each(f.s, row, fix_see_update, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "0:n=u 1:n=u 2:n=u 3:n=v ");
}
END_TEST

START_TEST(a_run_that_goes_on_is_not_compacted)
{
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = fix_add_run(&f, "r1", "", 0);
	ck_assert_int_eq(ops->run_compact(f.s, row, &fix_err), RC_CONFLICT);
	MUST(ops->begin(f.s, &fix_err));
	ck_assert_int_eq(ops->run_compact(f.s, row, &fix_err), RC_CONFLICT);
	ck_assert_int_eq(ops->run_compact(f.s, 0, &fix_err), RC_NOTFOUND);
	ck_assert_int_eq(ops->run_compact(f.s, row + 1, &fix_err), RC_NOTFOUND);
	ops->rollback(f.s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {large_evidence_is_kept_once_and_goes_with_its_last_run, 0},
	    {evidence_is_shared_under_its_numbers_and_outlives_its_run, 0},
	    {small_evidence_is_found_wherever_it_stands, 0},
	    {a_hash_that_is_none_is_refused, 0},
	    {expiring_removes_all_of_a_run_and_only_finished_ones, 0},
	    {trimming_takes_the_oldest_until_the_rest_fits, 0},
	    {compaction_is_not_noticed_by_readers, 0},
	    {a_damaged_run_is_told_of_once_and_holds_up_no_other, 0},
	    {what_is_added_after_a_compaction_comes_last, 0},
	    {a_run_that_goes_on_is_not_compacted, 0},
	};

	return RUN_TESTS("store_space", tests);
}
