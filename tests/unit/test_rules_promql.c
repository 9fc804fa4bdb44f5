/* test_rules_promql.c - what an alert's expression measures. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/attr.h"
#include "common/base/rc.h"
#include "common/base/rc.h"
#include "planner/rules/heartbeat.h"
#include "planner/rules/promql.h"
#include "planner/rules/promql_scan.h"
#include "tests/harness/texts.h"

static const char role_letter[] = {
    [PROMQL_COMPARED] = 'c',
    [PROMQL_ABSENT] = 'a',
    [PROMQL_REFERENCE] = 'r',
    [PROMQL_EXCLUDED] = 'x',
    [PROMQL_WHOLE] = 'w',
};

/* "c:expr op threshold; …", as short as tells everything. */
static const struct {
	const char *expr;
	const char *want;
} cases[] = {
    {"up == 0", "c:up==0"},
    {"(up == 0)", "c:up==0"},
    {"  ( ( up )  ==  bool 0 ) ", "c:up==0"},
    {"x > 1.5e3", "c:x>1500"},
    {"0.8 < x", "c:x>0.8"},
    {"x < 10 * 1024 ^ 2", "c:x<10485760"},
    {"x <= -(2 + 3) * 4", "c:x<=-20"},
    {"rate(a[5m]) / rate(b[5m]) > 0.1", "c:rate(a[5m]) / rate(b[5m])>0.1"},
    {"(rate(a[5m]) / rate(b[5m])) > 0.1", "c:rate(a[5m]) / rate(b[5m])>0.1"},
    {"(a) / (b) > 1", "c:(a) / (b)>1"},
    {"sum by (x, y) (a{l=\"==\"}) >= 3", "c:sum by (x, y) (a{l=\"==\"})>=3"},
    {"sum(a) by (job) > 3", "c:sum(a) by (job)>3"},
    {"a{l=~\"x or y > 1\"} != 2", "c:a{l=~\"x or y > 1\"}!=2"},
    {"a{l='it\\'s > 3'} > 2", "c:a{l='it\\'s > 3'}>2"},
    {"a{l=`\\`} > 2", "c:a{l=`\\`}>2"},
    {"a # > 3 and (\n > 2", "c:a # > 3 and (>2"},
    {"absent(up{job=\"x\"})", "a:up{job=\"x\"}"},
    {"absent(up{job=\"x\"}) == 1", "c:absent(up{job=\"x\"})==1"},
    {"absent_over_time(up{job=\"x\"}[5m])", "a:up{job=\"x\"}"},
    {"absent(a) * 2", "w:absent(a) * 2"},
    {"predict_linear(node_filesystem_avail_bytes[6h], 4 * 3600) < 0",
	"c:predict_linear(node_filesystem_avail_bytes[6h], 4 * 3600)<0"},
    {"a > 1 and b < 2", "c:a>1;c:b<2"},
    {"a > 1 and on (instance) group_left (x) b < 2", "c:a>1;c:b<2"},
    {"a > 1 unless on (host) b == 1", "c:a>1;x:b==1"},
    {"a > 1 or b > 2 and c > 3", "c:a>1;c:b>2;c:c>3"},
    {"(a > 1 or b > 2) unless c", "c:a>1;c:b>2;x:c"},
    {"a > 1 AND b", "c:a>1;w:b"},
    {"a > b", "c:a>;r:b"},
    {"a > on (x) group_left b", "c:a>;r:b"},
    {"a > ignoring (x) group_right (y) (b * 2)", "c:a>;r:b * 2"},
    {"a > 1 < 5", "c:a>1"},
    {"max(a > (14.4 * 0.001)) without (w)",
	"c:max(a > (14.4 * 0.001)) without (w)>0.0144 without > (14.4 * "
	"0.001)"},
    {"max without (w) (a > 2) and min by (x) (b < 1)",
	"c:max without (w) (a > 2)>2 without > 2;c:min by (x) (b < 1)<1 "
	"without < 1"},
    {"max((a >= 2))", "c:max((a >= 2))>=2 without >= 2"},
    {"max(a < 2)", "w:max(a < 2)"},
    {"max(a > b)", "w:max(a > b)"},
    {"max(a > 1 or b > 2)", "w:max(a > 1 or b > 2)"},
    {"sum(a > 2)", "w:sum(a > 2)"},
    {"max(a > 2) + 1", "w:max(a > 2) + 1"},
    {"vector(1)", "w:vector(1)"},
    {"changes(process_start_time_seconds[15m]) > 2",
	"c:changes(process_start_time_seconds[15m])>2"},
    {"histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m]))) > 1",
	"c:histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))>1"},
    {"max_over_time(a[1h:5m]) > 1", "c:max_over_time(a[1h:5m])>1"},
    {"a offset 5m > 1", "c:a offset 5m>1"},
    {"job:a:rate5m{x=\"1\"} > 1", "c:job:a:rate5m{x=\"1\"}>1"},
    {"1 - avg(x) > 0.9", "c:1 - avg(x)>0.9"},
    {"order_total > 1", "c:order_total>1"},
    {"bool_metric > 1", "c:bool_metric>1"},
    {"and", "w:and"},
    {"> 1", "w:> 1"},
    {"a > ", "w:a >"},
    {"(a > 1", "w:(a > 1"},
    {"a) > 1", "w:a) > 1"},
    {"a{x=\"} > 1", "w:a{x=\"} > 1"},
    {"a ☃ > 1", "w:a ☃ > 1"},
    {"", "w:"},
    {"   ", "w:"},
};

