/*
 * store_items.c - a run's updates, events and tasks, as records of its
 * journal.
 *
 * Tasks are records too: the last one of a number stands, and a mark clears
 * all before it. They are read once, after a restart.
 */
#include "common/failpoint.h"
#include "common/wire.h"
#include "supervisor/store_journal.h"

#include <stdlib.h>

/* Who reads: items of a kind from a number on, at most left of them. */
struct items {
	enum store_kind kind;
	int64_t from, left;
	void *ctx;
	void (*update)(
	    void *ctx, int64_t n, struct span node, struct span update);
	void (*event)(
	    void *ctx, int64_t seq, struct span type, struct span data);
};

static bool
items_take(void *items, const struct record *r)
{
	struct items *in = items;

	if (r->kind != in->kind || r->n < in->from)
		return true;
	if (in->left-- <= 0)
		return false;
	if (in->kind == STORE_UPDATE)
		in->update(in->ctx, r->n, r->label, r->data);
	else
		in->event(in->ctx, r->n, r->label, r->data);
	return in->left > 0;
}

enum rc
store_update_insert(struct store *s, int64_t row, int64_t n, struct span node,
    struct span update, struct err *err)
{
	enum rc rc = store_journal_add(
	    s, row, &(struct record){STORE_UPDATE, n, node, update}, err);

	FAILPOINT(update_inserted);
	return rc;
}

enum rc
store_update_each(struct store *s, int64_t row,
    void (*each)(void *ctx, int64_t n, struct span node, struct span update),
    void *ctx, struct err *err)
{
	struct items in = {.kind = STORE_UPDATE,
	    .left = INT64_MAX,
	    .ctx = ctx,
	    .update = each};

	return store_journal_each(s, row, items_take, &in, err);
}

enum rc
store_event_insert(struct store *s, int64_t row, int64_t seq, struct span type,
    struct span data, struct err *err)
{
	enum rc rc = store_journal_add(
	    s, row, &(struct record){STORE_EVENT, seq, type, data}, err);

	FAILPOINT(event_inserted);
	return rc;
}

enum rc
store_event_each(struct store *s, int64_t row, int64_t after, int64_t limit,
    void (*each)(void *ctx, int64_t seq, struct span type, struct span data),
    void *ctx, struct err *err)
{
	struct items in = {.kind = STORE_EVENT,
	    .from = after < 0 ? 0 : MIN(after, STORE_ITEM_MAX) + 1,
	    .left = limit,
	    .ctx = ctx,
	    .event = each};

	return store_journal_each(s, row, items_take, &in, err);
}

/* ---- tasks ---- */

/* [index, attempt, node, state, worker, outcome, class, approved_by, deaths];
 * what a later version adds comes behind, and the first ones end earlier. */
enum {
	TASK_FIELDS = 9,
	TASK_FIELDS_LEAST = 6,
	TASK_BYTES_MAX = STORE_BYTES_MAX + 4096,
	TASKS_BYTES_MAX = 16 * STORE_BYTES_MAX,
};

static void
task_encode(struct buf *b, const struct store_task *t)
{
	wire_put_array(b, TASK_FIELDS);
	wire_put_int(b, t->index);
	wire_put_u64(b, t->attempt);
	wire_put_span(b, t->node);
	wire_put_span(b, t->state);
	wire_put_span(b, t->worker);
	wire_put_bin(b, t->outcome);
	wire_put_span(b, t->class);
	wire_put_span(b, t->approved_by);
	wire_put_int(b, t->deaths);
}

static bool
task_decode(const struct record *rec, struct store_task *ret)
{
	struct wire_r r = wire_reader(rec->data);
	struct store_task t = {.task = (uint64_t)rec->n};
	struct err err;
	uint32_t n;

	if (wire_check(rec->data, &err) != RC_OK)
		return false;
	n = wire_array(&r);
	if (n < TASK_FIELDS_LEAST)
		return false;
	t.index = wire_int(&r);
	t.attempt = wire_u64(&r);
	t.node = wire_str(&r);
	t.state = wire_str(&r);
	t.worker = wire_str(&r);
	t.outcome = wire_bin(&r);
	if (n > TASK_FIELDS_LEAST)
		t.class = wire_str(&r);
	if (n > TASK_FIELDS_LEAST + 1)
		t.approved_by = wire_str(&r);
	if (n > TASK_FIELDS_LEAST + 2)
		t.deaths = wire_int(&r);
	*ret = t;
	return !r.bad;
}

