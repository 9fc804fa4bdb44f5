/*
 * store_sqlite.c - struct store_ops on one SQLite file: what gathers, and the
 * table itself.
 */
#include "common/base/failpoint.h"
#include "supervisor/store/store_call.h"
#include "supervisor/store/store_read.h"
#include "supervisor/store/store_row.h"
#include "supervisor/store/store_scroll.h"
#include "supervisor/store/store_slip.h"
#include "supervisor/store/store_task.h"
#include "supervisor/store/store_thread.h"

#include <sodium.h>
#include <stdlib.h>

/* ---- rows ---- */

static enum rc
sqlite_run_insert(struct store *s, const struct store_run *r,
    int64_t *ret_row, struct err *err)
{
	struct change *c;

	if (r->id.n == 0 || r->id.n > STORE_ID_MAX)
		return err_set(err, RC_INVALID,
		    "a run's id has 1 to %d bytes, this one %zu", STORE_ID_MAX,
		    r->id.n);
	if (r->key.n > STORE_KEY_MAX)
		return err_set(err, RC_TOOBIG,
		    "an idempotency key has at most %d bytes, this one %zu",
		    STORE_KEY_MAX, r->key.n);
	c = batch_change(s->open, s->next_row);
	c->insert = row_copy(r);
	c->insert->row = s->next_row;
	*ret_row = s->next_row++;
	return RC_OK;
}

static enum rc
sqlite_run_update(
    struct store *s, const struct store_run *r, struct err *err UNUSED)
{
	struct change *c = batch_change(s->open, r->row);

	free(c->update);
	c->update = row_copy(r);
	return RC_OK;
}

/* ---- records ---- */

static enum rc
record_add(struct store *s, int64_t row, const struct record *r,
    struct err *err)
{
	struct change *c;
	enum rc rc = FAILPOINT_RC(item_fails, err);

	if (rc != RC_OK)
		return rc;
	if (r->n < 0 || r->n >= STORE_ITEM_MAX || r->data.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "items of a run: at most %d of a kind, of %d bytes each",
		    STORE_ITEM_MAX, STORE_BYTES_MAX);
	c = batch_change(s->open, row);
	pack_add(&c->records, r);
	return buf_check(&c->records, "what is added to a run at once", err);
}

static enum rc
sqlite_update_insert(struct store *s, int64_t row, int64_t n,
    struct span node, struct span update, struct err *err)
{
	return record_add(
	    s, row, &(struct record){STORE_UPDATE, n, node, update}, err);
}

static enum rc
sqlite_event_insert(struct store *s, int64_t row, int64_t seq,
    struct span type, struct span data, struct err *err)
{
	return record_add(
	    s, row, &(struct record){STORE_EVENT, seq, type, data}, err);
}

static enum rc
sqlite_task_put(
    struct store *s, int64_t row, const struct store_task *t, struct err *err)
{
	struct change *c = batch_change(s->open, row);

	if (t->task >= STORE_ITEM_MAX || t->outcome.n > STORE_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "a run has at most %d tasks, with outcomes of %d bytes",
		    STORE_ITEM_MAX, STORE_BYTES_MAX);
	store_task_add(&c->records, t);
	return buf_check(&c->records, "what is added to a run at once", err);
}

static enum rc
sqlite_task_clear(struct store *s, int64_t row, struct err *err)
{
	return record_add(
	    s, row, &(struct record){.kind = STORE_TASKS_CLEARED}, err);
}

/* ---- evidence ---- */

static bool
hash_read(struct span hex, unsigned char ret[STORE_HASH_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < hex.n; i++)
		if (hex.p[i] >= 'A' && hex.p[i] <= 'F')
			return false;
	return hex.n == 2 * (size_t)STORE_HASH_BYTES &&
	       sodium_hex2bin(ret, STORE_HASH_BYTES, hex.p, hex.n, NULL, &n,
		   NULL) == 0 &&
	       n == STORE_HASH_BYTES;
}

