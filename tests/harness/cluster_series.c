/*
 * cluster_series.c - a made-up cluster as samples: what each series is, and
 * what the faults do to it.
 *
 * Invariant: a value depends on the series and the moment only. A sample is
 * level * noise * factor + plus; of a counter this is the rate.
 */
#include "tests/harness/cluster_in.h"
#include "tests/harness/dice.h"
#include "tests/harness/remote_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MAX = 12, LATE = 5, STARVED = 8 };
enum { OWN, CADVISOR, KSM }; /* who tells of a pod */

/* What of a pod a series shows, as far as faults change it. */
enum shows {
	NOTHING,
	SECONDS, /* spent on requests, and requests under way */
	BUCKET,
	FAILED,
	CPU,
	THROTTLED,
	MEMORY,
	RESTARTS,
	READY,
};

static const struct pod_metric {
	const char *name, *label, *value;
	int by;
	enum shows shows;
	bool counter;
	double level, noise;
} pod_metrics[] = {
    {"http_requests_total", "code", "200", OWN, NOTHING, true, 20, .05},
    {"http_requests_total", "code", "404", OWN, NOTHING, true, .2, .3},
    {"http_requests_total", "code", "500", OWN, FAILED, true, .02, .5},
    {"http_request_duration_seconds_sum", NULL, NULL, OWN, SECONDS, true, 1,
	.08},
    {"http_request_duration_seconds_count", NULL, NULL, OWN, NOTHING, true, 20,
	.05},
    {"http_request_duration_seconds_bucket", "le", "0.1", OWN, BUCKET, true, 16,
	.05},
    {"http_request_duration_seconds_bucket", "le", "0.5", OWN, BUCKET, true,
	19.6, .05},
    {"http_request_duration_seconds_bucket", "le", "2.5", OWN, BUCKET, true,
	19.98, .05},
    {"http_request_duration_seconds_bucket", "le", "+Inf", OWN, NOTHING, true,
	20, .05},
    {"http_requests_in_flight", NULL, NULL, OWN, SECONDS, false, 2, .2},
    {"process_open_fds", NULL, NULL, OWN, NOTHING, false, 60, .03},
    {"container_cpu_usage_seconds_total", NULL, NULL, CADVISOR, CPU, true, .3,
	.08},
    {"container_cpu_cfs_periods_total", NULL, NULL, CADVISOR, NOTHING, true, 10,
	.01},
    {"container_cpu_cfs_throttled_periods_total", NULL, NULL, CADVISOR,
	THROTTLED, true, .1, .3},
    {"container_memory_working_set_bytes", NULL, NULL, CADVISOR, MEMORY, false,
	3e8, .01},
    {"container_network_receive_bytes_total", "interface", "eth0", CADVISOR,
	NOTHING, true, 2e5, .1},
    {"container_network_transmit_bytes_total", "interface", "eth0", CADVISOR,
	NOTHING, true, 3e5, .1},
    {"container_fs_writes_bytes_total", "device", "/dev/sda", CADVISOR, NOTHING,
	true, 1e4, .3},
    {"kube_pod_container_status_restarts_total", NULL, NULL, KSM, RESTARTS,
	true, 0, 0},
    {"kube_pod_status_ready", "condition", "true", KSM, READY, false, 1, 0},
    {"kube_pod_container_resource_limits", "resource", "memory", KSM, NOTHING,
	false, 1e9, 0},
    {"kube_pod_info", NULL, NULL, KSM, NOTHING, false, 1, 0},
    {"kube_pod_status_phase", "phase", "Running", KSM, NOTHING, false, 1, 0},
};

