/* test_rules_incident.c - which alerts are one incident, and whose resource
 * an alert is about. */
#include <check.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/rules/incident.h"
#include "planner/rules/promql.h"
#include "planner/rules/resource.h"
#include "tests/harness/texts.h"

/* "name label=value @minute !severity" per alert; want: names by incident. */
static const struct {
	const char *what;
	struct {
		const char *name, *key, *value, *severity;
		int minute; /* -1: does not say since when */
	} in[5];
	const char *want;
} groups[] = {
    {"none", {{0}}, ""},
    {"one", {{"A", "instance", "h:1", "", 0}}, "A"},
    {"the same host on other ports",
	{{"A", "instance", "h:1", "", 0}, {"B", "instance", "h:2", "", 30}},
	"AB"},
    {"other hosts at other times",
	{{"A", "instance", "h:1", "", 0}, {"B", "instance", "g:1", "", 30}},
	"A|B"},
    {"other hosts within minutes",
	{{"A", "instance", "h:1", "", 0}, {"B", "instance", "g:1", "", 3}},
	"AB"},
    {"minutes count from the first, not from link to link",
	{{"A", "instance", "a", "", 0}, {"B", "instance", "b", "", 2},
	    {"C", "instance", "c", "", 4}},
	"AB|C"},
    {"a service goes before an instance",
	{{"A", "service", "s", "", 0}, {"B", "service", "s", "", 50}}, "AB"},
    {"without a time only identity counts",
	{{"A", "service", "s", "", -1}, {"B", "service", "t", "", -1},
	    {"C", "service", "s", "", -1}},
	"AC|B"},
    {"no identity and no time is alone",
	{{"A", "x", "s", "", -1}, {"B", "x", "s", "", -1}}, "A|B"},
    {"the worst comes first",
	{{"A", "service", "a", "warning", 0},
	    {"B", "service", "b", "critical", 30},
	    {"C", "service", "c", "info", 50}},
	"B|A|C"},
    {"of equals the larger comes first",
	{{"A", "service", "a", "", 0}, {"B", "service", "b", "", 30},
	    {"C", "service", "b", "", 50}},
	"BC|A"},
    {"a watchdog joins nobody and comes last",
	{{"Watchdog", "service", "a", "none", 0},
	    {"B", "service", "a", "info", 0}},
	"B|Watchdog"},
};

START_TEST(incidents_group_what_belongs_together)
{
	AUTO(tree) alerts = cJSON_CreateArray();
	struct incidents *x = xcalloc(1, sizeof(*x));
	auto_buf got = {.max = 1000};
	int i, k;

	for (i = 0; i < 5 && groups[_i].in[i].name != NULL; i++) {
		cJSON *a = cJSON_CreateObject(), *labels;
		auto_str at = xasprintf(
		    "2026-01-01T10:%02d:00Z", MAX(groups[_i].in[i].minute, 0));

		cJSON_AddStringToObject(a, "name", groups[_i].in[i].name);
		cJSON_AddStringToObject(a, "state", "firing");
		labels = cJSON_AddObjectToObject(a, "labels");
		cJSON_AddStringToObject(
		    labels, groups[_i].in[i].key, groups[_i].in[i].value);
		cJSON_AddStringToObject(
		    labels, "severity", groups[_i].in[i].severity);
		if (groups[_i].in[i].minute >= 0)
			cJSON_AddStringToObject(a, "activeAt", at);
		cJSON_AddItemToArray(alerts, a);
	}
	incidents_init(x, alerts);
	for (i = 0; i < x->n; i++) {
		buf_adds(&got, i > 0 ? "|" : "");
		for (k = 0; k < x->at[i].n; k++)
			buf_adds(&got, tree_str(x->at[i].alerts[k], "name"));
	}
	ck_assert_msg(strcmp(buf_str(&got), groups[_i].want) == 0,
	    "%s: %s, not %s", groups[_i].what, buf_str(&got), groups[_i].want);
	incidents_done(x);
	free(x);
}
END_TEST

START_TEST(incidents_over_the_limit_are_counted)
{
	AUTO(tree) alerts = cJSON_CreateArray();
	struct incidents *x = xcalloc(1, sizeof(*x));
	int i;

	for (i = 0; i < INCIDENTS_MAX + 7; i++) {
		cJSON *a = cJSON_CreateObject();

		cJSON_AddStringToObject(a, "name", "A");
		cJSON_AddStringToObject(a, "state", "firing");
		cJSON_AddItemToArray(alerts, a);
	}
	incidents_init(x, alerts);
	ck_assert_int_eq(x->n, INCIDENTS_MAX);
	ck_assert_int_eq(x->rest, 7);
	incidents_done(x);
	free(x);
}
END_TEST

static const struct {
	const char *expr, *alert, *key;
} resources[] = {
    {"1 - avg(rate(node_cpu_seconds_total[1m])) > 0.8", "X", "cpu"},
    {"node_load1 > 8", "X", "cpu"},
    {"node_memory_MemAvailable_bytes < 1e9", "X", "memory"},
    {"container_memory_working_set_bytes > 1", "X", "memory"},
    {"rate(node_disk_io_time_seconds_total[1m]) > 0.9", "X", "io"},
    {"node_filesystem_avail_bytes < 1", "X", "filesystem"},
    {"rate(node_network_receive_bytes_total[1m]) > 1", "X", "network"},
    {"process_open_fds > 900", "X", "descriptors"},
    {"go_threads > 900", "X", "threads"},
    {"x > 1", "HostHighCpu", "cpu"},
    {"x > 1", "HighCPUUsage", "cpu"},
    {"x > 1", "HostOutOfMemory", "memory"},
    {"http_requests_total > 1", "HighErrorRate", NULL},
    {"occupied > 1", "Recpuoted", NULL},
    {"", "", NULL},
};

