/*
 * test_causes_names.c - what find_causes reads from names and labels.
 */
#include "common/base/attr.h"
#include "executor/causes/causes_names.h"

#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *metric;
	enum causes_kind kind;
} kinds[] = {
    {"http_request_duration_seconds", CAUSES_LATENCY},
    {"http_request_duration_seconds_count", CAUSES_LOAD},
    {"http_requests_total", CAUSES_LOAD},
    {"http_request_errors_total", CAUSES_ERROR},
    {"container_cpu_usage_seconds_total", CAUSES_CPU},
    {"container_cpu_cfs_throttled_periods_total", CAUSES_SATURATION},
    {"container_memory_working_set_bytes", CAUSES_MEMORY},
    {"jvm_memory_used_bytes", CAUSES_MEMORY},
    {"kube_pod_container_status_restarts_total", CAUSES_RESTART},
    {"process_start_time_seconds", CAUSES_RESTART},
    {"up", CAUSES_AVAIL},
    {"probe_success", CAUSES_AVAIL},
    {"hikaricp_connections_pending", CAUSES_SATURATION},
    {"container_network_receive_bytes_total", CAUSES_NETWORK},
    {"node_filesystem_avail_bytes", CAUSES_DISK},
    {"kube_pod_info", CAUSES_INFO},
    /* As OpenTelemetry writes them, kept by Prometheus 3. */
    {"http.server.request.duration", CAUSES_LATENCY},
    {"http.server.request.duration_count", CAUSES_LOAD},
    {"container.cpu.time", CAUSES_CPU},
    {"container.memory.working_set", CAUSES_MEMORY},
    {"k8s.container.restarts", CAUSES_RESTART},
    {"system.network.io", CAUSES_NETWORK},
    {"temperature_celsius", CAUSES_OTHER},
};

START_TEST(kind_follows_from_the_name)
{
	ck_assert_msg(causes_kind_of(kinds[_i].metric) == kinds[_i].kind,
	    "%s is %s", kinds[_i].metric,
	    causes_kind_name(causes_kind_of(kinds[_i].metric)));
}
END_TEST

static const struct {
	const char *pod, *want;
} pods[] = {
    {"cart-6d5f7c9b8d-x2x4z", "cart"},
    {"my-api-5b8f4-abcde", "my-api-5b8f4-abcde"},
    {"postgres-0", "postgres"},
    {"node-agent-x7k2p", "node-agent"},
    {"cart", "cart"},
    {"front-end", "front-end"},
    {"redis-cart", "redis-cart"},
};

START_TEST(pods_lose_what_was_generated)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", pods[_i].pod);
	causes_strip_pod(name);
	ck_assert_str_eq(name, pods[_i].want);
}
END_TEST

static const struct {
	const char *label, *metric, *want;
	struct causes_label labels[3];
} owners[] = {
    {"service goes before job", "x", "cart",
	{{"job", "scrape"}, {"service", "cart"}, {"instance", "a:1"}}},
    {"an agent's service is not the container's", "container_x", "cart",
	{{"service", "kubelet"}, {"container", "cart"}, {"job", "kubelet"}}},
    {"a proxy's container is its pod's", "container_x", "cart",
	{{"container", "istio-proxy"}, {"pod", "cart-6d5f7c9b8d-x2x4z"},
	    {"job", "kubelet"}}},
    {"instances lose their ports", "x", "10.0.0.1",
	{{"instance", "10.0.0.1:9100"}, {"mode", "idle"}, {"le", "1"}}},
    {"a mesh's full name is the service's", "x", "cart",
	{{"service", "cart.shop.svc.cluster.local"}, {"a", "b"}, {"c", "d"}}},
    {"other dots stay", "x", "www.example.com",
	{{"service", "www.example.com"}, {"a", "b"}, {"c", "d"}}},
    {"an operating system is none", "node_os_info", "10.0.0.1",
	{{"name", "Debian GNU/Linux"}, {"instance", "10.0.0.1:9100"},
	    {"id", "debian"}}},
    {"nor is a pool with a name", "x", "cart",
	{{"name", "main"}, {"job", "cart"}, {"le", "1"}}},
    {"nor one alone with blanks in it", "x", "",
	{{"name", "G1 Old Gen"}, {"area", "heap"}, {"le", "1"}}},
    {"a name is better than none", "x", "cart",
	{{"name", "cart"}, {"area", "heap"}, {"le", "1"}}},
    {"an alert by a chart's exporter is about its pod", "", "search",
	{{"service", "kube-prometheus-stack-kube-state-metrics"},
	    {"instance", "10.1.4.23:8080"}, {"pod", "search-6d5f9c7b8-x6k2p"}}},
    {"or else about nobody, but not about the exporter", "", "",
	{{"job", "kube-state-metrics"}, {"instance", "10.1.4.23:8080"},
	    {"job_name", "nightly-export-29311"}}},
    {"a machine's alert is about its instance", "", "10.0.0.1",
	{{"job", "node-exporter"}, {"instance", "10.0.0.1:9100"},
	    {"mode", "idle"}}},
    {"a service under OpenTelemetry's name", "http.server.request.duration",
	"cart",
	{{"service.name", "cart"}, {"k8s.pod.name", "cart-6d5f7c9b8d-x2x4z"},
	    {"k8s.namespace.name", "shop"}}},
    {"the same, where underscores stand for dots", "x", "cart",
	{{"service_name", "cart"}, {"k8s_pod_name", "cart-6d5f7c9b8d-x2x4z"},
	    {"k8s_namespace_name", "shop"}}},
    {"a pod under OpenTelemetry's name", "container.cpu.time", "cart",
	{{"k8s.pod.name", "cart-6d5f7c9b8d-x2x4z"},
	    {"k8s.namespace.name", "shop"}, {"service.instance.id", "7"}}},
    {"nothing that names a service", "x", "",
	{{"namespace", "shop"}, {"mode", "idle"}, {"le", "1"}}},
};

