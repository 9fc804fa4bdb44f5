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

enum { AT_S = 1767261600, WINDOW_S = 1800, ALERTS_EACH = 5 }; /* 10:00 */

/* An alert: its labels as "k=v,k=v", how long ago it began (minutes; -1: does
 * not say), and the expression behind it. */
struct sent {
	const char *name, *labels, *severity;
	int ago;
	const char *expr;
};

#define KSM                                                                    \
	"job=kube-state-metrics,instance=10.1.4.23:8080,endpoint=http,"        \
	"service=kps-kube-state-metrics,"
#define KSM_POD                                                                \
	"pod=kps-kube-state-metrics-5b8f4d9c7-x6k2p,"                          \
	"container=kube-state-metrics,"
#define NODE_EXPORTER                                                          \
	"job=node-exporter,namespace=monitoring,service=node-exporter,"        \
	"container=node-exporter,"

/* want: the names by incident, the incidents in their order. */
static const struct {
	const char *what;
	struct sent in[ALERTS_EACH];
	const char *want;
	const char *input, *edges;
} groups[] = {
    {"none", {{0}}, "", 0, 0},
    {"one", {{"A", "instance=h:1", "", 0, 0}}, "A", 0, 0},
    {"the same host on other ports",
	{{"A", "instance=h:1", "", 30, 0}, {"B", "instance=h:2", "", 0, 0}},
	"AB", 0, 0},
    {"two ports of a loopback address are two targets",
	{{"A", "instance=127.0.0.1:1", "", 1, 0},
	    {"B", "instance=127.0.0.1:2", "", 1, 0}},
	"A|B", 0, 0},
    {"other hosts at other times",
	{{"A", "instance=h:1", "", 0, 0}, {"B", "instance=g:1", "", 30, 0}},
	"B|A", 0, 0},
    {"other hosts at the same time: time alone joins nothing",
	{{"A", "instance=h:1", "", 3, 0}, {"B", "instance=g:1", "", 3, 0}},
	"A|B", 0, 0},
    {"a service goes before an instance",
	{{"A", "service=s", "", 25, 0}, {"B", "service=s", "", 20, 0}}, "AB", 0,
	0},
    {"without a time only identity counts",
	{{"A", "service=s", "", -1, 0}, {"B", "service=t", "", -1, 0},
	    {"C", "service=s", "", -1, 0}},
	"AC|B", 0, 0},
    {"labels of no known meaning tell when there are no others",
	{{"A", "x=s", "", -1, 0}, {"B", "x=s", "", -1, 0},
	    {"C", "x=t", "", -1, 0}},
	"AB|C", 0, 0},
    {"no label is no identity",
	{{"A", "team=t", "", 1, 0}, {"B", "team=t", "", 1, 0}}, "A|B", 0, 0},
    {"the worst comes first",
	{{"A", "service=a", "warning", 0, 0},
	    {"B", "service=b", "critical", 20, 0},
	    {"C", "service=c", "info", 25, 0}},
	"B|A|C", 0, 0},
    {"of equals the larger comes first",
	{{"A", "service=a", "", 0, 0}, {"B", "service=b", "", 20, 0},
	    {"C", "service=b", "", 25, 0}},
	"CB|A", 0, 0},
    {"a watchdog joins nobody and comes last",
	{{"Watchdog", "service=a", "none", 0, 0},
	    {"B", "service=a", "info", 0, 0}},
	"B|Watchdog", 0, 0},

    /* workloads */
    {"pods and replica sets are their owner's",
	{{"A", "namespace=n,pod=search-6d5f9c7b8-x6k2p", "", 1, 0},
	    {"B", "namespace=n,deployment=search", "", 9, 0},
	    {"C", "namespace=n,replicaset=search-6d5f9c7b8", "", 5, 0},
	    {"D", "namespace=n,statefulset=db", "", 5, 0},
	    {"E", "namespace=n,pod=db-0", "", 5, 0}},
	"BCA|DE", 0, 0},
    {"OpenTelemetry's names, of both spellings",
	{{"A", "k8s_namespace_name=n,k8s_pod_name=cart-6d5f9c7b8-x6k2p", "", 1,
	     0},
	    {"B", "service.name=cart", "", 1, 0},
	    {"C", "k8s_node_name=n1", "", 1, 0}},
	"AB|C", 0, 0},
    {"the same name in another namespace is another workload",
	{{"A", "namespace=n,deployment=web", "", 1, 0},
	    {"B", "namespace=m,deployment=web", "", 1, 0}},
	"A|B", 0, 0},
    {"a name without a namespace is the only one of that name",
	{{"A", "namespace=n,deployment=web", "", 1, 0},
	    {"B", "service=web", "", 1, 0}},
	"AB", 0, 0},
    {"and none of them where there are two",
	{{"A", "namespace=n,deployment=web", "", 1, 0},
	    {"B", "service=web", "", 1, 0},
	    {"C", "namespace=m,deployment=web", "", 1, 0}},
	"A|B|C", 0, 0},
    {"another cluster is another everything",
	{{"A", "cluster=eu,namespace=n,pod=p-0", "", 1, 0},
	    {"B", "cluster=us,namespace=n,pod=p-0", "", 1, 0}},
	"A|B", 0, 0},
    {"another tenant as well",
	{{"A", "tenant=a,service=s", "", 1, 0},
	    {"B", "tenant=b,service=s", "", 1, 0}},
	"A|B", 0, 0},
    {"of one workload, but days apart",
	{{"A", "namespace=n,pod=s-0", "warning", 1, 0},
	    {"B", "namespace=n,deployment=s", "warning", 4000, 0}},
	"A|B", 0, 0},
    {"of one volume, at any time",
	{{"A", "namespace=n,persistentvolumeclaim=d", "warning", 400, 0},
	    {"B", "namespace=n,persistentvolumeclaim=d", "critical", 1, 0}},
	"BA", 0, 0},

    /* nodes */
    {"on one node within minutes",
	{{"A", "node=n1,namespace=a,pod=p-0", "", 1, 0},
	    {"B", "node=n1,namespace=b,pod=q-0", "", 5, 0}},
	"BA", 0, 0},
    {"on one node, hours apart",
	{{"A", "node=n1,namespace=a,pod=p-0", "", 1, 0},
	    {"B", "node=n1,namespace=b,pod=q-0", "", 300, 0}},
	"A|B", 0, 0},
    {"minutes on a node count from the first, not from link to link",
	{{"A", "node=n1,pod=a-0", "", 25, 0},
	    {"B", "node=n1,pod=b-0", "", 17, 0},
	    {"C", "node=n1,pod=c-0", "", 9, 0}},
	"AB|C", 0, 0},

    /* what is the exporter's */
    {"kube-state-metrics tells of many things",
	{{"A", KSM "namespace=shop,pod=search-6d5f9c7b8-x6k2p", "", 8,
	     "kube_pod_container_status_waiting_reason > 0"},
	    {"B", KSM "namespace=batch,job_name=export-29311123", "", 8,
		"kube_job_failed > 0"}},
	"A|B", 0, 0},
    {"its own pod and container are not the deployment's",
	{{"A", KSM KSM_POD "namespace=shop,deployment=search", "", 8,
	     "kube_deployment_spec_replicas != 1"},
	    {"B", KSM KSM_POD "namespace=shop,deployment=cart", "", 8,
		"kube_deployment_spec_replicas != 1"}},
	"A|B", 0, 0},
    {"nor is its namespace the node's",
	{{"A", KSM KSM_POD "namespace=monitoring,node=n1", "", 8,
	     "kube_node_status_condition == 1"},
	    {"B", KSM KSM_POD "namespace=monitoring,node=n2", "", 8,
		"kube_node_status_condition == 1"}},
	"A|B", 0, 0},
    {"without a rule its name gives it away",
	{{"A", KSM KSM_POD "namespace=shop,deployment=search", "", 8, 0},
	    {"B", KSM KSM_POD "namespace=shop,deployment=cart", "", 8, 0}},
	"A|B", 0, 0},
    {"node exporters are not one workload",
	{{"A", NODE_EXPORTER "pod=node-exporter-x7k2p,instance=n1:9100", "", 2,
	     "node_filesystem_avail_bytes < 1"},
	    {"B", NODE_EXPORTER "pod=node-exporter-b9c4d,instance=n2:9100", "",
		2, "node_load1 > 8"}},
	"A|B", 0, 0},
    {"but what they tell of one node is",
	{{"A", NODE_EXPORTER "pod=node-exporter-x7k2p,instance=n1:9100", "", 2,
	     "node_filesystem_avail_bytes < 1"},
	    {"B", NODE_EXPORTER "pod=node-exporter-x7k2p,instance=n1:9100", "",
		2, "instance:node_cpu:ratio > 0.9"}},
	"AB", 0, 0},
    {"cadvisor's service and job are not the containers'",
	{{"A",
	     "job=kubelet,service=kubelet,instance=10.0.0.1:10250,"
	     "namespace=a,pod=p-0",
	     "", 2, "container_memory_rss > 1"},
	    {"B",
		"job=kubelet,service=kubelet,instance=10.0.0.1:10250,"
		"namespace=b,pod=q-0",
		"", 2, "rate(container_cpu_usage_seconds_total[5m]) > 1"}},
	"A|B", 0, 0},
    {"what a conflict renamed is the thing, the plain label the exporter's",
	{{"A",
	     "job=x,namespace=mon,pod=ex-0,exported_namespace=a,"
	     "exported_pod=p-0",
	     "", 2, "x > 1"},
	    {"B",
		"job=x,namespace=mon,pod=ex-0,exported_namespace=b,"
		"exported_pod=q-0",
		"", 2, "x > 1"}},
	"A|B", 0, 0},
    {"what is the same in all one instance says of several is its own",
	{{"A", "job=otel,instance=c:1,service=collector,deployment=a", "", 2,
	     "x > 1"},
	    {"B", "job=otel,instance=c:1,service=collector,deployment=b", "", 2,
		"x > 1"}},
	"A|B", 0, 0},
    {"an exporter of queues: the queue tells",
	{{"A",
	     "job=kafka-exporter,instance=k:1,service=kafka-exporter,"
	     "consumergroup=a",
	     "", 2, "kafka_lag > 1"},
	    {"B",
		"job=kafka-exporter,instance=k:1,service=kafka-exporter,"
		"consumergroup=b",
		"", 200, "kafka_lag > 1"}},
	"A|B", 0, 0},
    {"of targets the job is what it is about",
	{{"A", "job=node-exporter,namespace=m,service=node-exporter", "", 2,
	     "up == 0"},
	    {"B", "job=api,namespace=m,service=api", "", 2, "up == 0"}},
	"A|B", 0, 0},
    {"a service that is called an exporter, and tells of itself",
	{{"A", "service=invoice-exporter,namespace=n", "", 2, "errors > 1"},
	    {"B", "service=invoice-exporter,namespace=n", "", 3, "lag > 1"}},
	"BA", 0, 0},

    /* dependencies */
    {"both ends of a dependency, within minutes",
	{{"A", "service=checkout", "", 2, 0},
	    {"B", "service=payments", "", 4, 0},
	    {"C", "service=mail", "", 3, 0}},
	"BA|C", 0, "checkout>payments"},
    {"both ends of a dependency, hours apart",
	{{"A", "service=checkout", "", 2, 0},
	    {"B", "service=payments", "", 400, 0}},
	"A|B", 0, "checkout>payments"},

    /* order */
    {"of as bad ones the first to begin stands for the incident",
	{{"A", "service=a", "warning", 5, 0},
	    {"B", "service=a", "warning", 9, 0},
	    {"C", "service=a", "critical", 2, 0}},
	"CBA", 0, 0},
    {"what began in the window comes before what is older and as bad",
	{{"A", "service=a", "warning", 4000, 0},
	    {"B", "service=b", "warning", 5, 0}},
	"B|A", 0, 0},
    {"a new warning before a critical one of days ago",
	{{"A", "service=a", "critical", 4000, 0},
	    {"B", "service=b", "warning", 5, 0}},
	"B|A", 0, 0},
    {"but no mere information",
	{{"A", "service=a", "critical", 4000, 0},
	    {"B", "service=b", "info", 5, 0}},
	"A|B", 0, 0},
    {"an old one with a new instance is new",
	{{"A", "service=a", "warning", 40, 0},
	    {"A", "service=a", "warning", 5, 0},
	    {"B", "service=b", "warning", 35, 0}},
	"AA|B", 0, 0},
    {"the question names an alert",
	{{"A", "service=a", "critical", 4, 0},
	    {"DiskFull", "instance=db-1:9100", "warning", 4000, 0}},
	"DiskFull|A", "DiskFull on db-1, what fills it?", 0},
    {"the question names a service",
	{{"A", "service=checkout", "critical", 4, 0},
	    {"B", "namespace=n,pod=mailer-6d5f9c7b8-x6k2p", "warning", 5, 0}},
	"B|A", "mailer变慢了，为什么？", 0},
    {"the question names a namespace",
	{{"A", "namespace=shop,service=a", "critical", 4, 0},
	    {"B", "namespace=batch,service=b", "warning", 5, 0}},
	"B|A", "what is wrong in batch?", 0},
    {"a part of a word is not named",
	{{"A", "service=checkout", "critical", 4, 0},
	    {"B", "service=check", "warning", 5, 0}},
	"A|B", "why is checkout slow", 0},
};

