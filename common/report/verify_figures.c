/*
 * verify_figures.c - does every figure occur in what its claim rests on?
 *
 * Figures are read once; each piece of evidence is then fetched once and
 * scanned for the figures that rest on it, so the work is linear in both.
 */
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/figures.h"
#include "common/json/tree.h"
#include "common/report/verify_view.h"
#include "common/wire/wire.h"

struct figures {
	struct figure *at;
	size_t n, cap;
};

enum { FIGURES_STEP = 64, DIGESTS_STEP = 16 };

/* ---- the figures of the claims ---- */

/* Room for FIGURES_STEP more, within the maximum; how many. */
static size_t
room(struct figures *f)
{
	if (f->cap - f->n < FIGURES_STEP && f->cap < VERIFY_FIGURES_MAX) {
		f->cap = MIN(2 * f->cap + FIGURES_STEP, VERIFY_FIGURES_MAX);
		f->at = xrealloc(f->at, f->cap * sizeof(*f->at));
	}
	return f->cap - f->n;
}

static void
collect_claim(struct figures *f, struct span said, unsigned number)
{
	size_t n, k, max = room(f);

	n = figures_read(said, f->at + f->n, max);
	/* A line of very many: once more, with room for them all. */
	while (n == max && f->cap < VERIFY_FIGURES_MAX) {
		f->cap = MIN(2 * f->cap, VERIFY_FIGURES_MAX);
		f->at = xrealloc(f->at, f->cap * sizeof(*f->at));
		max = f->cap - f->n;
		n = figures_read(said, f->at + f->n, max);
	}
	for (k = 0; k < n; k++)
		f->at[f->n + k].claim = number;
	f->n += n;
}

static struct figures
collect(const struct claims *c)
{
	struct figures f = {NULL, 0, 0};
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->at[i].section >= 2)
			collect_claim(
			    &f, claims_text(c, c->at[i].said), (unsigned)i);
	return f;
}

/* ---- which rest on what ---- */

/*
 * Figures that rest on the same: those of one claim, or of all claims of a
 * paragraph that cite nothing themselves. They are a chain, by index + 1.
 */
struct holder {
	struct extent rests;
	size_t first;
};

struct rest {
	uint32_t id;
	size_t holder;
};

struct index {
	struct holder *holders;
	size_t n_holders;
	size_t *next; /* of each figure */
	struct rest *rests;
	size_t n_rests;
};

/* The holder of a claim's figures; shared: of those without citations, by
 * where their paragraph's begin. */
static size_t
holder_of(struct index *x, const struct claim *claim, size_t *shared)
{
	size_t *known = claim->cites.n == 0 ? &shared[claim->rests.at] : NULL;

	if (known != NULL && *known > 0 &&
	    x->holders[*known - 1].rests.n == claim->rests.n)
		return *known - 1;
	x->holders[x->n_holders++] = (struct holder){claim->rests, 0};
	if (known != NULL)
		*known = x->n_holders;
	return x->n_holders - 1;
}

static void
hold(struct index *x, const struct claims *c, const struct figures *f)
{
	size_t *shared = xcalloc(c->n_cites + 1, sizeof(*shared));
	unsigned last = 0;
	size_t i, h = 0;

	for (i = 0; i < f->n; i++) {
		if (i == 0 || f->at[i].claim != last)
			h = holder_of(x, &c->at[f->at[i].claim], shared);
		last = f->at[i].claim;
		x->next[i] = x->holders[h].first;
		x->holders[h].first = i + 1;
	}
	free(shared);
}

static int
by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct rest *)a)->id;
	uint32_t y = ((const struct rest *)b)->id;

	return (x > y) - (x < y);
}

/* Each holder once for each piece of evidence that exists. */
static void
find_rests(struct index *x, const struct claims *c, const struct evidence *e)
{
	size_t *seen = xcalloc(EVIDENCE_MAX, sizeof(*seen));
	size_t h, i, n = 0;

	for (h = 0; h < x->n_holders; h++)
		n += x->holders[h].rests.n;
	x->rests = xcalloc(n + 1, sizeof(*x->rests));
	for (h = 0; h < x->n_holders; h++) {
		struct extent r = x->holders[h].rests;

		for (i = 0; i < r.n; i++) {
			uint32_t id = c->cites[r.at + i];

			if (!verify_exists(e, id) || seen[id] == h + 1)
				continue;
			seen[id] = h + 1;
			x->rests[x->n_rests++] = (struct rest){id, h};
		}
	}
	qsort(x->rests, x->n_rests, sizeof(*x->rests), by_id);
	free(seen);
}

