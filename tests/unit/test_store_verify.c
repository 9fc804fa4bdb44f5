/*
 * test_store_verify.c - what was changed from outside is found, named and not
 * served; what ordinary tools do with the file is no change.
 */
#include "supervisor/store/store_verify.h"
#include "tests/harness/fix.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

static void
sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK,
	    "%s: %s", text, why);
	sqlite3_close(db);
}

static void
say(void *fix, const char *run, const char *what)
{
	buf_addf(&((struct fix *)fix)->seen, "%s: %s\n", run, what);
}

/* How many faults; the text is what was said of them. */
static int64_t
verify(struct fix *f, const char *path, const char *id)
{
	struct store_verified v;

	buf_reset(&f->seen);
	MUST(store_verify(path, span_of(id), say, f, &v, &fix_err));
	return v.faults;
}

/* Three runs that ended, with large and small evidence, and one under way. */
static void
fill(struct fix *f)
{
	static const char *const ids[] = {"r1", "r2", "r3"};
	auto_str text = xcalloc(1, 400);
	int64_t row;

	for (int i = 0; i < 390; i++)
		text[i] = (char)('a' + i * i * 7 % 23);
	fix_init(f);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		fix_add_full_run(f, ids[i], 3 + (int)i);
	row = fix_add_run(f, "open", "k", 0);
	for (int64_t n = 1; n <= 2; n++) {
		MUST(ops->event_insert(
		    f->s, row, n, span_of("plan"), span_of(text), &fix_err));
		fix_settle(f);
	}
}

