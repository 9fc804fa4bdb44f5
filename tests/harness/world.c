/*
 * world.c - services, rules, targets and alerts out of a seed.
 *
 * Moments are chosen from two lists that stay clear of each other: when
 * things change, and which moment is asked about.
 */
#include "tests/harness/world.h"

#include "common/base/rc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSTANCES_FEW = 3, INSTANCES_MANY = 90 };

/* Seconds before now at which something begins or ends … */
static const double changes[] = {
    20, 100, 180, 720, 2400, 4500, 18000, 259200, 1036800};
enum { CHANGES = ARRAY_LEN(changes) };
/* … and that are asked about. */
static const double moments[] = {40, 140, 480, 1500, 3500, 14400};
/* Since when there are samples. */
static const double begins[] = {432000, 2592000, 10800, 10800, 1000, 200};

static const char *const namespaces[] = {"shop", "batch", "media"};
static const char *const names[WORLD_SERVICES_MAX] = {"frontend", "checkout",
    "cart", "payment", "catalog", "search", "ledger", "mailer"};

/* ---- strings and labels ---- */

const char *
world_text(struct world *w, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	if ((w->n_strings & (w->n_strings - 1)) == 0)
		w->strings = xrealloc(w->strings,
		    (size_t)MAX(1, w->n_strings * 2) * sizeof(*w->strings));
	w->strings[w->n_strings++] = text;
	return text;
}

const char *
world_label(const struct world_labels *l, const char *name)
{
	for (int i = 0; i < l->n; i++)
		if (strcmp(l->at[i].name, name) == 0)
			return l->at[i].value;
	return "";
}

/* In the order of names, as Prometheus has them. */
void
world_set_label(struct world_labels *l, const char *name, const char *value)
{
	int i;

	for (i = 0; i < l->n && strcmp(l->at[i].name, name) < 0; i++)
		;
	if (i == l->n || strcmp(l->at[i].name, name) != 0) {
		if (l->n == WORLD_LABELS_MAX)
			abort();
		memmove(&l->at[i + 1], &l->at[i],
		    (size_t)(l->n++ - i) * sizeof(l->at[0]));
	}
	l->at[i].name = name;
	l->at[i].value = value;
}

static const char *
one_of(struct dice *d, const char *const *list, int n)
{
	return list[dice_int(d, 0, n - 1)];
}

#define ONE_OF(d, list) one_of(d, list, (int)ARRAY_LEN(list))

/* ---- services and targets ---- */

static double
some_change(const struct world *w, struct dice *d)
{
	return w->now - changes[dice_int(d, 0, CHANGES - 1)];
}

static void
make_services(struct world *w, struct dice *d)
{
	int faults = dice_int(d, 0, 2);

	w->n_services = dice_int(d, 2, WORLD_SERVICES_MAX);
	for (int i = 0; i < w->n_services; i++)
		w->services[i] = (struct world_service){.name = names[i],
		    .namespace = ONE_OF(d, namespaces),
		    .fault_from = INFINITY,
		    .measured = dice_percent(d, 85)};
	for (; faults > 0; faults--)
		w->services[dice_int(d, 0, w->n_services - 1)].fault_from =
		    some_change(w, d);
	for (int i = 0; i < w->n_services; i++)
		for (int k = i + 1; k < w->n_services; k++)
			if (w->n_edges < WORLD_EDGES_MAX &&
			    dice_percent(d, 30)) {
				w->edges[w->n_edges].client = i;
				w->edges[w->n_edges++].server = k;
			}
	w->edges_measured = dice_percent(d, 75);
}

static void
make_targets(struct world *w, struct dice *d)
{
	static const char *const jobs[] = {
	    "node-exporter", "checkout", "kube-state-metrics", "reporter"};
	int n = dice_int(d, 1, WORLD_TARGETS_MAX);

	for (int i = 0; i < n; i++) {
		struct world_target *t = &w->targets[w->n_targets++];
		double from = some_change(w, d), until = some_change(w, d);

		*t = (struct world_target){.job = ONE_OF(d, jobs),
		    .instance = world_text(w, "10.0.1.%d:9100", i + 1),
		    .down_from = INFINITY,
		    .down_until = INFINITY};
		if (!dice_percent(d, 30))
			continue;
		t->down_from = from;
		if (until > from && dice_percent(d, 50))
			t->down_until = until;
	}
}

