/*
 * world_series.c - what is measured in a world: of services, pods, nodes,
 * targets, and what Prometheus writes of its alerts.
 *
 * A sample is a pure function of series and time, so nothing is stored.
 */
#include "tests/harness/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct world_series *
world_add_series(struct world *w, struct dice *d, const char *metric,
    enum world_form form, double base)
{
	struct world_series *s;

	if (w->n_series == WORLD_SERIES_MAX)
		abort();
	s = &w->series[w->n_series++];
	*s = (struct world_series){.form = form,
	    .base = base,
	    .factor = 1,
	    .fault_from = INFINITY,
	    .from = -INFINITY,
	    .until = INFINITY,
	    .noise = dice_next(d)};
	world_set_label(&s->labels, "__name__", metric);
	return s;
}

/* ---- services ---- */

static struct world_series *
add_of(struct world *w, struct dice *d, const struct world_service *of,
    const char *metric, enum world_form form, double base)
{
	struct world_series *s = world_add_series(w, d, metric, form, base);

	world_set_label(&s->labels, "namespace", of->namespace);
	world_set_label(&s->labels, "service", of->name);
	return s;
}

double
world_slow_from(const struct world *w, int service)
{
	double from = INFINITY;

	for (int i = service; i < w->n_services; i++) {
		bool leads = i == service;

		for (int k = 0; k < w->n_edges; k++)
			leads |= w->edges[k].client == service &&
				 w->edges[k].server == i;
		if (leads)
			from = fmin(from, w->services[i].fault_from);
	}
	return from;
}

static void
measure_service(struct world *w, struct dice *d, int i)
{
	const struct world_service *of = &w->services[i];
	double load = dice_int(d, 5, 50), slow = world_slow_from(w, i);
	struct world_series *s;

	s = add_of(w, d, of, "http_requests_total", FORM_COUNTER, load);
	world_set_label(&s->labels, "code", "200");
	s = add_of(w, d, of, "http_requests_total", FORM_COUNTER, load / 500);
	world_set_label(&s->labels, "code", "500");
	s->factor = 60;
	s->fault_from = of->fault_from;
	s = add_of(w, d, of, "http_request_duration_seconds_sum", FORM_COUNTER,
	    load * 0.05);
	s->factor = 15;
	s->fault_from = slow;
	add_of(w, d, of, "http_request_duration_seconds_count", FORM_COUNTER,
	    load);
	s = add_of(w, d, of, "process_cpu_seconds_total", FORM_COUNTER, 0.15);
	s->factor = 6;
	s->fault_from = of->fault_from;
	s = add_of(w, d, of, "service_queue_length", FORM_GAUGE, 8);
	world_set_label(
	    &s->labels, "pod", world_text(w, "%s-7d9f8b6c5f-xbbbb", of->name));
	s->factor = 40;
	s->fault_from = of->fault_from;
	add_of(w, d, of, "process_resident_memory_bytes", FORM_GAUGE, 2e8);
}

static void
measure_edge(struct world *w, struct dice *d, int client, int server)
{
	static const struct {
		const char *metric;
		double rate;
		bool slows;
	} of[] = {
	    {"traces_service_graph_request_total", 9, false},
	    {"traces_service_graph_request_server_seconds_count", 9, false},
	    {"traces_service_graph_request_server_seconds_sum", 0.4, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		struct world_series *s = world_add_series(
		    w, d, of[i].metric, FORM_COUNTER, of[i].rate);

		world_set_label(&s->labels, "client", w->services[client].name);
		world_set_label(&s->labels, "server", w->services[server].name);
		if (!of[i].slows)
			continue;
		s->factor = 15;
		s->fault_from = world_slow_from(w, server);
	}
}

/* ---- targets and nodes ---- */

static void
measure_target(struct world *w, struct dice *d, const struct world_target *t)
{
	struct world_series *s = world_add_series(w, d, "up", FORM_CONSTANT, 1);

	world_set_label(&s->labels, "job", t->job);
	world_set_label(&s->labels, "instance", t->instance);
	s->factor = 0;
	s->fault_from = t->down_from;
	if (isinf(t->down_until))
		return;
	/* And again, when it is back. */
	s->until = t->down_until;
	s = world_add_series(w, d, "up", FORM_CONSTANT, 1);
	world_set_label(&s->labels, "job", t->job);
	world_set_label(&s->labels, "instance", t->instance);
	s->from = t->down_until;
}

static void
measure_node(struct world *w, struct dice *d, const char *instance, bool full)
{
	static const char *const metrics[] = {
	    "node_filesystem_avail_bytes", "node_filesystem_size_bytes"};
	struct world_series *s;

	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		s = world_add_series(w, d, metrics[i], FORM_CONSTANT,
		    i == 1 ? 1e11
		    : full ? 9e9
			   : 5e10);
		world_set_label(&s->labels, "job", "node-exporter");
		world_set_label(&s->labels, "instance", instance);
		world_set_label(&s->labels, "mountpoint", "/var");
	}
	/* The name of an operating system is no service. */
	s = world_add_series(w, d, "node_os_info", FORM_CONSTANT, 1);
	world_set_label(&s->labels, "job", "node-exporter");
	world_set_label(&s->labels, "instance", instance);
	world_set_label(&s->labels, "name", "Debian GNU/Linux");
}

