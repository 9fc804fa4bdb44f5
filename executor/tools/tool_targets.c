/*
 * tool_targets.c - query_prometheus_targets: what cannot be scraped, since
 * when, and why, in the scraper's words.
 *
 * The list of targets tells of the present only. Of the past, and where a
 * server has no such list, the series `up` tells, which knows no errors;
 * since when is what it says of the window, too.
 */
#include "common/base/when.h"
#include "executor/tools/tool_prom.h"

#include <math.h>
#include <stdlib.h>

enum {
	DOWN_MAX = 500,
	JOBS_MAX = 1000,
	SUMMARY_LINES = 20,
	LOOKS_BACK = 240, /* steps over the window */
	JOBS_BYTES_MAX = 2000,
};

/* Which of its questions is being asked. */
enum asks { ASKS_LIST, ASKS_UP, ASKS_SINCE };

struct targets {
	struct tool_prom prom; /* first */
	const cJSON *labels;   /* wanted, or NULL */
	cJSON *down;           /* owned */
	cJSON *jobs;           /* owned: name → {up, down} */
	size_t n_up, n_down, n_unknown;
	enum asks asks;
	struct err unlisted; /* why there is no list; empty: there is one */
	char advice[PROM_ADVICE_MAX];
	cJSON *series; /* the one being read */
};

/* Since when they are down may be told twice. */
static bool
targets_again(struct tool_prom *p)
{
	struct targets *t = (struct targets *)p;

	if (t->asks == ASKS_SINCE)
		return true;
	cJSON_Delete(t->down);
	cJSON_Delete(t->jobs);
	t->down = cJSON_CreateArray();
	t->jobs = cJSON_CreateObject();
	t->n_up = t->n_down = t->n_unknown = 0;
	return true;
}

static void
targets_free(struct tool_prom *p)
{
	struct targets *t = (struct targets *)p;

	cJSON_Delete(t->down);
	cJSON_Delete(t->jobs);
	cJSON_Delete(t->series);
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

static void
take_target(struct targets *t, const cJSON *target, const cJSON *labels,
    const char *health)
{
	const char *job = json_str(labels, "job");

	if (!tool_prom_labels_match(labels, t->labels))
		return;
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
}

static enum rc
on_target(void *arg, cJSON *target, struct err *err UNUSED)
{
	AUTO(json) owned = target;
	const char *health = json_str(owned, "health");

	take_target(arg, owned,
	    cJSON_GetObjectItemCaseSensitive(owned, "labels"),
	    health != NULL ? health : "unknown");
	return RC_OK;
}

static const struct prom_sink list_sink = {.item = on_target};

/* ---- the series up ---- */

static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err UNUSED)
{
	struct targets *t = arg;

	cJSON_Delete(t->series);
	t->series = tool_prom_labels(labels);
	return RC_OK;
}

/* When a target that is down was last up. */
static void
since_sample(struct targets *t, double last_up_s)
{
	cJSON *o;

	if (!(last_up_s > 0 && last_up_s * 1000 < (double)WHEN_MAX_MS))
		return;
	cJSON_ArrayForEach (o, t->down)
		if (json_str(o, "lastUp") == NULL &&
		    tool_prom_labels_match(t->series,
			cJSON_GetObjectItemCaseSensitive(o, "labels")))
			json_add_moment(o, "lastUp", llround(last_up_s * 1000));
}

static enum rc
on_sample(void *arg, double t_s UNUSED, double v, struct err *err UNUSED)
{
	struct targets *t = arg;

	if (t->asks == ASKS_SINCE)
		since_sample(t, v);
	else
		take_target(t, NULL, t->series, v == 0 ? "down" : "up");
	return RC_OK;
}

static const struct prom_sink series_sink = {
    .series = on_series, .sample = on_sample};

