/*
 * test_tools_servers.c - what the tools make of servers as they are: long
 * expressions, answers that break off, clocks and replicas.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#include <stdatomic.h>
#include <stdlib.h>

#define NOW_MS INT64_C(1763891820000) /* 2025-11-23T09:57:00Z */

/* ---- long expressions ---- */

/* A rule whose expression has n bytes and more. */
static char *
rule_of(size_t n, const char **ret_expr)
{
	struct buf expr = {.max = 1 << 20}, b = {.max = 1 << 20};

	buf_adds(&expr, "up{a=~'");
	while (expr.len < n)
		buf_addf(&expr, "|customer-%zu", expr.len);
	buf_adds(&expr, "'} > 1");
	buf_addf(&b,
	    "{\"status\":\"success\",\"data\":{\"groups\":[{\"name\":\"g\","
	    "\"file\":\"f\",\"rules\":[{\"type\":\"alerting\",\"name\":"
	    "\"Long\",\"query\":\"%s\",\"duration\":0,\"labels\":{},"
	    "\"annotations\":{},\"health\":\"ok\",\"state\":\"firing\","
	    "\"alerts\":[]}]}]}}",
	    buf_str(&expr));
	*ret_expr = buf_take(&expr);
	return buf_take(&b);
}

START_TEST(an_expression_is_told_whole_or_not_at_all)
{
	static const size_t sizes[] = {5500, 60000, 70000};
	const char *expr;
	auto_str body = rule_of(sizes[_i], &expr);
	struct stub_route route[] = {{"/api/v1/rules", 200, NULL, body}, {0}};
	struct workbench b;
	const cJSON *rule;
	const char *summary;

	workbench_open(&b, stub_routes, route);
	summary = workbench_perform(
	    &b, "{\"tool\":\"query_prometheus_rules\",\"args\":{\"names\":"
		"[\"Long\"]}}");
	ck_assert(b.success);
	rule = cJSON_GetArrayItem(workbench_data(&b, "rules"), 0);
	if (_i < 2) {
		ck_assert_str_eq(json_str(rule, "query"), expr);
	} else {
		ck_assert_ptr_null(json_str(rule, "query"));
		ck_assert(cJSON_GetNumberValue(cJSON_GetObjectItem(
			      rule, "query_left_out")) > 70000);
		assert_contains(summary, "is too long");
	}
	free((char *)expr);
	workbench_close(&b);
}
END_TEST

/* ---- answers that break off ---- */

/* Breaks the first answer to each question off in its middle. */
struct breaking {
	struct stub_route *routes;
	atomic_int asked[8];
};

static void
broken_first(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct breaking *b = arg;
	int i;

	for (i = 0; b->routes[i].status != 0; i++) {
		const struct stub_route *r = &b->routes[i];

		if (strncmp(rq->target, r->start, strlen(r->start)) != 0)
			continue;
		if (atomic_fetch_add(&b->asked[i], 1) > 0) {
			stub_answer(c, r->status, NULL, r->body);
			return;
		}
		stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
			     "\r\n");
		stub_raw(c, r->body, strlen(r->body) - 3);
		stub_close(c);
		return;
	}
	stub_answer(c, 404, "text/plain", "no");
}

#define FIRES(labels, since)                                                   \
	"{\"labels\":{\"alertname\":\"A\"," labels                             \
	"},\"annotations\":{},\"state\":\"firing\",\"activeAt\":\"" since       \
	"\",\"value\":\"1\"}"
#define PENDS(labels, since)                                                   \
	"{\"labels\":{\"alertname\":\"A\"," labels                             \
	"},\"annotations\":{},\"state\":\"pending\",\"activeAt\":\"" since      \
	"\",\"value\":\"1\"}"

