/*
 * base.h - the file of the index: SQLite with FTS5, in WAL mode, made of the
 * documents alone.
 *
 * Several processes read it, one writes (keeper.h). A file that is damaged,
 * of another version or somebody else's is thrown away by the writer, and
 * made anew.
 */
#ifndef EXECUTOR_DOCS_BASE_H
#define EXECUTOR_DOCS_BASE_H

#include "common/base/rc.h"
#include "common/base/span.h"
#include "executor/docs/map.h"
#include "executor/docs/split.h"
#include "executor/docs/words.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { BASE_VERSION = 3 };

struct base {
	sqlite3 *db; /* NULL: closed */
	char *path;  /* owned */
	dev_t dev;   /* which file it is */
	ino_t ino;
	/* How many passages have a word, as of that version of the file. */
	struct map counts;
	int64_t counts_of;
};

/*
 * Zeroed, it is closed. To write: made where it is missing, thrown away and
 * made where it does not fit. To read: RC_NOTFOUND while there is none.
 */
NODISCARD enum rc base_open(
    struct base *b, const char *path, bool to_write, struct err *err);
void base_close(struct base *b);

/* After much work: what was kept in memory for more of it is given back. */
void base_rest(struct base *b);

/* Is the file at its path still the one that is open? */
bool base_is_current(const struct base *b);

/* Throws the file away. */
void base_remove(const char *path);

/* The error of SQLite's that code stands for: RC_DAMAGED, where the file has
 * to be made anew, RC_NOTFOUND, where it was taken away, RC_BUSY or RC_IO. */
enum rc base_error(
    const struct base *b, int code, const char *doing, struct err *err);

NODISCARD enum rc base_exec(struct base *b, const char *sql, struct err *err);

/* A statement, and how it is stepped: *ret_row tells whether there is one. */
NODISCARD enum rc base_prepare(
    struct base *b, const char *sql, sqlite3_stmt **ret, struct err *err);
NODISCARD enum rc base_step(
    struct base *b, sqlite3_stmt *st, bool *ret_row, struct err *err);
/* Binds s as text at place i, not copied. */
void base_bind(sqlite3_stmt *st, int i, struct span s);
struct span base_text(sqlite3_stmt *st, int column);

static inline void
base_stmt_cleanup_(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}
#define auto_stmt CLEANUP(base_stmt_cleanup_) sqlite3_stmt *

/* Changes whenever another connection has written, as long as b is open. */
NODISCARD enum rc base_version(
    struct base *b, int64_t *ret, struct err *err);

/* How many passages have the word. Those that are asked for are remembered. */
NODISCARD enum rc base_count(
    struct base *b, struct span word, int *ret, struct err *err);
/* To be called before a series of them: forgets what has changed. */
NODISCARD enum rc base_count_begin(struct base *b, struct err *err);

/* ---- writing: inside a transaction of the caller's ---- */

struct base_doc {
	struct span name, origin, sha256, stamp;
	size_t bytes;
	struct span problem; /* why it has no passages; "" */
};

/* Puts the document in the place of the one of that name. */
NODISCARD enum rc base_put(struct base *b, struct words *w,
    const struct base_doc *doc, const struct passages *passages,
    struct err *err);
NODISCARD enum rc base_drop(struct base *b, struct span name, struct err *err);

/* A value of meta, the caller's; "" where there is none. */
NODISCARD enum rc base_meta(
    struct base *b, const char *key, char **ret, struct err *err);
NODISCARD enum rc base_set_meta(
    struct base *b, const char *key, struct span value, struct err *err);

#endif
