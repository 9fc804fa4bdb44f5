/*
 * test_causes_fetch.c - what find_causes asks, and what it makes of answers,
 * refusals and silence. The source is a table of answers in this process.
 */
#include "common/json/json.h"
#include "executor/causes/causes_discover.h"
#include "executor/tools/tool_causes.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- plans ---- */

static struct causes_asks
plan_of(
    const char *const *names, const size_t *counts, size_t n, const char *scope)
{
	struct causes_metric *m = xcalloc(n, sizeof(*m));
	struct causes_asks asks;

	for (size_t i = 0; i < n; i++) {
		m[i].name = xstrdup(names[i]);
		m[i].count = counts != NULL ? counts[i] : 1;
	}
	causes_choose(m, n, 1000);
	asks = causes_plan(m, n, scope, "", 60, 100);
	for (size_t i = 0; i < n; i++)
		free(m[i].name);
	free(m);
	return asks;
}

static const struct {
	const char *label;
	const char *names[3];
	const char *scope, *expr, *metric, *form;
} plans[] = {
    {"a counter is a rate", {"x_errors_total"}, "", "rate(x_errors_total[60s])",
	"x_errors_total", "rate"},
    {"scope goes into the selector", {"x_errors_total"}, "ns=\"a\"",
	"rate(x_errors_total{ns=\"a\"}[60s])", "x_errors_total", "rate"},
    {"sum and count are a mean", {"x_seconds_count", "x_seconds_sum"}, "",
	"rate(x_seconds_sum[60s]) / rate(x_seconds_count[60s])", "x_seconds",
	"mean"},
    {"buckets are a quantile", {"x_seconds_bucket"}, "",
	"histogram_quantile(0.95, sum by (le,", "x_seconds", "p95"},
    {"a start time is its changes", {"process_start_time_seconds"}, "",
	"changes(process_start_time_seconds[60s])",
	"process_start_time_seconds", "changes"},
    {"gauges go together", {"a_cpu", "b_cpu"}, "ns=\"a\"",
	"{__name__=~\"a_cpu|b_cpu\",ns=\"a\"}", NULL, ""},
};

START_TEST(metrics_become_questions)
{
	size_t n = 0;
	struct causes_asks asks;
	bool found = false;

	while (n < 3 && plans[_i].names[n] != NULL)
		n++;
	asks = plan_of(plans[_i].names, NULL, n, plans[_i].scope);
	for (size_t i = 0; i < asks.n; i++) {
		const struct causes_ask *a = &asks.list[i];

		if (strncmp(a->expr, plans[_i].expr, strlen(plans[_i].expr)) !=
		    0)
			continue;
		found = true;
		ck_assert_str_eq(a->form, plans[_i].form);
		if (plans[_i].metric != NULL)
			ck_assert_str_eq(a->metric, plans[_i].metric);
		else
			ck_assert_ptr_null(a->metric);
	}
	ck_assert_msg(found, "%s: %s", plans[_i].label,
	    asks.n > 0 ? asks.list[0].expr : "(nothing asked)");
	causes_asks_done(&asks);
}
END_TEST

/* More than 100 of one metric are too many to look at one by one. */
static const struct {
	const char *names[2];
	size_t count;
	const char *begins, *holds;
} sums[] = {
    {{"x_errors_total"}, 100, "rate(x_errors_total[60s])", ""},
    {{"x_errors_total"}, 101, "sum by (service,",
	") (rate(x_errors_total[60s]))"},
    {{"x_seconds_count", "x_seconds_sum"}, 101, "sum by (service,",
	") (rate(x_seconds_sum[60s])) / sum by (service,"},
    {{"x_latency"}, 101, "avg by (service,", ") (x_latency)"},
    {{"x_cpu"}, 101, "sum by (service,", ") (x_cpu)"},
    {{"x_cpu"}, 100, "{__name__=~\"x_cpu\"}", ""},
};

START_TEST(a_metric_of_many_series_is_summed_per_service)
{
	size_t counts[] = {sums[_i].count, sums[_i].count};
	size_t n = sums[_i].names[1] != NULL ? 2 : 1;
	struct causes_asks asks = plan_of(sums[_i].names, counts, n, "");
	const char *expr = asks.list[asks.n - 1].expr;

	ck_assert_msg(
	    strncmp(expr, sums[_i].begins, strlen(sums[_i].begins)) == 0, "%s",
	    expr);
	assert_contains(expr, sums[_i].holds);
	ck_assert(asks.list[asks.n - 1].aggregated == (counts[0] > 100));
	causes_asks_done(&asks);
}
END_TEST