START_TEST(an_answer_that_breaks_off_is_read_anew_and_counted_once)
{
	struct stub_route routes[] = {
	    {"/api/v1/alerts", 200, NULL,
		WORKBENCH_DATA("{\"alerts\":[" FIRES("\"i\":\"1\"",
		    "2025-11-23T09:50:00Z") "," FIRES("\"i\":\"2\"",
		    "2025-11-23T09:50:00Z") "]}")},
	    {"/api/v1/rules", 200, NULL,
		WORKBENCH_DATA(
		    "{\"groups\":[{\"name\":\"g\",\"rules\":[{\"type\":"
		    "\"alerting\",\"name\":\"A\",\"query\":\"up\","
		    "\"health\":\"err\"}]}]}")},
	    {"/api/v1/targets", 200, NULL,
		WORKBENCH_DATA(
		    "{\"activeTargets\":[{\"labels\":{\"job\":\"j\"},"
		    "\"health\":\"up\"}]}")},
	    {"/api/v1/query", 200, NULL,
		WORKBENCH_DATA("{\"resultType\":\"vector\",\"result\":[{"
			       "\"metric\":{},\"value\":[1,\"2\"]}]}")},
	    {0}};
	struct breaking breaking = {.routes = routes};
	struct workbench b;

	workbench_open(&b, broken_first, &breaking);
	clk_fix_ms(NOW_MS);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "firing") == 2);
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "alerts")), 2);
	ck_assert_str_eq(buf_str(&b.evidence), routes[0].body);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_rules\"}");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "total") == 1);
	ck_assert(workbench_number(&b, "broken_total") == 1);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_targets\"}");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "up") == 1);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_metrics\",\"args\":"
			      "{\"query\":\"up\"}}");
	ck_assert(b.success);
	ck_assert(workbench_number(&b, "series_total") == 1);
	ck_assert(workbench_number(&b, "samples") == 1);
	workbench_close(&b);
}
END_TEST

/* Two services over three hours; one takes ten times as much CPU from the
 * alert on. */
static char *
matrix(void)
{
	struct buf b = {.max = 1 << 20};
	int k, i;

	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"resultType\":"
		     "\"matrix\",\"result\":[");
	for (k = 0; k < 2; k++) {
		buf_addf(&b,
		    "%s{\"metric\":{\"__name__\":\"app_cpu\",\"service\":"
		    "\"%s\"},\"values\":[",
		    k > 0 ? "," : "", k > 0 ? "web" : "cart");
		for (i = 0; i <= 180; i++)
			buf_addf(&b, "%s[%lld,\"%g\"]", i > 0 ? "," : "",
			    (long long)(NOW_MS / 1000 - (180 - i) * 60),
			    (k == 0 && i > 170 ? 1.0 : 0.1) + i % 3 * 0.002);
		buf_adds(&b, "]}");
	}
	buf_adds(&b, "]}}");
	return buf_take(&b);
}

START_TEST(causes_are_the_same_where_every_answer_broke_off_once)
{
	auto_str samples = matrix();
	struct stub_route routes[] = {
	    {"/api/v1/label/__name__", 200, NULL,
		WORKBENCH_DATA("[\"app_cpu\"]")},
	    {"/api/v1/labels", 200, NULL,
		WORKBENCH_DATA("[\"service\",\"service.name\"]")},
	    {"/api/v1/metadata", 200, NULL,
		WORKBENCH_DATA("{\"app_cpu\":[{\"type\":\"gauge\"}]}")},
	    {"/api/v1/query_range", 200, NULL, samples},
	    {"/api/v1/query?query=count", 200, NULL,
		WORKBENCH_DATA(
		    "{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
		    "\"__name__\":\"app_cpu\"},\"value\":[1,\"2\"]}]}")},
	    {"/api/v1/query?query=app_cpu", 200, NULL, samples},
	    {0}};
	static const char step[] =
	    "{\"tool\":\"find_causes\",\"args\":{\"alert\":{\"name\":"
	    "\"Slow\",\"labels\":{\"service\":\"cart\"},\"startsAt\":"
	    "1763891340},\"at\":1763891820}}";
	struct breaking breaking = {.routes = routes};
	struct workbench b;
	auto_str whole = NULL;

	workbench_open(&b, stub_routes, routes);
	whole = xstrdup(workbench_perform(&b, step));
	ck_assert(b.success);
	assert_contains(whole, "app_cpu rose from 0.102 to 1");
	workbench_close(&b);
	workbench_open(&b, broken_first, &breaking);
	ck_assert_str_eq(workbench_perform(&b, step), whole);
	ck_assert_int_ge(atomic_load(&breaking.asked[3]), 2);
	workbench_close(&b);
}
END_TEST

/* ---- since when ---- */

