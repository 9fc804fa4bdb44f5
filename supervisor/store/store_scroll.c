/*
 * store_scroll.c - a run's record, read whole and kept for a while.
 *
 * Invariant: a scroll that is on the list fitted the chain in its run's row
 * when it was read, up to what had been added by then.
 */
#include "supervisor/store/store_scroll.h"

#include "common/base/clk.h"
#include "supervisor/store/store_journal.h"
#include "supervisor/store/store_row.h"

#include <stdio.h>
#include <stdlib.h>

struct kept {
	TAILQ_ENTRY(kept) list;
	struct scroll scroll; /* what is handed out of the rest */
	int64_t row;
	struct chain chain;   /* of all that was read */
	struct journal_at at; /* read up to here */
	struct buf records;
	struct scroll_event *events; /* owned */
	size_t n_events, room;
	int64_t used_ms;
	size_t counted; /* of the bytes of all */
};

TAILQ_HEAD(kept_list, kept);

struct scrolls {
	struct kept_list list; /* what was read last comes first */
	size_t bytes;
};

struct scrolls *
scrolls_new(void)
{
	struct scrolls *all = xcalloc(1, sizeof(*all));

	TAILQ_INIT(&all->list);
	return all;
}

static void
kept_count(struct scrolls *all, struct kept *k)
{
	all->bytes -= k->counted;
	k->counted = k->records.cap + k->at.n + k->room * sizeof(*k->events);
	all->bytes += k->counted;
}

static void
kept_free(struct scrolls *all, struct kept *k)
{
	TAILQ_REMOVE(&all->list, k, list);
	all->bytes -= k->counted;
	buf_done(&k->records);
	journal_at_done(&k->at);
	free(k->events);
	free(k);
}

void
scrolls_free(struct scrolls *all)
{
	struct kept *k;

	while (all != NULL && (k = TAILQ_FIRST(&all->list)) != NULL)
		kept_free(all, k);
	free(all);
}

void
scrolls_rest(struct scrolls *all)
{
	int64_t before = clk_mono_ms() - SCROLL_KEPT_MS;
	struct kept *k;

	while ((k = TAILQ_LAST(&all->list, kept_list)) != NULL &&
	       k->used_ms < before)
		kept_free(all, k);
}

static struct kept *
kept_find(struct scrolls *all, int64_t row)
{
	struct kept *k;

	TAILQ_FOREACH(k, &all->list, list)
	if (k->row == row)
		return k;
	return NULL;
}

static struct kept *
kept_new(struct scrolls *all, int64_t row, struct span id)
{
	struct kept *k = xcalloc(1, sizeof(*k));

	k->row = row;
	chain_begin(&k->chain, id);
	buf_init(&k->records, JOURNAL_BYTES_MAX);
	TAILQ_INSERT_HEAD(&all->list, k, list);
	return k;
}

/* ---- reading on ---- */

static void
event_note(struct kept *k, int64_t seq)
{
	if (k->n_events == k->room) {
		k->room = MAX(2 * k->room, (size_t)64);
		k->events = xrealloc(k->events, k->room * sizeof(*k->events));
	}
	k->events[k->n_events++] = (struct scroll_event){seq, k->records.len};
}

static enum rc
records_take(struct kept *k, struct span rest, struct err *err)
{
	struct record r;
	enum rc rc;

	while ((rc = pack_next(&rest, &r, err)) == RC_OK) {
		if (r.kind == STORE_TASK || r.kind == STORE_TASKS_CLEARED)
			continue;
		if (r.kind == STORE_EVENT)
			event_note(k, r.n);
		pack_add(&k->records, &r);
	}
	if (rc == RC_NOTFOUND)
		rc = buf_check(&k->records, "a run's record", err);
	return rc;
}

