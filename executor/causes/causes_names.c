/*
 * causes_names.c - tables of naming conventions, and their lookup.
 *
 * Invariant: the first row of a table that matches decides, so that the
 * order of rows is part of their meaning.
 */
#include "executor/causes/causes_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/report/owner.h"

/* ---- kinds ---- */

/* A part is looked for anywhere in the name; with ^ only at its beginning,
 * with $ only at its end. */
static const struct {
	enum causes_kind kind;
	const char *parts;
} kinds[] = {
    {CAUSES_INFO, "_info$ _build$ _labels$"},
    {CAUSES_ERROR, "status_condition"},
    {CAUSES_RESTART, "restart start_time _boot_time"},
    {CAUSES_ERROR, "error fail 5xx exception dropped timeout reject panic "
		   "oom lost discard retrans"},
    {CAUSES_AVAIL, "availab success _up$ ^up$ ready healthy"},
    {CAUSES_LOAD, "seconds_count$ duration_count$ latency_count$ "
		  "request_count$ requests_count$ _time_count$"},
    {CAUSES_SATURATION, "throttl pressure_"},
    {CAUSES_LATENCY, "latenc duration response_time _rtt delay _wait elapsed "
		     "_time_seconds _time_ms"},
    {CAUSES_CPU, "cpu load1 load5 load15"},
    {CAUSES_MEMORY, "memory _mem_ heap rss swap working_set _mem$ ^mem_"},
    {CAUSES_DISK, "disk fs_ filesystem iops blkio _io_ inode syscall file"},
    {CAUSES_NETWORK, "network receive transmit packet bytes_in bytes_out rx_ "
		     "tx_ tcp socket request_size response_size"},
    {CAUSES_SATURATION, "queue pending connection pool thread utilization "
			"utilisation backlog lag saturat inflight in_flight"},
    {CAUSES_LOAD, "request ops qps rps calls throughput invocation workload "
		  "_count$ _total$ hits"},
};

static const char *const kind_names[CAUSES_KINDS] = {
    [CAUSES_OTHER] = "other",
    [CAUSES_LATENCY] = "latency",
    [CAUSES_ERROR] = "errors",
    [CAUSES_AVAIL] = "availability",
    [CAUSES_CPU] = "CPU",
    [CAUSES_MEMORY] = "memory",
    [CAUSES_SATURATION] = "saturation",
    [CAUSES_RESTART] = "restarts",
    [CAUSES_DISK] = "disk",
    [CAUSES_NETWORK] = "network",
    [CAUSES_LOAD] = "load",
    [CAUSES_INFO] = "version",
};

/* What stands between the words of a name is _ for us. */
static char
plain_char(char c)
{
	return strchr("./-", c) != NULL && c != '\0' ? '_' : c;
}

bool
causes_same_name(const char *name, const char *plain)
{
	for (; *name != '\0' && plain_char(*name) == *plain; name++)
		plain++;
	return *name == '\0' && *plain == '\0';
}

static void
lower(const char *s, char *out, size_t size)
{
	size_t i = 0;

	for (; s[i] != '\0' && i + 1 < size; i++)
		out[i] = plain_char((char)tolower((unsigned char)s[i]));
	out[i] = '\0';
}

static bool
part_matches(const char *name, const char *part, size_t n)
{
	size_t len = strlen(name);
	bool head = part[0] == '^', tail = part[n - 1] == '$';

	part += head;
	n -= (size_t)head + (size_t)tail;
	if (n > len)
		return false;
	if (head && tail)
		return len == n && memcmp(name, part, n) == 0;
	if (head)
		return memcmp(name, part, n) == 0;
	if (tail)
		return memcmp(name + len - n, part, n) == 0;
	return memmem(name, len, part, n) != NULL;
}

/* Does one of the parts, which blanks separate, occur in name? */
static bool
matches(const char *name, const char *parts)
{
	while (*parts != '\0') {
		size_t n = strcspn(parts, " ");

		if (n > 0 && part_matches(name, parts, n))
			return true;
		parts += n + (parts[n] == ' ');
	}
	return false;
}

