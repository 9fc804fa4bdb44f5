/*
 * folder.c - what is in the folder of documents.
 */
#include "executor/docs/folder.h"

#include "common/base/utf8.h"
#include "executor/docs/docs.h"
#include "executor/docs/split.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FOLDER_DEPTH_MAX = 8 };

/* Not beyond what is below fd, also over links. Kernels before 5.6 know no
 * such thing: there no link is followed at all. */
static int
open_below(int fd, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int got = (int)syscall(SYS_openat2, fd, name, &how, sizeof(how));

	if (got < 0 && (errno == ENOSYS || errno == EPERM))
		got = openat(fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
	return got;
}

/* ---- what is there ---- */

struct walk {
	const char *dir;
	int watch;
	struct folder *out;
};

static void
watch_folder(const struct walk *w, const char *below)
{
	auto_str path = xasprintf("%s/%s", w->dir, below);

	/* Where no more watches are to be had, the folder is looked at now
	 * and then all the same. */
	if (w->watch >= 0)
		inotify_add_watch(w->watch, path,
		    IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE |
			IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR);
}

static void
add_file(struct walk *w, const char *name, const struct stat *st)
{
	struct folder *f = w->out;
	struct folder_file *one;

	if (strcmp(name, FOLDER_SYNONYMS) == 0)
		f->synonyms = true;
	else if (split_kind_of(span_of(name)) == SPLIT_NONE)
		return;
	else if (f->n == DOCS_MAX) {
		f->more = true;
		return;
	}
	if ((f->n & (f->n - 1)) == 0)
		f->list = xrealloc(
		    f->list, MAX(2 * f->n, (size_t)16) * sizeof(*f->list));
	one = &f->list[f->n++];
	*one = (struct folder_file){
	    .name = xstrdup(name), .bytes = (size_t)st->st_size};
	snprintf(one->stamp, sizeof(one->stamp), "%lld:%lld.%09ld:%llu",
	    (long long)st->st_size, (long long)st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec, (unsigned long long)st->st_ino);
}

static void walk(struct walk *w, int fd, const char *below, int depth);

static void
walk_entry(
    struct walk *w, int fd, const char *below, const char *entry, int depth)
{
	auto_str name =
	    xasprintf("%s%s%s", below, below[0] != '\0' ? "/" : "", entry);
	struct err ignored;
	struct stat st;
	int sub;

	/* Hidden files are no documents; nor what cannot be named. */
	if (entry[0] == '.' ||
	    folder_check_name(span_of(name), &ignored) != RC_OK ||
	    fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISLNK(st.st_mode) && fstatat(fd, entry, &st, 0) != 0)
		return;
	if (S_ISREG(st.st_mode)) {
		add_file(w, name, &st);
		return;
	}
	/* No link to a folder: it may lead in a circle. */
	if (!S_ISDIR(st.st_mode) || depth == FOLDER_DEPTH_MAX)
		return;
	sub = open_below(fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (sub >= 0)
		walk(w, sub, name, depth + 1);
}

/* Takes fd. */
static void
walk(struct walk *w, int fd, const char *below, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		close(fd);
		return;
	}
	watch_folder(w, below);
	while ((e = readdir(d)) != NULL)
		walk_entry(w, dirfd(d), below, e->d_name, depth);
	closedir(d);
}

static int
by_name(const void *a, const void *b)
{
	const struct folder_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

enum rc
folder_walk(const char *dir, int watch, struct folder *ret, struct err *err)
{
	struct walk w = {dir, watch, ret};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, RC_IO, "the folder of documents %s: %s",
		    dir, strerror(errno));
	*ret = (struct folder){.n = 0};
	walk(&w, fd, "", 0);
	if (ret->n > 0)
		qsort(ret->list, ret->n, sizeof(*ret->list), by_name);
	return RC_OK;
}

void
folder_done(struct folder *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->list[i].name);
	free(f->list);
	*f = (struct folder){.n = 0};
}

/* ---- reading ---- */

static enum rc
read_file(int fd, struct buf *b, struct err *err)
{
	struct stat st;
	char piece[16384];
	ssize_t n;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(err, RC_INVALID, "is no regular file");
	if ((uint64_t)st.st_size > b->max)
		return err_set(err, RC_TOOBIG,
		    "has %lld KiB, more than %zu; split it into several "
		    "documents",
		    (long long)st.st_size >> 10, b->max >> 10);
	while ((n = read(fd, piece, sizeof(piece))) > 0 && !b->full)
		buf_add(b, piece, (size_t)n);
	if (n < 0)
		return err_set(
		    err, RC_IO, "cannot be read: %s", strerror(errno));
	return buf_check(b, "it", err);
}

enum rc
folder_read(const char *dir, const char *name, struct buf *b, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A pipe would make us wait. */
	int file = fd >= 0 ? open_below(fd, name, O_RDONLY | O_NONBLOCK) : -1;
	int failed = errno;
	enum rc rc;

	if (fd >= 0)
		close(fd);
	if (file < 0 && (failed == EXDEV || failed == ELOOP))
		return err_set(err, RC_DENIED,
		    "is a link that leads out of the folder; copy the file");
	if (file < 0)
		return err_set(
		    err, RC_IO, "cannot be read: %s", strerror(failed));
	rc = read_file(file, b, err);
	close(file);
	return rc;
}

/* ---- names ---- */

enum rc
folder_check_name(struct span name, struct err *err)
{
	size_t i, n;

	if (name.n == 0 || name.n > DOCS_NAME_MAX)
		return err_set(err, RC_INVALID,
		    "a document's name has 1 to %d bytes", DOCS_NAME_MAX);
	for (i = 0; i < name.n; i += n) {
		uint32_t cp = utf8_next(span_from(name, i), &n);

		if (cp == UTF8_NONE || utf8_is_control(cp) || cp == '\\')
			return err_set(err, RC_INVALID,
			    "a document's name is UTF-8 without control "
			    "characters and backslashes");
		/* Also the empty one, "." and "..". */
		if ((i == 0 || name.p[i - 1] == '/') &&
		    (cp == '.' || cp == '/'))
			return err_set(err, RC_INVALID,
			    "no part of a document's name is empty or begins "
			    "with a dot");
	}
	if (name.p[name.n - 1] == '/')
		return err_set(err, RC_INVALID,
		    "a document's name does not end in a slash");
	return RC_OK;
}