START_TEST(what_was_written_fits)
{
	auto_fix f;
	struct store_verified v;

	fill(&f);
	/* Also beside the one that has it. */
	MUST(store_verify(f.path, span_of(""), say, &f, &v, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "");
	ck_assert_int_eq(v.faults, 0);
	ck_assert_int_eq(v.finished, 3);
	ck_assert_int_eq(v.open, 1);
	ck_assert_int_eq(v.place, 3);
	ck_assert_uint_eq(strlen(v.link), 64);
	ck_assert_int_eq(verify(&f, f.path, "r2"), 0);
	ck_assert_int_eq(store_verify(f.path, span_of("r9"), say, &f, &v,
			     &fix_err),
	    RC_NOTFOUND);
	assert_contains(fix_err.text, "there is no investigation r9");
}
END_TEST

static const struct {
	const char *sql, *want;
} changes[] = {
    {"UPDATE runs SET status = 'failed' WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET input = 'who?' WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET finished_ms = 51 WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET recoveries = 1 WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET key = 'x' WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET reason = 'x' WHERE id = 'open'", "open: its row"},
    {"UPDATE runs SET place = NULL WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET link = zeroblob(32) WHERE id = 'r2'",
	"r2: it is not the one that ended at this place"},
    {"UPDATE runs SET link = NULL WHERE id = 'r2'", "r2: its row"},
    {"UPDATE runs SET id = 'r4' WHERE id = 'r2'", "r4: its row"},
    {"DELETE FROM runs WHERE id = 'r2'", "r3: investigations that ended before"},
    {"DELETE FROM runs WHERE id = 'r1'", "r2: investigations that ended before"},
    {"DELETE FROM runs WHERE id = 'r3'", ": the investigations that ended last"},
    {"DELETE FROM runs", ": the investigations that ended last are missing"},
    {"UPDATE runs SET place = place + 9 WHERE id = 'r3'",
	"r3: investigations that ended before"},
    {"UPDATE runs SET place = CASE id WHEN 'r1' THEN 12 ELSE 11 END "
     "WHERE id IN ('r1', 'r2'); UPDATE runs SET place = place - 10 "
     "WHERE place > 10",
	"r2: it is not the one that ended at this place"},
    {"UPDATE ends SET link = zeroblob(32) WHERE name = 'head'",
	": the investigations that ended last"},
    {"DELETE FROM ends WHERE name = 'base'", ": the chain over all"},
    {"DELETE FROM journal WHERE run = 2", "r2: 4 events and 4 updates were"},
    {"UPDATE journal SET run = 3 - run WHERE run < 3", "r2: "},
    {"UPDATE journal SET data = zeroblob(length(data)) WHERE run = 2",
	"r2: it "},
    {"UPDATE journal SET raw_bytes = raw_bytes - 1 WHERE run = 2", "r2: it "},
    {"UPDATE journal SET leans = 1 - leans WHERE run = 4", "open: "},
    {"UPDATE journal SET id = 99 - id WHERE run = 4", "open: it does not expand"},
    {"DELETE FROM journal", "open: 2 events and 0 updates were written, 0"},
    {"UPDATE journal SET run = 2", "r2: "},
    {"UPDATE blobs SET data = zeroblob(20000), raw_bytes = 0",
	"r1: evidence E1: it does not expand"},
    {"DELETE FROM blobs", "r1: the bytes of evidence E1 are gone"},
    {"DELETE FROM refs WHERE run = 1; DELETE FROM refs WHERE run < 9",
	": this belongs to no investigation: blob 1"},
    {"INSERT INTO journal VALUES (777, 77, 1, 0, x'00')",
	": this belongs to no investigation: journal row"},
};

START_TEST(what_was_changed_is_named)
{
	auto_fix f;

	fill(&f);
	sql(f.path, changes[_i].sql);
	ck_assert_msg(verify(&f, f.path, "") > 0, "%s", changes[_i].sql);
	ck_assert_msg(strstr(fix_seen(&f), changes[_i].want) != NULL,
	    "%s: wanted \"%s\", got:\n%s", changes[_i].sql, changes[_i].want,
	    fix_seen(&f));
}
END_TEST

static const struct {
	const char *table, *column, *where;
} places[] = {
    {"journal", "data", "run = 2"},
    {"blobs", "data", "id = 1"},
    {"runs", "chain", "row = 2"},
    {"runs", "seal", "row = 2"},
    {"runs", "link", "row = 2"},
    {"journal", "data", "run = 4"},
};

static int64_t
length(const char *path, const char *column, const char *table,
    const char *where)
{
	auto_str ask = xasprintf(
	    "SELECT length(%s) FROM %s WHERE %s", column, table, where);
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, ask, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* Puts another byte there than there was, and back. */
static void
swap_byte(const char *path, const char *column, const char *table,
    const char *where, int64_t at, char *byte)
{
	auto_str row = xasprintf("SELECT rowid FROM %s WHERE %s", table, where);
	sqlite3_stmt *st;
	sqlite3_blob *blob;
	sqlite3 *db;
	char was;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, row, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_blob_open(db, "main", table, column,
			     sqlite3_column_int64(st, 0), 1, &blob),
	    SQLITE_OK);
	sqlite3_finalize(st);
	ck_assert_int_eq(sqlite3_blob_read(blob, &was, 1, (int)at), SQLITE_OK);
	if (*byte == was)
		*byte = (char)(was ^ 1);
	ck_assert_int_eq(sqlite3_blob_write(blob, byte, 1, (int)at), SQLITE_OK);
	*byte = was;
	sqlite3_blob_close(blob);
	sqlite3_close(db);
}

START_TEST(every_byte_of_what_is_kept_counts)
{
	const char *table = places[_i].table, *column = places[_i].column;
	const char *where = places[_i].where;
	auto_fix f;
	int64_t n;
	char byte;

	fill(&f);
	ops->close(f.s);
	f.s = NULL;
	n = length(f.path, column, table, where);
	ck_assert_int_ge(n, 20);
	for (int64_t at = 0; at < n; at++) {
		byte = (char)(at * 7);
		swap_byte(f.path, column, table, where, at, &byte);
		ck_assert_msg(verify(&f, f.path, "") > 0, "%s.%s byte %lld",
		    table, column, (long long)at);
		swap_byte(f.path, column, table, where, at, &byte);
	}
	ck_assert_int_eq(verify(&f, f.path, ""), 0);
}
END_TEST

START_TEST(what_does_not_fit_is_not_served_and_the_others_are)
{
	auto_fix f;
	struct store_list l = {.limit = 9};

	fill(&f);
	sql(f.path, "UPDATE runs SET reason = 'forged' WHERE id = 'r2';"
		    "UPDATE journal SET data = (SELECT data FROM journal WHERE "
		    "run = 1), raw_bytes = (SELECT raw_bytes FROM journal "
		    "WHERE run = 1) WHERE run = 3");
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("r2"), fix_see_id, &f, &fix_err), RC_DAMAGED);
	assert_contains(fix_err.text,
	    "what is kept of investigation r2 is not what was written; "
	    "`culprit verify r2`");
	ck_assert_int_eq(
	    ops->event_each(f.s, 2, 0, 9, fix_see_event, &f, &fix_err), RC_DAMAGED);
	ck_assert_int_eq(
	    ops->event_each(f.s, 3, 0, 9, fix_see_event, &f, &fix_err), RC_DAMAGED);
	ck_assert_int_eq(
	    ops->update_each(f.s, 3, fix_see_update, &f, &fix_err), RC_DAMAGED);
	ck_assert_int_eq(
	    ops->evidence_get(f.s, 3, 1, fix_see_evidence, &f, &fix_err),
	    RC_DAMAGED);
	ck_assert_str_eq(fix_seen(&f), "");
	MUST(ops->event_each(f.s, 1, 0, 1, fix_see_event, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "1:plan= ");
	buf_reset(&f.seen);
	MUST(ops->run_list(f.s, &l, fix_see_id, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "open r3 r2 r1 ");
}
END_TEST

START_TEST(expired_runs_leave_a_chain_that_fits)
{
	auto_fix f;
	struct store_verified v;

	fill(&f);
	ops->keep(f.s, 0, 0);
	fix_settle(&f);
	fix_add_full_run(&f, "r4", 2);
	MUST(store_verify(f.path, span_of(""), say, &f, &v, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "");
	ck_assert_int_eq(v.finished, 1);
	ck_assert_int_eq(v.place, 4);
}
END_TEST

/* ---- what users do with the file ---- */

/* Opens it as a supervisor would, and finds everything. */
static void
assert_whole(struct fix *f, const char *path)
{
	struct store *s = NULL;
	uint64_t epoch;

	ck_assert_int_eq(verify(f, path, ""), 0);
	MUST(ops->open(path, &s, &epoch, &fix_err));
	MUST(ops->event_each(s, 1, 0, 1, fix_see_event, f, &fix_err));
	MUST(ops->run_find(s, span_of("open"), fix_see_id, f, &fix_err));
	ck_assert_str_eq(fix_seen(f), "1:plan= open ");
	ops->close(s);
}

START_TEST(a_query_by_another_program_after_a_kill_changes_nothing)
{
	auto_fix f;
	struct store_run r = {.id = span_of("last")};
	int64_t row;
	int status;
	pid_t pid;

	fill(&f);
	ops->close(f.s);
	f.s = NULL;
	pid = fork();
	if (pid == 0) {
		fix_open(&f);
		MUST(ops->run_insert(f.s, &r, &row, &fix_err));
		fix_settle(&f);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* Its close moves the log into the file. */
	sql(f.path, "SELECT count(*) FROM runs");
	assert_whole(&f, f.path);
	fix_open(&f);
	MUST(ops->run_find(f.s, span_of("last"), fix_see_id, &f, &fix_err));
}
END_TEST

START_TEST(a_checkpoint_and_a_vacuum_beside_the_work_change_nothing)
{
	auto_fix f;

	fill(&f);
	sql(f.path, "PRAGMA wal_checkpoint(TRUNCATE)");
	fix_add_full_run(&f, "r4", 2);
	sql(f.path, "VACUUM; REINDEX; ANALYZE; PRAGMA wal_checkpoint(PASSIVE)");
	fix_add_full_run(&f, "r5", 2);
	fix_reopen(&f);
	ck_assert_int_eq(verify(&f, f.path, ""), 0);
	MUST(ops->run_find(f.s, span_of("r5"), fix_see_id, &f, &fix_err));
}
END_TEST

START_TEST(copies_by_vacuum_into_and_by_backup_are_stores)
{
	auto_fix f;
	auto_str copy = NULL;
	auto_str into = NULL;
	sqlite3 *from, *to;
	sqlite3_backup *b;

	fill(&f);
	copy = xasprintf("%s.copy", f.path);
	into = xasprintf("VACUUM INTO '%s'", copy);
	if (_i == 0) {
		sql(f.path, into);
	} else {
		ck_assert_int_eq(sqlite3_open(f.path, &from), SQLITE_OK);
		ck_assert_int_eq(sqlite3_open(copy, &to), SQLITE_OK);
		b = sqlite3_backup_init(to, "main", from, "main");
		ck_assert_int_eq(sqlite3_backup_step(b, -1), SQLITE_DONE);
		sqlite3_backup_finish(b);
		sqlite3_close(from);
		sqlite3_close(to);
	}
	assert_whole(&f, copy);
	/* And again, once a supervisor has worked on it. */
	assert_whole(&f, copy);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_was_written_fits, 0},
	    {what_was_changed_is_named, (int)ARRAY_LEN(changes)},
	    {every_byte_of_what_is_kept_counts, (int)ARRAY_LEN(places)},
	    {what_does_not_fit_is_not_served_and_the_others_are, 0},
	    {expired_runs_leave_a_chain_that_fits, 0},
	    {a_query_by_another_program_after_a_kill_changes_nothing, 0},
	    {a_checkpoint_and_a_vacuum_beside_the_work_change_nothing, 0},
	    {copies_by_vacuum_into_and_by_backup_are_stores, 2},
	};

	return RUN_TESTS("store_verify", tests);
}
