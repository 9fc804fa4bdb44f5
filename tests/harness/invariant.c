/*
 * invariant.c - what must hold of a store as a whole, of what clients were
 * told, and of the processes. Of each run by itself: invariant_run.c.
 */
#include "supervisor/store/store_verify.h"
#include "tests/harness/invariant_in.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REPORT_BYTES_MAX = 1 << 20, BAD_SHOWN_MAX = 200 };

void
inv_bad(struct inv *v, const struct inv_run *r, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	if (v->n++ >= BAD_SHOWN_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_addf(v->out, "%s: %s%s%s%s\n", v->check, r != NULL ? "run " : "",
	    r != NULL ? r->id : "", r != NULL ? ": " : "", text);
}

/* ---- the file ---- */

/* Calls each for every first column of a statement. */
static void
ask(struct inv *v, const char *sql, void (*each)(struct inv *v, const char *))
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(v->store->read.db, sql, -1, &st, NULL);

	while (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
		each(v, (const char *)sqlite3_column_text(st, 0));
		code = SQLITE_OK;
	}
	if (code != SQLITE_DONE)
		inv_bad(v, NULL, "cannot be read: %s",
		    sqlite3_errmsg(v->store->read.db));
	sqlite3_finalize(st);
}

static void
is_ok(struct inv *v, const char *text)
{
	if (text == NULL || strcmp(text, "ok") != 0)
		inv_bad(v, NULL, "PRAGMA integrity_check says: %s", text);
}

static void
check_integrity(struct inv *v)
{
	ask(v, "PRAGMA integrity_check", is_ok);
}

static void
does_not_fit(void *ctx, const char *run, const char *what)
{
	struct inv *v = ctx;

	inv_bad(v, NULL, "%s: %s", run, what);
}

static void
check_chains(struct inv *v)
{
	struct store_verified found;
	struct err err;

	if (store_verify(v->store->path, (struct span){NULL, 0}, does_not_fit,
		v, &found, &err) != RC_OK)
		inv_bad(v, NULL, "%s", err.text);
}

static void
is_orphan(struct inv *v, const char *text)
{
	inv_bad(v, NULL, "%s without their run", text);
}

static void
check_orphans(struct inv *v)
{
	static const char *const queries[] = {
	    "SELECT count(*) || ' transitions' FROM journal WHERE run NOT "
	    "IN (SELECT row FROM runs) HAVING count(*) > 0",
	    "SELECT count(*) || ' references' FROM refs WHERE run "
	    "NOT IN (SELECT row FROM runs) HAVING count(*) > 0",
	    "SELECT count(*) || ' blobs' FROM blobs WHERE id NOT IN "
	    "(SELECT blob FROM refs) HAVING count(*) > 0",
	};

	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		ask(v, queries[i], is_orphan);
}

/* ---- what clients were told ---- */

struct accepted {
	struct inv *v;
	const struct invariant_run *run;
};

static void
has_key(void *ctx, const struct store_run *row)
{
	struct accepted *a = ctx;

	if (a->run->key != NULL && !span_is(row->key, a->run->key))
		inv_bad(a->v, NULL,
		    "%s was accepted under the key \"%s\", the store has "
		    "\"%.*s\"",
		    a->run->id, a->run->key, SPAN_ARG(row->key));
}

static void
check_accepted(struct inv *v)
{
	for (size_t i = 0; i < v->in->n_accepted; i++) {
		struct accepted a = {v, &v->in->accepted[i]};
		struct err err;

		if (store_sqlite.run_find(v->store, span_of(a.run->id), has_key,
			&a, &err) != RC_OK)
			inv_bad(v, NULL,
			    "run %s was accepted and is not there: %s",
			    a.run->id, err.text);
	}
}

static void
nothing(void *ctx, const struct store_run *row)
{
	(void)ctx;
	(void)row;
}

/* Transcripts of runs that are there are checked with their run. */
static void
check_seen_runs(struct inv *v)
{
	for (size_t i = 0; i < v->in->n_seen; i++) {
		const char *run = seen_run(v->in->seen[i]);
		struct err err;

		if (seen_count(v->in->seen[i]) > 0 &&
		    store_sqlite.run_find(
			v->store, span_of(run), nothing, NULL, &err) != RC_OK)
			inv_bad(v, NULL,
			    "a client saw %zu events of run \"%s\", which is "
			    "not there",
			    seen_count(v->in->seen[i]), run);
	}
}