START_TEST(resource_is_told_by_metric_then_by_name)
{
	const struct resource *r =
	    resource_of(span_of(resources[_i].expr), resources[_i].alert);

	ck_assert_msg((r == NULL) == (resources[_i].key == NULL), "%s %s: %s",
	    resources[_i].expr, resources[_i].alert, r != NULL ? r->key : "");
	if (r != NULL)
		ck_assert_str_eq(r->key, resources[_i].key);
}
END_TEST

/* ---- queries for its users ---- */

static char *
users_query(const char *expr, const char *labels_json)
{
	cJSON *labels = NULL;
	const struct resource *r = resource_of(span_of(expr), "");
	struct buf b;
	struct err err;

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(
	    json_parse(span_of(labels_json), NULL, &labels, &err), RC_OK);
	buf_init(&b, 64 << 10);
	if (!resource_users_query(&b, r, span_of(expr), labels, 5, 60)) {
		buf_reset(&b);
		buf_adds(&b, "nowhere");
	}
	cJSON_Delete(labels);
	return buf_take(&b);
}

static const struct {
	const char *labels;
	const char *want;
} places[] = {
    {"{\"instance\":\"h.x:9100\"}", "instance=~\"h\\\\.x(:[0-9]+)?\""},
    {"{\"instance\":\"h\"}", "instance=\"h\""},
    {"{\"pod\":\"exporter-1\",\"instance\":\"h:1\"}",
	"instance=~\"h(:[0-9]+)?\""},
    {"{\"node\":\"n1\"}", "node=\"n1\""},
    {"{\"instance\":\"a\\\"} or vector(1) #:1\"}",
	"instance=~\"a\\\"\\\\} or vector\\\\(1\\\\) #(:[0-9]+)?\""},
    {"{\"instance\":\"a\\\\\"}", "instance=\"a\\\\\""},
    {"{\"job\":\"x\"}", "nowhere"},
    {"{}", "nowhere"},
};

START_TEST(resource_users_are_looked_for_in_the_same_place)
{
	auto_str q =
	    users_query("rate(node_cpu_seconds_total[1m])", places[_i].labels);

	if (strcmp(places[_i].want, "nowhere") == 0) {
		ck_assert_str_eq(q, "nowhere");
		return;
	}
	ck_assert_msg(strstr(q, places[_i].want) != NULL, "%s", q);
	ck_assert_msg(promql_is_balanced(span_of(q)), "%s", q);
	ck_assert_ptr_nonnull(strstr(q, "__name__!~\"node_cpu(_.*)?\""));
}
END_TEST

START_TEST(resource_users_of_a_pod_are_its_containers)
{
	auto_str q = users_query("rate(container_cpu_usage_seconds_total[1m])",
	    "{\"pod\":\"p-1\",\"instance\":\"h:1\"}");

	ck_assert_ptr_nonnull(strstr(q, "pod=\"p-1\""));
	ck_assert_ptr_null(strstr(q, "__name__!~"));
}
END_TEST

static const struct {
	const char *user, *alert;
	const char *key; /* NULL: only the machine's own */
} users[] = {
    {"{\"metric\":\"m\",\"groupname\":\"g\",\"job\":\"j\"}", "{}", "groupname"},
    {"{\"metric\":\"m\",\"job\":\"j\",\"instance\":\"i\"}", "{}", NULL},
    {"{\"metric\":\"process_cpu\",\"job\":\"j\"}", "{}", "job"},
    {"{\"metric\":\"process_cpu\",\"job\":\"j\"}", "{\"job\":\"j\"}", NULL},
    {"{\"metric\":\"m\",\"container\":\"c\",\"pod\":\"p\"}", "{\"pod\":\"p\"}",
	"container"},
    {"{\"metric\":\"m\",\"container\":\"\",\"pod\":\"p\"}", "{\"pod\":\"p\"}",
	NULL},
};

START_TEST(resource_users_are_told_apart_by_a_label)
{
	AUTO(tree) user = NULL;
	AUTO(tree) alert = NULL;
	const char *value = "", *key;
	struct err err;

	ck_assert_int_eq(
	    json_parse(span_of(users[_i].user), NULL, &user, &err), RC_OK);
	ck_assert_int_eq(
	    json_parse(span_of(users[_i].alert), NULL, &alert, &err), RC_OK);
	key = resource_user_key(user, alert, &value);
	ck_assert((key == NULL) == (users[_i].key == NULL));
	if (key != NULL)
		ck_assert_str_eq(key, users[_i].key);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {incidents_group_what_belongs_together, (int)ARRAY_LEN(groups)},
	    {incidents_over_the_limit_are_counted, 0},
	    {resource_is_told_by_metric_then_by_name,
		(int)ARRAY_LEN(resources)},
	    {resource_users_are_looked_for_in_the_same_place,
		(int)ARRAY_LEN(places)},
	    {resource_users_of_a_pod_are_its_containers, 0},
	    {resource_users_are_told_apart_by_a_label, (int)ARRAY_LEN(users)},
	};

	return RUN_TESTS("rules_incident", tests);
}
