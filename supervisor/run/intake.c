/*
 * intake.c - a webhook's alerts: do they begin an investigation, or are they
 * of one.
 */
#include "supervisor/run/intake_in.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/utf8.h"
#include "supervisor/run/engine.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"

enum {
	EVENT_NAMES_MAX = 20,
	/* Of --queue-max: so many of webhooks besides those of people. */
	HOOKS_DIVIDE = 2,
};

enum rc
intake_room(const struct supervisor *s, bool webhook, struct err *err)
{
	int64_t most = agent_conf(s->agent)->queue_max;
	const struct run *r;
	int n = 0;

	if (s->draining)
		return err_set(err, RC_BUSY, "the supervisor is stopping");
	if (webhook)
		most = MAX(most / HOOKS_DIVIDE, 1);
	TAILQ_FOREACH(r, &s->runs, all)
	n += r->webhook == webhook;
	if (n < most)
		return RC_OK;
	return err_set(err, RC_BUSY,
	    "%d investigations%s are under way, which is the limit; try again "
	    "later",
	    n, webhook ? " that alerts began" : "");
}

/* ---- whose they are ---- */

static bool
is_open(const struct post *p, const struct incident *i)
{
	const struct run *r = lookup_run(p->s, span_of(i->id));

	return (r != NULL && !r->ended) ||
	       p->now_ms - i->at_ms <
		   agent_conf(p->s->agent)->alert_cooldown_s * 1000;
}

static struct incident *
sent_with(const struct post *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->at[i].known != NULL && !intake_is_resolved(&p->at[i]) &&
		    is_open(p, p->at[i].known->of))
			return p->at[i].known->of;
	return NULL;
}

/* NULL: they are of none. */
static struct incident *
choose(const struct post *p)
{
	int64_t window_ms = agent_conf(p->s->agent)->alert_window_s * 1000;
	int64_t cooldown_ms = agent_conf(p->s->agent)->alert_cooldown_s * 1000;
	struct incident *i = sent_with(p), *near = NULL;

	if (i != NULL)
		return i;
	for (i = incident_newest(p->s->incidents); i != NULL;
	     i = incident_before(i)) {
		int64_t age_ms = p->now_ms - i->at_ms;

		if (memcmp(&i->group, &p->group_key, sizeof(i->group)) == 0 &&
		    is_open(p, i))
			return i;
		if (near == NULL && age_ms < window_ms &&
		    intake_agree(buf_span(&i->labels), buf_span(&p->labels)))
			near = i;
		/* What is older is open only where it still goes on, and there
		 * the group's later alerts wait for nobody. */
		if (age_ms >= MAX(window_ms, cooldown_ms) &&
		    lookup_run(p->s, span_of(i->id)) == NULL)
			break;
	}
	return near;
}

static enum rc
begin(struct post *p, const struct proto_request *rq, struct incident **ret,
    struct err *err)
{
	static const struct span none = {NULL, 0};
	struct submission sub;
	struct run *r;
	enum rc rc = intake_room(p->s, true, err);

	if (rc != RC_OK)
		return rc;
	submission_init(&sub, none, none);
	rc = intake_submission(p, rq, &sub, err);
	if (rc == RC_OK)
		rc = engine_start(p->s, &sub, &r, err);
	submission_done(&sub);
	if (rc == RC_OK)
		*ret = incident_add(
		    p->s, r, &p->group_key, buf_span(&p->labels));
	return rc;
}

/* ---- written down ---- */

static void
mark(struct post *p, struct given *g, struct incident *fresh_of)
{
	/* One that is twice in a message was not known when it was read. */
	if (g->known == NULL)
		g->known = incident_find(p->s->incidents, &g->key);
	if (g->known == NULL) {
		if (g->fresh)
			incident_join(p->s, fresh_of, &g->key, &g->a);
		return;
	}
	if (intake_is_resolved(g) != (g->known->resolved_ms != 0))
		incident_mark(p->s, g->known, &g->a,
		    intake_is_resolved(g) ? p->now_ms : 0);
}