/* ---- every run ---- */

struct pages {
	struct inv *v;
	int64_t before;
	int n;
};

static void
one_run(void *ctx, const struct store_run *row)
{
	struct pages *p = ctx;

	p->before = row->row;
	p->n++;
	inv_check_run(p->v, row);
}

/* Page by page: a read's callback must not use the read it is called by. */
static void
check_runs(struct inv *v)
{
	struct pages p = {.v = v};
	enum rc rc;

	do {
		struct store_list l = {.before_row = p.before, .limit = 1000};
		struct err err;

		p.n = 0;
		rc = store_sqlite.run_list(v->store, &l, one_run, &p, &err);
		if (rc != RC_OK)
			inv_bad(v, NULL, "runs cannot be read: %s", err.text);
	} while (rc == RC_OK && p.n > 0);
}

/* ---- processes ---- */

bool
invariant_measure(pid_t pid, struct invariant_size *ret)
{
	auto_str fds = xasprintf("/proc/%ld/fd", (long)pid);
	auto_str statm = xasprintf("/proc/%ld/statm", (long)pid);
	FILE *f = fopen(statm, "re");
	DIR *d = opendir(fds);
	long long all = 0, resident = 0;
	bool good = f != NULL && d != NULL &&
		    fscanf(f, "%lld %lld", &all, &resident) == 2;

	*ret = (struct invariant_size){
	    .resident_kib = resident * (sysconf(_SC_PAGESIZE) / 1024)};
	/* "." and ".." stand for nothing. */
	for (ret->descriptors = -2; d != NULL && readdir(d) != NULL;)
		ret->descriptors++;
	if (f != NULL)
		fclose(f);
	if (d != NULL)
		closedir(d);
	return good;
}

static void
check_processes(struct inv *v)
{
	for (size_t i = 0; i < v->in->n_processes; i++) {
		const struct invariant_process *p = &v->in->processes[i];
		const struct invariant_size *b = &p->before, *a = &p->after;

		if (a->descriptors > b->descriptors + p->more.descriptors)
			inv_bad(v, NULL,
			    "%s had %lld descriptors and has %lld (%lld more "
			    "are allowed)",
			    p->name, (long long)b->descriptors,
			    (long long)a->descriptors,
			    (long long)p->more.descriptors);
		if (a->resident_kib > b->resident_kib + p->more.resident_kib)
			inv_bad(v, NULL,
			    "%s had %lld KiB resident and has %lld (%lld more "
			    "are allowed)",
			    p->name, (long long)b->resident_kib,
			    (long long)a->resident_kib,
			    (long long)p->more.resident_kib);
	}
}

/* ---- all ---- */

static const struct {
	const char *name;
	void (*check)(struct inv *v);
} checks[] = {
    {"the file is sound", check_integrity},
    {"it fits its chains", check_chains},
    {"nothing is left without its run", check_orphans},
    {"what was accepted is there", check_accepted},
    {"what was seen is there", check_seen_runs},
    {"runs can be read", check_runs},
    {"processes are as large as before", check_processes},
};

/* Beside the supervisor's: no lock, no epoch, no checkpoint; one moment of it,
 * however long the reading takes. */
static enum rc
open_store(const char *path, struct store **ret, struct err *err)
{
	enum rc rc = store_view(path, ret, err);

	if (rc == RC_OK)
		rc = store_db_run(&(*ret)->read, SQL_LOOK, "look", err);
	return rc;
}

int
invariant_check(const struct invariant *in, struct buf *ret)
{
	auto_str path = xasprintf("%s/culprit.db", in->data_dir);
	struct inv v = {.in = in, .out = ret, .check = "the store opens"};
	struct err err;

	if (open_store(path, &v.store, &err) != RC_OK) {
		inv_bad(&v, NULL, "%s", err.text);
		store_close(v.store);
		return v.n;
	}
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		v.check = checks[i].name;
		checks[i].check(&v);
	}
	store_close(v.store);
	return v.n;
}

void
invariant_assert(const struct invariant *in)
{
	auto_buf text = {0};
	int n;

	buf_init(&text, REPORT_BYTES_MAX);
	n = invariant_check(in, &text);
	ck_assert_msg(n == 0, "%d violations in %s:\n%s", n, in->data_dir,
	    buf_str(&text));
}
