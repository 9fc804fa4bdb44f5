/*
 * figures.c - what there is to draw in a piece of evidence.
 *
 * Invariant: what is read here was written by a tool, or by who answered it,
 * and is shown as text and numbers, whatever it is.
 */
#include "gateway/casefile/figures.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/num.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "gateway/casefile/html.h"
#include "gateway/casefile/svg.h"

enum {
	/* As a tree it takes some forty times as much. */
	DRAWN_BYTES_MAX = 1 << 20,
	POINTS_MAX = 200000,
	PLOTS_MAX = 8,
	WAY_MAX = 8,
	NAME_MAX_CHARS = 160,
	DIGITS = 4,
};

static const struct json_limits limits = {
    .bytes_max = DRAWN_BYTES_MAX, .depth_max = 24, .values_max = 1 << 20};

enum word { W_USUAL, W_ONSET, W_ALERT, W_MORE, W_SERVICE, W_SCORE, WORDS };

static const char *const words[WORDS][2] = {
    [W_USUAL] = {"平常范围", "usual range"},
    [W_ONSET] = {"异常起点", "onset"},
    [W_ALERT] = {"告警", "alert"},
    [W_MORE] = {"条序列未画出", "more series, not drawn"},
    [W_SERVICE] = {"告警的服务", "the alert's service"},
    [W_SCORE] = {"得分 ", "score "},
};

/* ---- reading ---- */

/* A sample's value: a number, or text as Prometheus has it. */
static double
value_of(const cJSON *v)
{
	double d;

	if (cJSON_IsNumber(v))
		return v->valuedouble;
	if (cJSON_IsString(v) && num_parse_sample(span_of(v->valuestring), &d))
		return d;
	return NAN;
}

/* Of [[t, v], …]; its points are the caller's to free. */
static struct svg_series
series_of(const cJSON *pairs)
{
	struct svg_series s = {.n = 0};
	const cJSON *pair;
	int n = MIN(cJSON_GetArraySize(pairs), POINTS_MAX);

	if (n <= 0)
		return s;
	s.points = xcalloc((size_t)n, sizeof(s.points[0]));
	cJSON_ArrayForEach (pair, pairs) {
		struct svg_point p = {
		    .t_s = value_of(cJSON_GetArrayItem(pair, 0)),
		    .v = value_of(cJSON_GetArrayItem(pair, 1))};

		if (s.n == (size_t)n)
			break;
		if (isfinite(p.t_s))
			s.points[s.n++] = p;
	}
	return s;
}

static double
moves(const struct svg_series *s)
{
	double low = INFINITY, high = -INFINITY;
	size_t i;

	for (i = 0; i < s->n; i++) {
		low = fmin(low, s->points[i].v);
		high = fmax(high, s->points[i].v);
	}
	return high > low ? high - low : 0;
}

static void
plot_done(struct svg_plot *p)
{
	while (p->n > 0)
		free(p->series[--p->n].points);
}

/* ---- writing ---- */

static void
put_clock(struct buf *b, double t_s, const struct zone *zone)
{
	char text[ZONE_TEXT];

	buf_addf(b, " %s", zone_print(zone, llround(t_s), ZONE_CLOCK, text));
}

static void
put_key(struct buf *b, const char *class, enum word name, double at_s,
    const struct figures *f)
{
	buf_addf(b, " <span class=\"key %s\"></span>%s", class,
	    words[name][f->lang]);
	if (at_s > 0)
		put_clock(b, at_s, f->zone);
}

/* Title, keys and drawing; change may be NULL. */
static void
put_figure(struct buf *b, const struct svg_plot *p, const cJSON *change,
    struct span unit, const struct figures *f)
{
	buf_adds(b, "<figure><figcaption><b>");
	html_put_short(b, p->label, NAME_MAX_CHARS);
	buf_adds(b, "</b>");
	if (change != NULL) {
		buf_adds(b, " ");
		num_put_text(b, tree_num(change, "from", NAN), DIGITS);
		buf_adds(b, " → ");
		num_put_text(b, tree_num(change, "to", NAN), DIGITS);
		buf_adds(b, " ");
		html_put_text(b, unit);
	}
	if (p->has_band)
		put_key(b, "band", W_USUAL, 0, f);
	if (p->onset_s > 0)
		put_key(b, "onset", W_ONSET, p->onset_s, f);
	if (p->alert_s > 0)
		put_key(b, "alert", W_ALERT, p->alert_s, f);
	buf_adds(b, "</figcaption>\n");
	svg_put_plot(b, p);
	buf_adds(b, "</figure>\n");
}