static void
put_names(const struct post *p, struct buf *b, const struct incident *i)
{
	auto_buf names = {.max = 64 << 10};
	uint32_t n = 0;
	size_t k;

	for (k = 0; k < p->n && n < EVENT_NAMES_MAX; k++) {
		const struct arrival *a =
		    incident_find(p->s->incidents, &p->at[k].key);

		if (a == NULL || a->of != i)
			continue;
		wire_put_span(&names,
		    utf8_cut(
			wire_find_str(p->at[k].a.labels, "alertname"),
			INTAKE_NAME_BYTES));
		n++;
	}
	wire_put_array(b, n);
	buf_add_buf(b, &names);
}

/* To those who watch its run, while that goes on. */
static void
tell(struct post *p, struct incident *i)
{
	struct run *r = lookup_run(p->s, span_of(i->id));
	auto_buf b = {.max = STATE_BYTES_MAX};

	if (r == NULL || r->ended || r->judging)
		return;
	supervisor_at_work(p->s, r);
	wire_put_map(&b, 5);
	wire_put_str(&b, "joined");
	wire_put_u64(&b, i->joined);
	wire_put_str(&b, "gone");
	wire_put_u64(&b, i->gone);
	wire_put_str(&b, "firing");
	wire_put_u64(&b, i->firing);
	wire_put_str(&b, "resolved");
	wire_put_u64(&b, i->resolved);
	wire_put_str(&b, "names");
	put_names(p, &b, i);
	ledger_emit(p->s, r, "alerts", &b);
}

static void
write_down(struct post *p, struct incident *fresh_of, bool began)
{
	size_t n;

	for (n = 0; n < p->n; n++)
		mark(p, &p->at[n], fresh_of);
	if (began)
		fresh_of->joined = 0;
	for (n = 0; n < p->n; n++) {
		const struct arrival *a =
		    incident_find(p->s->incidents, &p->at[n].key);
		struct incident *i = a != NULL ? a->of : NULL;

		if (i == NULL || i->joined + i->gone == 0)
			continue;
		tell(p, i);
		i->joined = i->gone = 0;
	}
}

/* ---- all of it ---- */

static void
answer(const struct post *p, const struct incident *fresh_of, bool began,
    struct intake *ret)
{
	const struct incident *i = fresh_of;
	size_t n;

	for (n = 0; n < p->n && i == NULL; n++)
		if (p->at[n].known != NULL)
			i = p->at[n].known->of;
	snprintf(ret->id, sizeof(ret->id), "%s", i != NULL ? i->id : "");
	ret->taken.outcome = span_of(began ? "started"
				     : fresh_of != NULL ? "joined"
				     : i != NULL	? "known"
							: "ignored");
	ret->taken.firing = i != NULL ? i->firing : 0;
	ret->taken.resolved = i != NULL ? i->resolved : 0;
}

static enum rc
take(struct post *p, const struct proto_request *rq, struct intake *ret,
    struct err *err)
{
	struct incident *of = NULL;
	bool began = false;
	enum rc rc = RC_OK;

	if (p->s->draining)
		return intake_room(p->s, true, err);
	rc = intake_read(p, rq->alerts, err);
	if (rc == RC_OK && p->n_fresh > 0) {
		intake_share(p);
		of = choose(p);
		began = of == NULL;
		if (began)
			rc = begin(p, rq, &of, err);
	}
	if (rc != RC_OK)
		return rc;
	write_down(p, of, began);
	answer(p, of, began, ret);
	return RC_OK;
}

enum rc
intake_take(struct supervisor *s, const struct proto_request *rq,
    struct intake *ret, struct err *err)
{
	struct post p = {.s = s, .now_ms = clk_wall_ms()};
	enum rc rc = proto_get_group(rq->group, &p.group, err);

	buf_init(&p.labels, INCIDENT_LABELS_MAX);
	p.group_key = incident_group_of(&p.group);
	if (rc == RC_OK)
		rc = take(&p, rq, ret, err);
	buf_done(&p.labels);
	free(p.at);
	return rc;
}
