/*
 * test_storm.c - thousands of alerts, several investigations of them at once,
 * and what everybody else notices: nothing. tests/bench/storm has this at full
 * size, with the limits of a build as it is deployed.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RUNS_MAX = 6,
	ASK_EVERY_MS = 5,
	ASKS_MAX = 20000,
	RULES = 20,
	P99_MS = 50,
	REPORT_MS = 2000,
	LISTED_MAX = 2000, /* instances in a report */
};

static bool
is_long(void)
{
	return getenv("CULPRIT_FAULT_LONG") != NULL;
}

/* ---- a Prometheus in which much fires ---- */

struct world {
	struct buf alerts, rules;
	struct stub_route routes[6];
	struct stub_http *stub;
};

#define OK(data) "{\"status\":\"success\",\"data\":" data "}"

static void
put_alert(struct buf *b, int i, int bytes)
{
	buf_addf(b,
	    "%s{\"labels\":{\"alertname\":\"PodDown%d\",\"namespace\":\"ns%d\","
	    "\"pod\":\"web-%d\",\"severity\":\"%s\"",
	    i > 0 ? "," : "", i % RULES, i % 50, i,
	    i % 2 == 0 ? "critical" : "warning");
	if (bytes > 300)
		buf_addf(b, ",\"note\":\"%0*d\"", bytes - 300, i);
	buf_addf(b,
	    "},\"annotations\":{\"summary\":\"web-%d was restarted %d times\","
	    "\"description\":\"see the log of ns%d/web-%d\"},\"state\":"
	    "\"firing\",\"activeAt\":\"2025-11-23T09:50:00Z\",\"value\":"
	    "\"%d\"}",
	    i, i % 7, i % 50, i, i % 97);
}

static void
world_open(struct world *w, int alerts, int bytes)
{
	int i;

	buf_init(&w->alerts, 64 << 20);
	buf_init(&w->rules, 1 << 20);
	buf_adds(&w->alerts, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < alerts; i++)
		put_alert(&w->alerts, i, bytes);
	buf_adds(&w->alerts, "]}}");
	buf_adds(&w->rules,
	    "{\"status\":\"success\",\"data\":{\"groups\":[{\"name\":\"g\","
	    "\"file\":\"f\",\"rules\":[");
	for (i = 0; i < RULES; i++)
		buf_addf(&w->rules,
		    "%s{\"name\":\"PodDown%d\",\"query\":\"restarts > %d * 2\","
		    "\"type\":\"alerting\",\"health\":\"ok\",\"state\":"
		    "\"firing\",\"labels\":{},\"alerts\":[]}",
		    i > 0 ? "," : "", i, i);
	buf_adds(&w->rules, "]}]}}");
	w->routes[0] = (struct stub_route){
	    "/api/v1/alerts", 200, NULL, buf_str(&w->alerts)};
	w->routes[1] =
	    (struct stub_route){"/api/v1/rules", 200, NULL, buf_str(&w->rules)};
	w->routes[2] = (struct stub_route){"/api/v1/targets", 200, NULL,
	    OK("{\"activeTargets\":[{\"labels\":{\"job\":\"a\",\"instance\":"
	       "\"b:1\"},\"health\":\"up\",\"lastError\":\"\"}]}")};
	w->routes[3] = (struct stub_route){"/api/v1/query", 200, NULL,
	    OK("{\"resultType\":\"matrix\",\"result\":[]}")};
	w->routes[4] = (struct stub_route){"/api/v1/", 200, NULL, OK("[]")};
	w->routes[5] = (struct stub_route){0};
	w->stub = stub_http_new(stub_routes, w->routes);
}

static void
world_close(struct world *w)
{
	stub_http_free(w->stub);
	buf_done(&w->alerts);
	buf_done(&w->rules);
}

/* ---- somebody else ---- */

struct other {
	char *url;
	atomic_bool stop;
	pthread_t thread;
	double *ms;
	int asked, refused;
};

static void *
other_main(void *arg)
{
	struct other *o = arg;

	while (!atomic_load(&o->stop) && o->asked < ASKS_MAX) {
		int64_t from = clk_mono_us();
		struct answer *a = ask(NULL, o->url, NULL, NULL);

		o->ms[o->asked++] = (double)(clk_mono_us() - from) / 1000;
		o->refused += a->status != 200;
		answer_free(a);
		poll(NULL, 0, ASK_EVERY_MS);
	}
	return NULL;
}

static void
other_start(struct other *o, struct house *h)
{
	*o = (struct other){.url = house_url(h, "/api/investigations?limit=5")};
	o->ms = xcalloc(ASKS_MAX, sizeof(*o->ms));
	ck_assert_int_eq(pthread_create(&o->thread, NULL, other_main, o), 0);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
other_end(struct other *o, const char *what)
{
	int n;

	atomic_store(&o->stop, true);
	pthread_join(o->thread, NULL);
	n = o->asked;
	ck_assert_int_gt(n, 0);
	qsort(o->ms, (size_t)n, sizeof(*o->ms), by_size);
	printf("%s: others' requests: %d, %d refused, p50 %.1f ms, p99 %.1f "
	       "ms, %.1f ms at most\n",
	    what, n, o->refused, o->ms[n / 2], o->ms[n * 99 / 100],
	    o->ms[n - 1]);
	ck_assert_int_eq(o->refused, 0);
	if (is_long())
		ck_assert_double_le(o->ms[n * 99 / 100], P99_MS);
	free(o->ms);
	free(o->url);
}

/* ---- investigations ---- */

struct inquiry {
	struct house *h;
	pthread_t thread;
	long status;
	cJSON *outcome;
	int64_t ms;
};

static void *
inquire(void *arg)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	struct inquiry *q = arg;
	auto_str url = house_url(q->h, "/api/ai_ops");
	int64_t from = clk_mono_ms();
	struct answer *a = ask(NULL, url, headers, "{\"language\":\"en\"}");

	q->ms = clk_mono_ms() - from;
	q->status = a->status;
	q->outcome = cJSON_Parse(a->body);
	answer_free(a);
	return NULL;
}

