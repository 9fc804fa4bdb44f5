/*
 * store_vfs.c - a checksum on every page of the database file.
 *
 * SQLite notices a damaged structure, not a damaged value. Pages of our file
 * keep 8 bytes at their end free (the format's "reserved space"): written
 * here on the way to the file, verified on the way from it, so that no flipped
 * byte is ever taken for content. Pages in the log have the log's own sums;
 * they get ours when they are checkpointed.
 */
#include "supervisor/store_db.h"

#include <pthread.h>
#include <zlib.h>

enum { PAGE = STORE_PAGE_BYTES, SUMMED = PAGE - STORE_SUM_BYTES };

/* Ours, and right behind it the file of the VFS below. */
struct sum_file {
	sqlite3_file head;
	bool unread; /* the disk failed, at least once */
	_Alignas(8) char below[];
};

static sqlite3_file *
sum_below(sqlite3_file *f)
{
	return (sqlite3_file *)((struct sum_file *)f)->below;
}

/* The page's number is part of it: a page in another's place is damage. */
static void
sum_of(const uint8_t *page, int64_t offset, uint8_t ret[STORE_SUM_BYTES])
{
	uint64_t number = (uint64_t)(offset / PAGE) + 1;
	uint64_t v = crc32(
	    crc32(0, (const Bytef *)&number, sizeof(number)), page, SUMMED);

	v = v << 32 | adler32(adler32(0, NULL, 0), page, SUMMED);
	memcpy(ret, &v, STORE_SUM_BYTES);
}

static bool
sum_is_page(int n, sqlite3_int64 offset)
{
	return n == PAGE && offset % PAGE == 0;
}

/* A page that was allocated and freed before it was ever written reads as
 * zeros; as content SQLite refuses such a page by itself. */
static bool
sum_is_hole(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

static int
sum_read(sqlite3_file *f, void *p, int n, sqlite3_int64 offset)
{
	sqlite3_file *b = sum_below(f);
	int code = b->pMethods->xRead(b, p, n, offset);
	uint8_t sum[STORE_SUM_BYTES];

	if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
		((struct sum_file *)f)->unread = true;
	if (code != SQLITE_OK || !sum_is_page(n, offset))
		return code;
	sum_of(p, offset, sum);
	if (memcmp(sum, (const uint8_t *)p + SUMMED, sizeof(sum)) != 0 &&
	    !sum_is_hole(p))
		return SQLITE_IOERR_DATA;
	return SQLITE_OK;
}

static int
sum_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 offset)
{
	sqlite3_file *b = sum_below(f);
	uint8_t page[PAGE];

	if (!sum_is_page(n, offset))
		return b->pMethods->xWrite(b, p, n, offset);
	memcpy(page, p, SUMMED);
	sum_of(page, offset, page + SUMMED);
	return b->pMethods->xWrite(b, page, n, offset);
}

static int
sum_close(sqlite3_file *f)
{
	return sum_below(f)->pMethods->xClose(sum_below(f));
}

static int
sum_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
	return sum_below(f)->pMethods->xTruncate(sum_below(f), bytes);
}

static int
sum_sync(sqlite3_file *f, int flags)
{
	return sum_below(f)->pMethods->xSync(sum_below(f), flags);
}

static int
sum_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return sum_below(f)->pMethods->xFileSize(sum_below(f), ret);
}

static int
sum_lock(sqlite3_file *f, int level)
{
	return sum_below(f)->pMethods->xLock(sum_below(f), level);
}

static int
sum_unlock(sqlite3_file *f, int level)
{
	return sum_below(f)->pMethods->xUnlock(sum_below(f), level);
}

static int
sum_check_lock(sqlite3_file *f, int *ret)
{
	return sum_below(f)->pMethods->xCheckReservedLock(sum_below(f), ret);
}

static int
sum_control(sqlite3_file *f, int op, void *arg)
{
	if (op == STORE_FCNTL_UNREAD) {
		*(bool *)arg = ((struct sum_file *)f)->unread;
		return SQLITE_OK;
	}
	return sum_below(f)->pMethods->xFileControl(sum_below(f), op, arg);
}

static int
sum_sector(sqlite3_file *f)
{
	return sum_below(f)->pMethods->xSectorSize(sum_below(f));
}

static int
sum_traits(sqlite3_file *f)
{
	return sum_below(f)->pMethods->xDeviceCharacteristics(sum_below(f));
}

static int
sum_shm_map(sqlite3_file *f, int at, int n, int extend, void volatile **ret)
{
	return sum_below(f)->pMethods->xShmMap(
	    sum_below(f), at, n, extend, ret);
}

static int
sum_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return sum_below(f)->pMethods->xShmLock(sum_below(f), at, n, flags);
}

static void
sum_shm_barrier(sqlite3_file *f)
{
	sum_below(f)->pMethods->xShmBarrier(sum_below(f));
}

static int
sum_shm_unmap(sqlite3_file *f, int delete)
{
	return sum_below(f)->pMethods->xShmUnmap(sum_below(f), delete);
}

/* Version 2: what version 3 adds is reading past us, through mmap. */
static const sqlite3_io_methods sum_methods = {
    .iVersion = 2,
    .xClose = sum_close,
    .xRead = sum_read,
    .xWrite = sum_write,
    .xTruncate = sum_truncate,
    .xSync = sum_sync,
    .xFileSize = sum_size,
    .xLock = sum_lock,
    .xUnlock = sum_unlock,
    .xCheckReservedLock = sum_check_lock,
    .xFileControl = sum_control,
    .xSectorSize = sum_sector,
    .xDeviceCharacteristics = sum_traits,
    .xShmMap = sum_shm_map,
    .xShmLock = sum_shm_lock,
    .xShmBarrier = sum_shm_barrier,
    .xShmUnmap = sum_shm_unmap,
};

static int
sum_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
    int *ret_flags)
{
	sqlite3_vfs *below = v->pAppData;
	int code;

	if ((flags & SQLITE_OPEN_WAL) != 0)
		return store_log_open(below, name, f, flags, ret_flags);
	if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
		return below->xOpen(below, name, f, flags, ret_flags);
	f->pMethods = NULL;
	code = below->xOpen(below, name, sum_below(f), flags, ret_flags);
	((struct sum_file *)f)->unread = false;
	if (code == SQLITE_OK)
		f->pMethods = &sum_methods;
	return code;
}

/* SQLite wants the list of its VFSes process-wide; ours never changes. */
static sqlite3_vfs sum_vfs;
static pthread_once_t sum_once = PTHREAD_ONCE_INIT;

static void
sum_register(void)
{
	sqlite3_vfs *below = sqlite3_vfs_find(NULL);

	if (below == NULL)
		return;
	sum_vfs = *below;
	sum_vfs.pNext = NULL;
	sum_vfs.zName = STORE_VFS;
	sum_vfs.pAppData = below;
	sum_vfs.szOsFile +=
	    (int)MAX(sizeof(struct sum_file), store_log_bytes());
	sum_vfs.xOpen = sum_open;
	/* Without a name that is found, opening fails, and says so. */
	if (sqlite3_vfs_register(&sum_vfs, 0) != SQLITE_OK)
		return;
}

void
store_vfs_register(void)
{
	pthread_once(&sum_once, sum_register);
}
