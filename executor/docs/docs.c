/*
 * docs.c - an index that keeps itself up to date, and its readers.
 *
 * Invariant: base and words, for reading, are used with the mutex held; the
 * keeper is the thread's alone.
 */
#include "executor/docs/docs.h"

#include "common/base/clk.h"
#include "common/base/utf8.h"
#include "executor/docs/embedder.h"
#include "executor/docs/find.h"
#include "executor/docs/folder.h"
#include "executor/docs/keeper.h"
#include "executor/docs/shelf.h"
#include "executor/docs/starter.h"
#include "executor/docs/thread.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	WAIT_LOCK_MS = 1000,    /* until another one's lock is tried again */
	WAIT_LOOK_MS = 5000,    /* until the index is looked at again */
	WAIT_FOLDER_MS = 60000, /* until a folder nothing was told of is */
	SETTLE_MS = 50,         /* nothing more is told for so long … */
	SETTLE_MAX_MS = 500,    /* … or so much has passed */
	READER_LOOK_MS = 10,
	READER_WAIT_MS = 10000,
	PUT_WAIT_MS = 5000,
	QUIET_MS = 10000, /* after the embeddings API failed */
};

struct docs {
	struct docs_conf conf; /* its texts are owned */
	struct thread thread;  /* the keeper's */
	atomic_bool keeps;     /* it is the one that writes */
	struct embedder *embedder;
	char *version;               /* of the model; NULL: there is none */
	_Atomic int64_t quiet_until; /* it is not asked */
	_Atomic int64_t milvus_quiet_until;
	atomic_int dialect; /* of Milvus, once known */
	pthread_mutex_t mutex;
	struct err trouble; /* of the keeper; "" */
	struct base base;
	struct words *words; /* of the vocabulary the index was made with */
	struct vectors vectors;
};

/* ---- the keeper's thread ---- */

static void
set_trouble(struct docs *d, const char *text)
{
	pthread_mutex_lock(&d->mutex);
	if (strcmp(d->trouble.text, text) != 0) {
		snprintf(d->trouble.text, sizeof(d->trouble.text), "%s", text);
		if (text[0] != '\0' && d->conf.tell != NULL)
			d->conf.tell(d->conf.arg, true,
			    "the documents could not be read", NULL, text);
	}
	pthread_mutex_unlock(&d->mutex);
}

static void
drain(int fd)
{
	char piece[4096];

	while (fd >= 0 && read(fd, piece, sizeof(piece)) > 0)
		;
}

/* Until something happened in the folder, somebody woke us, or so long. What
 * happens in bursts is waited for. */
static bool
wait_for(struct docs *d, const struct keeper *k, int ms)
{
	struct pollfd fds[] = {{.fd = d->thread.wake, .events = POLLIN},
	    {.fd = k->watch, .events = POLLIN}};
	int64_t until;
	bool woken = poll(fds, 2, ms) > 0;

	drain(d->thread.wake);
	if (!woken || (fds[1].revents & POLLIN) == 0)
		return woken;
	until = clk_mono_ms() + SETTLE_MAX_MS;
	do
		drain(k->watch);
	while (!atomic_load(&d->thread.stop) && clk_mono_ms() < until &&
	       poll(&fds[1], 1, SETTLE_MS) > 0);
	return true;
}

static void
keep(struct docs *d, struct keeper *k)
{
	int64_t looked = 0;
	bool changed = true, again;

	while (!atomic_load(&d->thread.stop)) {
		struct err err = {0};
		enum rc rc = keeper_lock(k, &err);

		changed = changed || !base_is_current(&k->base) ||
			  clk_mono_ms() - looked > WAIT_FOLDER_MS;
		if (rc == RC_OK && changed) {
			looked = clk_mono_ms();
			rc = keeper_update(k, &err);
			changed = rc != RC_OK;
		}
		atomic_store(&d->keeps, k->lock >= 0);
		if (d->embedder != NULL && looked > 0)
			embedder_wake(d->embedder);
		/* Somebody found it damaged, and took it away just now. */
		again = rc == RC_NOTFOUND || rc == RC_DAMAGED;
		if (rc != RC_CONFLICT && rc != RC_CANCELLED && !again)
			set_trouble(d, rc == RC_OK ? "" : err.text);
		if (wait_for(d, k,
			again         ? READER_LOOK_MS
			: k->lock < 0 ? WAIT_LOCK_MS
				      : WAIT_LOOK_MS))
			changed = true;
	}
}

