/*
 * golden_worlds.c - what is measured, ruled and told in twelve situations.
 *
 * Small on purpose: a shop of five services, its pods, two machines. Each
 * situation adds to that what is wrong.
 */
#include "tests/harness/golden_worlds.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/attr.h"

#define AGO(s) (GOLDEN_NOW - (s))
#define DAYS(n) ((n)*86400.0)

enum { PODS = 5, NAMES_MAX = 2 * WORLD_LABELS_MAX };

/* ---- pieces ---- */

/* Pairs of names and values, "" ends them. */
#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
set_labels(struct world_labels *l, const char *const *pairs)
{
	for (; pairs[0] != NULL; pairs += 2)
		world_set_label(l, pairs[0], pairs[1]);
}

static struct world_series *
series(struct world *w, struct dice *d, const char *metric,
    enum world_form form, double base, const char *const *labels)
{
	struct world_series *s = world_add_series(w, d, metric, form, base);

	set_labels(&s->labels, labels);
	return s;
}

static void
goes_wrong(struct world_series *s, double from, double factor)
{
	s->fault_from = from;
	s->factor = factor;
}

static int
rule(struct world *w, const char *name, const char *severity, int for_s,
    const char *expr)
{
	w->rules[w->n_rules] = (struct world_rule){.name = name,
	    .severity = severity,
	    .expr = expr,
	    .metric = "",
	    .for_s = for_s};
	return w->n_rules++;
}

static struct world_alert *
alert(struct world *w, struct dice *d, int of, double since, const char *value,
    const char *summary, const char *const *labels)
{
	struct world_alert *a = &w->alerts[w->n_alerts++];

	*a = (struct world_alert){.rule = of,
	    .service = -1,
	    .pending_from = since,
	    .firing_from = since + w->rules[of].for_s,
	    .until = INFINITY,
	    .value = value,
	    .summary = summary};
	world_set_label(&a->labels, "alertname", w->rules[of].name);
	world_set_label(&a->labels, "severity", w->rules[of].severity);
	set_labels(&a->labels, labels);
	world_measure_alert(w, d, a);
	return a;
}

static void
target(struct world *w, struct dice *d, const char *job, const char *instance,
    double down_from, const char *error)
{
	struct world_series *s = series(w, d, "up", FORM_CONSTANT, 1,
	    LABELS("job", job, "instance", instance));

	w->targets[w->n_targets++] = (struct world_target){.job = job,
	    .instance = instance,
	    .down_from = down_from,
	    .down_until = INFINITY,
	    .error = error};
	goes_wrong(s, down_from, 0);
}

static const char *
pod(struct world *w, const char *service, int i)
{
	static const char *const tails[PODS] = {
	    "x2k8d", "7hq4m", "bv9tz", "c5wlp", "n6r2j"};

	return world_text(w, "%s-6c9d7f8b5d-%s", service, tails[i]);
}

/* ---- the shop ---- */

struct ill {
	const char *service;
	double slow_from, factor; /* how much slower */
	double errors_from;
	double busy_from;
};

static const char *const services[] = {
    "frontend", "checkout", "payment", "catalog", "mail"};
static const char *const edges[][2] = {{"frontend", "checkout"},
    {"frontend", "catalog"}, {"checkout", "payment"}, {"checkout", "mail"}};

static void
measure_service(
    struct world *w, struct dice *d, const char *name, const struct ill *ill)
{
	const char *const *labels =
	    LABELS("namespace", "shop", "service", name);
	double load = dice_int(d, 20, 40);
	struct world_series *s;

	s = series(w, d, "http_requests_total", FORM_COUNTER, load, labels);
	world_set_label(&s->labels, "code", "200");
	s = series(
	    w, d, "http_requests_total", FORM_COUNTER, load / 500, labels);
	world_set_label(&s->labels, "code", "500");
	if (ill != NULL)
		goes_wrong(s, ill->errors_from, 90);
	s = series(w, d, "http_request_duration_seconds_sum", FORM_COUNTER,
	    load * 0.05, labels);
	if (ill != NULL)
		goes_wrong(s, ill->slow_from, ill->factor);
	series(w, d, "http_request_duration_seconds_count", FORM_COUNTER, load,
	    labels);
	s = series(
	    w, d, "process_cpu_seconds_total", FORM_COUNTER, 0.15, labels);
	if (ill != NULL)
		goes_wrong(s, ill->busy_from, 6);
	series(w, d, "process_resident_memory_bytes", FORM_GAUGE, 2e8, labels);
}