/* ---- find_causes ---- */

static void
put_cause_plot(struct buf *b, const cJSON *o, const struct figures *f)
{
	const cJSON *band = tree_at(o, "band");
	auto_str label = xasprintf("%s: %s %s", tree_str(o, "service"),
	    tree_str(o, "metric"), tree_str(o, "form"));
	struct svg_plot p = {.n = 1,
	    .low = tree_num(band, "low", NAN),
	    .high = tree_num(band, "high", NAN),
	    .onset_s = tree_num(o, "onset", 0),
	    .alert_s = f->alert_s,
	    .zone = f->zone,
	    .label = span_of(label)};

	p.has_band = isfinite(p.low) && isfinite(p.high);
	p.series[0] = series_of(tree_at(o, "points"));
	put_figure(b, &p, tree_at(o, "change"), tree_span(o, "unit"), f);
	plot_done(&p);
}

/* The way to the first cause, where there is one that is longer than it. */
static void
put_way(struct buf *b, const cJSON *causes, const struct figures *f)
{
	const cJSON *first = cJSON_GetArrayItem(causes, 0), *name;
	struct svg_node nodes[WAY_MAX] = {0};
	auto_buf score = {.max = 64};
	size_t n = 0;

	cJSON_ArrayForEach (name, tree_at(first, "on_path"))
		if (n < WAY_MAX && cJSON_IsString(name))
			nodes[n++].name = span_of(name->valuestring);
	if (n < 2)
		return;
	buf_adds(&score, words[W_SCORE][f->lang]);
	num_put_text(&score, tree_num(first, "score", 0), 2);
	nodes[0].under = span_of(words[W_SERVICE][f->lang]);
	nodes[n - 1].under = buf_span(&score);
	nodes[n - 1].last = true;
	buf_adds(b, "<figure>");
	svg_put_way(b, nodes, n);
	buf_adds(b, "</figure>\n");
}

static void
put_causes(struct buf *b, const cJSON *tree, const struct figures *f)
{
	const cJSON *o;
	int n = 0;

	put_way(b, tree_at(tree, "causes"), f);
	cJSON_ArrayForEach (o, tree_at(tree, "plot"))
		if (n++ < PLOTS_MAX)
			put_cause_plot(b, o, f);
}

/* ---- the series of a range ---- */

/* Keeps those that move most, the most first. */
static void
series_insert(struct svg_plot *p, struct svg_series s)
{
	size_t at = p->n;

	while (at > 0 && moves(&p->series[at - 1]) < moves(&s))
		at--;
	if (at == SVG_SERIES_MAX) {
		free(s.points);
		return;
	}
	if (p->n == SVG_SERIES_MAX)
		free(p->series[--p->n].points);
	memmove(&p->series[at + 1], &p->series[at],
	    (p->n - at) * sizeof(p->series[0]));
	p->series[at] = s;
	p->n++;
}

static void
put_matrix(struct buf *b, const cJSON *result, const struct figures *f)
{
	struct svg_plot p = {.alert_s = f->alert_s, .zone = f->zone};
	const cJSON *r;
	int all = 0;

	cJSON_ArrayForEach (r, result) {
		struct svg_series s = series_of(tree_at(r, "values"));

		all += s.n > 0;
		if (s.n > 0)
			series_insert(&p, s);
	}
	if (p.n > 0)
		put_figure(b, &p, NULL, (struct span){0}, f);
	if (all > SVG_SERIES_MAX)
		buf_addf(b, "<p class=\"soft\">%d %s</p>\n",
		    all - SVG_SERIES_MAX, words[W_MORE][f->lang]);
	plot_done(&p);
}

void
figures_put(struct buf *b, struct span bytes, const struct figures *f)
{
	AUTO(json) tree = NULL;
	const cJSON *data;
	struct err ignored;

	if (bytes.n > DRAWN_BYTES_MAX ||
	    json_parse(bytes, &limits, &tree, &ignored) != RC_OK)
		return;
	data = tree_at(tree, "data");
	if (tree_at(tree, "plot") != NULL)
		put_causes(b, tree, f);
	else if (tree_is(data, "resultType", "matrix"))
		put_matrix(b, tree_at(data, "result"), f);
}