static char *
told(const char *expr)
{
	struct promql_measure m[PROMQL_MEASURES_MAX];
	int n = promql_measures(span_of(expr), m), i;
	char *out = xstrdup("");

	for (i = 0; i < n; i++) {
		auto_str old = out;
		auto_str threshold = m[i].has_threshold
					 ? xasprintf("%.15g", m[i].threshold)
					 : xstrdup("");
		auto_str cut = m[i].cut.n > 0 ? xasprintf(" without %.*s",
						    SPAN_ARG(m[i].cut))
					      : xstrdup("");

		out = xasprintf("%s%s%c:%.*s%s%s%s", old, i > 0 ? ";" : "",
		    role_letter[m[i].role], SPAN_ARG(m[i].expr), m[i].op,
		    threshold, cut);
	}
	return out;
}

START_TEST(promql_takes_an_expression_apart_at_its_top)
{
	auto_str got = told(cases[_i].expr);

	ck_assert_msg(strcmp(got, cases[_i].want) == 0, "%s\n got %s\nwant %s",
	    cases[_i].expr, got, cases[_i].want);
}
END_TEST

static const struct {
	const char *expr;
	const char *names;
} named[] = {
    {"up == 0", "up"},
    {"rate(a_total{job=\"b\"}[5m]) / on (c) group_left (d) e", "a_total,e"},
    {"sum by (instance) (x) + sum(y) without (z)", "x,y"},
    {"{__name__=\"q\", job=\"r\"}", "q"},
    {"{\"my.metric\", job=\"r\"}", "my.metric"},
    {"{\"service.name\"=\"s\", __name__=\"q.x\", \"p.q\"!~\"r\"}", "q.x"},
    {"a and b or c unless a", "a,b,c"},
    {"a offset 5m > bool Inf", "a"},
    {"max_over_time(job:a:rate5m[1h:5m] @ end())", "job:a:rate5m"},
    {"count(a{b=\"c\"}) > 1 # d", "a"},
    {"vector(1)", ""},
    {"", ""},
};

START_TEST(promql_names_the_metrics_an_expression_reads)
{
	struct span names[8];
	int n = promql_metrics(span_of(named[_i].expr), names, 8), i;
	char got[200] = "";

	for (i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s",
		    i > 0 ? "," : "", SPAN_ARG(names[i]));
	ck_assert_msg(
	    strcmp(got, named[_i].names) == 0, "%s: %s", named[_i].expr, got);
}
END_TEST

START_TEST(promql_survives_any_nesting)
{
	char expr[2000];
	struct promql_measure m[PROMQL_MEASURES_MAX];

	memset(expr, '(', sizeof(expr));
	ck_assert_int_eq(promql_measures(span_make(expr, sizeof(expr)), m), 1);
	ck_assert(!promql_is_balanced(span_make(expr, sizeof(expr))));
	memset(expr + 60, ')', 60);
	expr[59] = '1';
	ck_assert(promql_is_balanced(span_make(expr, 119)) ||
		  m[0].role == PROMQL_WHOLE);
}
END_TEST

/* Nobody may go on behind what could not be read. */
START_TEST(promql_tokens_end_where_the_text_is_none)
{
	struct scan s = scan_of(span_of("a ☃ b"));
	int i;

	ck_assert_int_eq(scan_next(&s).kind, T_NAME);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(scan_next(&s).kind, T_BAD);
}
END_TEST

