/*
 * test_store_space.c - evidence, the journal, expiring and trimming: what is
 * kept once, what goes, and that nobody who reads notices.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "supervisor/store/store_tails.h"
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

/* Ends a run, with all that was written of it. */
static void
end_run(struct fix *f, int64_t row, int64_t at_ms)
{
	struct store_run r = {.row = row,
	    .status = span_of("completed"),
	    .finished_ms = at_ms};

	MUST(ops->run_update(f->s, &r, &fix_err));
	fix_settle(f);
}

/* Those that ended before that go. */
static void
expire(struct fix *f, int64_t before_ms)
{
	ops->keep(f->s, before_ms, INT64_MAX);
	fix_settle(f);
}

START_TEST(large_evidence_is_kept_once_and_goes_with_its_last_run)
{
	auto_fix f;
	auto_str same = xcalloc(1, STORE_SMALL_BYTES + 2);
	auto_str own = xcalloc(1, STORE_SMALL_BYTES + 2);
	int64_t a, b;

	memset(same, 's', STORE_SMALL_BYTES + 1);
	memset(own, 'o', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	a = fix_add_run(&f, "a", "", 0);
	b = fix_add_run(&f, "b", "", 0);
	fix_put_evidence(&f, a, 1, span_of(same));
	fix_put_evidence(&f, a, 2, span_of(same));
	fix_put_evidence(&f, b, 1, span_of(same));
	fix_put_evidence(&f, a, 3, span_of(own));
	end_run(&f, a, 10);
	end_run(&f, b, 20);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 2);
	expire(&f, 15);
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
	struct store_run r = {.id = span_of("b")};
	int64_t a, b;

	memset(large, 'l', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	a = fix_add_run(&f, "a", "", 0);
	fix_put_evidence(&f, a, 1, span_of("one"));
	fix_put_evidence(&f, a, 2, span_of(large));
	fix_put_evidence(&f, a, 3, span_of("three"));
	fix_put_evidence(&f, a, 4, span_of("four"));
	fix_put_evidence(&f, a, 5, span_of(large));
	end_run(&f, a, 10);
	MUST(ops->run_insert(f.s, &r, &b, &fix_err));
	MUST(ops->evidence_share(f.s, a, b, 4, &fix_err));
	fix_settle(&f);
	expire(&f, 15);
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
	row = fix_add_run(&f, "a", "", 0);
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "bytes of %d", i);
		fix_put_evidence(&f, row, i, span_of(text));
		/* Of one that goes on there are many rows. */
		if (i % 50 == 0)
			fix_settle(&f);
	}
	/* Not durable, then in rows, then of one that ended, then by another
	 * process. */
	fix_put_evidence(&f, row, 301, span_of("the last"));
	for (int pass = 0; pass < 4; pass++) {
		for (int i = 1; i <= 300; i += 23) {
			snprintf(text, sizeof(text), "bytes of %d", i);
			buf_reset(&f.seen);
			MUST(ops->evidence_get(
			    f.s, row, i, fix_see_evidence, &f, &fix_err));
			assert_contains(fix_seen(&f), text);
		}
		buf_reset(&f.seen);
		MUST(ops->evidence_written(
		    f.s, row, 301, fix_see_evidence, &f, &fix_err));
		assert_contains(fix_seen(&f), "the last");
		ck_assert_int_eq(ops->evidence_get(f.s, row, 302,
				     fix_see_evidence, &f, &fix_err),
		    RC_NOTFOUND);
		if (pass == 0)
			fix_settle(&f);
		if (pass == 1)
			end_run(&f, row, 10);
		if (pass == 2)
			fix_reopen(&f);
	}
}
END_TEST