/* ---- alerts ---- */

static void
copy_labels(struct world_labels *to, const struct world_labels *from)
{
	for (int i = 0; i < from->n; i++)
		world_set_label(to, from->at[i].name, from->at[i].value);
}

void
world_measure_alert(
    struct world *w, struct dice *d, const struct world_alert *a)
{
	const double from[] = {a->pending_from, a->firing_from, INFINITY};
	const enum world_state states[] = {STATE_PENDING, STATE_FIRING};
	struct world_series *s;

	for (int i = 0; i < 2; i++) {
		double until = fmin(a->until, i == 0 ? from[1] : INFINITY);

		if (from[i] >= until)
			continue;
		s = world_add_series(w, d, "ALERTS", FORM_CONSTANT, 1);
		copy_labels(&s->labels, &a->labels);
		world_set_label(
		    &s->labels, "alertstate", world_state_name(states[i]));
		s->from = from[i];
		s->until = until;
	}
	s = world_add_series(
	    w, d, "ALERTS_FOR_STATE", FORM_CONSTANT, a->pending_from);
	copy_labels(&s->labels, &a->labels);
	s->from = a->pending_from;
	s->until = a->until;
}

static void
measure_subject(struct world *w, struct dice *d, const struct world_alert *a)
{
	struct world_series *s;

	if (w->rules[a->rule].about == ABOUT_NODE)
		measure_node(w, d, world_label(&a->labels, "instance"), true);
	if (w->rules[a->rule].about != ABOUT_KSM_POD)
		return;
	s = world_add_series(
	    w, d, "kube_pod_container_status_waiting_reason", FORM_CONSTANT, 1);
	copy_labels(&s->labels, &a->labels);
	world_set_label(
	    &s->labels, "__name__", "kube_pod_container_status_waiting_reason");
	s->from = a->pending_from;
	s->until = a->until;
}

/* The series of a subject go by its labels alone, without the rule's. */
static void
drop_rule_labels(struct world_labels *l)
{
	int n = 0;

	for (int i = 0; i < l->n; i++)
		if (strcmp(l->at[i].name, "alertname") != 0 &&
		    strcmp(l->at[i].name, "severity") != 0)
			l->at[n++] = l->at[i];
	l->n = n;
}

static bool
is_same(const struct world_labels *a, const struct world_labels *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->at[i].name, b->at[i].name) != 0 ||
		    strcmp(a->at[i].value, b->at[i].value) != 0)
			return false;
	return true;
}

/* Two rules may be about the same subject, which is measured once. */
static void
keep_new(struct world *w, int first)
{
	int n = first;

	for (int i = first; i < w->n_series; i++) {
		int k = 0;

		while (k < n &&
		       !is_same(&w->series[k].labels, &w->series[i].labels))
			k++;
		if (k == n)
			w->series[n++] = w->series[i];
	}
	w->n_series = n;
}

void
world_measure(struct world *w, struct dice *d)
{
	for (int i = 0; i < w->n_services; i++)
		if (w->services[i].measured)
			measure_service(w, d, i);
	for (int i = 0; i < w->n_edges && w->edges_measured; i++)
		measure_edge(w, d, w->edges[i].client, w->edges[i].server);
	for (int i = 0; i < w->n_targets; i++)
		measure_target(w, d, &w->targets[i]);
	for (int i = 0; i < w->n_alerts; i++) {
		int first = w->n_series;

		measure_subject(w, d, &w->alerts[i]);
		for (int k = first; k < w->n_series; k++)
			drop_rule_labels(&w->series[k].labels);
		keep_new(w, first);
		world_measure_alert(w, d, &w->alerts[i]);
	}
}

/* ---- samples ---- */

/* From 0 to 1, the same for the same series and moment. */
static double
noise_at(const struct world_series *s, double t)
{
	return (double)(dice_mix(s->noise + (uint64_t)(int64_t)t) >> 11) /
	       9007199254740992.0;
}

/* A counter never falls: its noise is less than what it grows by. */
static double
count_at(const struct world *w, const struct world_series *s, double t)
{
	double fault = fmin(fmax(s->fault_from, w->begin), t);
	double sum = (fault - w->begin) + (t - fault) * s->factor;

	return s->base * (sum + 1000 + 3 * noise_at(s, t));
}

double
world_sample(const struct world *w, const struct world_series *s, double t)
{
	double factor = t >= s->fault_from ? s->factor : 1;

	if (t < w->begin || t < s->from || t >= s->until || t > w->now + 600)
		return NAN;
	if (s->form == FORM_COUNTER)
		return count_at(w, s, t);
	if (s->form == FORM_STAIRS)
		return s->base +
		       (t < s->fault_from
			       ? 0
			       : 1 + floor((t - s->fault_from) / s->factor));
	return (s->base * factor + fmax(0, t - s->fault_from) * s->slope) *
	       (s->form == FORM_CONSTANT ? 1 : 0.9 + 0.2 * noise_at(s, t));
}
