/*
 * test_store.c - what a store promises, on the SQLite one: every op, what is
 * refused at open, what a crash leaves, and that damage is never silent.
 */
#include "common/buf.h"
#include "supervisor/store_journal.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s: %s", #call, rc_name(rc_), \
		    err.text);                                                 \
	} while (0)

static struct err err;

/* A scratch folder, a store in it, and what the last read collected. */
struct fix {
	char *dir, *path;
	struct store *s;
	uint64_t epoch;
	struct buf seen;
};

static void
fix_open(struct fix *f)
{
	MUST(ops->open(f->path, &f->s, &f->epoch, &err));
}

static void
fix_reopen(struct fix *f)
{
	ops->close(f->s);
	f->s = NULL;
	fix_open(f);
}

static void
fix_init(struct fix *f)
{
	*f = (struct fix){.dir = scratch_new()};
	f->path = xasprintf("%s/runs.db", f->dir);
	buf_init(&f->seen, 8 << 20);
	fix_open(f);
}

static void
fix_done(struct fix *f)
{
	ops->close(f->s);
	buf_done(&f->seen);
	free(f->path);
	scratch_free(f->dir);
}

#define auto_fix CLEANUP(fix_done) struct fix

static const char *
fix_seen(struct fix *f)
{
	return buf_str(&f->seen);
}

static void
see_run(void *fix, const struct store_run *r)
{
	struct fix *f = fix;

	buf_addf(&f->seen,
	    "%.*s key=%.*s digest=%.*s input=%.*s %.*s/%.*s/%.*s/%.*s "
	    "%lld %lld %lld %lld %lld %lld %lld %lld;",
	    SPAN_ARG(r->id), SPAN_ARG(r->key), SPAN_ARG(r->digest),
	    SPAN_ARG(r->input), SPAN_ARG(r->status), SPAN_ARG(r->reason),
	    SPAN_ARG(r->confidence), SPAN_ARG(r->node),
	    (long long)r->created_ms, (long long)r->finished_ms,
	    (long long)r->deadline_ms, (long long)r->iteration,
	    (long long)r->turns, (long long)r->next_task,
	    (long long)r->next_update, (long long)r->last_seq);
}

static void
see_id(void *fix, const struct store_run *r)
{
	buf_addf(&((struct fix *)fix)->seen, "%.*s ", SPAN_ARG(r->id));
}

static void
see_update(void *fix, int64_t n, struct span node, struct span update)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%lld:%.*s=", (long long)n, SPAN_ARG(node));
	buf_add_span(&f->seen, update);
	buf_addc(&f->seen, ' ');
}

static void
see_event(void *fix, int64_t seq, struct span type, struct span data)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%lld:%.*s=", (long long)seq, SPAN_ARG(type));
	buf_add_span(&f->seen, data);
	buf_addc(&f->seen, ' ');
}

static void
see_task(void *fix, const struct store_task *t)
{
	buf_addf(&((struct fix *)fix)->seen,
	    "%llu %.*s %lld %llu %.*s %.*s %.*s %.*s %.*s;",
	    (unsigned long long)t->task,
	    SPAN_ARG(t->node), (long long)t->index,
	    (unsigned long long)t->attempt, SPAN_ARG(t->state),
	    SPAN_ARG(t->worker), SPAN_ARG(t->outcome), SPAN_ARG(t->class),
	    SPAN_ARG(t->approved_by));
}

static void
see_evidence(void *fix, const struct store_evidence *e)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "E%lld %.*s %.*s ", (long long)e->number,
	    SPAN_ARG(e->media), SPAN_ARG(e->sha256));
	buf_add_span(&f->seen, e->bytes);
}

static int64_t
add_run(struct fix *f, const char *id, const char *key, int64_t finished_ms)
{
	struct store_run r = {
	    .id = span_of(id),
	    .key = span_of(key),
	    .digest = span_of("d1"),
	    .input = span_of("why?"),
	    .status = span_of(finished_ms > 0 ? "completed" : "running"),
	    .reason = span_of("r"),
	    .confidence = span_of("likely"),
	    .node = span_of("planner"),
	    .created_ms = 1,
	    .finished_ms = finished_ms,
	    .deadline_ms = 3,
	    .iteration = 4,
	    .turns = 5,
	    .next_task = 6,
	    .next_update = 7,
	    .last_seq = 8,
	};
	int64_t row = 0;

	MUST(ops->begin(f->s, &err));
	MUST(ops->run_insert(f->s, &r, &row, &err));
	MUST(ops->commit(f->s, &err));
	return row;
}

