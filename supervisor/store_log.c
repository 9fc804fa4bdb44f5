/*
 * store_log.c - the log's file, which gathers what is written to it.
 *
 * SQLite writes two pieces for every page that a commit appends; gathered
 * they are one write. Invariant: before a sync, and before anything is read
 * or measured, all of it has been written, in its order. Every commit syncs
 * the log (synchronous=FULL) before anybody is told of its frames.
 */
#include "supervisor/store_db.h"

enum { GATHERED_MAX = 128 << 10 };

/* Ours, and right behind it the file of the VFS below. */
struct log_file {
	sqlite3_file head;
	char *gathered; /* owned; NULL until the first write */
	int n;          /* bytes of it, which belong at offset */
	sqlite3_int64 offset;
	_Alignas(8) char below[];
};

static sqlite3_file *
log_below(sqlite3_file *f)
{
	return (sqlite3_file *)((struct log_file *)f)->below;
}

/* What cannot be written is forgotten: its transaction fails with it. */
static int
log_flush(sqlite3_file *f)
{
	struct log_file *l = (struct log_file *)f;
	sqlite3_file *b = log_below(f);
	int n = l->n;

	l->n = 0;
	return n == 0 ? SQLITE_OK
		      : b->pMethods->xWrite(b, l->gathered, n, l->offset);
}

static int
log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 offset)
{
	struct log_file *l = (struct log_file *)f;
	int code = SQLITE_OK;

	if (l->n > 0 && (offset != l->offset + l->n || n > GATHERED_MAX - l->n))
		code = log_flush(f);
	if (code != SQLITE_OK || n > GATHERED_MAX)
		return code != SQLITE_OK ? code
					 : log_below(f)->pMethods->xWrite(
					       log_below(f), p, n, offset);
	if (l->gathered == NULL)
		l->gathered = sqlite3_malloc(GATHERED_MAX);
	if (l->gathered == NULL)
		return SQLITE_NOMEM;
	if (l->n == 0)
		l->offset = offset;
	memcpy(l->gathered + l->n, p, (size_t)n);
	l->n += n;
	return SQLITE_OK;
}

static int
log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 offset)
{
	sqlite3_file *b = log_below(f);
	int code = log_flush(f);

	return code != SQLITE_OK ? code : b->pMethods->xRead(b, p, n, offset);
}

static int
log_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
	sqlite3_file *b = log_below(f);
	int code = log_flush(f);

	return code != SQLITE_OK ? code : b->pMethods->xTruncate(b, bytes);
}

static int
log_sync(sqlite3_file *f, int flags)
{
	sqlite3_file *b = log_below(f);
	int code = log_flush(f);

	return code != SQLITE_OK ? code : b->pMethods->xSync(b, flags);
}

static int
log_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	sqlite3_file *b = log_below(f);
	int code = log_flush(f);

	return code != SQLITE_OK ? code : b->pMethods->xFileSize(b, ret);
}

/* What was never synced need not be there. */
static int
log_close(sqlite3_file *f)
{
	sqlite3_free(((struct log_file *)f)->gathered);
	return log_below(f)->pMethods->xClose(log_below(f));
}

static int
log_control(sqlite3_file *f, int op, void *arg)
{
	return log_below(f)->pMethods->xFileControl(log_below(f), op, arg);
}

static int
log_sector(sqlite3_file *f)
{
	return log_below(f)->pMethods->xSectorSize(log_below(f));
}

static int
log_traits(sqlite3_file *f)
{
	return log_below(f)->pMethods->xDeviceCharacteristics(log_below(f));
}

/* Only the database file is locked. */
static int
log_lock(sqlite3_file *f UNUSED, int level UNUSED)
{
	return SQLITE_OK;
}

static int
log_is_locked(sqlite3_file *f UNUSED, int *ret)
{
	*ret = 0;
	return SQLITE_OK;
}

/* Version 1 has no shared memory: that is the database file's. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_lock,
    .xCheckReservedLock = log_is_locked,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

size_t
store_log_bytes(void)
{
	return sizeof(struct log_file);
}

int
store_log_open(sqlite3_vfs *below, const char *name, sqlite3_file *f, int flags,
    int *ret_flags)
{
	struct log_file *l = (struct log_file *)f;
	int code;

	f->pMethods = NULL;
	code = below->xOpen(below, name, log_below(f), flags, ret_flags);
	l->gathered = NULL;
	l->n = 0;
	if (code == SQLITE_OK)
		f->pMethods = &log_methods;
	return code;
}