static const struct {
	const char *activeAt; /* as sent, with its key */
	const char *since;    /* as told; NULL: not at all */
} moments[] = {
    {"\"activeAt\":\"2025-11-23T09:50:00Z\",", "2025-11-23T09:50:00Z"},
    {"\"activeAt\":\"2025-11-23T17:50:00+08:00\",", "2025-11-23T09:50:00Z"},
    {"\"activeAt\":\"2025-11-23T04:50:00.5-05:00\",",
	"2025-11-23T09:50:00.500Z"},
    {"\"activeAt\":\"2025-11-23T09:50:00.123456789Z\",",
	"2025-11-23T09:50:00.123Z"},
    {"\"activeAt\":\"0001-01-01T00:00:00Z\",", "2025-11-23T09:26:40Z"},
    {"\"activeAt\":\"\",", "2025-11-23T09:26:40Z"},
    {"\"activeAt\":null,", "2025-11-23T09:26:40Z"},
    {"", "2025-11-23T09:26:40Z"},
};

START_TEST(since_when_is_told_by_whatever_a_server_writes)
{
	auto_str body = xasprintf(
	    WORKBENCH_DATA("{\"alerts\":[{%s\"state\":\"firing\",\"labels\":"
			   "{\"alertname\":\"A\",\"pod\":\"x\"}}]}"),
	    moments[_i].activeAt);
	struct stub_route routes[] = {{"/api/v1/alerts", 200, NULL, body},
	    {"/api/v1/query?query=ALERTS_FOR_STATE", 200, NULL,
		WORKBENCH_DATA(
		    "{\"resultType\":\"vector\",\"result\":[{\"metric\":{"
		    "\"__name__\":\"ALERTS_FOR_STATE\",\"alertname\":\"A\","
		    "\"pod\":\"x\"},\"value\":[1763891820,"
		    "\"1763890000\"]}]}")},
	    {0}};
	struct workbench b;
	const cJSON *one;

	workbench_open(&b, stub_routes, routes);
	clk_fix_ms(NOW_MS);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	one = cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0);
	ck_assert_str_eq(json_str(one, "activeAt"), moments[_i].since);
	workbench_close(&b);
}
END_TEST

/* ---- replicas ---- */

#define T1 "2025-11-23T09:50:00Z"
#define T2 "2025-11-23T09:51:00Z"

static const struct {
	const char *alerts;
	int firing, pending, copies;
	const char *first, *lacks; /* in the first one listed */
} replicas[] = {
    {FIRES("\"prometheus_replica\":\"prometheus-k8s-0\"", T2) "," FIRES(
	 "\"prometheus_replica\":\"prometheus-k8s-1\"", T1),
	1, 0, 1, T1, "replica"},
    {FIRES("\"pod\":\"p\",\"replica\":\"A\"", T1) "," FIRES(
	 "\"pod\":\"p\",\"replica\":\"B\"", T1) "," FIRES("\"pod\":"
							    "\"q\"",
	 T1),
	2, 0, 1, "\"pod\":\"p\"", "replica"},
    {PENDS("\"__replica__\":\"1\"", T1) "," FIRES("\"__replica__\":\"2\"", T2),
	1, 0, 1, "\"state\":\"firing\"", "replica"},
    {PENDS("\"rule_replica\":\"1\"", T1) "," PENDS(
	 "\"rule_replica\":\"2\"", T2),
	0, 1, 1, T1, "replica"},
    {FIRES("\"replica\":\"prometheus-0\"", T1) "," FIRES(
	 "\"replica\":\"prometheus-1\"", T1) "," FIRES("\"replica\":"
							"\"prometheus-2\"",
	 T1),
	1, 0, 2, T1, "replica"},
    /* A database's own. */
    {FIRES("\"replica\":\"db-1\"", T1) "," FIRES("\"replica\":\"db-2\"", T1),
	2, 0, 0, "db-1", "db-2"},
    {FIRES("\"pg_replica\":\"1\"", T1) "," FIRES("\"pg_replica\":\"2\"", T1),
	2, 0, 0, "pg_replica", "x"},
    /* Told by one only: whose it is stays. */
    {FIRES("\"prometheus_replica\":\"a\"", T1), 1, 0, 0, "prometheus_replica",
	"x"},
};

START_TEST(what_two_replicas_tell_is_one_alert)
{
	auto_str body = xasprintf(
	    WORKBENCH_DATA("{\"alerts\":[%s]}"), replicas[_i].alerts);
	struct stub_route routes[] = {{"/api/v1/alerts", 200, NULL, body}, {0}};
	struct workbench b;
	auto_buf first = {.max = 10000};

	workbench_open(&b, stub_routes, routes);
	clk_fix_ms(NOW_MS);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(workbench_number(&b, "firing") == replicas[_i].firing);
	ck_assert(workbench_number(&b, "pending") == replicas[_i].pending);
	ck_assert_int_eq(cJSON_GetArraySize(workbench_data(&b, "alerts")),
	    replicas[_i].firing + replicas[_i].pending);
	if (replicas[_i].copies > 0)
		ck_assert(
		    workbench_number(&b, "copies") == replicas[_i].copies);
	json_print(
	    &first, cJSON_GetArrayItem(workbench_data(&b, "alerts"), 0));
	assert_contains(buf_str(&first), replicas[_i].first);
	assert_lacks(buf_str(&first), replicas[_i].lacks);
	workbench_close(&b);
}
END_TEST

