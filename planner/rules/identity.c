/*
 * identity.c - what an alert is about, out of its labels.
 *
 * Three tables: what metrics of a prefix leave of the exporter in their
 * labels, which labels tell things apart, and which never do.
 */
#include "planner/rules/identity.h"

#include <string.h>

#include "common/base/attr.h"
#include "common/json/tree.h"
#include "common/report/owner.h"
#include "planner/rules/promql.h"

/* ---- whose labels, by metric ---- */

#define OWN_SCRAPE (OWN_JOB | OWN_SERVICE | OWN_POD | OWN_CONTAINER)

/* The first row that fits decides. */
static const struct {
	const char *prefix;
	unsigned own;
} sources[] = {
    {"kube_state_metrics_", OWN_TARGET},
    {"kube_pod_", OWN_JOB | OWN_SERVICE | OWN_INSTANCE},
    {"kube_service_", OWN_JOB | OWN_POD | OWN_CONTAINER | OWN_INSTANCE},
    {"kube_node_", OWN_SCRAPE | OWN_NAMESPACE | OWN_INSTANCE},
    {"kube_persistentvolume_", OWN_SCRAPE | OWN_NAMESPACE | OWN_INSTANCE},
    {"kube_certificatesigning", OWN_SCRAPE | OWN_NAMESPACE | OWN_INSTANCE},
    {"kube_storageclass_", OWN_SCRAPE | OWN_NAMESPACE | OWN_INSTANCE},
    {"kube_", OWN_SCRAPE | OWN_INSTANCE},
    {"kubelet_volume_", OWN_SCRAPE | OWN_INSTANCE_BESIDE},
    {"kubelet_", OWN_SCRAPE | OWN_NAMESPACE | OWN_INSTANCE_BESIDE},
    {"container_", OWN_JOB | OWN_SERVICE | OWN_INSTANCE_BESIDE},
    {"node_", OWN_SCRAPE | OWN_NAMESPACE},
    {"windows_", OWN_SCRAPE | OWN_NAMESPACE},
    {"host_", OWN_SCRAPE | OWN_NAMESPACE},
    {"machine_", OWN_SCRAPE | OWN_NAMESPACE},
    {"probe_", OWN_SCRAPE | OWN_NAMESPACE},
};