START_TEST(owner_follows_from_labels)
{
	char name[64];

	causes_service_of(
	    owners[_i].metric, owners[_i].labels, 3, name, sizeof(name));
	ck_assert_msg(strcmp(name, owners[_i].want) == 0, "%s: %s",
	    owners[_i].label, name);
}
END_TEST

START_TEST(both_ends_of_a_call_are_found_in_every_mesh)
{
	for (size_t i = 0; i < causes_npairs; i++) {
		struct causes_label labels[] = {
		    {causes_pairs[i].client, "a"},
		    {causes_pairs[i].server, "b"},
		};
		const char *client = "", *server = "";

		ck_assert(causes_pair_of(labels, 2, &client, &server));
		ck_assert_str_eq(client, "a");
		ck_assert_str_eq(server, "b");
	}
}
END_TEST

START_TEST(a_call_to_oneself_or_to_nobody_is_none)
{
	struct causes_label self[] = {{"client", "a"}, {"server", "a"}};
	struct causes_label nobody[] = {
	    {"source_workload", "unknown"}, {"destination_workload", "b"}};
	const char *c, *s;

	ck_assert(!causes_pair_of(self, 2, &c, &s));
	ck_assert(!causes_pair_of(nobody, 2, &c, &s));
}
END_TEST

START_TEST(requests_with_a_failing_outcome_are_errors)
{
	ck_assert(causes_kind_with(CAUSES_LOAD, "code", "503") == CAUSES_ERROR);
	ck_assert(causes_kind_with(CAUSES_LOAD, "outcome", "SERVER_ERROR") ==
		  CAUSES_ERROR);
	ck_assert(causes_kind_with(CAUSES_LOAD, "code", "200") == CAUSES_LOAD);
	ck_assert(causes_kind_with(CAUSES_CPU, "code", "503") == CAUSES_CPU);
}
END_TEST

START_TEST(alerts_tell_what_they_are_about)
{
	ck_assert(causes_symptom_of("HighErrorRate") == CAUSES_ERROR);
	ck_assert(causes_symptom_of("ApiSlow p99") == CAUSES_LATENCY);
	ck_assert(causes_symptom_of("DiskWillFill") == CAUSES_OTHER);
}
END_TEST

START_TEST(units_follow_from_name_and_form)
{
	ck_assert_str_eq(
	    causes_unit_of("x_duration_seconds", "p95"), "seconds");
	ck_assert_str_eq(causes_unit_of("x_cpu_seconds_total", "rate"),
	    "seconds per second");
	ck_assert_str_eq(
	    causes_unit_of("x_seconds_count", "rate"), "per second");
	ck_assert_str_eq(
	    causes_unit_of("x_bytes_total", "rate"), "bytes per second");
	ck_assert_str_eq(causes_unit_of("x_usage_percent", ""), "percent");
	ck_assert_str_eq(causes_unit_of("x.io.bytes", ""), "bytes");
	ck_assert_str_eq(causes_unit_of("x_hit_ratio", ""), "ratio");
	ck_assert_str_eq(causes_unit_of("x_duration", "p95"), "");
	ck_assert(causes_is_shared("system.cpu.time"));
	ck_assert(causes_same_name("service.name", "service_name"));
	ck_assert(!causes_same_name("service.names", "service_name"));
	ck_assert(!causes_same_name("service.nam", "service_name"));
	ck_assert_str_eq(causes_unit_of("x", ""), "");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {kind_follows_from_the_name, ARRAY_LEN(kinds)},
	    {pods_lose_what_was_generated, ARRAY_LEN(pods)},
	    {owner_follows_from_labels, ARRAY_LEN(owners)},
	    {both_ends_of_a_call_are_found_in_every_mesh, 0},
	    {a_call_to_oneself_or_to_nobody_is_none, 0},
	    {requests_with_a_failing_outcome_are_errors, 0},
	    {alerts_tell_what_they_are_about, 0},
	    {units_follow_from_name_and_form, 0},
	};

	return RUN_TESTS("causes_names", tests);
}