static cJSON *
labels_of(const struct sent *s)
{
	cJSON *labels = cJSON_CreateObject();
	char *text = xstrdup(s->labels), *save = NULL, *pair;

	for (pair = strtok_r(text, ",", &save); pair != NULL;
	     pair = strtok_r(NULL, ",", &save)) {
		char *value = strchr(pair, '=');

		*value++ = '\0';
		cJSON_AddStringToObject(labels, pair, value);
	}
	if (s->severity[0] != '\0')
		cJSON_AddStringToObject(labels, "severity", s->severity);
	free(text);
	return labels;
}

static cJSON *
alert_of(const struct sent *s)
{
	cJSON *a = cJSON_CreateObject();

	cJSON_AddStringToObject(a, "name", s->name);
	cJSON_AddStringToObject(a, "state", "firing");
	cJSON_AddItemToObject(a, "labels", labels_of(s));
	if (s->ago >= 0)
		cJSON_AddNumberToObject(a, "activeAt", AT_S - 60 * s->ago);
	return a;
}

static cJSON *
rule_of(const struct sent *s)
{
	cJSON *r = cJSON_CreateObject();

	cJSON_AddStringToObject(r, "name", s->name);
	cJSON_AddStringToObject(r, "expr", s->expr);
	return r;
}

/* A state in which find_causes has seen "client>server". */
static cJSON *
state_of(const char *input, const char *edges)
{
	cJSON *state = cJSON_CreateObject(), *f, *edge;

	if (input != NULL)
		cJSON_AddStringToObject(state, "input", input);
	if (edges == NULL)
		return state;
	f = cJSON_CreateObject();
	cJSON_AddStringToObject(f, "tool", "find_causes");
	cJSON_AddStringToObject(f, "role", "causes");
	cJSON_AddStringToObject(f, "status", "SUCCESS");
	edge = cJSON_CreateObject();
	{
		auto_str client = xstrndup(edges, strcspn(edges, ">"));

		cJSON_AddStringToObject(edge, "client", client);
		cJSON_AddStringToObject(edge, "server", strchr(edges, '>') + 1);
	}
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(
		cJSON_AddObjectToObject(f, "data"), "topology"),
	    edge);
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(state, "executor_feedback"), f);
	return state;
}

