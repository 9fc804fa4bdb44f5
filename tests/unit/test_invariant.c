/*
 * test_invariant.c - the checker of stores finds each violation that is put
 * into a sound one.
 */
#include "supervisor/store/store_journal.h"
#include "tests/harness/invariant.h"
#include "tests/harness/reseal.h"
#include "tests/harness/specimen.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

/* A run's records as tables, for SQL to change: the id is row << 20 | n. */
static const struct {
	enum store_kind kind;
	const char *make, *put, *get;
} tables[] = {
#define TABLE(kind, name)                                                      \
	{                                                                      \
		kind,                                                          \
		    "CREATE TEMP TABLE " name                                  \
		    " (id INTEGER PRIMARY KEY, label TEXT, data BLOB)",        \
		    "INSERT INTO " name " VALUES (?1, ?2, ?3)",                \
		    "SELECT id, label, data FROM " name " ORDER BY id"         \
	}
    TABLE(STORE_UPDATE, "updates"),
    TABLE(STORE_EVENT, "events"),
    TABLE(STORE_TASK, "tasks"),
    TABLE(STORE_EVIDENCE, "small"),
#undef TABLE
};

enum { RUNS = 2 };

static void
run_sql(sqlite3 *db, const char *sql, struct span blob)
{
	sqlite3_stmt *st = NULL;

	while (*sql != '\0') {
		ck_assert_msg(
		    sqlite3_prepare_v2(db, sql, -1, &st, &sql) == SQLITE_OK,
		    "%s: %s", sql, sqlite3_errmsg(db));
		if (sqlite3_bind_parameter_count(st) > 0)
			store_db_blob(st, 1, blob);
		ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
		sqlite3_finalize(st);
	}
}

struct laying {
	sqlite3 *db;
	int64_t row;
};

static enum rc
lay_out(void *laying, const struct record *r, struct err *err)
{
	struct laying *l = laying;
	sqlite3_stmt *st = NULL;

	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (tables[i].kind != r->kind)
			continue;
		ck_assert_int_eq(
		    sqlite3_prepare_v2(l->db, tables[i].put, -1, &st, NULL),
		    SQLITE_OK);
		sqlite3_bind_int64(st, 1, l->row * STORE_ITEM_MAX + r->n);
		store_db_text(st, 2, r->label);
		store_db_blob(st, 3, r->data);
		ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
		sqlite3_finalize(st);
	}
	return RC_OK;
}

/* The run's records, as the tables have them now. */
static void
gather(struct store_db *d, int64_t row, struct buf *records)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		sqlite3_stmt *st = NULL;

		ck_assert_int_eq(
		    sqlite3_prepare_v2(d->db, tables[i].get, -1, &st, NULL),
		    SQLITE_OK);
		while (sqlite3_step(st) == SQLITE_ROW) {
			int64_t id = sqlite3_column_int64(st, 0);
			struct record r = {tables[i].kind, id % STORE_ITEM_MAX,
			    store_db_span(st, 1), store_db_span(st, 2)};

			if (id / STORE_ITEM_MAX != row)
				continue;
			pack_add(records, &r);
		}
		sqlite3_finalize(st);
	}
}

/* Puts them back, under a chain that fits them. */
static void
put_back(struct store_db *d, int64_t row)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_RUN_GET);
	auto_buf records = {.max = 1 << 20};
	auto_journal_at at = {0};
	struct chain c;
	struct err err;

	sqlite3_bind_int64(st, 1, row);
	/* Its row may be what was taken away. */
	chain_begin(&c, sqlite3_step(st) == SQLITE_ROW ? row_read(st).id
						       : span_of("gone"));
	sqlite3_reset(st);
	gather(d, row, &records);
	if (records.len > 0)
		MUST(journal_add(d, row, buf_span(&records), &at, &c, &err));
	run_sql(d->db,
	    row == 1 ? "UPDATE runs SET chain = ?1 WHERE row = 1"
		     : "UPDATE runs SET chain = ?1 WHERE row = 2",
	    chain_span(&c));
}