/* Gauges share a question: up to 20 names, and 400 series. */
START_TEST(gauges_share_questions_within_limits)
{
	static const size_t series[] = {10, 19, 21};
	static const size_t questions[] = {2, 2, 3};
	const char *names[40];
	size_t counts[40];
	struct causes_asks asks;

	for (size_t i = 0; i < 40; i++) {
		names[i] = xasprintf("a%02zu_cpu", i);
		counts[i] = series[_i];
	}
	asks = plan_of(names, counts, 40, "");
	ck_assert_uint_eq(asks.n, questions[_i]);
	ck_assert_uint_le(asks.list[0].series, 400);
	for (size_t i = 0; i < 40; i++)
		free((char *)(uintptr_t)names[i]);
	causes_asks_done(&asks);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_least_telling_first)
{
	const char *names[] = {"x_network_bytes", "x_cpu", "x_latency"};
	size_t counts[] = {400, 500, 400};
	struct causes_asks asks = plan_of(names, counts, 3, "");

	for (size_t i = 0; i < asks.n; i++)
		assert_lacks(asks.list[i].expr, "x_network_bytes");
	ck_assert_uint_eq(asks.n, 2);
	causes_asks_done(&asks);
}
END_TEST

START_TEST(names_that_are_not_plain_are_asked_for_in_quotes)
{
	const char *names[] = {"go_gc_cpu", "x_cpu\"} or vector(1)", "y.cpu"};
	struct causes_asks asks = plan_of(names, NULL, 3, "");

	ck_assert_uint_eq(asks.n, 1);
	ck_assert_str_eq(asks.list[0].expr,
	    "{__name__=~\"x_cpu\\\"\\\\} or vector\\\\(1\\\\)|y\\\\.cpu\"}");
	causes_asks_done(&asks);
}
END_TEST

static const struct {
	const char *names[2];
	enum causes_type type; /* of the first */
	size_t count;
	const char *odd;
	const char *exprs[3];
	const char *metrics[3], *forms[3];
} utf8[] = {
    {{"a.errors"}, CAUSES_TYPE_COUNTER, 1, "",
	{"rate({__name__=\"a.errors\",ns=\"n\"}[60s])"}, {"a.errors"},
	{"rate"}},
    {{"a.s_count", "a.s_sum"}, CAUSES_TYPE_UNKNOWN, 1, "",
	{"rate({__name__=\"a.s_count\",ns=\"n\"}[60s])",
	    "rate({__name__=\"a.s_sum\",ns=\"n\"}[60s]) / "
	    "rate({__name__=\"a.s_count\",ns=\"n\"}[60s])"},
	{"a.s_count", "a.s"}, {"rate", "mean"}},
    {{"a.s_bucket"}, CAUSES_TYPE_UNKNOWN, 1, "\"service.name\"",
	{",\"service.name\") (rate({__name__=\"a.s_bucket\",ns=\"n\"}"
	 "[60s])))"},
	{"a.s"}, {"p95"}},
    /* Native histograms, whatever their buckets. */
    {{"a_seconds"}, CAUSES_TYPE_HISTOGRAM, 1, "",
	{"histogram_count(rate(a_seconds{ns=\"n\"}[60s]))",
	    "histogram_sum(rate(a_seconds{ns=\"n\"}[60s])) / "
	    "histogram_count(rate(a_seconds{ns=\"n\"}[60s]))",
	    "histogram_quantile(0.95, sum by (service,"},
	{"a_seconds_count", "a_seconds", "a_seconds"},
	{"rate", "mean", "p95"}},
    {{"a.s"}, CAUSES_TYPE_HISTOGRAM, 101, "\"service.name\"",
	{"histogram_count(sum by (service,",
	    ",\"service.name\") (rate({__name__=\"a.s\",ns=\"n\"}[60s]))) / "
	    "histogram_count(sum by (",
	    "histogram_quantile(0.95, sum by (service,"},
	{"a.s_count", "a.s", "a.s"}, {"rate", "mean", "p95"}},
};