/* Appends {job=~"a|b"} of those that are down; nothing where that is no use. */
static void
put_jobs(const struct targets *t, struct buf *b)
{
	auto_buf jobs = {.max = JOBS_BYTES_MAX};
	const cJSON *job;

	cJSON_ArrayForEach (job, t->jobs) {
		if (cJSON_GetNumberValue(
			cJSON_GetObjectItemCaseSensitive(job, "down")) == 0)
			continue;
		if (job->string[strspn(job->string,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789_:/.-")] != '\0')
			return;
		buf_adds(&jobs, jobs.len > 0 ? "|" : "");
		buf_adds(&jobs, job->string);
	}
	if (!jobs.full && jobs.len > 0)
		buf_addf(b, "{job=~\"%s\"}", buf_str(&jobs));
}

static enum rc
ask_series(struct targets *t, enum asks asks, struct err *err)
{
	struct tool_call *call = t->prom.call;
	int64_t window_s = call->window_ms / 1000;
	auto_buf query = {.max = JOBS_BYTES_MAX + 200};
	struct prom_ask ask = {.what = PROM_INSTANT, .at_ms = call->at_ms};

	if (asks == ASKS_UP) {
		buf_adds(&query, "up");
	} else {
		buf_adds(&query, "max_over_time(timestamp(up");
		put_jobs(t, &query);
		buf_addf(&query, " == 1)[%llds:%llds])", (long long)window_s,
		    (long long)MAX(window_s / LOOKS_BACK, 5));
	}
	ask.query = buf_str(&query);
	t->asks = asks;
	tool_prom_next_document(&t->prom);
	return tool_prom_ask(&t->prom, &ask, &series_sink, err);
}

static bool
is_listed(const struct targets *t)
{
	return !t->prom.call->past && t->unlisted.text[0] == '\0';
}

static void
put_moment(const struct targets *t, struct buf *b)
{
	char when[WHEN_TEXT];

	if (!is_listed(t))
		buf_addf(b, " at %s (by the series up)",
		    when_print(t->prom.call->at_ms, when));
}

static void
put_summary(const struct targets *t, struct buf *b)
{
	const cJSON *o;
	size_t lines = 0;

	if (t->n_up + t->n_down + t->n_unknown == 0) {
		buf_adds(
		    b, t->labels != NULL ? "Empty: no target has these labels"
		       : is_listed(t) ? "Empty: this Prometheus scrapes nothing"
				      : "Empty: there is no series up");
		put_moment(t, b);
		buf_addc(b, '.');
		return;
	}
	buf_addf(b,
	    t->n_down == 1 ? "%zu of %zu targets is down"
			   : "%zu of %zu targets are down",
	    t->n_down, t->n_up + t->n_down + t->n_unknown);
	put_moment(t, b);
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
		if (json_str(o, "lastUp") != NULL)
			buf_addf(b, " last up %s", json_str(o, "lastUp"));
		if (error != NULL)
			buf_addf(b, ": %s", error);
	}
	if (t->n_down > SUMMARY_LINES)
		buf_addf(b, "\n- and %zu more", t->n_down - SUMMARY_LINES);
}

static void
finish(struct targets *t)
{
	struct tool_result *r = &t->prom.call->result;
	size_t listed = (size_t)cJSON_GetArraySize(t->down);
	cJSON *o = cJSON_CreateObject();

	put_summary(t, &r->summary);
	cJSON_AddNumberToObject(o, "up", (double)t->n_up);
	cJSON_AddNumberToObject(o, "down", (double)t->n_down);
	cJSON_AddNumberToObject(o, "unknown", (double)t->n_unknown);
	if (t->n_down > listed)
		cJSON_AddNumberToObject(
		    o, "left_out", (double)(t->n_down - listed));
	if (t->prom.call->past)
		cJSON_AddTrueToObject(o, "past");
	if (t->unlisted.text[0] != '\0')
		cJSON_AddStringToObject(o, "unlisted", t->unlisted.text);
	cJSON_AddItemToObject(o, "jobs", TAKE(t->jobs));
	cJSON_AddItemToObject(o, "targets", TAKE(t->down));
	r->data = o;
	tool_prom_end(&t->prom);
}

static void
answered(struct tool_prom *p, const struct prom_outcome *outcome UNUSED)
{
	struct targets *t = (struct targets *)p;
	struct err err;

	if (t->asks == ASKS_SINCE || t->n_down == 0)
		finish(t);
	else if (ask_series(t, ASKS_SINCE, &err) != RC_OK)
		tool_prom_fail(p, "", &err);
}

/* Not every server that speaks the API has targets. Since when they are down
 * is told where it is known. */
static bool
failed(struct tool_prom *p, const struct prom_outcome *outcome)
{
	struct targets *t = (struct targets *)p;
	struct err err;

	if (t->asks == ASKS_SINCE) {
		finish(t);
		return true;
	}
	if (t->asks == ASKS_LIST && t->n_up + t->n_down + t->n_unknown == 0 &&
	    tool_prom_refused(outcome)) {
		t->unlisted = outcome->err;
		memcpy(t->advice, outcome->advice, sizeof(t->advice));
		buf_reset(&p->call->result.evidence);
		return ask_series(t, ASKS_UP, &err) == RC_OK;
	}
	if (t->unlisted.text[0] == '\0')
		return false;
	tool_prom_fail(p, t->advice, &t->unlisted);
	return true;
}

static enum rc
targets_start(struct tool_call *call, struct err *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	static const struct prom_ask list = {.what = PROM_TARGETS};
	char when[WHEN_TEXT];
	struct json_in in = json_in(call->args, "args", err);
	enum rc rc;

	t->prom = (struct tool_prom){.call = call,
	    .answered = answered,
	    .failed = failed,
	    .again = targets_again,
	    .free = targets_free};
	t->down = cJSON_CreateArray();
	t->jobs = cJSON_CreateObject();
	t->labels = json_in_labels_opt(&in, "labels");
	tool_prom_check_labels(&in, "labels", t->labels);
	rc = json_in_end(&in);
	if (rc == RC_OK && call->past) {
		buf_addf(&call->result.query, "up at %s",
		    when_print(call->at_ms, when));
		rc = ask_series(t, ASKS_UP, err);
	} else if (rc == RC_OK) {
		buf_adds(
		    &call->result.query, "scrape targets (/api/v1/targets)");
		rc = tool_prom_ask(&t->prom, &list, &list_sink, err);
	}
	if (rc != RC_OK)
		targets_free(&t->prom);
	else
		call->state = t;
	return rc;
}

const struct tool tool_prometheus_targets = {
    .name = "query_prometheus_targets",
    .what = "The scrape targets that are down at the moment of the "
	    "investigation, with when each was last up and (for now) its last "
	    "error, and how many are up and down per job.",
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