static void
measure_edge(struct world *w, struct dice *d, const char *client,
    const char *server, const struct ill *of)
{
	const char *const *labels = LABELS("client", client, "server", server);
	struct world_series *s;

	series(w, d, "traces_service_graph_request_total", FORM_COUNTER, 9,
	    labels);
	series(w, d, "traces_service_graph_request_server_seconds_count",
	    FORM_COUNTER, 9, labels);
	s = series(w, d, "traces_service_graph_request_server_seconds_sum",
	    FORM_COUNTER, 0.45, labels);
	if (of != NULL)
		goes_wrong(s, of->slow_from, of->factor);
}

static const struct ill *
ill_of(const struct ill *ill, const char *service)
{
	for (; ill != NULL && ill->service != NULL; ill++)
		if (strcmp(ill->service, service) == 0)
			return ill;
	return NULL;
}

/* All of it; ill ends with one that names none, or is NULL. */
static void
shop(struct world *w, struct dice *d, const struct ill *ill)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		measure_service(w, d, services[i], ill_of(ill, services[i]));
	for (size_t i = 0; i < ARRAY_LEN(edges); i++)
		measure_edge(
		    w, d, edges[i][0], edges[i][1], ill_of(ill, edges[i][1]));
	for (size_t i = 0; i < 2; i++)
		target(w, d, "node-exporter",
		    world_text(w, "10.0.2.%zu:9100", i + 1), INFINITY, NULL);
}

#define LATENCY_EXPR                                                           \
	"sum by (namespace, service) "                                         \
	"(rate(http_request_duration_seconds_sum[2m])) / sum by (namespace, "  \
	"service) (rate(http_request_duration_seconds_count[2m])) > 0.3"

static int
latency_rule(struct world *w)
{
	return rule(w, "HighLatency", "critical", 60, LATENCY_EXPR);
}

static int
error_rule(struct world *w)
{
	return rule(w, "HighErrorRate", "critical", 60,
	    "sum by (namespace, service) "
	    "(rate(http_requests_total{code=~\"5..\"}[2m])) / sum by "
	    "(namespace, service) (rate(http_requests_total[2m])) > 0.05");
}

/* A rule that watches and is content. */
static void
quiet_rules(struct world *w)
{
	latency_rule(w);
	error_rule(w);
}

static struct world_alert *
shop_alert(struct world *w, struct dice *d, int of, double since,
    const char *value, const char *service, const char *summary)
{
	return alert(w, d, of, since, value, summary,
	    LABELS("namespace", "shop", "service", service));
}

/* ---- the situations ---- */

/* All pods of mail are throttled at their limit, so mail is slow. */
static void
live_fault(struct world *w, struct dice *d)
{
	static const struct ill ill[] = {
	    {"mail", AGO(520), 16, INFINITY, INFINITY}, {0}};
	int of = latency_rule(w);

	shop(w, d, ill);
	for (int i = 0; i < PODS; i++) {
		const char *const *labels = LABELS("namespace", "shop", "pod",
		    pod(w, "mail", i), "container", "mail");
		struct world_series *s;

		s = series(w, d, "container_cpu_cfs_throttled_seconds_total",
		    FORM_COUNTER, 0.0002, labels);
		goes_wrong(s, AGO(540), 1600);
		s = series(w, d, "container_cpu_usage_seconds_total",
		    FORM_COUNTER, 0.06, labels);
		goes_wrong(s, AGO(540), 3.2);
		series(w, d, "container_memory_working_set_bytes", FORM_GAUGE,
		    1.6e8, labels);
	}
	shop_alert(w, d, of, AGO(450), "8.02e-01", "mail",
	    "mail answers slowly: 0.802 s on average");
}

/* payment is at fault, checkout waits for it, frontend for that. */
static void
cascade(struct world *w, struct dice *d)
{
	static const struct ill ill[] = {
	    {"payment", AGO(600), 20, AGO(600), AGO(615)},
	    {"checkout", AGO(585), 14, INFINITY, INFINITY},
	    {"frontend", AGO(570), 9, INFINITY, INFINITY}, {0}};
	int slow = latency_rule(w), errors = error_rule(w);

	shop(w, d, ill);
	shop_alert(w, d, slow, AGO(510), "4.5e-01", "frontend",
	    "frontend answers slowly");
	shop_alert(w, d, slow, AGO(525), "7e-01", "checkout",
	    "checkout answers slowly");
	shop_alert(
	    w, d, slow, AGO(540), "1e+00", "payment", "payment answers slowly");
	shop_alert(w, d, errors, AGO(540), "1.53e-01", "payment",
	    "payment fails 15 % of requests");
}

static void
ksm(struct world_labels *l)
{
	set_labels(l, LABELS("job", "kube-state-metrics", "service",
			  "kube-state-metrics", "instance", "10.0.9.9:8080"));
}

/* Every pod of mail, by the exporter that tells of it. */
static struct world_series *
ksm_series(struct world *w, struct dice *d, const char *metric, int i,
    enum world_form form, double base)
{
	struct world_series *s = series(w, d, metric, form, base,
	    LABELS("namespace", "shop", "pod", pod(w, "mail", i), "container",
		"mail"));

