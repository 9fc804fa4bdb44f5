/*
 * keeper.c - what the folder has becomes what the index has.
 */
#include "executor/docs/keeper.h"

#include "executor/docs/folder.h"
#include "executor/docs/shelf.h"
#include "executor/docs/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	/* What goes into one transaction, at most and a document more. */
	BATCH_BYTES = 4 << 20,
	BATCH_DOCS = 200,
	VERSION_SHOWN = 12, /* of the vocabulary's hash, in a stamp */
};

void
keeper_init(
    struct keeper *k, const struct docs_conf *conf, const atomic_bool *stop)
{
	*k = (struct keeper){.conf = *conf,
	    .stop = stop,
	    .lock = -1,
	    .watch = conf->dir != NULL || conf->shelf != NULL
			 ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC)
			 : -1};
}

void
keeper_done(struct keeper *k)
{
	base_close(&k->base);
	words_free(k->words);
	free(k->more);
	if (k->watch >= 0)
		close(k->watch);
	if (k->lock >= 0)
		close(k->lock);
}

enum rc
keeper_lock(struct keeper *k, struct err *err)
{
	auto_str path = xasprintf("%s.lock", k->conf.path);
	int fd;

	if (k->lock >= 0)
		return RC_OK;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, RC_IO,
		    "the index of documents cannot be made: %s: %s; start "
		    "`culprit up` once, or name another --data-dir",
		    path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return err_set(err, RC_CONFLICT, "another process writes");
	}
	k->lock = fd;
	return RC_OK;
}

static void
tell(const struct keeper *k, bool bad, const char *what, const char *name,
    const char *text)
{
	if (k->conf.tell != NULL)
		k->conf.tell(k->conf.arg, bad, what, name, text);
}

struct folders {
	struct folder dir, shelf;
};

/* ---- the vocabulary ---- */

/* The folder's addition to it: where it is wrong, none. */
static enum rc
read_vocabulary(struct keeper *k, const struct folder *f, struct err *err)
{
	auto_buf more = {.max = WORDS_VOCABULARY_MAX};
	struct err wrong;
	enum rc rc = RC_OK;

	if (f->synonyms)
		rc = folder_read(k->conf.dir, FOLDER_SYNONYMS, &more, &wrong);
	if (k->words != NULL && rc == RC_OK &&
	    strcmp(k->more, buf_str(&more)) == 0)
		return RC_OK;
	words_free(k->words);
	k->words = NULL;
	free(k->more);
	k->more = xstrdup(buf_str(&more));
	if (rc == RC_OK)
		rc = words_new(
		    starter_vocabulary, buf_span(&more), &k->words, &wrong);
	if (rc == RC_OK)
		return RC_OK;
	tell(k, true, "the synonyms are not used", FOLDER_SYNONYMS, wrong.text);
	free(k->more);
	k->more = xstrdup("");
	return words_new(starter_vocabulary, span_of(""), &k->words, err);
}

/* ---- what is to be there ---- */

struct wanted {
	const char *name;
	const struct starter *starter; /* or NULL: a file */
	const char *dir, *origin;
	size_t bytes;
	char stamp[100];
};

struct wanting {
	struct wanted *list;
	size_t n;
	struct map at; /* by name */
};

static void
want(struct wanting *w, const struct keeper *k, const struct wanted *as,
    const char *stamp)
{
	int *at = map_at(&w->at, span_of(as->name), (int)w->n);
	struct wanted *one;

	if ((size_t)*at == w->n) {
		if ((w->n & (w->n - 1)) == 0)
			w->list = xrealloc(w->list,
			    MAX(2 * w->n, (size_t)64) * sizeof(*w->list));
		w->n++;
	}
	one = &w->list[*at];
	*one = *as;
	snprintf(one->stamp, sizeof(one->stamp), "%.*s:%s", VERSION_SHOWN,
	    words_version(k->words), stamp);
}

static void
want_folder(struct wanting *w, const struct keeper *k, const struct folder *f,
    const char *dir, const char *origin)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->list[i].name, FOLDER_SYNONYMS) != 0)
			want(w, k,
			    &(struct wanted){.name = f->list[i].name,
				.dir = dir,
				.origin = origin,
				.bytes = f->list[i].bytes},
			    f->list[i].stamp);
}

/* What is put takes the place of what comes with the program, and a file that
 * of both. */
