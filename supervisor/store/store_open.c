/*
 * store_open.c - opening the SQLite store without harming what is there.
 *
 * Nothing is written before the file has been found to be ours, whole, and
 * not newer than this build. A new file is made beside its place and renamed
 * into it, so that it is never seen half made.
 */
#include "common/base/failpoint.h"
#include "supervisor/store/schema.h"
#include "supervisor/store/store_scroll.h"
#include "supervisor/store/store_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	thread_stop(s->thread);
	batch_free(s->open);
	scrolls_free(s->scrolls);
	store_db_done(&s->read);
	store_db_done(&s->write);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	free(s);
}

static enum rc
store_locked(const char *path, int fd, struct err *err)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[MAX(n, 0)] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(err, RC_CONFLICT,
	    "%s is in use by process %s, which holds %s.lock: stop it, or use "
	    "another data directory",
	    path, pid[0] != '\0' ? pid : "(unknown)", path);
}

/* The lock goes with the process, however it ends; its file stays. */
static enum rc
store_lock(struct store *s, struct err *err)
{
	auto_str path = xasprintf("%s.lock", s->path);
	auto_str pid = xasprintf("%ld\n", (long)getpid());

	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_set(
		    err, RC_IO, "open %s: %s", path, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			   ? store_locked(s->path, s->lock_fd, err)
			   : err_set(err, RC_IO, "lock %s: %s", path,
				 strerror(errno));
	FAILPOINT(store_locked);
	/* The pid is for people; without it the lock holds all the same. */
	if (ftruncate(s->lock_fd, 0) != 0 ||
	    pwrite(s->lock_fd, pid, strlen(pid), 0) < 0)
		return RC_OK;
	return RC_OK;
}

static enum rc
store_foreign(const char *path, const char *what, struct err *err)
{
	return err_set(err, RC_CONFLICT,
	    "%s %s; it was left as it is: move it away or restore a backup",
	    path, what);
}

static enum rc
store_version(const char *path, uint32_t version, struct err *err)
{
	return err_set(err, RC_CONFLICT,
	    "%s has schema %u, this build knows %d: use %s; it was left as it "
	    "is",
	    path, version, STORE_VERSION,
	    version > STORE_VERSION ? "the newer build"
				    : "another data directory");
}

static bool
store_knows(uint32_t version)
{
	return version >= STORE_VERSION_LEAST && version <= STORE_VERSION;
}

static uint32_t
store_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* The file's first 100 bytes, read by ourselves: SQLite is not let near a
 * file that is not ours. Layout: sqlite.org/fileformat.html, section 1.3. */
static enum rc
store_check_header(const char *path, int fd, struct err *err)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t h[100];
	uint32_t version;

	if (pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(h, magic, sizeof(magic)) != 0)
		return store_foreign(path, "is damaged or no database", err);
	if (store_be32(h + 68) != STORE_APPLICATION)
		return store_foreign(path, "belongs to another program", err);
	/* Of a format that this SQLite can only read, or not even that. */
	if (h[18] > 2 || h[19] > 2)
		return store_foreign(path, "is damaged", err);
	version = store_be32(h + 60);
	return store_knows(version) ? RC_OK : store_version(path, version, err);
}

