/*
 * test_retention.c - the real supervisor on a store of runs that are too old:
 * they go as long as there are any, however many there are.
 */
#include "common/base/clk.h"
#include "supervisor/store/store_db.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { OLD = 300, LIMIT_MS = AWAIT_MS };

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

static void
put_run(struct store *s, const char *id, int64_t finished_ms)
{
	struct store_run r = {.id = span_of(id),
	    .status = span_of("completed"),
	    .node = span_of("END"),
	    .created_ms = 1,
	    .finished_ms = finished_ms};
	int64_t row = 0;
	struct err err;

	MUST(ops->run_insert(s, &r, &row, &err));
	MUST(ops->event_insert(
	    s, row, 1, span_of("finished"), span_make("\x80", 1), &err));
}

/* OLD runs of long ago, and one of now. */
static void
make_store(const char *path)
{
	struct store *s = NULL;
	uint64_t epoch;
	struct err err;

	MUST(ops->open(path, &s, &epoch, &err));
	for (int i = 0; i < OLD; i++) {
		auto_str id = xasprintf("old%d", i);

		put_run(s, id, 2);
	}
	put_run(s, "new", clk_wall_ms());
	ops->commit(s);
	MUST(ops->wait(s, &err));
	ops->close(s);
}

struct counter {
	sqlite3 *db;
	int64_t runs;
};

static bool
one_is_left(void *arg)
{
	struct counter *c = arg;
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(sqlite3_prepare_v2(
			     c->db, "SELECT count(*) FROM runs", -1, &st, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	c->runs = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return c->runs == 1;
}

START_TEST(old_runs_go_for_as_long_as_there_are_more)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/culprit.db", dir);
	auto_str supervisor = program("culprit-supervisor");
	const char *argv[] = {supervisor, "--data-dir", dir, NULL};
	struct proc_spec spec = {
	    .argv = argv, .dir = dir, .name = "supervisor"};
	struct counter c = {0};
	struct proc *p;

	make_store(path);
	p = proc_start(&spec);
	ck_assert_int_eq(sqlite3_open(path, &c.db), SQLITE_OK);
	sqlite3_busy_timeout(c.db, 10000);
	ck_assert_msg(await(one_is_left, &c, LIMIT_MS), "%lld runs are left",
	    (long long)c.runs);
	sqlite3_close(c.db);
	proc_signal(p, SIGTERM);
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 0);
	proc_free(p);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {old_runs_go_for_as_long_as_there_are_more, 0},
	};

	return RUN_TESTS("retention", tests);
}