static enum rc
sqlite_evidence_put(struct store *s, int64_t row,
    const struct store_evidence *e, struct err *err)
{
	struct record r = {STORE_EVIDENCE, e->number, e->media, {0}};
	auto_buf data = {.max = STORE_HASH_BYTES + STORE_BYTES_MAX};
	unsigned char hash[STORE_HASH_BYTES];
	struct change *c;

	if (!hash_read(e->sha256, hash))
		return err_set(err, RC_INVALID,
		    "a hash has 64 digits of lower-case hexadecimal");
	if (e->bytes.n > STORE_BYTES_MAX || e->number < 0)
		return err_set(err, RC_TOOBIG,
		    "evidence has at most %d bytes, this has %zu",
		    STORE_BYTES_MAX, e->bytes.n);
	buf_add(&data, hash, sizeof(hash));
	buf_add_span(&data, e->bytes);
	r.data = buf_span(&data);
	c = batch_change(s->open, row);
	if (e->bytes.n > STORE_SMALL_BYTES) {
		pack_add(&c->blobs, &r);
		r.data.n = sizeof(hash);
	}
	pack_add(&c->records, &r);
	return c->blobs.full || c->records.full
		   ? err_set(err, RC_TOOBIG, "too much evidence at once")
		   : RC_OK;
}

static enum rc
sqlite_evidence_share(struct store *s, int64_t from, int64_t to,
    int64_t below, struct err *err UNUSED)
{
	struct change *c = batch_change(s->open, to);

	c->share_from = from;
	c->share_below = below;
	return RC_OK;
}

/* ---- calls ---- */

static enum rc
sqlite_call_put(
    struct store *s, const struct store_call *c, struct err *err UNUSED)
{
	store_call_add(s->open, c);
	return RC_OK;
}

static enum rc
sqlite_call_sum(struct store *s, int64_t day, struct span run,
    struct store_sum *ret, struct err *err)
{
	return store_call_sum(&s->read, day, run, ret, err);
}

static enum rc
sqlite_call_last(struct store *s, int64_t *ret, struct err *err)
{
	return store_call_last(&s->read, ret, err);
}

/* ---- batches ---- */

static uint64_t
sqlite_commit(struct store *s)
{
	if (batch_is_empty(s->open))
		return 0;
	s->open->number = ++s->last_batch;
	thread_give(s->thread, s->open);
	s->open = batch_new();
	FAILPOINT(batch_given);
	return s->last_batch;
}

static void
sqlite_rollback(struct store *s)
{
	batch_free(s->open);
	s->open = batch_new();
}

static int
sqlite_under_way(const struct store *s)
{
	return thread_under_way(s->thread);
}

static int
sqlite_fd(const struct store *s)
{
	return thread_fd(s->thread);
}

static enum rc
sqlite_settled(struct store *s, uint64_t *ret_upto, struct err *err)
{
	return thread_settled(s->thread, ret_upto, err);
}

static enum rc
sqlite_wait(struct store *s, struct err *err)
{
	return thread_wait(s->thread, err);
}

static void
sqlite_keep(struct store *s, int64_t before_ms, int64_t max_bytes)
{
	thread_keep(s->thread, before_ms, max_bytes);
}

static bool
sqlite_kept(const struct store *s)
{
	return thread_kept(s->thread);
}

static void
sqlite_rest(struct store *s)
{
	scrolls_rest(s->scrolls);
}

const struct store_ops store_sqlite = {
    .name = "sqlite",
    .open = store_open,
    .close = store_close,
    .run_insert = sqlite_run_insert,
    .run_update = sqlite_run_update,
    .update_insert = sqlite_update_insert,
    .event_insert = sqlite_event_insert,
    .task_put = sqlite_task_put,
    .task_clear = sqlite_task_clear,
    .evidence_put = sqlite_evidence_put,
    .evidence_share = sqlite_evidence_share,
    .slip_put = slip_put,
    .slip_drop = slip_drop,
    .call_put = sqlite_call_put,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .under_way = sqlite_under_way,
    .fd = sqlite_fd,
    .settled = sqlite_settled,
    .wait = sqlite_wait,
    .keep = sqlite_keep,
    .kept = sqlite_kept,
    .rest = sqlite_rest,
    .run_find = read_run_find,
    .run_find_key = read_run_find_key,
    .run_list = read_run_list,
    .run_unfinished = read_run_unfinished,
    .update_each = read_update_each,
    .event_each = read_event_each,
    .task_each = read_task_each,
    .evidence_get = read_evidence_get,
    .call_sum = sqlite_call_sum,
    .call_last = sqlite_call_last,
    .evidence_written = read_evidence_written,
    .slip_each = slip_each,
    .slip_under = slip_under,
};
