/*
 * disk.c - what a disk holds, and what it only has promised to.
 *
 * Invariant: a node's bytes are what was synced; its writes since then follow
 * in order. A name is likewise the synced one, and changes of names since the
 * folder's last sync follow in order, over all files: a journal keeps that.
 */
#include "tests/harness/disk.h"

#include "common/base/attr.h"
#include "common/base/rc.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, PATH_BYTES = 256, FILE_BYTES_MAX = 256 << 20 };

/* A write since the last sync; n < 0: cut to `at` bytes. */
struct change {
	STAILQ_ENTRY(change) list;
	int64_t at;
	int n;
	bool never; /* its sync failed */
	unsigned char bytes[];
};

struct content {
	unsigned char *bytes;
	int64_t n, cap;
};

struct disk_node {
	LIST_ENTRY(disk_node) list;
	char name[PATH_BYTES]; /* "": unlinked */
	char disk_name[PATH_BYTES];
	struct content on_disk;
	STAILQ_HEAD(, change) changes;
};

struct naming {
	STAILQ_ENTRY(naming) list;
	struct disk_node *node;
	char name[PATH_BYTES];
};

struct disk_wreck {
	char dir[PATH_BYTES];
	LIST_HEAD(, disk_node) nodes;
	STAILQ_HEAD(, naming) namings;
};

/* SQLite's threads share it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk_wreck *disk;
static struct disk_plan plan;
static uint64_t count;
static bool struck;

uint64_t
disk_count(void)
{
	return count;
}

bool
disk_struck(void)
{
	return struck;
}

void
disk_plan(const struct disk_plan *p)
{
	pthread_mutex_lock(&lock);
	plan = *p;
	count = 0;
	struck = false;
	pthread_mutex_unlock(&lock);
}

static bool
takes_room(enum disk_io io)
{
	return io == DISK_GROW || io == DISK_NAME;
}

/* The fault of operation number `count`. */
static enum disk_fault
fault_now(enum disk_io io)
{
	if (plan.fault == DISK_WELL || count < plan.at)
		return DISK_WELL;
	if (plan.fault == DISK_POWER || plan.fault == DISK_KILL)
		return plan.fault;
	if (count - plan.at >= plan.lasts)
		return DISK_WELL;
	if (plan.fault != DISK_EIO && !takes_room(io))
		return DISK_WELL;
	return plan.fault;
}

enum disk_fault
disk_hit(enum disk_io io)
{
	enum disk_fault f = DISK_WELL;
	bool counts;

	pthread_mutex_lock(&lock);
	counts = io != DISK_READ || plan.reads;
	if (counts)
		count++;
	/* After its end it can read nothing, either. */
	if (counts || plan.fault == DISK_POWER || plan.fault == DISK_KILL)
		f = fault_now(io);
	struck = struck || f != DISK_WELL;
	pthread_mutex_unlock(&lock);
	return f;
}

/* ---- nodes ---- */