START_TEST(utf8_names_and_native_histograms_become_questions)
{
	struct causes_metric m[2] = {{0}};
	struct causes_asks asks;
	size_t n = 0, i;

	for (; n < 2 && utf8[_i].names[n] != NULL; n++)
		m[n] = (struct causes_metric){
		    .name = (char *)(uintptr_t)utf8[_i].names[n],
		    .type = n == 0 ? utf8[_i].type : CAUSES_TYPE_UNKNOWN,
		    .count = utf8[_i].count};
	causes_choose(m, n, 1000);
	asks = causes_plan(m, n, "ns=\"n\"", utf8[_i].odd, 60, 100);
	for (i = 0; i < 3 && utf8[_i].exprs[i] != NULL; i++) {
		ck_assert_uint_lt(i, asks.n);
		assert_contains(asks.list[i].expr, utf8[_i].exprs[i]);
		ck_assert_str_eq(asks.list[i].metric, utf8[_i].metrics[i]);
		ck_assert_str_eq(asks.list[i].form, utf8[_i].forms[i]);
	}
	ck_assert_uint_eq(asks.n, i);
	causes_asks_done(&asks);
}
END_TEST

static const struct {
	const char *label;
	bool odd;
} odd_labels[] = {
    {"service.name", true},
    {"k8s.pod.name", true},
    {"k8s.deployment.name", true},
    {"host.name", true},
    {"status/code", true},
    {"source-workload", true},
    {"service_name", false}, /* plain: asked for anyway */
    {"http.route", false},   /* tells neither whose nor which */
    {"", false},
};

START_TEST(labels_of_utf8_that_tell_whose_it_is_are_known)
{
	ck_assert(causes_is_odd_label(odd_labels[_i].label) ==
		  odd_labels[_i].odd);
}
END_TEST

/* ---- a source ---- */

#define ALERT 1700000000.0
enum { STEP = 60 };

struct source {
	enum { WELL, REFUSES, EMPTY, HALF, NO_RANGES, CANCELS } mode;
	bool no_edges;        /* nor is web known to call cart */
	const char *refuses;  /* ranges of this metric; NULL: none */
	const char *warnings; /* with every range; NULL: none */
	size_t metrics;       /* besides app_cpu: m0, m1 … */
	size_t count;         /* of series of app_cpu; 0: 2 */
	size_t label_n;   /* bytes of a label that hardly fits; 0: has none */
	const char *meta; /* its metadata: a list as JSON; NULL: none */
	size_t asked;
	int64_t step_ms, points; /* of the last range but histories */
	char scope_seen[256];
	struct buf *queries; /* where those for ranges go; NULL: nowhere */
};

/* Labels that take 8,023 bytes with what is before them, and one of label_n.
 */
static void
add_long_labels(struct prom_labels *l, size_t label_n, const char *text)
{
	l->list[l->n++] =
	    (struct prom_label){span_of("a"), span_make(text, 4000)};
	l->list[l->n++] =
	    (struct prom_label){span_of("b"), span_make(text, 4000)};
	l->list[l->n++] = (struct prom_label){span_of("d"), span_of("1")};
	l->list[l->n++] =
	    (struct prom_label){span_of("c"), span_make(text, label_n)};
}

static enum rc
series_to(const struct source *s, const struct prom_reader *r,
    const char *service, bool broken, const struct prom_ask *ask)
{
	struct prom_labels l = {.n = 2,
	    .list = {{span_of("__name__"), span_of("app_cpu")},
		{span_of("service"), span_of(service)}}};
	char text[4000];
	struct err err;
	enum rc rc;
	int i = 0;

	memset(text, 'x', sizeof(text));
	if (s->label_n > 0)
		add_long_labels(&l, s->label_n, text);
	rc = r->sink->series(r->arg, &l, &err);
	for (double t = (double)ask->start_ms / 1000;
	     rc == RC_OK && t <= (double)ask->end_ms / 1000;
	     t += (double)ask->step_ms / 1000, i++)
		rc = r->sink->sample(r->arg, t,
		    (broken && t >= ALERT - 120 ? 9 : 1) + 0.01 * (i % 5),
		    &err);
	return rc;
}