static void
run(void *arg)
{
	struct docs *d = arg;
	struct keeper k;

	keeper_init(&k, &d->conf, &d->thread.stop);
	keep(d, &k);
	keeper_done(&k);
}

/* ---- life ---- */

enum rc
docs_check(const struct docs_conf *conf, struct err *err)
{
	const char *dir = conf->dir;
	DIR *d = dir != NULL ? opendir(dir) : NULL;

	if (dir != NULL && d == NULL)
		return err_set(err, RC_INVALID,
		    "docs-dir: %s: %s; name a folder of documents (.md, .rst, "
		    ".txt)",
		    dir, strerror(errno));
	if (d != NULL)
		closedir(d);
	if (conf->milvus != NULL && conf->embed == NULL)
		return err_set(err, RC_INVALID,
		    "milvus-url needs embeddings-url: what makes the vectors");
	if (conf->milvus != NULL) {
		enum rc rc = milvus_check(conf->milvus, err);

		if (rc != RC_OK)
			return rc;
	}
	return conf->embed != NULL ? embed_check(conf->embed, err) : RC_OK;
}

static enum rc
start(struct docs *d, struct err *err)
{
	enum rc rc = RC_OK;

	if (d->conf.embed != NULL)
		rc = embedder_start(&d->conf, &d->keeps, &d->embedder, err);
	return rc == RC_OK ? thread_start(&d->thread, run, d, err) : rc;
}

enum rc
docs_open(const struct docs_conf *conf, struct docs **ret, struct err *err)
{
	struct docs *d;
	enum rc rc = docs_check(conf, err);

	if (rc != RC_OK)
		return rc;
	d = xcalloc(1, sizeof(*d));
	d->conf = *conf;
	d->conf.path = xstrdup(conf->path);
	d->conf.dir = conf->dir != NULL ? xstrdup(conf->dir) : NULL;
	d->conf.shelf = conf->shelf != NULL ? xstrdup(conf->shelf) : NULL;
	if (conf->embed != NULL)
		d->version = embed_version(conf->embed);
	pthread_mutex_init(&d->mutex, NULL);
	rc = conf->only_read ? RC_OK : start(d, err);
	if (rc != RC_OK) {
		docs_close(d);
		return rc;
	}
	*ret = d;
	return RC_OK;
}

void
docs_close(struct docs *d)
{
	if (d == NULL)
		return;
	thread_stop(&d->thread);
	embedder_stop(d->embedder);
	base_close(&d->base);
	words_free(d->words);
	vectors_done(&d->vectors);
	free(d->version);
	pthread_mutex_destroy(&d->mutex);
	free((char *)d->conf.path);
	free((char *)d->conf.dir);
	free((char *)d->conf.shelf);
	free(d);
}

/* ---- reading: with the mutex ---- */

/* The vocabulary the index was made with, which another process may have. */
static enum rc
read_words(struct docs *d, struct err *err)
{
	auto_str version = NULL;
	auto_str more = NULL;
	AUTO(words) words = NULL;
	enum rc rc = base_meta(&d->base, "vocabulary", &version, err);

	if (rc != RC_OK ||
	    (d->words != NULL && strcmp(words_version(d->words), version) == 0))
		return rc;
	rc = base_meta(&d->base, "synonyms", &more, err);
	if (rc == RC_OK)
		rc = words_new(starter_vocabulary, span_of(more), &words, err);
	if (rc != RC_OK)
		return rc;
	words_free(d->words);
	d->words = TAKE(words);
	return RC_OK;
}

