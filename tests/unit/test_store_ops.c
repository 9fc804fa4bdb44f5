/*
 * test_store_ops.c - what a store promises, on the SQLite one: runs, updates,
 * events, tasks and whose it is.
 */
#include "common/base/buf.h"
#include "common/wire/wire.h"
#include "supervisor/store/store.h"
#include "supervisor/store/store_db.h"
#include "supervisor/store/store_task.h"
#include "tests/harness/fix.h"
#include "tests/harness/texts.h"

#include <sodium.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

static void
see_run(void *fix, const struct store_run *r)
{
	struct fix *f = fix;

	buf_addf(&f->seen,
	    "%.*s key=%.*s digest=%.*s input=%.*s %.*s/%.*s/%.*s/%.*s "
	    "%lld %lld %lld %lld %lld %lld %lld %lld %lld;",
	    SPAN_ARG(r->id), SPAN_ARG(r->key), SPAN_ARG(r->digest),
	    SPAN_ARG(r->input), SPAN_ARG(r->status), SPAN_ARG(r->reason),
	    SPAN_ARG(r->confidence), SPAN_ARG(r->node),
	    (long long)r->created_ms, (long long)r->finished_ms,
	    (long long)r->deadline_ms, (long long)r->iteration,
	    (long long)r->turns, (long long)r->next_task,
	    (long long)r->next_update, (long long)r->last_seq,
	    (long long)r->recoveries);
}

static void
see_task(void *fix, const struct store_task *t)
{
	buf_addf(&((struct fix *)fix)->seen,
	    "%llu %.*s %lld %llu %.*s %.*s %.*s %.*s %.*s %lld %lld;",
	    (unsigned long long)t->task, SPAN_ARG(t->node), (long long)t->index,
	    (unsigned long long)t->attempt, SPAN_ARG(t->state),
	    SPAN_ARG(t->worker), SPAN_ARG(t->outcome), SPAN_ARG(t->class),
	    SPAN_ARG(t->approved_by), (long long)t->deaths,
	    (long long)t->until_ms);
}

