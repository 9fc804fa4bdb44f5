/*
 * intake_read.c - a message of alerts: which it has, which of them are known,
 * and what the others share.
 */
#include "supervisor/run/intake_in.h"

#include <stdlib.h>

#include "supervisor/run/lookup.h"

bool
intake_is_resolved(const struct given *g)
{
	return span_is(g->a.status, "resolved");
}

static enum rc
read_one(struct given *g, struct wire_r *r, struct err *err)
{
	const uint8_t *begin = r->p;
	enum rc rc = proto_next_alert(r, &g->a, err);

	if (rc != RC_OK)
		return rc;
	g->raw = span_make(begin, (size_t)(r->p - begin));
	g->key = incident_key_of(&g->a);
	return RC_OK;
}

static void
know(struct post *p)
{
	struct given *g;

	p->n_fresh = 0;
	for (g = p->at; g < p->at + p->n; g++) {
		g->known = incident_find(p->s->incidents, &g->key);
		g->fresh = g->known == NULL && !intake_is_resolved(g);
		p->n_fresh += g->fresh;
	}
}

/* A run may have been deleted since, for its age or its room: then its alerts
 * were never here. True: one was, and its incident is forgotten. */
static bool
drop_gone(struct post *p)
{
	struct lookup_row k;
	struct incident *i;
	struct err err;
	size_t n;

	for (n = 0; n < p->n; n++) {
		i = p->at[n].known != NULL ? p->at[n].known->of : NULL;
		if (i == NULL || i->looked_ms == p->now_ms)
			continue;
		i->looked_ms = p->now_ms;
		if (lookup_run(p->s, span_of(i->id)) != NULL ||
		    lookup_find(p->s, span_of(i->id), &k, &err) !=
			RC_NOTFOUND)
			continue;
		incident_forget(p->s, i);
		return true;
	}
	return false;
}

enum rc
intake_read(struct post *p, struct span alerts, struct err *err)
{
	struct wire_r r = wire_reader(alerts);
	uint32_t n = wire_array(&r);
	enum rc rc = RC_OK;

	if (r.bad)
		return err_set(
		    err, RC_INVALID, "SUBMIT.input: alerts is no list");
	if (n > INTAKE_ALERTS_MAX)
		return err_set(err, RC_TOOBIG,
		    "%u alerts at once; at most %d are taken", n,
		    INTAKE_ALERTS_MAX);
	p->at = xcalloc((size_t)n + 1, sizeof(*p->at));
	for (; p->n < n && rc == RC_OK; p->n++)
		rc = read_one(&p->at[p->n], &r, err);
	if (rc != RC_OK)
		return rc;
	do
		know(p);
	while (drop_gone(p));
	return RC_OK;
}

/* ---- what they share ---- */

/* The next name of a comma list; false: there is no more. */
static bool
next_name(const char **at, struct span *ret)
{
	while (**at != '\0') {
		size_t n = strcspn(*at, ",");

		*ret = span_trim(span_make(*at, n));
		*at += n + ((*at)[n] == ',');
		if (ret->n > 0)
			return true;
	}
	return false;
}

/* The value that all fresh ones have; empty: they have not. */
static struct span
shared(const struct post *p, struct span name)
{
	auto_str key = xstrndup(name.p, name.n);
	struct span v = {NULL, 0};
	bool first = true;
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct span w;

		if (!p->at[i].fresh)
			continue;
		w = wire_find_str(p->at[i].a.labels, key);
		if (w.n == 0 || (!first && !span_equal(v, w)))
			return (struct span){NULL, 0};
		v = w;
		first = false;
	}
	return v;
}

void
intake_share(struct post *p)
{
	const char *list = agent_conf(p->s->agent)->alert_labels;
	auto_buf pairs = {.max = INCIDENT_LABELS_MAX};
	struct span name;
	uint32_t n = 0;

	while (next_name(&list, &name)) {
		struct span v = shared(p, name);

		if (v.n == 0 || v.n > INCIDENT_LABELS_MAX / 8 || n == 15)
			continue;
		wire_put_span(&pairs, name);
		wire_put_span(&pairs, v);
		n++;
	}
	wire_put_map(&p->labels, pairs.full ? 0 : n);
	if (!pairs.full)
		buf_add_buf(&p->labels, &pairs);
}

/* Unless both have a label and not the same value, nothing tells them
 * apart. */
bool
intake_agree(struct span a, struct span b)
{
	struct wire_r r = wire_reader(a);
	uint32_t n;

	for (n = wire_map(&r); n > 0 && !r.bad; n--) {
		struct span name = wire_str(&r), v = wire_str(&r), w;
		auto_str key = xstrndup(name.p, name.n);

		w = wire_find_str(b, key);
		if (w.n != 0 && !span_equal(v, w))
			return false;
	}
	return true;
}
