/*
 * digest.c - many series boiled down to figures, as they stream by.
 *
 * Invariant: kept[0 .. n_kept) is in order of rank, the highest first; it
 * has room for one more than is kept, which is dropped at once.
 */
#include "executor/tools/digest.h"
#include "common/json/json.h"
#include "common/base/num.h"
#include "common/base/when.h"
#include "executor/tools/tool_prom.h"

#include <math.h>
#include <stdlib.h>

/* Labels may be long: so many bytes, and no more series are told. */
enum { FIGURES_BYTES = 400, DATA_BYTES = TOOL_DATA_MAX - (72 << 10) };

struct figures {
	cJSON *labels; /* owned */
	size_t n, n_nan;
	double first, last, min, max, sum;
	double t_first, t_last, t_min, t_max;
	double t_hole, t_hole_end; /* the longest; 0: none */
	double baseline; /* NaN: nothing in the first half */
	double change;
	bool histogram; /* count and sum of the last one */
	double h_count, h_sum;
	double rank;
	uint64_t order; /* as sent */
};

struct digest {
	double start_s, end_s;
	struct figures kept[DIGEST_SERIES_MAX + 1];
	size_t n_kept;
	uint64_t n_series, n_samples, n_histograms;
	struct figures now; /* the series being read */
	double *t, *v;      /* its samples */
	size_t n, cap;
	char *string; /* a string result */
};

struct digest *
digest_new(double start_s, double end_s)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->start_s = start_s;
	d->end_s = end_s;
	return d;
}

void
digest_free(struct digest *d)
{
	size_t i;

	if (d == NULL)
		return;
	for (i = 0; i < d->n_kept; i++)
		cJSON_Delete(d->kept[i].labels);
	cJSON_Delete(d->now.labels);
	free(d->t);
	free(d->v);
	free(d->string);
	free(d);
}

bool
digest_is_empty(const struct digest *d)
{
	return d->n_series == 0 && d->string == NULL;
}

static bool
is_range(const struct digest *d)
{
	return d->end_s > d->start_s;
}

/* ---- the sink ---- */

static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err UNUSED)
{
	struct digest *d = arg;
	size_t i;

	cJSON_Delete(d->now.labels);
	d->now = (struct figures){
	    .labels = cJSON_CreateObject(), .order = d->n_series++};
	d->n = 0;
	for (i = 0; i < labels->n; i++) {
		auto_str name =
		    xstrndup(labels->list[i].name.p, labels->list[i].name.n);

		json_add_span(d->now.labels, name, labels->list[i].value);
	}
	return RC_OK;
}

static enum rc
on_sample(void *arg, double t_s, double v, struct err *err)
{
	struct digest *d = arg;

	if (d->n == DIGEST_SAMPLES_MAX)
		return err_set(err, RC_TOOBIG,
		    "a series with more than %d samples; use a longer step",
		    DIGEST_SAMPLES_MAX);
	if (d->n == d->cap) {
		d->cap = d->cap > 0 ? d->cap * 2 : 512;
		d->t = xrealloc(d->t, d->cap * sizeof(*d->t));
		d->v = xrealloc(d->v, d->cap * sizeof(*d->v));
	}
	d->t[d->n] = t_s;
	d->v[d->n++] = v;
	d->n_samples++;
	return RC_OK;
}

static enum rc
on_histogram(void *arg, double t_s UNUSED, double count, double sum,
    struct err *err UNUSED)
{
	struct digest *d = arg;

	d->now.histogram = true;
	d->now.h_count = count;
	d->now.h_sum = sum;
	d->n_histograms++;
	return RC_OK;
}

static enum rc
on_string(
    void *arg, double t_s UNUSED, struct span text, struct err *err UNUSED)
{
	struct digest *d = arg;

	free(d->string);
	d->string = xstrndup(text.p, text.n);
	return RC_OK;
}

static void
count_sample(struct figures *f, double t, double v)
{
	if (isnan(v)) {
		f->n_nan++;
		return;
	}
	if (f->n == 0) {
		f->first = v;
		f->t_first = t;
	}
	if (f->n == 0 || v < f->min) {
		f->min = v;
		f->t_min = t;
	}
	if (f->n == 0 || v > f->max) {
		f->max = v;
		f->t_max = t;
	}
	f->last = v;
	f->t_last = t;
	f->sum += v;
	f->n++;
}

/* The k-th smallest of v[0 .. n), which is reordered around it (Hoare). */
static double
kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		double pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;

		for (;; i++, j--) {
			double t;

			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			t = v[i];
			v[i] = v[j];
			v[j] = t;
		}
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[k];
}