enum causes_kind
causes_kind_of(const char *metric)
{
	char name[256];

	lower(metric, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (matches(name, kinds[i].parts))
			return kinds[i].kind;
	return CAUSES_OTHER;
}

/* Requests counted by their outcome are failures where the outcome is one. */
enum causes_kind
causes_kind_with(enum causes_kind kind, const char *label, const char *value)
{
	char name[128], text[128];

	if (kind != CAUSES_LOAD)
		return kind;
	lower(label, name, sizeof(name));
	lower(value, text, sizeof(text));
	if (matches(name, "code status") && value[0] == '5' &&
	    strlen(value) == 3)
		return CAUSES_ERROR;
	if (matches(name, "^outcome$ ^result$ status ^type$ ^class$") &&
	    matches(text, "error fail 5xx timeout exception"))
		return CAUSES_ERROR;
	return kind;
}

const char *
causes_kind_name(enum causes_kind kind)
{
	return kind_names[kind];
}

enum causes_kind
causes_symptom_of(const char *text)
{
	char name[1024];

	lower(text, name, sizeof(name));
	if (matches(name, "error fail 5xx exception availab success unavail "
			  "down"))
		return CAUSES_ERROR;
	if (matches(name, "latenc slow duration response_time responsetime "
			  "delay p9 timeout"))
		return CAUSES_LATENCY;
	return CAUSES_OTHER;
}

bool
causes_is_outgoing(const char *metric)
{
	char name[256];

	lower(metric, name, sizeof(name));
	return matches(name, "client outbound upstream egress outgoing");
}

bool
causes_is_shared(const char *metric)
{
	char name[256];

	lower(metric, name, sizeof(name));
	return matches(
	    name, "^node_ ^host_ ^machine_ ^windows_ ^system_ ^k8s_node_");
}

bool
causes_is_quantile(const char *text)
{
	char name[256];

	lower(text, name, sizeof(name));
	for (const char *p = name; (p = strchr(p, 'p')) != NULL; p++)
		if (isdigit((unsigned char)p[1]) &&
		    isdigit((unsigned char)p[2]))
			return true;
	return matches(name, "quantile median max min percentile 0.5 0.9");
}

bool
causes_is_mean(const char *text)
{
	char name[256];

	lower(text, name, sizeof(name));
	return matches(name, "avg average mean");
}

/* ---- units ---- */

static const struct {
	const char *part, *unit;
} units[] = {
    {"milliseconds", "milliseconds"},
    {"microseconds", "microseconds"},
    {"_seconds", "seconds"},
    {"_ms$", "milliseconds"},
    {"mebibytes", "MiB"},
    {"_bytes", "bytes"},
    {"millicores", "millicores"},
    {"cores", "cores"},
    {"percent", "percent"},
    {"_ratio ^ratio", "ratio"},
    {"celsius", "celsius"},
};

const char *
causes_unit_of(const char *metric, const char *form)
{
	bool rate = strcmp(form, "rate") == 0;
	char name[256];

	lower(metric, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!matches(name, units[i].part))
			continue;
		if (!rate || matches(name, "_count$"))
			break;
		if (strcmp(units[i].unit, "seconds") == 0)
			return "seconds per second";
		if (strcmp(units[i].unit, "bytes") == 0)
			return "bytes per second";
		return "per second";
	}
	if (rate)
		return "per second";
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (matches(name, units[i].part))
			return units[i].unit;
	return "";
}

/* ---- whose ---- */

const char *const causes_service_labels[] = {"service", "service_name",
    "destination_service_name", "app", "app_kubernetes_io_name",
    "label_app_kubernetes_io_name", "k8s_app", "label_app", "deployment",
    "statefulset", "daemonset", "workload", "container", "container_name",
    "container_label_com_docker_compose_service", "service_id", "component",
    "k8s_deployment_name", "k8s_statefulset_name", "k8s_daemonset_name",
    "k8s_container_name", "pod", "pod_name", "k8s_pod_name", "job", "instance",
    "service_instance_id", "host", "host_name", "node", "k8s_node_name", "name",
    NULL};

/* Where the series comes from an agent on the machine, "service" and "job"
 * name the agent. */
