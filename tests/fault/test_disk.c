/*
 * test_disk.c - the store on a disk that loses power, fails or is full at
 * every Nth operation of a workload, held against a model of its commits.
 *
 * CULPRIT_FAULT_LONG=1 (tests/fault/disk) leaves nothing of the small workload
 * out and takes each seventh operation of the large one; else each operation
 * meets one kind of loss, and the rest is sampled.
 * Each test says what it has tried.
 */
#include "supervisor/store/store.h"
#include "tests/harness/disk.h"
#include "tests/harness/ledger.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

enum { TURNS = 12, BULK = 3000, LARGE_BULK = 220000, TRIES_MAX = 4,
	LOSSES = LOSS_COUNT + 1, /* and power lost twice */
	TEXT_MAX = 16 << 20 };

/* A store in a folder, and how far the workload has been acknowledged. */
struct bench {
	char *dir, *path;
	struct ledger *ledger;
	struct store *s;
	uint64_t epoch;	/* the largest ever told */
	int done;	/* turns whose commit returned RC_OK */
	uint64_t at;	/* the operation that fails: for messages */
	const char *what;
	bool kill;	/* the process does not survive a failure */
	bool struck;	/* a failure was told */
	struct err err;
};

static bool
is_long(void)
{
	return getenv("CULPRIT_FAULT_LONG") != NULL;
}

static void
bench_init(struct bench *b, const char *what, size_t bulk)
{
	/* Nothing is synced for real; a folder in memory makes it faster. */
	char in_memory[] = "/dev/shm/culprit-test-XXXXXX";

	*b = (struct bench){.what = what};
	b->dir = mkdtemp(in_memory) != NULL ? xstrdup(in_memory)
					    : scratch_new();
	b->path = xasprintf("%s/culprit.db", b->dir);
	b->ledger = ledger_new(TURNS, bulk);
	disk_install();
}

static void
bench_done(struct bench *b)
{
	ledger_free(b->ledger);
	free(b->path);
	scratch_free(b->dir);
}

#define auto_bench CLEANUP(bench_done) struct bench

/* An empty folder, in which operation `at` will fail. */
static void
bench_begin(struct bench *b, const struct disk_plan *plan)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal",
	    ".lock", ".new", ".new-wal", ".new-journal", ".new-shm"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_str path = xasprintf("%s%s", b->path, suffixes[i]);

		unlink(path);
	}
	b->epoch = 0;
	b->done = 0;
	b->struck = false;
	b->at = plan->at;
	disk_begin(b->dir);
	disk_plan(plan);
}

static void
bench_close(struct bench *b)
{
	if (b->s != NULL)
		ops->close(b->s);
	b->s = NULL;
}

static enum rc
bench_open(struct bench *b)
{
	uint64_t epoch = 0;
	enum rc rc = ops->open(b->path, &b->s, &epoch, &b->err);

	if (rc != RC_OK)
		return rc;
	ck_assert_msg(epoch > b->epoch, "%s %llu: epoch %llu came again",
	    b->what, (unsigned long long)b->at, (unsigned long long)epoch);
	b->epoch = epoch;
	return RC_OK;
}

/* Goes on to the turn `until`, as far as it works. */
static enum rc
bench_play(struct bench *b, int until)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && b->done < until) {
		rc = ledger_turn(b->ledger, ops, b->s, b->done, &b->err);
		b->done += rc == RC_OK;
	}
	return rc;
}

/* The whole workload, with a restart in the middle, up to the first failure.
 * Whether that struck. */
static bool
bench_run(struct bench *b)
{
	enum rc rc = bench_open(b);
	bool struck;

	if (rc == RC_OK)
		rc = bench_play(b, TURNS / 2);
	if (rc == RC_OK) {
		bench_close(b);
		rc = bench_open(b);
	}
	if (rc == RC_OK)
		rc = bench_play(b, TURNS);
	struck = disk_struck();
	if (rc != RC_OK && b->kill)
		disk_plan(&(struct disk_plan){DISK_KILL, 1, 0, false});
	bench_close(b);
	return struck || disk_struck();
}

static void
must(struct bench *b, enum rc rc, const char *doing)
{
	ck_assert_msg(rc == RC_OK, "%s %llu, %d turns done: cannot %s: %s",
	    b->what, (unsigned long long)b->at, b->done, doing, b->err.text);
}

/* What the store holds is the model after `done` turns, or after one of the
 * `more` next ones, which is then what is done. */