/* ---- rules ---- */

#define PER_SERVICE "sum by (namespace, service) "
#define DURATION "http_request_duration_seconds"

static const struct world_rule kinds[] = {
    {.name = "HighLatency",
	.expr = PER_SERVICE "(rate(" DURATION "_sum[2m])) / " PER_SERVICE
			    "(rate(" DURATION "_count[2m])) > 0.3",
	.metric = DURATION,
	.about = ABOUT_SERVICE},
    {.name = "HighErrorRate",
	.expr = PER_SERVICE "(rate(http_requests_total{code=~\"5..\"}[2m])) "
			    "/ " PER_SERVICE
			    "(rate(http_requests_total[2m])) > ( 5 / 100 )",
	.metric = "http_requests_total",
	.about = ABOUT_SERVICE},
    {.name = "QueueLong",
	.expr = "service_queue_length > 100",
	.metric = "service_queue_length",
	.about = ABOUT_POD},
    {.name = "KubePodCrashLooping",
	.expr = "kube_pod_container_status_waiting_reason"
		"{reason=\"CrashLoopBackOff\"} >= 1",
	.metric = "kube_pod_container_status_waiting_reason",
	.about = ABOUT_KSM_POD},
    {.name = "NodeDiskFull",
	.expr = "node_filesystem_avail_bytes / node_filesystem_size_bytes "
		"< 1.5 * ( 10 / 100 )",
	.metric = "node_filesystem_avail_bytes",
	.about = ABOUT_NODE},
    {.name = "TargetDown",
	.expr = "up == 0",
	.metric = "up",
	.about = ABOUT_TARGET},
    {.name = "ReporterAbsent",
	.expr = "absent(up{job=\"nightly-reporter\"})",
	.metric = "up",
	.about = ABOUT_JOB},
};

static const struct world_rule heartbeats[] = {
    {.name = "Watchdog",
	.severity = "none",
	.expr = "vector(1)",
	.is_named_so = true},
    {.name = "DeadMansSwitch",
	.severity = "critical",
	.expr = "vector(1)",
	.is_named_so = true},
    {.name = "PipelineProbe", .severity = "page", .expr = "vector(1) > 0"},
};

static const struct world_rule recording = {.name = "job:up:sum",
    .expr = "sum by (job) (up)",
    .metric = "up",
    .about = ABOUT_NOTHING,
    .recording = true};

static void
add_rule(struct world *w, struct dice *d, const struct world_rule *kind,
    const char *severity)
{
	struct world_rule *r = &w->rules[w->n_rules++];

	*r = *kind;
	r->severity = severity;
	if (dice_percent(d, 6))
		r->health = dice_percent(d, 75) ? RULE_BROKEN : RULE_NEVER;
}

static void
make_rules(struct world *w, struct dice *d)
{
	static const char *const severities[] = {
	    "critical", "warning", "info", "page"};
	bool none = dice_percent(d, 5), fragile = dice_percent(d, 35);

	for (size_t i = 0; i < ARRAY_LEN(kinds) && !none; i++) {
		if (!dice_percent(d, 70))
			continue;
		add_rule(w, d, &kinds[i], ONE_OF(d, severities));
		/* The same alert at two severities is the usual thing. */
		if (dice_percent(d, 15))
			add_rule(w, d, &kinds[i], "notice");
	}
	if (dice_percent(d, 30))
		add_rule(w, d, &recording, "");
	for (int i = 0; i < w->n_rules && !fragile; i++)
		w->rules[i].health = RULE_OK;
	for (size_t i = 0; i < ARRAY_LEN(heartbeats) && !none; i++)
		if (dice_percent(d, 35)) {
			w->rules[w->n_rules] = heartbeats[i];
			w->rules[w->n_rules].about = ABOUT_NOTHING;
			w->rules[w->n_rules++].is_heartbeat = true;
		}
}

/* ---- alerts ---- */

