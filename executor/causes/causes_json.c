/*
 * causes_json.c - the ranking for machines and for readers.
 *
 * Invariant: every number in a sentence is also a field of the same result,
 * so that a report can be held to its evidence.
 */
#include "executor/causes/causes_json.h"
#include "common/json/json.h"
#include "common/base/num.h"
#include "common/base/when.h"
#include "executor/causes/causes_names.h"

#include <math.h>
#include <string.h>

#define ALIKE_FROM 0.5 /* evidence of a change that counts */

enum { SENTENCE_MAX = 2048, DIGITS = 3, EDGES_SHOWN = 400 };

static const char *
name_of(const struct causes_set *set, uint16_t service)
{
	return service == CAUSES_NONE ? "" : causes_set_name(set, service);
}

/* ---- sentences ---- */

static void
put_time(struct buf *b, double t_s)
{
	char text[WHEN_TEXT];

	buf_adds(b, when_print((int64_t)llround(t_s) * 1000, text));
}

static void
put_change(
    struct buf *b, const struct causes_set *set, const struct causes_finding *f)
{
	const struct causes_series *s = causes_set_at(set, f->series);
	const char *unit = causes_unit_of(s->metric, s->form);

	buf_addf(b, "%s %s %s from ", causes_kind_name(s->kind), s->metric,
	    f->direction > 0 ? "rose" : "fell");
	num_put_text(b, f->before, DIGITS);
	buf_adds(b, " to ");
	num_put_text(b, f->after, DIGITS);
	buf_addf(b, "%s%s at ", unit[0] != '\0' ? " " : "", unit);
	put_time(b, f->began_s);
}

void
causes_put_reason(struct buf *b, const struct causes_set *set,
    const struct causes_result *r, size_t i)
{
	const struct causes_cause *c = &r->causes[i];

	if (c->nsupport == 0) {
		buf_addf(b, "the alert is its own, and nothing it depends on "
			    "changed");
	} else {
		put_change(b, set, &r->findings[c->support[0]]);
		if (c->nsupport > 1) {
			buf_adds(b, "; ");
			put_change(b, set, &r->findings[c->support[1]]);
		}
	}
	if (c->hosted > 0)
		buf_addf(b,
		    "; pods of %zu service%s suffer on this node and not "
		    "elsewhere",
		    c->hosted, c->hosted > 1 ? "s" : "");
	else if (c->covered >= 1)
		buf_adds(b, "; services that call it suffer too");
	if (!isnan(c->change_s)) {
		buf_adds(b, "; a new version or label set appeared at ");
		put_time(b, c->change_s);
	}
}

void
causes_put_verdict(
    struct buf *b, const struct causes_set *set, const struct causes_result *r)
{
	if (r->compared == 0) {
		buf_adds(
		    b, r->missing & CAUSES_REFUSED
			   ? "No clear cause: what decides could not be read."
			   : "No clear cause: no series has enough points "
			     "before and after the onset.");
		return;
	}
	if (!r->stands_out || r->ncauses == 0) {
		buf_addf(b,
		    "No clear cause: of %zu series compared none "
		    "changed enough to name one.",
		    r->compared);
		return;
	}
	buf_addf(b, "%s: %s: ",
	    causes_is_likely(r) ? "Likely cause" : "Suspected, not shown",
	    name_of(set, r->causes[0].service));
	causes_put_reason(b, set, r, 0);
	buf_addc(b, '.');
}

/* ---- what is missing ---- */

/* What `missing` may list. */
static const struct missing_row {
	enum causes_missing flag;
	const char *what, *why;
} missing_rows[] = {
    {CAUSES_NO_ENTITY, "entity",
	"no label of the alert names a service that has series"},
    {CAUSES_NO_PATH, "path",
	"no dependency is known that leads from the alert's service to it"},
    {CAUSES_REFUSED, "queries",
	"queries that decide failed or were answered in part; "
	"not_looked_at lists them"},
    {CAUSES_SYMPTOM_FIRST, "order", "the symptom was there before it changed"},
    {CAUSES_FEW_BEFORE, "history",
	"there are too few points before the onset to tell what is usual"},
};

static const char *
confidence_of(const struct causes_result *r)
{
	if (!r->stands_out)
		return "undetermined";
	return r->missing == 0 ? "likely" : "suspected";
}

static cJSON *
missing_of(const struct causes_result *r)
{
	/* Without a suspect nothing is missing between it and the alert. */
	unsigned missing =
	    r->stands_out ? r->missing
			  : r->missing & (CAUSES_REFUSED | CAUSES_FEW_BEFORE);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < ARRAY_LEN(missing_rows); i++) {
		cJSON *o;

		if (!(missing & missing_rows[i].flag))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "what", missing_rows[i].what);
		cJSON_AddStringToObject(o, "why", missing_rows[i].why);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static void
add_sentence(cJSON *o, const char *key, const struct buf *b)
{
	json_add_span(o, key, buf_span(b));
}

