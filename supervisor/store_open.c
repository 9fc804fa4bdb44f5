/*
 * store_open.c - opening the SQLite store without harming what is there.
 *
 * Nothing is written before the file has been found to be ours, whole, and
 * not newer than this build. A new file is made beside its place and renamed
 * into it, so that it is never seen half made.
 */
#include "common/failpoint.h"
#include "supervisor/schema.h"
#include "supervisor/store_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void
store_db_free(struct store *s)
{
	if (s == NULL)
		return;
	store_ckpt_stop(s);
	store_journal_free(s->journal);
	for (int q = 0; q < SQL_COUNT; q++)
		sqlite3_finalize(s->stmts[q]);
	sqlite3_close(s->db);
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

/* Reading failed while the file is being judged. */
static enum rc
store_unread(const char *path, sqlite3 *db, int code, struct err *err)
{
	struct store s = {.db = db, .path = (char *)path};
	int primary = code & 0xff;

	if (code == SQLITE_IOERR_DATA || primary == SQLITE_CORRUPT ||
	    primary == SQLITE_NOTADB)
		return store_foreign(path, "is damaged", err);
	return store_db_error(&s, code, "open it", err);
}

static enum rc
store_newer(const struct store *s, uint32_t version, struct err *err)
{
	return err_set(err, RC_CONFLICT,
	    "%s has schema %u, this build knows %d: use the newer build; it "
	    "was left as it is",
	    s->path, version, STORE_VERSION);
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
store_check_header(const struct store *s, int fd, struct err *err)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t h[100];

	if (pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(h, magic, sizeof(magic)) != 0)
		return store_foreign(s->path, "is damaged or no database", err);
	if (store_be32(h + 68) != STORE_APPLICATION)
		return store_foreign(
		    s->path, "belongs to another program", err);
	if (h[20] != STORE_SUM_BYTES)
		return store_foreign(s->path, "is damaged", err);
	if (store_be32(h + 60) > STORE_VERSION)
		return store_newer(s, store_be32(h + 60), err);
	return RC_OK;
}

/* Whether the file is there; with content, it is ours. */
static enum rc
store_look(
    const struct store *s, bool *ret_there, int64_t *ret_bytes, struct err *err)
{
	auto_str wal = xasprintf("%s-wal", s->path);
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	enum rc rc = RC_OK;

	if (fd < 0 && errno != ENOENT)
		return err_set(
		    err, RC_IO, "open %s: %s", s->path, strerror(errno));
	if (fd >= 0 && fstat(fd, &st) != 0)
		rc = err_set(
		    err, RC_IO, "stat %s: %s", s->path, strerror(errno));
	else if (fd >= 0 && !S_ISREG(st.st_mode))
		rc = store_foreign(s->path, "is no regular file", err);
	else if (fd >= 0 && st.st_size > 0)
		rc = store_check_header(s, fd, err);
	if (fd >= 0)
		close(fd);
	if (rc != RC_OK)
		return rc;

	*ret_there = st.st_size > 0;
	*ret_bytes = st.st_size;
	if (st.st_size == 0 && stat(wal, &st) == 0 && st.st_size > 0)
		return store_foreign(
		    s->path, "is missing beside its -wal", err);
	return *ret_there ? store_wal_check(wal, err) : RC_OK;
}

static enum rc
store_exec(struct store *s, const char *sql, const char *doing, struct err *err)
{
	int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK : store_db_error(s, code, doing, err);
}

enum rc
store_db_connect(const char *path, sqlite3 **ret_db, struct err *err)
{
	static const char setup[] =
	    "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; "
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048; "
	    "PRAGMA wal_autocheckpoint = 0; "
	    "PRAGMA journal_size_limit = 16777216";
	sqlite3 *db = NULL;
	int code;

	store_vfs_register();
	code = sqlite3_open_v2(path, &db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    STORE_VFS);
	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(db, 2000);
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		code = sqlite3_exec(db, setup, NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		enum rc rc = store_unread(path, db, code, err);

		sqlite3_close(db);
		return rc;
	}
	*ret_db = db;
	return RC_OK;
}

static enum rc
store_migrate(struct store *s, uint32_t from, struct err *err)
{
	auto_str version = xasprintf("PRAGMA application_id = %d; "
				     "PRAGMA user_version = %d; COMMIT",
	    STORE_APPLICATION, STORE_VERSION);
	enum rc rc = store_exec(s, "BEGIN IMMEDIATE", "migrate", err);

	if (rc == RC_OK && from == 0) {
		rc = store_exec(s, SUPERVISOR_SCHEMA, "create", err);
		from = STORE_VERSION;
	}
	for (; rc == RC_OK && from < STORE_VERSION; from++)
		rc = store_migrate_step(s, from, err);
	FAILPOINT(store_migrated);
	if (rc == RC_OK)
		rc = store_exec(s, version, "migrate", err);
	return rc;
}

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
	int reserve = STORE_SUM_BYTES;
	enum rc rc = store_db_connect(path, &s->db, err);

	if (rc != RC_OK)
		return rc;
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_RESERVE_BYTES,
		&reserve) != SQLITE_OK)
		rc = err_set(err, RC_IO, "reserve space in %s", path);
	if (rc == RC_OK)
		rc = store_migrate(s, 0, err);
	if (rc == RC_OK)
		rc = store_exec(s, "PRAGMA journal_mode = WAL", "create", err);
	sqlite3_close(s->db);
	s->db = NULL;
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