/* Changes the content, and nothing else is wrong with it. */
static void
doctor(const struct specimen *f, const char *sql, const char *json)
{
	struct store_db d = {0};
	auto_buf b = {0};
	struct err err;

	MUST(store_db_connect(&d, f->path, false, &err));
	MUST(store_db_prepare(&d, &err));
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		run_sql(d.db, tables[i].make, (struct span){0});
	for (int64_t row = 1; row <= RUNS; row++) {
		struct laying l = {d.db, row};

		MUST(journal_each(&d, row, NULL, lay_out, &l, &err));
		MUST(store_db_run1(
		    &d, SQL_JOURNAL_DELETE, row, "delete", &err));
	}
	if (json != NULL)
		specimen_pack(json, &b);
	run_sql(d.db, sql, buf_span(&b));
	for (int64_t row = 1; row <= RUNS; row++)
		put_back(&d, row);
	reseal(&d);
	store_db_done(&d);
}

START_TEST(a_sound_store_passes_also_beside_who_has_it)
{
	struct store *s = NULL;
	uint64_t epoch;
	auto_specimen f;
	struct err err;

	specimen_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	ck_assert_msg(specimen_check(&f, &(struct invariant){0}) == 0, "%s",
	    buf_str(&f.out));
	MUST(ops->open(f.path, &s, &epoch, &err));
	MUST(ops->wait(s, &err));
	/* Beside the process that has it, too. */
	ck_assert_msg(specimen_check(&f, &(struct invariant){0}) == 0, "%s",
	    buf_str(&f.out));
	ops->close(s);
}
END_TEST

#define EVENT(seq) "((1 << 20) + " #seq ")"
#define EVENT_IS(seq, label)                                                   \
	"UPDATE events SET label = '" label                                    \
	"', data = ?1 WHERE id = " EVENT(seq)
#define UPDATE_IS(n) "UPDATE updates SET data = ?1 WHERE id = " EVENT(n)

static const char *const unsafe[] = {"other", "echo", NULL};

static const struct invariant_process grown[] = {
    {"gateway", {10, 1000}, {19, 1000}, {8, 500}},
    {"supervisor", {10, 1000}, {10, 1501}, {8, 500}},
};