static bool
starts_with(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

/* A recording rule's name has what it aggregates by before the metric's. */
static struct span
metric_in(struct span name)
{
	const char *colon = memchr(name.p, ':', name.n);

	return colon == NULL ? name
			     : span_from(name, (size_t)(colon + 1 - name.p));
}

unsigned
identity_own_of_expr(struct span expr)
{
	struct span name, metric;
	size_t i;

	if (expr.n == 0 || promql_metrics(expr, &name, 1) == 0)
		return 0;
	metric = metric_in(name);
	if (span_is(metric, "up"))
		return OWN_TARGET;
	for (i = 0; i < ARRAY_LEN(sources); i++)
		if (starts_with(metric, sources[i].prefix))
			return sources[i].own;
	return 0;
}

/* ---- which labels tell ---- */

enum class { PLACE, NAMESPACE, NAME, FALLBACK, NODE, THING };
enum form { AS_IS, POD, REPLICASET, JOB, HOST };

/* In the order in which they are told; the places are the first rows. */
static const struct {
	const char *key;
	enum class class;
	enum form form;
	unsigned own; /* the exporter's, when it says so */
} telling[] = {
    {"cluster", PLACE, AS_IS, 0},
    {"cluster_name", PLACE, AS_IS, 0},
    {"k8s_cluster", PLACE, AS_IS, 0},
    {"tenant", PLACE, AS_IS, 0},
    {"tenant_id", PLACE, AS_IS, 0},
    {"datacenter", PLACE, AS_IS, 0},
    {"env", PLACE, AS_IS, 0},
    {"environment", PLACE, AS_IS, 0},
    {"k8s_cluster_name", PLACE, AS_IS, 0},
    {"namespace", NAMESPACE, AS_IS, OWN_NAMESPACE},
    {"kubernetes_namespace", NAMESPACE, AS_IS, OWN_NAMESPACE},
    {"k8s_namespace_name", NAMESPACE, AS_IS, 0},
    {"k8s.namespace.name", NAMESPACE, AS_IS, 0},
    {"service", NAME, AS_IS, OWN_SERVICE},
    {"service_name", NAME, AS_IS, 0},
    {"service.name", NAME, AS_IS, 0},
    {"sloth_service", NAME, AS_IS, 0},
    {"destination_service_name", NAME, AS_IS, 0},
    {"destination_workload", NAME, AS_IS, 0},
    {"app", NAME, AS_IS, 0},
    {"app_kubernetes_io_name", NAME, AS_IS, 0},
    {"application", NAME, AS_IS, 0},
    {"deployment", NAME, AS_IS, 0},
    {"statefulset", NAME, AS_IS, 0},
    {"daemonset", NAME, AS_IS, 0},
    {"replicaset", NAME, REPLICASET, 0},
    {"workload", NAME, AS_IS, 0},
    {"cronjob", NAME, AS_IS, 0},
    {"job_name", NAME, JOB, 0},
    {"horizontalpodautoscaler", NAME, AS_IS, 0},
    {"pod", NAME, POD, OWN_POD},
    {"pod_name", NAME, POD, OWN_POD},
    {"k8s_deployment_name", NAME, AS_IS, 0},
    {"k8s_pod_name", NAME, POD, 0},
    {"k8s.pod.name", NAME, POD, 0},
    {"persistentvolumeclaim", THING, AS_IS, 0},
    {"persistentvolume", THING, AS_IS, 0},
    {"node", NODE, AS_IS, 0},
    {"kubernetes_node", NODE, AS_IS, 0},
    {"nodename", NODE, HOST, 0},
    {"host", NODE, HOST, 0},
    {"hostname", NODE, HOST, 0},
    {"k8s_node_name", NODE, AS_IS, 0},
    {"host_name", NODE, HOST, 0},
    {"host.name", NODE, HOST, 0},
    {"instance", NODE, HOST, OWN_INSTANCE},
    {"mountpoint", THING, AS_IS, 0},
    {"device", THING, AS_IS, 0},
    {"interface", THING, AS_IS, 0},
    {"resourcequota", THING, AS_IS, 0},
    {"ingress", THING, AS_IS, 0},
    {"topic", THING, AS_IS, 0},
    {"consumergroup", THING, AS_IS, 0},
    {"queue", THING, AS_IS, 0},
    {"datname", THING, AS_IS, 0},
    {"database", THING, AS_IS, 0},
    {"target", THING, AS_IS, 0},
    {"container", FALLBACK, AS_IS, OWN_CONTAINER},
    {"container_name", FALLBACK, AS_IS, OWN_CONTAINER},
    {"job", FALLBACK, AS_IS, OWN_JOB},
};

/* Say how bad, how measured or for whom, never about what. */
static const char *const silent[] = {"alertname", "severity", "alertstate",
    "endpoint", "metrics_path", "prometheus", "prometheus_replica", "replica",
    "team", "owner", "tier", "priority", "window", "sloth_window",
    "sloth_severity", "long", "short", "quantile", "le", "code", "status",
    "reason", "condition", "phase", "uid", "id", "image", "fstype", "cpu",
    "mode", "unit", "__name__", "runbook", "category", "monitor"};

static bool
is_silent(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(silent); i++)
		if (strcmp(silent[i], key) == 0)
			return true;
	return false;
}

/* Without the port: of one host several exporters tell. On a loopback
 * address the port is all that tells. */
static struct span
host_of(const char *value)
{
	static const char *const loopback[] = {"127.", "localhost", "[::1]"};
	const char *colon = strrchr(value, ':');
	size_t i;

	for (i = 0; i < ARRAY_LEN(loopback); i++)
		if (strncmp(value, loopback[i], strlen(loopback[i])) == 0)
			return span_of(value);
	if (colon != NULL && colon != value && colon[1] != '\0' &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1))
		return span_make(value, (size_t)(colon - value));
	return span_of(value);
}

