/*
 * tool_targets.c - query_prometheus_targets: what cannot be scraped, and
 * why, in the scraper's words.
 */
#include "executor/tools/tool_prom.h"

#include <stdlib.h>

enum { DOWN_MAX = 500, JOBS_MAX = 1000, SUMMARY_LINES = 20 };

struct targets {
	struct tool_prom prom; /* first */
	const cJSON *labels;   /* wanted, or NULL */
	cJSON *down;           /* owned */
	cJSON *jobs;           /* owned: name → {up, down} */
	size_t n_up, n_down, n_unknown;
};

static void
targets_free(struct tool_prom *p)
{
	struct targets *t = (struct targets *)p;

	cJSON_Delete(t->down);
	cJSON_Delete(t->jobs);
	free(t);
}

static void
count_job(struct targets *t, const char *job, bool up)
{
	const char *key = up ? "up" : "down";
	cJSON *o = cJSON_GetObjectItemCaseSensitive(t->jobs, job);
	cJSON *n;

	if (o == NULL && cJSON_GetArraySize(t->jobs) >= JOBS_MAX)
		return;
	if (o == NULL) {
		o = cJSON_AddObjectToObject(t->jobs, job);
		cJSON_AddNumberToObject(o, "up", 0);
		cJSON_AddNumberToObject(o, "down", 0);
	}
	n = cJSON_GetObjectItemCaseSensitive(o, key);
	cJSON_SetNumberValue(n, cJSON_GetNumberValue(n) + 1);
}

/* The scrape URL without the credentials and query it may carry. */
static void
add_url(cJSON *o, const char *url)
{
	char shown[256];

	if (url != NULL)
		json_add_span(o, "scrapeUrl",
		    span_of(http_show_url(url, shown, sizeof(shown))));
}

static void
list_down(struct targets *t, const cJSON *target, const cJSON *labels,
    const char *health)
{
	cJSON *o;

	if (cJSON_GetArraySize(t->down) >= DOWN_MAX)
		return;
	o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "labels",
	    labels != NULL ? cJSON_Duplicate(labels, true)
			   : cJSON_CreateObject());
	cJSON_AddStringToObject(o, "health", health);
	tool_prom_add_text(o, "lastError", json_str(target, "lastError"), 300);
	tool_prom_add_text(o, "lastScrape", json_str(target, "lastScrape"), 64);
	tool_prom_add_text(o, "pool", json_str(target, "scrapePool"), 100);
	add_url(o, json_str(target, "scrapeUrl"));
	cJSON_AddItemToArray(t->down, o);
}

static enum rc
on_target(void *arg, cJSON *target, struct err *err UNUSED)
{
	struct targets *t = arg;
	AUTO(json) owned = target;
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(owned, "labels");
	const char *health = json_str(target, "health");
	const char *job = json_str(labels, "job");

	if (!tool_prom_labels_match(labels, t->labels))
		return RC_OK;
	health = health != NULL ? health : "unknown";
	if (strcmp(health, "up") == 0)
		t->n_up++;
	else if (strcmp(health, "down") == 0)
		t->n_down++;
	else
		t->n_unknown++;
	if (strcmp(health, "unknown") != 0)
		count_job(t, job != NULL ? job : "", strcmp(health, "up") == 0);
	/* Unknown: not scraped yet, since it is new. */
	if (strcmp(health, "down") == 0)
		list_down(t, target, labels, health);
	return RC_OK;
}

static const struct prom_sink sink = {.item = on_target};

static void
put_summary(const struct targets *t, struct buf *b)
{
	const cJSON *o;
	size_t lines = 0;

	if (t->n_up + t->n_down + t->n_unknown == 0) {
		buf_adds(b, t->labels != NULL
				? "Empty: no target has these labels."
				: "Empty: this Prometheus scrapes nothing.");
		return;
	}
	buf_addf(b, "%zu of %zu targets are down", t->n_down,
	    t->n_up + t->n_down + t->n_unknown);
	if (t->n_unknown > 0)
		buf_addf(b, ", %zu not yet scraped", t->n_unknown);
	buf_addc(b, '.');
	cJSON_ArrayForEach (o, t->down) {
		const char *error = json_str(o, "lastError");

		if (lines++ == SUMMARY_LINES)
			break;
		buf_adds(b, "\n- ");
		tool_prom_put_labels(
		    b, cJSON_GetObjectItemCaseSensitive(o, "labels"));
		buf_addf(b, ": %s", error != NULL ? error : "");
	}
	if (t->n_down > SUMMARY_LINES)
		buf_addf(b, "\n- and %zu more", t->n_down - SUMMARY_LINES);
}

static void
answered(struct tool_prom *p, const struct prom_outcome *outcome UNUSED)
{
	struct targets *t = (struct targets *)p;
	struct tool_result *r = &p->call->result;
	size_t listed = (size_t)cJSON_GetArraySize(t->down);
	cJSON *o = cJSON_CreateObject();

	put_summary(t, &r->summary);
	cJSON_AddNumberToObject(o, "up", (double)t->n_up);
	cJSON_AddNumberToObject(o, "down", (double)t->n_down);
	cJSON_AddNumberToObject(o, "unknown", (double)t->n_unknown);
	if (t->n_down > listed)
		cJSON_AddNumberToObject(
		    o, "left_out", (double)(t->n_down - listed));
	cJSON_AddItemToObject(o, "jobs", TAKE(t->jobs));
	cJSON_AddItemToObject(o, "targets", TAKE(t->down));
	r->data = o;
	tool_prom_end(p);
}

static enum rc
targets_start(struct tool_call *call, struct err *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	struct prom_ask ask = {.what = PROM_TARGETS};
	struct json_in in = json_in(call->args, "args", err);
	enum rc rc;

	t->prom = (struct tool_prom){
	    .call = call, .answered = answered, .free = targets_free};
	t->down = cJSON_CreateArray();
	t->jobs = cJSON_CreateObject();
	t->labels = json_in_labels_opt(&in, "labels");
	tool_prom_check_labels(&in, "labels", t->labels);
	buf_adds(&call->result.query, "scrape targets (/api/v1/targets)");
	rc = json_in_end(&in);
	if (rc == RC_OK)
		rc = tool_prom_ask(&t->prom, &ask, &sink, err);
	if (rc != RC_OK)
		targets_free(&t->prom);
	else
		call->state = t;
	return rc;
}

const struct tool tool_prometheus_targets = {
    .name = "query_prometheus_targets",
    .what = "The scrape targets that are down now, with the last error of "
	    "each, and how many are up and down per job. Current state only.",
    .args = "{\"type\":\"object\",\"properties\":{"
	    "\"labels\":{\"type\":\"object\",\"additionalProperties\":"
	    "{\"type\":\"string\"},"
	    "\"description\":\"only those with these labels, equal\"}},"
	    "\"additionalProperties\":false}",
    .role = TOOL_ROLE_TARGETS,
    .source = &source_prom,
    .class = TOOL_READ,
    .timeout_ms = 15000,
    .start = targets_start,
    .cancel = tool_prom_cancel,
};