/* ---- parts ---- */

static void
add_name(cJSON *o, const char *key, const char *text)
{
	json_add_span(o, key, span_of(text));
}

/* Rounded: what is not known to more than a few digits is not printed so. */
static void
add_number(cJSON *o, const char *key, double v)
{
	double scale;

	if (isfinite(v) && v != 0) {
		scale = pow(10, 5 - floor(log10(fabs(v))));
		if (isfinite(scale) && scale > 0)
			v = round(v * scale) / scale;
	}
	json_add_double(o, key, v);
}

static cJSON *
path_of(const struct causes_set *set, const struct causes_cause *c)
{
	cJSON *path = cJSON_CreateArray();

	for (size_t i = 0; i < c->npath; i++)
		cJSON_AddItemToArray(
		    path, json_string_of(span_of(name_of(set, c->path[i]))));
	return path;
}

static cJSON *
cause_of(const struct causes_set *set, const struct causes_result *r, size_t i,
    size_t nseries)
{
	const struct causes_cause *c = &r->causes[i];
	cJSON *o = cJSON_CreateObject(), *support = cJSON_CreateArray();
	auto_buf reason = {.max = SENTENCE_MAX};

	causes_put_reason(&reason, set, r, i);
	add_name(o, "service", name_of(set, c->service));
	add_number(o, "score", c->score);
	add_sentence(o, "reason", &reason);
	for (size_t j = 0; j < c->nsupport; j++)
		if (c->support[j] < nseries)
			cJSON_AddItemToArray(
			    support, cJSON_CreateNumber((double)c->support[j]));
	cJSON_AddItemToObject(o, "series", support);
	cJSON_AddItemToObject(o, "on_path", path_of(set, c));
	if (!isnan(c->share))
		add_number(o, "share", c->share);
	if (c->hosted > 0)
		cJSON_AddNumberToObject(o, "hosted", (double)c->hosted);
	if (!isnan(c->change_s))
		cJSON_AddNumberToObject(o, "changed", c->change_s);
	return o;
}

static cJSON *
labels_of(const struct causes_series *s)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < s->nlabels; i++)
		add_name(o, s->labels[i].name, s->labels[i].value);
	return o;
}

/* How many of its service's series of that metric changed as it did, and of
 * how many. */
static void
add_alike(cJSON *o, const struct causes_set *set, const struct causes_result *r,
    const struct causes_finding *f)
{
	const struct causes_series *s = causes_set_at(set, f->series);
	size_t alike = 0, of = 0;

	if (r->findings_cut)
		return;

	for (size_t i = 0; i < r->nfindings; i++) {
		const struct causes_finding *x = &r->findings[i];

		alike += x->service == f->service &&
			 x->direction == f->direction &&
			 x->evidence >= ALIKE_FROM &&
			 causes_set_at(set, x->series)->family == s->family;
	}
	for (size_t i = 0; i < causes_set_count(set); i++) {
		const struct causes_series *x = causes_set_at(set, i);

		of += x->service == s->service && x->family == s->family;
	}
	cJSON_AddNumberToObject(o, "alike", (double)alike);
	cJSON_AddNumberToObject(o, "of", (double)of);
}

static cJSON *
series_of(const struct causes_set *set, const struct causes_finding *f)
{
	const struct causes_series *s = causes_set_at(set, f->series);
	cJSON *o = cJSON_CreateObject(), *change = cJSON_CreateObject();

	add_name(o, "service", name_of(set, s->service));
	add_name(o, "metric", s->metric);
	if (s->form[0] != '\0')
		add_name(o, "form", s->form);
	add_name(o, "kind", causes_kind_name(s->kind));
	cJSON_AddItemToObject(o, "labels", labels_of(s));
	add_name(o, "unit", causes_unit_of(s->metric, s->form));
	add_name(o, "direction", f->direction > 0 ? "up" : "down");
	add_number(change, "from", f->before);
	add_number(change, "to", f->after);
	add_number(change, "spreads", f->z);
	cJSON_AddItemToObject(o, "change", change);
	cJSON_AddNumberToObject(o, "began", f->began_s);
	add_number(o, "score", f->score);
	return o;
}

static cJSON *
plot_of(const struct causes_set *set, const struct causes_finding *f,
    double onset_s)
{
	const struct causes_series *s = causes_set_at(set, f->series);
	const struct causes_grid *g = causes_set_grid(set);
	cJSON *o = series_of(set, f), *points = cJSON_CreateArray();
	cJSON *band = cJSON_CreateObject();

	for (size_t i = 0; i < g->points; i++) {
		cJSON *p;

		if (!isfinite(s->v[i]))
			continue;
		p = cJSON_CreateArray();
		cJSON_AddItemToArray(
		    p, cJSON_CreateNumber(g->start_s + (double)i * g->step_s));
		cJSON_AddItemToArray(p, json_double_of((double)s->v[i]));
		cJSON_AddItemToArray(points, p);
	}
	add_number(band, "low", f->low);
	add_number(band, "high", f->high);
	cJSON_AddItemToObject(o, "band", band);
	cJSON_AddNumberToObject(o, "onset", onset_s);
	cJSON_AddItemToObject(o, "points", points);
	return o;
}