static struct span
reduced(const char *value, enum form form)
{
	switch (form) {
	case POD:
		return span_make(value, owner_of_pod(value));
	case REPLICASET:
		return span_make(value, owner_of_replicaset(value));
	case JOB:
		return span_make(value, owner_of_job(value));
	case HOST:
		return host_of(value);
	case AS_IS:
		break;
	}
	return span_of(value);
}

enum { ROWS = ARRAY_LEN(telling) };

/* The labels by the table's rows, NULL where there is none; with what a
 * conflict with the exporter's own has renamed (exported_pod) in its place. */
struct told {
	const char *value[ROWS];
	bool renamed[ROWS];
};

/* ROWS: none. */
static size_t
row_of(const char *key)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (telling[i].key[0] == key[0] &&
		    strcmp(telling[i].key, key) == 0)
			break;
	return i;
}

static void
read_told(struct told *t, const cJSON *labels)
{
	static const char prefix[] = "exported_";
	const cJSON *l;

	*t = (struct told){0};
	cJSON_ArrayForEach (l, labels) {
		bool renamed;
		size_t i;

		if (!cJSON_IsString(l) || l->valuestring[0] == '\0')
			continue;
		renamed = strncmp(l->string, prefix, sizeof(prefix) - 1) == 0;
		i = row_of(l->string + (renamed ? sizeof(prefix) - 1 : 0));
		if (i == ROWS || (t->renamed[i] && !renamed))
			continue;
		t->value[i] = l->valuestring;
		t->renamed[i] = renamed;
	}
}

/* What the values themselves give away, whatever the expression says. */
static unsigned
own_by_value(const struct told *t, unsigned own)
{
	static const struct {
		unsigned of;
		const char *part;
		unsigned own;
	} known[] = {
	    {OWN_SERVICE, "", OWN_SERVICE},
	    {OWN_POD, "", OWN_POD},
	    {OWN_CONTAINER, "", OWN_CONTAINER},
	    {OWN_JOB, "", OWN_JOB},
	    {OWN_JOB, "kube-state-metrics", OWN_SERVICE | OWN_INSTANCE},
	    {OWN_SERVICE, "kube-state-metrics", OWN_JOB | OWN_INSTANCE},
	    {OWN_JOB, "node-exporter",
		OWN_SERVICE | OWN_POD | OWN_CONTAINER | OWN_NAMESPACE},
	    {OWN_JOB, "blackbox", OWN_SCRAPE},
	    {OWN_JOB, "kubelet", OWN_SERVICE | OWN_INSTANCE_BESIDE},
	    {OWN_JOB, "cadvisor", OWN_SERVICE | OWN_INSTANCE_BESIDE},
	};
	bool beside = false;
	size_t i, k;

	if (own & OWN_TARGET)
		return own;
	for (i = 0; i < ROWS; i++) {
		if (t->value[i] == NULL || t->renamed[i])
			continue;
		beside = beside || telling[i].own == OWN_POD ||
			 strcmp(telling[i].key, "node") == 0;
		for (k = 0; telling[i].own != 0 && k < ARRAY_LEN(known); k++)
			if (known[k].of == telling[i].own &&
			    (known[k].part[0] == '\0'
				    ? owner_is_exporter(t->value[i])
				    : strstr(t->value[i], known[k].part) !=
					  NULL))
				own |= known[k].own;
	}
	return (own & OWN_INSTANCE_BESIDE) && beside ? own | OWN_INSTANCE : own;
}

static void
add_label(
    struct identity *x, const char *key, const char *value, struct span name)
{
	if (x->n_labels < IDENTITY_LABELS_MAX)
		x->label[x->n_labels++] =
		    (struct identity_label){key, value, name};
}

