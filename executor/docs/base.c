/*
 * base.c - the file of the index.
 */
#include "executor/docs/base.h"

#include "common/base/utf8.h"
#include "executor/docs/docs_schema.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BASE_APPLICATION = 0x43756c44, /* "CulD" */
	BASE_BUSY_MS = 5000,
	BASE_COUNTS_MAX = 50000,
	NAMED_MAX = 2000, /* bytes */
};

/* ---- statements ---- */

enum rc
base_error(const struct base *b, int code, const char *doing, struct err *err)
{
	enum rc rc = RC_IO;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		rc = RC_DAMAGED;
		break;
	case SQLITE_CANTOPEN:
		/* Taken away just now, to be made anew. */
		rc = RC_NOTFOUND;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		rc = RC_BUSY;
		break;
	default:
		break;
	}
	return err_set(err, rc, "the index of documents %s: %s: %s", b->path,
	    doing,
	    b->db != NULL ? sqlite3_errmsg(b->db) : sqlite3_errstr(code));
}

enum rc
base_exec(struct base *b, const char *sql, struct err *err)
{
	int code = sqlite3_exec(b->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK : base_error(b, code, "write", err);
}

enum rc
base_prepare(
    struct base *b, const char *sql, sqlite3_stmt **ret, struct err *err)
{
	int code = sqlite3_prepare_v2(b->db, sql, -1, ret, NULL);

	return code == SQLITE_OK ? RC_OK : base_error(b, code, "read", err);
}

enum rc
base_step(struct base *b, sqlite3_stmt *st, bool *ret_row, struct err *err)
{
	int code = sqlite3_step(st);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return base_error(b, code, "read or write", err);
	*ret_row = code == SQLITE_ROW;
	return RC_OK;
}

/* Steps one that gives no rows, and makes it ready for the next. */
static enum rc
run(struct base *b, sqlite3_stmt *st, struct err *err)
{
	bool row;
	enum rc rc = base_step(b, st, &row, err);

	sqlite3_reset(st);
	return rc;
}

void
base_bind(sqlite3_stmt *st, int i, struct span s)
{
	sqlite3_bind_text64(
	    st, i, s.p != NULL ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

struct span
base_text(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_text(st, column);

	return span_make(
	    p != NULL ? p : "", (size_t)sqlite3_column_bytes(st, column));
}

/* ---- opening ---- */

/* What SQLite has beside the file. */
static void
remove_beside(const char *path)
{
	auto_str wal = xasprintf("%s-wal", path);
	auto_str shm = xasprintf("%s-shm", path);

	unlink(wal);
	unlink(shm);
}

void
base_remove(const char *path)
{
	unlink(path);
	remove_beside(path);
}

void
base_close(struct base *b)
{
	sqlite3_close_v2(b->db);
	free(b->path);
	map_done(&b->counts);
	*b = (struct base){.db = NULL};
}

void
base_rest(struct base *b)
{
	sqlite3_db_release_memory(b->db);
	malloc_trim(0);
}

bool
base_is_current(const struct base *b)
{
	struct stat st;

	return b->db != NULL && stat(b->path, &st) == 0 &&
	       st.st_ino == b->ino && st.st_dev == b->dev;
}

static enum rc
pragma_int(struct base *b, const char *sql, int64_t *ret, struct err *err)
{
	auto_stmt st = NULL;
	bool row = false;
	enum rc rc = base_prepare(b, sql, &st, err);

	if (rc == RC_OK)
		rc = base_step(b, st, &row, err);
	if (rc == RC_OK)
		*ret = row ? sqlite3_column_int64(st, 0) : 0;
	return rc;
}

/* Is it an index of this version? An empty file is none. */
static enum rc
check_ours(struct base *b, struct err *err)
{
	int64_t application = 0, version = 0;
	enum rc rc = pragma_int(b, "PRAGMA application_id", &application, err);

	if (rc == RC_OK)
		rc = pragma_int(b, "PRAGMA user_version", &version, err);
	if (rc != RC_OK)
		return rc;
	return application == BASE_APPLICATION && version == BASE_VERSION
		   ? RC_OK
		   : err_set(err, RC_DAMAGED,
			 "%s is no index of documents of this version",
			 b->path);
}

static enum rc
check_whole(struct base *b, struct err *err)
{
	auto_stmt st = NULL;
	bool row = false;
	enum rc rc = base_prepare(b, "PRAGMA quick_check(1)", &st, err);

	if (rc == RC_OK)
		rc = base_step(b, st, &row, err);
	if (rc == RC_OK && !(row && span_is(base_text(st, 0), "ok")))
		rc = err_set(err, RC_DAMAGED, "%s is damaged: %.*s", b->path,
		    SPAN_ARG(base_text(st, 0)));
	return rc;
}

static enum rc
connect(struct base *b, const char *path, int flags, struct err *err)
{
	struct stat st;
	int code;

	b->path = xstrdup(path);
	code = sqlite3_open_v2(path, &b->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return base_error(b, code, "open", err);
	if (stat(path, &st) != 0)
		return err_set(
		    err, RC_IO, "stat %s: %s", path, strerror(errno));
	b->dev = st.st_dev;
	b->ino = st.st_ino;
	sqlite3_busy_timeout(b->db, BASE_BUSY_MS);
	return base_exec(b,
	    "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384;"
	    "PRAGMA mmap_size = 0",
	    err);
}

/* A new file is made beside its place: nobody sees half of it. */
static enum rc
make(const char *path, struct err *err)
{
	auto_str new = xasprintf("%s.new", path);
	auto_str sql = xasprintf("PRAGMA journal_mode = WAL; BEGIN; %s "
				 "PRAGMA application_id = %d; "
				 "PRAGMA user_version = %d; COMMIT",
	    DOCS_SCHEMA, BASE_APPLICATION, BASE_VERSION);
	struct base b = {.db = NULL};
	enum rc rc;

	base_remove(new);
	rc = connect(&b, new, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (rc == RC_OK)
		rc = base_exec(&b, sql, err);
	base_close(&b);
	if (rc != RC_OK)
		return rc;
	remove_beside(path);
	if (rename(new, path) != 0)
		return err_set(
		    err, RC_IO, "rename %s: %s", new, strerror(errno));
	return RC_OK;
}

static enum rc
open_one(struct base *b, const char *path, bool to_write, struct err *err)
{
	enum rc rc = connect(b, path, SQLITE_OPEN_READWRITE, err);

	if (rc == RC_OK)
		rc = check_ours(b, err);
	if (rc == RC_OK && to_write)
		rc = check_whole(b, err);
	if (rc != RC_OK)
		base_close(b);
	return rc;
}

enum rc
base_open(struct base *b, const char *path, bool to_write, struct err *err)
{
	enum rc rc;

	*b = (struct base){.db = NULL};
	if (access(path, F_OK) != 0) {
		if (!to_write)
			return err_set(err, RC_NOTFOUND,
			    "there is no index of documents yet");
		rc = make(path, err);
		return rc == RC_OK ? open_one(b, path, to_write, err) : rc;
	}
	rc = open_one(b, path, to_write, err);
	if (rc != RC_DAMAGED || !to_write)
		return rc;
	rc = make(path, err);
	return rc == RC_OK ? open_one(b, path, to_write, err) : rc;
}

/* ---- meta ---- */

enum rc
base_meta(struct base *b, const char *key, char **ret, struct err *err)
{
	auto_stmt st = NULL;
	bool row = false;
	enum rc rc =
	    base_prepare(b, "SELECT value FROM meta WHERE key = ?1", &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, span_of(key));
	rc = base_step(b, st, &row, err);
	if (rc == RC_OK) {
		struct span s = row ? base_text(st, 0) : span_of("");

		*ret = xstrndup(s.p, s.n);
	}
	return rc;
}

enum rc
base_set_meta(
    struct base *b, const char *key, struct span value, struct err *err)
{
	auto_stmt st = NULL;
	enum rc rc = base_prepare(
	    b, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)", &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, span_of(key));
	base_bind(st, 2, value);
	return run(b, st, err);
}

/* ---- words ---- */

enum rc
base_version(struct base *b, int64_t *ret, struct err *err)
{
	return pragma_int(b, "PRAGMA data_version", ret, err);
}

enum rc
base_count_begin(struct base *b, struct err *err)
{
	int64_t version = 0;
	enum rc rc = base_version(b, &version, err);

	if (rc == RC_OK &&
	    (version != b->counts_of || b->counts.n > BASE_COUNTS_MAX)) {
		map_done(&b->counts);
		b->counts_of = version;
	}
	return rc;
}

enum rc
base_count(struct base *b, struct span word, int *ret, struct err *err)
{
	auto_stmt st = NULL;
	bool row = false;
	int known = map_get(&b->counts, word, -1);
	enum rc rc;

	if (known >= 0) {
		*ret = known;
		return RC_OK;
	}
	rc = base_prepare(b, "SELECT doc FROM seen WHERE term = ?1", &st, err);
	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, word);
	rc = base_step(b, st, &row, err);
	if (rc == RC_OK) {
		*ret = row ? sqlite3_column_int(st, 0) : 0;
		*map_at(&b->counts, word, *ret) = *ret;
	}
	return rc;
}

/* ---- documents ---- */

static enum rc
run_named(struct base *b, const char *sql, struct span name, struct err *err)
{
	auto_stmt st = NULL;
	enum rc rc = base_prepare(b, sql, &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, name);
	return run(b, st, err);
}

enum rc
base_drop(struct base *b, struct span name, struct err *err)
{
	static const char *const sql[] = {
	    "DELETE FROM found WHERE rowid IN (SELECT p.id FROM passages p, "
	    "docs d WHERE p.doc = d.id AND d.name = ?1)",
	    "DELETE FROM passages WHERE doc IN "
	    "(SELECT id FROM docs WHERE name = ?1)",
	    "DELETE FROM docs WHERE name = ?1",
	};
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sql) && rc == RC_OK; i++)
		rc = run_named(b, sql[i], name, err);
	return rc;
}

static enum rc
insert_doc(struct base *b, const struct base_doc *doc,
    const struct passages *passages, struct err *err)
{
	auto_stmt st = NULL;
	enum rc rc = base_prepare(b,
	    "INSERT INTO docs (name, origin, title, sha256, stamp, bytes, "
	    "passages, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	    &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, doc->name);
	base_bind(st, 2, doc->origin);
	base_bind(st, 3, span_of(passages->title));
	base_bind(st, 4, doc->sha256);
	base_bind(st, 5, doc->stamp);
	sqlite3_bind_int64(st, 6, (int64_t)doc->bytes);
	sqlite3_bind_int64(st, 7, (int64_t)passages->n);
	base_bind(st, 8, doc->problem);
	return run(b, st, err);
}

/* The words of a title are also those of the file's name. */
static void
put_title(struct words *w, struct span name, const char *title, struct buf *b)
{
	const char *dot = memrchr(name.p, '.', name.n);

	words_put(w, span_of(title), b);
	if (dot != NULL)
		name.n = (size_t)(dot - name.p);
	words_put(w, name, b);
}

static void
put_whole(void *ctx, enum words_kind kind, struct span word)
{
	if (kind != WORDS_WHOLE)
		return;
	buf_add_span(ctx, word);
	buf_addc(ctx, ' ');
}

/* By the identifiers a document names before its first section, such as the
 * alerts it is about, it is found in all of its sections. */
static void
put_names(struct words *w, const struct passage *first, struct buf *b)
{
	if (strstr(first->path, " > ") == NULL)
		words_each(w, utf8_cut(first->text, NAMED_MAX), put_whole, b);
}

static int
count_blanks(struct span s)
{
	int n = 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		n += s.p[i] == ' ';
	return n;
}

/* Mostly: names and commands are English everywhere. */
static bool
is_chinese(struct span text)
{
	size_t i, n, all = 0, wide = 0;

	for (i = 0; i < text.n; i += n, all++) {
		uint32_t cp = utf8_next(span_from(text, i), &n);

		wide += cp >= 0x3400 && cp <= 0x9FFF;
	}
	return wide > all / 7;
}

/* What is embedded: its headings, and its text. Half a digest tells texts
 * apart as well. */
static struct span
hash_of(const struct passage *p, char hash[SHA256_TEXT])
{
	auto_buf b = {.max = SPLIT_BYTES_MAX + (64 << 10)};

	buf_addf(&b, "%s\n%.*s", p->path, SPAN_ARG(p->text));
	return span_make(sha256_text(buf_span(&b), hash), SHA256_TEXT / 2);
}

static enum rc
insert_passages(struct base *b, struct words *w, struct span name,
    const struct passages *list, struct err *err)
{
	auto_stmt one = NULL;
	auto_stmt found = NULL;
	auto_buf title = {.max = 1 << 20}, words = {.max = 64 << 20};
	char hash[SHA256_TEXT];
	int64_t doc = sqlite3_last_insert_rowid(b->db);
	enum rc rc = base_prepare(b,
	    "INSERT INTO passages (doc, n, path, line_from, line_to, words, "
	    "chinese, hash, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
	    "?9)",
	    &one, err);
	size_t i;

	if (rc == RC_OK)
		rc = base_prepare(b,
		    "INSERT INTO found (rowid, title, path, body) "
		    "VALUES (last_insert_rowid(), ?1, ?2, ?3)",
		    &found, err);
	put_title(w, name, list->title, &title);
	if (list->n > 0)
		put_names(w, &list->list[0], &title);
	for (i = 0; i < list->n && rc == RC_OK; i++) {
		const struct passage *p = &list->list[i];
		size_t path;
		struct span body;

		buf_reset(&words);
		words_put(w, span_of(p->path), &words);
		path = words.len;
		words_put(w, p->text, &words);
		body = span_from(buf_span(&words), path);
		sqlite3_bind_int64(one, 1, doc);
		sqlite3_bind_int64(one, 2, (int64_t)i + 1);
		base_bind(one, 3, span_of(p->path));
		sqlite3_bind_int64(one, 4, p->line_from);
		sqlite3_bind_int64(one, 5, p->line_to);
		sqlite3_bind_int64(one, 6, count_blanks(body));
		sqlite3_bind_int(one, 7, is_chinese(p->text));
		base_bind(one, 8, hash_of(p, hash));
		base_bind(one, 9, p->text);
		rc = run(b, one, err);
		base_bind(found, 1, buf_span(&title));
		base_bind(found, 2, span_make(words.data, path));
		base_bind(found, 3, body);
		if (rc == RC_OK)
			rc = run(b, found, err);
	}
	return rc;
}

enum rc
base_put(struct base *b, struct words *w, const struct base_doc *doc,
    const struct passages *passages, struct err *err)
{
	enum rc rc = base_drop(b, doc->name, err);

	if (rc == RC_OK)
		rc = insert_doc(b, doc, passages, err);
	return rc == RC_OK ? insert_passages(b, w, doc->name, passages, err)
			   : rc;
}
