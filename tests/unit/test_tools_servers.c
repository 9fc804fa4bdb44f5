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

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_expression_is_told_whole_or_not_at_all, 3},
	};

	return RUN_TESTS("tools_servers", tests);
}