static const struct {
	const char *label;
	const char *sql;
	const char *json; /* ?1 of sql */
	struct invariant in;
	const char *want;
} cases[] = {
    {"an event is missing", "DELETE FROM events WHERE id = " EVENT(2), NULL,
	{0}, "run ended: event 1 is followed by 3"},
    {"the last event is missing", "DELETE FROM events WHERE id = " EVENT(12),
	NULL, {0}, "its last event is 11, its row says 12"},
    {"an update is missing", "DELETE FROM updates WHERE id = " EVENT(1), NULL,
	{0}, "update 0 is followed by 2"},
    {"nothing is left of its events",
	"DELETE FROM events WHERE id < " EVENT(100), NULL, {0},
	"its last event is 0"},
    {"two ends", EVENT_IS(9, "finished"), "{}", {0}, "2 events `finished`"},
    {"the end is not the last",
	EVENT_IS(12, "progress") ";" EVENT_IS(9, "finished"), "{}", {0},
	"`progress` comes after `finished`"},
    {"no end", EVENT_IS(12, "progress"), "{}", {0},
	"0 events `finished`, but its row is completed"},
    {"the end of a run that goes on",
	"UPDATE runs SET finished_ms = 0 WHERE id = 'ended'", NULL, {0},
	"1 events `finished`, but"},
    {"no beginning", EVENT_IS(1, "progress"), "{}", {0}, "0 `started`"},
    {"a run that was waited for goes on", "", NULL, {.settled = true},
	"run open: never finished (running at event 3)"},
    {"an update that is none", UPDATE_IS(2), "[]", {0},
	"update 2 does not apply"},
    {"another's state", UPDATE_IS(0),
	"{\"id\":\"x\",\"iteration\":0,\"status\":\"running\"}", {0},
	"its state's id is \"x\""},
    {"a state that has not ended", UPDATE_IS(3), "{}", {0},
	"its state is running, its row completed"},
    {"a state of another round", "UPDATE runs SET iteration = 2", NULL, {0},
	"its state is at round 1, its row at 2"},
    {"too many rounds",
	UPDATE_IS(1) "; UPDATE runs SET iteration = 11 WHERE id = 'ended'",
	"{\"iteration\":11}", {0}, "11 rounds were begun; 10 is the limit"},
    {"a round planned twice", EVENT_IS(9, "plan"), SPECIMEN_PLAN, {0},
	"round 1 was planned twice"},
    {"a round left out", EVENT_IS(9, "plan"),
	"{\"decision\":\"EXECUTE\"," SPECIMEN_STEPS ",\"iteration\":3}", {0},
	"round 3 was planned before 2"},
    {"a round beyond all", EVENT_IS(9, "plan"),
	"{\"decision\":\"EXECUTE\"," SPECIMEN_STEPS ",\"iteration\":11}", {0},
	"plans round 11"},
    {"a step of no plan", EVENT_IS(9, "tool_started"), SPECIMEN_STARTED(2, 1),
	{0}, "about step 2 of round 1, which no plan has"},
    {"a step begun again after its outcome", EVENT_IS(9, "tool_started"),
	SPECIMEN_STARTED(0, 2), {0}, "starts echo again although its outcome"},
    {"an attempt that was made before", EVENT_IS(9, "tool_started"),
	SPECIMEN_STARTED(1, 2), {0}, "attempt 2 of echo after 2"},
    {"an unsafe step tried twice", "", NULL, {.unsafe = unsafe},
	"attempt 2 of echo, which is UNSAFE"},
    {"a second outcome", EVENT_IS(9, "feedback"), SPECIMEN_FEEDBACK(0), {0},
	"a second outcome of a step of echo"},
    {"success of what never started", EVENT_IS(4, "progress"), "{}", {0},
	"success of what never started"},
    {"outcomes that came into the state twice",
	"INSERT INTO updates SELECT id + 2, label, data FROM updates WHERE "
	"id = " EVENT(2) "; UPDATE runs SET next_update = 5 WHERE row = 1",
	NULL, {0}, "its state has 4 outcomes, its events 2"},
    {"evidence that came into the state twice",
	"INSERT INTO updates SELECT id + 2, label, data FROM updates WHERE "
	"id = " EVENT(2) "; UPDATE runs SET next_update = 5 WHERE row = 1",
	NULL, {0}, "its state has E1 twice"},
    {"an outcome that did not come into it", EVENT_IS(10, "progress"), "{}",
	{0}, "its state has 2 outcomes, its events 0"},
    {"a round that was left half done",
	EVENT_IS(10, "progress") "; UPDATE runs SET iteration = 2 WHERE row = "
				 "1",
	"{}", {0}, "round 1 has 1 outcomes of 2, and was followed by another"},
    {"an answer that was asked for twice", EVENT_IS(9, "plan"),
	"{\"decision\":\"SPECIMEN_PLAN\",\"step\":\"x\"}", {0},
	"3 plans of 2 answers of the planner"},
    {"an answer that was lost", "UPDATE runs SET turns = 3", NULL, {0},
	"2 plans of 3 answers of the planner"},
    {"a task of a run that has ended",
	"INSERT INTO tasks SELECT " EVENT(7) ", label, data FROM tasks", NULL,
	{0}, "has ended, and 1 tasks of it are left"},
    {"one step as two tasks",
	"INSERT INTO tasks SELECT id + 1, label, data FROM tasks", NULL, {0},
	"step 0 is two tasks, 1 and 2"},
    {"evidence that is not there", "DELETE FROM small", NULL, {0},
	"evidence \"E1\" is not there"},
    {"evidence with another content",
	"UPDATE small SET data = CAST(substr(data, 1, 32) || x'6f6e65ff' AS "
	"BLOB)",
	NULL, {0}, "evidence \"E1\" is not there: "},
    {"evidence that is said to be another", EVENT_IS(6, "evidence"),
	"{\"id\":\"E1\",\"bytes\":3,\"sha256\":\"77\"}", {0},
	"E1 is said to have the hash 77; its bytes have 7692c3ad"},
    {"evidence of another size", EVENT_IS(6, "evidence"),
	"{\"id\":\"E1\",\"bytes\":4,\"sha256\":\"7692c3ad3540bb803c020b3aee66"
	"cd8887123234ea0c6e7143c0add73ff431ed\"}",
	{0}, "E1 has 3 bytes, not 4"},
    {"an outcome without its evidence", UPDATE_IS(2),
	"{\"executor_feedback\":[{\"evidence\":[\"E9\"]},{}]}", {0},
	"an outcome rests on E9"},
    {"an accepted run is gone", "UPDATE runs SET id = 'x' WHERE id = 'ended'",
	NULL, {0}, "run ended was accepted and is not there"},
    {"an accepted run has another key",
	"UPDATE runs SET key = 'x' WHERE id = 'ended'", NULL, {0},
	"accepted under the key \"ended\", the store has \"x\""},
    {"a run that was seen is gone",
	"UPDATE runs SET id = 'x' WHERE id = 'ended'", NULL, {0},
	"a client saw 12 events of run \"ended\", which is not there"},
    {"leftovers of a run", "DELETE FROM runs WHERE id = 'open'", NULL, {0},
	"transitions without their run"},
    {"leftover evidence", "INSERT INTO blobs VALUES (9, x'00', 0, x'00')", NULL,
	{0}, "1 blobs without their run"},
    {"too many descriptors", "", NULL, {.processes = grown, .n_processes = 1},
	"gateway had 10 descriptors and has 19 (8 more"},
    {"too much memory", "", NULL, {.processes = &grown[1], .n_processes = 1},
	"supervisor had 1000 KiB resident and has 1501 (500 more"},
};