static const struct node_metric {
	const char *name, *label, *value;
	bool ksm, counter;
	double level, noise;
	double busy, full; /* factors where CPUs, where memory is short */
	double full_plus, gone_plus;
} node_metrics[] = {
    {"node_cpu_seconds_total", "mode", "idle", false, true, .75, .05, .04, .9,
	0, 0},
    {"node_cpu_seconds_total", "mode", "user", false, true, .18, .1, 4.4, 1, 0,
	0},
    {"node_cpu_seconds_total", "mode", "system", false, true, .06, .1, 3, 2, 0,
	0},
    {"node_cpu_seconds_total", "mode", "iowait", false, true, .01, .3, 1, 9, 0,
	0},
    {"node_load1", NULL, NULL, false, false, 3, .15, 9, 2, 0, 0},
    {"node_memory_MemTotal_bytes", NULL, NULL, false, false, 64e9, 0, 1, 1, 0,
	0},
    {"node_memory_MemAvailable_bytes", NULL, NULL, false, false, 3e10, .02, 1,
	.02, 0, 0},
    {"node_pressure_cpu_waiting_seconds_total", NULL, NULL, false, true, .02,
	.3, 40, 2, 0, 0},
    {"node_pressure_memory_waiting_seconds_total", NULL, NULL, false, true,
	.001, .3, 1, 400, 0, 0},
    {"node_pressure_io_waiting_seconds_total", NULL, NULL, false, true, .01, .3,
	1, 8, 0, 0},
    {"node_vmstat_pgmajfault", NULL, NULL, false, true, 5, .3, 1, 200, 0, 0},
    {"node_disk_io_time_seconds_total", "device", "sda", false, true, .05, .3,
	1, 6, 0, 0},
    {"node_network_receive_bytes_total", "device", "eth0", false, true, 4e6, .1,
	1, 1, 0, 0},
    {"node_network_transmit_bytes_total", "device", "eth0", false, true, 4e6,
	.1, 1, 1, 0, 0},
    {"node_filesystem_avail_bytes", "mountpoint", "/", false, false, 1e11, 0, 1,
	1, 0, 0},
    {"node_uname_info", "sysname", "Linux", false, false, 1, 0, 1, 1, 0, 0},
    {"kube_node_info", NULL, NULL, true, false, 1, 0, 1, 1, 0, 0},
    {"kube_node_status_condition", "Ready", "true", true, false, 1, 0, 1, 1, 0,
	-1},
    {"kube_node_status_condition", "Ready", "false", true, false, 0, 0, 1, 1, 0,
	0},
    {"kube_node_status_condition", "Ready", "unknown", true, false, 0, 0, 1, 1,
	0, 1},
    {"kube_node_status_condition", "MemoryPressure", "true", true, false, 0, 0,
	1, 1, 1, 0},
    {"kube_node_status_condition", "MemoryPressure", "false", true, false, 1, 0,
	1, 1, -1, 0},
    {"kube_node_status_condition", "DiskPressure", "true", true, false, 0, 0, 1,
	1, 0, 0},
    {"kube_node_status_condition", "DiskPressure", "false", true, false, 1, 0,
	1, 1, 0, 0},
};

static const struct edge_metric {
	const char *name;
	enum shows shows;
	double level, noise;
} edge_metrics[] = {
    {"traces_service_graph_request_total", NOTHING, 150, .05},
    {"traces_service_graph_request_failed_total", FAILED, .15, .5},
    {"traces_service_graph_request_server_seconds_sum", SECONDS, 7.5, .08},
    {"traces_service_graph_request_server_seconds_count", NOTHING, 150, .05},
};

struct series {
	const char *labels[2 * LABELS_MAX + 1];
	size_t n;
	bool counter;
	double level, noise;
	double factor[CLUSTER_FAULTS + 1], plus[CLUSTER_FAULTS + 1];
	bool absent[CLUSTER_FAULTS + 1];
};

struct sending {
	struct cluster *c;
	struct remote_batch *batch;
	size_t series, samples;
};

/* ---- one series ---- */

static void
begin(struct series *s, bool counter, double level, double noise)
{
	*s =
	    (struct series){.counter = counter, .level = level, .noise = noise};
	for (size_t f = 0; f <= CLUSTER_FAULTS; f++)
		s->factor[f] = 1;
}

static void
label(struct series *s, const char *name, const char *value)
{
	if (name == NULL)
		return;
	s->labels[s->n++] = name;
	s->labels[s->n++] = value;
}

/* Roughly normal. */
static double
wobble(uint64_t x)
{
	uint64_t m = dice_mix(x);
	double sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (double)(m >> 16 * i & 0xFFFF) / 65536;
	return (sum - 2) * 1.732;
}

static void
emit(struct sending *to, const struct series *s)
{
	uint64_t id = dice_mix(to->series + 1);
	double level = s->level * (1 + .2 * wobble(id)), sum = 0;

	if (s->noise <= 0)
		level = s->level;
	remote_batch_series(to->batch, s->labels);
	to->series++;
	for (size_t i = 0; i < CLUSTER_POINTS; i++) {
		int64_t t = to->c->start_s + (int64_t)i * CLUSTER_STEP_S;
		enum cluster_fault f = cluster_at(i);
		double v =
		    level * (1 + s->noise * wobble(id + i)) * s->factor[f] +
		    s->plus[f];

		sum += fmax(v, 0) * CLUSTER_STEP_S;
		if (s->absent[f])
			continue;
		remote_batch_sample(to->batch, t * 1000,
		    s->counter ? round(sum * 1000) / 1000 : fmax(v, 0));
		to->samples++;
	}
}

/* ---- pods ---- */

static bool
any_on(const struct cluster *c, size_t service, size_t node)
{
	for (size_t i = 0; i < c->shape.pods; i++)
		if (cluster_node_of(c, service * c->shape.pods + i) == node)
			return true;
	return false;
}