START_TEST(incidents_group_what_belongs_together)
{
	AUTO(tree) alerts = cJSON_CreateArray();
	AUTO(tree) rules = cJSON_CreateArray();
	AUTO(tree) state = state_of(groups[_i].input, groups[_i].edges);
	struct facts f = {.state = state,
	    .alerts = alerts,
	    .rules = rules,
	    .at_s = AT_S,
	    .window_s = WINDOW_S};
	auto_buf got = {.max = 1000};
	struct incidents x;
	int i, k;

	for (i = 0; i < ALERTS_EACH && groups[_i].in[i].name != NULL; i++) {
		cJSON_AddItemToArray(alerts, alert_of(&groups[_i].in[i]));
		if (groups[_i].in[i].expr != NULL)
			cJSON_AddItemToArray(rules, rule_of(&groups[_i].in[i]));
	}
	incidents_init(&x, &f);
	for (i = 0; i < x.n; i++) {
		buf_adds(&got, i > 0 ? "|" : "");
		for (k = 0; k < x.at[i].n; k++)
			buf_adds(&got, tree_str(x.at[i].at[k]->alert, "name"));
	}
	ck_assert_msg(strcmp(buf_str(&got), groups[_i].want) == 0,
	    "%s: %s, not %s", groups[_i].what, buf_str(&got), groups[_i].want);
	incidents_done(&x);
}
END_TEST