static void
set_exporter(struct world_labels *l)
{
	world_set_label(l, "job", "kube-state-metrics");
	world_set_label(l, "service", "kube-state-metrics");
	world_set_label(l, "instance", "10.0.9.9:8080");
	world_set_label(l, "endpoint", "http");
}

static const char *
pod_of(struct world *w, const struct world_service *s, int i)
{
	static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";
	char tail[6] = {'x', 0};

	for (int k = 1; k < 5; k++, i /= 27)
		tail[k] = safe[i % 27];
	return world_text(w, "%s-7d9f8b6c5f-%s", s->name, tail);
}

static void
set_labels(struct world *w, struct world_alert *a, enum world_about about,
    int subject, int instance)
{
	const struct world_service *s = &w->services[subject % w->n_services];
	const struct world_target *t = &w->targets[subject % w->n_targets];
	struct world_labels *l = &a->labels;

	a->service = -1;
	if (about <= ABOUT_KSM_POD)
		a->service = subject % w->n_services;
	if (about == ABOUT_KSM_POD) {
		set_exporter(l);
		world_set_label(l, "container", s->name);
		world_set_label(l, "reason", "CrashLoopBackOff");
	} else if (about <= ABOUT_POD) {
		world_set_label(l, "service", s->name);
	}
	if (about <= ABOUT_KSM_POD)
		world_set_label(l, "namespace", s->namespace);
	if (about == ABOUT_POD || about == ABOUT_KSM_POD)
		world_set_label(l, "pod", pod_of(w, s, instance));
	if (about == ABOUT_NODE) {
		world_set_label(l, "job", "node-exporter");
		world_set_label(l, "instance",
		    world_text(w, "10.0.2.%d:9100", subject + 1));
		world_set_label(l, "mountpoint", "/var");
	} else if (about == ABOUT_TARGET) {
		world_set_label(l, "job", t->job);
		world_set_label(l, "instance", t->instance);
	} else if (about == ABOUT_JOB) {
		world_set_label(l, "job", "nightly-reporter");
	} else if (about == ABOUT_NOTHING && !w->rules[a->rule].is_named_so) {
		world_set_label(l, "namespace", namespaces[0]);
	}
}

/* The same labels twice are the same alert. */
static bool
is_there(const struct world *w, const struct world_alert *a)
{
	for (int i = 0; i < w->n_alerts - 1; i++) {
		const struct world_labels *l = &w->alerts[i].labels;
		int k;

		for (k = 0; k < l->n; k++)
			if (strcmp(world_label(&a->labels, l->at[k].name),
				l->at[k].value) != 0)
				break;
		if (k == l->n && l->n == a->labels.n)
			return true;
	}
	return false;
}

static void
set_times(struct world *w, struct dice *d, struct world_alert *a)
{
	int from = dice_int(d, 0, CHANGES - 1), until = dice_int(d, 0, from);

	a->pending_from = w->now - changes[from];
	a->firing_from = a->pending_from;
	a->until = INFINITY;
	if (dice_percent(d, 15))
		a->firing_from = INFINITY;
	else if (from > 0 && dice_percent(d, 20))
		a->firing_from = w->now - changes[from - 1];
	if (until < from && dice_percent(d, 25))
		a->until = w->now - changes[until];
}

static void
add_alert(struct world *w, struct dice *d, int rule, int subject, int instance)
{
	const struct world_rule *r = &w->rules[rule];
	const struct world_target *t = &w->targets[subject % w->n_targets];
	struct world_alert *a = &w->alerts[w->n_alerts];

	if (w->n_alerts == WORLD_ALERTS_MAX)
		return;
	w->n_alerts++;
	*a = (struct world_alert){.rule = rule};
	world_set_label(&a->labels, "alertname", r->name);
	if (r->severity[0] != '\0')
		world_set_label(&a->labels, "severity", r->severity);
	set_labels(w, a, r->about, subject, instance);
	set_times(w, d, a);
	if (r->about == ABOUT_TARGET) {
		a->pending_from = a->firing_from = t->down_from;
		a->until = t->down_until;
	}
	if (is_there(w, a))
		w->n_alerts--;
}