START_TEST(large_evidence_is_found_before_it_is_durable)
{
	auto_fix f;
	auto_str large = xcalloc(1, STORE_SMALL_BYTES + 2);
	int64_t row;

	memset(large, 'l', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	row = fix_add_run(&f, "a", "", 0);
	fix_put_evidence(&f, row, 1, span_of(large));
	fix_put_evidence(&f, row, 2, span_of(""));
	ck_assert_int_eq(
	    ops->evidence_get(f.s, row, 1, fix_see_evidence, &f, &fix_err),
	    RC_NOTFOUND);
	for (int pass = 0; pass < 2; pass++) {
		buf_reset(&f.seen);
		MUST(ops->evidence_written(
		    f.s, row, 1, fix_see_evidence, &f, &fix_err));
		ck_assert_uint_gt(f.seen.len, STORE_SMALL_BYTES);
		buf_reset(&f.seen);
		MUST(ops->evidence_written(
		    f.s, row, 2, fix_see_evidence, &f, &fix_err));
		assert_contains(fix_seen(&f), "E2 text/plain e3b0c442");
		fix_settle(&f);
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

	fix_init(&f);
	fix_add_full_run(&f, "old", 3);
	fix_add_run(&f, "running", "", 0);
	expire(&f, 1000);
	ck_assert_int_eq(count(&f, "SELECT (SELECT count(*) FROM journal) + "
				   "(SELECT count(*) FROM refs) + "
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
	int64_t row;

	fix_init(&f);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		row = fix_add_run(&f, id, "", 0);
		MUST(ops->update_insert(
		    f.s, row, 0, span_of("n"), span_of(bytes), &fix_err));
		end_run(&f, row, 50);
	}
	ops->keep(f.s, 0, 200000);
	fix_settle(&f);
	ck_assert_int_gt(count(&f, "SELECT count(*) FROM runs"), 2);
	ck_assert_int_lt(count(&f, "SELECT count(*) FROM runs"), 12);
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	assert_contains(fix_seen(&f), "r19 ");
	assert_lacks(fix_seen(&f), "r0 ");
}
END_TEST

/* Also where rows lean on each other, and one does not since another process
 * wrote those before it. */
START_TEST(a_run_is_read_over_all_its_rows)
{
	auto_fix f;
	auto_str before = NULL;
	struct store_run r = {.id = span_of("r1")};
	auto_str text = fix_noise(2000);
	int64_t row, rows;
	size_t n;

	fix_init(&f);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	for (int i = 0; i < 100; i++) {
		MUST(ops->update_insert(f.s, row, i, span_of("planner"),
		    span_make("a\0b", 3), &fix_err));
		MUST(ops->event_insert(f.s, row, i + 1, span_of("plan"),
		    span_make(text, (size_t)i * 7 % 2000), &fix_err));
		if (i % 9 == 0)
			fix_settle(&f);
		if (i == 50)
			fix_reopen(&f);
		if (i % 20 == 0)
			MUST(ops->event_each(
			    f.s, row, i, 9, fix_see_event, &f, &fix_err));
	}
	fix_put_evidence(&f, row, 1, span_of(text));
	fix_put_evidence(&f, row, 2, span_of("short"));
	fix_settle(&f);
	rows = count(&f, "SELECT count(*) FROM journal");
	ck_assert_int_ge(rows, 12);
	ck_assert_int_eq(
	    count(&f, "SELECT sum(leans) FROM journal"), rows - 2);
	/* What was said before is hardly written again. */
	ck_assert_int_lt(
	    count(&f, "SELECT sum(length(data)) FROM journal"), 9000);
	fix_see_all(&f, row);
	n = f.seen.len;
	before = buf_take(&f.seen);
	end_run(&f, row, 50);
	for (int pass = 0; pass < 2; pass++) {
		fix_see_all(&f, row);
		ck_assert_uint_eq(f.seen.len, n);
		ck_assert_mem_eq(f.seen.data, before, n);
		fix_reopen(&f);
	}
}
END_TEST

START_TEST(more_runs_than_are_known_at_once_go_on)
{
	enum { RUNS = TAILS_MAX + 50 };
	auto_fix f;
	char id[16];

	fix_init(&f);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < RUNS; i++) {
			struct store_run r = {.id = span_of(id)};
			int64_t row = i + 1;

			snprintf(id, sizeof(id), "r%d", i);
			r.id = span_of(id);
			if (round == 0)
				MUST(ops->run_insert(f.s, &r, &row, &fix_err));
			MUST(ops->event_insert(f.s, row, round + 1,
			    span_of("t"), span_of(id), &fix_err));
		}
		fix_settle(&f);
	}
	for (int i = 0; i < RUNS; i += 97) {
		auto_str want = xasprintf("1:t=r%d 2:t=r%d ", i, i);

		buf_reset(&f.seen);
		MUST(ops->event_each(
		    f.s, i + 1, 0, 9, fix_see_event, &f, &fix_err));
		ck_assert_str_eq(fix_seen(&f), want);
	}
}
END_TEST

/* Half a million events are some hundred pages to a viewer. */
START_TEST(reading_page_by_page_expands_a_run_once)
{
	enum { EVENTS = 20000, PAGE = 100 };
	auto_fix f;
	auto_str text = fix_noise(300);
	struct store_run r = {.id = span_of("long")};
	int64_t row, begun, whole, paged;

	fix_init(&f);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	for (int i = 1; i <= EVENTS; i++)
		MUST(ops->event_insert(
		    f.s, row, i, span_of("t"), span_of(text), &fix_err));
	end_run(&f, row, 9);
	fix_reopen(&f);
	buf_init(&f.seen, 64 << 20);
	begun = clk_mono_us();
	MUST(ops->event_each(
	    f.s, row, 0, EVENTS, fix_see_event, &f, &fix_err));
	whole = clk_mono_us() - begun;
	begun = clk_mono_us();
	for (int i = 0; i < EVENTS; i += PAGE) {
		buf_reset(&f.seen);
		MUST(ops->event_each(
		    f.s, row, i, PAGE, fix_see_event, &f, &fix_err));
	}
	paged = clk_mono_us() - begun;
	/* Expanded anew for each page it would be two hundred times that. */
	ck_assert_int_lt(paged, 20 * whole + 20000);
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
	    {large_evidence_is_found_before_it_is_durable, 0},
	    {a_run_is_read_over_all_its_rows, 0},
	    {more_runs_than_are_known_at_once_go_on, 0},
	    {reading_page_by_page_expands_a_run_once, 0},
	};

	return RUN_TESTS("store_space", tests);
}