static struct index
index_of(
    const struct claims *c, const struct figures *f, const struct evidence *e)
{
	struct index x = {
	    .holders = xcalloc(f->n + 1, sizeof(*x.holders)),
	    .next = xcalloc(f->n + 1, sizeof(*x.next)),
	};

	hold(&x, c, f);
	find_rests(&x, c, e);
	return x;
}

static void
index_done(struct index *x)
{
	free(x->holders);
	free(x->next);
	free(x->rests);
}

/* The figures that rest on it and are still to be found. */
static size_t
wanted(const struct index *x, struct figures *f, size_t holder,
    struct figure **ret)
{
	size_t i, n = 0;

	for (i = x->holders[holder].first; i > 0; i = x->next[i - 1])
		if (!f->at[i - 1].found)
			ret[n++] = &f->at[i - 1];
	return n;
}

/* ---- looking for them ---- */

/* A tool's digest of its evidence (a median, a count) counts as evidence:
 * code made it of those bytes. */
struct digest {
	struct span id, feedback;
};

struct digests {
	struct digest *at;
	size_t n, cap;
};

static void
take_digest(void *digests, struct span feedback)
{
	struct digests *d = digests;
	struct wire_r r = wire_reader(wire_find(feedback, "evidence"));

	if (wire_peek(&r) != WIRE_ARRAY || wire_array(&r) == 0 ||
	    wire_peek(&r) != WIRE_STR)
		return;
	if (d->n == d->cap) {
		d->cap = 2 * d->cap + DIGESTS_STEP;
		d->at = xrealloc(d->at, d->cap * sizeof(*d->at));
	}
	d->at[d->n++] = (struct digest){wire_str(&r), feedback};
}

struct wanted {
	struct figure **list;
	size_t n;
};

static void
find_in(struct wanted *want, struct span bytes)
{
	size_t i, left = 0;

	figures_find(want->list, want->n, bytes);
	for (i = 0; i < want->n; i++)
		if (!want->list[i]->found)
			want->list[left++] = want->list[i];
	want->n = left;
}

static void
find_in_digest(struct wanted *want, struct span feedback)
{
	auto_buf json = {.max = FETCH_MAX};

	wire_to_json(&json, wire_find(feedback, "summary"));
	wire_to_json(&json, wire_find(feedback, "data"));
	find_in(want, buf_span(&json));
}

/* From what is at hand to what is to be fetched, for as long as anything is
 * still to be found. */
static void
search(struct view *w, const struct digests *d, struct wanted *want,
    struct span entry)
{
	struct span id = wire_find_str(entry, "id");
	auto_buf bytes = {.max = FETCH_MAX};
	size_t i;

	/* The entry tells what was asked, of how much, in which time. */
	find_in(want, entry);
	for (i = 0; i < d->n && want->n > 0; i++)
		if (span_equal(d->at[i].id, id))
			find_in_digest(want, d->at[i].feedback);
	if (want->n > 0 && w->in->fetch != NULL &&
	    w->in->fetch(w->in->ctx, id, &bytes) == RC_OK)
		find_in(want, buf_span(&bytes));
}

/* What failed has no evidence but its own words. */
static void
find_in_failure(void *ctx, struct span feedback)
{
	struct wanted *want = ctx;

	if (span_is(wire_find_str(feedback, "status"), "SUCCESS"))
		return;
	figures_find(want->list, want->n, wire_find_str(feedback, "summary"));
	figures_find(
	    want->list, want->n, wire_find_str(feedback, "suggestion"));
}

/* What is true of the run itself may be said without evidence: the task, the
 * moment, how many instances, incidents and rounds there are. */