START_TEST(a_storm_that_two_replicas_tell_is_counted_once)
{
	auto_buf body = {.max = 8 << 20};
	struct stub_route routes[] = {{"/api/v1/alerts", 200, NULL, NULL}, {0}};
	struct workbench b;
	int i;

	buf_adds(&body, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < 6000; i++)
		buf_addf(&body,
		    "%s" FIRES("\"i\":\"%d\",\"prometheus_replica\":\"%c\"", T1),
		    i > 0 ? "," : "", i / 2, i % 2 == 0 ? 'a' : 'b');
	buf_adds(&body, "]}}");
	routes[0].body = buf_str(&body);
	workbench_open(&b, stub_routes, routes);
	clk_fix_ms(NOW_MS);
	workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	ck_assert(workbench_number(&b, "firing") == 3000);
	ck_assert(workbench_number(&b, "copies") == 3000);
	ck_assert(workbench_number(&b, "left_out") == 1000);
	ck_assert_int_eq(
	    cJSON_GetArraySize(workbench_data(&b, "alerts")), 2000);
	workbench_close(&b);
}
END_TEST

/* ---- clocks ---- */

static void
dated(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	static const char body[] = WORKBENCH_DATA(
	    "{\"alerts\":[" FIRES("\"i\":\"1\"", "2025-11-23T09:50:00Z") "]}");
	auto_str head = xasprintf("HTTP/1.1 200 OK\r\n%s"
				  "Content-Length: %zu\r\n\r\n%s",
	    (const char *)arg, strlen(body), body);

	(void)rq;
	stub_raws(c, head);
}

static const struct {
	int64_t ours_ms; /* behind NOW_MS */
	const char *head;
	int ahead_s; /* as told; 0: not */
	const char *time, *says;
} clocks[] = {
    {0, "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n", 0, "09:57:00", NULL},
    {3000, "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n", 0, "09:57:03", NULL},
    {420000, "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n", -419, "09:57:00.500",
	"6m59s behind"},
    {-420000, "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n", 420, "09:57:00.500",
	"7m ahead of"},
    {3600000, "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n", -3599,
	"09:57:00.500", "behind"},
    /* Only what began there tells. */
    {-3600000, "", 3180, "09:50:00", "53m ahead of"},
    {3600000, "", 0, "10:57:00", NULL},
};

START_TEST(the_moment_asked_about_is_now_by_the_servers_clock)
{
	struct workbench b;
	const char *summary;

	workbench_open(&b, dated, (void *)clocks[_i].head);
	clk_fix_ms(NOW_MS + clocks[_i].ours_ms);
	summary =
	    workbench_perform(&b, "{\"tool\":\"query_prometheus_alerts\"}");
	assert_contains(
	    cJSON_GetStringValue(workbench_data(&b, "time")), clocks[_i].time);
	if (clocks[_i].ahead_s == 0) {
		ck_assert_ptr_null(workbench_data(&b, "clock_ahead_s"));
		assert_lacks(summary, "clock");
	} else {
		ck_assert(
		    workbench_number(&b, "clock_ahead_s") == clocks[_i].ahead_s);
		assert_contains(summary, clocks[_i].says);
	}
	workbench_close(&b);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_expression_is_told_whole_or_not_at_all, 3},
	    {an_answer_that_breaks_off_is_read_anew_and_counted_once, 0},
	    {causes_are_the_same_where_every_answer_broke_off_once, 0},
	    {since_when_is_told_by_whatever_a_server_writes,
		(int)ARRAY_LEN(moments)},
	    {what_two_replicas_tell_is_one_alert, (int)ARRAY_LEN(replicas)},
	    {a_storm_that_two_replicas_tell_is_counted_once, 0},
	    {the_moment_asked_about_is_now_by_the_servers_clock,
		(int)ARRAY_LEN(clocks)},
	};

	return RUN_TESTS("tools_servers", tests);
}