static enum rc
give_names(const struct source *s, const struct prom_reader *r, struct err *err)
{
	enum rc rc = r->sink->item(r->arg, cJSON_CreateString("app_cpu"), err);

	if (rc == RC_OK && s->refuses != NULL)
		rc = r->sink->item(r->arg, cJSON_CreateString(s->refuses), err);
	for (size_t i = 0; rc == RC_OK && i < s->metrics; i++) {
		auto_str name = xasprintf("m%zu", i);

		rc = r->sink->item(r->arg, cJSON_CreateString(name), err);
	}
	return rc;
}

static enum rc
give_metadata(
    const struct source *s, const struct prom_reader *r, struct err *err)
{
	AUTO(json) list = NULL;
	enum rc rc = RC_OK;
	const cJSON *one;

	ck_assert(json_parse(span_of(s->meta), NULL, &list, err) == RC_OK);
	cJSON_ArrayForEach (one, list)
		if (rc == RC_OK)
			rc = r->sink->item(
			    r->arg, cJSON_Duplicate(one, true), err);
	return rc;
}

static void
give(struct source *s, const struct prom_job *job)
{
	const struct prom_reader *r = &job->reader;
	struct prom_labels name = {
	    .n = 1, .list = {{span_of("__name__"), span_of("app_cpu")}}};
	struct prom_outcome o = {.rc = RC_OK, .warnings = ""};
	struct err err;

	if (s->mode == REFUSES ||
	    (s->mode == HALF && job->ask.what == PROM_METADATA) ||
	    (s->mode == NO_RANGES && job->ask.what == PROM_RANGE) ||
	    (s->refuses != NULL && job->ask.what == PROM_RANGE &&
		strstr(job->ask.query, s->refuses) != NULL))
		o.rc = err_set(&o.err, RC_UPSTREAM, "go away");
	else if (job->ask.what == PROM_LABEL_VALUES && s->mode != EMPTY)
		o.rc = give_names(s, r, &err);
	else if (job->ask.what == PROM_METADATA && s->meta != NULL)
		o.rc = give_metadata(s, r, &err);
	else if (job->ask.what == PROM_INSTANT && s->mode != EMPTY) {
		o.rc = r->sink->series(r->arg, &name, &err);
		for (int i = 0; i < 10 && o.rc == RC_OK; i++)
			o.rc = r->sink->sample(r->arg, ALERT - 600 + i * STEP,
			    s->count > 0 ? (double)s->count : 2, &err);
	} else if (job->ask.what == PROM_RANGE && job->ask.step_ms < 3600000) {
		snprintf(
		    s->scope_seen, sizeof(s->scope_seen), "%s", job->ask.query);
		s->step_ms = job->ask.step_ms;
		s->points =
		    (job->ask.end_ms - job->ask.start_ms) / job->ask.step_ms +
		    1;
		if (s->queries != NULL)
			buf_addf(s->queries, "%s\n", job->ask.query);
		o.rc = series_to(s, r, "cart", true, &job->ask);
		if (o.rc == RC_OK)
			o.rc = series_to(s, r, "web", false, &job->ask);
	}
	if (s->warnings != NULL && job->ask.what == PROM_RANGE)
		o.warnings = s->warnings;
	r->done(r->arg, &o);
}

static enum rc
source_run(void *ctx, const struct prom_job *jobs, size_t n, unsigned parallel,
    const atomic_bool *cancelled)
{
	struct source *s = ctx;

	(void)cancelled;
	ck_assert_uint_gt(parallel, 0);
	s->asked += n;
	if (s->mode == CANCELS && s->asked > 2)
		return RC_CANCELLED;
	for (size_t i = 0; i < n; i++)
		give(s, &jobs[i]);
	return RC_OK;
}

static enum rc
ask(struct source *s, const char *args_text, cJSON **ret, struct err *err)
{
	struct causes_source src = {source_run, s};
	static const struct causes_name_pair calls = {"web", "cart"};
	struct causes_limits limits = {
	    .edges = &calls, .nedges = s->no_edges ? 0 : 1};
	auto_buf json = {.max = 1 << 20};
	AUTO(json) args = NULL;
	enum rc rc;

	ck_assert(json_parse(span_of(args_text), NULL, &args, err) == RC_OK);
	rc = causes_run(args, &src, &limits, NULL, NULL, NULL, &json, err);
	if (rc == RC_OK)
		ck_assert(json_parse(buf_span(&json), NULL, ret, err) == RC_OK);
	return rc;
}

