/*
 * test_servers.c - the client against the real servers that can be had: every
 * question, long ones, wrong ones; and native histograms and names of UTF-8,
 * as agents send them.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "executor/causes/causes_fetch.h"
#include "executor/prom/prom.h"
#include "executor/tools/tool_causes.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/remote_write.h"
#include "tests/harness/servers.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

struct got {
	struct prom_outcome outcome;
	int series, samples;
	double last;
	struct buf text; /* strings and items */
};

static enum rc
on_series(
    void *arg, const struct prom_labels *labels UNUSED, struct err *err UNUSED)
{
	((struct got *)arg)->series++;
	return RC_OK;
}

static enum rc
on_sample(void *arg, double t_s UNUSED, double v, struct err *err UNUSED)
{
	struct got *g = arg;

	g->samples++;
	g->last = v;
	return RC_OK;
}

static enum rc
on_item(void *arg, cJSON *item, struct err *err UNUSED)
{
	struct got *g = arg;

	json_print(&g->text, item);
	cJSON_Delete(item);
	return RC_OK;
}

static const struct prom_sink sink = {
    .series = on_series, .sample = on_sample, .item = on_item};

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	((struct got *)arg)->outcome = *outcome;
}

static struct got
ask(const char *url, struct prom_ask question)
{
	struct prom_conf conf = {.url = url, .timeout_ms = AWAIT_MS};
	struct got g = {.text = {.max = 1 << 20}};
	struct prom_job job = {.ask = question,
	    .reader = {.sink = &sink, .done = on_done, .arg = &g}};

	ck_assert(prom_run(&conf, &job, 1, 1, NULL) == RC_OK);
	return g;
}

static bool
answers(void *arg)
{
	struct got g = ask(arg,
	    (struct prom_ask){.what = PROM_INSTANT, .query = "shop_load"});

	return g.outcome.rc == RC_OK && g.series == 2;
}

/* Everything the server holds, up to now. */
static struct server *
start(enum server_kind kind, int64_t *ret_last_s)
{
	struct server *s;

	*ret_last_s = clk_wall_ms() / 1000 - SERVER_STEP_S;
	s = server_start(kind, *ret_last_s);
	ck_assert(await(answers, (void *)(uintptr_t)server_url(s), AWAIT_MS));
	return s;
}