START_TEST(a_run_is_read_as_it_was_written)
{
	auto_fix f;

	fix_init(&f);
	fix_add_run(&f, "r1", "k1", 0);
	fix_reopen(&f);
	MUST(ops->run_find(f.s, span_of("r1"), see_run, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f),
	    "r1 key=k1 digest=d1 input=why? running/r/likely/planner "
	    "1 0 3 4 5 6 0 0 9;");
	buf_reset(&f.seen);
	MUST(ops->run_find_key(f.s, span_of("k1"), fix_see_id, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "r1 ");
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r2"), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
	ck_assert_int_eq(
	    ops->run_find_key(f.s, span_of(""), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
}
END_TEST

START_TEST(run_update_changes_what_may_change)
{
	auto_fix f;
	struct store_run r = {.id = span_of("another"),
	    .key = span_of("k2"),
	    .status = span_of("failed"),
	    .reason = span_of("disk"),
	    .confidence = span_of(""),
	    .node = span_of("END"),
	    .created_ms = 99,
	    .iteration = 11,
	    .turns = 12,
	    .next_task = 13,
	    .next_update = 14,
	    .last_seq = 15,
	    .recoveries = 16,
	    .deadline_ms = 17};

	fix_init(&f);
	r.row = fix_add_run(&f, "r1", "k1", 0);
	MUST(ops->run_update(f.s, &r, &fix_err));
	fix_settle(&f);
	MUST(ops->run_find(f.s, span_of("r1"), see_run, &f, &fix_err));
	r.finished_ms = 10;
	MUST(ops->run_update(f.s, &r, &fix_err));
	fix_settle(&f);
	MUST(ops->run_find(f.s, span_of("r1"), see_run, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f),
	    "r1 key=k1 digest=d1 input=why? running/disk//END "
	    "1 0 17 11 12 13 14 15 16;"
	    "r1 key=k1 digest=d1 input=why? failed/disk//END "
	    "1 10 17 11 12 13 14 15 16;");
}
END_TEST

/* Hands the batch over, which fails so. */
static void
assert_fails(struct fix *f, enum rc rc, const char *what)
{
	ck_assert_uint_gt(ops->commit(f->s), 0);
	ck_assert_int_eq(ops->wait(f->s, &fix_err), rc);
	assert_contains(fix_err.text, what);
	fix_reopen(f);
}

START_TEST(what_is_there_already_fails_its_batch_whole)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r2"), .status = span_of("x")};
	struct store_run late = {.status = span_of("x"), .finished_ms = 3};
	int64_t row, first;

	fix_init(&f);
	first = fix_add_run(&f, "r1", "k1", 0);
	fix_add_run(&f, "r3", "", 0);
	fix_add_run(&f, "r4", "", 0);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	r.id = span_of("r1");
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	assert_fails(&f, RC_CONFLICT, "add a run");
	r = (struct store_run){.id = span_of("r2"), .key = span_of("k1")};
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	assert_fails(&f, RC_CONFLICT, "add a run");
	late.row = 99;
	MUST(ops->run_update(f.s, &late, &fix_err));
	assert_fails(&f, RC_NOTFOUND, "no run in row 99");
	late.row = first;
	MUST(ops->run_update(f.s, &late, &fix_err));
	fix_settle(&f);
	MUST(ops->event_insert(
	    f.s, first, 1, span_of("t"), span_of("d"), &fix_err));
	assert_fails(&f, RC_CONFLICT, "run r1 has ended");
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r2"), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
}
END_TEST

START_TEST(a_key_is_found_before_it_is_durable)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r1"), .key = span_of("k1")};
	int64_t row;

	fix_init(&f);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	MUST(ops->run_find_key(f.s, span_of("k1"), fix_see_id, &f, &fix_err));
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r1"), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
	ops->commit(f.s);
	MUST(ops->run_find_key(f.s, span_of("k1"), fix_see_id, &f, &fix_err));
	MUST(ops->wait(f.s, &fix_err));
	MUST(ops->run_find(f.s, span_of("r1"), fix_see_id, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "r1 r1 r1 ");
}
END_TEST

START_TEST(batches_are_settled_in_their_order)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r1")};
	struct pollfd p = {.events = POLLIN};
	uint64_t upto = 0;
	int64_t row;

	fix_init(&f);
	p.fd = ops->fd(f.s);
	ck_assert_uint_eq(ops->commit(f.s), 0);
	ck_assert_int_eq(ops->under_way(f.s), 0);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	ck_assert_uint_eq(ops->commit(f.s), 1);
	for (int64_t n = 1; n <= 3; n++) {
		MUST(ops->event_insert(
		    f.s, row, n, span_of("t"), span_of("d"), &fix_err));
		ck_assert_uint_eq(ops->commit(f.s), (uint64_t)n + 1);
	}
	while (upto < 4) {
		uint64_t before = upto;

		ck_assert_int_eq(poll(&p, 1, 60000), 1);
		MUST(ops->settled(f.s, &upto, &fix_err));
		ck_assert_uint_ge(upto, before);
	}
	ck_assert_uint_eq(upto, 4);
	ck_assert_int_eq(ops->under_way(f.s), 0);
	MUST(ops->event_each(f.s, row, 0, 9, fix_see_event, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "1:t=d 2:t=d 3:t=d ");
}
END_TEST

START_TEST(lists_are_newest_first_paged_and_filtered)
{
	auto_fix f;
	struct store_list l = {.limit = 2};
	int64_t second;

	fix_init(&f);
	fix_add_run(&f, "a", "", 0);
	second = fix_add_run(&f, "b", "", 9);
	fix_add_run(&f, "c", "", 0);
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	l.before_row = second;
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	l = (struct store_list){.limit = 9, .status = span_of("completed")};
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	MUST(ops->run_unfinished(f.s, fix_see_id, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "c b a b a c ");
}
END_TEST

START_TEST(events_are_read_after_a_number_up_to_a_limit)
{
	auto_fix f;
	int64_t row;
	struct store_run end = {.status = span_of("x"), .finished_ms = 40};

	fix_init(&f);
	row = fix_add_run(&f, "r1", "", 0);
	fix_add_run(&f, "r2", "", 0);
	for (int i = 1; i <= 4; i++)
		MUST(ops->event_insert(
		    f.s, row, i, span_of("plan"), span_of("{}"), &fix_err));
	MUST(ops->event_insert(
	    f.s, row + 1, 1, span_of("other"), span_of("{}"), &fix_err));
	fix_settle(&f);
	for (int pass = 0; pass < 2; pass++) {
		buf_reset(&f.seen);
		MUST(ops->event_each(
		    f.s, row, 1, 2, fix_see_event, &f, &fix_err));
		ck_assert_str_eq(fix_seen(&f), "2:plan={} 3:plan={} ");
		MUST(ops->event_each(
		    f.s, row, 4, 2, fix_see_event, &f, &fix_err));
		ck_assert_str_eq(fix_seen(&f), "2:plan={} 3:plan={} ");
		/* It ends, and is packed. */
		end.row = row;
		if (pass == 0)
			MUST(ops->run_update(f.s, &end, &fix_err));
		fix_settle(&f);
	}
	ck_assert_int_eq(ops->event_insert(f.s, row, STORE_ITEM_MAX,
			     span_of("plan"), span_of("{}"), &fix_err),
	    RC_TOOBIG);
	MUST(ops->event_insert(
	    f.s, row + 1, 1, span_of("plan"), span_of("{}"), &fix_err));
	assert_fails(&f, RC_CONFLICT, "run r2 has its item 1 already");
}
END_TEST

START_TEST(tasks_are_replaced_and_cleared)
{
	auto_fix f;
	struct store_task t = {1, span_of("executor"), 2, 3, span_of("LEASED"),
	    span_of("w1"), {0}, span_of("UNSAFE"), span_of("ann"), 2, 77};
	int64_t row;

	fix_init(&f);
	row = fix_add_run(&f, "r1", "", 0);
	MUST(ops->task_put(f.s, row, &t, &fix_err));
	t.state = span_of("DONE");
	t.outcome = span_of("out");
	MUST(ops->task_put(f.s, row, &t, &fix_err));
	t.task = 0;
	MUST(ops->task_put(f.s, row, &t, &fix_err));
	fix_settle(&f);
	MUST(ops->task_each(f.s, row, see_task, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f),
	    "1 executor 2 3 DONE w1 out UNSAFE ann 2 77;"
	    "0 executor 2 3 DONE w1 out UNSAFE ann 2 77;");
	buf_reset(&f.seen);
	MUST(ops->task_clear(f.s, row, &fix_err));
	fix_settle(&f);
	MUST(ops->task_each(f.s, row, see_task, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "");
}
END_TEST

/* Of before a step's wait had a time of its own. */
START_TEST(a_task_of_an_earlier_version_is_read)
{
	auto_fix f;
	auto_buf data = {.max = 1000}, records = {.max = 1000};

	fix_init(&f);
	wire_put_array(&data, 9);
	wire_put_int(&data, 2);
	wire_put_u64(&data, 3);
	wire_put_str(&data, "executor");
	wire_put_str(&data, "WAITING");
	wire_put_str(&data, "");
	wire_put_bin(&data, span_of("out"));
	wire_put_str(&data, "UNSAFE");
	wire_put_str(&data, "ann");
	wire_put_int(&data, 2);
	pack_add(&records,
	    &(struct record){STORE_TASK, 7, {NULL, 0}, buf_span(&data)});
	MUST(store_tasks_hand(buf_span(&records), see_task, &f, &fix_err));
	ck_assert_str_eq(
	    fix_seen(&f), "7 executor 2 3 WAITING  out UNSAFE ann 2 0;");
}
END_TEST

START_TEST(what_is_rolled_back_never_was)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r1")};
	int64_t row = 0;

	fix_init(&f);
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	MUST(ops->event_insert(
	    f.s, row, 1, span_of("t"), span_of("d"), &fix_err));
	ops->rollback(f.s);
	ops->rollback(f.s);
	fix_settle(&f);
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r1"), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
	ck_assert_int_eq(
	    ops->event_each(f.s, row, 0, 9, fix_see_event, &f, &fix_err),
	    RC_NOTFOUND);
}
END_TEST

/* ---- calls of models ---- */

static void
put_call(struct fix *f, int64_t id, const char *run, int64_t day,
    bool settled, int64_t tokens)
{
	MUST(ops->call_put(f->s,
	    &(struct store_call){.id = id,
		.run = span_of(run),
		.what = span_of("1.1.1"),
		.model = span_of("m"),
		.day = day,
		.settled = settled,
		.tokens = tokens,
		.cost = 10 * tokens},
	    &fix_err));
}

static int64_t
tokens_of(struct fix *f, int64_t day, const char *run)
{
	struct store_sum sum;

	MUST(ops->call_sum(f->s, day, span_of(run), &sum, &fix_err));
	ck_assert_int_eq(sum.cost, 10 * sum.tokens);
	return sum.tokens;
}

START_TEST(calls_are_replaced_added_up_and_dropped_in_the_end)
{
	int64_t last = -1;
	auto_fix f;

	fix_init(&f);
	MUST(ops->call_last(f.s, &last, &fix_err));
	ck_assert_int_eq(last, 0);
	put_call(&f, 1, "a", 100, false, 500);
	put_call(&f, 2, "b", 100, false, 70);
	put_call(&f, 3, "a", 101, false, 9);
	fix_settle(&f);
	put_call(&f, 1, "a", 100, true, 300);
	fix_settle(&f);
	fix_reopen(&f);
	ck_assert_int_eq(tokens_of(&f, 100, ""), 370);
	ck_assert_int_eq(tokens_of(&f, 101, ""), 9);
	ck_assert_int_eq(tokens_of(&f, -1, "a"), 309);
	ck_assert_int_eq(tokens_of(&f, -1, "none"), 0);
	MUST(ops->call_last(f.s, &last, &fix_err));
	ck_assert_int_eq(last, 3);
	put_call(&f, 4, "c", 161, false, 1);
	fix_settle(&f);
	ck_assert_int_eq(tokens_of(&f, 100, ""), 0);
	ck_assert_int_eq(tokens_of(&f, 101, ""), 9);
}
END_TEST

static void
change_file(const char *path, const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int
version_of(const char *path)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* Version 5 had no table of calls. */
START_TEST(a_store_of_the_version_before_becomes_one_of_this)
{
	int64_t row;
	auto_fix f;

	fix_init(&f);
	row = fix_add_full_run(&f, "old", 5);
	ops->close(f.s);
	f.s = NULL;
	change_file(f.path, "DROP TABLE calls; PRAGMA user_version = 5");
	fix_open(&f);
	fix_see_all(&f, row);
	ck_assert_str_ne(fix_seen(&f), "");
	put_call(&f, 1, "old", 100, false, 5);
	fix_settle(&f);
	ck_assert_int_eq(tokens_of(&f, 100, ""), 5);
	ck_assert_int_eq(version_of(f.path), STORE_VERSION);
}
END_TEST

START_TEST(the_epoch_grows_with_every_open)
{
	auto_fix f;

	fix_init(&f);
	for (uint64_t i = 1; i < 5; i++) {
		ck_assert_uint_eq(f.epoch, i);
		fix_reopen(&f);
	}
}
END_TEST

START_TEST(a_second_opener_is_refused_by_name_of_the_first)
{
	auto_fix f;
	struct store *second = NULL;
	uint64_t epoch = 0;
	char pid[32];

	fix_init(&f);
	snprintf(pid, sizeof(pid), "process %ld,", (long)getpid());
	ck_assert_int_eq(
	    ops->open(f.path, &second, &epoch, &fix_err), RC_CONFLICT);
	assert_contains(fix_err.text, "runs.db.lock");
	assert_contains(fix_err.text, pid);
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(who_was_superseded_writes_nothing_more)
{
	auto_fix f;
	auto_str lock = NULL;
	struct store *first;
	struct store_run r = {.id = span_of("late"), .status = span_of("x")};
	int64_t row;

	fix_init(&f);
	first = f.s;
	lock = xasprintf("%s.lock", f.path);
	ck_assert_int_eq(unlink(lock), 0);
	fix_open(&f);
	MUST(ops->run_insert(first, &r, &row, &fix_err));
	ops->commit(first);
	ck_assert_int_eq(ops->wait(first, &fix_err), RC_CONFLICT);
	assert_contains(fix_err.text, "its epoch is 2, this process had 1");
	/* Nothing is open either: the new one goes on. */
	MUST(ops->run_insert(f.s, &r, &row, &fix_err));
	fix_settle(&f);
	ops->close(first);
}
END_TEST

START_TEST(only_the_owner_may_read_the_file)
{
	auto_fix f;
	struct stat st;

	fix_init(&f);
	ck_assert_int_eq(stat(f.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_run_is_read_as_it_was_written, 0},
	    {run_update_changes_what_may_change, 0},
	    {what_is_there_already_fails_its_batch_whole, 0},
	    {a_key_is_found_before_it_is_durable, 0},
	    {batches_are_settled_in_their_order, 0},
	    {lists_are_newest_first_paged_and_filtered, 0},
	    {events_are_read_after_a_number_up_to_a_limit, 0},
	    {tasks_are_replaced_and_cleared, 0},
	    {a_task_of_an_earlier_version_is_read, 0},
	    {what_is_rolled_back_never_was, 0},
	    {calls_are_replaced_added_up_and_dropped_in_the_end, 0},
	    {a_store_of_the_version_before_becomes_one_of_this, 0},
	    {the_epoch_grows_with_every_open, 0},
	    {a_second_opener_is_refused_by_name_of_the_first, 0},
	    {who_was_superseded_writes_nothing_more, 0},
	    {only_the_owner_may_read_the_file, 0},
	};

	return RUN_TESTS("store_ops", tests);
}
