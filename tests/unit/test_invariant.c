/*
 * test_invariant.c - the checker of the fault tests finds what it is for.
 *
 * A store is made by hand, with one run that has ended and one under way;
 * it passes. Then, one at a time, it is doctored, and the check that is
 * meant to notice must, and in the words it is meant to.
 */
#include "common/json.h"
#include "common/sha256.h"
#include "common/wire.h"
#include "supervisor/store_journal.h"
#include "tests/harness/invariant.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

#define STEPS                                                                  \
	"\"steps\":[{\"step\":\"a\",\"tool\":\"echo\",\"args\":{}},"           \
	"{\"step\":\"b\",\"tool\":\"echo\",\"args\":{}}]"
#define PLAN "{\"decision\":\"EXECUTE\"," STEPS ",\"iteration\":1}"
#define STARTED(index, attempt)                                                \
	"{\"iteration\":1,\"index\":" #index ",\"tool\":\"echo\","             \
	"\"attempt\":" #attempt "}"
#define FEEDBACK(index)                                                        \
	"{\"iteration\":1,\"index\":" #index ",\"status\":\"SUCCESS\"}"
/* SHA-256 of "one". */
#define META                                                                   \
	"{\"id\":\"E1\",\"bytes\":3,\"sha256\":\"7692c3ad3540bb803c020b3aee66" \
	"cd8887123234ea0c6e7143c0add73ff431ed\"}"

struct line {
	const char *label, *json;
};

/* A run that ended: event 2 and event 9 are there to be doctored. Its second
 * step took two attempts. */
static const struct line ended_events[] = {
    {"started", "{\"run\":\"ended\"}"},
    {"progress", "{\"text\":\"x\"}"},
    {"plan", PLAN},
    {"tool_started", STARTED(0, 1)},
    {"tool_started", STARTED(1, 1)},
    {"evidence", META},
    {"feedback", FEEDBACK(0)},
    {"tool_started", STARTED(1, 2)},
    {"progress", "{\"text\":\"x\"}"},
    {"feedback", FEEDBACK(1)},
    {"plan", "{\"decision\":\"FINISH\",\"iteration\":1}"},
    {"finished", "{\"status\":\"completed\"}"},
};
static const struct line ended_updates[] = {
    {"START", "{\"id\":\"ended\",\"iteration\":0,\"status\":\"running\"}"},
    {"planner", "{\"iteration\":1}"},
    {"executor", "{\"executor_feedback\":[{\"status\":\"SUCCESS\",\"evidence\":"
		 "[\"E1\"]},{\"status\":\"SUCCESS\",\"evidence\":[]}],"
		 "\"evidence\":[" META "]}"},
    {"END", "{\"status\":\"completed\"}"},
};

static const struct line open_events[] = {
    {"started", "{\"run\":\"open\"}"},
    {"plan", PLAN},
    {"tool_started", STARTED(0, 1)},
};
static const struct line open_updates[] = {
    {"START", "{\"id\":\"open\",\"iteration\":1,\"status\":\"running\"}"},
};

static void
pack(const char *json, struct buf *b)
{
	AUTO(json) tree = NULL;
	struct err err;

	buf_init(b, 1 << 20);
	MUST(json_parse(span_of(json), NULL, &tree, &err));
	wire_put_tree(b, tree);
}

struct made {
	const char *id, *status;
	const struct line *events, *updates;
	size_t n_events, n_updates;
	int64_t turns, finished_ms;
};

static int64_t
make_run(struct store *s, const struct made *m)
{
	struct store_run row = {
	    .id = span_of(m->id),
	    .key = span_of(m->id),
	    .status = span_of(m->status),
	    .node = span_of("executor"),
	    .finished_ms = m->finished_ms,
	    .iteration = 1,
	    .turns = m->turns,
	    .next_update = (int64_t)m->n_updates,
	    .last_seq = (int64_t)m->n_events,
	};
	int64_t at = 0;
	struct err err;

	MUST(ops->run_insert(s, &row, &at, &err));
	for (size_t i = 0; i < m->n_events; i++) {
		auto_buf b = {0};

		pack(m->events[i].json, &b);
		MUST(ops->event_insert(s, at, (int64_t)i + 1,
		    span_of(m->events[i].label), buf_span(&b), &err));
	}
	for (size_t i = 0; i < m->n_updates; i++) {
		auto_buf b = {0};

		pack(m->updates[i].json, &b);
		MUST(ops->update_insert(s, at, (int64_t)i,
		    span_of(m->updates[i].label), buf_span(&b), &err));
	}
	return at;
}