/* Of v[0 .. n), n > 0, which is reordered; no NaN in it. */
static double
median(double *v, size_t n)
{
	double upper = kth(v, n, n / 2), lower = v[0];
	size_t i;

	if (n % 2 == 1)
		return upper;
	/* All before the middle are at most it: the largest of them. */
	for (i = 1; i < n / 2; i++)
		lower = v[i] > lower ? v[i] : lower;
	return lower / 2 + upper / 2;
}

/* Of the samples before half_s that are numbers; NaN when there are none.
 * Uses up the time column, which is not needed any more. */
static double
median_before(struct digest *d, double half_s)
{
	size_t i, n = 0;

	for (i = 0; i < d->n && d->t[i] < half_s; i++)
		if (!isnan(d->v[i]))
			d->t[n++] = d->v[i];
	return n > 0 ? median(d->t, n) : NAN;
}

/* The largest distance from base in the second half, with its sign. */
static double
largest_change(const struct digest *d, size_t from, double base)
{
	double change = 0;
	size_t i;

	for (i = from; i < d->n; i++) {
		double by = d->v[i] - base;

		if (!isnan(by) && fabs(by) > fabs(change))
			change = by;
	}
	return change;
}

/* The longest stretch without samples between two, where one is missing that
 * the others' distance leads to expect. */
static void
find_hole(struct digest *d)
{
	struct figures *f = &d->now;
	double least = INFINITY, longest = 0;
	size_t i, at = 0;

	for (i = 1; i < d->n; i++) {
		double gap = d->t[i] - d->t[i - 1];

		least = fmin(least, gap);
		if (gap > longest) {
			longest = gap;
			at = i;
		}
	}
	if (longest <= 1.5 * least)
		return;
	f->t_hole = d->t[at - 1];
	f->t_hole_end = d->t[at];
}

static void
measure(struct digest *d)
{
	struct figures *f = &d->now;
	double half_s = d->start_s + (d->end_s - d->start_s) / 2;
	size_t i, from = 0;

	for (i = 0; i < d->n; i++)
		count_sample(f, d->t[i], d->v[i]);
	if (!is_range(d)) {
		f->rank = f->n > 0 ? f->last : -INFINITY;
		return;
	}
	find_hole(d);
	while (from < d->n && d->t[from] < half_s)
		from++;
	f->baseline = median_before(d, half_s);
	f->change =
	    largest_change(d, from, isnan(f->baseline) ? 0 : f->baseline);
	f->rank = fabs(f->change);
}

static enum rc
on_series_end(void *arg, struct err *err UNUSED)
{
	struct digest *d = arg;
	size_t i = d->n_kept;

	measure(d);
	/* Equal ones stay in the order sent. */
	while (i > 0 && d->kept[i - 1].rank < d->now.rank)
		i--;
	if (i == DIGEST_SERIES_MAX)
		return RC_OK;
	memmove(
	    &d->kept[i + 1], &d->kept[i], (d->n_kept - i) * sizeof(d->kept[0]));
	d->kept[i] = d->now;
	d->now.labels = NULL;
	if (d->n_kept < DIGEST_SERIES_MAX)
		d->n_kept++;
	else
		cJSON_Delete(d->kept[DIGEST_SERIES_MAX].labels);
	return RC_OK;
}

const struct prom_sink digest_sink = {
    .series = on_series,
    .sample = on_sample,
    .histogram = on_histogram,
    .series_end = on_series_end,
    .string = on_string,
};

/* ---- what comes out ---- */

static void
sort_by_order(const struct figures *list[], size_t n)
{
	size_t i, j;

	for (i = 1; i < n; i++) {
		const struct figures *f = list[i];

		for (j = i; j > 0 && list[j - 1]->order > f->order; j--)
			list[j] = list[j - 1];
		list[j] = f;
	}
}

/* Those kept, in the order to show; how many. */
static size_t
shown(const struct digest *d, const struct figures *list[DIGEST_SERIES_MAX])
{
	size_t i;

	for (i = 0; i < d->n_kept; i++)
		list[i] = &d->kept[i];
	/* topk() and sort() have their order; it is worth keeping. */
	if (!is_range(d) && d->n_series == d->n_kept)
		sort_by_order(list, d->n_kept);
	return d->n_kept;
}

static void
add_time(cJSON *o, const char *key, double t_s)
{
	json_add_moment(o, key, llround(t_s * 1000));
}

