/*
 * embedder.c - a thread that gives passages their vectors.
 */
#include "executor/docs/embedder.h"

#include "executor/docs/sender.h"
#include "executor/docs/thread.h"
#include "executor/docs/vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LOOK_MS = 5000,  /* until the index is looked at again */
	AGAIN_MS = 1000, /* until what failed is, doubled up to: */
	AGAIN_MAX_MS = 60000,
	REQUEST_MS = 60000,
};

struct embedder {
	const struct docs_conf *conf;
	const atomic_bool *keeps;
	struct thread thread;
	struct base base;
	char *version;
	struct milvus milvus;
	size_t batch;
	int refusals;  /* of texts, so far */
	size_t stored; /* since the index was last complete */
	bool complete; /* as of: */
	int64_t of;
	char trouble[sizeof(((struct err *)0)->text)];
};

static void
tell(const struct embedder *e, bool bad, const char *what, const char *text)
{
	if (e->conf->tell != NULL)
		e->conf->tell(e->conf->arg, bad, what, NULL, text);
}

/* ---- storing ---- */

typedef enum rc write_fn(struct embedder *e, void *arg, struct err *err);

/* One transaction. */
static enum rc
write_all(struct embedder *e, write_fn *fn, void *arg, struct err *err)
{
	struct err ignored;
	enum rc rc = base_exec(&e->base, "BEGIN IMMEDIATE", err);

	if (rc != RC_OK)
		return rc;
	rc = fn(e, arg, err);
	if (rc == RC_OK)
		rc = base_exec(&e->base, "COMMIT", err);
	if (rc != RC_OK && base_exec(&e->base, "ROLLBACK", &ignored) != RC_OK)
		base_close(&e->base);
	return rc;
}

struct piece {
	const struct vectors_lack *list;
	size_t n;
	const struct embed_vectors *v; /* NULL: they cannot be embedded */
};

static enum rc
write_piece(struct embedder *e, void *arg, struct err *err)
{
	const struct piece *p = arg;
	int dimensions = p->v != NULL ? p->v->dimensions : 0;
	size_t i;
	enum rc rc = vectors_begin(&e->base, e->version, dimensions, err);

	for (i = 0; i < p->n && rc == RC_OK; i++)
		rc = vectors_put(&e->base, span_of(p->list[i].hash),
		    p->v != NULL ? p->v->list + i * (size_t)dimensions : NULL,
		    dimensions, err);
	e->stored += rc == RC_OK ? p->n : 0;
	return rc;
}

static enum rc
write_begin(struct embedder *e, void *arg UNUSED, struct err *err)
{
	return vectors_begin(&e->base, e->version, 0, err);
}

static enum rc
write_tidy(struct embedder *e, void *arg UNUSED, struct err *err)
{
	return vectors_tidy(&e->base, err);
}

/* ---- embedding ---- */

static enum rc
ask(struct embedder *e, const struct vectors_lack *list, size_t n,
    struct embed_vectors *ret, struct err *err)
{
	struct span texts[EMBED_BATCH_MAX];
	size_t i;

	for (i = 0; i < n; i++)
		texts[i] = span_of(list[i].text);
	return embed(e->conf->embed, EMBED_PASSAGE, texts, n, REQUEST_MS,
	    &e->thread.stop, ret, err);
}

/* Is it this text, or whatever is asked? */
static enum rc
give_up(struct embedder *e, const struct vectors_lack *one, struct err *err)
{
	struct vectors_lack probe = {.text = (char *)"disk is full"};
	struct embed_vectors v = {.n = 0};
	struct err why = *err;
	enum rc rc = ask(e, &probe, 1, &v, err);

	embed_vectors_done(&v);
	if (rc != RC_OK)
		return rc == RC_INVALID ? RC_UPSTREAM : rc;
	tell(e, true, "a passage has no vector", why.text);
	return write_all(e, write_piece, &(struct piece){one, 1, NULL}, err);
}

/* Of what is refused each half is tried, down to the text that is at fault;
 * where both are taken, it was too much at once. */
static enum rc
embed_some(struct embedder *e, const struct vectors_lack *list, size_t n,
    struct err *err)
{
	struct embed_vectors v = {.n = 0};
	size_t half = (n + 1) / 2;
	int refusals;
	enum rc rc = ask(e, list, n, &v, err);

	if (rc == RC_OK)
		rc = write_all(
		    e, write_piece, &(struct piece){list, n, &v}, err);
	embed_vectors_done(&v);
	if (rc != RC_INVALID)
		return rc;
	refusals = ++e->refusals;
	if (n == 1)
		return give_up(e, list, err);
	rc = embed_some(e, list, half, err);
	if (rc == RC_OK)
		rc = embed_some(e, list + half, n - half, err);
	if (rc == RC_OK && refusals == e->refusals)
		e->batch = MIN(e->batch, half);
	return rc;
}