static void
make_rest(struct store *s, int64_t ended, int64_t open)
{
	struct store_task t = {.task = 1,
	    .node = span_of("executor"),
	    .attempt = 1,
	    .state = span_of("LEASED")};
	char sha[SHA256_TEXT];
	struct store_evidence e = {.number = 1, .bytes = span_of("one")};
	struct err err;

	e.sha256 = span_of(sha256_text(e.bytes, sha));
	MUST(ops->evidence_put(s, ended, &e, &err));
	MUST(ops->task_put(s, open, &t, &err));
}

/* The folder of a good store, and what clients saw of its ended run. */
struct fix {
	char *dir, *path;
	struct seen *seen;
	struct buf text; /* of the stream */
	struct buf out;
	struct invariant_run accepted;
};

static void
make_store(const struct fix *f)
{
	static const struct made ended = {"ended", "completed", ended_events,
	    ended_updates, ARRAY_LEN(ended_events), ARRAY_LEN(ended_updates), 2,
	    1};
	static const struct made open = {"open", "running", open_events,
	    open_updates, ARRAY_LEN(open_events), ARRAY_LEN(open_updates), 1,
	    0};
	struct store *s = NULL;
	uint64_t epoch;
	int64_t a, b;
	struct err err;

	MUST(ops->open(f->path, &s, &epoch, &err));
	a = make_run(s, &ended);
	b = make_run(s, &open);
	make_rest(s, a, b);
	ops->close(s);
}

static void
fix_init(struct fix *f)
{
	*f = (struct fix){.dir = scratch_new(), .seen = seen_new()};
	f->path = xasprintf("%s/culprit.db", f->dir);
	f->accepted = (struct invariant_run){"ended", "ended"};
	buf_init(&f->text, 1 << 20);
	buf_init(&f->out, 1 << 20);
	make_store(f);
	for (size_t i = 0; i < ARRAY_LEN(ended_events); i++)
		buf_addf(&f->text, "id: ended.%zu\nevent: %s\ndata: %s\n\n",
		    i + 1, ended_events[i].label, ended_events[i].json);
}

static void
fix_done(struct fix *f)
{
	seen_free(f->seen);
	buf_done(&f->text);
	buf_done(&f->out);
	free(f->path);
	scratch_free(f->dir);
}

#define auto_fix CLEANUP(fix_done) struct fix

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

static bool
lay_out(void *laying, const struct record *r)
{
	struct laying *l = laying;
	sqlite3_stmt *st = NULL;

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
	return true;
}