static void
find_own(struct view *w, struct figure **list, size_t n)
{
	double at = tree_num(w->state, "at", 0) / 1000;
	double window = tree_num(w->state, "window", 0);
	const cJSON *incidents = tree_at(w->conclusion, "incidents");
	const cJSON *incident, *rule;
	int n_incidents = cJSON_GetArraySize(incidents), i;
	auto_buf own = {.max = DETAIL_MAX};

	buf_addf(&own, "%s %.0f %.0f %.0f %.0f %d %d %d ",
	    tree_str(w->state, "input"), at, at - window, window, window / 60,
	    alerts_total(w->state, w->alerts, "firing"),
	    alerts_total(w->state, w->alerts, "pending"),
	    cJSON_GetArraySize(tree_at(w->conclusion, "targets_down")));
	for (i = 1; i <= n_incidents; i++)
		buf_addf(&own, "%d ", i);
	cJSON_ArrayForEach (incident, incidents) {
		buf_addf(&own, "%d ",
		    cJSON_GetArraySize(tree_at(incident, "alerts")));
		cJSON_ArrayForEach (rule, tree_at(incident, "rules"))
			buf_addf(&own, "%.0f ", tree_num(rule, "instances", 0));
	}
	cJSON_ArrayForEach (incident, tree_at(w->conclusion, "others"))
		buf_addf(&own, "%.0f %d ", tree_num(incident, "incidents", 0),
		    cJSON_GetArraySize(tree_at(incident, "alerts")));
	figures_find(list, n, buf_span(&own));
	figures_find(list, n, wire_find(w->in->state, "notes"));
	figures_find(list, n, wire_find(w->in->state, "reason"));
	verify_each_feedback(w, find_in_failure, &(struct wanted){list, n});
}

/* ---- how many there are of a kind ---- */

struct label {
	const char *key, *value;
};

struct labels {
	struct label *at;
	size_t n, cap;
};

static void
add_label(struct labels *l, const char *key, const char *value)
{
	if (l->n == l->cap) {
		l->cap = 2 * l->cap + FIGURES_STEP;
		l->at = xrealloc(l->at, l->cap * sizeof(*l->at));
	}
	l->at[l->n++] = (struct label){key, value};
}

static int
by_label(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int d = strcmp(x->key, y->key);

	return d != 0 ? d : strcmp(x->value, y->value);
}

/* How many instances bear the same label is counted, not measured: whoever
 * has the list may say it. */
static void
find_counts(struct view *w, struct wanted *want)
{
	struct labels l = {NULL, 0, 0};
	auto_buf counts = {.max = FETCH_MAX};
	const cJSON *a, *v;
	size_t i, n = 0;

	cJSON_ArrayForEach (a, w->alerts)
		cJSON_ArrayForEach (v, tree_at(a, "labels"))
			if (cJSON_IsString(v))
				add_label(&l, v->string, v->valuestring);
	if (l.n > 0)
		qsort(l.at, l.n, sizeof(*l.at), by_label);
	for (i = 0; i < l.n; i++) {
		n++;
		if (i + 1 < l.n && by_label(&l.at[i], &l.at[i + 1]) == 0)
			continue;
		if (n > 1)
			buf_addf(&counts, "%zu ", n);
		n = 0;
	}
	find_in(want, buf_span(&counts));
	free(l.at);
}

/* All that are still to be found, whatever they rest on. */
static size_t
left(struct figures *f, struct figure **ret)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		if (!f->at[i].found)
			ret[n++] = &f->at[i];
	return n;
}

static void
report_figures(struct view *w, const struct figures *f)
{
	struct claims *c = &w->v->claims;
	char place[PLACE_MAX];
	int bad = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		struct claim *claim = &c->at[f->at[i].claim];

		if (f->at[i].found)
			continue;
		claims_mark(c, claim);
		if (bad++ < NAMED_MAX)
			verify_fail(w, CHECK_FIGURES, "\"%s\" (%s)",
			    f->at[i].text, verify_place(claim, place));
	}
	if (bad > NAMED_MAX)
		verify_fail(w, CHECK_FIGURES, "and %d more", bad - NAMED_MAX);
	if (f->n == VERIFY_FIGURES_MAX)
		verify_fail(w, CHECK_FIGURES, "more than %d figures",
		    VERIFY_FIGURES_MAX);
}

void
verify_figures(struct view *w, const struct evidence *e)
{
	struct figures f = collect(&w->v->claims);
	struct figure **list = xcalloc(f.n + 1, sizeof(struct figure *));
	struct digests d = {NULL, 0, 0};
	struct index x = index_of(&w->v->claims, &f, e);
	size_t i;

	for (i = 0; i < f.n; i++)
		list[i] = &f.at[i];
	find_own(w, list, f.n);
	verify_each_feedback(w, take_digest, &d);
	for (i = 0; i < x.n_rests;) {
		uint32_t id = x.rests[i].id;
		struct wanted want = {list, 0};

		for (; i < x.n_rests && x.rests[i].id == id; i++)
			want.n +=
			    wanted(&x, &f, x.rests[i].holder, list + want.n);
		if (want.n > 0)
			search(w, &d, &want, e->at[id]);
	}
	if (left(&f, list) > 0)
		find_counts(w, &(struct wanted){list, left(&f, list)});
	report_figures(w, &f);
	index_done(&x);
	free(d.at);
	free(list);
	free(f.at);
}
