/*
 * incident.c - alerts that came by webhook, and which investigation each is
 * of.
 */
#include "supervisor/run/incident.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/base/when.h"
#include "supervisor/run/ledger.h"

enum { KEY_TEXT = 2 * INCIDENT_KEY_BYTES + 1 };

struct incidents {
	zhash_t *by_key; /* of arrivals */
	zhash_t *by_run;
	TAILQ_HEAD(incident_list, incident) list;
	size_t n_alerts;
};

/* ---- keys ---- */

static void
hash_add(crypto_generichash_state *h, struct span v)
{
	uint64_t n = v.n;

	/* With its length, so that no two lists of texts are alike. */
	crypto_generichash_update(h, (const unsigned char *)&n, sizeof(n));
	crypto_generichash_update(h, (const unsigned char *)v.p, v.n);
}

static struct incident_key
key_of(struct span a, struct span b)
{
	crypto_generichash_state h;
	struct incident_key k;

	crypto_generichash_init(&h, NULL, 0, sizeof(k.bytes));
	hash_add(&h, a);
	hash_add(&h, b);
	crypto_generichash_final(&h, k.bytes, sizeof(k.bytes));
	return k;
}

struct incident_key
incident_key_of(const struct proto_alert *a)
{
	return key_of(a->fingerprint, a->startsAt);
}

struct incident_key
incident_group_of(const struct proto_group *g)
{
	return key_of(g->receiver, g->key);
}

static const char *
key_text(const struct incident_key *k, char ret[KEY_TEXT])
{
	return sodium_bin2hex(ret, KEY_TEXT, k->bytes, sizeof(k->bytes));
}

static struct span
key_span(const struct incident_key *k)
{
	return span_make((const char *)k->bytes, sizeof(k->bytes));
}

static bool
key_read(struct span v, struct incident_key *ret)
{
	if (v.n != sizeof(ret->bytes))
		return false;
	memcpy(ret->bytes, v.p, v.n);
	return true;
}

/* ---- in memory ---- */

struct incidents *
incidents_new(void)
{
	struct incidents *x = xcalloc(1, sizeof(*x));

	x->by_key = zhash_new();
	x->by_run = zhash_new();
	TAILQ_INIT(&x->list);
	return x;
}

static void
arrival_forget(struct incidents *x, struct arrival *a)
{
	char text[KEY_TEXT];

	zhash_delete(x->by_key, key_text(&a->key, text));
	TAILQ_REMOVE(&a->of->alerts, a, list);
	x->n_alerts--;
	free(a);
}

static void
forget(struct incidents *x, struct incident *i)
{
	while (!TAILQ_EMPTY(&i->alerts))
		arrival_forget(x, TAILQ_FIRST(&i->alerts));
	zhash_delete(x->by_run, i->id);
	TAILQ_REMOVE(&x->list, i, list);
	buf_done(&i->labels);
	free(i);
}

void
incidents_free(struct incidents *x)
{
	if (x == NULL)
		return;
	while (!TAILQ_EMPTY(&x->list))
		forget(x, TAILQ_FIRST(&x->list));
	zhash_destroy(&x->by_key);
	zhash_destroy(&x->by_run);
	free(x);
}

/* Ids sort by time, and mostly the newest comes last. */
static struct incident *
remember(struct incidents *x, const char *id)
{
	struct incident *i = xcalloc(1, sizeof(*i)), *older;

	snprintf(i->id, sizeof(i->id), "%s", id);
	TAILQ_INIT(&i->alerts);
	buf_init(&i->labels, INCIDENT_LABELS_MAX);
	TAILQ_FOREACH(older, &x->list, list)
	if (strcmp(older->id, id) < 0)
		break;
	if (older != NULL)
		TAILQ_INSERT_BEFORE(older, i, list);
	else
		TAILQ_INSERT_TAIL(&x->list, i, list);
	zhash_insert(x->by_run, i->id, i);
	return i;
}

static void
count(struct incident *i, const struct arrival *a, int by)
{
	if (a->resolved_ms == 0)
		i->firing += (uint64_t)by;
	else
		i->resolved += (uint64_t)by;
	i->resolved_ms = MAX(i->resolved_ms, a->resolved_ms);
}

static struct arrival *
arrival_add(
    struct incidents *x, struct incident *i, const struct arrival *from)
{
	struct arrival *a = xcalloc(1, sizeof(*a));
	char text[KEY_TEXT];

