/*
 * disk_vfs.c - the two ways to the disk: SQLite's files, and what the store
 * calls itself. Both ask disk_hit first and tell disk.c what they did.
 *
 * Nothing is ever really synced: what counts is what disk.c remembers.
 */
#include "tests/harness/disk.h"

#include "common/base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours, and right behind it the real one. */
struct file {
	sqlite3_file head;
	struct disk_node *node;
	bool names_too; /* its next sync is one of the folder, too */
	_Alignas(8) char below[];
};

static sqlite3_vfs *real_vfs;

static struct file *
file_of(sqlite3_file *f)
{
	return (struct file *)f;
}

static sqlite3_file *
below(sqlite3_file *f)
{
	return (sqlite3_file *)file_of(f)->below;
}

/* SQLite's code for a fault, given its code for a failure of this kind. */
static int
code_of(enum disk_fault fault, int code)
{
	return fault == DISK_FULL || fault == DISK_SHORT ? SQLITE_FULL : code;
}

static int
disk_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	enum disk_fault hit = disk_hit(DISK_READ);

	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_IOERR_READ);
	return below(f)->pMethods->xRead(below(f), p, n, at);
}

static enum disk_io
kind_of(sqlite3_file *f, int n, sqlite3_int64 at)
{
	sqlite3_int64 size = 0;

	below(f)->pMethods->xFileSize(below(f), &size);
	return at + n > size ? DISK_GROW : DISK_WRITE;
}

static int
disk_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	enum disk_fault hit = disk_hit(kind_of(f, n, at));
	int written = hit == DISK_WELL ? n : hit == DISK_SHORT ? n / 2 : 0;
	int code = SQLITE_OK;

	/* On its way when the power went: it may have arrived. */
	disk_wrote(
	    file_of(f)->node, p, hit == DISK_POWER ? n : written, at);
	if (written > 0)
		code = below(f)->pMethods->xWrite(below(f), p, written, at);
	return hit == DISK_WELL ? code : code_of(hit, SQLITE_IOERR_WRITE);
}

static int
disk_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
	enum disk_fault hit = disk_hit(DISK_WRITE);

	if (hit == DISK_POWER || hit == DISK_WELL)
		disk_cut(file_of(f)->node, bytes);
	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_IOERR_TRUNCATE);
	return below(f)->pMethods->xTruncate(below(f), bytes);
}

/* A new log's first sync is followed by one of its folder, in the VFS below
 * as well (its UNIXFILE_DIRSYNC). */
static int
disk_sync(sqlite3_file *f, int flags UNUSED)
{
	enum disk_fault hit = disk_hit(DISK_SYNC);

	if (hit == DISK_WELL || hit == DISK_EIO)
		disk_synced(file_of(f)->node, hit == DISK_EIO);
	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_IOERR_FSYNC);
	if (file_of(f)->names_too)
		disk_names_synced();
	file_of(f)->names_too = false;
	return SQLITE_OK;
}

static int
disk_shm_map(sqlite3_file *f, int at, int n, int extend, void volatile **ret)
{
	enum disk_fault hit = extend ? disk_hit(DISK_GROW) : DISK_WELL;

	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_IOERR_SHMSIZE);
	return below(f)->pMethods->xShmMap(below(f), at, n, extend, ret);
}

static int
disk_close(sqlite3_file *f)
{
	return below(f)->pMethods->xClose(below(f));
}

static int
disk_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return below(f)->pMethods->xFileSize(below(f), ret);
}

static int
disk_lock(sqlite3_file *f, int level)
{
	return below(f)->pMethods->xLock(below(f), level);
}

static int
disk_unlock(sqlite3_file *f, int level)
{
	return below(f)->pMethods->xUnlock(below(f), level);
}

static int
disk_check_lock(sqlite3_file *f, int *ret)
{
	return below(f)->pMethods->xCheckReservedLock(below(f), ret);
}

static int
disk_control(sqlite3_file *f, int op, void *arg)
{
	return below(f)->pMethods->xFileControl(below(f), op, arg);
}

static int
disk_sector(sqlite3_file *f)
{
	return below(f)->pMethods->xSectorSize(below(f));
}