START_TEST(every_question_is_answered_by_every_server)
{
	static const char *const matchers[] = {"shop_load", NULL};
	const char *lacks = server_lacks((enum server_kind)_i), *url;
	struct server *s;
	struct got g;
	int64_t last;

	if (lacks != NULL) {
		SKIP_TEST(lacks);
		return;
	}
	s = start((enum server_kind)_i, &last);
	url = server_url(s);

	g = ask(url,
	    (struct prom_ask){.what = PROM_INSTANT,
		.query = "shop_load{service=\"web\"}",
		.at_ms = last * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert(g.series == 1 && g.last == 2 * SERVER_SAMPLES);
	/* A real server tells its clock, which is ours. */
	ck_assert_int_lt(llabs(g.outcome.ahead_ms), 3000);

	g = ask(url,
	    (struct prom_ask){.what = PROM_RANGE,
		.query = "shop_load",
		.start_ms = (last - 20 * SERVER_STEP_S) * 1000,
		.end_ms = last * 1000,
		.step_ms = SERVER_STEP_S * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert(g.series == 2 && g.samples == 2 * 21);

	g = ask(url,
	    (struct prom_ask){.what = PROM_LABEL_VALUES,
		.label = "service",
		.matchers = matchers,
		.start_ms = (last - 600) * 1000,
		.end_ms = last * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert_str_eq(buf_str(&g.text), "\"cart\"\"web\"");
	buf_done(&g.text);

	g = ask(url,
	    (struct prom_ask){.what = PROM_LABEL_NAMES,
		.matchers = matchers,
		.start_ms = (last - 600) * 1000,
		.end_ms = last * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	assert_contains(buf_str(&g.text), "\"service\"");
	buf_done(&g.text);

	g = ask(url,
	    (struct prom_ask){.what = PROM_SERIES,
		.matchers = matchers,
		.start_ms = (last - 600) * 1000,
		.end_ms = last * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	assert_contains(buf_str(&g.text), "\"service\":\"web\"");
	buf_done(&g.text);

	g = ask(url, (struct prom_ask){.what = PROM_METADATA});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	buf_done(&g.text);
	server_free(s);
}
END_TEST

START_TEST(a_long_expression_reaches_every_server_whole)
{
	const char *lacks = server_lacks((enum server_kind)_i);
	auto_buf query = {.max = 64 << 10};
	struct server *s;
	struct got g;
	int64_t last;

	if (lacks != NULL) {
		SKIP_TEST(lacks);
		return;
	}
	buf_adds(&query, "shop_load{service=~\"web");
	while (query.len < 15000)
		buf_addf(&query, "|customer-%zu-production", query.len);
	buf_adds(&query, "|cart\"}");
	s = start((enum server_kind)_i, &last);
	g = ask(server_url(s),
	    (struct prom_ask){.what = PROM_INSTANT,
		.query = buf_str(&query),
		.at_ms = last * 1000});
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert_int_eq(g.series, 2);
	server_free(s);
}
END_TEST

START_TEST(a_wrong_expression_is_told_in_every_servers_words)
{
	const char *lacks = server_lacks((enum server_kind)_i);
	struct server *s;
	struct got g;
	int64_t last;

	if (lacks != NULL) {
		SKIP_TEST(lacks);
		return;
	}
	s = start((enum server_kind)_i, &last);
	g = ask(server_url(s),
	    (struct prom_ask){.what = PROM_INSTANT, .query = "sum(shop_load"});
	ck_assert_msg(g.outcome.rc == RC_INVALID, "%s: %s",
	    rc_name(g.outcome.rc), g.outcome.err.text);
	assert_contains(g.outcome.err.text,
	    _i == SERVER_VICTORIA ? "unparsed" : "parse error");
	assert_contains(g.outcome.advice, "Correct the query");
	server_free(s);
}
END_TEST

/* ---- native histograms and UTF-8 ---- */

enum { POINTS = 121, FAULT_AT = 100, PER_POINT = 150 };

/* cart becomes slow at FAULT_AT; web, which calls it, half of the time. */
static void
make_points(struct remote_point *p, int64_t last_ms, int slow_of_2)
{
	uint64_t fast = 0, slow = 0;
	int i;

	for (i = 0; i < POINTS; i++) {
		bool bad = i > FAULT_AT && slow_of_2 > 0;

		slow += bad ? (uint64_t)(PER_POINT * slow_of_2 / 2) : 0;
		fast += bad ? (uint64_t)(PER_POINT * (2 - slow_of_2) / 2)
			    : PER_POINT;
		p[i] = (struct remote_point){
		    last_ms - (POINTS - 1 - i) * INT64_C(15000), fast, slow};
	}
}

static const struct {
	const char *label;
	enum server_kind kind;
	const char *name, *service;
	bool custom;
} natives[] = {
    {"exponential buckets", SERVER_PROMETHEUS, "shop_request_duration_seconds",
	"service", false},
    {"the same in Prometheus 3", SERVER_PROMETHEUS_3,
	"shop_request_duration_seconds", "service", false},
    {"names of UTF-8", SERVER_PROMETHEUS_3, "shop.request.duration",
	"service.name", false},
    {"custom buckets", SERVER_PROMETHEUS_3, "shop.request.duration",
	"service.name", true},
};

static cJSON *
causes_of(const char *url, const char *service, int64_t alert_s)
{
	struct prom_conf conf = {.url = url, .timeout_ms = AWAIT_MS};
	struct causes_source source = causes_source_prom(&conf);
	static const struct causes_name_pair calls = {"web", "cart"};
	struct causes_limits limits = {.edges = &calls, .nedges = 1};
	auto_str text = xasprintf(
	    "{\"alert\":{\"name\":\"Slow\",\"labels\":{\"%s\":\"web\"},"
	    "\"startsAt\":%lld},\"at\":%lld}",
	    service, (long long)alert_s, (long long)alert_s + 250);
	auto_buf json = {.max = 1 << 20};
	AUTO(json) args = NULL;
	cJSON *result = NULL;
	struct err err = {0};

	ck_assert(json_parse(span_of(text), NULL, &args, &err) == RC_OK);
	ck_assert_msg(causes_run(args, &source, &limits, NULL, NULL, NULL,
			  &json, &err) == RC_OK,
	    "%s", err.text);
	ck_assert(json_parse(buf_span(&json), NULL, &result, &err) == RC_OK);
	return result;
}

START_TEST(native_histograms_are_compared_like_others)
{
	const char *lacks = server_lacks(natives[_i].kind);
	int64_t last_ms = clk_wall_ms() - 15000;
	struct remote_point cart[POINTS], web[POINTS], other[POINTS];
	struct remote_series series[3];
	struct prometheus_spec spec = {
	    .flag = "--enable-feature=native-histograms"};
	struct prometheus *p;
	AUTO(json) result = NULL;
	auto_buf text = {.max = 1 << 20};
	const cJSON *first;
	int i, status;

	if (lacks != NULL) {
		SKIP_TEST(lacks);
		return;
	}
	if (natives[_i].kind == SERVER_PROMETHEUS_3)
		spec.binary = getenv("PROMETHEUS_3");
	make_points(cart, last_ms, 2);
	make_points(web, last_ms, 1);
	make_points(other, last_ms, 0);
	for (i = 0; i < 3; i++)
		series[i] = (struct remote_series){.name = natives[_i].name,
		    .labels = {{natives[_i].service,
			i == 0   ? "cart"
			: i == 1 ? "web"
				 : "mail"}},
		    .points = i == 0 ? cart : i == 1 ? web : other,
		    .n = POINTS,
		    .custom = natives[_i].custom};
	p = prometheus_start(&spec);
	status = remote_write(prometheus_url(p), series, 3);
	ck_assert_msg(status / 100 == 2, "%s: %d", natives[_i].label, status);
	result = causes_of(prometheus_url(p), natives[_i].service,
	    cart[FAULT_AT + 4].t_ms / 1000);
	json_print(&text, result);
	first = cJSON_GetArrayItem(tree_at(result, "causes"), 0);
	ck_assert_msg(tree_is(first, "service", "cart"), "%s: %.3000s",
	    natives[_i].label, buf_str(&text));
	assert_contains(tree_str(first, "reason"), natives[_i].name);
	prometheus_free(p);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_question_is_answered_by_every_server, SERVER_KINDS},
	    {a_long_expression_reaches_every_server_whole, SERVER_KINDS},
	    {a_wrong_expression_is_told_in_every_servers_words, SERVER_KINDS},
	    {native_histograms_are_compared_like_others,
		(int)ARRAY_LEN(natives)},
	};

	return RUN_TESTS("servers", tests);
}