	*a = *from;
	a->of = i;
	TAILQ_INSERT_TAIL(&i->alerts, a, list);
	zhash_insert(x->by_key, key_text(&a->key, text), a);
	x->n_alerts++;
	count(i, a, 1);
	return a;
}

struct arrival *
incident_find(const struct incidents *x, const struct incident_key *key)
{
	char text[KEY_TEXT];

	return zhash_lookup(x->by_key, key_text(key, text));
}

struct incident *
incident_of_run(const struct incidents *x, const char *id)
{
	return zhash_lookup(x->by_run, id);
}

struct incident *
incident_newest(const struct incidents *x)
{
	return TAILQ_FIRST(&x->list);
}

struct incident *
incident_before(const struct incident *i)
{
	return TAILQ_NEXT(i, list);
}

/* ---- in the store ---- */

static void
slip_keep(struct supervisor *s, enum store_slip_kind kind, struct span key,
    int64_t row, const struct buf *data)
{
	struct err err;

	ledger_good(s,
	    s->ops->slip_put(s->store,
		&(struct store_slip){kind, key, row, buf_span(data)}, &err),
	    &err);
}

static void
slip_lose(struct supervisor *s, enum store_slip_kind kind, struct span key)
{
	struct err err;

	ledger_good(s, s->ops->slip_drop(s->store, kind, key, &err), &err);
}

static void
arrival_keep(struct supervisor *s, const struct arrival *a,
    const struct proto_alert *said)
{
	auto_buf b = {.max = STORE_SLIP_BYTES_MAX};

	proto_put_came(&b,
	    &(struct proto_came){.startsAt = said->startsAt,
		.labels = said->labels,
		.seen_ms = (uint64_t)a->seen_ms,
		.resolved_ms = (uint64_t)a->resolved_ms});
	slip_keep(
	    s, STORE_SLIP_ALERT, key_span(&a->key), a->of->row, &b);
}

static void
incident_keep(struct supervisor *s, const struct incident *i)
{
	auto_buf b = {.max = STORE_SLIP_BYTES_MAX};

	wire_put_map(&b, 3);
	wire_put_str(&b, "at");
	wire_put_int(&b, i->at_ms);
	wire_put_str(&b, "group");
	wire_put_bin(&b, key_span(&i->group));
	wire_put_str(&b, "labels");
	wire_put_raw(&b, buf_span(&i->labels));
	slip_keep(s, STORE_SLIP_INCIDENT, span_of(i->id), i->row, &b);
}

void
incident_forget(struct supervisor *s, struct incident *i)
{
	const struct arrival *a;

	TAILQ_FOREACH(a, &i->alerts, list)
	slip_lose(s, STORE_SLIP_ALERT, key_span(&a->key));
	slip_lose(s, STORE_SLIP_INCIDENT, span_of(i->id));
	forget(s->incidents, i);
}

/* As many as fit: what is older than the last so many thousand alerts will
 * hardly be sent again. */
static void
make_room(struct supervisor *s, const struct incident *keep)
{
	struct incidents *x = s->incidents;
	struct incident *last;

	while (x->n_alerts >= INCIDENT_ALERTS_MAX) {
		last = TAILQ_LAST(&x->list, incident_list);
		if (last == keep)
			return;
		incident_forget(s, last);
	}
}

struct incident *
incident_add(struct supervisor *s, const struct run *r,
    const struct incident_key *group, struct span labels)
{
	struct incident *i = remember(s->incidents, r->id);

	i->row = r->row;
	i->at_ms = r->created_ms;
	i->group = *group;
	buf_add_span(&i->labels, labels);
	incident_keep(s, i);
	return i;
}

void
incident_join(struct supervisor *s, struct incident *i,
    const struct incident_key *key, const struct proto_alert *a)
{
	make_room(s, i);
	arrival_keep(s,
	    arrival_add(s->incidents, i,
		&(struct arrival){.key = *key, .seen_ms = clk_wall_ms()}),
	    a);
	i->joined++;
}

void
incident_mark(struct supervisor *s, struct arrival *a,
    const struct proto_alert *said, int64_t at_ms)
{
	count(a->of, a, -1);
	a->resolved_ms = at_ms;
	count(a->of, a, 1);
	arrival_keep(s, a, said);
	if (at_ms != 0)
		a->of->gone++;
	else
		a->of->joined++;
}

