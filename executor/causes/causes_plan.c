/*
 * causes_plan.c - metric names and types into PromQL.
 *
 * Counters become rates; a sum and its count become a mean, buckets a
 * quantile, and a native histogram all of these; start times become changes;
 * gauges stay, several to a question.
 * Invariant: names of other characters than [a-zA-Z0-9_:] reach an expression
 * in quotes only.
 */
#include "executor/causes/causes_plan.h"
#include "executor/causes/causes_names.h"
#include "executor/prom/prom.h"

#include <stdlib.h>
#include <string.h>

enum {
	GROUP_NAMES = 20,
	GROUP_SERIES = 400,
	NAME_BYTES_MAX = 400, /* of a metric that is asked for */
	PRIORITIES = 3,
	NATIVE_ASKS = 3, /* about a native histogram */
};

#define EXPR_MAX PROM_QUERY_MAX

/* Kept besides the service's labels when a metric is summed up. */
static const char *const kept_labels[] = {"reporter", "quantile", "stat",
    "code", "status", "status_code", "response_code", "mode", "condition",
    NULL};

void
causes_asks_done(struct causes_asks *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->list[i].expr);
		free(a->list[i].metric);
	}
	free(a->list);
	*a = (struct causes_asks){NULL, 0};
}

static bool
ends(const char *name, const char *tail)
{
	size_t n = strlen(name), k = strlen(tail);

	return n > k && strcmp(name + n - k, tail) == 0;
}

bool
causes_is_useless(const char *name)
{
	static const char *const heads[] = {"scrape_", "ALERTS", "prometheus_",
	    "promhttp_", "go_", "python_gc_", "net_conntrack_"};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (strncmp(name, heads[i], strlen(heads[i])) == 0)
			return true;
	return ends(name, "_created");
}

/* ---- choice ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct causes_metric *)a)->name,
	    ((const struct causes_metric *)b)->name);
}

unsigned
causes_priority(enum causes_kind kind)
{
	switch (kind) {
	case CAUSES_LATENCY:
	case CAUSES_ERROR:
	case CAUSES_AVAIL:
	case CAUSES_CPU:
	case CAUSES_MEMORY:
	case CAUSES_RESTART:
		return 0;
	case CAUSES_SATURATION:
	case CAUSES_LOAD:
	case CAUSES_INFO:
		return 1;
	case CAUSES_OTHER:
	case CAUSES_DISK:
	case CAUSES_NETWORK:
	case CAUSES_KINDS:
		break;
	}
	return 2;
}

static int
by_count(const void *a, const void *b)
{
	const struct causes_metric *const *x = a, *const *y = b;

	return ((*x)->count > (*y)->count) - ((*x)->count < (*y)->count);
}

void
causes_choose(struct causes_metric *metrics, size_t n, size_t series_max)
{
	struct causes_metric **order = xcalloc(n + 1, sizeof(*order));
	size_t used = 0;

	qsort(metrics, n, sizeof(*metrics), by_name);
	for (size_t i = 0; i < n; i++)
		order[i] = &metrics[i];
	qsort(order, n, sizeof(*order), by_count);
	for (unsigned p = 0; p < PRIORITIES; p++)
		for (size_t i = 0; i < n; i++) {
			struct causes_metric *m = order[i];
			size_t cost = MAX(m->count, (size_t)1);

			if (m->type == CAUSES_TYPE_HISTOGRAM)
				cost *= NATIVE_ASKS;
			if (causes_priority(causes_kind_of(m->name)) != p ||
			    causes_is_useless(m->name) || m->name[0] == '\0' ||
			    strlen(m->name) > NAME_BYTES_MAX ||
			    used + cost > series_max)
				continue;
			m->chosen = true;
			used += cost;
		}
	free(order);
}

size_t
causes_useful(const struct causes_metric *metrics, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (!causes_is_useless(metrics[i].name))
			sum += MAX(metrics[i].count, (size_t)1);
	return sum;
}

/* ---- expressions ---- */

struct plan {
	const struct causes_metric *metrics;
	size_t n;
	const char *scope, *odd;
	unsigned rate_s;
	size_t metric_max;
	struct causes_asks asks;
	struct buf group; /* names of gauges, | between */
	const char *group_matcher;
	size_t group_names, group_series;
	bool group_decisive;
};

static const struct causes_metric *
find(const struct plan *p, const char *name)
{
	struct causes_metric key = {.name = (char *)name};

	return bsearch(&key, p->metrics, p->n, sizeof(key), by_name);
}

/* A count of requests tells of errors by its labels. */
static bool
is_decisive(const char *name)
{
	enum causes_kind k = causes_kind_of(name);

	return causes_priority(k) == 0 || k == CAUSES_LOAD;
}

static bool
is_summed(const struct plan *p, const struct causes_metric *m)
{
	return m->by != NULL || m->count > p->metric_max;
}