static void
put_back(struct store *s, size_t table)
{
	sqlite3_stmt *st = NULL;
	struct err err;

	ck_assert_int_eq(
	    sqlite3_prepare_v2(s->db, tables[table].get, -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(st, 0);
		struct record r = {tables[table].kind, id % STORE_ITEM_MAX,
		    store_db_span(st, 1), store_db_span(st, 2)};

		MUST(store_journal_add(s, id / STORE_ITEM_MAX, &r, &err));
	}
	sqlite3_finalize(st);
}

/* Through the store's VFS, so that only the content is wrong. */
static void
doctor(const struct fix *f, const char *sql, const char *json)
{
	struct store *s = xcalloc(1, sizeof(*s));
	auto_buf b = {0};
	struct err err;

	s->lock_fd = -1;
	s->journal = store_journal_new();
	MUST(store_db_connect(f->path, &s->db, &err));
	MUST(store_db_prepare(s, &err));
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		run_sql(s->db, tables[i].make, (struct span){0});
	for (int64_t row = 1; row <= RUNS; row++) {
		struct laying l = {s->db, row};

		MUST(store_journal_each(s, row, lay_out, &l, &err));
		MUST(store_journal_delete(s, row, &err));
	}
	if (json != NULL)
		pack(json, &b);
	run_sql(s->db, sql, buf_span(&b));
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		put_back(s, i);
	store_db_free(s);
}

static int
check(struct fix *f, const struct invariant *more)
{
	const struct seen *const seen[] = {f->seen};
	struct invariant in = *more;

	in.data_dir = f->dir;
	in.accepted = &f->accepted;
	in.n_accepted = 1;
	in.seen = seen;
	in.n_seen = 1;
	buf_reset(&f->out);
	return invariant_check(&in, &f->out);
}

START_TEST(a_sound_store_passes_also_when_it_was_compacted)
{
	struct store *s = NULL;
	uint64_t epoch;
	auto_fix f;
	struct err err;

	fix_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	ck_assert_msg(
	    check(&f, &(struct invariant){0}) == 0, "%s", buf_str(&f.out));
	MUST(ops->open(f.path, &s, &epoch, &err));
	MUST(ops->begin(s, &err));
	MUST(ops->run_compact(s, 0, &err));
	MUST(ops->commit(s, &err));
	/* Beside the process that has it, too. */
	ck_assert_msg(
	    check(&f, &(struct invariant){0}) == 0, "%s", buf_str(&f.out));
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
    {"a round planned twice", EVENT_IS(9, "plan"), PLAN, {0},
	"round 1 was planned twice"},
    {"a round left out", EVENT_IS(9, "plan"),
	"{\"decision\":\"EXECUTE\"," STEPS ",\"iteration\":3}", {0},
	"round 3 was planned before 2"},
    {"a round beyond all", EVENT_IS(9, "plan"),
	"{\"decision\":\"EXECUTE\"," STEPS ",\"iteration\":11}", {0},
	"plans round 11"},
    {"a step of no plan", EVENT_IS(9, "tool_started"), STARTED(2, 1), {0},
	"about step 2 of round 1, which no plan has"},
    {"a step begun again after its outcome", EVENT_IS(9, "tool_started"),
	STARTED(0, 2), {0}, "starts echo again although its outcome"},
    {"an attempt that was made before", EVENT_IS(9, "tool_started"),
	STARTED(1, 2), {0}, "attempt 2 of echo after 2"},
    {"an unsafe step tried twice", "", NULL, {.unsafe = unsafe},
	"attempt 2 of echo, which is UNSAFE"},
    {"a second outcome", EVENT_IS(9, "feedback"), FEEDBACK(0), {0},
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
	"{\"decision\":\"PLAN\",\"step\":\"x\"}", {0},
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
	auto_fix f;

	fix_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	doctor(&f, cases[_i].sql, cases[_i].json);
	ck_assert_msg(check(&f, &cases[_i].in) > 0 &&
			  text_contains(buf_str(&f.out), cases[_i].want),
	    "%s: expected \"%s\", got:\n%s", cases[_i].label, cases[_i].want,
	    buf_str(&f.out));
}
END_TEST

/* What a client saw: the good stream with one text in place of another. */
static const struct {
	const char *label, *from, *to, *want;
} views[] = {
    {"a gap", "id: ended.2\nevent: progress\ndata: {\"text\":\"x\"}\n\n", "",
	"saw ended.3 where ended.2 was due"},
    {"an event twice", "id: ended.3\n",
	"id: ended.2\nevent: progress\ndata: {\"text\":\"x\"}\n\nid: ended.3\n",
	"saw ended.2 where ended.3 was due"},
    {"another type", "event: started", "event: begun",
	"saw ended.1 as `begun`; it is `started`"},
    {"other bytes", "{\"text\":\"x\"}", "{\"text\":\"y\"}",
	"saw other bytes of ended.2: {\"text\":\"y\"}, not {\"text\":\"x\"}"},
    {"an event the store does not have", "id: ended.1\n",
	"id: ended.1\nevent: started\ndata: {\"run\":\"ended\"}\n\n"
	"id: ended.1\n",
	"saw ended.1 where ended.2 was due"},
};

static char *
replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	ck_assert_ptr_nonnull(at);
	return xasprintf(
	    "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

START_TEST(each_difference_in_what_a_client_saw_is_found)
{
	auto_str text = NULL;
	auto_fix f;

	fix_init(&f);
	text = replaced(buf_str(&f.text), views[_i].from, views[_i].to);
	seen_bytes(f.seen, text, strlen(text));
	ck_assert_msg(check(&f, &(struct invariant){0}) > 0 &&
			  text_contains(buf_str(&f.out), views[_i].want),
	    "%s: expected \"%s\", got:\n%s", views[_i].label, views[_i].want,
	    buf_str(&f.out));
}
END_TEST

START_TEST(a_client_saw_more_than_there_is)
{
	auto_fix f;

	fix_init(&f);
	seen_bytes(f.seen, buf_str(&f.text), f.text.len);
	doctor(&f,
	    "DELETE FROM events WHERE id = " EVENT(
		12) "; UPDATE runs SET "
		    "last_seq = 11 WHERE row = 1",
	    NULL);
	ck_assert_int_gt(check(&f, &(struct invariant){0}), 0);
	assert_contains(
	    buf_str(&f.out), "a client saw ended.12; the store ends at 11");
}
END_TEST

START_TEST(a_stream_cut_anywhere_and_resumed_is_one_transcript)
{
	auto_fix f;

	fix_init(&f);
	for (size_t cut = 0; cut <= f.text.len; cut++) {
		const char *rest = buf_str(&f.text);

		seen_free(f.seen);
		f.seen = seen_new();
		seen_bytes(f.seen, rest, cut);
		seen_cut(f.seen);
		/* The rest begins behind the last event that was whole. */
		for (size_t i = seen_count(f.seen); i > 0; i--)
			rest = strstr(rest, "\n\n") + 2;
		seen_bytes(f.seen, rest, strlen(rest));
		ck_assert_uint_eq(seen_count(f.seen), ARRAY_LEN(ended_events));
		ck_assert(seen_is_finished(f.seen));
		ck_assert_str_eq(seen_run(f.seen), "ended");
		ck_assert_str_eq(seen_last_id(f.seen), "ended.12");
	}
	ck_assert_int_eq(check(&f, &(struct invariant){0}), 0);
}
END_TEST

START_TEST(a_stream_forgets_comments_and_what_has_no_number)
{
	static const char text[] =
	    "retry: 1000\n\n: keep-alive\n\nevent: token\ndata: {}\n\n"
	    "id: r.1\nevent: started\ndata: {}\n\nevent: token\ndata: {}\n\n";
	struct seen *s = seen_new();

	seen_bytes(s, text, strlen(text));
	ck_assert_uint_eq(seen_count(s), 1);
	ck_assert_str_eq(seen_at(s, 0)->type, "started");
	ck_assert(!seen_is_finished(s));
	seen_free(s);
}
END_TEST

START_TEST(a_flipped_byte_is_found)
{
	char byte;
	int fd;
	auto_fix f;

	fix_init(&f);
	fd = open(f.path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &byte, 1, 3 * STORE_PAGE_BYTES + 99), 1);
	byte ^= 4;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 3 * STORE_PAGE_BYTES + 99), 1);
	close(fd);
	ck_assert_int_gt(check(&f, &(struct invariant){0}), 0);
	assert_contains(buf_str(&f.out), "the file is sound: ");
}
END_TEST

START_TEST(a_store_that_is_not_there_is_found)
{
	auto_fix f;

	fix_init(&f);
	ck_assert_int_eq(unlink(f.path), 0);
	ck_assert_int_eq(check(&f, &(struct invariant){0}), 1);
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
	    {a_sound_store_passes_also_when_it_was_compacted, 0},
	    {each_violation_is_found, (int)ARRAY_LEN(cases)},
	    {each_difference_in_what_a_client_saw_is_found,
		(int)ARRAY_LEN(views)},
	    {a_client_saw_more_than_there_is, 0},
	    {a_stream_cut_anywhere_and_resumed_is_one_transcript, 0},
	    {a_stream_forgets_comments_and_what_has_no_number, 0},
	    {a_flipped_byte_is_found, 0},
	    {a_store_that_is_not_there_is_found, 0},
	    {a_process_is_measured, 0},
	};

	return RUN_TESTS("invariant", tests);
}