static const char *const agent_labels[] = {"deployment", "statefulset",
    "daemonset", "workload", "container", "container_name",
    "container_label_com_docker_compose_service", "label_app",
    "k8s_deployment_name", "k8s_statefulset_name", "k8s_daemonset_name",
    "k8s_container_name", "pod", "pod_name", "k8s_pod_name", "name", "node",
    "k8s_node_name", NULL};

const struct causes_pair causes_pairs[] = {
    {"client", "server"},
    {"source_workload", "destination_workload"},
    {"source_app", "destination_app"},
    {"source_canonical_service", "destination_canonical_service"},
    {"source_service", "destination_service"},
    {"source", "destination"},
    {"deployment", "dst_deployment"},
    {"src", "dst"},
    {"caller", "callee"},
    {"parent", "child"},
    {"client_service", "server_service"},
    {"client_name", "server_name"},
    {"service_name", "peer_service"},
    {"service", "peer_service"},
};
const size_t causes_npairs = ARRAY_LEN(causes_pairs);

static const char *
label(const struct causes_label *labels, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (causes_same_name(labels[i].name, name))
			return labels[i].value;
	return NULL;
}

static bool
in_list(const char *const *list, const char *value)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, value) == 0)
			return true;
	return false;
}

/* Values that name no service of anybody's. */
static bool
is_void(const char *value)
{
	static const char *const void_values[] = {"", "unknown", "POD",
	    "istio-proxy", "linkerd-proxy", "istio-init", NULL};

	return value == NULL || in_list(void_values, value) ||
	       owner_is_agent(value) ||
	       matches(value, "^node-exporter$ -node-exporter$");
}

/* A name with blanks is an operating system's, a pool's, a title. */
static bool
is_text(const char *label_name, const char *value)
{
	return strcmp(label_name, "name") == 0 && strchr(value, ' ') != NULL;
}

/* An alert's labels that came from an agent: so did its job and instance. */
static bool
from_agent(const struct causes_label *labels, size_t n)
{
	static const char *const by[] = {"job", "service", "container", "app"};

	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		const char *value = label(labels, n, by[i]);

		if (value != NULL && owner_is_agent(value))
			return true;
	}
	return false;
}

bool
causes_is_identity(const char *name)
{
	for (size_t i = 0; causes_service_labels[i] != NULL; i++)
		if (causes_same_name(name, causes_service_labels[i]))
			return true;
	for (size_t i = 0; i < causes_npairs; i++)
		if (causes_same_name(name, causes_pairs[i].client) ||
		    causes_same_name(name, causes_pairs[i].server))
			return true;
	return matches(name, "^uid$ ^id$ ^image$ replicaset");
}

bool
causes_pair_of(const struct causes_label *labels, size_t n,
    const char **ret_client, const char **ret_server)
{
	for (size_t i = 0; i < causes_npairs; i++) {
		const char *c = label(labels, n, causes_pairs[i].client);
		const char *s = label(labels, n, causes_pairs[i].server);

		if (is_void(c) || is_void(s) || strcmp(c, s) == 0)
			continue;
		*ret_client = c;
		*ret_server = s;
		return true;
	}
	return false;
}

void
causes_strip_pod(char *name)
{
	name[owner_of_pod(name)] = '\0';
}

void
causes_strip_domain(char *name)
{
	if (strstr(name, ".svc.") != NULL || part_matches(name, ".svc$", 5))
		name[strcspn(name, ".")] = '\0';
}

void
causes_service_of(const char *metric, const struct causes_label *labels,
    size_t n, char *out, size_t size)
{
	const char *const *list = causes_service_labels;
	char name[256];

	out[0] = '\0';
	lower(metric, name, sizeof(name));
	if (matches(name, "^container_ ^kube_ ^kubelet_ ^k8s_") ||
	    (metric[0] == '\0' && from_agent(labels, n)))
		list = agent_labels;
	for (; *list != NULL; list++) {
		const char *value = label(labels, n, *list);

		if (is_void(value) || is_text(*list, value))
			continue;
		if (snprintf(out, size, "%s", value) < 0)
			out[0] = '\0';
		if (matches(*list, "^pod ^k8s_pod"))
			causes_strip_pod(out);
		if (strcmp(*list, "instance") == 0)
			out[strcspn(out, ":")] = '\0';
		causes_strip_domain(out);
		return;
	}
}