static void
want_all(struct wanting *w, const struct keeper *k, const struct folders *f)
{
	char stamp[SHA256_TEXT];
	size_t i;

	for (i = 0; i < n_starters && k->conf.starter; i++)
		want(w, k,
		    &(struct wanted){.name = starters[i].name,
			.starter = &starters[i],
			.origin = "starter",
			.bytes = starters[i].text.n},
		    sha256_text(starters[i].text, stamp));
	want_folder(w, k, &f->shelf, k->conf.shelf, "api");
	want_folder(w, k, &f->dir, k->conf.dir, "folder");
}

/* ---- a document ---- */

static enum rc
put_problem(struct keeper *k, const struct wanted *x, const char *problem,
    struct err *err)
{
	static const struct passages none = {.title = (char *)""};
	struct base_doc doc = {.name = span_of(x->name),
	    .origin = span_of(x->origin),
	    .sha256 = span_of(""),
	    .stamp = span_of(x->stamp),
	    .bytes = x->bytes,
	    .problem = span_of(problem)};

	tell(k, true, "a document was left out", x->name, problem);
	return base_put(&k->base, k->words, &doc, &none, err);
}

static enum rc
put_document(struct keeper *k, const struct wanted *x, struct err *err)
{
	auto_buf text = {.max = SPLIT_BYTES_MAX};
	struct passages passages = {.n = 0};
	char sha256[SHA256_TEXT];
	struct base_doc doc = {.name = span_of(x->name),
	    .origin = span_of(x->origin),
	    .stamp = span_of(x->stamp),
	    .problem = span_of("")};
	struct err wrong;
	enum rc rc = RC_OK;

	if (x->starter != NULL)
		buf_add_span(&text, x->starter->text);
	else
		rc = folder_read(x->dir, x->name, &text, &wrong);
	if (rc == RC_OK)
		rc = split(split_kind_of(span_of(x->name)), buf_span(&text),
		    &passages, &wrong);
	if (rc != RC_OK)
		return put_problem(k, x, wrong.text, err);
	doc.sha256 = span_of(sha256_text(buf_span(&text), sha256));
	doc.bytes = text.len;
	rc = base_put(&k->base, k->words, &doc, &passages, err);
	passages_done(&passages);
	return rc;
}

/* ---- all of them ---- */

struct update {
	struct keeper *k;
	struct wanting wanting;
	bool *done;  /* of each that is wanted: the index has it so */
	char **gone; /* names; owned */
	size_t n_gone;
	size_t changed;
};

/* What the index has, beside what it should. */
static enum rc
compare(struct update *u, struct err *err)
{
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc =
	    base_prepare(&u->k->base, "SELECT name, stamp FROM docs", &st, err);

	while (rc == RC_OK && row) {
		struct span name;
		int at;

		rc = base_step(&u->k->base, st, &row, err);
		if (rc != RC_OK || !row)
			break;
		name = base_text(st, 0);
		at = map_get(&u->wanting.at, name, -1);
		if (at >= 0) {
			u->done[at] = span_is(
			    base_text(st, 1), u->wanting.list[at].stamp);
			continue;
		}
		if ((u->n_gone & (u->n_gone - 1)) == 0)
			u->gone = xrealloc(u->gone,
			    MAX(2 * u->n_gone, (size_t)16) * sizeof(char *));
		u->gone[u->n_gone++] = xstrndup(name.p, name.n);
	}
	return rc;
}

static enum rc
drop_gone(struct update *u, struct err *err)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < u->n_gone && rc == RC_OK; i++)
		rc = base_drop(&u->k->base, span_of(u->gone[i]), err);
	return rc;
}

/* Those that are not done from *at on, as many as a transaction takes. */
static enum rc
put_batch(struct update *u, size_t *at, struct err *err)
{
	size_t bytes = 0;
	int n = 0;
	enum rc rc = RC_OK;

	while (*at < u->wanting.n && rc == RC_OK && bytes < BATCH_BYTES &&
	       n < BATCH_DOCS) {
		const struct wanted *x = &u->wanting.list[(*at)++];

		if (u->done[*at - 1])
			continue;
		if (atomic_load(u->k->stop))
			return err_set(err, RC_CANCELLED, "stopped");
		rc = put_document(u->k, x, err);
		bytes += x->bytes;
		n++;
		u->changed++;
	}
	return rc;
}