/* One value; RC_CONFLICT when the file does not even give that. */
static enum rc
store_ask(
    struct store *s, const char *sql, char *ret, size_t n, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		snprintf(
		    ret, n, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	if (code == SQLITE_ROW)
		return RC_OK;
	return store_unread(s->path, s->db, code, err);
}

/* What the header said may be older than what the log says. */
static enum rc
store_check(
    struct store *s, int64_t bytes, uint32_t *ret_version, struct err *err)
{
	char text[128];
	bool unread = false;
	enum rc rc =
	    store_ask(s, "PRAGMA user_version", text, sizeof(text), err);

	if (rc != RC_OK)
		return rc;
	*ret_version = (uint32_t)strtoul(text, NULL, 10);
	if (*ret_version > STORE_VERSION)
		return store_newer(s, *ret_version, err);
	if (bytes > STORE_CHECK_BYTES)
		return RC_OK;
	rc = store_ask(s, "PRAGMA quick_check(1)", text, sizeof(text), err);
	if (rc != RC_OK || strcmp(text, "ok") == 0)
		return rc;
	/* To the check a page that could not be read is damage, too. */
	sqlite3_file_control(s->db, "main", STORE_FCNTL_UNREAD, &unread);
	return unread ? store_db_error(s, SQLITE_IOERR, "check it", err)
		      : store_foreign(s->path, "is damaged", err);
}

/* The epoch, durable when this returns. */
static enum rc
store_epoch(struct store *s, uint64_t *ret_epoch, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(s, SQL_EPOCH);
	enum rc rc = store_db_next(s, st, "begin an epoch", err);
	int64_t epoch;

	if (rc != RC_OK)
		return rc == RC_NOTFOUND
			   ? store_foreign(s->path, "has lost its epoch", err)
			   : rc;
	epoch = sqlite3_column_int64(st, 0);
	/* RETURNING commits when the statement has run to its end. */
	rc = store_db_next(s, st, "begin an epoch", err);
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
	    s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	/* Somebody looks on with another program: then it stays there. */
	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
		return RC_OK;
	return store_db_error(s, code, "settle its log", err);
}

/* A refused file is not even checkpointed. */
static enum rc
store_accept(struct store *s, int64_t bytes, struct err *err)
{
	uint32_t version = 0;
	enum rc rc;

	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	rc = store_check(s, bytes, &version, err);
	if (rc != RC_OK)
		return rc;
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	rc = store_settle(s, err);
	if (rc == RC_OK && version < STORE_VERSION)
		rc = store_migrate(s, version, err);
	return rc;
}

enum rc
store_db_open(const char *path, struct store **ret_s, uint64_t *ret_epoch,
    struct err *err)
{
	AUTO(auto_store) s = xcalloc(1, sizeof(*s));
	int64_t bytes = 0;
	bool there = false;
	enum rc rc;

	s->path = xstrdup(path);
	s->lock_fd = -1;
	s->journal = store_journal_new();
	rc = FAILPOINT_RC(store_open_fails, err);
	if (rc == RC_OK)
		rc = store_lock(s, err);
	if (rc == RC_OK)
		rc = store_look(s, &there, &bytes, err);
	if (rc == RC_OK && !there)
		rc = store_create(s, err);
	if (rc == RC_OK)
		rc = store_db_connect(path, &s->db, err);
	if (rc == RC_OK)
		rc = store_accept(s, bytes, err);
	FAILPOINT(store_accepted);
	if (rc == RC_OK)
		rc = store_db_prepare(s, err);
	if (rc == RC_OK)
		rc = store_epoch(s, ret_epoch, err);
	if (rc == RC_OK)
		rc = store_ckpt_start(s, err);
	FAILPOINT(store_opened);
	if (rc == RC_OK)
		*ret_s = TAKE(s);
	return rc;
}