/* RC_NOTFOUND: the first reading is not over. */
static enum rc
open_to_read(struct docs *d, struct err *err)
{
	auto_str ready = NULL;
	enum rc rc = RC_OK;

	if (!base_is_current(&d->base)) {
		base_close(&d->base);
		vectors_done(&d->vectors);
		rc = base_open(&d->base, d->conf.path, false, err);
	}
	if (rc == RC_OK)
		rc = base_meta(&d->base, "ready", &ready, err);
	if (rc == RC_OK && ready[0] != '1')
		rc = err_set(err, RC_NOTFOUND, "not read yet");
	return rc == RC_OK ? read_words(d, err) : rc;
}

typedef enum rc read_fn(struct docs *d, void *arg, struct err *err);

/* A damaged index is thrown away, whoever notices: whoever has the lock makes
 * it anew, of the documents. */
static enum rc
read_once(struct docs *d, read_fn *fn, void *arg, struct err *err)
{
	struct err trouble;
	enum rc rc;

	pthread_mutex_lock(&d->mutex);
	trouble = d->trouble;
	rc = open_to_read(d, err);
	if (rc == RC_OK)
		rc = fn(d, arg, err);
	if (rc == RC_DAMAGED && d->thread.started) {
		if (d->base.db == NULL || base_is_current(&d->base))
			base_remove(d->conf.path);
		base_close(&d->base);
	}
	pthread_mutex_unlock(&d->mutex);
	if (rc == RC_DAMAGED && d->thread.started)
		thread_wake(&d->thread);
	if (rc == RC_NOTFOUND && trouble.text[0] != '\0')
		return err_set(err, RC_IO, "%s", trouble.text);
	return rc;
}

/* Until there is something to read. */
static enum rc
read_when_ready(struct docs *d, read_fn *fn, void *arg,
    const atomic_bool *cancelled, struct err *err)
{
	int64_t until = clk_mono_ms() + READER_WAIT_MS;
	enum rc rc;

	for (;;) {
		rc = read_once(d, fn, arg, err);
		if ((rc != RC_NOTFOUND && rc != RC_DAMAGED && rc != RC_BUSY) ||
		    !d->thread.started)
			return rc;
		if (cancelled != NULL && atomic_load(cancelled))
			return err_set(err, RC_CANCELLED, "called off");
		if (clk_mono_ms() >= until)
			return err_set(err, RC_BUSY,
			    "the documents are being read for the first time; "
			    "ask again in a moment");
		poll(NULL, 0, READER_LOOK_MS);
	}
}

struct finding_arg {
	const struct docs_query *query;
	struct find_by by;
	struct docs_found *ret;
};

/* The vectors that are there are of no use any more; the embedder makes
 * others. */
static enum rc
forget_vectors(struct docs *d, int dimensions, struct err *err)
{
	enum rc rc = base_exec(&d->base, "BEGIN IMMEDIATE", err);

	if (rc != RC_OK)
		return rc;
	rc = vectors_begin(&d->base, d->version, dimensions, err);
	return base_exec(&d->base, rc == RC_OK ? "COMMIT" : "ROLLBACK", err);
}

static enum rc
read_find(struct docs *d, void *arg, struct err *err)
{
	struct finding_arg *f = arg;
	struct err ignored;
	enum rc rc;

	*f->ret = (struct docs_found){.n = 0};
	f->by.vectors = &d->vectors;
	rc = find(&d->base, d->words, f->query, &f->by, f->ret, err);
	if (rc == RC_OK && f->by.outdated) {
		f->ret->note = xstrdup(
		    "the model's vectors have another length than before; "
		    "the documents get new ones");
		/* Else the next question does it. */
		if (forget_vectors(d, f->by.question->dimensions, &ignored) !=
		    RC_OK)
			base_close(&d->base);
		vectors_done(&d->vectors);
	}
	return rc;
}

/* The question's vector; where it cannot be had, why in *ret_note. */
static void
ask_vector(struct docs *d, const struct docs_query *query,
    const atomic_bool *cancelled, struct embed_vectors *ret, char **ret_note)
{
	const struct embed_conf *c = d->conf.embed;
	struct err err;

	if (c == NULL || query->text.n == 0)
		return;
	if (clk_mono_ms() < atomic_load(&d->quiet_until)) {
		*ret_note = xstrdup("found by their words alone, since the "
				    "embeddings API failed a moment ago");
		return;
	}
	if (embed(c, EMBED_QUERY, &query->text, 1, c->query_ms, cancelled, ret,
		&err) == RC_OK)
		return;
	atomic_store(&d->quiet_until, clk_mono_ms() + QUIET_MS);
	*ret_note = xasprintf("found by their words alone: %s", err.text);
}