static void
put_evidence(struct fix *f, int64_t row, int64_t number, struct span bytes)
{
	unsigned char hash[32];
	char hex[65];
	struct store_evidence e = {
	    number, span_of("text/plain"), {hex, 64}, bytes};

	crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.n);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	MUST(ops->evidence_put(f->s, row, &e, &err));
}

/* Bytes no compressor makes smaller; the same every time, no NUL. */
static char *
noise(size_t n)
{
	char *p = xcalloc(1, n + 1);
	uint64_t x = 88172645463325252U;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (char)(x % 255 + 1);
	}
	return p;
}

/* A finished run of n updates and events with something to compress. */
static int64_t
add_full_run(struct fix *f, const char *id, int n)
{
	int64_t row = add_run(f, id, "", 50);
	auto_str text = xcalloc(1, 20001);

	memset(text, 'x', 20000);
	MUST(ops->begin(f->s, &err));
	for (int i = 0; i < n; i++) {
		MUST(ops->update_insert(f->s, row, i, span_of("planner"),
		    span_make("a\0b", 3), &err));
		MUST(ops->event_insert(f->s, row, i + 1, span_of("plan"),
		    span_make(text, (size_t)i * 7 % 2000), &err));
	}
	put_evidence(f, row, 1, span_of(text));
	put_evidence(f, row, 2, span_of("short"));
	MUST(ops->commit(f->s, &err));
	return row;
}

static void
see_all(struct fix *f, int64_t row)
{
	buf_reset(&f->seen);
	MUST(ops->update_each(f->s, row, see_update, f, &err));
	MUST(ops->event_each(f->s, row, 0, 1000, see_event, f, &err));
	for (int i = 1; i <= 2; i++)
		MUST(ops->evidence_get(f->s, row, i, see_evidence, f, &err));
}