/* ---- what was kept ---- */

struct loading {
	struct incidents *x;
	zhash_t *by_row; /* while it lasts */
	size_t strays;
};

static const char *
row_text(int64_t row, char ret[24])
{
	snprintf(ret, 24, "%lld", (long long)row);
	return ret;
}

static void
load_incident(void *loading, const struct store_slip *slip)
{
	struct loading *l = loading;
	struct incident_key group = {{0}};
	struct wire_r r = wire_reader(wire_find(slip->data, "group"));
	char id[STORE_ID_MAX + 1], text[24];
	struct incident *i;

	if (slip->key.n > STORE_ID_MAX || !key_read(wire_bin(&r), &group)) {
		l->strays++;
		return;
	}
	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(slip->key));
	i = remember(l->x, id);
	i->row = slip->row;
	i->at_ms = wire_find_int(slip->data, "at", 0);
	i->group = group;
	buf_add_span(&i->labels, wire_find(slip->data, "labels"));
	zhash_insert(l->by_row, row_text(slip->row, text), i);
}

static void
load_alert(void *loading, const struct store_slip *slip)
{
	struct loading *l = loading;
	struct arrival a = {
	    .seen_ms = wire_find_int(slip->data, "seen_ms", 0),
	    .resolved_ms = wire_find_int(slip->data, "resolved_ms", 0)};
	char text[24];
	struct incident *i =
	    zhash_lookup(l->by_row, row_text(slip->row, text));

	if (i != NULL && key_read(slip->key, &a.key))
		arrival_add(l->x, i, &a);
	else
		l->strays++;
}

enum rc
incidents_load(struct supervisor *s, struct err *err)
{
	struct loading l = {.x = s->incidents, .by_row = zhash_new()};
	char n[24];
	enum rc rc = s->ops->slip_each(
	    s->store, STORE_SLIP_INCIDENT, 0, load_incident, &l, err);

	if (rc == RC_OK)
		rc = s->ops->slip_each(
		    s->store, STORE_SLIP_ALERT, 0, load_alert, &l, err);
	zhash_destroy(&l.by_row);
	if (rc == RC_OK && l.strays > 0)
		log_warn("some of the alerts that came are not readable",
		    "count", row_text((int64_t)l.strays, n), NULL);
	return rc;
}

/* ---- for readers ---- */

bool
incident_put_gone(const struct incidents *x, const char *id,
    enum report_lang lang, struct buf *b)
{
	const struct incident *i = incident_of_run(x, id);
	char when[WHEN_TEXT];

	if (i == NULL || i->firing > 0 || i->resolved == 0)
		return false;
	when_print(i->resolved_ms, when);
	if (lang == REPORT_EN)
		buf_addf(b,
		    "All of the alerts that began this, %llu, are resolved by "
		    "now, the last one at %s.",
		    (unsigned long long)i->resolved, when);
	else
		buf_addf(b,
		    "引发本次调查的 %llu 条告警均已恢复，最后一条于 %s。",
		    (unsigned long long)i->resolved, when);
	return true;
}

void
incident_put(struct buf *b, const struct incident *i, struct span list)
{
	static const char none[] = {(char)0x90};

	proto_put_gathered(b,
	    &(struct proto_gathered){.firing = i->firing,
		.resolved = i->resolved,
		.resolved_ms = (uint64_t)i->resolved_ms,
		.list = list.n != 0 ? list : span_make(none, sizeof(none))});
}

struct listing {
	struct buf items;
	uint32_t n;
};

static void
list_add(void *listing, const struct store_slip *slip)
{
	struct listing *l = listing;

	if (l->n == INCIDENT_LIST_MAX || slip->data.n == 0)
		return;
	buf_add_span(&l->items, slip->data);
	l->n++;
}

enum rc
incident_put_list(
    struct supervisor *s, struct buf *b, int64_t row, struct err *err)
{
	struct listing l = {.n = 0};
	enum rc rc;

	buf_init(&l.items, b->max);
	rc = s->ops->slip_each(
	    s->store, STORE_SLIP_ALERT, row, list_add, &l, err);
	wire_put_array(b, l.n);
	buf_add_buf(b, &l.items);
	buf_done(&l.items);
	return rc;
}