/* What a question is scored with, and whether all is there. */
static enum rc
put_meta(struct update *u, bool whole, struct err *err)
{
	struct keeper *k = u->k;
	enum rc rc = base_set_meta(&k->base, "synonyms", span_of(k->more), err);

	if (rc == RC_OK)
		rc = base_set_meta(&k->base, "vocabulary",
		    span_of(words_version(k->words)), err);
	if (rc == RC_OK)
		rc = base_exec(&k->base,
		    "INSERT OR REPLACE INTO meta SELECT 'documents', "
		    "count(*) FROM docs WHERE problem = '';"
		    "INSERT OR REPLACE INTO meta SELECT 'passages', count(*) "
		    "FROM passages;"
		    "INSERT OR REPLACE INTO meta SELECT 'words', "
		    "ifnull(sum(words), 0) FROM passages",
		    err);
	if (rc == RC_OK && whole)
		rc = base_set_meta(&k->base, "ready", span_of("1"), err);
	return rc;
}

/* One transaction; *at is behind what it put. */
static enum rc
step(struct update *u, size_t *at, struct err *err)
{
	struct base *b = &u->k->base;
	struct err ignored;
	enum rc rc = base_exec(b, "BEGIN IMMEDIATE", err);

	if (rc != RC_OK)
		return rc;
	if (*at == 0)
		rc = drop_gone(u, err);
	if (rc == RC_OK)
		rc = put_batch(u, at, err);
	if (rc == RC_OK)
		rc = put_meta(u, *at == u->wanting.n, err);
	if (rc == RC_OK)
		rc = base_exec(b, "COMMIT", err);
	/* Where it cannot even be rolled back, closing it does. */
	if (rc != RC_OK && base_exec(b, "ROLLBACK", &ignored) != RC_OK)
		base_close(b);
	return rc;
}

static bool
nothing_to_do(const struct update *u)
{
	size_t i;

	for (i = 0; i < u->wanting.n; i++)
		if (!u->done[i])
			return false;
	return u->n_gone == 0;
}

static bool
is_ready(struct base *b)
{
	auto_str ready = NULL;
	struct err ignored;

	return base_meta(b, "ready", &ready, &ignored) == RC_OK &&
	       ready[0] == '1';
}

static enum rc
update_from(struct keeper *k, const struct folders *f, struct err *err)
{
	struct update u = {.k = k};
	size_t at = 0, i;
	enum rc rc;

	want_all(&u.wanting, k, f);
	u.done = xcalloc(u.wanting.n + 1, sizeof(*u.done));
	rc = compare(&u, err);
	if (rc == RC_OK && !(nothing_to_do(&u) && is_ready(&k->base))) {
		do
			rc = step(&u, &at, err);
		while (rc == RC_OK && at < u.wanting.n);
	}
	if (rc == RC_OK && (u.changed > 0 || u.n_gone > 0)) {
		auto_str text = xasprintf("%zu read, %zu taken out, %zu in all",
		    u.changed, u.n_gone, u.wanting.n);

		tell(k, false, "the documents were read", NULL, text);
		base_rest(&k->base);
	}
	for (i = 0; i < u.n_gone; i++)
		free(u.gone[i]);
	free(u.gone);
	free(u.done);
	free(u.wanting.list);
	map_done(&u.wanting.at);
	return rc;
}

static enum rc
update_once(struct keeper *k, const struct folders *f, struct err *err)
{
	enum rc rc = RC_OK;

	if (!base_is_current(&k->base)) {
		base_close(&k->base);
		rc = base_open(&k->base, k->conf.path, true, err);
	}
	return rc == RC_OK ? update_from(k, f, err) : rc;
}

static enum rc
walk_all(struct keeper *k, struct folders *f, struct err *err)
{
	enum rc rc = RC_OK;

	if (k->conf.shelf != NULL)
		rc = shelf_open(k->conf.shelf, err);
	if (rc == RC_OK && k->conf.shelf != NULL)
		rc = folder_walk(k->conf.shelf, k->watch, &f->shelf, err);
	if (rc == RC_OK && k->conf.dir != NULL)
		rc = folder_walk(k->conf.dir, k->watch, &f->dir, err);
	if (rc == RC_OK && (f->dir.more || f->shelf.more))
		tell(k, true, "there are too many documents", NULL,
		    "the first 10,000 are read");
	return rc;
}

enum rc
keeper_update(struct keeper *k, struct err *err)
{
	struct folders f = {{.n = 0}, {.n = 0}};
	/* A folder that is gone for a moment takes nothing with it. */
	enum rc rc = walk_all(k, &f, err);

	if (rc == RC_OK)
		rc = read_vocabulary(k, &f.dir, err);
	if (rc == RC_OK)
		rc = update_once(k, &f, err);
	if (rc == RC_DAMAGED) {
		tell(k, true, "the index is made anew", NULL, err->text);
		base_close(&k->base);
		base_remove(k->conf.path);
		rc = update_once(k, &f, err);
	}
	folder_done(&f.dir);
	folder_done(&f.shelf);
	return rc;
}