START_TEST(a_run_is_read_as_it_was_written)
{
	auto_fix f;

	fix_init(&f);
	add_run(&f, "r1", "k1", 0);
	fix_reopen(&f);
	MUST(ops->run_find(f.s, span_of("r1"), see_run, &f, &err));
	ck_assert_str_eq(fix_seen(&f),
	    "r1 key=k1 digest=d1 input=why? running/r/likely/planner "
	    "1 0 3 4 5 6 7 8;");
	buf_reset(&f.seen);
	MUST(ops->run_find_key(f.s, span_of("k1"), see_id, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "r1 ");
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r2"), see_id, &f, &err), RC_NOTFOUND);
	ck_assert_int_eq(
	    ops->run_find_key(f.s, span_of(""), see_id, &f, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(run_update_changes_what_may_change)
{
	auto_fix f;
	struct store_run r = {.status = span_of("failed"),
	    .reason = span_of("disk"),
	    .confidence = span_of(""),
	    .node = span_of("END"),
	    .finished_ms = 10,
	    .iteration = 11,
	    .turns = 12,
	    .next_task = 13,
	    .next_update = 14,
	    .last_seq = 15};

	fix_init(&f);
	r.row = add_run(&f, "r1", "k1", 0);
	MUST(ops->run_update(f.s, &r, &err));
	MUST(ops->run_find(f.s, span_of("r1"), see_run, &f, &err));
	ck_assert_str_eq(fix_seen(&f),
	    "r1 key=k1 digest=d1 input=why? failed/disk//END "
	    "1 10 3 11 12 13 14 15;");
	r.row += 1;
	ck_assert_int_eq(ops->run_update(f.s, &r, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(a_taken_id_or_key_is_a_conflict_and_empty_keys_are_not)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r1"), .key = span_of("k2")};
	int64_t row = 77;

	fix_init(&f);
	add_run(&f, "r1", "k1", 0);
	ck_assert_int_eq(ops->run_insert(f.s, &r, &row, &err), RC_CONFLICT);
	r = (struct store_run){.id = span_of("r2"), .key = span_of("k1")};
	ck_assert_int_eq(ops->run_insert(f.s, &r, &row, &err), RC_CONFLICT);
	ck_assert_int_eq(row, 77);
	add_run(&f, "r3", "", 0);
	add_run(&f, "r4", "", 0);
}
END_TEST

START_TEST(lists_are_newest_first_paged_and_filtered)
{
	auto_fix f;
	struct store_list l = {.limit = 2};
	int64_t second;

	fix_init(&f);
	add_run(&f, "a", "", 0);
	second = add_run(&f, "b", "", 9);
	add_run(&f, "c", "", 0);
	MUST(ops->run_list(f.s, &l, see_id, &f, &err));
	l.before_row = second;
	MUST(ops->run_list(f.s, &l, see_id, &f, &err));
	l = (struct store_list){.limit = 9, .status = span_of("completed")};
	MUST(ops->run_list(f.s, &l, see_id, &f, &err));
	MUST(ops->run_unfinished(f.s, see_id, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "c b a b a c ");
}
END_TEST

START_TEST(events_are_read_after_a_number_up_to_a_limit)
{
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "r1", "", 40);
	add_run(&f, "r2", "", 0);
	for (int i = 1; i <= 4; i++)
		MUST(ops->event_insert(
		    f.s, row, i, span_of("plan"), span_of("{}"), &err));
	MUST(ops->event_insert(
	    f.s, row + 1, 1, span_of("other"), span_of("{}"), &err));
	for (int pass = 0; pass < 2; pass++) {
		buf_reset(&f.seen);
		MUST(ops->event_each(f.s, row, 1, 2, see_event, &f, &err));
		ck_assert_str_eq(fix_seen(&f), "2:plan={} 3:plan={} ");
		MUST(ops->event_each(f.s, row, 4, 2, see_event, &f, &err));
		ck_assert_str_eq(fix_seen(&f), "2:plan={} 3:plan={} ");
		MUST(ops->begin(f.s, &err));
		MUST(ops->run_compact(f.s, row, &err));
		MUST(ops->commit(f.s, &err));
	}
	ck_assert_int_eq(ops->event_insert(f.s, row + 1, 1, span_of("plan"),
			     span_of("{}"), &err),
	    RC_CONFLICT);
	ck_assert_int_eq(ops->event_insert(f.s, row, STORE_ITEM_MAX,
			     span_of("plan"), span_of("{}"), &err),
	    RC_TOOBIG);
}
END_TEST

START_TEST(tasks_are_replaced_and_cleared)
{
	auto_fix f;
	struct store_task t = {1, span_of("executor"), 2, 3, span_of("LEASED"),
	    span_of("w1"), {0}, span_of("UNSAFE"), span_of("ann")};
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "r1", "", 0);
	MUST(ops->task_put(f.s, row, &t, &err));
	t.state = span_of("DONE");
	t.outcome = span_of("out");
	MUST(ops->task_put(f.s, row, &t, &err));
	t.task = 0;
	MUST(ops->task_put(f.s, row, &t, &err));
	MUST(ops->task_each(f.s, row, see_task, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "1 executor 2 3 DONE w1 out UNSAFE ann;"
				       "0 executor 2 3 DONE w1 out UNSAFE ann;");
	buf_reset(&f.seen);
	MUST(ops->task_clear(f.s, row, &err));
	MUST(ops->task_each(f.s, row, see_task, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "");
}
END_TEST

START_TEST(a_task_kept_before_there_were_classes_is_read)
{
	static const char old[] = "\x96\x02\x03\xa8"
				  "executor\xa6LEASED\xa2w1\xc4\x03out";
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "r1", "", 0);
	MUST(store_journal_add(f.s, row,
	    &(struct record){.kind = STORE_TASK,
		.n = 7,
		.data = span_make(old, sizeof(old) - 1)},
	    &err));
	MUST(ops->task_each(f.s, row, see_task, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "7 executor 2 3 LEASED w1 out  ;");
}
END_TEST

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
	a = add_run(&f, "a", "", 10);
	b = add_run(&f, "b", "", 20);
	put_evidence(&f, a, 1, span_of(same));
	put_evidence(&f, a, 2, span_of(same));
	put_evidence(&f, b, 1, span_of(same));
	put_evidence(&f, a, 3, span_of(own));
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 2);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_expire(f.s, 15, 9, &n, &err));
	MUST(ops->commit(f.s, &err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 1);
	MUST(ops->evidence_get(f.s, b, 1, see_evidence, &f, &err));
	assert_contains(fix_seen(&f), "E1 text/plain ");
	assert_contains(fix_seen(&f), " ssss");
	ck_assert_int_eq(
	    ops->evidence_get(f.s, a, 1, see_evidence, &f, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(evidence_is_shared_under_its_numbers_and_outlives_its_run)
{
	auto_fix f;
	auto_str large = xcalloc(1, STORE_SMALL_BYTES + 2);
	int64_t a, b, n = 0;

	memset(large, 'l', STORE_SMALL_BYTES + 1);
	fix_init(&f);
	a = add_run(&f, "a", "", 10);
	b = add_run(&f, "b", "", 20);
	put_evidence(&f, a, 1, span_of("one"));
	put_evidence(&f, a, 2, span_of(large));
	put_evidence(&f, a, 3, span_of("three"));
	put_evidence(&f, a, 4, span_of("four"));
	put_evidence(&f, a, 5, span_of(large));
	MUST(ops->begin(f.s, &err));
	MUST(ops->evidence_share(f.s, a, b, 4, &err));
	MUST(ops->run_expire(f.s, 15, 9, &n, &err));
	MUST(ops->commit(f.s, &err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM blobs"), 1);
	MUST(ops->evidence_get(f.s, b, 1, see_evidence, &f, &err));
	MUST(ops->evidence_get(f.s, b, 2, see_evidence, &f, &err));
	MUST(ops->evidence_get(f.s, b, 3, see_evidence, &f, &err));
	assert_contains(fix_seen(&f), " one");
	assert_contains(fix_seen(&f), " llll");
	assert_contains(fix_seen(&f), " three");
	for (int i = 4; i <= 5; i++)
		ck_assert_int_eq(
		    ops->evidence_get(f.s, b, i, see_evidence, &f, &err),
		    RC_NOTFOUND);
}
END_TEST

START_TEST(small_evidence_is_found_wherever_it_stands)
{
	auto_fix f;
	char text[32];
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "a", "", 10);
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "bytes of %d", i);
		put_evidence(&f, row, i, span_of(text));
	}
	for (int pass = 0; pass < 3; pass++) {
		for (int i = 1; i <= 300; i += 23) {
			snprintf(text, sizeof(text), "bytes of %d", i);
			buf_reset(&f.seen);
			MUST(ops->evidence_get(
			    f.s, row, i, see_evidence, &f, &err));
			assert_contains(fix_seen(&f), text);
		}
		ck_assert_int_eq(
		    ops->evidence_get(f.s, row, 301, see_evidence, &f, &err),
		    RC_NOTFOUND);
		if (pass == 0)
			fix_reopen(&f);
		MUST(ops->begin(f.s, &err));
		MUST(ops->run_compact(f.s, row, &err));
		MUST(ops->commit(f.s, &err));
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
	ck_assert_int_eq(ops->evidence_put(f.s, 1, &e, &err), RC_INVALID);
	e.sha256.n = 63;
	ck_assert_int_eq(ops->evidence_put(f.s, 1, &e, &err), RC_INVALID);
}
END_TEST

START_TEST(expiring_removes_all_of_a_run_and_only_finished_ones)
{
	auto_fix f;
	int64_t n = 0;

	fix_init(&f);
	add_full_run(&f, "old", 3);
	add_run(&f, "running", "", 0);
	ck_assert_int_eq(ops->run_expire(f.s, 1000, 9, &n, &err), RC_CONFLICT);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_compact(f.s, 0, &err));
	MUST(ops->run_expire(f.s, 1000, 9, &n, &err));
	MUST(ops->commit(f.s, &err));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(&f, "SELECT (SELECT count(*) FROM journal) + "
				   "(SELECT count(*) FROM packs) + "
				   "(SELECT count(*) FROM evidence) + "
				   "(SELECT count(*) FROM blobs)"),
	    0);
	MUST(ops->run_find(f.s, span_of("running"), see_id, &f, &err));
}
END_TEST

START_TEST(trimming_takes_the_oldest_until_the_rest_fits)
{
	auto_fix f;
	struct store_list l = {.limit = 100};
	auto_str bytes = noise(20000);
	char id[16];
	int64_t n = 0;

	fix_init(&f);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		MUST(ops->update_insert(f.s, add_run(&f, id, "", 50), 0,
		    span_of("n"), span_of(bytes), &err));
	}
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_trim(f.s, 200000, 100, &n, &err));
	MUST(ops->commit(f.s, &err));
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, 20);
	MUST(ops->run_list(f.s, &l, see_id, &f, &err));
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
	row = add_full_run(&f, "r1", 100);
	see_all(&f, row);
	n = f.seen.len;
	before = buf_take(&f.seen);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_compact(f.s, 0, &err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &err), RC_NOTFOUND);
	MUST(ops->commit(f.s, &err));
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM journal"), 0);
	ck_assert_int_eq(count(&f, "SELECT count(*) FROM packs"), 1);
	ck_assert_int_eq(
	    count(&f, "SELECT count(*) FROM blobs WHERE raw_bytes = 20000"), 1);
	fix_reopen(&f);
	see_all(&f, row);
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
	MUST(store_db_connect(f->path, &db, &err));
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_gt(sqlite3_changes(db), 0);
	sqlite3_close(db);
	fix_open(f);
}

START_TEST(a_damaged_run_is_told_of_once_and_holds_up_no_other)
{
	auto_fix f;

	fix_init(&f);
	damage_run(&f, add_full_run(&f, "r1", 90));
	add_full_run(&f, "r2", 90);
	MUST(ops->begin(f.s, &err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &err), RC_INVALID);
	assert_contains(err.text, "run 1");
	MUST(ops->run_compact(f.s, 0, &err));
	ck_assert_int_eq(ops->run_compact(f.s, 0, &err), RC_NOTFOUND);
	MUST(ops->commit(f.s, &err));
	ck_assert_int_eq(count(&f, "SELECT run FROM packs"), 2);
	ck_assert_int_eq(
	    ops->event_each(f.s, 1, 0, 9, see_event, &f, &err), RC_IO);
}
END_TEST

START_TEST(what_is_added_after_a_compaction_comes_last)
{
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "r1", "", 5);
	for (int i = 0; i < 3; i++) {
		MUST(ops->update_insert(
		    f.s, row, i, span_of("n"), span_of("u"), &err));
		MUST(ops->begin(f.s, &err));
		MUST(ops->run_compact(f.s, row, &err));
		MUST(ops->commit(f.s, &err));
	}
	MUST(ops->update_insert(f.s, row, 3, span_of("n"), span_of("v"), &err));
	MUST(ops->update_each(f.s, row, see_update, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "0:n=u 1:n=u 2:n=u 3:n=v ");
}
END_TEST

START_TEST(a_run_that_goes_on_is_not_compacted)
{
	auto_fix f;
	int64_t row;

	fix_init(&f);
	row = add_run(&f, "r1", "", 0);
	ck_assert_int_eq(ops->run_compact(f.s, row, &err), RC_CONFLICT);
	MUST(ops->begin(f.s, &err));
	ck_assert_int_eq(ops->run_compact(f.s, row, &err), RC_CONFLICT);
	ck_assert_int_eq(ops->run_compact(f.s, 0, &err), RC_NOTFOUND);
	ck_assert_int_eq(ops->run_compact(f.s, row + 1, &err), RC_NOTFOUND);
	ops->rollback(f.s);
}
END_TEST

START_TEST(what_is_rolled_back_never_was)
{
	auto_fix f;
	struct store_run r = {.id = span_of("r1")};
	int64_t row = 0;

	fix_init(&f);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_insert(f.s, &r, &row, &err));
	MUST(ops->event_insert(f.s, row, 1, span_of("t"), span_of("d"), &err));
	ck_assert_int_eq(ops->run_insert(f.s, &r, &row, &err), RC_CONFLICT);
	MUST(ops->event_each(f.s, row, 0, 9, see_event, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "1:t=d ");
	ops->rollback(f.s);
	ops->rollback(f.s);
	MUST(ops->event_each(f.s, row, 0, 9, see_event, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "1:t=d ");
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r1"), see_id, &f, &err), RC_NOTFOUND);
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
	ck_assert_int_eq(ops->open(f.path, &second, &epoch, &err), RC_CONFLICT);
	assert_contains(err.text, "runs.db.lock");
	assert_contains(err.text, pid);
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
	MUST(ops->begin(first, &err));
	ops->rollback(first);
	fix_open(&f);
	ck_assert_int_eq(ops->begin(first, &err), RC_CONFLICT);
	assert_contains(err.text, "its epoch is 2, this process had 1");
	/* Nothing is open either: the new one goes on. */
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_insert(f.s, &r, &row, &err));
	MUST(ops->commit(f.s, &err));
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

/* Opening is refused, saying what, and the bytes are as they were. */
static void
assert_refused(struct fix *f, const void *bytes, size_t n, const char *what)
{
	struct store *s = NULL;
	uint64_t epoch;
	FILE *file;
	char *now = xcalloc(1, n + 1);

	ck_assert_int_eq(ops->open(f->path, &s, &epoch, &err), RC_CONFLICT);
	assert_contains(err.text, what);
	file = fopen(f->path, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(now, 1, n + 1, file), n);
	fclose(file);
	ck_assert_mem_eq(now, bytes, n);
	free(now);
}

static void
write_bytes(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

static char *
read_bytes(const char *path, size_t *ret_n)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	char *bytes;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	*ret_n = (size_t)st.st_size;
	bytes = xcalloc(1, *ret_n + 1);
	ck_assert_uint_eq(fread(bytes, 1, *ret_n, file), *ret_n);
	fclose(file);
	return bytes;
}

static void
change_by_sqlite(const char *path, const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(a_newer_schema_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	change_by_sqlite(f.path, "PRAGMA user_version = 999");
	bytes = read_bytes(f.path, &n);
	assert_refused(&f, bytes, n, "schema 999, this build knows 2");
	assert_contains(err.text, "use the newer build");
}
END_TEST

static const char *const foreign[] = {
    "hello, I am a text file of somebody's, not a database at all, and I am "
    "longer than a hundred bytes, as it happens",
    "x",
};

START_TEST(what_is_no_database_is_refused_untouched)
{
	auto_fix f;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	write_bytes(f.path, foreign[_i], strlen(foreign[_i]));
	assert_refused(&f, foreign[_i], strlen(foreign[_i]), "no database");
}
END_TEST

START_TEST(a_database_of_another_program_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(unlink(f.path), 0);
	change_by_sqlite(f.path, "CREATE TABLE t (x)");
	bytes = read_bytes(f.path, &n);
	assert_refused(&f, bytes, n, "another program");
}
END_TEST

START_TEST(a_file_that_was_cut_off_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	add_full_run(&f, "r1", 20);
	ops->close(f.s);
	f.s = NULL;
	bytes = read_bytes(f.path, &n);
	n = n / 2 / 4096 * 4096;
	write_bytes(f.path, bytes, n);
	assert_refused(&f, bytes, n, "damaged");
}
END_TEST

START_TEST(a_missing_file_beside_its_log_is_not_made_anew)
{
	auto_fix f;
	auto_str log = NULL;
	struct store *s = NULL;
	uint64_t epoch;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	log = xasprintf("%s-wal", f.path);
	ck_assert_int_eq(unlink(f.path), 0);
	write_bytes(log, "log", 3);
	ck_assert_int_eq(ops->open(f.path, &s, &epoch, &err), RC_CONFLICT);
	ck_assert_int_eq(access(f.path, F_OK), -1);
}
END_TEST

/*
 * One flip every 97 bytes, a different bit each time, so that every page is
 * met, its cells, free space and sum. What is refused is left alone; what is
 * opened must be whole (a flip in a page that holds nothing).
 */
START_TEST(no_flipped_byte_is_silent_or_harmful)
{
	auto_fix f;
	auto_str bytes = NULL;
	auto_str want = NULL;
	size_t n = 0, want_n, opened = 0, at;
	int64_t row;

	fix_init(&f);
	row = add_full_run(&f, "r1", 12);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_compact(f.s, row, &err));
	MUST(ops->commit(f.s, &err));
	add_full_run(&f, "r2", 8);
	see_all(&f, row);
	want_n = f.seen.len;
	want = buf_take(&f.seen);
	ops->close(f.s);
	f.s = NULL;
	bytes = read_bytes(f.path, &n);
	for (size_t i = 0; i * 97 < n; i++) {
		at = i * 97;
		bytes[at] = (char)(bytes[at] ^ (1 << (i % 8)));
		write_bytes(f.path, bytes, n);
		if (ops->open(f.path, &f.s, &f.epoch, &err) == RC_OK) {
			opened++;
			see_all(&f, row);
			ck_assert_uint_eq(f.seen.len, want_n);
			ck_assert_mem_eq(f.seen.data, want, want_n);
			ops->close(f.s);
			f.s = NULL;
		} else {
			assert_refused(&f, bytes, n, "left as it");
		}
		bytes[at] = (char)(bytes[at] ^ (1 << (i % 8)));
	}
	/* Pages on the free list only. */
	ck_assert_uint_lt(opened, n / 97 / 4);
}
END_TEST

START_TEST(the_whole_first_page_is_covered_byte_by_byte)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	bytes = read_bytes(f.path, &n);
	for (size_t at = 0; at < 4096; at += at < 128 ? 1 : 13) {
		bytes[at] = (char)(bytes[at] ^ 0x04);
		write_bytes(f.path, bytes, n);
		assert_refused(&f, bytes, n, "left as it");
		bytes[at] = (char)(bytes[at] ^ 0x04);
	}
}
END_TEST

/* Commits runs until it is killed, telling each that is committed, with one
 * more always half written. */
static void
write_until_killed(const char *path, int fd)
{
	struct fix f = {.path = (char *)path};
	struct store_run r = {0};
	char id[16];
	int64_t row;

	fix_open(&f);
	for (int i = 0;; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		r.id = span_of(id);
		MUST(ops->begin(f.s, &err));
		MUST(ops->run_insert(f.s, &r, &row, &err));
		for (int e = 1; e <= 20; e++)
			MUST(ops->event_insert(
			    f.s, row, e, span_of("t"), span_of("data"), &err));
		MUST(ops->commit(f.s, &err));
		if (write(fd, &i, sizeof(i)) != (ssize_t)sizeof(i))
			_exit(1);
	}
}

static void
count_event(void *n, int64_t seq, struct span type, struct span data)
{
	(void)type;
	(void)data;
	ck_assert_int_eq(seq, ++*(int64_t *)n);
}

static void
check_whole(void *fix, const struct store_run *r)
{
	struct fix *f = fix;
	int64_t n = 0;

	MUST(ops->event_each(f->s, r->row, 0, 99, count_event, &n, &err));
	ck_assert_int_eq(n, 20);
	buf_addc(&f->seen, '.');
}

START_TEST(what_was_committed_survives_a_kill_and_nothing_half)
{
	auto_fix f;
	int pipes[2], last = -1, status;
	pid_t pid;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(pipes[0]);
		write_until_killed(f.path, pipes[1]);
	}
	close(pipes[1]);
	while (last < 30 + _i * 37 &&
	       read(pipes[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		continue;
	kill(pid, SIGKILL);
	while (read(pipes[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		continue;
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	fix_open(&f);
	ck_assert_uint_eq(f.epoch, 3);
	MUST(ops->run_unfinished(f.s, check_whole, &f, &err));
	/* One more may have been committed before it could be told. */
	ck_assert_uint_ge(f.seen.len, (size_t)last + 1);
	ck_assert_uint_le(f.seen.len, (size_t)last + 2);
}
END_TEST

START_TEST(a_kill_within_a_transaction_leaves_nothing_of_it)
{
	auto_fix f;
	struct store_run r = {.id = span_of("half")};
	int64_t row = 0;
	int status;
	pid_t pid;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fix_open(&f);
		MUST(ops->begin(f.s, &err));
		MUST(ops->run_insert(f.s, &r, &row, &err));
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	fix_open(&f);
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("half"), see_id, &f, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(a_full_disk_is_told_and_work_goes_on_when_there_is_room)
{
	auto_fix f;
	auto_str log = NULL;
	auto_str data = noise(100000);
	struct rlimit limit, all;
	struct stat st;
	int64_t row;
	enum rc rc;

	fix_init(&f);
	row = add_run(&f, "r1", "", 0);
	log = xasprintf("%s-wal", f.path);
	ck_assert_int_eq(stat(log, &st), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = all;
	limit.rlim_cur = (rlim_t)st.st_size + 4096 * (rlim_t)(_i * 3);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	MUST(ops->begin(f.s, &err));
	rc = ops->event_insert(
	    f.s, row, 1, span_of("t"), span_make(data, 100000), &err);
	if (rc == RC_OK)
		rc = ops->commit(f.s, &err);
	ck_assert_int_eq(rc, RC_IO);
	assert_contains(err.text, "the disk ");
	ops->rollback(f.s);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	MUST(ops->event_each(f.s, row, 0, 9, see_event, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "");
	MUST(ops->event_insert(f.s, row, 1, span_of("t"), span_of("d"), &err));
	fix_reopen(&f);
	MUST(ops->event_each(f.s, row, 0, 9, see_event, &f, &err));
	ck_assert_str_eq(fix_seen(&f), "1:t=d ");
}
END_TEST

START_TEST(the_log_stays_bounded_under_commits_without_a_pause)
{
	auto_fix f;
	auto_str log = NULL;
	auto_str data = noise(3000);
	struct stat st;
	int64_t row;

	fix_init(&f);
	log = xasprintf("%s-wal", f.path);
	row = add_run(&f, "r1", "", 0);
	for (int i = 0; i < 600; i++) {
		MUST(ops->begin(f.s, &err));
		for (int e = 0; e < 40; e++)
			MUST(ops->event_insert(f.s, row, i * 40 + e,
			    span_of("t"), span_make(data, 3000), &err));
		MUST(ops->commit(f.s, &err));
	}
	ck_assert_int_eq(stat(log, &st), 0);
	ck_assert_int_lt(st.st_size, 40 << 20);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(access(log, F_OK), -1);
	fix_open(&f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_run_is_read_as_it_was_written, 0},
	    {run_update_changes_what_may_change, 0},
	    {a_taken_id_or_key_is_a_conflict_and_empty_keys_are_not, 0},
	    {lists_are_newest_first_paged_and_filtered, 0},
	    {events_are_read_after_a_number_up_to_a_limit, 0},
	    {tasks_are_replaced_and_cleared, 0},
	    {a_task_kept_before_there_were_classes_is_read, 0},
	    {evidence_is_shared_under_its_numbers_and_outlives_its_run, 0},
	    {large_evidence_is_kept_once_and_goes_with_its_last_run, 0},
	    {small_evidence_is_found_wherever_it_stands, 0},
	    {a_hash_that_is_none_is_refused, 0},
	    {expiring_removes_all_of_a_run_and_only_finished_ones, 0},
	    {trimming_takes_the_oldest_until_the_rest_fits, 0},
	    {compaction_is_not_noticed_by_readers, 0},
	    {a_damaged_run_is_told_of_once_and_holds_up_no_other, 0},
	    {what_is_added_after_a_compaction_comes_last, 0},
	    {a_run_that_goes_on_is_not_compacted, 0},
	    {what_is_rolled_back_never_was, 0},
	    {the_epoch_grows_with_every_open, 0},
	    {a_second_opener_is_refused_by_name_of_the_first, 0},
	    {who_was_superseded_writes_nothing_more, 0},
	    {only_the_owner_may_read_the_file, 0},
	    {a_newer_schema_is_refused_untouched, 0},
	    {what_is_no_database_is_refused_untouched, ARRAY_LEN(foreign)},
	    {a_database_of_another_program_is_refused_untouched, 0},
	    {a_file_that_was_cut_off_is_refused_untouched, 0},
	    {a_missing_file_beside_its_log_is_not_made_anew, 0},
	    {no_flipped_byte_is_silent_or_harmful, 0},
	    {the_whole_first_page_is_covered_byte_by_byte, 0},
	    {what_was_committed_survives_a_kill_and_nothing_half, 4},
	    {a_kill_within_a_transaction_leaves_nothing_of_it, 0},
	    {a_full_disk_is_told_and_work_goes_on_when_there_is_room, 6},
	    {the_log_stays_bounded_under_commits_without_a_pause, 0},
	};

	return RUN_TESTS("store", tests);
}