/* A callee with a pod on the node does not answer at times. */
static bool
calls_to(const struct cluster *c, size_t service, size_t node)
{
	for (size_t k = 0; k < CLUSTER_CALLEES; k++)
		if (c->callees[service][k] != service &&
		    any_on(c, c->callees[service][k], node))
			return true;
	return false;
}

static void
hurt_service(
    const struct cluster *c, struct series *s, enum shows shows, size_t service)
{
	for (enum cluster_fault f = 0; f < CLUSTER_FAULTS; f++) {
		double h = (double)c->hurt[f][service];
		bool late = f == CLUSTER_CPU || f == CLUSTER_MEMORY;
		bool fails = f == CLUSTER_ERRORS || f == CLUSTER_RESTARTS;

		if (shows == SECONDS && late)
			s->factor[f] = 1 + (LATE - 1) * h * h;
		if (shows == BUCKET && late)
			s->factor[f] = pow(s->level / 20, (LATE - 1) * h * h);
		if (shows == FAILED && fails)
			s->factor[f] = 1 + 80 * h * h;
	}
}

static void
hurt_culprit(
    struct series *s, enum shows shows, enum cluster_fault f, size_t pod)
{
	static const struct {
		enum cluster_fault fault;
		enum shows shows;
		bool half; /* of its pods */
		double factor, plus;
	} rows[] = {
	    {CLUSTER_CPU, CPU, false, 3, 0},
	    {CLUSTER_CPU, THROTTLED, false, 60, 0},
	    {CLUSTER_MEMORY, MEMORY, false, 2.5, 0},
	    {CLUSTER_RESTARTS, RESTARTS, true, 1, 1.0 / 60},
	    {CLUSTER_RESTARTS, READY, true, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].fault == f && rows[i].shows == shows &&
		    !(rows[i].half && pod % 2 != 0)) {
			s->factor[f] = rows[i].factor;
			s->plus[f] = rows[i].plus;
		}
}

static void
hurt_on_node(struct series *s, enum shows shows, enum cluster_fault f, int by)
{
	if (f == CLUSTER_GONE) {
		s->absent[f] = by != KSM;
		s->factor[f] = shows == READY ? 0 : 1;
	} else if (shows == SECONDS) {
		s->factor[f] = STARVED;
	} else if (shows == BUCKET) {
		s->factor[f] = pow(s->level / 20, STARVED - 1);
	} else if (shows == CPU) {
		s->factor[f] = .7;
	}
}

static void
label_pod(struct series *s, const struct pod_metric *m, const char *service,
    const char *team, const char *pod, const char *node, const char *ip)
{
	bool alone = strstr(m->name, "_pod_info") != NULL ||
		     strstr(m->name, "_pod_status") != NULL ||
		     strstr(m->name, "_network_") != NULL;

	label(s, "__name__", m->name);
	label(s, m->label, m->value);
	label(s, "namespace", team);
	label(s, "pod", pod);
	if (m->by == OWN) {
		label(s, "service", service);
		label(s, "job", service);
		label(s, "instance", ip);
		return;
	}
	if (!alone)
		label(s, "container", service);
	label(s, "job", m->by == KSM ? "kube-state-metrics" : "kubelet");
	label(s, "service", m->by == KSM ? "kube-state-metrics" : "kubelet");
	label(s, "instance", m->by == KSM ? "10.0.0.9:8080" : ip);
	if (m->by == CADVISOR || strstr(m->name, "_pod_info") != NULL)
		label(s, "node", node);
}

static void
send_pod(struct sending *to, size_t pod)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	const struct cluster *c = to->c;
	size_t service = pod / c->shape.pods, node = cluster_node_of(c, pod);
	uint64_t x = dice_mix(pod + 7);
	char name[100], ip[60], team[30], tail[6] = "";

	for (int i = 0; i < 5; i++, x /= 27)
		tail[i] = alphabet[x % 27];
	snprintf(name, sizeof(name), "%s-6b8c9d%zu-%s", c->services[service],
	    service % 10, tail);
	snprintf(team, sizeof(team), "team-%02zu", service / CLUSTER_TEAM);
	for (size_t i = 0; i < ARRAY_LEN(pod_metrics); i++) {
		const struct pod_metric *m = &pod_metrics[i];
		struct series s;

		begin(&s, m->counter, m->level, m->noise);
		if (m->by == OWN)
			snprintf(ip, sizeof(ip), "10.%zu.%zu.%zu:8080",
			    1 + pod / 62500, pod / 250 % 250, pod % 250);
		else
			snprintf(ip, sizeof(ip), "10.0.%zu.%zu:10250",
			    node / 250, 10 + node % 250);
		label_pod(&s, m, c->services[service], team, name,
		    c->nodes[node], ip);
		hurt_service(c, &s, m->shows, service);
		if (m->shows == FAILED &&
		    calls_to(c, service, c->culprit[CLUSTER_GONE]))
			s.factor[CLUSTER_GONE] = 40;
		for (enum cluster_fault f = 0; f < CLUSTER_FAULTS; f++)
			if (cluster_is_of_node(f) && c->culprit[f] == node)
				hurt_on_node(&s, m->shows, f, m->by);
			else if (!cluster_is_of_node(f) &&
				 c->culprit[f] == service)
				hurt_culprit(&s, m->shows, f, pod);
		if (m->shows == CPU && pod == c->noisy)
			s.factor[CLUSTER_NODE] = 30;
		emit(to, &s);
	}
}