enum { HITS = 64 };

/* What Milvus finds, of both languages; false: it is searched here, and why.
 */
static bool
ask_milvus(struct docs *d, const struct embed_vectors *question,
    const atomic_bool *cancelled, struct milvus_hit hits[2 * HITS],
    size_t *ret_n, char **ret_note)
{
	struct milvus m;
	struct err err;
	size_t n = 0, more = 0;
	enum rc rc;

	*ret_n = 0;
	if (d->conf.milvus == NULL || question->n == 0)
		return false;
	if (clk_mono_ms() < atomic_load(&d->milvus_quiet_until)) {
		*ret_note = xstrdup("Milvus failed a moment ago, and the index "
				    "was searched instead");
		return false;
	}
	milvus_init(&m, d->conf.milvus, d->version, cancelled);
	m.dialect = (enum milvus_dialect)atomic_load(&d->dialect);
	rc = milvus_search(&m, question->list, question->dimensions, false,
	    hits, HITS, &n, &err);
	if (rc == RC_OK)
		rc = milvus_search(&m, question->list, question->dimensions,
		    true, hits + n, HITS, &more, &err);
	if (rc == RC_OK) {
		atomic_store(&d->dialect, (int)m.dialect);
		*ret_n = n + more;
		return true;
	}
	atomic_store(&d->milvus_quiet_until, clk_mono_ms() + QUIET_MS);
	*ret_note =
	    xasprintf("the index was searched instead of Milvus: %s", err.text);
	return false;
}

enum rc
docs_find(struct docs *d, const struct docs_query *query,
    const atomic_bool *cancelled, struct docs_found *ret, struct err *err)
{
	struct docs_found found = {.n = 0};
	struct embed_vectors question = {.n = 0};
	struct milvus_hit hits[2 * HITS];
	struct finding_arg arg = {.query = query, .ret = &found};
	char *note = NULL;
	enum rc rc;

	if (query->text.n > DOCS_QUERY_MAX || !utf8_ok(query->text))
		return err_set(err, RC_INVALID,
		    "a question is at most %d bytes of UTF-8", DOCS_QUERY_MAX);
	ask_vector(d, query, cancelled, &question, &note);
	arg.by = (struct find_by){.question = question.n > 0 ? &question : NULL,
	    .version = d->version};
	if (ask_milvus(d, &question, cancelled, hits, &arg.by.n_hits, &note))
		arg.by.hits = hits;
	rc = read_when_ready(d, read_find, &arg, cancelled, err);
	embed_vectors_done(&question);
	if (rc == RC_OK && note != NULL) {
		free(found.note);
		found.note = TAKE(note);
	}
	free(note);
	if (rc == RC_OK)
		*ret = found;
	return rc;
}

struct list_arg {
	docs_entry_fn *each;
	void *arg;
};

static enum rc
read_list(struct docs *d, void *arg, struct err *err)
{
	const struct list_arg *l = arg;
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc = base_prepare(&d->base,
	    "SELECT name, origin, title, problem, bytes, passages FROM docs "
	    "ORDER BY name",
	    &st, err);

	while (rc == RC_OK && row) {
		rc = base_step(&d->base, st, &row, err);
		if (rc == RC_OK && row)
			l->each(l->arg,
			    &(struct docs_entry){.name = base_text(st, 0).p,
				.origin = base_text(st, 1).p,
				.title = base_text(st, 2).p,
				.problem = base_text(st, 3).p,
				.bytes = (size_t)sqlite3_column_int64(st, 4),
				.passages =
				    (size_t)sqlite3_column_int64(st, 5)});
	}
	return rc;
}

enum rc
docs_list(struct docs *d, docs_entry_fn *each, void *arg, struct err *err)
{
	struct list_arg l = {each, arg};

	return read_when_ready(d, read_list, &l, NULL, err);
}