/* Everything that lacks a vector, from the first passage to the last. */
static enum rc
embed_all(struct embedder *e, struct err *err)
{
	struct vectors_lack list[EMBED_BATCH_MAX];
	int64_t behind = 0;
	size_t n = 0;
	enum rc rc;

	do {
		if (atomic_load(&e->thread.stop))
			return err_set(err, RC_CANCELLED, "stopped");
		rc = vectors_lacking(&e->base, behind, list, e->batch, &n, err);
		if (rc == RC_OK && n > 0) {
			behind = list[n - 1].id;
			rc = embed_some(e, list, n, err);
		}
		vectors_lack_done(list, n);
	} while (rc == RC_OK && n > 0);
	return rc;
}

/* ---- the thread ---- */

static enum rc
open_index(struct embedder *e, struct err *err)
{
	if (base_is_current(&e->base))
		return RC_OK;
	base_close(&e->base);
	e->complete = false;
	return base_open(&e->base, e->conf->path, false, err);
}

static enum rc
send_all(struct embedder *e, struct err *err)
{
	size_t sent = 0;
	enum rc rc =
	    sender_send(&e->base, &e->milvus, &e->thread.stop, &sent, err);

	if (rc == RC_OK && sent > 0) {
		auto_str text = xasprintf("%zu documents", sent);

		tell(e, false, "Milvus has the documents", text);
	}
	return rc;
}

static enum rc
look(struct embedder *e, struct err *err)
{
	int64_t version = 0;
	size_t before;
	enum rc rc = open_index(e, err);

	if (rc == RC_OK)
		rc = base_version(&e->base, &version, err);
	if (rc != RC_OK || (e->complete && version == e->of))
		return rc;
	rc = write_all(e, write_begin, NULL, err);
	do {
		before = e->stored;
		if (rc == RC_OK)
			rc = embed_all(e, err);
	} while (rc == RC_OK && e->stored > before);
	if (rc == RC_OK)
		rc = write_all(e, write_tidy, NULL, err);
	if (rc == RC_OK && e->conf->milvus != NULL)
		rc = send_all(e, err);
	e->complete = rc == RC_OK;
	e->of = version;
	if (rc == RC_OK && e->stored > 0) {
		auto_str text = xasprintf("%zu passages", e->stored);

		tell(e, false, "the documents have vectors", text);
		e->stored = 0;
	}
	return rc;
}

static void
set_trouble(struct embedder *e, const char *text)
{
	if (strcmp(e->trouble, text) == 0)
		return;
	snprintf(e->trouble, sizeof(e->trouble), "%s", text);
	if (text[0] != '\0')
		tell(e, true,
		    "the documents' vectors are not where they should be",
		    text);
}

static void
run(void *arg)
{
	struct embedder *e = arg;
	int wait = AGAIN_MS;

	while (!atomic_load(&e->thread.stop)) {
		struct err err = {""};
		enum rc rc = atomic_load(e->keeps) ? look(e, &err) : RC_OK;
		/* Being made anew, or written to for long: soon again. */
		bool passes = rc == RC_OK || rc == RC_NOTFOUND ||
			      rc == RC_DAMAGED || rc == RC_CANCELLED ||
			      rc == RC_BUSY;

		wait = passes ? AGAIN_MS : MIN(2 * wait, (int)AGAIN_MAX_MS);
		if (rc == RC_OK || !passes)
			set_trouble(e, rc == RC_OK ? "" : err.text);
		if (!passes)
			thread_rest(&e->thread, wait);
		else
			thread_wait(&e->thread, rc == RC_OK ? LOOK_MS : wait);
	}
	base_close(&e->base);
}

enum rc
embedder_start(const struct docs_conf *conf, const atomic_bool *keeps,
    struct embedder **ret, struct err *err)
{
	struct embedder *e = xcalloc(1, sizeof(*e));
	int batch = conf->embed->batch > 0 ? conf->embed->batch : 10;
	enum rc rc;

	*e = (struct embedder){.conf = conf,
	    .keeps = keeps,
	    .version = embed_version(conf->embed),
	    .batch = (size_t)MIN(batch, (int)EMBED_BATCH_MAX)};
	if (conf->milvus != NULL)
		milvus_init(
		    &e->milvus, conf->milvus, e->version, &e->thread.stop);
	rc = thread_start(&e->thread, run, e, err);
	if (rc != RC_OK)
		embedder_stop(e);
	else
		*ret = e;
	return rc;
}

void
embedder_wake(struct embedder *e)
{
	thread_wake(&e->thread);
}

void
embedder_stop(struct embedder *e)
{
	if (e == NULL)
		return;
	thread_stop(&e->thread);
	free(e->version);
	free(e);
}