enum rc
store_task_put(
    struct store *s, int64_t row, const struct store_task *t, struct err *err)
{
	struct record r = {.kind = STORE_TASK, .n = (int64_t)t->task};
	auto_buf b = {0};
	enum rc rc;

	if (t->task >= STORE_ITEM_MAX)
		return err_set(err, RC_TOOBIG, "a run has at most %d tasks",
		    STORE_ITEM_MAX);
	buf_init(&b, TASK_BYTES_MAX);
	task_encode(&b, t);
	r.data = buf_span(&b);
	rc = store_journal_add(s, row, &r, err);
	FAILPOINT(task_kept);
	return rc;
}

enum rc
store_task_clear(struct store *s, int64_t row, struct err *err)
{
	enum rc rc = store_journal_add(
	    s, row, &(struct record){.kind = STORE_TASKS_CLEARED}, err);

	FAILPOINT(tasks_cleared);
	return rc;
}

static bool
tasks_take(void *stand, const struct record *r)
{
	struct buf *b = stand;

	if (r->kind == STORE_TASKS_CLEARED)
		buf_reset(b);
	if (r->kind == STORE_TASK)
		pack_add(b, r);
	return true;
}

/* Whether rest, records behind one of task n, has a later one of it. */
static bool
tasks_replaced(struct span rest, int64_t n)
{
	struct record r;
	struct err err;

	while (pack_next(&rest, &r, &err) == RC_OK)
		if (r.n == n)
			return true;
	return false;
}

enum rc
store_task_each(struct store *s, int64_t row,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err)
{
	auto_buf stand = {0};
	struct store_task task;
	struct record r;
	struct span rest;
	enum rc rc;

	buf_init(&stand, TASKS_BYTES_MAX);
	rc = store_journal_each(s, row, tasks_take, &stand, err);
	rest = buf_span(&stand);
	while (rc == RC_OK && pack_next(&rest, &r, err) == RC_OK) {
		if (tasks_replaced(rest, r.n))
			continue;
		if (task_decode(&r, &task))
			each(ctx, &task);
		else
			rc = err_set(err, RC_IO,
			    "store %s: a task of run %lld is damaged", s->path,
			    (long long)row);
	}
	return rc;
}

/* ---- compaction ---- */

/* The run to compact, which has finished. */
static enum rc
store_compact_row(
    struct store *s, int64_t row, int64_t *ret_row, struct err *err)
{
	sqlite3_stmt *st =
	    store_db_stmt(s, row == 0 ? SQL_RUN_UNPACKED : SQL_RUN_FINISHED);
	int64_t v;
	enum rc rc;

	if (row != 0)
		sqlite3_bind_int64(st, 1, row);
	rc = store_db_next(s, st, "find runs to compact", err);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? err_set(err, rc, "no such run") : rc;
	v = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (row != 0 && v == 0)
		return err_set(err, RC_CONFLICT, "run %lld has not finished",
		    (long long)row);
	*ret_row = row == 0 ? v : row;
	return RC_OK;
}

enum rc
store_run_compact(struct store *s, int64_t row, struct err *err)
{
	enum rc rc = store_db_inside(s, err), damaged = RC_OK;
	struct err ignored;

	if (rc == RC_OK)
		rc = store_compact_row(s, row, &row, err);
	if (rc == RC_OK)
		rc = store_journal_pack(s, row, err);
	if (rc == RC_OK)
		rc = store_evidence_compact(s, row, err);
	if (rc == RC_INVALID) {
		damaged = rc;
		rc = store_db_run1(
		    s, SQL_RUN_SET_PACKED, row, "compact", &ignored);
	} else if (rc == RC_OK) {
		rc = store_db_run1(s, SQL_RUN_SET_PACKED, row, "compact", err);
	}
	FAILPOINT(compact_done);
	return rc == RC_OK ? damaged : rc;
}