struct show_arg {
	struct span name;
	docs_passage_fn *each;
	void *arg;
};

static enum rc
read_show(struct docs *d, void *arg, struct err *err)
{
	const struct show_arg *s = arg;
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc = base_prepare(&d->base,
	    "SELECT d.name || '#' || p.n, d.name, d.title, p.path, p.text, "
	    "p.line_from, p.line_to FROM passages p, docs d WHERE "
	    "d.name = ?1 AND p.doc = d.id ORDER BY p.n",
	    &st, err);

	if (rc == RC_OK)
		base_bind(st, 1, s->name);
	while (rc == RC_OK && row) {
		rc = base_step(&d->base, st, &row, err);
		if (rc == RC_OK && row)
			s->each(
			    s->arg, &(struct docs_passage){
					.id = (char *)base_text(st, 0).p,
					.source = (char *)base_text(st, 1).p,
					.title = (char *)base_text(st, 2).p,
					.path = (char *)base_text(st, 3).p,
					.text = (char *)base_text(st, 4).p,
					.line_from = sqlite3_column_int(st, 5),
					.line_to = sqlite3_column_int(st, 6)});
	}
	return rc;
}

enum rc
docs_show(struct docs *d, struct span name, docs_passage_fn *each, void *arg,
    struct err *err)
{
	struct show_arg s = {name, each, arg};

	return read_when_ready(d, read_show, &s, NULL, err);
}

/* ---- one document, whole ---- */

struct about {
	struct span name;
	bool there;
	char origin[16];
	char sha256[SHA256_TEXT];
	int64_t documents; /* in all */
};

static enum rc
read_about(struct docs *d, void *arg, struct err *err)
{
	struct about *a = arg;
	auto_stmt st = NULL;
	enum rc rc = base_prepare(&d->base,
	    "SELECT (SELECT count(*) FROM docs), origin, sha256 "
	    "FROM (SELECT 1) LEFT JOIN docs ON name = ?1",
	    &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, a->name);
	rc = base_step(&d->base, st, &a->there, err);
	if (rc != RC_OK)
		return rc;
	a->documents = sqlite3_column_int64(st, 0);
	a->there = sqlite3_column_type(st, 1) != SQLITE_NULL;
	snprintf(a->origin, sizeof(a->origin), "%s", base_text(st, 1).p);
	snprintf(a->sha256, sizeof(a->sha256), "%s", base_text(st, 2).p);
	return RC_OK;
}

static enum rc
not_there(struct span name, struct err *err)
{
	return err_set(err, RC_NOTFOUND, "there is no document \"%.*s\"",
	    (int)MIN(name.n, (size_t)DOCS_NAME_MAX), name.p);
}

enum rc
docs_text(struct docs *d, struct span name, char **ret, size_t *ret_n,
    const char **ret_origin, struct err *err)
{
	static const char *const origins[] = {"starter", "api", "folder"};
	struct about a = {.name = name};
	auto_str terminated = xstrndup(name.p, name.n);
	auto_buf text = {.max = SPLIT_BYTES_MAX};
	enum rc rc = folder_check_name(name, err);
	size_t i, from = 0;

	if (rc == RC_OK)
		rc = read_when_ready(d, read_about, &a, NULL, err);
	if (rc != RC_OK)
		return rc;
	while (
	    from < ARRAY_LEN(origins) && strcmp(a.origin, origins[from]) != 0)
		from++;
	if (!a.there || from == ARRAY_LEN(origins))
		return not_there(name, err);
	for (i = 0; from == 0 && i < n_starters; i++)
		if (span_is(name, starters[i].name))
			buf_add_span(&text, starters[i].text);
	if (from > 0)
		rc = folder_read(from == 1 ? d->conf.shelf : d->conf.dir,
		    terminated, &text, err);
	if (rc != RC_OK)
		return err_prefix(err, rc, "%s", terminated);
	*ret_origin = origins[from];
	*ret_n = text.len;
	*ret = text.len > 0 ? buf_take(&text) : xstrdup("");
	return RC_OK;
}

/* Until the index has what was put (or has it no more: sha256 NULL), or so
 * long: somebody else may keep it. */