	ksm(&s->labels);
	return s;
}

static void
crash_loop(struct world *w, struct dice *d)
{
	int of = rule(w, "KubePodCrashLooping", "warning", 300,
	    "max_over_time(kube_pod_container_status_waiting_reason"
	    "{reason=\"CrashLoopBackOff\"}[5m]) >= 1");

	shop(w, d, NULL);
	for (int i = 0; i < 2; i++) {
		struct world_series *s =
		    ksm_series(w, d, "kube_pod_container_status_restarts_total",
			i, FORM_STAIRS, 0);
		struct world_alert *a;

		goes_wrong(s, AGO(1500), 240);
		s = ksm_series(w, d, "kube_pod_container_status_waiting_reason",
		    i, FORM_CONSTANT, 1);
		world_set_label(&s->labels, "reason", "CrashLoopBackOff");
		s->from = AGO(1440);
		a = alert(w, d, of, AGO(1440), "1e+00", "Pod is crash looping.",
		    LABELS("namespace", "shop", "pod", pod(w, "mail", i),
			"container", "mail", "reason", "CrashLoopBackOff"));
		ksm(&a->labels);
	}
}

static void
measure_disk(struct world *w, struct dice *d, const char *instance, double from,
    double slope)
{
	const char *const *labels =
	    LABELS("job", "node-exporter", "instance", instance, "device",
		"/dev/sda1", "fstype", "ext4", "mountpoint", "/var");
	struct world_series *s = series(
	    w, d, "node_filesystem_avail_bytes", FORM_CONSTANT, 2e10, labels);

	goes_wrong(s, from, 1);
	s->slope = slope;
	series(w, d, "node_filesystem_size_bytes", FORM_CONSTANT, 1e11, labels);
}

static void
disk_alert(struct world *w, struct dice *d, double since)
{
	int of = rule(w, "NodeFilesystemAlmostOutOfSpace", "critical", 300,
	    "node_filesystem_avail_bytes{fstype!=\"\"} / "
	    "node_filesystem_size_bytes{fstype!=\"\"} * 100 < 10");

	alert(w, d, of, since, "5.9e+00", "Filesystem has less than 10% left.",
	    LABELS("job", "node-exporter", "instance", "10.0.2.1:9100",
		"device", "/dev/sda1", "fstype", "ext4", "mountpoint", "/var"));
}

static void
disk_filling(struct world *w, struct dice *d)
{
	shop(w, d, NULL);
	measure_disk(w, d, "10.0.2.1:9100", AGO(2070), -6.8e6);
	measure_disk(w, d, "10.0.2.2:9100", INFINITY, 0);
	disk_alert(w, d, AGO(600));
}

static void
oom(struct world *w, struct dice *d)
{
	int of = rule(w, "ContainerOOMKilled", "critical", 0,
	    "kube_pod_container_status_last_terminated_reason"
	    "{reason=\"OOMKilled\"} == 1 and on (namespace, pod, container) "
	    "increase(kube_pod_container_status_restarts_total[10m]) > 0");

	shop(w, d, NULL);
	for (int i = 0; i < 3; i++) {
		const char *const *labels = LABELS("namespace", "shop", "pod",
		    pod(w, "mail", i), "container", "mail");
		struct world_series *s =
		    series(w, d, "container_memory_working_set_bytes",
			FORM_GAUGE, 1.6e8, labels);
		struct world_alert *a;

		goes_wrong(s, AGO(900), 3.1);
		series(w, d, "container_spec_memory_limit_bytes", FORM_CONSTANT,
		    536870912, labels);
		if (i > 0)
			continue;
		s = ksm_series(w, d, "kube_pod_container_status_restarts_total",
		    i, FORM_STAIRS, 0);
		goes_wrong(s, AGO(480), 200);
		s = ksm_series(w, d,
		    "kube_pod_container_status_last_terminated_reason", i,
		    FORM_CONSTANT, 1);
		world_set_label(&s->labels, "reason", "OOMKilled");
		s->from = AGO(480);
		a = alert(w, d, of, AGO(480), "1e+00",
		    "Container was killed for want of memory.",
		    LABELS("namespace", "shop", "pod", pod(w, "mail", i),
			"container", "mail", "reason", "OOMKilled"));
		ksm(&a->labels);
	}
}

static void
target_down(struct world *w, struct dice *d)
{
	static const char refused[] =
	    "Get \\\"http://10.0.3.7:9104/metrics\\\": dial tcp "
	    "10.0.3.7:9104: connect: connection refused";
	int of = rule(w, "TargetDown", "warning", 120, "up == 0");

	shop(w, d, NULL);
	target(w, d, "mysql", "10.0.3.6:9104", INFINITY, NULL);
	target(w, d, "mysql", "10.0.3.7:9104", AGO(720), refused);
	alert(w, d, of, AGO(720), "0e+00", "A target is down.",
	    LABELS("job", "mysql", "instance", "10.0.3.7:9104"));
}