static void
make_alerts(struct world *w, struct dice *d)
{
	bool quiet = dice_percent(d, 30), storm = dice_percent(d, 5);

	for (int i = 0; i < w->n_rules; i++) {
		const struct world_rule *r = &w->rules[i];
		bool pods = r->about == ABOUT_POD || r->about == ABOUT_KSM_POD;
		int n = dice_int(d, 0, 2), each;

		if (r->is_heartbeat) {
			add_alert(w, d, i, 0, 0);
			w->alerts[w->n_alerts - 1].pending_from =
			    w->alerts[w->n_alerts - 1].firing_from =
				w->now - changes[CHANGES - 1];
			w->alerts[w->n_alerts - 1].until = INFINITY;
			continue;
		}
		if (r->recording || r->health != RULE_OK)
			continue;
		if (r->about == ABOUT_TARGET)
			n = w->n_targets;
		else if (quiet)
			n = 0;
		for (int k = 0; k < n; k++) {
			int subject = r->about == ABOUT_TARGET
					  ? k
					  : dice_int(d, 0, w->n_services - 1);

			each = dice_int(
			    d, 1, storm ? INSTANCES_MANY : INSTANCES_FEW);
			for (int j = 0; j < (pods ? each : 1); j++)
				add_alert(w, d, i, subject, 31 * k + 7 * j);
		}
	}
}

/* ---- what is asked, and how it is answered ---- */

static void
make_request(struct world *w, struct dice *d)
{
	static const char *const scopes[] = {"shop", "batch", "shoop"};
	static const char *const inputs[] = {"", "", "",
	    "why is checkout slow?", "is anything wrong in shop?",
	    "HighLatency"};

	w->zh = dice_percent(d, 50);
	w->past = dice_percent(d, 25);
	w->at = w->now;
	if (w->past)
		w->at -= moments[dice_int(d, 0, ARRAY_LEN(moments) - 1)];
	if (dice_percent(d, 15)) {
		w->scope_key = "namespace";
		w->scope_value = ONE_OF(d, scopes);
	}
	w->input = ONE_OF(d, inputs);
}

static void
make_answers(struct world *w, struct dice *d)
{
	static const char *const refused[] = {
	    DURATION, "http_requests_total", "service_queue_length"};
	int n = dice_percent(d, 45) ? dice_int(d, 1, 2) : 0;

	for (; n > 0; n--)
		w->api[dice_int(d, 0, WORLD_APIS - 1)] =
		    (enum world_answer)dice_int(d, 1, WORLD_ANSWERS - 1);
	if (dice_percent(d, 4))
		for (int i = 0; i < WORLD_APIS; i++)
			w->api[i] = ANSWERS_HANGUP;
	else if (dice_percent(d, 4))
		for (int i = 0; i < WORLD_APIS; i++)
			w->api[i] = ANSWERS_ERROR;
	if (dice_percent(d, 10))
		w->refused = ONE_OF(d, refused);
	w->rules_elsewhere = dice_percent(d, 6);
	if (w->rules_elsewhere && dice_percent(d, 50))
		w->api[API_ALERTS] = w->api[API_RULES] = ANSWERS_MISSING;
	if (dice_percent(d, 8))
		w->upset = (enum world_upset)dice_int(
		    d, UPSET_EXECUTOR_KILLED, UPSET_NO_EXECUTOR);
}

struct world *
world_empty(double now, double begin)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->now = w->at = floor(now / WORLD_SCRAPE_S) * WORLD_SCRAPE_S;
	w->begin = begin;
	w->input = "";
	w->series = xcalloc(WORLD_SERIES_MAX, sizeof(*w->series));
	return w;
}

struct world *
world_new(uint64_t seed, double now)
{
	struct dice d = dice_of(seed, 11, 1);
	struct world *w = world_empty(now, 0);

	w->seed = seed;
	w->begin = w->now - begins[dice_int(&d, 0, ARRAY_LEN(begins) - 1)];
	make_services(w, &d);
	make_targets(w, &d);
	make_rules(w, &d);
	make_alerts(w, &d);
	make_request(w, &d);
	make_answers(w, &d);
	world_measure(w, &d);
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < w->n_strings; i++)
		free(w->strings[i]);
	free(w->strings);
	free(w->series);
	free(w);
}