static void
add(struct plan *p, const struct causes_metric *m, const char *metric,
    const char *form, struct buf *expr)
{
	struct causes_asks *a = &p->asks;

	/* The beginning of an expression is another one. */
	if (expr->full)
		return;
	if ((a->n & (a->n - 1)) == 0)
		a->list = xrealloc(
		    a->list, MAX((size_t)1, a->n * 2) * sizeof(*a->list));
	a->list[a->n++] = (struct causes_ask){.expr = xstrdup(buf_str(expr)),
	    .metric = metric != NULL ? xstrdup(metric) : NULL,
	    .form = form,
	    .series = m != NULL ? MAX(m->count, (size_t)1) : p->group_series,
	    .decisive = m != NULL ? is_decisive(m->name) : p->group_decisive,
	    .aggregated = m != NULL && is_summed(p, m)};
}

static void
put_whose(struct buf *b)
{
	const char *sep = "";

	for (size_t i = 0; causes_service_labels[i] != NULL; i++) {
		buf_addf(b, "%s%s", sep, causes_service_labels[i]);
		sep = ",";
	}
	for (size_t i = 0; i < causes_npairs; i++)
		buf_addf(b, ",%s,%s", causes_pairs[i].client,
		    causes_pairs[i].server);
}

/* by (label, label ...): all labels that tell whose and which. */
static void
put_by(struct buf *b, const struct plan *p, const struct causes_metric *m,
    const char *first)
{
	buf_addf(b, " by (%s%s", first, first[0] != '\0' ? "," : "");
	if (m->by != NULL)
		buf_adds(b, m->by);
	else
		put_whose(b);
	for (size_t i = 0; kept_labels[i] != NULL; i++)
		buf_addf(b, ",%s", kept_labels[i]);
	if (p->odd[0] != '\0')
		buf_addf(b, ",%s", p->odd);
	buf_adds(b, ")");
}

/* What bounds the series of a metric. */
static void
put_matchers(struct buf *b, const struct plan *p, const char *matcher)
{
	buf_adds(b, p->scope);
	if (matcher != NULL)
		buf_addf(b, "%s%s", p->scope[0] != '\0' ? "," : "", matcher);
}

static void
put_selector(struct buf *b, const struct plan *p, const struct causes_metric *m,
    const char *name)
{
	auto_buf matchers = {.max = EXPR_MAX};

	put_matchers(&matchers, p, m->matcher);
	prom_put_selector(b, name, buf_str(&matchers));
	buf_mark(b, &matchers);
}

static void
put_rate(struct buf *b, const struct plan *p, const struct causes_metric *m,
    const char *fn, const char *name)
{
	buf_addf(b, "%s(", fn);
	put_selector(b, p, m, name);
	buf_addf(b, "[%us])", p->rate_s);
}

/* fn(name[range]), summed per service when there are too many. */
static void
ask_rate(struct plan *p, const struct causes_metric *m, const char *fn,
    const char *form)
{
	auto_buf b = {.max = EXPR_MAX};

	if (is_summed(p, m)) {
		buf_adds(&b, "sum");
		put_by(&b, p, m, "");
		buf_adds(&b, " (");
	}
	put_rate(&b, p, m, fn, m->name);
	if (is_summed(p, m))
		buf_adds(&b, ")");
	add(p, m, m->name, form, &b);
}

static void
ask_mean(struct plan *p, const struct causes_metric *m, const char *base)
{
	auto_buf b = {.max = EXPR_MAX};
	auto_str count = xasprintf("%s_count", base);
	bool sum = is_summed(p, m);

	for (int i = 0; i < 2; i++) {
		if (sum) {
			buf_adds(&b, "sum");
			put_by(&b, p, m, "");
			buf_adds(&b, " (");
		}
		put_rate(&b, p, m, "rate", i == 0 ? m->name : count);
		if (sum)
			buf_adds(&b, ")");
		if (i == 0)
			buf_adds(&b, " / ");
	}
	add(p, m, base, "mean", &b);
}

static void
ask_quantile(struct plan *p, const struct causes_metric *m, const char *base)
{
	auto_buf b = {.max = EXPR_MAX};

	buf_adds(&b, "histogram_quantile(0.95, sum");
	put_by(&b, p, m, "le");
	buf_adds(&b, " (");
	put_rate(&b, p, m, "rate", m->name);
	buf_adds(&b, "))");
	add(p, m, base, "p95", &b);
}

/* fn(rate(name[range])), of all of a service where there are too many. */
static void
put_native(struct buf *b, const struct plan *p, const struct causes_metric *m,
    const char *fn)
{
	bool sum = is_summed(p, m);

	buf_adds(b, fn);
	if (sum) {
		buf_adds(b, "sum");
		put_by(b, p, m, "");
		buf_adds(b, " (");
	}
	put_rate(b, p, m, "rate", m->name);
	buf_adds(b, sum ? "))" : ")");
}

/* A native histogram, with exponential or custom buckets, is one series that
 * holds count, sum and buckets. */