enum rc
store_look(const char *path, int64_t *ret_bytes, struct err *err)
{
	auto_str wal = xasprintf("%s-wal", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	enum rc rc = RC_OK;

	if (fd < 0 && errno != ENOENT)
		return err_set(
		    err, RC_IO, "open %s: %s", path, strerror(errno));
	if (fd >= 0 && fstat(fd, &st) != 0)
		rc = err_set(err, RC_IO, "stat %s: %s", path, strerror(errno));
	else if (fd >= 0 && !S_ISREG(st.st_mode))
		rc = store_foreign(path, "is no regular file", err);
	else if (fd >= 0 && st.st_size > 0)
		rc = store_check_header(path, fd, err);
	if (fd >= 0)
		close(fd);
	if (rc != RC_OK)
		return rc;
	*ret_bytes = st.st_size;
	if (st.st_size == 0 && stat(wal, &st) == 0 && st.st_size > 0)
		return store_foreign(path, "is missing beside its -wal", err);
	return RC_OK;
}

static enum rc
store_exec(struct store *s, const char *sql, const char *doing, struct err *err)
{
	int code = sqlite3_exec(s->write.db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK
				 : store_db_error(&s->write, code, doing, err);
}

/* ---- a new file ---- */

static enum rc
store_sync_directory(const char *path, struct err *err)
{
	auto_str copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) != 0;

	if (fd >= 0)
		close(fd);
	return failed ? err_set(err, RC_IO, "sync the directory of %s: %s",
			    path, strerror(errno))
		      : RC_OK;
}

static enum rc
store_create_at(struct store *s, const char *path, struct err *err)
{
	auto_str sql = xasprintf("BEGIN IMMEDIATE; %s %s %s "
				 "PRAGMA application_id = %d; "
				 "PRAGMA user_version = %d; COMMIT; "
				 "PRAGMA journal_mode = WAL",
	    SUPERVISOR_SCHEMA, SUPERVISOR_SCHEMA_5, SUPERVISOR_SCHEMA_6,
	    STORE_APPLICATION, STORE_VERSION);
	enum rc rc = store_db_connect(&s->write, path, false, err);

	if (rc == RC_OK)
		rc = store_exec(s, sql, "create", err);
	store_db_done(&s->write);
	return rc;
}

static enum rc
store_create(struct store *s, struct err *err)
{
	auto_str path = xasprintf("%s.new", s->path);
	int fd;
	enum rc rc;

	/* What an earlier attempt left. */
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(
		    err, RC_IO, "create %s: %s", path, strerror(errno));
	close(fd);
	rc = store_create_at(s, path, err);
	if (rc != RC_OK)
		return rc;
	FAILPOINT(store_created);
	if (rename(path, s->path) != 0)
		return err_set(
		    err, RC_IO, "rename %s: %s", path, strerror(errno));
	FAILPOINT(store_renamed);
	return store_sync_directory(s->path, err);
}

/* ---- one that is there ---- */

/* One value. */
static enum rc
store_ask(struct store_db *d, const char *sql, char *ret, size_t n,
    struct err *err)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(d->db, sql, -1, &st, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		snprintf(
		    ret, n, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return code == SQLITE_ROW ? RC_OK : store_db_unread(d, code, err);
}

static enum rc
store_ask_version(
    struct store_db *d, const char *path, uint32_t *ret, struct err *err)
{
	char text[32];
	enum rc rc =
	    store_ask(d, "PRAGMA user_version", text, sizeof(text), err);

	if (rc != RC_OK)
		return rc;
	*ret = (uint32_t)strtoul(text, NULL, 10);
	return store_knows(*ret) ? RC_OK : store_version(path, *ret, err);
}

/* A store of an earlier version gets what it lacks, all of it or nothing: the
 * builds before do not open it any more. */
static enum rc
store_take_over(struct store *s, uint32_t version, struct err *err)
{
	static const char *const steps[] = {
	    SUPERVISOR_SCHEMA_5, SUPERVISOR_SCHEMA_6};
	enum rc rc = RC_OK;
	int code;

	for (; rc == RC_OK && version < STORE_VERSION; version++) {
		auto_str sql = xasprintf(
		    "BEGIN IMMEDIATE; %s PRAGMA user_version = %u; COMMIT",
		    steps[version - STORE_VERSION_LEAST], version + 1);

		code = sqlite3_exec(s->write.db, sql, NULL, NULL, NULL);
		if (code == SQLITE_ERROR)
			rc = store_foreign(s->path,
			    "has other tables than its version says", err);
		else if (code != SQLITE_OK)
			rc = store_db_error(
			    &s->write, code, "take it over", err);
	}
	return rc;
}

/* What the header said may be older than what the log says. */
static enum rc
store_check(
    struct store *s, int64_t bytes, uint32_t *ret_version, struct err *err)
{
	/* What a supervisor cannot begin without. */
	static const char has_ends[] =
	    "SELECT CASE WHEN (SELECT count(*) FROM ends WHERE name IN "
	    "('base', 'head') AND length(link) = 32) = 2 AND (SELECT count(*) "
	    "FROM meta WHERE name = 'epoch') = 1 THEN 'ok' ELSE 'no' END";
	char text[128] = "ok";
	enum rc rc =
	    store_ask_version(&s->write, s->path, ret_version, err);

	if (rc != RC_OK)
		return rc;
	if (bytes > STORE_CHECK_BYTES)
		return RC_OK;
	/* To the check a page that could not be read is damage, too; what is
	 * damaged is so a second time. */
	for (int i = 0; i < 2; i++) {
		rc = store_ask(&s->write, "PRAGMA quick_check(1)", text,
		    sizeof(text), err);
		if (rc != RC_OK || strcmp(text, "ok") == 0)
			break;
	}
	if (rc == RC_OK && strcmp(text, "ok") == 0)
		rc = store_ask(&s->write, has_ends, text, sizeof(text), err);
	if (rc != RC_OK || strcmp(text, "ok") == 0)
		return rc;
	return store_foreign(s->path, "is damaged", err);
}

/* The epoch, durable when this returns. */
static enum rc
store_epoch(struct store *s, uint64_t *ret_epoch, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(&s->write, SQL_EPOCH);
	enum rc rc = store_db_next(&s->write, st, "begin an epoch", err);
	int64_t epoch;

	if (rc != RC_OK)
		return rc == RC_NOTFOUND
			   ? store_foreign(s->path, "has lost its epoch", err)
			   : rc;
	epoch = sqlite3_column_int64(st, 0);
	/* RETURNING commits when the statement has run to its end. */
	rc = store_db_next(&s->write, st, "begin an epoch", err);
	if (rc != RC_NOTFOUND)
		return rc;
	FAILPOINT(store_epoch);
	s->epoch = epoch;
	*ret_epoch = (uint64_t)epoch;
	return RC_OK;
}

/*
 * What an earlier process left in the log goes into the file now. If its last
 * sync failed, pages of the log are there to be read but may never have
 * reached the disk, and no later sync of ours would take them there: a commit
 * behind them would go with them when the power fails.
 */
static enum rc
store_settle(struct store *s, struct err *err)
{
	int code = sqlite3_wal_checkpoint_v2(
	    s->write.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	/* Somebody looks on with another program: then it stays there. */
	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
		return RC_OK;
	return store_db_error(&s->write, code, "settle its log", err);
}

/* A refused file is not even checkpointed. A copy made by VACUUM INTO has no
 * log yet. */
static enum rc
store_accept(struct store *s, int64_t bytes, struct err *err)
{
	sqlite3 *db = s->write.db;
	uint32_t version = 0;
	enum rc rc;

	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	rc = store_check(s, bytes, &version, err);
	if (rc == RC_OK)
		rc = store_take_over(s, version, err);
	if (rc == RC_OK)
		rc = store_db_prepare(&s->write, err);
	if (rc != RC_OK)
		return rc;
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	rc = store_settle(s, err);
	if (rc == RC_OK)
		rc = store_exec(s, "PRAGMA journal_mode = WAL", "open it", err);
	return rc;
}

/* ---- all of it ---- */

static struct store *
store_new(const char *path)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->lock_fd = -1;
	s->open = batch_new();
	s->scrolls = scrolls_new();
	return s;
}

enum rc
store_view(const char *path, struct store **ret_s, struct err *err)
{
	AUTO(auto_store) s = store_new(path);
	int64_t bytes = 0;
	uint32_t version;
	enum rc rc = store_look(path, &bytes, err);

	if (rc == RC_OK && bytes == 0)
		rc = err_set(err, RC_NOTFOUND, "there is no %s", path);
	if (rc == RC_OK)
		rc = store_db_connect(&s->read, s->path, true, err);
	if (rc != RC_OK)
		return rc;
	sqlite3_db_config(s->read.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	rc = store_ask_version(&s->read, s->path, &version, err);
	if (rc == RC_OK && version != STORE_VERSION)
		rc = err_set(err, RC_CONFLICT,
		    "%s has schema %u, this build reads %d: start the "
		    "supervisor on it once, which takes it over, or read it "
		    "with the build that wrote it",
		    s->path, version, STORE_VERSION);
	if (rc == RC_OK)
		rc = store_db_prepare(&s->read, err);
	if (rc == RC_OK)
		*ret_s = TAKE(s);
	return rc;
}

static enum rc
store_begin(struct store *s, uint64_t *ret_epoch, struct err *err)
{
	sqlite3_stmt *st;
	enum rc rc = store_db_connect(&s->read, s->path, true, err);

	if (rc == RC_OK)
		rc = store_db_prepare(&s->read, err);
	if (rc == RC_OK)
		rc = store_epoch(s, ret_epoch, err);
	if (rc != RC_OK)
		return rc;
	st = store_db_stmt(&s->read, SQL_ROW_LAST);
	rc = store_db_next(&s->read, st, "find the last run", err);
	if (rc != RC_OK)
		return rc;
	s->next_row = sqlite3_column_int64(st, 0) + 1;
	sqlite3_reset(st);
	return thread_start(&s->write, s->epoch, &s->thread, err);
}

enum rc
store_open(const char *path, struct store **ret_s, uint64_t *ret_epoch,
    struct err *err)
{
	AUTO(auto_store) s = store_new(path);
	int64_t bytes = 0;
	enum rc rc = FAILPOINT_RC(store_open_fails, err);

	if (rc == RC_OK)
		rc = store_lock(s, err);
	if (rc == RC_OK)
		rc = store_look(s->path, &bytes, err);
	if (rc == RC_OK && bytes == 0)
		rc = store_create(s, err);
	if (rc == RC_OK)
		rc = store_db_connect(&s->write, s->path, false, err);
	if (rc == RC_OK)
		rc = store_accept(s, bytes, err);
	FAILPOINT(store_accepted);
	if (rc == RC_OK)
		rc = store_begin(s, ret_epoch, err);
	FAILPOINT(store_opened);
	if (rc == RC_OK)
		*ret_s = TAKE(s);
	return rc;
}
