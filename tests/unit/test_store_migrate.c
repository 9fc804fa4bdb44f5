/*
 * test_store_migrate.c - a store of version 1 becomes one of now, whole.
 *
 * The file is made here as version 1 made it: its schema, a row for every
 * item, zlib packs of what had finished, through the VFS that sums pages.
 */
#include "common/buf.h"
#include "supervisor/store_db.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

static const char schema_1[] =
    "CREATE TABLE meta ( "
    "name TEXT PRIMARY KEY, "
    "value INTEGER NOT NULL "
    ") STRICT, WITHOUT ROWID; "
    "INSERT INTO meta VALUES ('epoch', 0); "
    "CREATE TABLE runs ( "
    "row INTEGER PRIMARY KEY, "
    "id TEXT NOT NULL UNIQUE, "
    "key TEXT, "
    "digest TEXT NOT NULL, "
    "input TEXT NOT NULL, "
    "status TEXT NOT NULL, "
    "reason TEXT NOT NULL, "
    "confidence TEXT NOT NULL, "
    "node TEXT NOT NULL, "
    "created_ms INTEGER NOT NULL, "
    "finished_ms INTEGER NOT NULL, "
    "deadline_ms INTEGER NOT NULL, "
    "iteration INTEGER NOT NULL, "
    "turns INTEGER NOT NULL, "
    "next_task INTEGER NOT NULL, "
    "next_update INTEGER NOT NULL, "
    "last_seq INTEGER NOT NULL, "
    "packed INTEGER NOT NULL DEFAULT 0 "
    ") STRICT; "
    "CREATE UNIQUE INDEX runs_key ON runs (key) WHERE key IS NOT NULL; "
    "CREATE INDEX runs_status ON runs (status); "
    "CREATE INDEX runs_finished ON runs (finished_ms); "
    "CREATE INDEX runs_unpacked ON runs (row) WHERE packed = 0; "
    "CREATE TABLE updates ( "
    "id INTEGER PRIMARY KEY, "
    "label TEXT NOT NULL, "
    "data BLOB NOT NULL "
    ") STRICT; "
    "CREATE TABLE events ( "
    "id INTEGER PRIMARY KEY, "
    "label TEXT NOT NULL, "
    "data BLOB NOT NULL "
    ") STRICT; "
    "CREATE TABLE packs ( "
    "id INTEGER PRIMARY KEY, "
    "raw_bytes INTEGER NOT NULL, "
    "data BLOB NOT NULL "
    ") STRICT; "
    "CREATE TABLE tasks ( "
    "id INTEGER PRIMARY KEY, "
    "node TEXT NOT NULL, "
    "step INTEGER NOT NULL, "
    "attempt INTEGER NOT NULL, "
    "state TEXT NOT NULL, "
    "worker TEXT NOT NULL, "
    "outcome BLOB NOT NULL "
    ") STRICT; "
    "CREATE TABLE evidence ( "
    "run INTEGER NOT NULL, "
    "number INTEGER NOT NULL, "
    "media TEXT NOT NULL, "
    "blob INTEGER NOT NULL, "
    "PRIMARY KEY (run, number) "
    ") STRICT, WITHOUT ROWID; "
    "CREATE INDEX evidence_blob ON evidence (blob); "
    "CREATE TABLE blobs ( "
    "id INTEGER PRIMARY KEY, "
    "sha256 BLOB NOT NULL UNIQUE, "
    "raw_bytes INTEGER NOT NULL, "
    "data BLOB NOT NULL "
    ") STRICT; ";

/* Run 1 has finished and is packed, run 2 goes on. */
static const char content_1[] =
    "UPDATE meta SET value = 7;"
    "INSERT INTO runs VALUES (1, 'done', 'k1', 'd', 'why', 'completed', '', "
    "'likely', 'END', 1, 50, 3, 1, 2, 3, 2, 2, 1);"
    "INSERT INTO runs VALUES (2, 'goes', NULL, 'd', 'what', 'running', '', '', "
    "'executor', 5, 0, 9, 1, 1, 3, 2, 2, 0);"
    "INSERT INTO updates VALUES (2 << 20, 'START', x'80');"
    "INSERT INTO updates VALUES ((2 << 20) + 1, 'planner', x'81a161c0');"
    "INSERT INTO events VALUES ((2 << 20) + 1, 'started', x'c0');"
    "INSERT INTO events VALUES ((2 << 20) + 2, 'plan', x'00ff');"
    "INSERT INTO tasks VALUES ((2 << 20) + 2, 'executor', 1, 3, 'DONE', 'w', "
    "x'80');"
    "INSERT INTO evidence VALUES (1, 1, 'text/plain', 1);"
    "INSERT INTO evidence VALUES (2, 1, 'text/plain', 2);";