static void
ask_native(struct plan *p, const struct causes_metric *m)
{
	auto_buf count = {.max = EXPR_MAX}, mean = {.max = EXPR_MAX},
		 quantile = {.max = EXPR_MAX};
	auto_str counted = xasprintf("%s_count", m->name);

	put_native(&count, p, m, "histogram_count(");
	add(p, m, counted, "rate", &count);
	put_native(&mean, p, m, "histogram_sum(");
	buf_adds(&mean, " / ");
	put_native(&mean, p, m, "histogram_count(");
	add(p, m, m->name, "mean", &mean);
	buf_adds(&quantile, "histogram_quantile(0.95, sum");
	put_by(&quantile, p, m, "");
	buf_adds(&quantile, " (");
	put_rate(&quantile, p, m, "rate", m->name);
	buf_adds(&quantile, "))");
	add(p, m, m->name, "p95", &quantile);
}

static void
flush_group(struct plan *p)
{
	auto_buf b = {.max = EXPR_MAX}, matchers = {.max = EXPR_MAX};

	if (p->group_names == 0)
		return;
	buf_adds(&b, "{__name__=~");
	prom_put_quoted(&b, buf_span(&p->group));
	put_matchers(&matchers, p, p->group_matcher);
	buf_addf(&b, "%s%s}", matchers.len > 0 ? "," : "", buf_str(&matchers));
	buf_mark(&b, &matchers);
	add(p, NULL, NULL, "", &b);
	buf_reset(&p->group);
	p->group_names = p->group_series = 0;
	p->group_decisive = false;
}

void
causes_put_literal(struct buf *b, const char *name)
{
	for (; *name != '\0'; name++) {
		if (strchr("\\.+*?()|[]{}^$", *name) != NULL)
			buf_addc(b, '\\');
		buf_addc(b, *name);
	}
}

static void
ask_gauge(struct plan *p, const struct causes_metric *m)
{
	auto_buf b = {.max = EXPR_MAX};
	enum causes_kind k = causes_kind_of(m->name);

	if (!is_summed(p, m)) {
		if (p->group_names == GROUP_NAMES ||
		    p->group_matcher != m->matcher ||
		    p->group_series + m->count > GROUP_SERIES)
			flush_group(p);
		p->group_matcher = m->matcher;
		buf_adds(&p->group, p->group_names++ > 0 ? "|" : "");
		causes_put_literal(&p->group, m->name);
		p->group_series += MAX(m->count, (size_t)1);
		p->group_decisive |= is_decisive(m->name);
		return;
	}
	buf_adds(&b, k == CAUSES_LATENCY || k == CAUSES_AVAIL ? "avg" : "sum");
	put_by(&b, p, m, "");
	buf_adds(&b, " (");
	put_selector(&b, p, m, m->name);
	buf_adds(&b, ")");
	add(p, m, m->name, "", &b);
}

/* ---- which of them ---- */

/* The name without tail, or NULL when it has another; caller's. */
static char *
base_of(const char *name, const char *tail)
{
	return ends(name, tail) ? xstrndup(name, strlen(name) - strlen(tail))
				: NULL;
}

static bool
has(const struct plan *p, const char *base, const char *tail)
{
	auto_str name = xasprintf("%s%s", base, tail);

	return find(p, name) != NULL;
}

static void
ask_metric(struct plan *p, const struct causes_metric *m)
{
	auto_str bucket = base_of(m->name, "_bucket");
	auto_str sum = base_of(m->name, "_sum");
	auto_str count = base_of(m->name, "_count");

	if (ends(m->name, "start_time_seconds"))
		ask_rate(p, m, "changes", "changes");
	else if (m->type == CAUSES_TYPE_HISTOGRAM && bucket == NULL &&
		 sum == NULL && count == NULL)
		ask_native(p, m);
	else if (bucket != NULL)
		ask_quantile(p, m, bucket);
	else if (sum != NULL && has(p, sum, "_count"))
		ask_mean(p, m, sum);
	else if (m->type == CAUSES_TYPE_COUNTER || ends(m->name, "_total") ||
		 (count != NULL && m->type != CAUSES_TYPE_GAUGE))
		ask_rate(p, m, "rate", "rate");
	else
		ask_gauge(p, m);
}

bool
causes_is_odd_label(const char *name)
{
	if (prom_is_label_name(name))
		return false;
	for (size_t i = 0; kept_labels[i] != NULL; i++)
		if (causes_same_name(name, kept_labels[i]))
			return true;
	for (size_t i = 0; i < causes_npairs; i++)
		if (causes_same_name(name, causes_pairs[i].client) ||
		    causes_same_name(name, causes_pairs[i].server))
			return true;
	for (size_t i = 0; causes_service_labels[i] != NULL; i++)
		if (causes_same_name(name, causes_service_labels[i]))
			return true;
	return false;
}

struct causes_asks
causes_plan(const struct causes_metric *metrics, size_t n, const char *scope,
    const char *odd, unsigned rate_s, size_t metric_max)
{
	struct plan p = {.metrics = metrics,
	    .n = n,
	    .scope = scope,
	    .odd = odd,
	    .rate_s = rate_s,
	    .metric_max = metric_max};

	buf_init(&p.group, EXPR_MAX);
	for (size_t i = 0; i < n; i++)
		if (metrics[i].chosen)
			ask_metric(&p, &metrics[i]);
	flush_group(&p);
	buf_done(&p.group);
	return p.asks;
}
