/*
 * docs.h - documents that answer: an index of runbooks, kept up to date by
 * itself.
 *
 * A thread follows the folder (inotify) and writes what changed into the
 * index; of several processes with one index, one does, and another one when
 * that ends. Whoever asks waits for the first reading of the folder, not for
 * later ones. With an embeddings API another thread gives passages vectors, in
 * its own time: until then, and where that API fails, words find them.
 */
#ifndef EXECUTOR_DOCS_DOCS_H
#define EXECUTOR_DOCS_DOCS_H

#include "common/base/rc.h"
#include "common/base/span.h"
#include "executor/docs/embed.h"
#include "executor/docs/milvus.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	DOCS_QUERY_MAX = 4000, /* bytes of a question */
	DOCS_FOUND_MAX = 20,
	DOCS_NAME_MAX = 255,
	DOCS_MAX = 10000, /* documents */
};

struct docs_conf {
	const char *path; /* of the index */
	const char *dir;  /* the folder; NULL: none */
	/* A folder of its own for the documents that are put, made where it is
	 * missing; NULL: none can be. */
	const char *shelf;
	bool starter;     /* the runbooks that come with this program, too */
	bool only_read;   /* the index as it is: whoever else keeps it */
	/* How texts become vectors, which find passages by what they mean;
	 * NULL: they do not. What it points at outlives the index. */
	const struct embed_conf *embed;
	/* Where they are searched, with embed; NULL, or while that fails: in the
	 * index. */
	const struct milvus_conf *milvus;
	/* What people should know; on any thread. bad: something is wrong. */
	void (*tell)(void *arg, bool bad, const char *what, const char *name,
	    const char *text);
	void *arg;
};

struct docs_query {
	struct span text;
	struct span document; /* a name or URL; its passages fit. May be "" */
	/* Of the document that fits best, the passage whose headings say this
	 * comes first: "how to fix it". May be "". */
	struct span section;
	struct span language; /* zh, en, or "": as the question is written */
	size_t limit;
};

struct docs_passage {
	char *id;     /* NAME#N */
	char *source; /* the document's name */
	char *title, *path, *text;
	int line_from, line_to;
	double score; /* of its words, 0 to 1 */
	double nearness; /* how far its vector stands out; 0: unknown */
	bool named;   /* it is of the document that was asked for */
};

struct docs_found {
	struct docs_passage *list; /* the best first */
	size_t n;
	size_t fitting; /* so many of the first fit; the others are near */
	double threshold;
	char *note; /* why it was not all that could be searched; or NULL */
	long documents, passages; /* there are */
};

struct docs;

/* Opens nothing yet; what is wrong with the index is told by docs_find.
 * RC_INVALID: dir is no folder that can be read. */
NODISCARD enum rc docs_open(
    const struct docs_conf *conf, struct docs **ret, struct err *err);
/* Would docs_open? Starts nothing. */
NODISCARD enum rc docs_check(const struct docs_conf *conf, struct err *err);
void docs_close(struct docs *d);
DEFINE_AUTO(docs, struct docs, docs_close);

/* Blocks, for the first reading too, until *cancelled (which may be NULL).
 * On any thread. */
NODISCARD enum rc docs_find(struct docs *d, const struct docs_query *query,
    const atomic_bool *cancelled, struct docs_found *ret, struct err *err);
void docs_found_done(struct docs_found *f);

/* Every document with its size or what is wrong with it, by name. */
struct docs_entry {
	const char *name, *origin, *title, *problem;
	size_t bytes, passages;
};
typedef void docs_entry_fn(void *arg, const struct docs_entry *e);
NODISCARD enum rc docs_list(
    struct docs *d, docs_entry_fn *each, void *arg, struct err *err);

/* The passages of one, in its order; none where there is no such document. */
typedef void docs_passage_fn(void *arg, const struct docs_passage *p);
NODISCARD enum rc docs_show(struct docs *d, struct span name,
    docs_passage_fn *each, void *arg, struct err *err);

/* The whole text of one, the caller's, and where it is from ("starter", "api"
 * or "folder"; static). RC_NOTFOUND. */
NODISCARD enum rc docs_text(struct docs *d, struct span name, char **ret,
    size_t *ret_n, const char **ret_origin, struct err *err);

/*
 * Puts a document in the place of the one of that name: it is on the disk when
 * this returns, and mostly in the index (*ret_found), unless that is busy.
 * *ret_new: there was none. RC_INVALID: name or text are none; RC_TOOBIG;
 * RC_CONFLICT: one of the folder has that name; RC_IO.
 */
NODISCARD enum rc docs_put(struct docs *d, struct span name, struct span text,
    const atomic_bool *cancelled, bool *ret_new, bool *ret_found,
    struct err *err);

/* The same. RC_NOTFOUND; RC_CONFLICT: it was not put. */
NODISCARD enum rc docs_remove(struct docs *d, struct span name,
    const atomic_bool *cancelled, struct err *err);

#endif