/* ---- edges and nodes ---- */

static void
send_edge(struct sending *to, size_t client, size_t server)
{
	const struct cluster *c = to->c;

	for (size_t i = 0; i < ARRAY_LEN(edge_metrics); i++) {
		const struct edge_metric *m = &edge_metrics[i];
		struct series s;

		begin(&s, true, m->level, m->noise);
		label(&s, "__name__", m->name);
		label(&s, "client", c->services[client]);
		label(&s, "server", c->services[server]);
		label(&s, "job", "tempo");
		hurt_service(c, &s, m->shows, server);
		if (m->shows == FAILED &&
		    any_on(c, server, c->culprit[CLUSTER_GONE]))
			s.factor[CLUSTER_GONE] = 40;
		emit(to, &s);
	}
}

static void
label_node(struct series *s, const struct node_metric *m, const char *node,
    const char *ip, const char *cpu)
{
	bool condition = strstr(m->name, "_condition") != NULL;

	label(s, "__name__", m->name);
	label(s, "cpu", cpu);
	if (!condition)
		label(s, m->label, m->value);
	if (!m->ksm) {
		label(s, "job", "node-exporter");
		label(s, "instance", ip);
		if (cpu == NULL && strstr(m->name, "uname") != NULL)
			label(s, "nodename", node);
		return;
	}
	if (condition) {
		label(s, "condition", m->label);
		label(s, "status", m->value);
	}
	label(s, "job", "kube-state-metrics");
	label(s, "instance", "10.0.0.9:8080");
	label(s, "node", node);
}

static void
send_node(struct sending *to, size_t node)
{
	static const char *const cpus[] = {"0", "1", "2", "3"};
	const struct cluster *c = to->c;
	char ip[40];

	snprintf(
	    ip, sizeof(ip), "10.0.%zu.%zu:9100", node / 250, 10 + node % 250);
	for (size_t i = 0; i < ARRAY_LEN(node_metrics) * ARRAY_LEN(cpus); i++) {
		const struct node_metric *m =
		    &node_metrics[i / ARRAY_LEN(cpus)];
		bool is_cpu = strstr(m->name, "node_cpu_") != NULL;
		struct series s;

		if (!is_cpu && i % ARRAY_LEN(cpus) != 0)
			continue;
		begin(&s, m->counter, m->level, m->noise);
		label_node(&s, m, c->nodes[node], ip,
		    is_cpu ? cpus[i % ARRAY_LEN(cpus)] : NULL);
		if (node == c->culprit[CLUSTER_NODE])
			s.factor[CLUSTER_NODE] = m->busy;
		if (node == c->culprit[CLUSTER_PRESSURE]) {
			s.factor[CLUSTER_PRESSURE] = m->full;
			s.plus[CLUSTER_PRESSURE] = m->full_plus;
		}
		if (node == c->culprit[CLUSTER_GONE]) {
			s.absent[CLUSTER_GONE] = !m->ksm;
			s.plus[CLUSTER_GONE] = m->gone_plus;
		}
		emit(to, &s);
	}
}

bool
cluster_send(
    struct cluster *c, const char *url, size_t *ret_series, size_t *ret_samples)
{
	struct sending to = {.c = c, .batch = remote_batch_new(url)};
	bool good;

	for (size_t i = 0; i < c->shape.services * c->shape.pods; i++)
		send_pod(&to, i);
	for (size_t i = 0; i < c->shape.services; i++)
		for (size_t k = 0; k < CLUSTER_CALLEES; k++)
			if (c->callees[i][k] != i &&
			    (k == 0 || c->callees[i][k] != c->callees[i][0]))
				send_edge(&to, i, c->callees[i][k]);
	for (size_t i = 0; i < c->shape.nodes; i++)
		send_node(&to, i);
	good = remote_batch_free(to.batch);
	*ret_series = to.series;
	*ret_samples = to.samples;
	return good;
}