static void
hold(struct bench *b, int more)
{
	auto_buf text = {.max = TEXT_MAX};
	int n;

	must(b, ledger_dump(ops, b->s, &text, &b->err), "read");
	n = ledger_find(b->ledger, buf_str(&text), b->done);
	ck_assert_msg(n >= 0 && n <= b->done + more,
	    "%s %llu: %d turns were done; found turn %d:\n%s\nwanted:\n%s",
	    b->what, (unsigned long long)b->at, b->done, n, buf_str(&text),
	    ledger_text(b->ledger, b->done));
	b->done = n;
}

/* The file is whole, in SQLite's own opinion. */
static void
check_integrity(struct bench *b)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(sqlite3_open_v2(b->path, &db, SQLITE_OPEN_READWRITE,
			     "unix"), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1,
			     &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_msg(
	    strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0,
	    "%s %llu: %s", b->what, (unsigned long long)b->at,
	    sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* ---- loss of power ---- */

/* After one loss another while the store recovers: `done` may not shrink. */
static void
lose_again(struct bench *b, const struct disk_wreck *w, uint64_t seed)
{
	struct disk_wreck *second;

	disk_lay(w, LOSE_SECTORS, seed);
	disk_begin(b->dir);
	disk_plan(&(struct disk_plan){DISK_POWER, 1 + seed % 9, 0, false});
	if (bench_open(b) == RC_OK)
		bench_close(b);
	second = disk_end();
	disk_lay(second, LOSE_SECTORS, seed + 1);
	disk_wreck_free(second);
}

static void
come_back(struct bench *b, bool go_on)
{
	must(b, bench_open(b), "open again");
	hold(b, 1);
	if (go_on)
		must(b, bench_play(b, TURNS), "go on");
	bench_close(b);
	check_integrity(b);
}

/* Loses power at operation `at`; false: the workload has fewer. */
static bool
lose_power(struct bench *b, uint64_t at, uint64_t *tried)
{
	struct bench then;
	struct disk_wreck *w;
	bool struck;

	bench_begin(b, &(struct disk_plan){DISK_POWER, at, 0, false});
	struck = bench_run(b);
	w = disk_end();
	then = *b;
	/* What a commit appends is one write: it is torn in several places. */
	for (int i = 0; struck && i < (is_long() ? 4 * LOSSES : 3); i++) {
		uint64_t seed = at + (uint64_t)i;
		enum disk_loss loss = (enum disk_loss)(seed % LOSSES);

		*b = then;
		if (loss < LOSS_COUNT)
			disk_lay(w, loss, seed);
		else
			lose_again(b, w, seed);
		come_back(b, at % 7 == 0);
		++*tried;
	}
	disk_wreck_free(w);
	return struck;
}

START_TEST(no_loss_of_power_takes_a_commit_or_leaves_a_half)
{
	auto_bench b;
	uint64_t at = 1, n = 0, tried = 0;

	bench_init(&b, "power lost at operation", BULK);
	while (lose_power(&b, at, &tried)) {
		at += is_long() ? 1 : 5;
		n++;
	}
	printf("power lost at %llu of %llu operations: %llu recoveries, "
	       "0 commits lost\n",
	    (unsigned long long)n, (unsigned long long)at,
	    (unsigned long long)tried);
	ck_assert_uint_gt(at, 100);
	ck_assert_uint_ge(tried, 3 * n);
}
END_TEST

/* Its log is long enough for checkpoints. */
START_TEST(no_loss_of_power_in_a_checkpoint_does)
{
	auto_bench b;
	uint64_t at = 1, n = 0, tried = 0;

	bench_init(&b, "power lost at operation", LARGE_BULK);
	while (lose_power(&b, at, &tried)) {
		at += is_long() ? 3 : 391 + 13 * (n % 7);
		n++;
	}
	printf("the same with checkpoints: at %llu of %llu "
	       "operations, %llu recoveries, 0 commits lost\n",
	    (unsigned long long)n, (unsigned long long)at,
	    (unsigned long long)tried);
	ck_assert_uint_gt(at, 1000);
}
END_TEST

/* ---- errors ---- */

static const struct {
	const char *what;
	struct disk_plan plan;	/* at: 0 */
	uint64_t step;		/* in the short mode */
} errors[] = {
    {"one failure of operation", {DISK_EIO, 0, 1, true}, 5},
    {"failures from operation", {DISK_EIO, 0, 5, false}, 3},
    {"disk full from operation", {DISK_FULL, 0, UINT64_MAX, false}, 3},
    {"disk full, half written, from operation",
	{DISK_SHORT, 0, UINT64_MAX, false}, 3},
};

/* The store has said what went wrong. There is space again, or the disk was
 * repaired. */
static void
heal(struct bench *b, enum rc rc)
{
	ck_assert_msg(rc == RC_IO, "%s %llu: %s: %s", b->what,
	    (unsigned long long)b->at, rc_name(rc), b->err.text);
	ck_assert_msg(disk_struck(), "%s", b->err.text);
	b->struck = true;
	disk_plan(&(struct disk_plan){.fault = DISK_WELL});
}

static void
open_in_spite(struct bench *b)
{
	enum rc rc = bench_open(b);

	if (rc != RC_OK) {
		heal(b, rc);
		must(b, bench_open(b), "open it then");
	}
}

/* On to turn `until`; what failed is not there, and works the next time. */
static bool
play_in_spite(struct bench *b, int until)
{
	enum rc rc = bench_play(b, until);

	if (rc == RC_OK)
		return false;
	heal(b, rc);
	bench_close(b);
	must(b, bench_open(b), "open it then");
	/* A commit whose sync failed may be there all the same. */
	hold(b, 1);
	must(b, bench_play(b, until), "go on");
	return true;
}

static bool
fail_at(struct bench *b, struct disk_plan plan, uint64_t at)
{
	bool struck;

	plan.at = at;
	bench_begin(b, &plan);
	open_in_spite(b);
	play_in_spite(b, TURNS / 2);
	bench_close(b);
	open_in_spite(b);
	play_in_spite(b, TURNS);
	bench_close(b);
	/* What fails in a checkpoint is not told. */
	struck = b->struck || disk_struck();
	disk_plan(&(struct disk_plan){.fault = DISK_WELL});
	must(b, bench_open(b), "open it at last");
	hold(b, 0);
	bench_close(b);
	disk_wreck_free(disk_end());
	check_integrity(b);
	return struck;
}

static void
fail_everywhere(const char *what, const struct disk_plan *plan, uint64_t step)
{
	auto_bench b;
	uint64_t at = 1, tried = 0;

	bench_init(&b, what, BULK);
	while (fail_at(&b, *plan, at)) {
		tried++;
		at += is_long() ? 1 : step;
	}
	printf("%s N: %llu of %llu, 0 halves\n", what,
	    (unsigned long long)tried, (unsigned long long)at - 1);
	ck_assert_uint_gt(at, 100);
}

START_TEST(whatever_operation_fails_nothing_is_half_and_work_goes_on)
{
	fail_everywhere(errors[_i].what, &errors[_i].plan, errors[_i].step);
}
END_TEST

/*
 * A failed sync leaves pages that are read as if they were on the disk. The
 * process dies of it; the next one finds the log whole, goes on, and then the
 * power fails: what the second one committed must not hang on those pages.
 */
static bool
fail_die_lose(struct bench *b, uint64_t at, uint64_t *tried)
{
	static const struct disk_plan dead = {DISK_POWER, 1, 0, false};
	struct disk_wreck *w;
	bool struck;

	b->kill = true;
	bench_begin(b, &(struct disk_plan){DISK_EIO, at, 1, false});
	struck = bench_run(b);
	if (struck) {
		disk_plan(&(struct disk_plan){.fault = DISK_WELL});
		must(b, bench_open(b), "open it after a failed sync");
		hold(b, 1);
		must(b, bench_play(b, MIN(b->done + 2, TURNS)), "go on");
		disk_plan(&dead);
		bench_close(b);
		w = disk_end();
		disk_lay(w, LOSE_ALL, at);
		come_back(b, false);
		disk_wreck_free(w);
		++*tried;
	}
	disk_wreck_free(disk_end());
	return struck;
}

START_TEST(no_failed_sync_takes_a_later_commit_with_it)
{
	auto_bench b;
	uint64_t at = 1, tried = 0;

	bench_init(&b, "failed, killed, power lost after operation", BULK);
	while (fail_die_lose(&b, at, &tried))
		at += is_long() ? 1 : 5;
	printf("failure, then loss of power: %llu of %llu, 0 commits lost\n",
	    (unsigned long long)tried, (unsigned long long)at - 1);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {no_loss_of_power_takes_a_commit_or_leaves_a_half, 0},
	    {no_failed_sync_takes_a_later_commit_with_it, 0},
	    {whatever_operation_fails_nothing_is_half_and_work_goes_on,
		ARRAY_LEN(errors)},
	    {no_loss_of_power_in_a_checkpoint_does, 0},
	};

	return RUN_TESTS("disk", tests);
}