static void
absent_series(struct world *w, struct dice *d)
{
	int of = rule(w, "BackupMissing", "critical", 300,
	    "absent(backup_last_success_timestamp_seconds"
	    "{job=\"nightly-backup\"})");
	struct world_series *s;

	shop(w, d, NULL);
	s = series(w, d, "backup_last_success_timestamp_seconds", FORM_CONSTANT,
	    AGO(90000),
	    LABELS("job", "nightly-backup", "instance", "10.0.4.2:9101"));
	s->until = AGO(1800);
	alert(w, d, of, AGO(1500), "1e+00", "The backup tells nothing.",
	    LABELS("job", "nightly-backup"));
}

static void
storm(struct world *w, struct dice *d)
{
	static const struct ill ill[] = {
	    {"payment", AGO(420), 20, AGO(420), AGO(435)}, {0}};
	int of = rule(w, "QueueLong", "warning", 60,
	    "max by (namespace, service, pod) (service_queue_length) > 100");
	int slow = latency_rule(w);

	shop(w, d, ill);
	for (int i = 0; i < 499; i++) {
		const char *const *labels = LABELS("namespace", "shop",
		    "service", "worker", "pod",
		    world_text(w, "worker-5f6d8c7b9-%c%c%c%c%c", 'b' + i % 7,
			'c' + i / 7 % 7, 'd' + i / 49 % 7, 'f' + i / 343, '4'));
		struct world_series *s =
		    series(w, d, "service_queue_length", FORM_GAUGE, 8, labels);

		goes_wrong(s, AGO(400), 40);
		alert(w, d, of, AGO(390), "3.2e+02",
		    "The queue of a worker is long.", labels);
	}
	shop_alert(
	    w, d, slow, AGO(360), "1e+00", "payment", "payment answers slowly");
}

static void
flapping(struct world *w, struct dice *d)
{
	int of = error_rule(w);

	shop(w, d, NULL);
	for (int i = 0; i < 5; i++) {
		double since = AGO(3000 - 600 * i);
		struct world_alert a = {.rule = of,
		    .pending_from = since,
		    .firing_from = since + 60,
		    .until = since + 180};

		world_set_label(&a.labels, "alertname", w->rules[of].name);
		world_set_label(&a.labels, "severity", "critical");
		set_labels(&a.labels,
		    LABELS("namespace", "shop", "service", "catalog"));
		world_measure_alert(w, d, &a);
	}
}

static void
nothing_firing(struct world *w, struct dice *d)
{
	quiet_rules(w);
	shop(w, d, NULL);
}

static void
nothing_readable(struct world *w, struct dice *d)
{
	quiet_rules(w);
	shop(w, d, NULL);
	for (int i = 0; i < WORLD_APIS; i++)
		w->api[i] = ANSWERS_ERROR;
	w->seed = 2; /* access denied */
}

static void
two_incidents(struct world *w, struct dice *d)
{
	static const struct ill ill[] = {
	    {"payment", AGO(900), 20, AGO(900), AGO(915)}, {0}};
	int slow = latency_rule(w);

	shop(w, d, ill);
	measure_disk(w, d, "10.0.2.1:9100", AGO(2070), -6.8e6);
	measure_disk(w, d, "10.0.2.2:9100", INFINITY, 0);
	shop_alert(
	    w, d, slow, AGO(840), "1e+00", "payment", "payment answers slowly");
	disk_alert(w, d, AGO(600));
}

const struct golden golden_worlds[] = {
    {"live-fault", live_fault, {"mail", "mail"}},
    {"cascade", cascade, {"payment", "payment"}},
    {"crash-loop", crash_loop, {"mail", "mail"}},
    {"disk-filling", disk_filling, {"/var", "/var"}},
    {"oom", oom, {"内存", "memory"}},
    {"target-down", target_down, {"10.0.3.7:9104", "10.0.3.7:9104"}},
    {"absent-series", absent_series, {"没有数据", "no data"}},
    {"storm", storm, {"payment", "payment"}},
    {"flapping", flapping, {"反复", "flap"}},
    {"nothing-firing", nothing_firing,
	{"没有告警在触发", "No alert is firing"}},
    {"nothing-readable", nothing_readable, {"无法判断", "nothing can be said"}},
    {"two-incidents", two_incidents, {"payment", "payment"}},
};
const int golden_n = (int)ARRAY_LEN(golden_worlds);

struct world *
golden_world(const struct golden *g)
{
	struct world *w = world_empty(GOLDEN_NOW, AGO(DAYS(5)));
	struct dice d = dice_of(1, 2, 3);

	g->make(w, &d);
	return w;
}