static int
disk_traits(sqlite3_file *f)
{
	return below(f)->pMethods->xDeviceCharacteristics(below(f));
}

static int
disk_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return below(f)->pMethods->xShmLock(below(f), at, n, flags);
}

static void
disk_shm_barrier(sqlite3_file *f)
{
	below(f)->pMethods->xShmBarrier(below(f));
}

static int
disk_shm_unmap(sqlite3_file *f, int delete)
{
	return below(f)->pMethods->xShmUnmap(below(f), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static int
disk_open(sqlite3_vfs *v UNUSED, const char *name, sqlite3_file *f, int flags,
    int *ret_flags)
{
	bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
	enum disk_fault hit = DISK_WELL;
	bool fresh;
	int code;

	f->pMethods = NULL;
	if (!disk_is_ours(name))
		return real_vfs->xOpen(real_vfs, name, f, flags, ret_flags);
	if (creates && !is_there(name))
		hit = disk_hit(DISK_NAME);
	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_CANTOPEN);
	code = real_vfs->xOpen(real_vfs, name, below(f), flags, ret_flags);
	if (code != SQLITE_OK)
		return code;
	f->pMethods = &methods;
	file_of(f)->node = disk_node(name, &fresh);
	file_of(f)->names_too =
	    creates && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
	return SQLITE_OK;
}

static int
disk_delete(sqlite3_vfs *v UNUSED, const char *name, int sync_names)
{
	enum disk_fault hit = DISK_WELL;
	int code;

	if (disk_is_ours(name))
		hit = disk_hit(DISK_WRITE);
	if (hit == DISK_POWER)
		disk_renamed(name, NULL);
	if (hit != DISK_WELL)
		return code_of(hit, SQLITE_IOERR_DELETE);
	code = real_vfs->xDelete(real_vfs, name, 0);
	if (code == SQLITE_OK && disk_is_ours(name)) {
		disk_renamed(name, NULL);
		if (sync_names)
			disk_names_synced();
	}
	return code;
}

void
disk_install(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find("unix");
	vfs = *real_vfs;
	vfs.pNext = NULL;
	vfs.zName = "culprit-disk";
	vfs.szOsFile += (int)sizeof(struct file);
	vfs.xOpen = disk_open;
	vfs.xDelete = disk_delete;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

/* ---- what the store calls itself: LINKER:--wrap ---- */

int __real_open(const char *path, int flags, ...);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_fsync(int fd);
int __wrap_open(const char *path, int flags, ...);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_fsync(int fd);

/* 0, or -1 with errno set. */
static int
call_fails(enum disk_fault hit)
{
	if (hit == DISK_WELL)
		return 0;
	errno = hit == DISK_FULL || hit == DISK_SHORT ? ENOSPC : EIO;
	return -1;
}

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	bool creates = (flags & O_CREAT) != 0, fresh;
	va_list ap;
	int fd;

	if (creates) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (!creates || !disk_is_ours(path) || is_there(path))
		return __real_open(path, flags, mode);
	if (call_fails(disk_hit(DISK_NAME)) != 0)
		return -1;
	fd = __real_open(path, flags, mode);
	if (fd >= 0)
		disk_node(path, &fresh);
	return fd;
}

int
__wrap_rename(const char *from, const char *to)
{
	enum disk_fault hit;
	int status;

	if (!disk_is_ours(from))
		return __real_rename(from, to);
	hit = disk_hit(DISK_NAME);
	/* It may have arrived. */
	if (hit == DISK_POWER)
		disk_renamed(from, to);
	if (call_fails(hit) != 0)
		return -1;
	status = __real_rename(from, to);
	if (status == 0)
		disk_renamed(from, to);
	return status;
}

int
__wrap_unlink(const char *path)
{
	int status;

	if (!disk_is_ours(path) || !is_there(path))
		return __real_unlink(path);
	if (call_fails(disk_hit(DISK_WRITE)) != 0)
		return -1;
	status = __real_unlink(path);
	if (status == 0)
		disk_renamed(path, NULL);
	return status;
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return __real_fsync(fd);
	if (call_fails(disk_hit(DISK_SYNC)) != 0)
		return -1;
	disk_names_synced();
	return 0;
}
