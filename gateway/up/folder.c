/*
 * folder.c - the data directory: made where it is missing, and locked.
 */
#include "gateway/up/folder.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 1000, LOCK_LOOK_MS = 10 };

static enum rc
folder_make(const char *path, struct err *err)
{
	auto_str p = xstrdup(path);

	for (char *at = strchr(p + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(p, 0755) != 0 && errno != EEXIST)
			break;
		*at = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_IO,
		    "cannot make the data folder %s: "
		    "%s; choose another with --data-dir",
		    path, strerror(errno));
	return RC_OK;
}

/* A child that a killed `up` had just forked holds its lock too, until it
 * notices; so whoever comes at once waits a moment. */
static bool
folder_lock_take(int fd)
{
	int64_t until = clk_mono_ms() + LOCK_WAIT_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || clk_mono_ms() >= until)
			return false;
		poll(NULL, 0, LOCK_LOOK_MS);
	}
	return true;
}

static enum rc
folder_lock(const char *dir, int *ret_lock, struct err *err)
{
	auto_str path = xasprintf("%s/up.lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char pid[24] = "?";
	ssize_t n;

	if (fd < 0)
		return err_set(
		    err, RC_IO, "cannot open %s: %s", path, strerror(errno));
	if (!folder_lock_take(fd)) {
		n = read(fd, pid, sizeof(pid) - 1);
		close(fd);
		pid[n > 0 ? n : 1] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		return err_set(err, RC_CONFLICT,
		    "another `culprit up` (pid %s) runs on %s; stop it, or "
		    "choose another folder with --data-dir",
		    pid, dir);
	}
	FAILPOINT(up_locked);
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		close(fd);
		return err_set(
		    err, RC_IO, "cannot write %s: %s", path, strerror(errno));
	}
	*ret_lock = fd;
	return RC_OK;
}

enum rc
folder_open(const char *dir, int *ret_lock, struct err *err)
{
	enum rc rc = folder_make(dir, err);

	return rc == RC_OK ? folder_lock(dir, ret_lock, err) : rc;
}