#define ALERT_ARGS                                                             \
	"\"alert\":{\"name\":\"Slow\",\"labels\":{\"service\":\"web\"},"       \
	"\"startsAt\":1700000000},\"at\":1700000300"

START_TEST(the_whole_way_from_alert_to_cause)
{
	struct source s = {.mode = WELL};
	AUTO(json) result = NULL;
	struct err err;
	const cJSON *cause, *plot, *onset;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	ck_assert_str_eq(json_str(result, "confidence"), "likely");
	cause = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "causes"), 0);
	ck_assert_str_eq(json_str(cause, "service"), "cart");
	assert_contains(json_str(cause, "reason"), "app_cpu rose from 1");
	onset = cJSON_GetObjectItem(result, "onset");
	ck_assert_double_eq_tol(onset->valuedouble, ALERT - 120, STEP);
	plot = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "plot"), 0);
	ck_assert_int_gt(
	    cJSON_GetArraySize(cJSON_GetObjectItem(plot, "points")), 100);
	ck_assert(
	    cJSON_HasObjectItem(cJSON_GetObjectItem(plot, "band"), "low"));
}
END_TEST

START_TEST(times_may_be_text)
{
	struct source s = {.mode = WELL};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s,
		      "{\"alert\":{\"name\":\"Slow\",\"labels\":{"
		      "\"app\":\"web\"},\"startsAt\":"
		      "\"2023-11-14T22:13:20Z\"},\"at\":"
		      "\"2023-11-14T22:18:20Z\",\"window\":\"1h\"}",
		      &result, &err) == RC_OK);
	ck_assert_str_eq(json_str(result, "confidence"), "likely");
}
END_TEST

/* ---- likely, or only suspected ---- */

#define SLOW(labels)                                                           \
	"{\"alert\":{\"name\":\"Slow\",\"labels\":{" labels                    \
	"},\"startsAt\":1700000000},\"at\":1700000300}"

static const struct {
	const char *label;
	struct source s;
	const char *args, *confidence, *missing; /* missing: of its list */
} answers[] = {
    {"whole, and linked", {.mode = WELL}, SLOW("\"service\":\"web\""), "likely",
	""},
    {"whose alert it is, another label tells", {.mode = WELL},
	SLOW("\"sloth_service\":\"web\",\"sloth_id\":\"web-latency\""),
	"likely", ""},
    {"a place is nobody", {.mode = WELL}, SLOW("\"namespace\":\"web\""),
	"suspected", "entity"},
    {"no labels at all", {.mode = WELL}, SLOW(""), "suspected", "entity"},
    {"no dependencies", {.no_edges = true}, SLOW("\"service\":\"web\""),
	"suspected", "path"},
    {"errors refused", {.refuses = "x_errors_total"},
	SLOW("\"service\":\"web\""), "suspected", "queries"},
    {"requests, whose codes are errors, refused",
	{.refuses = "x_requests_total"}, SLOW("\"service\":\"web\""),
	"suspected", "queries"},
    {"what does not decide refused", {.refuses = "x_sockets_total"},
	SLOW("\"service\":\"web\""), "likely", ""},
    {"answered in part", {.warnings = "store b: deadline exceeded"},
	SLOW("\"service\":\"web\""), "suspected", "queries"},
    {"remarked upon", {.warnings = "PromQL info: metric might be no counter"},
	SLOW("\"service\":\"web\""), "likely", ""},
    {"both", {.warnings = "PromQL info: x\nstore b: deadline exceeded"},
	SLOW("\"service\":\"web\""), "suspected", "queries"},
};

START_TEST(a_suspect_is_likely_only_where_nothing_is_missing)
{
	struct source s = answers[_i].s;
	const char *label = answers[_i].label;
	AUTO(json) result = NULL;
	const cJSON *missing;
	struct err err;

	ck_assert_msg(
	    ask(&s, answers[_i].args, &result, &err) == RC_OK, "%s", err.text);
	ck_assert_msg(
	    strcmp(json_str(result, "confidence"), answers[_i].confidence) == 0,
	    "%s: %s", label, json_str(result, "confidence"));
	missing = cJSON_GetObjectItem(result, "missing");
	ck_assert_int_eq(
	    cJSON_GetArraySize(missing), answers[_i].missing[0] != '\0');
	if (answers[_i].missing[0] == '\0')
		return;
	ck_assert_str_eq(json_str(cJSON_GetArrayItem(missing, 0), "what"),
	    answers[_i].missing);
	assert_contains(
	    json_str(result, "verdict"), "Suspected, not shown: cart");
}
END_TEST