static void
exec(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK,
	    "%s: %s", sql, why);
}

static void
exec_blob(sqlite3 *db, const char *sql, struct span a, struct span b)
{
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	store_db_blob(st, 1, a);
	if (b.p != NULL)
		store_db_blob(st, 2, b);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

/* As version 1 packed: varints of one byte here. */
static void
add_item(struct buf *b, char n, const char *label, struct span data)
{
	buf_addc(b, n);
	buf_addc(b, (char)strlen(label));
	buf_addc(b, (char)data.n);
	buf_adds(b, label);
	buf_add_span(b, data);
}

static struct span
deflate_1(const struct buf *b, char *to, size_t size)
{
	uLongf n = size;

	ck_assert_int_eq(
	    compress2((Bytef *)to, &n, (const Bytef *)b->data, b->len, 3),
	    Z_OK);
	return span_make(to, n);
}

static void
put_pack(sqlite3 *db, int id, const struct buf *raw)
{
	char to[4096];
	auto_str sql =
	    xasprintf("INSERT INTO packs VALUES (%d, %zu, ?1)", id, raw->len);

	exec_blob(
	    db, sql, deflate_1(raw, to, sizeof(to)), (struct span){NULL, 0});
}

static void
put_blobs(sqlite3 *db)
{
	unsigned char sum[crypto_hash_sha256_BYTES] = {0};
	struct span hash = span_make((const char *)sum, sizeof(sum));
	auto_buf text = {.max = 4096};
	char to[4096];

	for (int i = 0; i < 600; i++)
		buf_adds(&text, "xyz ");
	crypto_hash_sha256(sum, (const unsigned char *)"plain", 5);
	exec_blob(db, "INSERT INTO blobs VALUES (2, ?1, 0, ?2)", hash,
	    span_of("plain"));
	crypto_hash_sha256(sum, (const unsigned char *)text.data, text.len);
	exec_blob(db, "INSERT INTO blobs VALUES (1, ?1, 2400, ?2)", hash,
	    deflate_1(&text, to, sizeof(to)));
}

static void
make_1(const char *path)
{
	auto_buf updates = {.max = 4096}, events = {.max = 4096};
	sqlite3 *db = NULL;
	int reserve = STORE_SUM_BYTES;
	int fd = open(path, O_CREAT | O_RDWR, 0600);
	struct err err;

	ck_assert_int_ge(fd, 0);
	close(fd);
	MUST(store_db_connect(path, &db, &err));
	ck_assert_int_eq(sqlite3_file_control(
			     db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve),
	    SQLITE_OK);
	exec(db, "BEGIN");
	exec(db, schema_1);
	exec(db, content_1);
	add_item(&updates, 0, "START", span_make("a\0b", 3));
	add_item(&updates, 1, "END", span_of("c"));
	add_item(&events, 1, "started", span_of("one"));
	add_item(&events, 2, "finished", span_of("two"));
	put_pack(db, 2, &updates);
	put_pack(db, 3, &events);
	put_blobs(db);
	exec(db, "PRAGMA application_id = 1129663568; PRAGMA user_version = 1;"
		 "COMMIT");
	exec(db, "PRAGMA journal_mode = WAL");
	sqlite3_close(db);
}

struct fix {
	char *dir, *path;
	struct store *s;
	uint64_t epoch;
	struct buf seen;
};

static void
fix_init(struct fix *f)
{
	struct err err;

	*f = (struct fix){.dir = scratch_new()};
	f->path = xasprintf("%s/runs.db", f->dir);
	buf_init(&f->seen, 1 << 20);
	make_1(f->path);
	MUST(ops->open(f->path, &f->s, &f->epoch, &err));
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

static void
see_run(void *fix, const struct store_run *r)
{
	buf_addf(&((struct fix *)fix)->seen, "%.*s/%.*s/%lld ", SPAN_ARG(r->id),
	    SPAN_ARG(r->status), (long long)r->last_seq);
}

static void
see_item(struct fix *f, int64_t n, struct span label, struct span data)
{
	buf_addf(&f->seen, "%lld:%.*s=", (long long)n, SPAN_ARG(label));
	for (size_t i = 0; i < data.n; i++)
		buf_addf(&f->seen, "%02x", (unsigned char)data.p[i]);
	buf_addc(&f->seen, ' ');
}

static void
see_update(void *fix, int64_t n, struct span node, struct span update)
{
	see_item(fix, n, node, update);
}

static void
see_event(void *fix, int64_t n, struct span type, struct span data)
{
	see_item(fix, n, type, data);
}

static void
see_task(void *fix, const struct store_task *t)
{
	buf_addf(&((struct fix *)fix)->seen, "%llu %.*s %lld %llu %.*s %.*s;",
	    (unsigned long long)t->task, SPAN_ARG(t->node), (long long)t->index,
	    (unsigned long long)t->attempt, SPAN_ARG(t->state),
	    SPAN_ARG(t->worker));
}

static void
see_evidence(void *fix, const struct store_evidence *e)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%zu %.*s", e->bytes.n,
	    (int)MIN(e->bytes.n, (size_t)8), e->bytes.p);
}

