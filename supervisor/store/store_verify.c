/*
 * store_verify.c - holds a whole store against its own chains.
 *
 * Every byte of a finished run is under its seal, its chain or a hash; the
 * runs are under the chain over all of them; what is under none of these
 * belongs to no run, and is told of as well.
 */
#include "supervisor/store/store_verify.h"

#include "supervisor/store/store_journal.h"
#include "supervisor/store/store_row.h"

#include <stdio.h>
#include <stdlib.h>

/* Evidence is shared: what was found good lately is not read again. */
enum { GOOD_BLOBS = 64 };

struct audit {
	struct store_db *db;
	void (*fault)(void *ctx, const char *run, const char *what);
	void *ctx;
	struct store_verified found;
	struct chain good[GOOD_BLOBS];
	size_t n_good;
};

/* The run that is looked at. */
struct subject {
	struct audit *a;
	char id[STORE_ID_MAX + 1];
	int64_t row, last_seq, next_update, place;
	bool fits;
	struct chain chain, link, seal; /* as the row has them */
	struct chain sum;               /* of what was read */
	int64_t seen_seq, seen_update;
};

static void
fault(struct audit *a, const char *run, const char *what)
{
	a->found.faults++;
	a->fault(a->ctx, run, what);
}

/* ---- one run ---- */

static void
subject_read(struct subject *t, struct audit *a, sqlite3_stmt *st)
{
	struct store_run r = row_read(st);

	*t = (struct subject){.a = a,
	    .row = r.row,
	    .last_seq = r.last_seq,
	    .next_update = r.next_update};
	snprintf(t->id, sizeof(t->id), "%.*s", SPAN_ARG(r.id));
	if (sqlite3_column_type(st, ROW_PLACE) != SQLITE_NULL)
		t->place = sqlite3_column_int64(st, ROW_PLACE);
	t->fits = row_fits(st, &t->chain);
	if (t->place != 0 &&
	    (!chain_read(store_db_span(st, ROW_LINK), &t->link) ||
		!chain_read(store_db_span(st, ROW_SEAL), &t->seal)))
		t->fits = false;
	chain_begin(&t->sum, r.id);
}

static bool
is_good(const struct audit *a, const struct chain *hash)
{
	for (size_t i = 0; i < MIN(a->n_good, (size_t)GOOD_BLOBS); i++)
		if (chain_equal(&a->good[i], hash))
			return true;
	return false;
}

/* Bytes that stand with their run are under its chain only by their hash. */
static enum rc
evidence_check(struct subject *t, const struct record *r, struct err *err)
{
	struct span bytes = span_make(
	    r->data.p + STORE_HASH_BYTES, r->data.n - STORE_HASH_BYTES);
	struct span hash = span_make(r->data.p, STORE_HASH_BYTES);
	struct audit *a = t->a;
	auto_str blob = NULL;
	struct chain key;
	size_t n;
	enum rc rc;

	if (store_hash_fits(bytes, hash))
		return RC_OK;
	if (bytes.n > 0 || !chain_read(hash, &key))
		return err_set(err, RC_INVALID,
		    "evidence E%lld does not have its hash", (long long)r->n);
	if (is_good(a, &key))
		return RC_OK;
	rc = store_blob_read(a->db, hash, &blob, &n, err);
	if (rc == RC_OK)
		a->good[a->n_good++ % GOOD_BLOBS] = key;
	if (rc == RC_NOTFOUND)
		return err_set(err, RC_INVALID,
		    "the bytes of evidence E%lld are gone", (long long)r->n);
	return err_prefix(err, rc, "evidence E%lld", (long long)r->n);
}

static enum rc
record_check(void *subject, const struct record *r, struct err *err)
{
	struct subject *t = subject;

	if (r->kind == STORE_EVENT && r->n != ++t->seen_seq)
		return err_set(err, RC_INVALID,
		    "event %lld stands where event %lld was written",
		    (long long)r->n, (long long)t->seen_seq);
	if (r->kind == STORE_UPDATE && r->n != t->seen_update++)
		return err_set(err, RC_INVALID,
		    "update %lld stands where update %lld was written",
		    (long long)r->n, (long long)t->seen_update - 1);
	if (r->kind == STORE_EVIDENCE && r->data.n < STORE_HASH_BYTES)
		return err_set(
		    err, RC_INVALID, "evidence E%lld is cut", (long long)r->n);
	return r->kind == STORE_EVIDENCE ? evidence_check(t, r, err) : RC_OK;
}

/* RC_INVALID: the first thing that does not fit. */
static enum rc
subject_check(struct subject *t, struct err *err)
{
	enum rc rc;

	if (!t->fits)
		return err_set(err, RC_INVALID,
		    "its row is not the one that was sealed: status, times, "
		    "question or its like were changed");
	rc = journal_each(t->a->db, t->row, &t->sum, record_check, t, err);
	if (rc != RC_OK)
		return rc;
	if (t->seen_seq != t->last_seq || t->seen_update != t->next_update)
		return err_set(err, RC_INVALID,
		    "%lld events and %lld updates were written, %lld and %lld "
		    "are there",
		    (long long)t->last_seq, (long long)t->next_update,
		    (long long)t->seen_seq, (long long)t->seen_update);
	if (!chain_equal(&t->sum, &t->chain))
		return err_set(err, RC_INVALID,
		    "the content of its events, updates or evidence is not "
		    "what was written");
	return RC_OK;
}

