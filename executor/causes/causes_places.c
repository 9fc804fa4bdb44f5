/*
 * causes_places.c - where pods run, as kube-state-metrics or cadvisor say,
 * and which address is which node's.
 */
#include "executor/causes/causes_places.h"
#include "executor/causes/causes_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What tells, the first of each kind that there is; host: an address. */
static const struct source {
	const char *metric, *pod, *node, *host;
} sources[] = {
    {"kube_pod_info", "pod", "node", "host_ip"},
    {"container_cpu_usage_seconds_total", "pod", "node", NULL},
    {"container_memory_working_set_bytes", "pod", "node", NULL},
    {"node_uname_info", NULL, "nodename", "instance"},
    {"kube_node_info", NULL, "node", "internal_ip"},
};

struct telling {
	struct causes_fetching *f;
	const struct source *source;
	/* For guests. */
	const char *const *known;
	size_t nknown;
	char **guests;
	size_t n;
};

static bool
has_metric(const struct causes_fetching *f, const char *name)
{
	for (size_t i = 0; i < f->nmetrics; i++)
		if (strcmp(f->metrics[i].name, name) == 0)
			return true;
	return false;
}

/* What is not known of places is no loss for all else. */
static void
on_done(void *arg, const struct prom_outcome *o)
{
	(void)arg;
	(void)o;
}

static bool
again(void *arg)
{
	(void)arg;
	return true;
}

static void
label_text(
    const struct prom_labels *labels, const char *name, char *out, size_t size)
{
	struct span s = {NULL, 0};

	if (name != NULL)
		s = prom_label_get(labels, name);
	snprintf(out, size, "%.*s", SPAN_ARG(s));
}

static enum rc
on_place(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct telling *t = arg;
	char pod[512], node[512], host[512];

	(void)err;
	label_text(labels, t->source->pod, pod, sizeof(pod));
	label_text(labels, t->source->node, node, sizeof(node));
	label_text(labels, t->source->host, host, sizeof(host));
	host[strcspn(host, ":")] = '\0';
	if (node[0] == '\0')
		return RC_OK;
	if (pod[0] != '\0')
		causes_set_place(t->f->out->set, pod, node);
	if (host[0] != '\0')
		causes_set_alias(t->f->out->set, host, node);
	return RC_OK;
}

static char *
place_query(const struct causes_fetching *f, const struct source *s,
    const char *matcher)
{
	const char *scope = s->pod != NULL ? f->rq->scope : "";
	const char *of = s->pod != NULL ? matcher : "";

	return xasprintf("count by (%s%s%s%s%s) (%s{%s%s%s})", s->node,
	    s->pod != NULL ? "," : "", s->pod != NULL ? s->pod : "",
	    s->host != NULL ? "," : "", s->host != NULL ? s->host : "",
	    s->metric, scope, scope[0] != '\0' && of[0] != '\0' ? "," : "", of);
}

enum rc
causes_places(struct causes_fetching *f, const char *matcher)
{
	static const struct prom_sink sink = {.series = on_place};
	struct prom_job jobs[ARRAY_LEN(sources)];
	struct telling states[ARRAY_LEN(sources)];
	char *queries[ARRAY_LEN(sources)];
	bool pods = false;
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		const struct source *s = &sources[i];

		if (!has_metric(f, s->metric) || (s->pod != NULL && pods))
			continue;
		pods |= s->pod != NULL;
		/* Nodes are of use only where something runs on them. */
		if (!pods)
			break;
		states[n] = (struct telling){.f = f, .source = s};
		queries[n] = place_query(f, s, matcher);
		jobs[n] = (struct prom_job){
		    .ask = {.what = PROM_INSTANT,
			.query = queries[n],
			.at_ms = causes_fetching_ms(f->rq->alert_s)},
		    .reader = {.sink = &sink,
			.again = again,
			.done = on_done,
			.arg = &states[n]}};
		n++;
	}
	rc = causes_fetching_ask(f, jobs, n);
	for (size_t i = 0; i < n; i++)
		free(queries[i]);
	return rc;
}

/* ---- who else is there ---- */

static enum rc
on_guest(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct telling *t = arg;
	char pod[512];

	(void)err;
	label_text(labels, t->source->pod, pod, sizeof(pod));
	causes_strip_pod(pod);
	for (size_t i = 0; i < t->nknown; i++)
		if (strcmp(t->known[i], pod) == 0)
			return RC_OK;
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->guests[i], pod) == 0)
			return RC_OK;
	if (t->n < CAUSES_GUESTS_MAX && pod[0] != '\0')
		t->guests[t->n++] = xstrdup(pod);
	return RC_OK;
}

enum rc
causes_guests(struct causes_fetching *f, const char *node_matcher,
    const char *const *known, size_t nknown, char **ret, size_t *ret_n)
{
	static const struct prom_sink sink = {.series = on_guest};
	struct telling t = {.f = f,
	    .source = sources,
	    .known = known,
	    .nknown = nknown,
	    .guests = ret};
	auto_str query = NULL;
	struct prom_job job = {.ask = {.what = PROM_INSTANT,
				   .at_ms = causes_fetching_ms(f->rq->alert_s)},
	    .reader = {
		.sink = &sink, .again = again, .done = on_done, .arg = &t}};
	enum rc rc;

	while (t.source->pod != NULL && !has_metric(f, t.source->metric))
		t.source++;
	*ret_n = 0;
	if (t.source->pod == NULL)
		return RC_OK;
	query = xasprintf("count by (%s) (%s{%s})", t.source->pod,
	    t.source->metric, node_matcher);
	job.ask.query = query;
	rc = causes_fetching_ask(f, &job, 1);
	*ret_n = t.n;
	return rc;
}