bool
disk_is_ours(const char *path)
{
	size_t n = disk != NULL ? strlen(disk->dir) : 0;

	return n > 0 && path != NULL && strncmp(path, disk->dir, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

static struct disk_node *
node_find(struct disk_wreck *w, const char *path)
{
	struct disk_node *f;

	LIST_FOREACH (f, &w->nodes, list)
		if (strcmp(f->name, path) == 0)
			return f;
	return NULL;
}

static struct disk_node *
node_new(struct disk_wreck *w, const char *path)
{
	struct disk_node *f = xcalloc(1, sizeof(*f));

	assert(strlen(path) < PATH_BYTES);
	strcpy(f->name, path);
	STAILQ_INIT(&f->changes);
	LIST_INSERT_HEAD(&w->nodes, f, list);
	return f;
}

static void
naming_add(struct disk_node *f, const char *name)
{
	struct naming *m = xcalloc(1, sizeof(*m));

	m->node = f;
	strcpy(m->name, name);
	STAILQ_INSERT_TAIL(&disk->namings, m, list);
}

struct disk_node *
disk_node(const char *path, bool *ret_fresh)
{
	struct disk_node *f = NULL;

	pthread_mutex_lock(&lock);
	*ret_fresh = false;
	if (disk_is_ours(path)) {
		f = node_find(disk, path);
		if (f == NULL) {
			*ret_fresh = true;
			f = node_new(disk, path);
			naming_add(f, path);
		}
	}
	pthread_mutex_unlock(&lock);
	return f;
}

void
disk_renamed(const char *from, const char *to)
{
	struct disk_node *f, *over;

	pthread_mutex_lock(&lock);
	f = disk_is_ours(from) ? node_find(disk, from) : NULL;
	over = to != NULL && disk_is_ours(to) ? node_find(disk, to) : NULL;
	if (over != NULL)
		over->name[0] = '\0';
	if (f != NULL) {
		strcpy(f->name, to != NULL ? to : "");
		naming_add(f, f->name);
	}
	pthread_mutex_unlock(&lock);
}

static void
change_add(struct disk_node *f, const void *p, int n, int64_t at)
{
	struct change *c = xcalloc(1, sizeof(*c) + (size_t)MAX(n, 0));

	c->at = at;
	c->n = n;
	if (n > 0)
		memcpy(c->bytes, p, (size_t)n);
	pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&f->changes, c, list);
	pthread_mutex_unlock(&lock);
}

void
disk_wrote(struct disk_node *f, const void *p, int n, int64_t at)
{
	change_add(f, p, n, at);
}

void
disk_cut(struct disk_node *f, int64_t bytes)
{
	change_add(f, NULL, -1, bytes);
}

static void
content_resize(struct content *c, int64_t to)
{
	assert(to <= FILE_BYTES_MAX);
	if (to > c->cap || c->bytes == NULL) {
		c->cap = MAX(to, 2 * c->cap);
		c->bytes = xrealloc(c->bytes, (size_t)MAX(c->cap, 1));
	}
	if (to > c->n)
		memset(c->bytes + c->n, 0, (size_t)(to - c->n));
	c->n = to;
}

static void
change_apply(const struct change *c, int from, int n, struct content *to)
{
	int64_t end = c->at + from + n;

	if (c->n < 0) {
		content_resize(to, c->at);
		return;
	}
	if (end > to->n)
		content_resize(to, end);
	if (n > 0)
		memcpy(to->bytes + c->at + from, c->bytes + from, (size_t)n);
}

void
disk_synced(struct disk_node *f, bool failed)
{
	struct change *c;

	pthread_mutex_lock(&lock);
	STAILQ_FOREACH (c, &f->changes, list)
		c->never = c->never || failed;
	while (!failed && (c = STAILQ_FIRST(&f->changes)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->changes, list);
		if (!c->never)
			change_apply(c, 0, c->n, &f->on_disk);
		free(c);
	}
	pthread_mutex_unlock(&lock);
}

static void
node_set_name(struct disk_wreck *w, struct disk_node *f, const char *name)
{
	struct disk_node *other;

	LIST_FOREACH (other, &w->nodes, list)
		if (strcmp(other->disk_name, name) == 0)
			other->disk_name[0] = '\0';
	strcpy(f->disk_name, name);
}

void
disk_names_synced(void)
{
	struct naming *m;

	pthread_mutex_lock(&lock);
	while (disk != NULL && (m = STAILQ_FIRST(&disk->namings)) != NULL) {
		STAILQ_REMOVE_HEAD(&disk->namings, list);
		node_set_name(disk, m->node, m->name);
		free(m);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- begin and end ---- */

static void
node_load(struct disk_node *f)
{
	struct stat st;
	int fd = open(f->name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		abort();
	content_resize(&f->on_disk, st.st_size);
	if (pread(fd, f->on_disk.bytes, (size_t)st.st_size, 0) != st.st_size)
		abort();
	close(fd);
}

/* Calls each with every file's path in the folder. */
static void
dir_each(const char *dir, void (*each)(void *ctx, const char *path), void *ctx)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	assert(d != NULL);
	while ((e = readdir(d)) != NULL) {
		auto_str path = xasprintf("%s/%s", dir, e->d_name);

		if (e->d_name[0] != '.')
			each(ctx, path);
	}
	closedir(d);
}

static void
dir_load(void *wreck, const char *path)
{
	struct disk_node *f = node_new(wreck, path);

	strcpy(f->disk_name, path);
	node_load(f);
}

void
disk_begin(const char *dir)
{
	struct disk_wreck *w = xcalloc(1, sizeof(*w));

	disk_wreck_free(disk_end());
	assert(strlen(dir) < PATH_BYTES);
	strcpy(w->dir, dir);
	STAILQ_INIT(&w->namings);
	dir_each(dir, dir_load, w);
	disk = w;
}

struct disk_wreck *
disk_end(void)
{
	struct disk_wreck *w = disk;

	disk = NULL;
	disk_plan(&(struct disk_plan){.fault = DISK_WELL});
	return w;
}

void
disk_wreck_free(struct disk_wreck *w)
{
	struct disk_node *f;
	struct naming *m;
	struct change *c;

	if (w == NULL)
		return;
	while ((m = STAILQ_FIRST(&w->namings)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->namings, list);
		free(m);
	}
	while ((f = LIST_FIRST(&w->nodes)) != NULL) {
		while ((c = STAILQ_FIRST(&f->changes)) != NULL) {
			STAILQ_REMOVE_HEAD(&f->changes, list);
			free(c);
		}
		LIST_REMOVE(f, list);
		free(f->on_disk.bytes);
		free(f);
	}
	free(w);
}

/* ---- what power loss leaves ---- */

static uint64_t
dice(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static void
apply_sectors(const struct change *c, struct content *to, uint64_t *seed)
{
	if (c->n < 0 && dice(seed) % 2 == 0)
		change_apply(c, 0, c->n, to);
	for (int from = 0; from < c->n; from += SECTOR)
		if (dice(seed) % 2 == 0)
			change_apply(c, from, MIN(SECTOR, c->n - from), to);
}

/* How many of n things in order are kept. */
static uint64_t
kept(enum disk_loss loss, uint64_t n, uint64_t *seed)
{
	if (loss == LOSE_ALL)
		return 0;
	return loss == LOSE_NONE ? n : dice(seed) % (n + 1);
}

static void
lay_file(const struct disk_node *f, const char *path, enum disk_loss loss,
    uint64_t *seed)
{
	const struct change *c;
	struct content now = {0};
	uint64_t all = 0, keep;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	content_resize(&now, f->on_disk.n);
	if (now.n > 0)
		memcpy(now.bytes, f->on_disk.bytes, (size_t)now.n);
	STAILQ_FOREACH (c, &f->changes, list)
		all++;
	keep = kept(loss, all, seed);
	STAILQ_FOREACH (c, &f->changes, list)
		if (loss == LOSE_SECTORS)
			apply_sectors(c, &now, seed);
		else if (keep > 0 && keep-- > 0)
			change_apply(c, 0, c->n, &now);
	if (fd < 0 || pwrite(fd, now.bytes, (size_t)now.n, 0) != now.n)
		abort();
	close(fd);
	free(now.bytes);
}

/* The memory that connections share may hold anything afterwards. */
static void
dir_clear(void *ctx UNUSED, const char *path)
{
	size_t n = strlen(path);

	if (n < 4 || strcmp(path + n - 4, "-shm") != 0)
		unlink(path);
}

/* The names on the disk with the first `keep` changes of names done; `at` of
 * each node is found by its place in the list. */
static void
lay_names(const struct disk_wreck *w, uint64_t keep, const char **names)
{
	const struct disk_node *f;
	const struct naming *m;
	size_t at, i;

	at = 0;
	LIST_FOREACH (f, &w->nodes, list)
		names[at++] = f->disk_name;
	STAILQ_FOREACH (m, &w->namings, list) {
		if (keep-- == 0)
			break;
		for (i = 0; i < at; i++)
			if (strcmp(names[i], m->name) == 0)
				names[i] = "";
		i = 0;
		LIST_FOREACH (f, &w->nodes, list) {
			if (f == m->node)
				names[i] = m->name;
			i++;
		}
	}
}

void
disk_lay(const struct disk_wreck *w, enum disk_loss loss, uint64_t seed)
{
	const struct disk_node *f;
	const struct naming *m;
	const char **names;
	uint64_t n = 0;
	size_t at = 0;

	LIST_FOREACH (f, &w->nodes, list)
		n++;
	names = xcalloc(n + 1, sizeof(*names));
	n = 0;
	STAILQ_FOREACH (m, &w->namings, list)
		n++;
	lay_names(w, kept(loss, n, &seed), names);
	dir_each(w->dir, dir_clear, NULL);
	LIST_FOREACH (f, &w->nodes, list) {
		if (names[at][0] != '\0')
			lay_file(f, names[at], loss, &seed);
		at++;
	}
	free(names);
}