/* One of the table's rows, where the labels have it. */
static void
take(struct identity *x, size_t i, const char *value)
{
	struct span name = reduced(value, telling[i].form);

	switch (telling[i].class) {
	case PLACE:
		x->place[i] = value;
		return;
	case NAMESPACE:
		if (x->namespace.n == 0)
			x->namespace = name;
		break;
	case NAME:
		if (x->n_names < IDENTITY_NAMES_MAX)
			x->names[x->n_names++] = name;
		break;
	case FALLBACK:
		/* One container of several tells less than its pod; a job is
		 * a name where nothing else is. */
		if (x->n_names == 0 &&
		    (OWN_JOB != telling[i].own || x->node.n == 0))
			x->names[x->n_names++] = name;
		else if (telling[i].own == OWN_JOB)
			return;
		break;
	case NODE:
		if (x->node.n > 0)
			return;
		x->node = name;
		break;
	case THING:
		x->is_thing = true;
		break;
	}
	add_label(x, telling[i].key, value, name);
}

/* Labels of no known meaning are all there is: then they tell. */
static void
take_unknown(struct identity *x, const cJSON *labels)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, labels)
		if (cJSON_IsString(l) && l->valuestring[0] != '\0' &&
		    !is_silent(l->string) &&
		    strncmp(l->string, "exported_", 9) != 0 &&
		    row_of(l->string) == ROWS)
			add_label(x, l->string, l->valuestring,
			    span_of(l->valuestring));
}

static void
read_labels(
    struct identity *x, const cJSON *labels, const struct told *t, unsigned own)
{
	size_t i;

	*x = (struct identity){.n_names = 0};
	for (i = 0; i < IDENTITY_PLACES; i++)
		x->place[i] = "";
	for (i = 0; i < ROWS; i++)
		if (t->value[i] != NULL &&
		    (t->renamed[i] || !(telling[i].own & own)))
			take(x, i, t->value[i]);
	if (x->n_labels == (x->namespace.n > 0 ? 1 : 0))
		take_unknown(x, labels);
}

/* Only where it is, at most by whose address. */
static bool
is_bare(const struct identity *x)
{
	return x->n_names == 0 && !x->is_thing &&
	       x->n_labels <= (x->namespace.n > 0) + (x->node.n > 0);
}

/* Which labels are the exporter's after all. Where the rest tells of nothing,
 * or it only calls itself an exporter, it is what the alert is about. */
static unsigned
own_of(struct identity *x, const cJSON *labels, unsigned own)
{
	struct told t;
	unsigned all;

	read_told(&t, labels);
	all = own_by_value(&t, own);
	read_labels(x, labels, &t, all);
	if (x->n_labels > 0 &&
	    (own != 0 || all == 0 || (all & OWN_INSTANCE) || !is_bare(x)))
		return all;
	read_labels(x, labels, &t, OWN_TARGET);
	return OWN_TARGET;
}

void
identity_of(struct identity *x, const cJSON *labels, unsigned own)
{
	(void)own_of(x, labels, own);
}

bool
identity_is_empty(const struct identity *x)
{
	return x->n_labels == 0;
}

/* ---- comparing ---- */

int
span_compare(struct span a, struct span b)
{
	size_t n = MIN(a.n, b.n);
	int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}

int
identity_compare_places(const struct identity *a, const struct identity *b)
{
	int i, d = 0;

	for (i = 0; i < IDENTITY_PLACES && d == 0; i++)
		d = strcmp(a->place[i], b->place[i]);
	return d;
}

int
identity_compare(const struct identity *a, const struct identity *b)
{
	int d = identity_compare_places(a, b), i;

	if (d == 0)
		d = a->n_labels - b->n_labels;
	for (i = 0; i < a->n_labels && d == 0; i++) {
		d = strcmp(a->label[i].key, b->label[i].key);
		if (d == 0)
			d = span_compare(a->label[i].name, b->label[i].name);
	}
	return d;
}

cJSON *
identity_labels_own(const cJSON *labels, unsigned own)
{
	cJSON *out = cJSON_CreateObject();
	struct identity about;
	struct told t;
	const cJSON *l;

	own = own_of(&about, labels, own);
	read_told(&t, labels);
	cJSON_ArrayForEach (l, labels) {
		size_t i = row_of(l->string);

		if (i == ROWS || (!(telling[i].own & own) && !t.renamed[i]))
			cJSON_AddItemToObject(
			    out, l->string, cJSON_Duplicate(l, true));
	}
	return out;
}
