/*
 * sender.c - the index's outbox to a Milvus.
 */
#include "executor/docs/sender.h"

#include "executor/docs/vectors.h"

#include <stdlib.h>

/* A collection that is new, or another one than was sent to, lacks all. */
static enum rc
mark_all(struct base *b, const struct milvus *m, bool made, struct err *err)
{
	auto_str last = NULL;
	enum rc rc = base_meta(b, "milvus", &last, err);

	if (rc != RC_OK || (!made && strcmp(last, m->name) == 0))
		return rc;
	rc = base_exec(b,
	    "INSERT OR REPLACE INTO outbox (name) SELECT name FROM docs", err);
	return rc == RC_OK ? base_set_meta(b, "milvus", span_of(m->name), err)
			   : rc;
}

struct sending {
	struct base *base;
	struct milvus *milvus;
	struct span doc;
	int dimensions;
	struct milvus_row rows[MILVUS_ROWS_MAX];
	size_t n;
};

static void
row_done(struct milvus_row *row)
{
	free((char *)row->hash);
	free((float *)row->vector);
}

static enum rc
flush_rows(struct sending *s, struct err *err)
{
	enum rc rc = s->n > 0 ? milvus_insert(s->milvus, s->doc, s->rows, s->n,
				    s->dimensions, err)
			      : RC_OK;

	while (s->n > 0)
		row_done(&s->rows[--s->n]);
	return rc;
}

static enum rc
add_row(struct sending *s, sqlite3_stmt *st, struct err *err)
{
	s->rows[s->n++] =
	    (struct milvus_row){.hash = xstrdup(base_text(st, 0).p),
		.chinese = sqlite3_column_int(st, 1) != 0,
		.vector =
		    vectors_unpack(sqlite3_column_blob(st, 2), s->dimensions)};
	return s->n == MILVUS_ROWS_MAX ? flush_rows(s, err) : RC_OK;
}

static enum rc
send_rows(struct sending *s, struct err *err)
{
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc = base_prepare(s->base,
	    "SELECT p.hash, p.chinese, v.vector FROM docs d, passages p, "
	    "vectors v WHERE d.name = ?1 AND p.doc = d.id AND v.hash = p.hash "
	    "AND length(v.vector) = ?2 ORDER BY p.n",
	    &st, err);

	if (rc != RC_OK)
		return rc;
	base_bind(st, 1, s->doc);
	sqlite3_bind_int64(st, 2, s->dimensions + (int64_t)sizeof(float));
	while (rc == RC_OK && row) {
		rc = base_step(s->base, st, &row, err);
		if (rc == RC_OK && row)
			rc = add_row(s, st, err);
	}
	if (rc == RC_OK)
		return flush_rows(s, err);
	while (s->n > 0)
		row_done(&s->rows[--s->n]);
	return rc;
}

/* Unless it was changed again meanwhile. */
static enum rc
leave(struct base *b, int64_t seq, struct err *err)
{
	auto_stmt st = NULL;
	bool row;
	enum rc rc =
	    base_prepare(b, "DELETE FROM outbox WHERE seq = ?1", &st, err);

	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(st, 1, seq);
	return base_step(b, st, &row, err);
}

static enum rc
send_doc(struct base *b, struct milvus *m, int dimensions, int64_t seq,
    struct span doc, struct err *err)
{
	struct sending *s = xcalloc(1, sizeof(*s));
	enum rc rc = milvus_drop_doc(m, doc, err);

	*s = (struct sending){
	    .base = b, .milvus = m, .doc = doc, .dimensions = dimensions};
	if (rc == RC_OK)
		rc = send_rows(s, err);
	free(s);
	return rc == RC_OK ? leave(b, seq, err) : rc;
}

/* The first; *ret_name NULL: there is none. */
static enum rc
next(struct base *b, int64_t *ret_seq, char **ret_name, struct err *err)
{
	auto_stmt st = NULL;
	bool row = false;
	enum rc rc = base_prepare(
	    b, "SELECT seq, name FROM outbox ORDER BY seq LIMIT 1", &st, err);

	*ret_name = NULL;
	if (rc == RC_OK)
		rc = base_step(b, st, &row, err);
	if (rc == RC_OK && row) {
		*ret_seq = sqlite3_column_int64(st, 0);
		*ret_name = xstrdup(base_text(st, 1).p);
	}
	return rc;
}

enum rc
sender_send(struct base *b, struct milvus *m, const atomic_bool *stop,
    size_t *sent, struct err *err)
{
	auto_str length = NULL;
	int dimensions;
	bool made = false, more = true;
	enum rc rc = base_meta(b, "dimensions", &length, err);

	if (rc != RC_OK)
		return rc;
	dimensions = atoi(length);
	if (dimensions <= 0)
		return RC_OK;
	rc = milvus_ensure(m, dimensions, &made, err);
	if (rc == RC_OK)
		rc = mark_all(b, m, made, err);
	while (rc == RC_OK && more) {
		auto_str name = NULL;
		int64_t seq = 0;

		if (atomic_load(stop))
			return err_set(err, RC_CANCELLED, "stopped");
		rc = next(b, &seq, &name, err);
		more = rc == RC_OK && name != NULL;
		if (more)
			rc =
			    send_doc(b, m, dimensions, seq, span_of(name), err);
		*sent += more && rc == RC_OK;
	}
	return rc;
}