static bool
await_index(struct docs *d, struct span name, const char *sha256,
    const atomic_bool *cancelled)
{
	int64_t until = clk_mono_ms() + PUT_WAIT_MS;
	bool done = false;

	for (;;) {
		struct about a = {.name = name};
		struct err ignored;

		if (read_when_ready(d, read_about, &a, cancelled, &ignored) ==
		    RC_OK)
			done = sha256 != NULL ? strcmp(a.sha256, sha256) == 0
					      : strcmp(a.origin, "api") != 0;
		if (done || clk_mono_ms() >= until ||
		    (cancelled != NULL && atomic_load(cancelled)))
			return done;
		poll(NULL, 0, READER_LOOK_MS);
	}
}

static enum rc
check_put(struct docs *d, struct span name, struct span text, struct err *err)
{
	struct passages passages = {.n = 0};
	enum rc rc = folder_check_name(name, err);

	if (rc == RC_OK && d->conf.shelf == NULL)
		rc = err_set(err, RC_DENIED, "no documents are kept here");
	if (rc == RC_OK && split_kind_of(name) == SPLIT_NONE)
		rc = err_set(err, RC_INVALID,
		    "a document's name ends in .md, .rst or .txt, which says "
		    "what it is");
	if (rc == RC_OK && text.n > SHELF_TEXT_MAX)
		rc = err_set(err, RC_TOOBIG,
		    "the document has %zu KiB, more than %d; split it, or lay "
		    "it into --docs-dir",
		    text.n >> 10, SHELF_TEXT_MAX >> 10);
	if (rc != RC_OK)
		return rc;
	rc = split(split_kind_of(name), text, &passages, err);
	passages_done(&passages);
	return rc == RC_OK ? rc : err_prefix(err, rc, "the document");
}

enum rc
docs_put(struct docs *d, struct span name, struct span text,
    const atomic_bool *cancelled, bool *ret_new, bool *ret_found,
    struct err *err)
{
	struct about a = {.name = name};
	auto_str terminated = xstrndup(name.p, name.n);
	char sha256[SHA256_TEXT];
	enum rc rc = check_put(d, name, text, err);

	if (rc == RC_OK)
		rc = read_when_ready(d, read_about, &a, cancelled, err);
	if (rc == RC_OK && strcmp(a.origin, "folder") == 0)
		rc = err_set(err, RC_CONFLICT,
		    "%s is a file of --docs-dir: change it there", terminated);
	if (rc == RC_OK && !a.there && a.documents >= DOCS_MAX)
		rc = err_set(
		    err, RC_TOOBIG, "there are %d documents already", DOCS_MAX);
	if (rc == RC_OK)
		rc = shelf_open(d->conf.shelf, err);
	*ret_new = rc == RC_OK && !shelf_has(d->conf.shelf, terminated);
	if (rc == RC_OK)
		rc = shelf_put(d->conf.shelf, terminated, text, err);
	if (rc == RC_OK)
		*ret_found =
		    await_index(d, name, sha256_text(text, sha256), cancelled);
	return rc;
}

enum rc
docs_remove(struct docs *d, struct span name, const atomic_bool *cancelled,
    struct err *err)
{
	struct about a = {.name = name};
	auto_str terminated = xstrndup(name.p, name.n);
	enum rc rc = folder_check_name(name, err);

	if (rc == RC_OK)
		rc = read_when_ready(d, read_about, &a, cancelled, err);
	if (rc != RC_OK)
		return rc;
	if (d->conf.shelf != NULL && shelf_has(d->conf.shelf, terminated)) {
		rc = shelf_remove(d->conf.shelf, terminated, err);
		if (rc == RC_OK && !await_index(d, name, NULL, cancelled))
			return RC_OK; /* it will be gone soon */
		return rc;
	}
	if (!a.there)
		return not_there(name, err);
	return err_set(err, RC_CONFLICT,
	    strcmp(a.origin, "folder") == 0
		? "%s is a file of --docs-dir: delete it there"
		: "%s comes with Culprit: put one of that name in its place, "
		  "or leave all of them out with --docs-starter no",
	    terminated);
}