/* RC_IO: the file itself. */
static enum rc
subject_tell(struct subject *t, struct err *err)
{
	enum rc rc = subject_check(t, err);

	if (t->place != 0)
		t->a->found.finished++;
	else
		t->a->found.open++;
	if (rc == RC_OK)
		return rc;
	fault(t->a, t->id, err->text);
	return rc == RC_IO ? rc : RC_OK;
}

static enum rc
runs_check(struct audit *a, struct err *err)
{
	struct subject t = {.row = INT64_MIN};
	sqlite3_stmt *st;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		st = store_db_stmt(a->db, SQL_RUN_EACH);
		sqlite3_bind_int64(st, 1, t.row);
		rc = store_db_next(a->db, st, "read runs", err);
		if (rc == RC_OK) {
			subject_read(&t, a, st);
			sqlite3_reset(st);
			rc = subject_tell(&t, err);
		}
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* ---- the chain over all ---- */

static void
link_check(
    struct audit *a, const struct subject *t, int64_t place, struct chain *link)
{
	if (t->place != place) {
		fault(a, t->id,
		    "investigations that ended before it are missing, or are "
		    "in another order");
		*link = t->link;
		return;
	}
	chain_link(link, t->place, &t->seal);
	if (t->fits && !chain_equal(link, &t->link))
		fault(a, t->id,
		    "it is not the one that ended at this place among all");
	*link = t->link;
}

static enum rc
end_read(struct audit *a, const char *name, int64_t *ret_place,
    struct chain *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(a->db, SQL_END_GET);
	enum rc rc;

	store_db_text(st, 1, span_of(name));
	rc = store_db_next(a->db, st, "read an end of the chain", err);
	if (rc == RC_NOTFOUND ||
	    (rc == RC_OK && !chain_read(store_db_span(st, 1), ret))) {
		fault(
		    a, "", "the chain over all investigations has lost an end");
		*ret = (struct chain){{0}};
	}
	*ret_place = rc == RC_OK ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
places_check(struct audit *a, struct err *err)
{
	struct chain link, head;
	struct subject t;
	int64_t place, last;
	sqlite3_stmt *st;
	enum rc rc = end_read(a, "base", &place, &link, err);

	if (rc == RC_OK)
		rc = end_read(a, "head", &last, &head, err);
	while (rc == RC_OK) {
		st = store_db_stmt(a->db, SQL_PLACE_EACH);
		sqlite3_bind_int64(st, 1, place);
		rc = store_db_next(a->db, st, "read runs", err);
		if (rc != RC_OK)
			break;
		subject_read(&t, a, st);
		sqlite3_reset(st);
		link_check(a, &t, place + 1, &link);
		place = t.place;
	}
	if (rc != RC_NOTFOUND)
		return rc;
	if (place != last || !chain_equal(&link, &head))
		fault(a, "", "the investigations that ended last are missing");
	a->found.place = last;
	chain_text(&head, a->found.link);
	return RC_OK;
}

/* ---- what no chain covers ---- */

/* One statement that names what is wrong, or nothing; "ok" is nothing. */
static enum rc
ask(struct audit *a, sqlite3_stmt *st, const char *what, struct err *err)
{
	enum rc rc = store_db_next(a->db, st, "look through it", err);
	auto_str text = NULL;

	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	if (!span_is(store_db_span(st, 0), "ok")) {
		text =
		    xasprintf("%s: %.*s", what, SPAN_ARG(store_db_span(st, 0)));
		fault(a, "", text);
	}
	sqlite3_reset(st);
	return RC_OK;
}

/* Indexes and free pages, which are no run's. */
static enum rc
file_check(struct audit *a, struct err *err)
{
	sqlite3_stmt *st = NULL;
	enum rc rc;

	if (sqlite3_prepare_v2(a->db->db, "PRAGMA integrity_check(1)", -1, &st,
		NULL) != SQLITE_OK)
		return store_db_error(
		    a->db, sqlite3_errcode(a->db->db), "look through it", err);
	rc = ask(a, st, "the database file", err);
	sqlite3_finalize(st);
	return rc;
}

static enum rc
all_check(struct audit *a, struct err *err)
{
	enum rc rc = file_check(a, err);

	if (rc == RC_OK)
		rc = places_check(a, err);
	if (rc == RC_OK)
		rc = runs_check(a, err);
	if (rc == RC_OK)
		rc = ask(a, store_db_stmt(a->db, SQL_STRAY),
		    "this belongs to no investigation", err);
	return rc;
}

static enum rc
one_check(struct audit *a, struct span id, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(a->db, SQL_RUN_FIND);
	struct subject t;
	enum rc rc;

	store_db_text(st, 1, id);
	rc = store_db_next(a->db, st, "read runs", err);
	if (rc == RC_NOTFOUND)
		return err_set(
		    err, rc, "there is no investigation %.*s", SPAN_ARG(id));
	if (rc != RC_OK)
		return rc;
	subject_read(&t, a, st);
	sqlite3_reset(st);
	return subject_tell(&t, err);
}

enum rc
store_verify(const char *path, struct span id,
    void (*each)(void *ctx, const char *run, const char *what), void *ctx,
    struct store_verified *ret, struct err *err)
{
	struct audit a = {.fault = each, .ctx = ctx};
	AUTO(auto_store) s = NULL;
	enum rc rc = store_view(path, &s, err);

	if (rc != RC_OK)
		return rc;
	a.db = &s->read;
	/* All of it as it was at one moment. */
	rc = store_db_run(a.db, SQL_LOOK, "look", err);
	if (rc == RC_OK)
		rc = id.n > 0 ? one_check(&a, id, err) : all_check(&a, err);
	if (rc == RC_OK)
		*ret = a.found;
	return rc;
}
