/*
 * disk.h - a disk below the store that fails when it is told to.
 *
 * SQLite's default VFS and the few calls the store makes itself (open, rename,
 * unlink, fsync of the folder; see LINKER:--wrap in tests/CMakeLists.txt) go
 * through it for the files of one folder. It remembers what was written since
 * the last sync of each file, and which names since the last sync of the
 * folder, so that a loss of power can take them away again.
 */
#ifndef TESTS_HARNESS_DISK_H
#define TESTS_HARNESS_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_fault {
	DISK_WELL,
	DISK_POWER, /* from then on nothing works any more */
	DISK_KILL,  /* the same, for the process only: the disk goes on */
	DISK_EIO,   /* a failed sync never gets done later, either */
	DISK_FULL,  /* only what takes room fails */
	DISK_SHORT, /* the same, and half of the bytes were written */
};

struct disk_plan {
	enum disk_fault fault;
	uint64_t at;	/* the Nth operation from now, from 1 */
	uint64_t lasts; /* how many operations; DISK_POWER: no matter */
	bool reads;	/* reads are operations too */
};

/* Once a process, before the store's first use: ours becomes the default. */
void disk_install(void);

/* What is in dir now is on the disk; count from 0, all is well. */
void disk_begin(const char *dir);
/* Counts from 0 and fails as planned. */
void disk_plan(const struct disk_plan *plan);
bool disk_struck(void);
uint64_t disk_count(void);

/* ---- after a loss of power; the store is closed ---- */

/* What becomes of that which was not synced. */
enum disk_loss {
	LOSE_ALL,
	LOSE_NONE,
	LOSE_TAIL,    /* of each file's writes, from one on */
	LOSE_SECTORS, /* each 512 bytes of each write, or not */
	LOSS_COUNT
};

struct disk_wreck;

/* Ends what disk_begin began; all is well, and not remembered. */
struct disk_wreck *disk_end(void);
/* Puts into the folder what the disk holds; as often as wanted. */
void disk_lay(
    const struct disk_wreck *w, enum disk_loss loss, uint64_t seed);
void disk_wreck_free(struct disk_wreck *w);

/* ---- for disk_vfs.c ---- */

enum disk_io { DISK_READ, DISK_GROW, DISK_WRITE, DISK_SYNC, DISK_NAME };

/* Whether this operation fails, and how. */
enum disk_fault disk_hit(enum disk_io io);

struct disk_node;

/* The file of that name, known from now on; NULL: in another folder. */
struct disk_node *disk_node(const char *path, bool *ret_fresh);
void disk_wrote(struct disk_node *f, const void *p, int n, int64_t at);
void disk_cut(struct disk_node *f, int64_t bytes);
void disk_synced(struct disk_node *f, bool failed);
/* NULL as to: unlinked. */
void disk_renamed(const char *from, const char *to);
void disk_names_synced(void);
bool disk_is_ours(const char *path);

#endif