static void
add_range(cJSON *o, const struct figures *f)
{
	json_add_double(o, "first", f->first);
	json_add_double(o, "last", f->last);
	json_add_double(o, "min", f->min);
	json_add_double(o, "max", f->max);
	json_add_double(o, "mean", f->sum / (double)f->n);
	if (isnan(f->baseline))
		cJSON_AddNullToObject(o, "baseline");
	else
		json_add_double(o, "baseline", f->baseline);
	json_add_double(o, "change", f->change);
	add_time(o, "from", f->t_first);
	add_time(o, "to", f->t_last);
	if (f->t_hole_end > 0) {
		add_time(o, "hole_from", f->t_hole);
		add_time(o, "hole_to", f->t_hole_end);
	}
	add_time(o, "time_of_min", f->t_min);
	add_time(o, "time_of_max", f->t_max);
}

static cJSON *
figures_tree(const struct digest *d, const struct figures *f)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "labels", cJSON_Duplicate(f->labels, true));
	if (is_range(d))
		cJSON_AddNumberToObject(o, "n", (double)(f->n + f->n_nan));
	if (f->n > 0 && is_range(d))
		add_range(o, f);
	else if (f->n > 0)
		json_add_double(o, "value", f->last);
	else if (f->n_nan > 0)
		cJSON_AddStringToObject(o, "value", "NaN");
	if (f->n > 0 && f->n_nan > 0)
		cJSON_AddNumberToObject(o, "nan", (double)f->n_nan);
	if (f->histogram) {
		cJSON *h = cJSON_AddObjectToObject(o, "native_histogram");

		json_add_double(h, "count", f->h_count);
		json_add_double(h, "sum", f->h_sum);
	}
	return o;
}

static size_t
labels_bytes(const cJSON *labels)
{
	const cJSON *l;
	size_t n = 0;

	cJSON_ArrayForEach (l, labels)
		n += strlen(l->string) + strlen(l->valuestring) + 6;
	return n;
}

cJSON *
digest_tree(const struct digest *d)
{
	const struct figures *list[DIGEST_SERIES_MAX];
	cJSON *o = cJSON_CreateObject();
	cJSON *series = cJSON_AddArrayToObject(o, "series");
	size_t i, n = shown(d, list), bytes = 0;

	for (i = 0; i < n && bytes < DATA_BYTES; i++) {
		bytes += FIGURES_BYTES + labels_bytes(list[i]->labels);
		cJSON_AddItemToArray(series, figures_tree(d, list[i]));
	}
	cJSON_AddNumberToObject(o, "series_total", (double)d->n_series);
	if (d->n_series > i)
		cJSON_AddNumberToObject(
		    o, "series_left_out", (double)(d->n_series - i));
	cJSON_AddNumberToObject(o, "samples", (double)d->n_samples);
	if (d->n_histograms > 0)
		cJSON_AddNumberToObject(
		    o, "native_histograms", (double)d->n_histograms);
	if (d->string != NULL)
		cJSON_AddStringToObject(o, "string", d->string);
	return o;
}

static void
put_number(struct buf *b, const char *before, double v)
{
	buf_adds(b, before);
	num_put_text(b, v, 4);
}

static void
put_range(struct buf *b, const struct figures *f)
{
	char when[WHEN_TEXT];

	if (isnan(f->baseline))
		buf_adds(b, "no samples before; ");
	else
		put_number(b, "was ", f->baseline);
	put_number(b, isnan(f->baseline) ? "last " : ", last ", f->last);
	put_number(b, ", min ", f->min);
	put_number(b, ", max ", f->max);
	buf_addf(b, " at %s", when_print(llround(f->t_max) * 1000, when));
}

static void
put_figures(struct buf *b, const struct digest *d, const struct figures *f)
{
	buf_adds(b, "\n- ");
	tool_prom_put_labels(b, f->labels);
	buf_adds(b, ": ");
	if (f->n > 0 && is_range(d))
		put_range(b, f);
	else if (f->n > 0)
		num_put_text(b, f->last, 6);
	else if (f->n_nan > 0)
		buf_adds(b, "NaN");
	if (f->histogram) {
		put_number(b, "a native histogram, count ", f->h_count);
		put_number(b, ", sum ", f->h_sum);
	}
}

void
digest_put_summary(const struct digest *d, struct buf *b)
{
	const struct figures *list[DIGEST_SERIES_MAX];
	size_t i, n = shown(d, list);

	if (d->string != NULL)
		buf_addf(b, "\n- \"%.200s\"", d->string);
	for (i = 0; i < n && i < DIGEST_SUMMARY_SERIES; i++)
		put_figures(b, d, list[i]);
	if (d->n_series > i)
		buf_addf(b, "\n- and %llu more, %s",
		    (unsigned long long)(d->n_series - i),
		    is_range(d)       ? "which changed less"
		    : d->n_series > n ? "with smaller values"
				      : "in the order sent");
}