static cJSON *
topology_of(const struct causes_set *set)
{
	const struct causes_edge *edges;
	size_t n = causes_set_edges(set, &edges);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < MIN(n, (size_t)EDGES_SHOWN); i++) {
		cJSON *o = cJSON_CreateObject();

		add_name(o, "client", name_of(set, edges[i].client));
		add_name(o, "server", name_of(set, edges[i].server));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static cJSON *
ruled_out_of(const struct causes_set *set, const struct causes_result *r)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < r->nruled_out; i++) {
		const struct causes_ruled_out *x = &r->ruled_out[i];
		cJSON *o = cJSON_CreateObject();
		auto_buf why = {.max = SENTENCE_MAX};

		if (x->by == CAUSES_NONE)
			buf_addf(&why,
			    "nothing unusual in its series (%zu compared)",
			    x->compared);
		else
			buf_addf(&why,
			    "its symptoms are explained by %s, "
			    "which it depends on",
			    name_of(set, x->by));
		add_name(o, "service", name_of(set, x->service));
		add_sentence(o, "why", &why);
		if (x->by != CAUSES_NONE)
			add_name(o, "by", name_of(set, x->by));
		else
			cJSON_AddNumberToObject(
			    o, "compared", (double)x->compared);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static cJSON *
skipped_of(const struct causes_fetched *f)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < f->nskipped; i++) {
		cJSON *o = cJSON_CreateObject();

		add_name(o, "what", f->skipped[i].what);
		add_name(o, "why", f->skipped[i].why);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static void
add_window(cJSON *o, const struct causes_fetched *f)
{
	const struct causes_grid *g = causes_set_grid(f->set);
	cJSON *w = cJSON_CreateObject();

	cJSON_AddNumberToObject(w, "start", g->start_s);
	cJSON_AddNumberToObject(
	    w, "end", g->start_s + (double)(g->points - 1) * g->step_s);
	cJSON_AddNumberToObject(w, "step", g->step_s);
	cJSON_AddItemToObject(o, "window", w);
}

cJSON *
causes_json(const struct causes_fetched *f, const struct causes_request *rq,
    const struct causes_result *r, size_t limit)
{
	cJSON *o = cJSON_CreateObject(), *causes = cJSON_CreateArray();
	cJSON *series = cJSON_CreateArray(), *plot = cJSON_CreateArray();
	size_t nseries = MIN(r->nfindings, limit * 4);
	auto_buf verdict = {.max = SENTENCE_MAX};

	causes_put_verdict(&verdict, f->set, r);
	add_sentence(o, "verdict", &verdict);
	add_name(o, "confidence", confidence_of(r));
	cJSON_AddItemToObject(o, "missing", missing_of(r));
	if (rq->service != NULL)
		add_name(o, "alert_service", rq->service);
	for (size_t i = 0; i < MIN(r->ncauses, limit); i++)
		cJSON_AddItemToArray(causes, cause_of(f->set, r, i, nseries));
	for (size_t i = 0; i < nseries; i++) {
		cJSON *one = series_of(f->set, &r->findings[i]);

		add_alike(one, f->set, r, &r->findings[i]);
		cJSON_AddItemToArray(series, one);
	}
	for (size_t i = 0; i < MIN(nseries, (size_t)CAUSES_JSON_PLOTS); i++)
		cJSON_AddItemToArray(
		    plot, plot_of(f->set, &r->findings[i], r->onset_s));
	cJSON_AddItemToObject(o, "causes", causes);
	cJSON_AddItemToObject(o, "series", series);
	cJSON_AddItemToObject(o, "topology", topology_of(f->set));
	cJSON_AddItemToObject(o, "ruled_out", ruled_out_of(f->set, r));
	cJSON_AddItemToObject(o, "not_looked_at", skipped_of(f));
	if (f->warnings.len > 0)
		cJSON_AddStringToObject(o, "warnings", buf_str(&f->warnings));
	cJSON_AddNumberToObject(o, "onset", r->onset_s);
	cJSON_AddBoolToObject(o, "onset_given", r->onset_given);
	add_window(o, f);
	cJSON_AddNumberToObject(o, "compared", (double)r->compared);
	cJSON_AddNumberToObject(o, "points_before", (double)r->points_before);
	cJSON_AddNumberToObject(o, "series_known", (double)f->known);
	cJSON_AddNumberToObject(o, "series_read", (double)f->read);
	cJSON_AddNumberToObject(o, "questions", (double)f->questions);
	cJSON_AddItemToObject(o, "plot", plot);
	return o;
}