/* What was added behind what k has. */
static enum rc
kept_read(struct kept *k, struct store_db *d, struct err *err)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		struct span raw = {0};

		rc = journal_next(d, k->row, &k->at, &k->chain, &raw, err);
		if (rc == RC_OK)
			rc = records_take(k, raw, err);
	}
	buf_fit(&k->records);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* ---- looking ---- */

/* What the run's row says of its record. */
struct looked {
	char id[STORE_ID_MAX + 1];
	struct chain chain;
};

static enum rc
look(struct store_db *d, int64_t row, struct looked *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_RUN_GET);
	enum rc rc;
	bool fits;

	sqlite3_bind_int64(st, 1, row);
	rc = store_db_next(d, st, "find a run", err);
	if (rc == RC_NOTFOUND)
		return err_set(err, rc, "no run in row %lld", (long long)row);
	if (rc != RC_OK)
		return rc;
	snprintf(ret->id, sizeof(ret->id), "%.*s", SPAN_ARG(row_read(st).id));
	fits = row_fits(st, &ret->chain);
	sqlite3_reset(st);
	return fits ? RC_OK : row_unfit(ret->id, err);
}

/* Reads on, or anew where that does not fit: somebody may have mended it. */
static enum rc
kept_fill(struct scrolls *all, struct store_db *d, const struct looked *l,
    struct kept **k, struct err *err)
{
	bool fresh = (*k)->at.id == 0;
	int64_t row = (*k)->row;
	enum rc rc = kept_read(*k, d, err);

	if (rc == RC_OK && chain_equal(&(*k)->chain, &l->chain))
		return RC_OK;
	kept_free(all, *k);
	if (!fresh) {
		*k = kept_new(all, row, span_of(l->id));
		return kept_fill(all, d, l, k, err);
	}
	*k = NULL;
	return rc == RC_OK || rc == RC_INVALID ? row_unfit(l->id, err) : rc;
}

/* Inside a transaction, so that row and record are of one moment. */
static enum rc
scroll_look(struct scrolls *all, struct store_db *d, int64_t row,
    struct kept **ret, struct err *err)
{
	struct kept *k = kept_find(all, row);
	struct looked l;
	enum rc rc = look(d, row, &l, err);

	if (rc != RC_OK) {
		if (k != NULL)
			kept_free(all, k);
		return rc;
	}
	if (k != NULL && chain_equal(&k->chain, &l.chain)) {
		*ret = k;
		return RC_OK;
	}
	if (k == NULL)
		k = kept_new(all, row, span_of(l.id));
	rc = kept_fill(all, d, &l, &k, err);
	if (rc == RC_OK)
		*ret = k;
	return rc;
}

/* The oldest go, but not the one at the front. */
static void
make_room(struct scrolls *all)
{
	struct kept *k;

	while (
	    all->bytes > SCROLLS_BYTES_MAX &&
	    (k = TAILQ_LAST(&all->list, kept_list)) != TAILQ_FIRST(&all->list))
		kept_free(all, k);
}

enum rc
scroll_get(struct scrolls *all, struct store_db *d, int64_t row,
    const struct scroll **ret, struct err *err)
{
	bool looks = sqlite3_get_autocommit(d->db) == 0;
	struct kept *k = NULL;
	enum rc rc = RC_OK, ended = RC_OK;

	if (!looks)
		rc = store_db_run(d, SQL_LOOK, "look", err);
	if (rc != RC_OK)
		return rc;
	rc = scroll_look(all, d, row, &k, err);
	if (!looks)
		ended = store_db_run(d, SQL_COMMIT, "end a look", err);
	if (rc != RC_OK || ended != RC_OK)
		return rc != RC_OK ? rc : ended;
	kept_count(all, k);
	k->used_ms = clk_mono_ms();
	k->scroll =
	    (struct scroll){buf_span(&k->records), k->events, k->n_events};
	TAILQ_REMOVE(&all->list, k, list);
	TAILQ_INSERT_HEAD(&all->list, k, list);
	make_room(all);
	*ret = &k->scroll;
	return RC_OK;
}
