/*
 * test_store_slips.c - what is kept beside runs, and the store of an earlier
 * version, which gets a place for it.
 */
#include "common/base/buf.h"
#include "supervisor/store/store_in.h"
#include "tests/harness/fix.h"
#include "tests/harness/texts.h"

#include <sqlite3.h>

static const struct store_ops *const ops = &store_sqlite;

static void
see(void *fix, const struct store_slip *slip)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%d %.*s %lld %zu;", slip->kind, SPAN_ARG(slip->key),
	    (long long)slip->row, slip->data.n);
}

/* data: a msgpack text of so many bytes. */
static void
put(struct fix *f, const char *key, int64_t row, const char *data)
{
	MUST(ops->slip_put(f->s,
	    &(struct store_slip){
		STORE_SLIP_ALERT, span_of(key), row, span_of(data)},
	    &fix_err));
}

static const char *
seen(struct fix *f, int64_t row)
{
	buf_reset(&f->seen);
	MUST(ops->slip_each(f->s, STORE_SLIP_ALERT, row, see, f, &fix_err));
	return fix_seen(f);
}

START_TEST(slips_are_replaced_dropped_and_read_by_kind_and_run)
{
	auto_fix f;
	int64_t a, b;

	fix_init(&f);
	a = fix_add_run(&f, "r1", "", 0);
	b = fix_add_run(&f, "r2", "", 5);
	put(&f, "k2", a, "\xa1x");
	put(&f, "k1", a, "\xa1x");
	put(&f, "k3", b, "\xa1x");
	put(&f, "k1", b, "\xa2xy");
	MUST(ops->slip_put(f.s,
	    &(struct store_slip){STORE_SLIP_INCIDENT, span_of("k1"), a,
		span_of("\xa0")},
	    &fix_err));
	ck_assert_str_eq(seen(&f, 0), "");
	fix_settle(&f);
	fix_reopen(&f);
	/* The second is of a run that has ended. */
	ck_assert_str_eq(seen(&f, 0), "2 k1 2 3;2 k2 1 2;2 k3 2 2;");
	ck_assert_str_eq(seen(&f, b), "2 k1 2 3;2 k3 2 2;");
	MUST(ops->slip_drop(f.s, STORE_SLIP_ALERT, span_of("k3"), &fix_err));
	fix_settle(&f);
	ck_assert_str_eq(seen(&f, b), "2 k1 2 3;");
}
END_TEST

START_TEST(slips_are_read_by_how_their_keys_begin)
{
	auto_fix f;
	int64_t a;

	fix_init(&f);
	a = fix_add_run(&f, "r1", "", 0);
	put(&f, "r1/b", a, "\xa1x");
	put(&f, "r1/a", a, "\xa1x");
	put(&f, "r1", a, "\xa1x");
	put(&f, "r10", a, "\xa1x");
	put(&f, "r2/a", a, "\xa1x");
	fix_settle(&f);
	buf_reset(&f.seen);
	MUST(ops->slip_under(
	    f.s, STORE_SLIP_ALERT, span_of("r1/"), see, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "2 r1/a 1 2;2 r1/b 1 2;");
	buf_reset(&f.seen);
	MUST(ops->slip_under(
	    f.s, STORE_SLIP_REMARK, span_of("r1/"), see, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "");
}
END_TEST

START_TEST(slips_go_with_their_run)
{
	auto_fix f;
	int64_t a, b;

	fix_init(&f);
	a = fix_add_run(&f, "r1", "", 5);
	b = fix_add_run(&f, "r2", "", 50);
	put(&f, "k1", a, "\xa1x");
	put(&f, "k2", b, "\xa1x");
	fix_settle(&f);
	ops->keep(f.s, 10, INT64_MAX);
	MUST(ops->wait(f.s, &fix_err));
	ck_assert_str_eq(seen(&f, 0), "2 k2 2 2;");
}
END_TEST

START_TEST(nothing_is_kept_of_a_run_that_is_gone)
{
	auto_fix f;

	fix_init(&f);
	put(&f, "k1", fix_add_run(&f, "r1", "", 0), "\xa1x");
	put(&f, "k2", 77, "\xa1x");
	fix_settle(&f);
	ck_assert_str_eq(seen(&f, 0), "2 k1 1 2;");
}
END_TEST

START_TEST(what_is_no_value_any_more_is_told_empty)
{
	auto_fix f;

	fix_init(&f);
	put(&f, "k1", fix_add_run(&f, "r1", "", 0), "\xa9x");
	fix_settle(&f);
	ck_assert_str_eq(seen(&f, 0), "2 k1 1 0;");
}
END_TEST

/* ---- version 4 ---- */

static void
make_it_of_version_4(const char *path)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
			     "DROP TABLE slips; DROP TABLE calls; "
			     "PRAGMA user_version = 4", NULL,
			     NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(a_store_of_version_4_is_taken_over_with_all_that_is_in_it)
{
	auto_fix f;
	auto_str before = NULL;
	struct store *view = NULL;
	int64_t row;

	fix_init(&f);
	row = fix_add_full_run(&f, "r1", 3);
	fix_see_all(&f, row);
	before = xstrdup(fix_seen(&f));
	ops->close(f.s);
	f.s = NULL;
	make_it_of_version_4(f.path);
	ck_assert_int_eq(store_view(f.path, &view, &fix_err), RC_CONFLICT);
	assert_contains(fix_err.text, "has schema 4, this build reads 6");
	fix_open(&f);
	buf_reset(&f.seen);
	fix_see_all(&f, row);
	ck_assert_str_eq(fix_seen(&f), before);
	put(&f, "k1", row, "\xa1x");
	fix_settle(&f);
	fix_reopen(&f);
	ck_assert_str_eq(seen(&f, 0), "2 k1 1 2;");
	MUST(store_view(f.path, &view, &fix_err));
	store_close(view);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {slips_are_replaced_dropped_and_read_by_kind_and_run, 0},
	    {slips_are_read_by_how_their_keys_begin, 0},
	    {slips_go_with_their_run, 0},
	    {nothing_is_kept_of_a_run_that_is_gone, 0},
	    {what_is_no_value_any_more_is_told_empty, 0},
	    {a_store_of_version_4_is_taken_over_with_all_that_is_in_it, 0},
	};

	return RUN_TESTS("store_slips", tests);
}
