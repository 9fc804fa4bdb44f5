/*
 * store_task.c - tasks as records.
 */
#include "supervisor/store/store_task.h"

#include "common/wire/wire.h"

#include <stdlib.h>

/* [index, attempt, node, state, worker, outcome, class, approved_by, deaths,
 * until]; what a later version adds comes behind, and an earlier one has only
 * those up to deaths. */
enum {
	TASK_FIELDS_LEAST = 9,
	TASK_FIELDS,
	TASK_BYTES_MAX = STORE_BYTES_MAX + 4096,
};

void
store_task_add(struct buf *records, const struct store_task *t)
{
	auto_buf b = {.max = TASK_BYTES_MAX};

	wire_put_array(&b, TASK_FIELDS);
	wire_put_int(&b, t->index);
	wire_put_u64(&b, t->attempt);
	wire_put_span(&b, t->node);
	wire_put_span(&b, t->state);
	wire_put_span(&b, t->worker);
	wire_put_bin(&b, t->outcome);
	wire_put_span(&b, t->class);
	wire_put_span(&b, t->approved_by);
	wire_put_int(&b, t->deaths);
	wire_put_int(&b, t->until_ms);
	pack_add(records, &(struct record){STORE_TASK, (int64_t)t->task,
			      {NULL, 0}, buf_span(&b)});
}

static bool
task_decode(const struct record *rec, struct store_task *ret)
{
	struct wire_r r = wire_reader(rec->data);
	struct store_task t = {.task = (uint64_t)rec->n};
	struct err err;
	uint32_t n;

	if (wire_check(rec->data, &err) != RC_OK ||
	    (n = wire_array(&r)) < TASK_FIELDS_LEAST)
		return false;
	t.index = wire_int(&r);
	t.attempt = wire_u64(&r);
	t.node = wire_str(&r);
	t.state = wire_str(&r);
	t.worker = wire_str(&r);
	t.outcome = wire_bin(&r);
	t.class = wire_str(&r);
	t.approved_by = wire_str(&r);
	t.deaths = wire_int(&r);
	t.until_ms = n < TASK_FIELDS ? 0 : wire_int(&r);
	*ret = t;
	return !r.bad;
}

enum rc
store_tasks_take(void *stand, const struct record *r, struct err *err)
{
	struct buf *b = stand;

	if (r->kind == STORE_TASKS_CLEARED)
		buf_reset(b);
	if (r->kind == STORE_TASK)
		pack_add(b, r);
	return buf_check(b, "the tasks of a run", err);
}

/* Whether rest, records behind one of task n, has a later one of it. */
static bool
is_replaced(struct span rest, int64_t n)
{
	struct record r;
	struct err err;

	while (pack_next(&rest, &r, &err) == RC_OK)
		if (r.n == n)
			return true;
	return false;
}

enum rc
store_tasks_hand(struct span stand,
    void (*each)(void *ctx, const struct store_task *), void *ctx,
    struct err *err)
{
	struct store_task task;
	struct record r;

	while (pack_next(&stand, &r, err) == RC_OK) {
		if (is_replaced(stand, r.n))
			continue;
		if (!task_decode(&r, &task))
			return err_set(err, RC_INVALID, "task %lld is damaged",
			    (long long)r.n);
		each(ctx, &task);
	}
	return RC_OK;
}
