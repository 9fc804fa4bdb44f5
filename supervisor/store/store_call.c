/* store_call.c - the calls of models in the SQLite store. */
#include "supervisor/store/store_call.h"

#include <stdlib.h>

struct batch_call {
	STAILQ_ENTRY(batch_call) list;
	struct store_call call;
	char *run, *what, *model;
};

void
store_call_add(struct batch *b, const struct store_call *c)
{
	struct batch_call *kept = xcalloc(1, sizeof(*kept));

	kept->call = *c;
	kept->run = xstrndup(c->run.p, c->run.n);
	kept->what = xstrndup(c->what.p, c->what.n);
	kept->model = xstrndup(c->model.p, c->model.n);
	kept->call.run = span_of(kept->run);
	kept->call.what = span_of(kept->what);
	kept->call.model = span_of(kept->model);
	STAILQ_INSERT_TAIL(&b->calls, kept, list);
}

void
store_calls_free(struct batch *b)
{
	struct batch_call *c;

	while ((c = STAILQ_FIRST(&b->calls)) != NULL) {
		STAILQ_REMOVE_HEAD(&b->calls, list);
		free(c->run);
		free(c->what);
		free(c->model);
		free(c);
	}
}

static enum rc
write_one(struct store_db *d, const struct store_call *c, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_CALL_PUT);

	sqlite3_bind_int64(st, 1, c->id);
	store_db_text(st, 2, c->run);
	store_db_text(st, 3, c->what);
	store_db_text(st, 4, c->model);
	sqlite3_bind_int64(st, 5, c->day);
	sqlite3_bind_int64(st, 6, c->settled);
	sqlite3_bind_int64(st, 7, c->tokens);
	sqlite3_bind_int64(st, 8, c->cost);
	sqlite3_bind_int64(st, 9, c->prompt);
	sqlite3_bind_int64(st, 10, c->cached);
	sqlite3_bind_int64(st, 11, c->answer);
	return store_db_step(d, st, "keep a call of a model", err);
}

enum rc
store_calls_write(struct store_db *d, const struct batch *b, struct err *err)
{
	const struct batch_call *c;
	enum rc rc = RC_OK;

	STAILQ_FOREACH(c, &b->calls, list)
	if (rc == RC_OK)
		rc = write_one(d, &c->call, err);
	c = STAILQ_FIRST(&b->calls);
	if (rc == RC_OK && c != NULL)
		rc = store_db_run1(d, SQL_CALL_EXPIRE,
		    c->call.day - STORE_CALL_DAYS, "drop old calls", err);
	return rc;
}

enum rc
store_call_sum(struct store_db *d, int64_t day, struct span run,
    struct store_sum *ret, struct err *err)
{
	sqlite3_stmt *st =
	    store_db_stmt(d, day < 0 ? SQL_CALL_SUM_RUN : SQL_CALL_SUM_DAY);
	enum rc rc;

	if (day < 0)
		store_db_text(st, 1, run);
	else
		sqlite3_bind_int64(st, 1, day);
	rc = store_db_next(d, st, "add up calls", err);
	if (rc != RC_OK)
		return rc;
	*ret = (struct store_sum){.calls = sqlite3_column_int64(st, 0),
	    .tokens = sqlite3_column_int64(st, 1),
	    .cost = sqlite3_column_int64(st, 2),
	    .prompt = sqlite3_column_int64(st, 3),
	    .cached = sqlite3_column_int64(st, 4),
	    .answer = sqlite3_column_int64(st, 5)};
	sqlite3_reset(st);
	return RC_OK;
}

enum rc
store_call_last(struct store_db *d, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st = store_db_stmt(d, SQL_CALL_LAST);
	enum rc rc = store_db_next(d, st, "find the last call", err);

	if (rc != RC_OK)
		return rc;
	*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return RC_OK;
}
