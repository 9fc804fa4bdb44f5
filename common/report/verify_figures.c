/*
 * verify_figures.c - does every figure occur in what its line cites?
 *
 * Figures are read once; each piece of evidence is then fetched once and
 * scanned for the figures that rest on it, so the work is linear in both.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/figures.h"
#include "common/report/md.h"
#include "common/json/tree.h"
#include "common/report/verify_view.h"
#include "common/wire/wire.h"

struct figures {
	struct figure *at;
	size_t n, cap;
};

enum { FIGURES_STEP = 64, DIGESTS_STEP = 16 };

/* "1. " in front of a line counts, it does not measure. */
static struct span
without_ordinal(struct span s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == ' ')
		i++;
	while (i < s.n && isdigit((unsigned char)s.p[i]))
		i++;
	if (i > 0 && i + 1 < s.n && (s.p[i] == '.' || s.p[i] == ')') &&
	    s.p[i + 1] == ' ')
		return span_make(s.p + i + 1, s.n - i - 1);
	return s;
}

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
collect_line(struct figures *f, const struct line *line, unsigned number)
{
	auto_buf plain = {.max = DETAIL_MAX};
	size_t n, k, max = room(f);

	md_plain(&plain, without_ordinal(line->text));
	n = figures_read(buf_span(&plain), f->at + f->n, max);
	/* A line of very many: once more, with room for them all. */
	while (n == max && f->cap < VERIFY_FIGURES_MAX) {
		f->cap = MIN(2 * f->cap, VERIFY_FIGURES_MAX);
		f->at = xrealloc(f->at, f->cap * sizeof(*f->at));
		max = f->cap - f->n;
		n = figures_read(buf_span(&plain), f->at + f->n, max);
	}
	for (k = 0; k < n; k++)
		f->at[f->n + k].line = number;
	f->n += n;
}

static struct figures
collect(const struct lines *l)
{
	struct figures f = {NULL, 0, 0};
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->at[i].section >= 2)
			collect_line(&f, &l->at[i], (unsigned)i);
	return f;
}

static bool
cites(const struct line *l, uint32_t id)
{
	unsigned i;

	for (i = 0; i < l->n_cites; i++)
		if (l->cites[i] == id)
			return true;
	return false;
}

/*
 * Whether line i rests on evidence id: by its own citations; without any, by
 * those of its paragraph or list; a heading by those of what it heads.
 */
static bool
rests_on(const struct lines *l, size_t i, uint32_t id)
{
	const struct line *at = &l->at[i];
	size_t k;

	if (at->n_cites > 0)
		return cites(at, id);
	for (k = i; k > 0 &&
		    (at->is_heading ? false : l->at[k - 1].block == at->block);
	     k--)
		;
	for (; k < l->n; k++) {
		if (at->is_heading ? l->at[k].part != at->part
				   : l->at[k].block != at->block)
			break;
		if (cites(&l->at[k], id))
			return true;
	}
	return false;
}

/* The figures that rest on id and are still to be found. */
static size_t
wanted(
    struct figures *f, const struct lines *l, uint32_t id, struct figure **ret)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		if (!f->at[i].found && rests_on(l, f->at[i].line, id))
			ret[n++] = &f->at[i];
	return n;
}

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
	int n_incidents = cJSON_GetArraySize(incidents), i;
	auto_buf own = {.max = DETAIL_MAX};

	buf_addf(&own, "%s %.0f %.0f %.0f %.0f %d %d %d ",
	    tree_str(w->state, "input"), at, at - window, window, window / 60,
	    alerts_count(w->alerts, "firing"),
	    alerts_count(w->alerts, "pending"),
	    cJSON_GetArraySize(tree_at(w->conclusion, "targets_down")));
	for (i = 1; i <= n_incidents; i++)
		buf_addf(&own, "%d ", i);
	cJSON_ArrayForEach (incidents, incidents)
		buf_addf(&own, "%d ",
		    cJSON_GetArraySize(tree_at(incidents, "alerts")));
	figures_find(list, n, buf_span(&own));
	figures_find(list, n, wire_find(w->in->state, "notes"));
	figures_find(list, n, wire_find(w->in->state, "reason"));
	verify_each_feedback(w, find_in_failure, &(struct wanted){list, n});
}

static void
report_figures(struct view *w, const struct figures *f)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->at[i].found)
			continue;
		w->v->lines.at[f->at[i].line].marked = true;
		if (bad++ < NAMED_MAX)
			verify_fail(w, CHECK_FIGURES, "\"%s\" (line %u)",
			    f->at[i].text, f->at[i].line + 1);
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
	struct figures f = collect(&w->v->lines);
	struct figure **list = xcalloc(f.n + 1, sizeof(struct figure *));
	struct digests d = {NULL, 0, 0};
	uint32_t id;
	size_t i;

	for (i = 0; i < f.n; i++)
		list[i] = &f.at[i];
	find_own(w, list, f.n);
	verify_each_feedback(w, take_digest, &d);
	for (id = 1; id < EVIDENCE_MAX; id++) {
		struct wanted want = {list, 0};

		if (verify_exists(e, id))
			want.n = wanted(&f, &w->v->lines, id, list);
		if (want.n > 0)
			search(w, &d, &want, e->at[id]);
	}
	report_figures(w, &f);
	free(d.at);
	free(list);
	free(f.at);
}