static void
assert_all(struct fix *f)
{
	struct store_list l = {.limit = 10};
	struct err err;

	buf_reset(&f->seen);
	MUST(ops->run_list(f->s, &l, see_run, f, &err));
	for (int row = 1; row <= 2; row++) {
		MUST(ops->update_each(f->s, row, see_update, f, &err));
		MUST(ops->event_each(f->s, row, 0, 9, see_event, f, &err));
		MUST(ops->task_each(f->s, row, see_task, f, &err));
		MUST(ops->evidence_get(f->s, row, 1, see_evidence, f, &err));
		buf_addc(&f->seen, '\n');
	}
	ck_assert_str_eq(buf_str(&f->seen),
	    "goes/running/2 done/completed/2 "
	    "0:START=610062 1:END=63 1:started=6f6e65 2:finished=74776f "
	    "2400 xyz xyz \n"
	    "0:START=80 1:planner=81a161c0 1:started=c0 2:plan=00ff "
	    "2 executor 1 3 DONE w;5 plain\n");
}

START_TEST(a_store_of_version_1_keeps_all_it_had)
{
	auto_fix f;
	struct err err;

	fix_init(&f);
	ck_assert_uint_eq(f.epoch, 8);
	assert_all(&f);
	ops->close(f.s);
	f.s = NULL;
	MUST(ops->open(f.path, &f.s, &f.epoch, &err));
	assert_all(&f);
	MUST(ops->begin(f.s, &err));
	MUST(ops->run_compact(f.s, 0, &err));
	MUST(ops->commit(f.s, &err));
	assert_all(&f);
	MUST(ops->event_insert(f.s, 2, 3, span_of("x"), span_of("y"), &err));
}
END_TEST

static void
see_schema(const char *path, struct buf *ret)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	struct err err;

	MUST(store_db_connect(path, &db, &err));
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db,
		"SELECT name, group_concat(col, ' ') FROM (SELECT s.name AS "
		"name, c.name || ' ' || c.type || c.\"notnull\" || c.pk AS col "
		"FROM sqlite_master s LEFT JOIN pragma_table_info(s.name) c "
		"ORDER BY s.name, c.cid) GROUP BY name ORDER BY name",
		-1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		buf_addf(ret, "%s: %s\n", sqlite3_column_text(st, 0),
		    sqlite3_column_text(st, 1));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

START_TEST(a_migrated_store_has_the_tables_of_a_new_one)
{
	auto_fix f;
	auto_str path = NULL;
	auto_buf migrated = {.max = 1 << 16}, made = {.max = 1 << 16};
	struct store *s = NULL;
	uint64_t epoch;
	struct err err;

	fix_init(&f);
	path = xasprintf("%s/new.db", f.dir);
	MUST(ops->open(path, &s, &epoch, &err));
	ops->close(s);
	see_schema(f.path, &migrated);
	see_schema(path, &made);
	assert_contains(buf_str(&made), "journal: ");
	ck_assert_str_eq(buf_str(&migrated), buf_str(&made));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_store_of_version_1_keeps_all_it_had, 0},
	    {a_migrated_store_has_the_tables_of_a_new_one, 0},
	};

	return RUN_TESTS("store migration", tests);
}