START_TEST(a_warning_of_many_answers_is_told_once)
{
	struct source s = {
	    .refuses = "x_errors_total", .metrics = 60, .warnings = "store b"};
	AUTO(json) result = NULL;
	const cJSON *one;
	struct err err;
	int told = 0;

	ck_assert(ask(&s, SLOW("\"service\":\"web\""), &result, &err) == RC_OK);
	ck_assert_uint_gt(s.asked, 6);
	cJSON_ArrayForEach (one, cJSON_GetObjectItem(result, "not_looked_at"))
		told += strcmp(json_str(one, "why"), "store b") == 0;
	ck_assert_int_eq(told, 1);
}
END_TEST

START_TEST(scope_reaches_the_questions_quoted)
{
	struct source s = {.mode = WELL};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(
	    ask(&s,
		"{" ALERT_ARGS ",\"scope\":{\"ns\":\"a\\\"} or vector(1)\"}}",
		&result, &err) == RC_OK);
	assert_contains(s.scope_seen, "ns=\"a\\\"} or vector(1)\"");
}
END_TEST

START_TEST(a_scope_label_that_is_no_name_is_refused)
{
	struct source s = {.mode = WELL};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS ",\"scope\":{\"a}or{\":\"b\"}}",
		      &result, &err) == RC_INVALID);
	assert_contains(err.text, "scope");
	ck_assert_uint_eq(s.asked, 0);
}
END_TEST

START_TEST(missing_metadata_costs_nothing)
{
	struct source s = {.mode = HALF};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	ck_assert_str_eq(json_str(result, "confidence"), "likely");
}
END_TEST

/* By its name none of these is a counter; metadata may say otherwise, and may
 * be of any form. */
START_TEST(metadata_tells_the_type_where_it_has_one)
{
	auto_buf queries = {.max = 1 << 16};
	struct source s = {.mode = WELL,
	    .queries = &queries,
	    .metrics = 3,
	    .meta = "[{\"metric\":\"m0\"},{\"metric\":\"m1\",\"type\":5},"
		    "{\"type\":\"counter\"},7,{\"metric\":\"m2\","
		    "\"type\":\"counter\",\"help\":\"\"},"
		    "{\"metric\":\"gone\",\"type\":\"counter\"}]"};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	assert_contains(buf_str(&queries), "{__name__=~\"app_cpu|m0|m1\"}");
	assert_contains(buf_str(&queries), "rate(m2[");
}
END_TEST

START_TEST(metrics_that_are_too_many_are_said_not_to_be_looked_at)
{
	struct source s = {.mode = WELL, .metrics = CAUSES_METRICS_MAX + 4};
	AUTO(json) result = NULL;
	const cJSON *first;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	first =
	    cJSON_GetArrayItem(cJSON_GetObjectItem(result, "not_looked_at"), 0);
	ck_assert_str_eq(json_str(first, "what"), "5 metrics");
	assert_contains(json_str(first, "why"), "more than the 20000 names");
	/* As many as there may be are all looked at. */
	s.metrics = CAUSES_METRICS_MAX - 1;
	cJSON_Delete(TAKE(result));
	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	first =
	    cJSON_GetArrayItem(cJSON_GetObjectItem(result, "not_looked_at"), 0);
	ck_assert_msg(first == NULL || strstr(json_str(first, "why"),
					   "names looked at") == NULL,
	    "%s: %s", json_str(first, "what"), json_str(first, "why"));
}
END_TEST

static const struct {
	int mode;
	size_t count;
	const char *what, *why;
} skips[] = {
    {WELL, 1001, "app_cpu", "its many series were summed per service"},
    {WELL, 10001, "app_cpu", "does not fit the budget of series"},
    {NO_RANGES, 2, "{__name__=~\"app_cpu\"}", "go away"},
};

