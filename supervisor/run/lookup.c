/*
 * lookup.c - a run by its id or key: in memory, or its row in the store.
 */
#include "supervisor/run/lookup.h"

struct run *
lookup_run(const struct supervisor *s, struct span id)
{
	char name[STORE_ID_MAX + 1];

	if (id.n == 0 || id.n > STORE_ID_MAX)
		return NULL;
	memcpy(name, id.p, id.n);
	name[id.n] = '\0';
	return zhash_lookup(s->by_id, name);
}

static void
row_keep(void *ctx, const struct store_run *r)
{
	struct lookup_row *k = ctx;

	snprintf(k->id, sizeof(k->id), "%.*s", SPAN_ARG(r->id));
	snprintf(k->digest, sizeof(k->digest), "%.*s", SPAN_ARG(r->digest));
	snprintf(k->status, sizeof(k->status), "%.*s", SPAN_ARG(r->status));
	k->row = r->row;
	k->created_ms = r->created_ms;
	k->finished_ms = r->finished_ms;
	k->last_seq = r->last_seq;
}

enum rc
lookup_find(struct supervisor *s, struct span id, struct lookup_row *ret,
    struct err *err)
{
	enum rc rc;

	memset(ret, 0, sizeof(*ret));
	rc = s->ops->run_find(s->store, id, row_keep, ret, err);
	if (rc == RC_NOTFOUND)
		return err_set(
		    err, rc, "there is no investigation %.*s", SPAN_ARG(id));
	return rc;
}

enum rc
lookup_key(struct supervisor *s, struct span key, struct lookup_row *ret,
    struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return s->ops->run_find_key(s->store, key, row_keep, ret, err);
}