/* Each in its place, once: nothing is over a limit. */
START_TEST(incidents_lose_none_of_nine_thousand_alerts)
{
	AUTO(tree) alerts = cJSON_CreateArray();
	AUTO(tree) state = cJSON_CreateObject();
	struct facts f = {.state = state,
	    .alerts = alerts,
	    .at_s = AT_S,
	    .window_s = WINDOW_S};
	bool *seen = xcalloc(9000, sizeof(*seen));
	struct incidents x;
	int i, k, n = 0;

	for (i = 0; i < 9000; i++) {
		auto_str labels = xasprintf(
		    "namespace=n%d,pod=p%d-0,node=h%d", i % 50, i / 3, i % 300);
		auto_str name = xasprintf("Rule%d", i % 40);

		cJSON_AddItemToArray(
		    alerts, alert_of(&(struct sent){
				name, labels, "warning", i % 3000, NULL}));
	}
	incidents_init(&x, &f);
	for (i = 0; i < x.n; i++)
		for (k = 0; k < x.at[i].n; k++) {
			ck_assert(!seen[x.at[i].at[k]->index]);
			seen[x.at[i].at[k]->index] = true;
			n++;
		}
	ck_assert_int_eq(n, 9000);
	incidents_done(&x);
	free(seen);
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
	    {incidents_lose_none_of_nine_thousand_alerts, 0},
	    {resource_is_told_by_metric_then_by_name,
		(int)ARRAY_LEN(resources)},
	    {resource_users_are_looked_for_in_the_same_place,
		(int)ARRAY_LEN(places)},
	    {resource_users_of_a_pod_are_its_containers, 0},
	    {resource_users_are_told_apart_by_a_label, (int)ARRAY_LEN(users)},
	};

	return RUN_TESTS("rules_incident", tests);
}