START_TEST(what_was_not_looked_at_is_told_and_why)
{
	struct source s = {.mode = skips[_i].mode, .count = skips[_i].count};
	AUTO(json) result = NULL;
	const cJSON *first;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	first =
	    cJSON_GetArrayItem(cJSON_GetObjectItem(result, "not_looked_at"), 0);
	ck_assert_str_eq(json_str(first, "what"), skips[_i].what);
	ck_assert_str_eq(json_str(first, "why"), skips[_i].why);
}
END_TEST

/* Sampled every minute, and never more than 400 points. */
static const struct {
	const char *window;
	int64_t step_s, points;
} windows[] = {
    {"1h", 60, 66},
    {"6h", 60, 366},
    {"1d", 300, 290},
    {"7d", 1800, 337},
};

START_TEST(a_window_is_looked_at_in_steps_that_fit)
{
	struct source s = {.mode = WELL};
	auto_str args =
	    xasprintf("{" ALERT_ARGS ",\"window\":\"%s\"}", windows[_i].window);
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, args, &result, &err) == RC_OK);
	ck_assert_int_eq(s.step_ms, windows[_i].step_s * 1000);
	ck_assert_int_ge(s.points, windows[_i].points);
	ck_assert_int_le(s.points, windows[_i].points + 2);
}
END_TEST

/* There is room for 8 KiB of labels; what does not fit is left out. */
static const struct {
	size_t n;
	bool kept;
} lengths[] = {{166, true}, {167, false}, {3000, false}};

START_TEST(labels_that_are_too_long_are_left_out)
{
	struct source s = {.mode = WELL, .label_n = lengths[_i].n};
	AUTO(json) result = NULL;
	const cJSON *labels;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	labels = cJSON_GetObjectItem(
	    cJSON_GetArrayItem(cJSON_GetObjectItem(result, "series"), 0),
	    "labels");
	ck_assert_str_eq(json_str(labels, "d"), "1");
	ck_assert((json_str(labels, "c") != NULL) == lengths[_i].kept);
}
END_TEST

START_TEST(a_source_that_refuses_is_an_error_in_its_words)
{
	struct source s = {.mode = REFUSES};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_UPSTREAM);
	assert_contains(err.text, "go away");
}
END_TEST

START_TEST(no_series_is_no_cause)
{
	struct source s = {.mode = EMPTY};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_OK);
	ck_assert_str_eq(json_str(result, "confidence"), "undetermined");
	assert_contains(json_str(result, "verdict"), "No clear cause");
}
END_TEST

START_TEST(calling_off_ends_it)
{
	struct source s = {.mode = CANCELS};
	AUTO(json) result = NULL;
	struct err err;

	ck_assert(ask(&s, "{" ALERT_ARGS "}", &result, &err) == RC_CANCELLED);
	ck_assert_uint_le(s.asked, 3);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {metrics_become_questions, ARRAY_LEN(plans)},
	    {a_metric_of_many_series_is_summed_per_service, ARRAY_LEN(sums)},
	    {gauges_share_questions_within_limits, 3},
	    {what_does_not_fit_is_left_out_least_telling_first, 0},
	    {names_that_are_not_plain_are_asked_for_in_quotes, 0},
	    {utf8_names_and_native_histograms_become_questions,
		(int)ARRAY_LEN(utf8)},
	    {labels_of_utf8_that_tell_whose_it_is_are_known,
		(int)ARRAY_LEN(odd_labels)},
	    {the_whole_way_from_alert_to_cause, 0},
	    {times_may_be_text, 0},
	    {a_suspect_is_likely_only_where_nothing_is_missing,
		ARRAY_LEN(answers)},
	    {a_warning_of_many_answers_is_told_once, 0},
	    {scope_reaches_the_questions_quoted, 0},
	    {a_scope_label_that_is_no_name_is_refused, 0},
	    {missing_metadata_costs_nothing, 0},
	    {metadata_tells_the_type_where_it_has_one, 0},
	    {metrics_that_are_too_many_are_said_not_to_be_looked_at, 0},
	    {what_was_not_looked_at_is_told_and_why, ARRAY_LEN(skips)},
	    {a_window_is_looked_at_in_steps_that_fit, ARRAY_LEN(windows)},
	    {labels_that_are_too_long_are_left_out, ARRAY_LEN(lengths)},
	    {a_source_that_refuses_is_an_error_in_its_words, 0},
	    {no_series_is_no_cause, 0},
	    {calling_off_ends_it, 0},
	};

	return RUN_TESTS("causes_fetch", tests);
}