START_TEST(each_violation_is_found)
{
	auto_specimen f;

	specimen_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	doctor(&f, cases[_i].sql, cases[_i].json);
	ck_assert_msg(specimen_check(&f, &cases[_i].in) > 0 &&
			  text_contains(buf_str(&f.out), cases[_i].want),
	    "%s: expected \"%s\", got:\n%s", cases[_i].label, cases[_i].want,
	    buf_str(&f.out));
}
END_TEST

START_TEST(a_client_saw_more_than_there_is)
{
	auto_specimen f;

	specimen_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	doctor(&f,
	    "DELETE FROM events WHERE id = " EVENT(
		12) "; UPDATE runs SET "
		    "last_seq = 11 WHERE row = 1",
	    NULL);
	ck_assert_int_gt(specimen_check(&f, &(struct invariant){0}), 0);
	assert_contains(
	    buf_str(&f.out), "a client saw ended.12; the store ends at 11");
}
END_TEST

START_TEST(a_flipped_byte_is_found)
{
	static const char text[] = "runningexecutor";
	static char bytes[1 << 20];
	char *at;
	ssize_t n;
	int fd;
	auto_specimen f;

	specimen_init(&f);
	fd = open(f.path, O_RDWR | O_CLOEXEC);
	n = pread(fd, bytes, sizeof(bytes), 0);
	at = memmem(bytes, (size_t)n, text, sizeof(text) - 1);
	ck_assert_ptr_nonnull(at);
	at[2] ^= 4;
	ck_assert_int_eq(pwrite(fd, bytes, (size_t)n, 0), n);
	close(fd);
	ck_assert_int_gt(specimen_check(&f, &(struct invariant){0}), 0);
	assert_contains(buf_str(&f.out), "it fits its chains: open: its row is not");
}
END_TEST

START_TEST(a_store_that_is_not_there_is_found)
{
	auto_specimen f;

	specimen_init(&f);
	ck_assert_int_eq(unlink(f.path), 0);
	ck_assert_int_eq(specimen_check(&f, &(struct invariant){0}), 1);
	assert_contains(buf_str(&f.out), "the store opens: there is no");
}
END_TEST

START_TEST(a_process_is_measured)
{
	struct invariant_size a, b;
	int fd;

	ck_assert(invariant_measure(getpid(), &a));
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert(invariant_measure(getpid(), &b));
	ck_assert_int_eq(b.descriptors, a.descriptors + 1);
	ck_assert_int_gt(a.resident_kib, 1000);
	close(fd);
	ck_assert(!invariant_measure(0x7fffffff, &a));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_sound_store_passes_also_beside_who_has_it, 0},
	    {each_violation_is_found, (int)ARRAY_LEN(cases)},
	    {a_client_saw_more_than_there_is, 0},
	    {a_flipped_byte_is_found, 0},
	    {a_store_that_is_not_there_is_found, 0},
	    {a_process_is_measured, 0},
	};

	return RUN_TESTS("invariant", tests);
}