static void
check_inquiry(const struct inquiry *q, const char *what)
{
	printf("%s: a report after %lld ms\n", what, (long long)q->ms);
	ck_assert_int_eq(q->status, 200);
	ck_assert_msg(tree_is(q->outcome, "status", "completed"), "%s: %s",
	    tree_str(q->outcome, "status"), tree_str(q->outcome, "reason"));
	ck_assert_msg(
	    cJSON_IsTrue(tree_at(tree_at(q->outcome, "verdict"), "ok")), "%s",
	    tree_str(q->outcome, "report"));
	if (is_long())
		ck_assert_int_le(q->ms, REPORT_MS);
}

/* All at once; the report of the first, the caller's. */
static char *
inquire_all(struct house *h, int n, const char *what)
{
	struct inquiry q[RUNS_MAX];
	struct other o;
	char *report;
	int i;

	other_start(&o, h);
	for (i = 0; i < n; i++) {
		q[i] = (struct inquiry){.h = h};
		ck_assert_int_eq(
		    pthread_create(&q[i].thread, NULL, inquire, &q[i]), 0);
	}
	for (i = 0; i < n; i++)
		pthread_join(q[i].thread, NULL);
	other_end(&o, what);
	for (i = 0; i < n; i++)
		check_inquiry(&q[i], what);
	report = xstrdup(tree_str(q[0].outcome, "report"));
	for (i = 0; i < n; i++)
		cJSON_Delete(q[i].outcome);
	return report;
}

static const struct {
	const char *what;
	int runs, alerts, bytes;
	int runs_long, alerts_long, bytes_long;
} storms[] = {
    {"many alerts", 2, 2500, 0, 6, 9000, 0},
    {"large alerts", 1, 300, 2000, 1, 1800, 2000},
    {"more than evidence holds", 1, 2500, 1800, 3, 9000, 1000},
};

START_TEST(a_storm_is_reported_whole_and_holds_up_nobody)
{
	int runs = is_long() ? storms[_i].runs_long : storms[_i].runs;
	int alerts = is_long() ? storms[_i].alerts_long : storms[_i].alerts;
	int bytes = is_long() ? storms[_i].bytes_long : storms[_i].bytes;
	auto_str number = xasprintf("firing: %d [E1]", alerts);
	auto_str rest = xasprintf(
	    "listed: %d", alerts > LISTED_MAX ? alerts - LISTED_MAX : 0);
	auto_str report = NULL;
	struct world w = {0};
	struct house *h;

	world_open(&w, alerts, bytes);
	h = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(w.stub)});
	report = inquire_all(h, runs, storms[_i].what);
	assert_contains(report, number);
	if (alerts > LISTED_MAX)
		assert_contains(report, rest);
	if (w.alerts.len > 4 << 20)
		assert_contains(report, "does not have all of them");
	else
		assert_lacks(report, "does not have all of them");
	house_free(h);
	world_close(&w);
}
END_TEST

/* A report that its planner wrote, of very many lines with figures. */
static char *
script_of(int lines)
{
	auto_buf b = {.max = 4 << 20};
	int i;

	buf_adds(&b,
	    "[{\"decision\":\"EXECUTE\",\"step\":\"look\",\"tool\":\"echo\","
	    "\"args\":{\"text\":\"cpu at 87.3 %\"}},{\"decision\":\"FINISH\","
	    "\"report\":\"# Alert analysis report\\n\\n## Active alerts\\n\\n"
	    "None.\\n\\n## Root cause analysis\\n\\n");
	for (i = 0; i < lines; i++)
		buf_addf(&b, "- host-%d: cpu at 87.3 %% [E1]\\n", i);
	buf_adds(&b, "\\n## Actions taken and advised\\n\\nNone.\\n\\n"
		     "## Conclusion\\n\\nNone.\\n\"}]");
	return buf_take(&b);
}

START_TEST(a_long_report_of_a_script_holds_up_nobody)
{
	static const char *const more[] = {"--tools=echo", NULL};
	auto_str script = script_of(is_long() ? 9000 : 3000);
	auto_str report = NULL;
	struct house *h =
	    house_start(&(struct house_spec){.script = script, .more = more});

	report = inquire_all(h, is_long() ? 6 : 2, "long report");
	assert_contains(report, "- host-2999: cpu at 87.3 % [E1]\n");
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_storm_is_reported_whole_and_holds_up_nobody,
		(int)ARRAY_LEN(storms)},
	    {a_long_report_of_a_script_holds_up_nobody, 0},
	};

	return run_tests("storm", tests, ARRAY_LEN(tests));
}