static const struct {
	const char *expr;
	double value; /* NaN: not a constant */
} constants[] = {
    {"1", 1},
    {"-1", -1},
    {"+.5", .5},
    {"1e3", 1000},
    {"0x10", 16},
    {"2 ^ 3 ^ 2", 512},
    {"-2 ^ 2", -4},
    {"7 % 4", 3},
    {"(1 + 2) * 3", 9},
    {"1 / 4", .25},
    {"5 - 2", 3},
    {"5 - 2 - 1", 2},
    {"2 - -1", 3},
    {"1 - 3 * 4 / 2 + 1", -4},
    {"1e-3", .001},
    {"1E+3", 1000},
    {"1e", NAN},
    {"Inf", INFINITY},
    {"-Inf", -INFINITY},
    {"5m", NAN},
    {"a", NAN},
    {"1 +", NAN},
    {"", NAN},
    {"(1", NAN},
    {"1 2", NAN},
    {"NaN", NAN},
    {"0 / 0", NAN},
};

START_TEST(promql_reads_constants)
{
	double v = 0;
	bool is = promql_constant(span_of(constants[_i].expr), &v);

	ck_assert_msg(
	    is == !isnan(constants[_i].value), "%s", constants[_i].expr);
	if (is)
		ck_assert_msg(v == constants[_i].value, "%s is %g",
		    constants[_i].expr, v);
}
END_TEST

static const struct {
	const char *expr;
	bool constant;
} heartbeats[] = {
    {"vector(1)", true},
    {"vector(1) == 1", true},
    {"1 == bool 1", true},
    {"time() > 0 and on () vector(1)", true},
    {"hour() >= 8", true},
    {"(vector(1))", true},
    {"up", false},
    {"up >= 0 or vector(1)", false},
    {"{job=\"x\"}", false},
    {"absent(gone)", false},
    {"", false},
    {"vector(", false},
};

START_TEST(an_expression_that_reads_no_metric_is_constant)
{
	ck_assert_msg(promql_is_constant(span_of(heartbeats[_i].expr)) ==
			  heartbeats[_i].constant,
	    "%s", heartbeats[_i].expr);
}
END_TEST

static const struct {
	const char *name, *severity, *rule;
	bool heartbeat;
} beats[] = {
    {"Watchdog", "warning", NULL, true},
    {"DeadMansSwitch", "critical", NULL, true},
    {"PrometheusAlertmanagerE2eDeadManSwitch", "critical", NULL, true},
    {"dead_mans_snitch", "info", NULL, true},
    {"InfoInhibitor", "x", NULL, true},
    {"Anything", "none", NULL, true},
    {"Anything", "critical", "vector(1)", true},
    {"Anything", "critical", "up == 0", false},
    {"HeartbeatMissing", "critical", "absent(beat)", false},
    {"WatchdogDown", "critical", NULL, false},
    {"NodeHeartbeat", "warning", "beat < 1", false},
};

START_TEST(heartbeats_are_known_by_rule_or_name)
{
	auto_str json = xasprintf("{\"name\":\"%s\",\"labels\":{\"severity\":"
				  "\"%s\"}}",
	    beats[_i].name, beats[_i].severity);
	cJSON *alert = cJSON_Parse(json), *rule = NULL;

	if (beats[_i].rule != NULL) {
		rule = cJSON_CreateObject();
		cJSON_AddStringToObject(rule, "query", beats[_i].rule);
	}
	ck_assert_msg(heartbeat_is(alert, rule) == beats[_i].heartbeat, "%s %s",
	    beats[_i].name, beats[_i].severity);
	cJSON_Delete(alert);
	cJSON_Delete(rule);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {promql_takes_an_expression_apart_at_its_top,
		(int)ARRAY_LEN(cases)},
	    {promql_names_the_metrics_an_expression_reads,
		(int)ARRAY_LEN(named)},
	    {promql_survives_any_nesting, 0},
	    {promql_tokens_end_where_the_text_is_none, 0},
	    {promql_reads_constants, (int)ARRAY_LEN(constants)},
	    {an_expression_that_reads_no_metric_is_constant,
		(int)ARRAY_LEN(heartbeats)},
	    {heartbeats_are_known_by_rule_or_name, (int)ARRAY_LEN(beats)},
	};

	return RUN_TESTS("rules_promql", tests);
}
