/*
 * shelf.c - the documents that were put.
 */
#include "executor/docs/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Hidden: no document. */
#define PART ".put-"

enum { PART_OLD_S = 600 };

static enum rc
failed(const char *what, const char *name, struct err *err)
{
	return err_set(
	    err, RC_IO, "%s cannot be %s: %s", name, what, strerror(errno));
}

/* What a rename or a new name in it did. */
static enum rc
sync_folder(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = fd < 0 || fsync(fd) != 0;
	enum rc rc = bad ? failed("synced", dir, err) : RC_OK;

	if (fd >= 0)
		close(fd);
	return rc;
}

enum rc
shelf_open(const char *dir, struct err *err)
{
	DIR *d;
	struct dirent *e;
	struct stat st;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return failed("made", dir, err);
	d = opendir(dir);
	if (d == NULL)
		return failed("read", dir, err);
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, PART, strlen(PART)) == 0 &&
		    fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    time(NULL) - st.st_mtime > PART_OLD_S)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return RC_OK;
}

/* The folders that a name has before its last part; ret is the last one's
 * path. */
static enum rc
make_folders(const char *dir, const char *name, char **ret, struct err *err)
{
	const char *end = name;
	enum rc rc = RC_OK;

	*ret = xstrdup(dir);
	while (rc == RC_OK && (end = strchr(end, '/')) != NULL) {
		auto_str before = *ret;

		*ret = xasprintf("%s/%.*s", dir, (int)(end - name), name);
		if (mkdir(*ret, 0700) == 0)
			rc = sync_folder(before, err);
		else if (errno != EEXIST)
			rc = failed("made", *ret, err);
		end++;
	}
	return rc;
}

static enum rc
write_part(int fd, const char *name, struct span text, struct err *err)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0)
			return failed("written", name, err);
		text = span_from(text, (size_t)n);
	}
	return fsync(fd) == 0 ? RC_OK : failed("synced", name, err);
}

static enum rc
place(const char *part, const char *path, const char *name, struct err *err)
{
	if (rename(part, path) == 0)
		return RC_OK;
	if (errno == ENOTDIR || errno == EISDIR || errno == EEXIST ||
	    errno == ENOTEMPTY)
		return err_set(err, RC_CONFLICT,
		    "%s cannot be put: a part of that name is a document, or "
		    "it is a folder of documents",
		    name);
	return failed("put", name, err);
}

enum rc
shelf_put(const char *dir, const char *name, struct span text, struct err *err)
{
	auto_str part = xasprintf("%s/" PART "XXXXXX", dir);
	auto_str path = xasprintf("%s/%s", dir, name);
	auto_str folder = NULL;
	int fd = mkostemp(part, O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return failed("written", name, err);
	rc = write_part(fd, name, text, err);
	close(fd);
	if (rc == RC_OK)
		rc = make_folders(dir, name, &folder, err);
	if (rc == RC_OK)
		rc = place(part, path, name, err);
	if (rc != RC_OK)
		unlink(part);
	return rc == RC_OK ? sync_folder(folder, err) : rc;
}

enum rc
shelf_remove(const char *dir, const char *name, struct err *err)
{
	auto_str path = xasprintf("%s/%s", dir, name);
	auto_str folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	if (unlink(path) != 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? err_set(err, RC_NOTFOUND,
				 "no document %s was put here", name)
			   : failed("removed", name, err);
	return sync_folder(folder, err);
}

bool
shelf_has(const char *dir, const char *name)
{
	auto_str path = xasprintf("%s/%s", dir, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}
